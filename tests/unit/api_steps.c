/* What is told of a pipeline's stages and of the whole pass: held against the model without one. */
#include <string.h>

#include "api/analysis.h"
#include "unit/unit.h"

static rl_arena arena;
static rl_diags diags;

static const rl_result_system *analyzed(const char *pipeline, const rl_pass_view *view) {
  const rl_request request = {.model = {"llama-3-8b", {0}},
                              .hardware = {"dgx-h100", {0}},
                              .tensor = {"2", {0}},
                              .pipeline = {pipeline, {0}},
                              .data = {strcmp(pipeline, "1") == 0 ? "4" : "1", {0}},
                              .batch = {"8", {0}},
                              .prompt = {"300", {0}},
                              .generate = {"30", {0}}};
  rl_db *db;
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&arena, db, scenario, view, &result, &diags), RL_OK);
  return result->systems;
}

/* Matrix work of a pass, all repeats, and bytes of its KV cache and of its weights. */
typedef struct sums {
  uint64_t matrix, kv, weights;
} sums;

static sums sums_of(const rl_result_pass *pass) {
  sums all = {0};
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *op = &pass->operators[i];
    all.matrix += op->repeat * op->matrix;
    all.kv += op->repeat * (op->kv_read + op->kv_write);
    all.weights += op->repeat * op->weights;
  }
  return all;
}

/* Batch 8 over 4 stages are 4 micro-batches of 2, and over 4 groups shares of 2: the stages
 * together do a group's work 4 times, and each of them reads its weights as often. */
static void check(rl_pass_kind phase) {
  const rl_pass_view view = {.phase = phase, .phase_given = true};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result_system *group = analyzed("1", &view), *staged = analyzed("4", &view);
  CU_ASSERT_EQUAL_FATAL(group->pass_count, 1);
  CU_ASSERT_EQUAL_FATAL(staged->pass_count, 4);
  CU_ASSERT_PTR_NULL(group->steps);
  const sums one = sums_of(&group->passes[0]);
  const rl_result_step *step = staged->steps;
  sums all = {0};
  double through = 0;
  for (size_t s = 0; s < 4; s++) {
    const sums part = sums_of(&staged->passes[s]);
    CU_ASSERT_EQUAL(staged->passes[s].stage, s);
    CU_ASSERT_EQUAL(staged->passes[s].batch, 8);
    CU_ASSERT_EQUAL(staged->passes[s].micro_batch, 2);
    all.matrix += part.matrix;
    all.kv += part.kv;
    all.weights += part.weights;
    through += staged->passes[s].seconds;
  }
  CU_ASSERT(one.matrix == all.matrix && one.kv == all.kv && one.weights == all.weights);
  CU_ASSERT_EQUAL(step->matrix, 4 * one.matrix);
  CU_ASSERT_EQUAL(step->kv_read + step->kv_write, 4 * one.kv);
  CU_ASSERT_EQUAL(step->weights, 4 * one.weights);
  CU_ASSERT(step->seconds >= through * (1 - 1e-9));
  CU_ASSERT(step->seconds <= 4 * through);
  rl_arena_free(&arena);
}

static void test_whole(void) {
  check(RL_PASS_DECODE);
  check(RL_PASS_PREFILL);
  check(RL_PASS_VERIFY);
}

/* An operator of the last stage alone is explained there, and one of all of them on each. */
static void test_explained(void) {
  const rl_pass_view head = {.phase = RL_PASS_DECODE, .explain = "lm_head"};
  const rl_pass_view up = {.phase = RL_PASS_DECODE, .explain = "gate_up_proj"};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result_system *of_head = analyzed("4", &head), *of_up = analyzed("4", &up);
  for (size_t s = 0; s < 4; s++) {
    size_t heads = 0, ups = 0;
    for (size_t i = 0; i < of_head->passes[s].operator_count; i++) {
      heads += of_head->passes[s].operators[i].explanation != NULL;
      ups += of_up->passes[s].operators[i].explanation != NULL;
    }
    CU_ASSERT_EQUAL(heads, s == 3 ? 1 : 0);
    CU_ASSERT_EQUAL(ups, 1);
  }
  rl_arena_free(&arena);
}

RL_SUITE("stages told", {"whole passes", test_whole}, {"explained", test_explained})
