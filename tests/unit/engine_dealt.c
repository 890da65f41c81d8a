/* Tokens dealt to ranks: of ragged prompts, chunks and decode steps the logits that a rank makes
 * are those of one engine within rounding, every row of them is made, and what each rank touches is
 * what is counted for it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "graph/lower.h"
#include "kernels-ref/engine/fleet.h"
#include "unit.h"

enum { RANKS_MAX = 8 };
static const double BUDGET = 1e-5; /* fp32 sums in another order */

typedef struct deal {
  size_t tensor, context;
} deal;

typedef struct dealt {
  twin t;
  deal by;
  size_t count;
  rl_unsplit unsplit;
  rl_engine_state *engines[RANKS_MAX];
  const rl_program *programs[RANKS_MAX];
  rl_cost *costs[RANKS_MAX];
} dealt;
static dealt d;
static size_t compared;
static double worst;

typedef struct share {
  uint32_t sequence, q;
  rl_logits logits;
} share;
enum { SHARES = 3, PASSES = 6 };
/* q 0: no more entries. Chunks are no shorter than the ranks are many. */
static const share SCRIPT[PASSES][SHARES] = {
    {{0, 9, RL_LOGITS_ALL}, {1, 5, RL_LOGITS_LAST}, {3, 6, RL_LOGITS_NONE}},
    {{2, 7, RL_LOGITS_NONE}, {0, 1, RL_LOGITS_LAST}},
    {{0, 1, RL_LOGITS_LAST}, {2, 6, RL_LOGITS_LAST}, {1, 1, RL_LOGITS_LAST}},
    {{0, 1, RL_LOGITS_LAST}, {1, 1, RL_LOGITS_LAST}, {2, 1, RL_LOGITS_LAST}},
    {{3, 8, RL_LOGITS_ALL}},
    {{3, 1, RL_LOGITS_LAST}, {0, 1, RL_LOGITS_LAST}}};

static void fill_pass(const share *shares, twin_pass *pass) {
  *pass = (twin_pass){.count = 0};
  for (size_t e = 0; e < SHARES && shares[e].q > 0; e++) {
    const share *s = &shares[e];
    const uint64_t cached = rl_engine_length(d.t.engine, s->sequence);
    uint32_t *ids = &d.t.ids[s->sequence][cached];
    for (uint64_t i = 0; i < s->q; i++) {
      ids[i] = (uint32_t)(((cached + i) * 7 + s->sequence * 5 + 3) %
                          (uint64_t)d.t.setup.model->vocabulary);
    }
    pass->cached[pass->count] = cached;
    pass->entries[pass->count++] =
        (rl_engine_entry){.sequence = s->sequence, .q = s->q, .ids = ids, .logits = s->logits};
  }
}

/* --- bytes --- */

static const rl_cost_row *row_of(const rl_cost *cost, uint32_t op) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (cost->rows[r].op == op) return &cost->rows[r];
  }
  return NULL;
}

/* A rank may have none of the ids or experts: no fact says so, the moment does. */
static void moments_of(const twin_pass *pass, const rl_engine_result *result, const rl_cost *cost,
                       uint64_t experts, uint64_t *moments) {
  rl_group groups[TWIN_SEQUENCES];
  const rl_facts facts = {.distinct_ids = result->distinct_ids,
                          .distinct_positions = result->distinct_positions,
                          .distinct_experts = experts};
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    groups[e] = (rl_group){1, entry->q, pass->cached[e], NULL, entry->logits};
  }
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &(rl_point){groups, pass->count}, &facts, moments));
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_moment_kind kind = cost->moments[m].kind;
    if (kind == RL_M_ID_ROWS && result->distinct_ids == 0) moments[m] = 0;
    if (kind == RL_M_EXPERTS && experts == 0) moments[m] = 0;
  }
}

