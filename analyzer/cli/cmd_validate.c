/* validate: every operator's time at best beside what it takes here. */
#include <string.h>

#include "api/analysis.h"
#include "base/number.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/predicted.h"
#include "cli/request.h"
#include "cli/timed_run.h"
#include "cli/validate_chart.h"
#include "spec/axes.h"
#include "spec/load.h"

enum {
  MODEL,
  WEIGHTS,
  KV,
  MACHINE,
  LEVEL,
  THREADS,
  BATCH,
  TOKENS,
  CACHED,
  OPERATOR,
  AT_BEST,
  CONDITIONAL,
  MEASURED,
  SHARE,
  SPREAD,
  READ,
  STEADY,
  COLUMNS
};
static const rl_column columns[COLUMNS] = {
    [MODEL] = {.key = "model", .head = "model", .left = true, .drop = 6},
    [WEIGHTS] = {.key = "weights", .head = "weights", .left = true, .drop = 5},
    [KV] = {.key = "kv", .head = "KV", .left = true, .drop = 4},
    [MACHINE] = {.key = "machine"},
    [LEVEL] = {.key = "level"},
    [THREADS] = {.key = "threads"},
    [BATCH] = {.key = "batch", .head = "batch"},
    [TOKENS] = {.key = "new_tokens", .head = "tokens"},
    [CACHED] = {.key = "cached_tokens", .head = "cached"},
    [OPERATOR] = {.key = "operator", .head = "operator", .left = true},
    [AT_BEST] = {.key = "at_best_s",
                 .head = "at best",
                 .unit = "ms",
                 .scale = 1e3,
                 .rounding = RL_ROUND_DOWN},
    [CONDITIONAL] = {.key = "conditional_s",
                     .head = "conditional",
                     .unit = "ms",
                     .scale = 1e3,
                     .rounding = RL_ROUND_DOWN},
    [MEASURED] = {.key = "measured_s", .head = "measured", .unit = "ms", .scale = 1e3},
    [SHARE] = {.key = "share", .head = "share", .unit = "%", .scale = 1e2},
    [SPREAD] = {.key = "spread_s", .head = "spread", .unit = "ms", .scale = 1e3, .drop = 2},
    [READ] =
        {.key = "read_bytes_per_s", .head = "read probe", .unit = "GB/s", .scale = 1e-9, .drop = 1},
    [STEADY] = {.key = "steady", .head = "steady", .drop = 3},
};

/* Tokens of the steps, or of what stands before them. */
typedef struct counts {
  const uint64_t *items;
  size_t count;
} counts;

/* What is said of a step before it runs. */
typedef struct predictions {
  rl_predicted at_best, conditional;
  const rl_predicted *expected; /* by a fitted profile; NULL: there is none, and no such column */
} predictions;

typedef struct validation {
  rl_session *session;
  const rl_hardware *here;
  const char *suite;
  counts verify;
  double tolerance; /* share of the time at best; negative: none */
  rl_grid grid;
  rl_compared_points points;
  size_t beyond, faster; /* steps that took longer than tolerated; that were impossible */
} validation;

/* Names of the scenario's parts for every row. */
static rl_cell *new_row(validation *v, const rl_timed *t) {
  rl_cell *row = rl_grid_row(&v->grid);
  const rl_scenario *s = t->scenario;
  const char *kv =
      s->k == s->v ? s->k->name : rl_textf(&v->session->arena, "%s/%s", s->k->name, s->v->name);
  row[MODEL] = rl_cell_text(s->model->name);
  row[WEIGHTS] = rl_cell_text(s->weights->name);
  row[KV] = rl_cell_text(kv);
  row[MACHINE] = rl_cell_text(v->here->title);
  row[LEVEL] = rl_cell_text(RL_ISA_NAMES[t->level]);
  row[THREADS] = rl_cell_count(t->threads);
  row[BATCH] = rl_cell_count(t->batch);
  row[TOKENS] = rl_cell_count(t->step.tokens);
  row[CACHED] = rl_cell_count(t->step.cached);
  return row;
}

static void set_times(rl_cell *row, double at_best, double conditional, double measured) {
  row[AT_BEST] = rl_cell_positive(at_best);
  row[CONDITIONAL] = rl_cell_positive(conditional);
  row[MEASURED] = rl_cell_positive(measured);
  if (measured > 0) row[SHARE] = rl_cell_positive(conditional / measured);
}

