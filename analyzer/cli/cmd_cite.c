/* cite: what a paper that shows figures of a scenario should name, as BibTeX: the tool, then papers
 * and documents behind model, formats, machine and operators. */
#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/request.h"
#include "graph/lower.h"
#include "reports/bibliography.h"
#include "spec/storage.h"

typedef struct citing {
  rl_session *session;
  rl_bibliography *bibliography;
  const char *kind, *name; /* the description whose sources are added: "family", "llama" */
  const char *title;       /* of its pages */
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

static void mark_kinds(const rl_program *program, bool used[RL_OP_KINDS]) {
  for (uint32_t i = 0; i < program->op_count; i++) used[program->ops[i].kind] = true;
  for (uint32_t i = 0; i < program->part_count; i++) used[program->parts[i].kind] = true;
}

/* Papers of the operator kinds that some stage runs. */
static rl_status add_operators(citing *c, const rl_scenario *scenario) {
  bool used[RL_OP_KINDS] = {false};
  rl_status status = RL_OK;
  const uint64_t stages = scenario->parallel.pipeline > 0 ? scenario->parallel.pipeline : 1;
  for (uint64_t s = 0; s < stages && status == RL_OK; s++) {
    const rl_program *program;
    status = rl_lower_rank(&c->session->arena, scenario, (rl_rank){.pipeline = s}, &program,
                           &c->session->diags);
    if (status == RL_OK) mark_kinds(program, used);
  }
  c->kind = "operator";
  for (int kind = 0; kind < RL_OP_KINDS && status == RL_OK; kind++) {
    if (!used[kind]) continue;
    c->name = RL_OP_INFO[kind].name;
    add_text(c, RL_OP_INFO[kind].source);
  }
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
  add_sources(&c, "family", scenario->model->family->name, scenario->model->family->sources);
  add_formats(&c, scenario);
  add_machines(&c, scenario);
  status = add_operators(&c, scenario);
  if (status == RL_OK) rl_bibliography_write(out, &bibliography);
  return status;
}