static void check_bytes(const twin_pass *pass, const rl_engine_result *result, size_t rank) {
  const rl_cost *cost = d.costs[rank];
  uint64_t moments[RL_MOMENTS_MAX];
  moments_of(pass, result, cost, 0, moments);
  for (size_t r = 0; r < result->row_count; r++) {
    const rl_engine_row *row = &result->rows[r];
    const rl_op *op = &d.programs[rank]->ops[row->op];
    const rl_cost_row *counted = row_of(cost, row->op);
    CU_ASSERT_PTR_NOT_NULL_FATAL(counted);
    if (op->kind == RL_OP_ROUTE) moments_of(pass, result, cost, row->experts, moments);
    for (uint32_t k = 0; k < op->operand_count; k++) {
      uint64_t bytes = 0;
      rl_form_value(cost, &cost->operands[counted->first_operand + k], moments, &bytes);
      compared++;
      if (bytes == row->bytes[k]) continue;
      fprintf(stderr, "\n%s, rank %zu of %zu x %zu, %s operand %u: counted %llu, touched %llu\n",
              d.t.setup.model->twin, rank, d.by.tensor, d.by.context, op->name, k,
              (unsigned long long)bytes, (unsigned long long)row->bytes[k]);
      CU_FAIL("counted and touched bytes differ");
    }
  }
}

/* --- logits --- */

/* Whether the rank makes the row of the token at that position. */
static bool makes(const rl_engine_entry *entry, uint64_t position, size_t place) {
  return entry->q <= d.t.program->decode_tokens || position % d.by.context == place;
}

static void compare_rows(const float *one, const float *other, uint64_t width) {
  double largest = 0, error = 0;
  for (uint64_t i = 0; i < width; i++) {
    largest = fmax(largest, fabs((double)one[i]));
    error = fmax(error, fabs((double)one[i] - (double)other[i]));
  }
  worst = fmax(worst, error / largest);
}

/* Every row of the unsplit pass against that of the rank, where the rank has it. */
static void check_logits(const twin_pass *pass, const rl_engine_result *result, size_t place) {
  const uint64_t width = pass->result.logit_width;
  uint64_t row = 0, own = 0;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    const uint64_t rows = twin_logit_rows(entry), end = pass->cached[e] + entry->q;
    for (uint64_t position = end - rows; position < end; position++, row++) {
      if (!makes(entry, position, place)) continue;
      CU_ASSERT_FATAL(own < result->logit_rows);
      compare_rows(pass->result.logits + row * width, result->logits + own++ * width, width);
    }
  }
  CU_ASSERT_EQUAL(own, result->logit_rows);
}

/* --- fleets --- */

static void run_script(void) {
  for (size_t p = 0; p < PASSES; p++) {
    twin_pass pass;
    rl_engine_result results[RANKS_MAX];
    fill_pass(SCRIPT[p], &pass);
    rl_status status =
        rl_fleet_step(d.engines, d.count, pass.entries, pass.count, results, &d.t.diags);
    CU_ASSERT_EQUAL_FATAL(status, RL_OK);
    status = rl_engine_step(d.t.engine, pass.entries, pass.count, NULL, &pass.result, &d.t.diags);
    CU_ASSERT_EQUAL_FATAL(status, RL_OK);
    for (size_t r = 0; r < d.count; r++) {
      check_bytes(&pass, &results[r], r);
      check_logits(&pass, &results[r], r / d.by.tensor);
    }
  }
}

/* Notes may stand before it and behind it. */
static rl_diag_code first_error(void) {
  size_t at = 0;
  while (at < d.t.diags.list.count &&
         rl_diag_severity(d.t.diags.list.items[at].code) != RL_ERROR) {
    at++;
  }
  CU_ASSERT_FATAL(at < d.t.diags.list.count);
  return d.t.diags.list.items[at].code;
}

/* False when the model cannot be dealt, or not divided among so many tensor ranks. */
static bool lower_ranks(void) {
  rl_scenario *scenario = RL_NEW(&d.t.arena, rl_scenario);
  CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
  *scenario = *d.t.scenario;
  scenario->parallel.tensor = d.by.tensor;
  scenario->parallel.context = d.by.context;
  for (size_t r = 0; r < d.count; r++) {
    const rl_rank rank = {.tensor = r % d.by.tensor, .context = 1 + r / d.by.tensor};
    if (rl_lower_rank(&d.t.arena, scenario, rank, &d.programs[r], &d.t.diags) == RL_OK) continue;
    const rl_diag_code code = first_error();
    CU_ASSERT(code == RL_D_NOT_DEALT || code == RL_D_NO_PARALLELISM || code == RL_D_SHARD_HEADS ||
              code == RL_D_NO_SHARDS);
    return false;
  }
  return true;
}

