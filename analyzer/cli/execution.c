/* Runs a program on the scalar engine and compares, operator by operator, the bytes touched with
 * the bytes counted. What is made of the comparison is the command's business. */
#include "cli/execution.h"

#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "cli/chosen_weights.h"

/* What a run may take: a minute or two of plain loops, and this much memory. */
#define FLOP_LIMIT UINT64_C(100000000000)
#define MEMORY_LIMIT (UINT64_C(4) << 30)
enum {
  SEQUENCES_MAX = 64,
  SEED = 1,
  CLUSTER_STEP = 40503 /* odd: sequences are of unlike clusters */
};

/* What makes a run smaller: any of these, or for a batch that is too large only one. */
static const char SMALLER[] =
    "a smaller model, a smaller batch (-b), a shorter prompt (-p) or fewer generated tokens (-n)";
static const char SMALLER_BATCH[] = "a smaller batch (-b)";

static rl_status too_much(rl_execution *e, const char *what, const char *limit, const char *hint) {
  return RL_REPORT(&e->session->diags, RUN_TOO_LARGE, (rl_loc){0}, what, limit, hint);
}

static rl_group group_of(const rl_execution *e, int phase, uint64_t cached) {
  return (rl_group){.count = e->batch,
                    .q = phase == RL_RUN_PREFILL ? e->prompt : 1,
                    .cached = cached,
                    .logits = RL_LOGITS_LAST,
                    .source = e->program->source.begin};
}

/* FLOPs of the run at the batch that is set, saturating. */
static uint64_t work_of(const rl_execution *e) {
  uint64_t sum = 0;
  for (int phase = 0; phase < RL_RUN_PHASES; phase++) {
    const rl_group group =
        group_of(e, phase, phase == RL_RUN_PREFILL ? 0 : e->prompt + e->generate);
    const rl_point point = {.groups = &group, .count = 1};
    if (!rl_cost_moments(e->cost, &point, NULL, e->moments)) return UINT64_MAX;
    for (uint32_t row = 0; row < e->cost->row_count; row++) {
      uint64_t flop, times = e->cost->rows[row].repeat;
      if (phase == RL_RUN_DECODE && !rl_mul_u64(times, e->generate, &times)) return UINT64_MAX;
      if (!rl_form_value(e->cost, &e->cost->rows[row].counts[RL_C_MATRIX], e->moments, &flop)) {
        return UINT64_MAX;
      }
      if (!rl_muladd_u64(&sum, flop, times)) return UINT64_MAX;
    }
  }
  return sum;
}

rl_status rl_execution_check(rl_execution *e, const uint64_t *batches, size_t count) {
  char text[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  uint64_t work = 0;
  e->moments = RL_NEW_ARRAY(&e->session->arena, uint64_t, e->cost->moment_count);
  if (e->moments == NULL) return rl_diag_oom(&e->session->diags);
  for (size_t i = 0; i < count; i++) {
    e->batch = batches[i];
    if (e->batch > SEQUENCES_MAX) {
      const char *what =
          rl_textf(&e->session->arena, "a batch of %s", rl_print_grouped(e->batch, text));
      return too_much(e, what, rl_print_grouped(SEQUENCES_MAX, limit), SMALLER_BATCH);
    }
    if (!rl_add_u64(work, work_of(e), &work)) work = UINT64_MAX;
  }
  if (work <= FLOP_LIMIT) return RL_OK;
  const char *what =
      rl_textf(&e->session->arena, "%s of matrix work", rl_print_si((double)work, "FLOP", text));
  return too_much(e, what, rl_print_si((double)FLOP_LIMIT, "FLOP", limit), SMALLER);
}

/* Token ids without a pattern that a table could hide behind; in front of each prompt the places
 * that merged positions of the source take. */
static void fill_ids(rl_execution *e) {
  const struct rl_source_shape *shape = &e->program->source;
  uint64_t state = SEED;
  uint64_t places = shape->merge == 0 ? 0 : shape->begin.positions / shape->merge;
  for (uint64_t i = 0; i < e->batch * e->prompt; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    e->ids[i] = (uint32_t)((state >> 33) % e->program->vocabulary);
    bool place = i % e->prompt < places * shape->begin.pieces;
    if (places > 0 && place) e->ids[i] = (uint32_t)shape->token;
    if (places > 0 && !place && e->ids[i] == shape->token)
      e->ids[i] = (uint32_t)(shape->token == 0);
  }
}

/* Values that one position of the program's source consists of. */
static uint64_t source_width(const rl_program *program) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role == RL_ROLE_SOURCE) return tensor->rows * tensor->cols;
  }
  return 1;
}

/* Every sequence begins with the same source. */
static bool fill_source(rl_execution *e) {
  const struct rl_source_shape *shape = &e->program->source;
  uint64_t positions, values, width = source_width(e->program);
  if (!rl_mul_u64(shape->begin.pieces, shape->begin.positions, &positions)) return false;
  if (!rl_mul_u64(positions, width, &values)) return false;
  uint32_t *ids = RL_NEW_ARRAY(&e->arena, uint32_t, positions);
  float *frames = RL_NEW_ARRAY(&e->arena, float, values);
  if (ids == NULL || frames == NULL) return false;
  for (uint64_t i = 0; i < positions; i++) ids[i] = (uint32_t)(i * 7 % e->program->vocabulary);
  for (uint64_t i = 0; i < values; i++) frames[i] = (float)(i % 17) / 8 - 1;
  e->source = (rl_engine_source){.size = shape->begin, .ids = ids, .values = frames};
  return true;
}

