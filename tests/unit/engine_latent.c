/* Attention over latents in the engine: passes that mix both classes against the second
 * implementation, bytes included; both forms against each other; and that a wrong share of the
 * expanding weight, or a cache read twice, would be seen in the bytes. */
#include <math.h>
#include <string.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "unit.h"

static const rl_cost *cost;
static double worst;
static size_t mixed_passes;

static const ref_model *model_of(const char *name) {
  const ref_model *model = TWIN_MODEL;
  while (strcmp(model->twin, name) != 0) model++;
  return model;
}

static void check_bytes(const twin *t, const twin_pass *pass) {
  rl_group groups[TWIN_SEQUENCES];
  uint64_t moments[RL_MOMENTS_MAX], bytes, experts = 0, wrong = 0;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    groups[e] = (rl_group){1, entry->q, pass->cached[e], entry->tree, entry->logits};
  }
  for (size_t r = 0; r < pass->result.row_count; r++) {
    const rl_engine_row *row = &pass->result.rows[r];
    const rl_op *op = &t->program->ops[row->op];
    if (row->experts != 0) experts = row->experts; /* until the next router */
    rl_facts facts = {pass->result.distinct_ids, pass->result.distinct_positions, experts};
    CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){groups, pass->count}, &facts, moments));
    for (uint32_t k = 0; k < op->operand_count; k++) {
      const rl_form *form = &cost->operands[cost->rows[row->op].first_operand + k];
      CU_ASSERT(rl_form_value(cost, form, moments, &bytes));
      wrong += bytes != row->bytes[k];
    }
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

static void check_pass(twin *t, const twin_pass *pass) {
  size_t decoded = 0;
  for (size_t e = 0; e < pass->count; e++) {
    decoded += pass->entries[e].q <= t->program->decode_tokens;
  }
  mixed_passes += decoded > 0 && decoded < pass->count;
  worst = fmax(worst, twin_logit_error(t, pass, REF_RIGHT));
  check_bytes(t, pass);
}

static void run_mixed(const char *twin_name, const char *const formats[3], double bound) {
  twin_setup setup = {model_of(twin_name), formats[0], formats[1], formats[2], "mixed"};
  rl_cost *compiled;
  twin t;
  worst = 0;
  mixed_passes = 0;
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&t.arena, t.program, 1, &compiled, &t.diags), RL_OK);
  cost = compiled;
  twin_run(&t, check_pass);
  twin_close(&t);
  CU_ASSERT(worst <= bound);
  CU_ASSERT(mixed_passes >= 3);
}

/* 7, 3 and 9 new tokens, 5 and 1, 4, 1 and 1, a tree of 4 beside chains of 3 and 1: up to 3 are
 * decode. */
static void test_mixed(void) {
  static const char *const exact[] = {"fp32", "fp32", "fp32"}, *const w4[] = {"w4a16-g32", "fp32",
                                                                              "fp32"};
  static const char *const cached[] = {"bf16", "fp32", "int8-token"};
  static const char *const twins[] = {"deepseek-v3-twin", "deepseek-v2-twin"};
  for (int m = 0; m < 2; m++) {
    run_mixed(twins[m], exact, 1e-5);
    run_mixed(twins[m], w4, 1e-5);
    run_mixed(twins[m], cached, 5e-3);
  }
}

/* Logits of both forms of the second implementation on the same weights: the same but for the order
 * of sums in double. */
static void compare_forms(twin *t, const twin_pass *pass) {
  worst = fmax(worst, twin_form_error(t, pass));
}

static void test_forms_agree(void) {
  static const char *const twins[] = {"deepseek-v3-twin", "deepseek-v2-twin"};
  for (int m = 0; m < 2; m++) {
    twin_setup setup = {model_of(twins[m]), "fp32", "fp32", "fp32", "mixed"};
    twin t;
    worst = 0;
    twin_open(&t, &setup);
    twin_run(&t, compare_forms);
    twin_close(&t);
    CU_ASSERT(worst > 0 && worst < 1e-12);
  }
}

/* The engine itself: all tokens absorbed, all expanded but single ones; fp32 sums in other orders.
 */
static void test_engine_forms_agree(void) {
  static const uint32_t ids[] = {3, 1, 4, 1, 5, 9, 2, 6};
  static const char *const profiles[] = {"reference", "unfused"};
  float logits[2][8 * REF_WIDTH];
  size_t count = 0;
  for (int p = 0; p < 2; p++) {
    twin_setup setup = {model_of("deepseek-v3-twin"), "fp32", "fp32", "fp32", profiles[p]};
    rl_engine_entry first = {0, 5, ids, NULL, RL_LOGITS_ALL},
                    then = {0, 3, ids + 5, NULL, RL_LOGITS_ALL};
    rl_engine_result result;
    twin t;
    twin_open(&t, &setup);
    size_t width = (size_t)setup.model->vocabulary;
    CU_ASSERT_EQUAL(rl_engine_step(t.engine, &first, 1, NULL, &result, &t.diags), RL_OK);
    memcpy(logits[p], result.logits, 5 * width * sizeof(float));
    CU_ASSERT_EQUAL(rl_engine_step(t.engine, &then, 1, NULL, &result, &t.diags), RL_OK);
    memcpy(logits[p] + 5 * width, result.logits, 3 * width * sizeof(float));
    count = 8 * width;
    twin_close(&t);
  }
  float largest = 0, difference = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmaxf(largest, fabsf(logits[0][i]));
    difference = fmaxf(difference, fabsf(logits[0][i] - logits[1][i]));
  }
  CU_ASSERT(difference > 0 && difference < 1e-5F * largest);
}

RL_SUITE("latent attention", {"mixed passes", test_mixed},
         {"forms agree in double", test_forms_agree},
         {"forms agree in the engine", test_engine_forms_agree})
