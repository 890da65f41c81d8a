/* run: with --here executes the operator list of a small model with the scalar engine, batch by
 * batch, and holds the bytes that its kernels touched against the bytes that were counted. */
#include <string.h>

#include "api/analysis.h"
#include "base/number.h"
#include "base/quote.h"
#include "cli/catalog.h"
#include "cli/chosen_weights.h"
#include "cli/commands.h"
#include "cli/execution.h"
#include "cli/request.h"
#include "graph/lower.h"
#include "reports/report.h"

enum { HEADER_LINES = 4, HEADER_COLUMN = 10, TEXT_MAX = 65536 };

typedef struct header_line {
  const char *title;
  rl_buf text;
} header_line;

/* What every row of the table is about, for programs: columns that people read in the header. */
typedef struct subject {
  const rl_scenario *scenario;
  const rl_program *program;
  const char *kv;
  const char *fuses; /* "qkv gate_up" */
  bool one_pass;     /* the model reads whole sequences and generates nothing */
} subject;

static void add_exception(rl_buf *out, const char *what, const rl_format *format,
                          const rl_format *usual) {
  if (format != NULL && format != usual) RL_ADD(out, " \u00b7 ", what, " ", format->name);
}

static void model_line(rl_arena *arena, rl_buf *out, const subject *about) {
  static const char *const ends[] = {"embed", "lm_head"};
  const rl_scenario *s = about->scenario;
  RL_ADD(out, s->model->name, " \u00b7 ");
  rl_chosen_formats(out, arena, s, about->program, " \u00b7 ");
  for (size_t i = 0; i < sizeof ends / sizeof *ends && !s->stored; i++) {
    add_exception(out, ends[i], rl_scenario_weight_format(s, ends[i], ends[i], RL_NO_LAYER),
                  s->weights);
  }
  for (size_t i = 0; i < s->rule_count; i++) {
    const char *pattern = s->rules[i].pattern;
    bool told = !s->stored && (strcmp(pattern, ends[0]) == 0 || strcmp(pattern, ends[1]) == 0);
    if (!told) add_exception(out, pattern, s->rules[i].format, NULL);
  }
  if (!about->one_pass) RL_ADD(out, " \u00b7 KV ", about->kv);
}

/* The names of what the profile fuses; none when it fuses nothing. */
static void add_fusions(rl_buf *out, const rl_profile *profile, const char *separator) {
  bool begun = false;
  for (int i = 0; i < RL_FUSIONS; i++) {
    if ((profile->fuse >> i & 1u) == 0) continue;
    RL_ADD(out, begun ? separator : "", RL_FUSION_NAMES[i]);
    begun = true;
  }
}

static void profile_line(rl_buf *out, const rl_profile *profile) {
  RL_ADD(out, profile->name, " \u00b7 fuses ", profile->fuse == 0 ? "nothing" : "");
  add_fusions(out, profile, ", ");
}

static void workload_line(rl_session *session, rl_buf *out, const subject *about) {
  const rl_workload *workload = &about->scenario->workload;
  const rl_result_images images = rl_images_of(about->program);
  RL_ADD(out, "batch ", rl_batches_text(session, workload));
  rl_buf_add(out, " \u00b7 ");
  rl_add_count(out, workload->prompt);
  if (about->one_pass) {
    rl_buf_add(out, " tokens a sequence, read in one pass");
    return;
  }
  rl_buf_add(out, " prompt");
  rl_report_images(out, &images);
  rl_buf_add(out, " + ");
  rl_add_count(out, workload->generate);
  rl_buf_add(out, " generated tokens");
}

static void write_line(rl_session *session, rl_buf *out, const header_line *line) {
  if (line->text.failed) {
    out->failed = true;
  } else if (rl_session_format(session) == RL_FORMAT_MARKDOWN) {
    RL_ADD(out, "- **", line->title, "** ");
    rl_quote(out, RL_QUOTE_MARKDOWN, line->text.text);
    rl_buf_add(out, "\n");
  } else {
    rl_ink_set(out, &session->style, RL_INK_HEAD);
    rl_buf_add(out, line->title);
    rl_ink_set(out, &session->style, RL_INK_PLAIN);
    rl_buf_pad(out, ' ', HEADER_COLUMN - strlen(line->title));
    rl_paragraph(out, &session->style, line->text.text, HEADER_COLUMN, HEADER_COLUMN);
  }
}

