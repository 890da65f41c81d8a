/* Whole models with experts, on shipped machines: a generation in closed form against its steps,
 * bits that do not depend on how points are batched, and what experts add and never exceed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "time/answers.h"
#include "unit.h"

static const char *const MODELS[] = {"mixtral-8x7b", "mixtral-8x22b", "qwen3-30b-a3b",
                                     "qwen3-235b-a22b"};
static const char *const MACHINES[] = {"h100-sxm", "epyc-9654", "m2-ultra"};
#define LENGTH(array) (sizeof(array) / sizeof *(array))

typedef void check(rl_lab *lab, const rl_plan *plan);

/* Every model on every machine, fused and not. */
static void each_plan(const char *weights, check *run) {
  for (size_t i = 0; i < LENGTH(MODELS) * LENGTH(MACHINES) * 2; i++) {
    rl_lab_question question = {.model = MODELS[i / 6],
                                .hardware = MACHINES[i / 2 % 3],
                                .weights = weights,
                                .activations = "bf16",
                                .unfused = i % 2 == 1};
    rl_lab lab;
    rl_lab_pass pass;
    rl_plan *plan = NULL;
    CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL) && rl_lab_ask(&lab, &question, &pass));
    CU_ASSERT_EQUAL_FATAL(
        rl_plan_compile(&lab.arena, pass.cost, pass.scenario->hardware, &plan, &lab.diags), RL_OK);
    run(&lab, plan);
    rl_lab_close(&lab);
  }
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

/* The batch is the same in every step, so the experts are. */
static void compare_generations(rl_lab *lab, const rl_plan *plan) {
  static const rl_job loads[] = {{1, 1, 300}, {3, 700, 200}, {16, 2048, 100}, {500, 30, 150}};
  for (size_t i = 0; i < LENGTH(loads); i++) {
    rl_generation closed, steps;
    CU_ASSERT_EQUAL_FATAL(rl_generate(plan, loads[i], &closed, &lab->diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_generate_stepwise(plan, &lab->arena, loads[i], &steps, &lab->diags),
                          RL_OK);
    CU_ASSERT_TRUE(near(closed.decode, steps.decode) && closed.ttft == steps.ttft);
  }
}

static void test_generation(void) {
  each_plan("bf16", compare_generations);
  each_plan("w4a16-g128", compare_generations);
}

/* Columns against one row at a time, safe and far beyond. */
static void compare_bits(rl_lab *lab, const rl_plan *plan) {
  const rl_group groups[] = {{.count = 1, .q = 1, .cached = 5},
                             {.count = 64, .q = 1, .cached = 2048},
                             {.count = 4, .q = 2048, .logits = RL_LOGITS_NONE},
                             {.count = 1ull << 31, .q = 1, .cached = 9}};
  rl_point points[LENGTH(groups)];
  rl_evaluation *e = NULL;
  for (size_t p = 0; p < LENGTH(groups); p++) points[p] = (rl_point){&groups[p], 1};
  CU_ASSERT_EQUAL_FATAL(rl_evaluation_new(&lab->arena, plan, LENGTH(groups), &e, &lab->diags),
                        RL_OK);
  CU_ASSERT_TRUE_FATAL(rl_plan_evaluate(plan, points, LENGTH(groups), e));
  for (size_t p = 0; p < LENGTH(groups); p++) {
    uint64_t moments[RL_MOMENTS_MAX];
    CU_ASSERT_TRUE_FATAL(rl_cost_moments(plan->cost, &points[p], NULL, moments));
    CU_ASSERT_EQUAL(rl_cost_is_safe(plan->cost, moments), p < 3);
    for (size_t row = 0; row < e->rows; row++) {
      rl_demand demand;
      size_t cell = row * e->points + p;
      CU_ASSERT_TRUE_FATAL(rl_row_demand(plan, row, moments, &demand));
      for (int k = 0; k < RL_COUNTS; k++) CU_ASSERT_EQUAL(e->counts[k][cell], demand.counts[k]);
      CU_ASSERT_EQUAL(memcmp(&e->seconds[cell], &demand.seconds[demand.bound], sizeof(double)), 0);
    }
  }
}

static void test_bits(void) {
  each_plan("w4a16-g32-asym", compare_bits);
}

static uint64_t weights_read(const rl_plan *plan, uint64_t batch) {
  rl_group group = {.count = batch, .q = 1, .cached = 100};
  uint64_t moments[RL_MOMENTS_MAX], total = 0;
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments));
  for (uint32_t row = 0; row < plan->cost->row_count; row++) {
    const rl_cost_row *at = &plan->cost->rows[row];
    uint64_t bytes = 0;
    if (plan->cost->program->ops[at->op].kind == RL_OP_EMBED) continue; /* a row a token */
    CU_ASSERT_TRUE_FATAL(rl_form_value(plan->cost, &at->counts[RL_C_WEIGHTS], moments, &bytes));
    total += bytes * at->repeat;
  }
  return total;
}

/* One token reads its own experts: twice the active parameters, less the embedding that is read by
 * the row. More tokens read more, each fewer new ones, in the end all there are. */
static void compare_weights(rl_lab *lab, const rl_plan *plan) {
  const rl_program *program = plan->cost->program;
  uint64_t active = 0, all = 0, embedding = program->vocabulary * program->width;
  uint64_t before = 0, added = UINT64_MAX;
  (void)lab;
  CU_ASSERT_TRUE(rl_program_active_parameters(program, &active));
  CU_ASSERT_TRUE(rl_program_parameters(program, &all));
  CU_ASSERT_EQUAL(weights_read(plan, 1), 2 * (active - embedding));
  CU_ASSERT_EQUAL(weights_read(plan, 1 << 20), 2 * (all - embedding));
  for (uint64_t batch = 1; batch <= 200; batch++) {
    uint64_t now = weights_read(plan, batch);
    /* rounding: a unit of each layer's experts, of 2^30 bytes at most, and a byte a row */
    CU_ASSERT_TRUE(now >= before && (batch < 3 || now - before <= added + 400000));
    added = now - before;
    before = now;
  }
}

static void test_weights(void) {
  each_plan("bf16", compare_weights);
}

RL_SUITE("models with experts", {"generation", test_generation}, {"bits", test_bits},
         {"weights", test_weights})
