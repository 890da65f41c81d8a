/* Mistakes in seconds that public analyzers have made, on Llama-3-8B and an H100 SXM: 989.5 TFLOP/s
 * dense bf16, 3.35 TB/s, and a last-level cache that holds the activations of every row looked at.
 */
#include <math.h>
#include <string.h>

#include "lab.h"
#include "time/answers.h"
#include "unit.h"

static const double PEAK = 989.5e12, BANDWIDTH = 3.35e12;

typedef struct bench {
  rl_lab lab;
  rl_lab_pass pass;
  rl_plan *plan;
} bench;

static bool bench_open(bench *b) {
  rl_lab_question question = {.model = "llama-3-8b",
                              .hardware = "h100-sxm",
                              .weights = "bf16",
                              .kv = "bf16",
                              .activations = "bf16"};
  bool ok = rl_lab_open(&b->lab, NULL) && rl_lab_ask(&b->lab, &question, &b->pass) &&
            rl_plan_compile(&b->lab.arena, b->pass.cost, b->pass.scenario->hardware, &b->plan,
                            &b->lab.diags) == RL_OK;
  CU_ASSERT_TRUE(ok);
  return ok;
}

/* What the named row of the layers asks for at one group. */
static rl_demand demand_of(const bench *b, const char *name, rl_group group) {
  rl_demand demand = {.bound = RL_BOUND_NONE};
  uint64_t moments[RL_MOMENTS_MAX];
  rl_point point = {&group, 1};
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(b->pass.cost, &point, NULL, moments));
  for (uint32_t r = 0; r < b->pass.cost->row_count; r++) {
    if (strcmp(b->pass.program->ops[b->pass.cost->rows[r].op].name, name) != 0) continue;
    CU_ASSERT_TRUE_FATAL(rl_row_demand(b->plan, r, moments, &demand));
  }
  return demand;
}

static bool close_to(double a, double b) {
  return fabs(a - b) <= 1e-12 * fabs(b);
}

/* 4096·4096 weights are 33554432 bytes. Wrong: elements over bytes per second, half the time; or a
 * bandwidth in GiB, 7 % faster. */
static void test_bytes_over_bandwidth(void) {
  bench b;
  if (bench_open(&b)) {
    rl_demand demand = demand_of(&b, "o_proj", (rl_group){.count = 1, .q = 1, .cached = 2048});
    CU_ASSERT_EQUAL(demand.bound, RL_BOUND_MEMORY);
    CU_ASSERT_TRUE(close_to(demand.seconds[RL_BOUND_MEMORY], 33554432 / BANDWIDTH));
    CU_ASSERT_FALSE(close_to(demand.seconds[RL_BOUND_MEMORY], 16777216 / BANDWIDTH));
    CU_ASSERT_FALSE(close_to(demand.seconds[RL_BOUND_MEMORY], 33554432 / (3350 * 1073741824.0)));
  }
  rl_lab_close(&b.lab);
}

/* 2·2048·6144·4096 operations over the dense peak. Wrong: the sparse peak; TFLOP of 1024 GFLOP. */
static void test_operations_over_dense_peak(void) {
  bench b;
  if (bench_open(&b)) {
    rl_demand demand = demand_of(&b, "qkv_proj", (rl_group){.count = 1, .q = 2048});
    CU_ASSERT_EQUAL(demand.bound, RL_BOUND_COMPUTE);
    CU_ASSERT_TRUE(close_to(demand.seconds[RL_BOUND_COMPUTE], 103079215104 / PEAK));
    CU_ASSERT_FALSE(close_to(demand.seconds[RL_BOUND_COMPUTE], 103079215104 / (2 * PEAK)));
    CU_ASSERT_FALSE(close_to(demand.seconds[RL_BOUND_COMPUTE], 103079215104 / (PEAK * 1.024)));
  }
  rl_lab_close(&b.lab);
}

/* A bf16 linear does 2·T operations for each 2 bytes of weights: compute-bound from
 * T = 989.5e12 / 3.35e12 = 295.4 on, so 296. Wrong: 148 (per element), 276 (GiB), 303 (1024), 591
 * (sparse). */
static void test_ridge(void) {
  bench b;
  if (bench_open(&b)) {
    CU_ASSERT_EQUAL(rl_ridge_tokens(b.plan, RL_RIDGE_LAYERS, 1).tokens, 296);
  }
  rl_lab_close(&b.lab);
}

/* Either phase has both roofs. Wrong: prefill without bandwidth, decode without compute. */
static void test_both_roofs_in_both_phases(void) {
  bench b;
  if (bench_open(&b)) {
    rl_group short_prompt = {.count = 1, .q = 16}, long_prompt = {.count = 1, .q = 512};
    rl_group few = {.count = 16, .q = 1, .cached = 100},
             many = {.count = 512, .q = 1, .cached = 100};
    CU_ASSERT_EQUAL(demand_of(&b, "gate_up_proj", short_prompt).bound, RL_BOUND_MEMORY);
    CU_ASSERT_EQUAL(demand_of(&b, "gate_up_proj", long_prompt).bound, RL_BOUND_COMPUTE);
    CU_ASSERT_EQUAL(demand_of(&b, "gate_up_proj", few).bound, RL_BOUND_MEMORY);
    CU_ASSERT_EQUAL(demand_of(&b, "gate_up_proj", many).bound, RL_BOUND_COMPUTE);
  }
  rl_lab_close(&b.lab);
}

/* Verifying eight tokens reads the weights once: barely more than a step, far from eight. */
static void test_verification_is_no_eight_steps(void) {
  bench b;
  rl_verify verify = {.batch = 1, .cached = 2048, .n = 8};
  if (bench_open(&b)) {
    CU_ASSERT_EQUAL(rl_verify_cost(b.plan, &verify, &b.lab.diags), RL_OK);
    CU_ASSERT_TRUE(verify.ratio >= 1 && verify.ratio < 1.1);
  }
  rl_lab_close(&b.lab);
}

/* A generation reads each step's own context. Wrong: every step at the final length, or at the
 * prompt's. The KV term of 256 steps behind 2048 tokens lies strictly between the two. */
static void test_generation_at_each_length(void) {
  bench b;
  rl_job load = {.batch = 64, .prompt = 2048, .generate = 257};
  rl_generation generation;
  double first, last;
  if (bench_open(&b)) {
    rl_group group = {.count = 64, .q = 1, .cached = 2048};
    CU_ASSERT_EQUAL(rl_generate(b.plan, load, &generation, &b.lab.diags), RL_OK);
    CU_ASSERT_TRUE(rl_pass_seconds(b.plan, &group, &first));
    group.cached = 2048 + 255;
    CU_ASSERT_TRUE(rl_pass_seconds(b.plan, &group, &last));
    CU_ASSERT_TRUE(generation.decode > 256 * first && generation.decode < 256 * last);
    CU_ASSERT_TRUE(fabs(generation.decode - 128 * (first + last)) < 1e-9 * generation.decode);
  }
  rl_lab_close(&b.lab);
}

RL_SUITE("mistakes of others in seconds", {"bytes over bandwidth", test_bytes_over_bandwidth},
         {"operations over dense peak", test_operations_over_dense_peak}, {"ridge", test_ridge},
         {"both roofs in both phases", test_both_roofs_in_both_phases},
         {"verification", test_verification_is_no_eight_steps},
         {"generation at each length", test_generation_at_each_length})
