/* run --here: executes the operator list of a small model with the scalar engine and holds the
 * bytes that its kernels touched against the bytes that were counted, operand by operand. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/request.h"
#include "cost/cost.h"
#include "graph/lower.h"
#include "kernels-ref/engine/engine.h"

/* What a run may take: a minute or two of plain loops, and this much memory. */
#define FLOP_LIMIT UINT64_C(100000000000)
#define MEMORY_LIMIT (UINT64_C(4) << 30)
enum { SEQUENCES_MAX = 64, SEED = 1 };

/* Bytes of one operator over all its visits in the passes of one phase. */
typedef struct tally {
  uint64_t visits, predicted, touched;
  bool differs; /* in some operand of some visit */
} tally;

enum { PHASE_PREFILL, PHASE_DECODE, PHASES };

typedef struct execution {
  rl_session *session;
  const rl_program *program;
  rl_cost *cost;
  rl_engine_state *engine;
  uint64_t batch, prompt, generate;
  tally *tallies[PHASES]; /* [op] */
  uint64_t *moments;
  uint32_t *ids;  /* [batch * prompt] */
  uint32_t *next; /* [batch]: what was sampled */
} execution;

/* What makes a run smaller: any of these, or for a batch that is too large only one. */
static const char SMALLER[] =
    "a smaller model, a smaller batch (-b), a shorter prompt (-p) or fewer generated tokens (-n)";
static const char SMALLER_BATCH[] = "a smaller batch (-b)";

static rl_status too_much(execution *e, const char *what, const char *limit, const char *hint) {
  return RL_REPORT(&e->session->diags, RUN_TOO_LARGE, (rl_loc){0}, what, limit, hint);
}

static rl_group group_of(const execution *e, int phase, uint64_t cached) {
  return (rl_group){.count = e->batch,
                    .q = phase == PHASE_PREFILL ? e->prompt : 1,
                    .cached = cached,
                    .logits = RL_LOGITS_LAST};
}

/* FLOPs of the whole run, saturating. */
static uint64_t work_of(const execution *e) {
  uint64_t sum = 0;
  for (int phase = 0; phase < PHASES; phase++) {
    const rl_group group = group_of(e, phase, phase == PHASE_PREFILL ? 0 : e->prompt + e->generate);
    const rl_point point = {.groups = &group, .count = 1};
    if (!rl_cost_moments(e->cost, &point, NULL, e->moments)) return UINT64_MAX;
    for (uint32_t row = 0; row < e->cost->row_count; row++) {
      uint64_t flop, times = e->cost->rows[row].repeat;
      if (phase == PHASE_DECODE && !rl_mul_u64(times, e->generate, &times)) return UINT64_MAX;
      if (!rl_form_value(e->cost, &e->cost->rows[row].counts[RL_C_MATRIX], e->moments, &flop)) {
        return UINT64_MAX;
      }
      if (!rl_muladd_u64(&sum, flop, times)) return UINT64_MAX;
    }
  }
  return sum;
}

