/* cite: what a paper that shows figures of a scenario should name, as BibTeX: the tool, then papers
 * and documents behind model, formats, machine and operators. */
#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/request.h"
#include "graph/lower.h"
#include "reports/bibliography.h"
#include "spec/storage.h"

static bool is_rms(const rl_op *op) {
  return op->at.norm == RL_NORM_RMS;
}
static bool is_layer_norm(const rl_op *op) {
  return op->at.norm == RL_NORM_LAYER;
}
static bool is_gelu(const rl_op *op) {
  const rl_activation_kind kind = op->at.activation;
  return kind == RL_SILU || kind == RL_GELU || kind == RL_GELU_TANH || kind == RL_QUICK_GELU;
}
static bool is_squared(const rl_op *op) {
  return op->at.activation == RL_RELU_SQUARED;
}
static bool is_softmax(const rl_op *op) {
  return op->at.score == RL_SCORE_SOFTMAX;
}
static bool is_softmax_chosen(const rl_op *op) {
  return op->at.score == RL_SCORE_SOFTMAX_CHOSEN;
}
static bool is_sigmoid(const rl_op *op) {
  return op->at.score == RL_SCORE_SIGMOID;
}
static bool is_sparse_mixer(const rl_op *op) {
  return op->at.score == RL_SCORE_SPARSE_MIXER;
}
static bool has_groups(const rl_op *op) {
  return op->at.expert_limit.groups > 1;
}

/* Papers of operators that come in variants, and of which variant each is. */
static const struct {
  rl_op_kind kind;
  const char *authors, *title; /* title: how it begins */
  bool (*rests)(const rl_op *op);
} VARIANTS[] = {
    {RL_OP_NORM, "Zhang & Sennrich", "", is_rms},
    {RL_OP_NORM, "Ba et al.", "", is_layer_norm},
    {RL_OP_ACTIVATION, "Hendrycks & Gimpel", "", is_gelu},
    {RL_OP_ACTIVATION, "So et al.", "", is_squared},
    {RL_OP_ROUTE, "Fedus et al.", "", is_softmax},
    {RL_OP_ROUTE, "Jiang et al.", "", is_softmax_chosen},
    {RL_OP_ROUTE, "DeepSeek-AI", "DeepSeek-V2", has_groups},
    {RL_OP_ROUTE, "DeepSeek-AI", "DeepSeek-V3", is_sigmoid},
    {RL_OP_ROUTE, "Liu et al.", "", is_sparse_mixer},
};
enum { VARIANTS_COUNT = sizeof VARIANTS / sizeof *VARIANTS };

/* What some stage runs. */
typedef struct operators_used {
  bool kinds[RL_OP_KINDS], variants[VARIANTS_COUNT];
} operators_used;

static void mark(operators_used *used, const rl_op *op) {
  used->kinds[op->kind] = true;
  for (size_t v = 0; v < VARIANTS_COUNT; v++) {
    if (VARIANTS[v].kind == op->kind && VARIANTS[v].rests(op)) used->variants[v] = true;
  }
}

static void mark_kinds(const rl_program *program, operators_used *used) {
  for (uint32_t i = 0; i < program->op_count; i++) mark(used, &program->ops[i]);
  for (uint32_t i = 0; i < program->part_count; i++) mark(used, &program->parts[i]);
}

/* Whether a paper of the kind is of variants that do not occur. */
static bool is_idle(const operators_used *used, rl_op_kind kind, const rl_citation *citation) {
  for (size_t v = 0; v < VARIANTS_COUNT; v++) {
    if (VARIANTS[v].kind != kind || strcmp(VARIANTS[v].authors, citation->authors) != 0) continue;
    const size_t length = strlen(VARIANTS[v].title);
    if (strncmp(VARIANTS[v].title, citation->title, length) == 0) return !used->variants[v];
  }
  return false;
}

typedef struct citing {
  rl_session *session;
  rl_bibliography *bibliography;
  const char *kind, *name;    /* the description whose sources are added: "family", "llama" */
  const char *title;          /* of its pages */
  const operators_used *used; /* NULL: it is no operator */
  rl_op_kind op;
} citing;

