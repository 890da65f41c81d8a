/* Generations over caches that keep tokens apart: the closed form against the sum over every step.
 * Blocks leave the tail every 64, 128 or 256 tokens, the first in the midst of some generations. */
#include <math.h>
#include <stdio.h>

#include "graph/lower.h"
#include "spec/scenario.h"
#include "time/answers.h"
#include "unit.h"

static rl_text_at text_at(const char *text) {
  return (rl_text_at){.text = text};
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

static void check_job(const rl_plan *plan, rl_arena *arena, const char *kv, rl_job job) {
  rl_generation closed, steps;
  rl_diags diags;
  rl_diags_init(&diags, arena);
  CU_ASSERT_EQUAL_FATAL(rl_generate(plan, job, &closed, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_generate_stepwise(plan, arena, job, &steps, &diags), RL_OK);
  const bool same = near(closed.decode, steps.decode) && closed.ttft == steps.ttft;
  if (!same) fprintf(stderr, "\n%s: %.17g, stepwise %.17g\n", kv, closed.decode, steps.decode);
  CU_ASSERT_TRUE(same);
}

static void check_format(const char *model, const char *kv, const char *profile) {
  static const char *const roots[] = {RL_SOURCE_DIR};
  static const rl_job jobs[] = {{.batch = 1, .prompt = 1, .generate = 200},
                                {.batch = 3, .prompt = 30, .generate = 3},
                                {.batch = 64, .prompt = 100, .generate = 700},
                                {.batch = 5, .prompt = 900, .generate = 400},
                                {.batch = 7, .prompt = 2303, .generate = 300}};
  const rl_request request = {.model = text_at(model),
                              .hardware = text_at("h100-sxm"),
                              .profile = text_at(profile),
                              .kv = text_at(kv)};
  rl_scenario *scenario;
  const rl_program *program;
  rl_arena arena;
  rl_diags diags;
  rl_cost *cost;
  rl_plan *plan;
  rl_db *db;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, roots, 1, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_lower(&arena, scenario, &program, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, scenario->hardware, &plan, &diags), RL_OK);
  for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) check_job(plan, &arena, kv, jobs[j]);
  rl_arena_free(&arena);
}

static void test_steps(void) {
  static const char *const formats[] = {"kivi-2",       "kivi-4", "think",
                                        "think-kivi-2", "gear-2", "mustafar-70"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    check_format("llama-3-8b", formats[f], "reference");
  }
  check_format("llama-3-8b", "think-kivi-2", "unfused");
}

/* Windows of 1,024 and of 128 tokens, which is less than some of them keep apart. */
static void test_windows(void) {
  static const char *const formats[] = {"kivi-2", "gear-2", "mustafar-70"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    check_format("gemma-3-4b", formats[f], "reference");
    check_format("gpt-oss-20b", formats[f], "reference");
  }
  check_format("gemma-3-4b", "kivi-4", "unfused");
}

RL_SUITE("parted caches", {"steps", test_steps}, {"windows", test_windows})