/* Memory of one batch, and the engine that works in it. */
static rl_status prepare(rl_execution *e) {
  static const uint64_t seed = SEED;
  rl_diags *diags = &e->session->diags;
  rl_chosen_weights weights;
  uint64_t *capacity = RL_NEW_ARRAY(&e->arena, uint64_t, e->batch);
  e->ids = RL_NEW_ARRAY(&e->arena, uint32_t, e->batch * e->prompt);
  e->next = RL_NEW_ARRAY(&e->arena, uint32_t, e->batch);
  bool whole = capacity != NULL && e->ids != NULL && e->next != NULL;
  for (int p = 0; p < RL_RUN_PHASES; p++) {
    e->tallies[p] = RL_NEW_ARRAY(&e->arena, rl_comparison, e->program->op_count);
    whole = whole && e->tallies[p] != NULL;
  }
  if (!whole) return rl_diag_oom(diags);
  for (uint64_t s = 0; s < e->batch; s++) capacity[s] = e->prompt + e->generate;
  fill_ids(e);
  rl_encoder_source *sources = RL_NEW_ARRAY(&e->arena, rl_encoder_source, e->batch);
  if (sources == NULL || !fill_source(e)) return rl_diag_oom(diags);
  for (uint64_t s = 0; s < e->batch; s++) sources[s] = e->program->source.begin;
  const rl_engine_limits limits = {.memory = MEMORY_LIMIT,
                                   .sequences = (uint32_t)e->batch,
                                   .capacity = capacity,
                                   .page = e->scenario->kv_page,
                                   .source = sources,
                                   .tokens = e->batch * e->prompt,
                                   .logit_rows = e->batch,
                                   .observe = true};
  rl_status status =
      rl_chosen_open(e->session, e->scenario, e->program, rl_random_weights(&seed), &weights);
  const rl_weight_source source = rl_chosen_source(&weights);
  if (status == RL_OK) {
    status = rl_engine_new(&e->arena, e->program, &limits, &source, &e->engine, diags);
  }
  rl_chosen_close(&weights);
  return status;
}

/* The cost row of an operator; every operator has one. */
static const rl_cost_row *row_of(const rl_execution *e, uint32_t op) {
  for (uint32_t row = 0; row < e->cost->row_count; row++) {
    if (e->cost->rows[row].op == op) return &e->cost->rows[row];
  }
  return NULL;
}

static rl_status compare_visit(rl_execution *e, const rl_engine_row *visit, rl_comparison *t) {
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

/* The share of every sequence in a pass. */
static void fill_entries(const rl_execution *e, int phase, const rl_group *group,
                         rl_engine_entry *entries) {
  const rl_engine_source *source = e->source.size.pieces > 0 ? &e->source : NULL;
  bool prefill = phase == RL_RUN_PREFILL;
  for (uint64_t s = 0; s < e->batch; s++) {
    entries[s] = (rl_engine_entry){.sequence = (uint32_t)s,
                                   .cluster = (uint32_t)s * CLUSTER_STEP,
                                   .q = group->q,
                                   .ids = prefill ? e->ids + s * e->prompt : e->next + s,
                                   .logits = RL_LOGITS_LAST,
                                   .source = prefill ? source : NULL};
  }
}

/* What the operator observed, where that is something else: experts hold until the next router, what
 * packed blocks store for the operator alone. */
static bool takes_facts(const rl_engine_row *row, rl_facts *facts) {
  const bool packed = memcmp(row->packed, facts->packed, sizeof row->packed) != 0;
  if (row->experts != 0) facts->distinct_experts = row->experts;
  memcpy(facts->packed, row->packed, sizeof row->packed);
  return packed || row->experts != 0;
}

/* One pass over all sequences, compared. */
static rl_status step(rl_execution *e, int phase, uint64_t cached) {
  rl_engine_entry entries[SEQUENCES_MAX];
  const rl_group group = group_of(e, phase, cached);
  const rl_point point = {.groups = &group, .count = 1};
  rl_engine_result result;
  fill_entries(e, phase, &group, entries);
  rl_status status =
      rl_engine_step(e->engine, entries, e->batch, NULL, &result, &e->session->diags);
  if (status != RL_OK) return status;
  rl_facts facts = {.distinct_ids = result.distinct_ids,
                    .distinct_positions = result.distinct_positions,
                    .distinct_source_ids = result.distinct_source_ids,
                    .distinct_next_ids = result.distinct_next_ids,
                    .distinct_source_positions = result.distinct_source_positions};
  for (size_t i = 0; status == RL_OK && i < result.row_count; i++) {
    const rl_engine_row *row = &result.rows[i];
    const bool changed = takes_facts(row, &facts);
    if ((i == 0 || changed) && !rl_cost_moments(e->cost, &point, &facts, e->moments)) {
      return too_much(e, "a count", "64 bits", SMALLER);
    }
    status = compare_visit(e, row, &e->tallies[phase][row->op]);
  }
  for (uint64_t s = 0; s < e->batch && s < result.logit_rows; s++) e->next[s] = result.sampled[s];
  return status;
}

rl_status rl_execution_begin(rl_execution *e, uint64_t batch) {
  rl_arena_init(&e->arena, e->session->arena.allocator);
  e->batch = batch;
  rl_status status = prepare(e);
  if (status == RL_OK) status = step(e, RL_RUN_PREFILL, 0);
  for (uint64_t i = 0; status == RL_OK && i + 1 < e->generate; i++) {
    status = step(e, RL_RUN_DECODE, e->prompt + i);
  }
  return status;
}

void rl_execution_end(rl_execution *e) {
  rl_arena_free(&e->arena);
}