/* For people. Programs find the same in every row. */
static void write_header(rl_session *session, rl_buf *out, const subject *about) {
  static const char *const titles[HEADER_LINES] = {"model", "engine", "profile", "workload"};
  header_line lines[HEADER_LINES];
  const rl_scenario *s = about->scenario;
  rl_output_format format = rl_session_format(session);
  if (format != RL_FORMAT_TABLE && format != RL_FORMAT_MARKDOWN) return;
  for (size_t i = 0; i < HEADER_LINES; i++) {
    lines[i].title = titles[i];
    rl_buf_init(&lines[i].text, &session->arena, TEXT_MAX);
  }
  model_line(&session->arena, &lines[0].text, about);
  RL_ADD(&lines[1].text, "scalar reference, on this machine \u00b7 ", rl_chosen_words(session, s));
  profile_line(&lines[2].text, s->profile);
  workload_line(session, &lines[3].text, about);
  for (size_t i = 0; i < HEADER_LINES; i++) write_line(session, out, &lines[i]);
  rl_buf_add(out, "\n");
}

enum {
  COLUMN_MODEL,
  COLUMN_WEIGHTS,
  COLUMN_KV,
  COLUMN_FUSIONS,
  COLUMN_PROMPT,
  COLUMN_GENERATE,
  COLUMN_BATCH,
  COLUMN_PHASE,
  COLUMN_OPERATOR,
  COLUMN_VISITS,
  COLUMN_PREDICTED,
  COLUMN_TOUCHED,
  COLUMN_EQUAL,
  COLUMNS
};
static const rl_column columns[COLUMNS] = {
    [COLUMN_MODEL] = {.key = "model"},
    [COLUMN_WEIGHTS] = {.key = "weights"},
    [COLUMN_KV] = {.key = "kv"},
    [COLUMN_FUSIONS] = {.key = "fuses"},
    [COLUMN_PROMPT] = {.key = "prompt_tokens"},
    [COLUMN_GENERATE] = {.key = "generate_tokens"},
    [COLUMN_BATCH] = {.key = "batch", .head = "batch"},
    [COLUMN_PHASE] = {.key = "phase", .head = "phase", .left = true},
    [COLUMN_OPERATOR] = {.key = "operator", .head = "operator", .left = true},
    [COLUMN_VISITS] = {.key = "visits", .head = "visits"},
    [COLUMN_PREDICTED] = {.key = "predicted_bytes", .head = "predicted", .unit = "B"},
    [COLUMN_TOUCHED] = {.key = "touched_bytes", .head = "touched", .unit = "B"},
    [COLUMN_EQUAL] = {.key = "equal", .head = "equal"},
};

static void add_row(rl_grid *grid, const rl_execution *e, const subject *about, int phase,
                    uint32_t op) {
  static const char *const words[RL_RUN_PHASES] = {"prefill", "decode"};
  const rl_comparison *t = &e->tallies[phase][op];
  rl_cell *row = rl_grid_row(grid);
  row[COLUMN_MODEL] = rl_cell_text(about->scenario->model->name);
  row[COLUMN_WEIGHTS] = rl_cell_text(about->scenario->weights->name);
  row[COLUMN_KV] = rl_cell_text(about->kv);
  row[COLUMN_FUSIONS] = rl_cell_text(about->fuses);
  row[COLUMN_PROMPT] = rl_cell_count(e->prompt);
  row[COLUMN_GENERATE] = rl_cell_count(e->generate);
  row[COLUMN_BATCH] = rl_cell_count(e->batch);
  row[COLUMN_PHASE] = rl_cell_text(about->one_pass ? "pass" : words[phase]);
  row[COLUMN_OPERATOR] = rl_cell_text(e->program->ops[op].name);
  row[COLUMN_VISITS] = rl_cell_count(t->visits);
  row[COLUMN_PREDICTED] = rl_cell_count(t->predicted);
  row[COLUMN_TOUCHED] = rl_cell_count(t->touched);
  row[COLUMN_EQUAL] = rl_cell_flag(!t->differs);
  row[COLUMN_EQUAL].ink = t->differs ? RL_INK_BAD : RL_INK_PLAIN;
}

/* The operators of one batch. Answers how many differ. */
static size_t add_rows(rl_grid *grid, const rl_execution *e, const subject *about) {
  size_t different = 0;
  for (int phase = 0; phase < RL_RUN_PHASES; phase++) {
    for (uint32_t op = 0; op < e->program->op_count; op++) {
      const rl_comparison *t = &e->tallies[phase][op];
      if (t->visits > 0) add_row(grid, e, about, phase, op);
      different += t->differs;
    }
  }
  return different;
}