static bool open_ranks(const twin_setup *setup, deal by) {
  twin_open(&d.t, setup);
  d.by = by;
  d.count = by.tensor * by.context;
  d.unsplit = (rl_unsplit){d.t.program, d.t.engine};
  const bool runs = lower_ranks();
  for (size_t r = 0; runs && r < d.count; r++) {
    const rl_weight_source source = rl_sliced_weights(&d.unsplit);
    d.engines[r] = twin_engine(&d.t, d.programs[r], &source);
    CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&d.t.arena, d.programs[r], 1, &d.costs[r], &d.t.diags),
                          RL_OK);
  }
  return runs;
}

static bool run_ranks(const twin_setup *setup, deal by) {
  const bool runs = open_ranks(setup, by);
  if (runs) run_script();
  twin_close(&d.t);
  return runs;
}

static size_t run_models(const char *profile, const char *const formats[3], const deal *by,
                         size_t deals) {
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < TWIN_MODELS; m++) {
    const twin_setup setup = {&TWIN_MODEL[m], formats[0], formats[1], formats[2], profile};
    for (size_t i = 0; i < deals; i++) fleets += run_ranks(&setup, by[i]);
  }
  return fleets;
}

static const char *const FP32[] = {"fp32", "fp32", "fp32"};
static const deal ALONE[] = {{1, 2}, {1, 5}}, TOGETHER[] = {{2, 2}, {3, 2}};

static void test_logits(void) {
  CU_ASSERT(run_models("reference", FP32, ALONE, 2) >= 40);
  if (!(worst <= BUDGET)) fprintf(stderr, "\nlogits differ by %g\n", worst);
  CU_ASSERT(worst > 0 && worst <= BUDGET);
  CU_ASSERT(run_models("unfused", FP32, ALONE, 1) >= 20);
  CU_ASSERT(worst > 0 && worst <= BUDGET);
}

static void test_together(void) {
  CU_ASSERT(run_models("reference", FP32, TOGETHER, 2) >= 30);
  if (!(worst <= BUDGET)) fprintf(stderr, "\nlogits differ by %g\n", worst);
  CU_ASSERT(worst > 0 && worst <= BUDGET);
}

static void test_bytes(void) {
  static const char *const formats[][3] = {{"w4a16-g32", "bf16", "int8-token"},
                                           {"w8a16", "bf16", "fp8"}};
  compared = 0;
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    run_models("reference", formats[f], ALONE, 1);
  }
  CU_ASSERT(compared > 10000);
}

static void refuses(const rl_engine_entry *entry, const char *what) {
  rl_engine_result results[RANKS_MAX];
  const size_t before = d.t.diags.list.count;
  rl_status status = rl_fleet_step(d.engines, d.count, entry, 1, results, &d.t.diags);
  CU_ASSERT(status != RL_OK);
  CU_ASSERT_EQUAL_FATAL(d.t.diags.list.count, before + 1);
  CU_ASSERT_PTR_NOT_NULL(strstr(d.t.diags.list.items[before].message, what));
}

/* Fewer tokens than ranks, a tree, and a program that is of no rank. */
static void test_refusals(void) {
  static const int32_t parents[] = {-1, -1};
  static const rl_tree tree = {2, parents};
  static const uint32_t ids[] = {1, 2};
  const twin_setup setup = {&TWIN_MODEL[0], "fp32", "fp32", "fp32", "reference"};
  const rl_engine_entry few = {.q = 2, .ids = ids}, drafted = {.q = 2, .ids = ids, .tree = &tree};
  CU_ASSERT_FATAL(open_ranks(&setup, (deal){1, 3}));
  if (d.t.program->decode_tokens < 2) refuses(&few, "fewer tokens than ranks");
  refuses(&drafted, "a draft tree cannot be dealt");
  twin_close(&d.t);
  CU_ASSERT_FATAL(open_ranks(&setup, (deal){1, 2}));
  rl_scenario whole = *d.t.scenario;
  whole.parallel.context = 2;
  const rl_weight_source source = rl_sliced_weights(&d.unsplit);
  CU_ASSERT_EQUAL_FATAL(rl_lower(&d.t.arena, &whole, &d.programs[0], &d.t.diags), RL_OK);
  d.engines[0] = twin_engine(&d.t, d.programs[0], &source);
  refuses(&few, "it is of no rank");
  twin_close(&d.t);
}

RL_SUITE("dealt", {"logits", test_logits}, {"together", test_together}, {"bytes", test_bytes},
         {"refusals", test_refusals})