static void add_step(validation *v, const rl_timed *t, const predictions *p) {
  const rl_predicted *at_best = &p->at_best, *conditional = &p->conditional;
  const rl_beside_summary *whole = &t->step.whole;
  for (uint32_t op = 0; op < t->program->op_count; op++) {
    const double measured = t->step.operators[op], predicted = conditional->operators[op];
    if (!(measured > 0) && !(predicted > 0)) continue;
    rl_cell *row = new_row(v, t);
    row[OPERATOR] = rl_cell_text(t->program->ops[op].name);
    set_times(row, at_best->operators[op], predicted, measured);
    rl_compared_point *point = RL_PUSH(&v->session->arena, &v->points);
    if (point == NULL) {
      v->grid.failed = true;
      continue;
    }
    *point = (rl_compared_point){t->program->ops[op].name, predicted, measured};
  }
  rl_cell *row = new_row(v, t);
  row[OPERATOR] = rl_cell_text("whole step");
  set_times(row, at_best->whole, conditional->whole, whole->median);
  row[SPREAD] = rl_cell_real(whole->spread);
  row[READ] = rl_cell_positive(whole->rate);
  row[STEADY] = rl_cell_flag(whole->steady);
}

/* Nothing is faster than at best, but for what probes do not see. */
static void judge(validation *v, const rl_timed *t, const rl_predicted *conditional) {
  static const double above = 1.02;
  const double measured = t->step.whole.median;
  if (measured * above < conditional->whole) v->faster++;
  if (v->tolerance >= 0 && measured > conditional->whole * (1 + v->tolerance)) v->beyond++;
}

static rl_status compare(validation *v, rl_timed *t) {
  rl_session *session = v->session;
  const rl_group group = {
      .count = t->batch, .q = t->step.tokens, .cached = t->step.cached, .logits = RL_LOGITS_ALL};
  predictions p = {.expected = NULL};
  const rl_hardware *beside =
      rl_hardware_beside(&session->arena, v->here, t->step.whole.rate, t->threads);
  if (beside == NULL) return rl_diag_oom(&session->diags);
  rl_status status = rl_predict(session, t->program, v->here, &group, &p.at_best);
  if (status == RL_OK) status = rl_predict(session, t->program, beside, &group, &p.conditional);
  if (status != RL_OK) return status;
  add_step(v, t, &p);
  judge(v, t, &p.conditional);
  return RL_OK;
}

static uint64_t largest_of(const counts *all) {
  uint64_t most = 0;
  for (size_t i = 0; i < all->count; i++) most = all->items[i] > most ? all->items[i] : most;
  return most;
}

/* One model in memory, all steps behind all depths. */
static rl_status validate_batch(validation *v, rl_timed *timed, uint64_t batch,
                                const counts *depths) {
  const rl_timed_most most = {largest_of(depths), largest_of(&v->verify), true};
  rl_status status = rl_timed_begin(timed, batch, &most);
  for (size_t d = 0; d < depths->count; d++) {
    for (size_t k = 0; status == RL_OK && k < v->verify.count; k++) {
      status = rl_timed_step(timed, depths->items[d], v->verify.items[k]);
      if (status == RL_OK) status = compare(v, timed);
    }
  }
  rl_timed_release(timed);
  return status;
}

static rl_status validate_one(validation *v, const rl_scenario *scenario, const counts *depths) {
  const rl_workload *workload = &scenario->workload;
  rl_timed timed;
  rl_status status = rl_timed_open(v->session, scenario, &timed);
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = validate_batch(v, &timed, workload->batches[i], depths);
  }
  rl_timed_close(&timed);
  return status;
}

/* --- what is validated --- */

static rl_status find_here(validation *v) {
  rl_session *session = v->session;
  return rl_db_hardware(session->db, "here", RL_COMMAND_LINE, &v->here, &session->diags);
}

static rl_status validate_word(validation *v, const char *word) {
  const rl_arguments *a = &v->session->arguments;
  const rl_choice choice = {.word = {.text = word, .loc = RL_COMMAND_LINE},
                            .weights = rl_argument(a, RL_O_WEIGHTS),
                            .kv = rl_argument(a, RL_O_KV)};
  rl_scenario *scenario;
  rl_status status = rl_session_choose(v->session, &choice, &scenario);
  if (status != RL_OK) return status;
  return validate_one(v, scenario, &(counts){&scenario->workload.prompt, 1});
}

/* Goes on to the next choice of all axes but the prompt's; false behind the last one. */
static bool choose_next(const rl_axes *axes, const rl_axis *prompt, size_t *choices) {
  for (size_t i = axes->list.count; i-- > 0;) {
    const rl_axis *axis = &axes->list.items[i];
    if (axis == prompt) continue;
    if (++choices[i] < axis->count) return true;
    choices[i] = 0;
  }
  return false;
}

/* A file whose keys have lists, as sweep takes it: prompts share a model in memory. */
static rl_status validate_grid(validation *v) {
  rl_session *session = v->session;
  rl_arena *arena = &session->arena;
  rl_axes axes;
  counts depths = {NULL, 1};
  rl_status status = rl_session_axes_of(session, v->suite, &axes);
  if (status != RL_OK) return status;
  const rl_axis *prompt = rl_axes_find(&axes, "workload.prompt");
  size_t *choices = RL_NEW_ARRAY(arena, size_t, axes.list.count);
  if (choices == NULL) return rl_diag_oom(&session->diags);
  if (prompt != NULL) {
    depths.count = prompt->count;
    status = rl_axis_numbers(arena, prompt, 1, &depths.items, &session->diags);
  }
  do {
    rl_scenario *scenario;
    if (status == RL_OK) {
      status = rl_axes_resolve(arena, session->db, &axes, choices, &scenario, &session->diags);
    }
    if (status == RL_OK) status = rl_scenario_settle(arena, scenario, &session->diags);
    if (status != RL_OK) return status;
    if (prompt == NULL) depths.items = &scenario->workload.prompt;
    status = validate_one(v, scenario, &depths);
  } while (status == RL_OK && choose_next(&axes, prompt, choices));
  return status;
}