static rl_status check_size(execution *e) {
  char text[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  if (e->batch > SEQUENCES_MAX) {
    const char *what =
        rl_textf(&e->session->arena, "a batch of %s", rl_print_grouped(e->batch, text));
    return too_much(e, what, rl_print_grouped(SEQUENCES_MAX, limit), SMALLER_BATCH);
  }
  uint64_t work = work_of(e);
  if (work <= FLOP_LIMIT) return RL_OK;
  const char *what =
      rl_textf(&e->session->arena, "%s of matrix work", rl_print_si((double)work, "FLOP", text));
  return too_much(e, what, rl_print_si((double)FLOP_LIMIT, "FLOP", limit), SMALLER);
}

/* Token ids without a pattern that a table could hide behind. */
static void fill_ids(execution *e) {
  uint64_t state = SEED;
  for (uint64_t i = 0; i < e->batch * e->prompt; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    e->ids[i] = (uint32_t)((state >> 33) % e->program->vocabulary);
  }
}

static rl_status prepare(execution *e, const rl_scenario *scenario) {
  static const uint64_t seed = SEED;
  rl_arena *arena = &e->session->arena;
  rl_diags *diags = &e->session->diags;
  const rl_weight_source source = rl_random_weights(&seed);
  uint64_t *capacity;
  e->batch = scenario->workload.batches[0];
  e->prompt = scenario->workload.prompt;
  e->generate = scenario->workload.generate;
  rl_status status = rl_lower(arena, scenario, &e->program, diags);
  if (status == RL_OK) status = rl_cost_compile(arena, e->program, 1, &e->cost, diags);
  if (status != RL_OK) return status;
  e->moments = RL_NEW_ARRAY(arena, uint64_t, e->cost->moment_count);
  if (e->moments == NULL) return rl_diag_oom(diags);
  status = check_size(e);
  if (status != RL_OK) return status;
  e->ids = RL_NEW_ARRAY(arena, uint32_t, e->batch * e->prompt);
  e->next = RL_NEW_ARRAY(arena, uint32_t, e->batch);
  capacity = RL_NEW_ARRAY(arena, uint64_t, e->batch);
  for (int p = 0; p < PHASES; p++) e->tallies[p] = RL_NEW_ARRAY(arena, tally, e->program->op_count);
  if (e->ids == NULL || e->next == NULL || capacity == NULL || e->tallies[0] == NULL ||
      e->tallies[1] == NULL) {
    return rl_diag_oom(diags);
  }
  for (uint64_t s = 0; s < e->batch; s++) capacity[s] = e->prompt + e->generate;
  fill_ids(e);
  const rl_engine_limits limits = {.memory = MEMORY_LIMIT,
                                   .sequences = (uint32_t)e->batch,
                                   .capacity = capacity,
                                   .tokens = e->batch * e->prompt,
                                   .logit_rows = e->batch,
                                   .observe = true};
  return rl_engine_new(arena, e->program, &limits, &source, &e->engine, diags);
}

/* The cost row of an operator; every operator has one. */
static const rl_cost_row *row_of(const execution *e, uint32_t op) {
  for (uint32_t row = 0; row < e->cost->row_count; row++) {
    if (e->cost->rows[row].op == op) return &e->cost->rows[row];
  }
  return NULL;
}

static rl_status compare_visit(execution *e, const rl_engine_row *visit, tally *t) {
  const rl_cost_row *row = row_of(e, visit->op);
  if (row == NULL)
    return RL_REPORT(&e->session->diags, INTERNAL, (rl_loc){0}, "an operator without a row");
  t->visits++;
  for (uint32_t i = 0; i < row->operand_count; i++) {
    uint64_t predicted;
    if (!rl_form_value(e->cost, &e->cost->operands[row->first_operand + i], e->moments,
                       &predicted)) {
      return too_much(e, "a count", "64 bits", SMALLER);
    }
    t->predicted += predicted;
    t->touched += visit->bytes[i];
    t->differs = t->differs || predicted != visit->bytes[i];
  }
  return RL_OK;
}

/* One pass over all sequences, compared. */
static rl_status step(execution *e, int phase, uint64_t cached) {
  rl_engine_entry entries[SEQUENCES_MAX];
  const rl_group group = group_of(e, phase, cached);
  const rl_point point = {.groups = &group, .count = 1};
  rl_engine_result result;
  for (uint64_t s = 0; s < e->batch; s++) {
    const uint32_t *ids = phase == PHASE_PREFILL ? e->ids + s * e->prompt : e->next + s;
    entries[s] = (rl_engine_entry){
        .sequence = (uint32_t)s, .q = group.q, .ids = ids, .logits = RL_LOGITS_LAST};
  }
  rl_status status =
      rl_engine_step(e->engine, entries, e->batch, NULL, &result, &e->session->diags);
  if (status != RL_OK) return status;
  rl_facts facts = {result.distinct_ids, result.distinct_positions, 0};
  for (size_t i = 0; status == RL_OK && i < result.row_count; i++) {
    const rl_engine_row *row = &result.rows[i];
    if (row->experts != 0) facts.distinct_experts = row->experts; /* until the next router */
    if ((i == 0 || row->experts != 0) && !rl_cost_moments(e->cost, &point, &facts, e->moments)) {
      return too_much(e, "a count", "64 bits", SMALLER);
    }
    status = compare_visit(e, row, &e->tallies[phase][row->op]);
  }
  for (uint64_t s = 0; s < e->batch && s < result.logit_rows; s++) e->next[s] = result.sampled[s];
  return status;
}

static rl_status execute(execution *e) {
  rl_status status = step(e, PHASE_PREFILL, 0);
  for (uint64_t i = 0; status == RL_OK && i + 1 < e->generate; i++) {
    status = step(e, PHASE_DECODE, e->prompt + i);
  }
  return status;
}

/* Rows that are equal are many; the ones that differ are what the exit status says. */
static size_t add_rows(execution *e, rl_grid *grid) {
  static const char *const words[PHASES] = {"prefill", "decode"};
  size_t different = 0;
  for (int phase = 0; phase < PHASES; phase++) {
    for (uint32_t op = 0; op < e->program->op_count; op++) {
      const tally *t = &e->tallies[phase][op];
      if (t->visits == 0) continue;
      rl_cell *row = rl_grid_row(grid);
      row[0] = rl_cell_text(words[phase]);
      row[1] = rl_cell_text(e->program->ops[op].name);
      row[2] = rl_cell_count(t->visits);
      row[3] = rl_cell_count(t->predicted);
      row[4] = rl_cell_count(t->touched);
      row[5] = rl_cell_flag(!t->differs);
      row[5].ink = t->differs ? RL_INK_BAD : RL_INK_PLAIN;
      different += t->differs;
    }
  }
  return different;
}

static rl_status tell(execution *e, rl_buf *out) {
  static const rl_column columns[] = {
      {.key = "phase", .head = "phase", .left = true},
      {.key = "operator", .head = "operator", .left = true},
      {.key = "visits", .head = "visits"},
      {.key = "predicted_bytes", .head = "predicted", .unit = "B"},
      {.key = "touched_bytes", .head = "touched", .unit = "B"},
      {.key = "equal", .head = "equal"},
  };
  char number[RL_NUMBER_TEXT];
  rl_grid grid;
  rl_grid_init(&grid, &e->session->arena, columns, sizeof columns / sizeof *columns);
  size_t different = add_rows(e, &grid);
  rl_grid_write(e->session, out, "run", &grid);
  if (different > 0) {
    return RL_REPORT(&e->session->diags, BYTES_DIFFER, (rl_loc){0},
                     rl_print_grouped(different, number));
  }
  if (rl_session_format(e->session) == RL_FORMAT_TABLE) {
    rl_buf_add(
        out,
        "Every operator touched exactly the bytes that were predicted.\n"
        "How many distinct token ids, positions and experts a pass met was counted in the run\n"
        "and given to the prediction: rows of tables that are met twice are read once.\n");
  }
  return RL_OK;
}

rl_status rl_cmd_run(rl_session *session, rl_buf *out) {
  rl_scenario *scenario;
  execution e = {.session = session};
  if (!rl_argument_given(&session->arguments, RL_O_HERE)) {
    return RL_REPORT(&session->diags, NEEDS_HERE, RL_COMMAND_LINE, "");
  }
  rl_status status = rl_session_scenario(session, "run examples/tiny-llama.yaml --here", &scenario);
  if (status == RL_OK) status = prepare(&e, scenario);
  if (status == RL_OK) status = execute(&e);
  return status == RL_OK ? tell(&e, out) : status;
}