static rl_status tell(rl_session *session, rl_buf *out, const rl_grid *grid, size_t different) {
  char number[RL_NUMBER_TEXT];
  rl_grid_write(session, out, "run", grid);
  if (different > 0) {
    return RL_REPORT(&session->diags, BYTES_DIFFER, (rl_loc){0},
                     rl_print_grouped(different, number));
  }
  if (rl_session_format(session) == RL_FORMAT_TABLE) {
    rl_buf_add(
        out,
        "Every operator touched exactly the bytes that were predicted.\n"
        "How many distinct token ids, positions and experts a pass met was counted in the run\n"
        "and given to the prediction: rows of tables that are met twice are read once.\n");
  }
  return RL_OK;
}

/* Every batch in turn, in one table. */
static rl_status run_batches(rl_execution *e, const subject *about, rl_buf *out) {
  const rl_workload *workload = &about->scenario->workload;
  size_t different = 0;
  rl_grid grid;
  rl_grid_init(&grid, &e->session->arena, columns, COLUMNS);
  rl_status status = rl_execution_check(e, workload->batches, workload->batch_count);
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = rl_execution_begin(e, workload->batches[i]);
    if (status == RL_OK) different += add_rows(&grid, e, about);
    rl_execution_end(e);
  }
  if (status != RL_OK) return status;
  write_header(e->session, out, about);
  return tell(e->session, out, &grid, different);
}

/* The names that are shown; false when memory ran out. */
static bool describe(rl_arena *arena, const rl_scenario *s, subject *about) {
  rl_buf fuses;
  rl_buf_init(&fuses, arena, TEXT_MAX);
  add_fusions(&fuses, s->profile, " ");
  about->scenario = s;
  about->fuses = fuses.length > 0 ? fuses.text : "";
  about->kv = s->k == s->v ? s->k->name : rl_textf(arena, "%s/%s", s->k->name, s->v->name);
  return !fuses.failed && about->kv != NULL;
}

/* A scenario file may be about another machine; a machine that was typed would be ignored. */
static rl_status check_machine(rl_session *session, const rl_scenario *scenario) {
  if (scenario->hardware == NULL || scenario->file != NULL) return RL_OK;
  return RL_REPORT(&session->diags, NO_EFFECT, RL_COMMAND_LINE, scenario->hardware->name,
                   "on 'run'", "leave it out: this machine executes");
}

/* What one device of several touches is no whole pass. */
static rl_status check_split(rl_session *session, const rl_scenario *scenario) {
  const rl_parallel *p = &scenario->parallel;
  const struct {
    const char *key;
    uint64_t degree;
  } splits[] = {{"parallel.tensor", p->tensor},
                {"parallel.pipeline", p->pipeline},
                {"parallel.expert", p->expert},
                {"parallel.data", p->data},
                {"parallel.context", p->context}};
  char devices[RL_NUMBER_TEXT];
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    if (splits[i].degree <= 1) continue;
    return RL_REPORT(&session->diags, RUN_SPLIT, p->loc,
                     rl_print_grouped(scenario->devices, devices), splits[i].key);
  }
  return RL_OK;
}

rl_status rl_cmd_run(rl_session *session, rl_buf *out) {
  rl_arena *arena = &session->arena;
  rl_scenario *scenario;
  rl_execution e = {.session = session};
  subject about = {0};
  if (!rl_argument_given(&session->arguments, RL_O_HERE)) return rl_run_timed(session, out);
  rl_status status = rl_session_scenario(session, "run examples/tiny-llama.yaml --here", &scenario);
  if (status == RL_OK) status = check_machine(session, scenario);
  if (status == RL_OK) status = check_split(session, scenario);
  if (status == RL_OK) status = rl_lower(arena, scenario, &e.program, &session->diags);
  if (status == RL_OK) status = rl_cost_compile(arena, e.program, 1, &e.cost, &session->diags);
  if (status != RL_OK) return status;
  if (!describe(arena, scenario, &about)) return rl_diag_oom(&session->diags);
  about.one_pass = e.program->one_pass;
  about.program = e.program;
  e.scenario = scenario;
  e.prompt = scenario->workload.prompt;
  e.generate = scenario->workload.generate;
  return run_batches(&e, &about, out);
}