/* "family llama: 3.2 and 3.4" */
static const char *use_of(const citing *c, const char *place) {
  const char *colon = place[0] != '\0' ? ": " : "";
  return rl_textf(&c->session->arena, "%s %s%s%s", c->kind, c->name, colon, place);
}

static void add(const citing *c, rl_reference reference) {
  if (reference.use == NULL || reference.title == NULL) {
    c->bibliography->failed = true;
    return;
  }
  rl_bibliography_add(c->bibliography, &reference);
}

/* The first number of the text that can be a year, 0: none. */
static unsigned year_in(const char *text) {
  for (const char *at = text; *at != '\0'; at++) {
    if (at > text && isdigit((unsigned char)at[-1])) continue;
    const bool century = strncmp(at, "19", 2) == 0 || strncmp(at, "20", 2) == 0;
    if (!century || strspn(at, "0123456789") != 4) continue;
    return (unsigned)(1000 * (at[0] - '0') + 100 * (at[1] - '0') + 10 * (at[2] - '0') +
                      (at[3] - '0'));
  }
  return 0;
}

/* Pages, separated by "; ": what follows an address is a place in it. */
static void add_pages(const citing *c, const char *text) {
  while (text[0] != '\0') {
    const char *end = strstr(text, "; ");
    const size_t all = end == NULL ? strlen(text) : (size_t)(end - text);
    const size_t length = strcspn(text, " ,;");
    const size_t gap = strspn(text + length, " ,");
    const char *rest = length + gap >= all ? ""
                                           : rl_strndup(&c->session->arena, text + length + gap,
                                                        all - length - gap);
    const char *url = rl_strndup(&c->session->arena, text, length);
    add(c, (rl_reference){.type = "misc",
                          .title = url == NULL || c->title != NULL ? c->title : url,
                          .url = url,
                          .use = rest == NULL ? NULL : use_of(c, rest)});
    text += all;
    text += strspn(text, "; ");
  }
}

/* Where the title of a document ends: before "(2023)", ": " or "; ". */
static size_t title_end(const char *text) {
  const char *const ends[] = {strstr(text, " (19"), strstr(text, " (20"), strstr(text, ": "),
                              strstr(text, "; ")};
  size_t end = strlen(text);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    if (ends[i] != NULL && (size_t)(ends[i] - text) < end) end = (size_t)(ends[i] - text);
  }
  return end;
}

/* A document of a maker, "Title (2023), tables 1 to 3: what it says". What is neither dated nor
 * titled is no document: "total memory as the driver reports it". */
static void add_document(const citing *c, const char *text) {
  const unsigned year = year_in(text);
  const size_t end = title_end(text);
  const char *rest = text + end;
  if (year == 0 && !isupper((unsigned char)text[0])) return;
  rest += strspn(rest, " (0123456789)");
  rest += strspn(rest, ",:; ");
  add(c, (rl_reference){.type = "misc",
                        .title = rl_strndup(&c->session->arena, text, end),
                        .year = year,
                        .use = use_of(c, rest)});
}

static void add_text(const citing *c, const char *text) {
  rl_citation citation;
  if (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0) {
    add_pages(c, text);
    return;
  }
  while (text[0] != '\0') {
    if (!rl_citation_next(&c->session->arena, &text, &citation)) {
      c->bibliography->failed = true;
      return;
    }
    if (!rl_citation_is_paper(&citation)) {
      add_document(c, citation.title);
      continue;
    }
    if (c->used != NULL && is_idle(c->used, c->op, &citation)) continue;
    add(c, (rl_reference){.type = citation.arxiv != NULL ? "article" : "misc",
                          .authors = citation.authors,
                          .year = citation.year,
                          .title = citation.title,
                          .arxiv = citation.arxiv,
                          .use = use_of(c, citation.place)});
  }
}

static void add_sources(citing *c, const char *kind, const char *name, rl_source_texts sources) {
  c->kind = kind;
  c->name = name;
  for (size_t i = 0; i < sources.count; i++) add_text(c, sources.items[i].text);
}