/* The scenarios below a folder. */
static rl_status validate_folder(validation *v) {
  rl_path_list files = {0};
  rl_status status = rl_folder_files(v->session, v->suite, &files);
  for (size_t i = 0; status == RL_OK && i < files.count; i++) {
    if (!rl_db_is_scenario(v->session->db, files.items[i])) continue;
    status = validate_word(v, files.items[i]);
  }
  return status;
}

static rl_status read_tolerance(validation *v) {
  const rl_text_at text = rl_argument(&v->session->arguments, RL_O_TOLERANCE);
  double percent;
  v->tolerance = -1;
  if (text.text == NULL) return RL_OK;
  if (!rl_scan_double(text.text, strlen(text.text), &percent) || percent < 0) {
    return RL_REPORT(&v->session->diags, VALUE_NUMBER, text.loc, "--tolerance", text.text,
                     "percent, as in 25");
  }
  v->tolerance = percent / 100;
  return RL_OK;
}

/* "1,4,8" */
static rl_status read_verify(validation *v) {
  static const uint64_t one = 1;
  const char *text = rl_argument(&v->session->arguments, RL_O_VERIFY).text, *at = text;
  v->verify = (counts){&one, 1};
  if (text == NULL) return RL_OK;
  uint64_t *items = RL_NEW_ARRAY(&v->session->arena, uint64_t, strlen(text) + 1);
  if (items == NULL) return rl_diag_oom(&v->session->diags);
  v->verify = (counts){items, 0};
  for (;; at++) {
    const size_t length = strcspn(at, ",");
    uint64_t *item = &items[v->verify.count++];
    if (!rl_scan_u64(at, length, item) || *item == 0) {
      return RL_REPORT(&v->session->diags, NOT_A_NUMBER, RL_COMMAND_LINE, "--verify", text, "1");
    }
    at += length;
    if (*at == '\0') return RL_OK;
  }
}

static rl_status validate_all(validation *v) {
  const rl_arguments *a = &v->session->arguments;
  if (a->words.count == 0 && v->suite == NULL) {
    return RL_REPORT(&v->session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "validate",
                     "a model, a scenario file or --suite", "validate examples/tiny-llama.yaml");
  }
  rl_status status = rl_session_db(v->session);
  if (status == RL_OK) status = find_here(v);
  for (size_t i = 0; status == RL_OK && i < a->words.count; i++) {
    status = validate_word(v, a->words.items[i]);
  }
  if (status != RL_OK || v->suite == NULL) return status;
  return rl_db_is_folder(v->suite) ? validate_folder(v) : validate_grid(v);
}

static rl_status tell(validation *v, rl_buf *out) {
  char number[RL_NUMBER_TEXT], percent[RL_NUMBER_TEXT];
  rl_session *session = v->session;
  rl_grid_write(session, out, "validate", &v->grid);
  if (rl_session_format(session) == RL_FORMAT_TABLE) {
    rl_buf_add(out,
               "at best: by the machine's description. conditional: with what memory gave beside "
               "each step;\nshare: of that in what was measured. No profile is fitted: nothing is "
               "expected.\n");
  }
  if (v->faster > 0) {
    RL_REPORT(&session->diags, FASTER_THAN_BEST, (rl_loc){0}, rl_print_u64(v->faster, number));
  }
  if (v->beyond == 0) return RL_OK;
  return RL_REPORT(&session->diags, BEYOND_TOLERANCE, (rl_loc){0}, rl_print_u64(v->beyond, number),
                   rl_print_digits(v->tolerance * 100, 6, percent));
}

rl_status rl_cmd_validate(rl_session *session, rl_buf *out) {
  validation v = {.session = session, .suite = rl_argument(&session->arguments, RL_O_SUITE).text};
  rl_grid_init(&v.grid, &session->arena, columns, COLUMNS);
  const char *chart = rl_argument(&session->arguments, RL_O_PLOT).text;
  rl_plot_target target;
  rl_status status = read_tolerance(&v);
  if (status == RL_OK) status = read_verify(&v);
  if (status == RL_OK && chart != NULL) status = rl_plot_aim(session, chart, &target);
  if (status == RL_OK) status = validate_all(&v);
  if (status != RL_OK) return status;
  if (chart != NULL) status = rl_validate_plot(session, &target, &v.points, out);
  session->whole = true; /* what was measured is told, whatever became of its chart */
  const rl_status told = tell(&v, out);
  return status == RL_OK ? told : status;
}
