/* A split model gives what the unsplit one gives: the same weights cut into slices, all ranks in
 * lockstep, the logits of every rank within rounding of those of one engine; and every rank touches
 * the bytes that are counted for it. Stages of a pipeline compute nothing otherwise: alone they
 * give the very same bits. */
#include <math.h>
#include <stdio.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "graph/lower.h"
#include "kernels-ref/engine/fleet.h"
#include "unit.h"

enum { RANKS_MAX = 6 };
static const double BUDGET = 1e-5; /* fp32 sums in another order */

/* How a model is split. */
typedef struct division {
  size_t tensor, stages;
  bool whole_experts;
} division;

typedef struct fleet {
  division by;
  size_t count;
  rl_unsplit unsplit;
  rl_engine_state *engines[RANKS_MAX];
  const rl_program *programs[RANKS_MAX];
  rl_cost *costs[RANKS_MAX];
} fleet;
static fleet ranks;
static size_t compared;
static double worst;

static const rl_cost_row *row_of(const rl_cost *cost, uint32_t op) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (cost->rows[r].op == op) return &cost->rows[r];
  }
  return NULL;
}

/* A rank may hold none of the ids or experts: no fact says so, the moment does. */
static void moments_of(const twin_pass *pass, const rl_engine_result *result, const rl_cost *cost,
                       uint64_t experts, uint64_t *moments) {
  rl_group groups[TWIN_SEQUENCES];
  rl_facts facts = {result->distinct_ids, result->distinct_positions, experts};
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    groups[e] = (rl_group){1, entry->q, pass->cached[e], entry->tree, entry->logits};
  }
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &(rl_point){groups, pass->count}, &facts, moments));
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    rl_moment_kind kind = cost->moments[m].kind;
    if (kind == RL_M_ID_ROWS && result->distinct_ids == 0) moments[m] = 0;
    if (kind == RL_M_EXPERTS && experts == 0) moments[m] = 0;
  }
}

static void check_bytes(const twin *t, const twin_pass *pass, const rl_engine_result *result,
                        size_t rank) {
  const rl_program *program = ranks.programs[rank];
  const rl_cost *cost = ranks.costs[rank];
  uint64_t moments[RL_MOMENTS_MAX];
  moments_of(pass, result, cost, 0, moments);
  for (size_t r = 0; r < result->row_count; r++) {
    const rl_engine_row *row = &result->rows[r];
    const rl_op *op = &program->ops[row->op];
    const rl_cost_row *counted = row_of(cost, row->op);
    CU_ASSERT_PTR_NOT_NULL_FATAL(counted);
    if (op->kind == RL_OP_ROUTE || op->kind == RL_OP_HASH)
      moments_of(pass, result, cost, row->experts, moments);
    for (uint32_t k = 0; k < op->operand_count; k++) {
      uint64_t bytes = 0;
      rl_form_value(cost, &cost->operands[counted->first_operand + k], moments, &bytes);
      compared++;
      if (bytes == row->bytes[k]) continue;
      fprintf(stderr, "\n%s, rank %zu of %zu, %s operand %u: counted %llu, touched %llu\n",
              t->setup.model->twin, rank, ranks.count, op->name, k, (unsigned long long)bytes,
              (unsigned long long)row->bytes[k]);
      CU_FAIL("counted and touched bytes differ");
    }
  }
}

static void check_logits(const twin_pass *pass, const rl_engine_result *result) {
  double largest = 0, error = 0;
  CU_ASSERT_EQUAL_FATAL(result->logit_rows, pass->result.logit_rows);
  CU_ASSERT_EQUAL_FATAL(result->logit_width, pass->result.logit_width);
  for (uint64_t i = 0; i < result->logit_rows * result->logit_width; i++) {
    double of_one = pass->result.logits[i];
    largest = fmax(largest, fabs(of_one));
    error = fmax(error, fabs(of_one - (double)result->logits[i]));
  }
  if (largest > 0) worst = fmax(worst, error / largest);
}