/* Whether a model of the family rests on a source: where nothing is said, each does. */
static rl_status rests_on(const citing *c, const rl_model *model, const rl_source_text *source,
                          bool *out) {
  const rl_node *cited = model->family->cited;
  const rl_node *when =
      cited == NULL || source->name == NULL ? NULL : rl_node_get(cited, source->name);
  const rl_expr *expr;
  rl_value value;
  *out = true;
  if (when == NULL) return RL_OK;
  rl_diags *diags = &c->session->diags;
  rl_status status = rl_expr_parse(&c->session->arena, when, &expr, diags);
  if (status == RL_OK) {
    status = rl_expr_eval(expr, rl_definitions_scope(model->dims), &value, diags);
  }
  if (status == RL_OK) *out = rl_value_is_true(&value);
  return status;
}

static rl_status add_family(citing *c, const rl_model *model) {
  const rl_source_texts *sources = &model->family->sources;
  rl_status status = RL_OK;
  c->kind = "family";
  c->name = model->family->name;
  for (size_t i = 0; status == RL_OK && i < sources->count; i++) {
    bool rests = false;
    status = rests_on(c, model, &sources->items[i], &rests);
    if (rests && status == RL_OK) add_text(c, sources->items[i].text);
  }
  return status;
}

static void add_format(citing *c, const rl_format *format) {
  if (format != NULL) add_sources(c, "format", format->name, format->sources);
}

static void add_formats(citing *c, const rl_scenario *s) {
  const rl_format *const formats[] = {s->weights, s->k, s->v, s->state, s->activations};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) add_format(c, formats[i]);
  for (size_t i = 0; i < s->rule_count; i++) add_format(c, s->rules[i].format);
}

static void add_machine(citing *c, const rl_hardware *machine) {
  if (machine != NULL) add_sources(c, "hardware", machine->name, machine->sources);
}

static void add_machines(citing *c, const rl_scenario *s) {
  add_machine(c, s->hardware);
  add_machine(c, s->pools.prefill);
  add_machine(c, s->placement.host);
  const rl_storage *drive = s->placement.storage;
  if (drive != NULL) add_sources(c, "storage", drive->name, drive->sources);
}

/* Papers of the operator kinds that some stage runs. */
static rl_status add_operators(citing *c, const rl_scenario *scenario) {
  operators_used *used = RL_NEW(&c->session->arena, operators_used);
  rl_status status = RL_OK;
  const uint64_t stages = scenario->parallel.pipeline > 0 ? scenario->parallel.pipeline : 1;
  if (used == NULL) return rl_diag_oom(&c->session->diags);
  for (uint64_t s = 0; s < stages && status == RL_OK; s++) {
    const rl_program *program;
    status = rl_lower_rank(&c->session->arena, scenario, (rl_rank){.pipeline = s}, &program,
                           &c->session->diags);
    if (status == RL_OK) mark_kinds(program, used);
  }
  c->kind = "operator";
  c->used = used;
  for (int kind = 0; kind < RL_OP_KINDS && status == RL_OK; kind++) {
    if (!used->kinds[kind]) continue;
    c->name = RL_OP_INFO[kind].name;
    c->op = (rl_op_kind)kind;
    add_text(c, RL_OP_INFO[kind].source);
  }
  c->used = NULL;
  return status;
}

static void add_tool(citing *c) {
  c->kind = "every";
  c->name = "figure";
  add(c, (rl_reference){.type = "software",
                        .authors = "The rooflinectl authors",
                        .year = RL_VERSION_YEAR,
                        .title = "rooflinectl: a roofline analyzer and simulator for LLM inference",
                        .version = RL_VERSION,
                        .use = use_of(c, "")});
}

rl_status rl_cmd_cite(rl_session *session, rl_buf *out) {
  rl_bibliography bibliography;
  rl_scenario *scenario;
  citing c = {.session = session, .bibliography = &bibliography};
  rl_status status = rl_session_scenario(session, "cite llama-3-8b@h100", &scenario);
  if (status != RL_OK) return status;
  rl_bibliography_init(&bibliography, &session->arena);
  add_tool(&c);
  const rl_model *model = scenario->model;
  if (model->id_count > 0) c.title = model->ids[0];
  add_sources(&c, "model", model->name, model->sources);
  c.title = NULL;
  status = add_family(&c, model);
  if (status != RL_OK) return status;
  add_formats(&c, scenario);
  add_machines(&c, scenario);
  status = add_operators(&c, scenario);
  if (status == RL_OK) rl_bibliography_write(out, &bibliography);
  return status;
}
