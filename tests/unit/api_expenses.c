/* Energy, price and room of an analysis against the times and sizes that stand beside them. */
#include <math.h>

#include "api/analysis.h"
#include "unit.h"

static rl_arena arena;
static rl_diags diags;
static rl_db *db;

static const rl_result_system *analyzed(const rl_request *request) {
  static const rl_pass_view view = {.phase = RL_PASS_DECODE};
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&arena, db, scenario, &view, &result, &diags), RL_OK);
  CU_ASSERT_FATAL(result->system_count > 0);
  return result->systems;
}

static void begin(void) {
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-12 * fabs(b);
}

/* 700 W (hwdb/nvidia/h100-sxm.yaml) and 3.6 $/h = 0.001 $/s. A prompt token takes ttft / (batch *
 * prompt), a decoded one tpot / batch. */
static void test_price_and_energy(void) {
  const rl_request request = {.target = {"llama-3-8b@h100-sxm", {0}},
                              .batch = {"1,16", {0}},
                              .prompt = {"700", {0}},
                              .generate = {"100", {0}},
                              .price = {"3.6", {0}}};
  begin();
  const rl_result_system *system = analyzed(&request);
  for (size_t i = 0; i < system->batch_count; i++) {
    const rl_result_batch *b = &system->batches[i];
    double input = b->ttft / ((double)b->batch * 700), output = b->tpot / (double)b->batch;
    CU_ASSERT_STRING_EQUAL(b->energy.method, "power_limit");
    CU_ASSERT(near(b->energy.prefill, 700 * input));
    CU_ASSERT(near(b->energy.decode, 700 * output));
    CU_ASSERT(b->price.known && near(b->price.per_hour, 3.6));
    CU_ASSERT(near(b->price.input, 0.001 * input * 1e6));
    CU_ASSERT(near(b->price.output, 0.001 * output * 1e6));
  }
  rl_arena_free(&arena);
}

/* One token is the prefill's: there is nothing to price behind it. */
static void test_nothing_decoded(void) {
  const rl_request request = {
      .target = {"llama-3-8b@h100-sxm", {0}}, .generate = {"1", {0}}, .price = {"$3.60/h", {0}}};
  begin();
  const rl_result_batch *b = analyzed(&request)->batches;
  CU_ASSERT(b->price.known && b->price.input > 0 && b->price.output == 0);
  CU_ASSERT(b->energy.prefill > 0 && b->energy.decode == 0);
  CU_ASSERT_EQUAL(b->phase_count, 1);
  rl_arena_free(&arena);
}

/* The longest prompt fits and one token more does not; nor does a longer context. The last step
 * behind a prompt of C - 1 tokens and two generated ones caches C tokens. */
static void check_longest(const char *target, const char *batch) {
  rl_request request = {.target = {target, {0}}, .batch = {batch, {0}}, .generate = {"2", {0}}};
  const rl_result_batch *first = analyzed(&request)->batches;
  CU_ASSERT_FATAL(first->longest_prompt > 0 && first->longest_context > first->longest_prompt);
  for (uint64_t more = 0; more < 2; more++) {
    request.prompt.text =
        rl_textf(&arena, "%llu", (unsigned long long)(first->longest_prompt + more));
    CU_ASSERT_EQUAL(analyzed(&request)->batches->fits, more == 0);
    request.prompt.text =
        rl_textf(&arena, "%llu", (unsigned long long)(first->longest_context - 1 + more));
    const rl_result_batch *at = analyzed(&request)->batches;
    CU_ASSERT_EQUAL_FATAL(at->phase_count, 2);
    bool step_fits = at->phases[1].total <= analyzed(&request)->usable;
    CU_ASSERT_EQUAL(step_fits, more == 0);
  }
}

static void test_longest(void) {
  begin();
  check_longest("llama-3-8b@h100-sxm", "1");
  check_longest("llama-3-8b@rtx-4090", "3");
  check_longest("gemma-3-27b@h100-sxm", "5");
  check_longest("mixtral-8x7b@h200-sxm", "2");
  rl_arena_free(&arena);
}

RL_SUITE("expenses", {"price and energy", test_price_and_energy},
         {"nothing decoded", test_nothing_decoded}, {"longest", test_longest})