static void check_pass(twin *t, const twin_pass *pass) {
  rl_engine_result results[RANKS_MAX];
  rl_status status =
      rl_fleet_step(ranks.engines, ranks.count, pass->entries, pass->count, results, &t->diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  for (size_t r = 0; r < ranks.count; r++) {
    if (ranks.programs[r]->stage + 1 == ranks.by.stages) check_logits(pass, &results[r]);
    check_bytes(t, pass, &results[r], r);
    for (size_t e = 0; e < pass->count; e++) {
      if (pass->entries[e].tree != NULL) twin_commit(t, ranks.engines[r]);
    }
  }
}

/* False when the model has no such division. */
static bool lower_ranks(twin *t, division by) {
  rl_scenario *scenario = RL_NEW(&t->arena, rl_scenario);
  CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
  *scenario = *t->scenario;
  scenario->parallel.tensor = by.tensor;
  scenario->parallel.pipeline = by.stages;
  scenario->parallel.expert = by.whole_experts ? by.tensor : 1;
  ranks = (fleet){.by = by, .count = by.tensor * by.stages, .unsplit = {t->program, t->engine}};
  for (size_t r = 0; r < ranks.count; r++) {
    const rl_rank rank = {.tensor = r % by.tensor, .pipeline = r / by.tensor};
    rl_status status = rl_lower_rank(&t->arena, scenario, rank, &ranks.programs[r], &t->diags);
    if (status == RL_OK) continue;
    rl_diag_code code = t->diags.list.items[0].code;
    CU_ASSERT(code == RL_D_SHARD_HEADS || code == RL_D_NO_SHARDS || code == RL_D_EXPERT_RANKS ||
              code == RL_D_STAGES);
    return false;
  }
  return true;
}

static size_t run_ranks(const twin_setup *setup, division by) {
  twin t;
  twin_open(&t, setup);
  bool split = lower_ranks(&t, by);
  for (size_t r = 0; split && r < ranks.count; r++) {
    rl_weight_source source = rl_sliced_weights(&ranks.unsplit);
    ranks.engines[r] = twin_engine(&t, ranks.programs[r], &source);
    CU_ASSERT_EQUAL_FATAL(
        rl_cost_compile(&t.arena, ranks.programs[r], 1, &ranks.costs[r], &t.diags), RL_OK);
  }
  if (split) twin_run(&t, check_pass);
  twin_close(&t);
  return split;
}

static size_t run_models(const char *profile, const char *const formats[3]) {
  static const size_t counts[] = {2, 3, 5, 6};
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < TWIN_MODELS; m++) {
    twin_setup setup = {&TWIN_MODEL[m], formats[0], formats[1], formats[2], profile};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
      fleets += run_ranks(&setup, (division){counts[i], 1, false});
      if (setup.model->experts > 0) fleets += run_ranks(&setup, (division){counts[i], 1, true});
    }
  }
  return fleets;
}

/* Every twin in stages, those that ranks can divide also with two or three ranks a stage. */
static size_t run_stages(const char *profile, const char *const formats[3], size_t tensor) {
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < TWIN_MODELS; m++) {
    twin_setup setup = {&TWIN_MODEL[m], formats[0], formats[1], formats[2], profile};
    for (size_t stages = 2; stages <= 4 && stages * tensor <= RANKS_MAX; stages++) {
      fleets += run_ranks(&setup, (division){tensor, stages, false});
    }
  }
  return fleets;
}

static void test_stages(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const stored[] = {"w4a16-g32", "bf16", "int8-token"};
  CU_ASSERT(run_stages("reference", fp32, 1) >= TWIN_MODELS);
  CU_ASSERT_EQUAL(worst, 0);
  CU_ASSERT(run_stages("unfused", stored, 1) >= TWIN_MODELS);
  CU_ASSERT_EQUAL(worst, 0);
  for (size_t tensor = 2; tensor <= 3; tensor++) {
    CU_ASSERT(run_stages("reference", fp32, tensor) >= 15);
    CU_ASSERT(worst > 0 && worst <= BUDGET);
  }
}

static void test_logits(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const profiles[] = {"reference", "unfused"};
  for (size_t p = 0; p < 2; p++) {
    size_t fleets = run_models(profiles[p], fp32);
    CU_ASSERT(fleets >= 120);
    if (!(worst <= BUDGET)) fprintf(stderr, "\nlogits differ by %g\n", worst);
    CU_ASSERT(worst > 0 && worst <= BUDGET);
  }
}

/* Stored formats: what they give is another's matter, what is touched is not. */
static void test_bytes(void) {
  static const char *const formats[][3] = {{"bf16", "bf16", "bf16"},
                                           {"w4a16-g32", "bf16", "int8-token"},
                                           {"w8a16", "bf16", "fp8-token"}};
  compared = 0;
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    run_models("reference", formats[f]);
  }
  CU_ASSERT(compared > 100000);
}

RL_SUITE("fleets", {"logits", test_logits}, {"bytes", test_bytes}, {"stages", test_stages})
