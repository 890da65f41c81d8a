/* Memory over the phases, the largest batch, verification and the ridge, by hand and by search. */
#include <stdio.h>

#include <string.h>

#include "program_fixture.h"
#include "time/answers.h"
#include "unit.h"

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

static rl_plan *plan_on(const fx_decoder *decoder, uint64_t page) {
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, page, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  return plan;
}

/* Llama-3-8B: weights 16060522496 bytes, KV 131072 a token, activations 86016 T + 256512 R.
 * Prefill of 2048 at batch 2: KV 2 * 2048 rows, T = 4096, R = 2. After 256 generated tokens:
 * 2048 + 255 = 2303 rows, in pages of 16: 2304; T = R = 2. */
static void test_phases(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 16);
  rl_memory memory;
  CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){2, 2048, 256}, &memory, &diags), RL_OK);
  CU_ASSERT_EQUAL(memory.weights, 16060522496);
  CU_ASSERT_EQUAL(memory.kv, 2 * 2048 * 131072ull); /* the prefill: more buffers than KV later */
  CU_ASSERT_EQUAL(memory.activations, 4096 * 86016ull + 2 * 256512);
  CU_ASSERT_EQUAL(memory.total, memory.weights + memory.kv + memory.activations);
  CU_ASSERT_EQUAL(memory.usable, 80000000000);
  CU_ASSERT_TRUE(memory.fits);
  CU_ASSERT_FALSE(memory.decoding);
  CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){2, 2048, 8193}, &memory, &diags), RL_OK);
  CU_ASSERT_EQUAL(memory.kv, 2 * 10240 * 131072ull); /* 2048 + 8192 = 10240 rows: 640 pages */
  CU_ASSERT_EQUAL(memory.activations, 2 * 86016ull + 2 * 256512);
  CU_ASSERT_TRUE(memory.decoding);
  CU_ASSERT_EQUAL(memory.total, memory.weights + memory.kv + memory.activations);
  CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){2, 2048, 1}, &memory, &diags), RL_OK);
  CU_ASSERT_EQUAL(memory.kv, 2 * 2048 * 131072ull);
  rl_arena_free(&arena);
}

/* A window of 1000 keeps 1000 rows of however long a context: the last place of a page of 16, and 63
 * pages for the other 999. */
static void test_window(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  decoder.window = 1000;
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&decoder, 16);
  rl_memory memory;
  CU_ASSERT_EQUAL(rl_memory_fit(plan, (rl_job){3, 100, 100000}, &memory, &diags), RL_OK);
  CU_ASSERT_EQUAL(memory.kv, 3 * 1024 * 131072ull);
  rl_arena_free(&arena);
}

static uint64_t search_slowly(const rl_plan *plan, uint64_t prompt, uint64_t generate) {
  rl_memory memory;
  for (uint64_t batch = 1;; batch++) {
    CU_ASSERT_FATAL(rl_memory_fit(plan, (rl_job){batch, prompt, generate}, &memory, &diags) ==
                    RL_OK);
    if (!memory.fits) return batch - 1;
  }
}

static void test_largest_batch(void) {
  static const struct {
    uint64_t prompt, generate;
    bool stored;
  } CASES[] = {{2048, 256, false},  {1, 1, false},    {2048, 1, true}, {500, 3000, true},
               {100, 60000, false}, {8192, 2, false}, {7, 500, true}};
  fx_accelerator(&machine);
  for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
    fx_decoder decoder = FX_LLAMA_3_8B;
    decoder.stores_scores = CASES[c].stored;
    rl_plan *plan = plan_on(&decoder, 16);
    uint64_t batch = 0, slow;
    CU_ASSERT_EQUAL(rl_largest_batch(plan, CASES[c].prompt, CASES[c].generate, &batch, &diags),
                    RL_OK);
    slow = CASES[c].prompt == 1 ? batch : search_slowly(plan, CASES[c].prompt, CASES[c].generate);
    CU_ASSERT_EQUAL(batch, slow);
    rl_arena_free(&arena);
  }
}

/* Usable 80000000000 - weights 16060522496 = 63939477504 bytes; one token a sequence takes
 * 131072 + 86016 + 256512 = 473600: 135007 sequences (63939295200), not 135008. */
static void test_largest_batch_by_hand(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  uint64_t batch = 0;
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 1, 1, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, 135007);
  machine.levels[1].usable = 16060522496 + 473600 * 5; /* to the byte */
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 1, 1, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, 5);
  machine.levels[1].usable = 16060522496;
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 1, 1, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, 0);
  rl_arena_free(&arena);
}

/* Sums beyond 64 bits do not fit, and a program that stores nothing a sequence fits any batch. */
static void test_largest_batch_extremes(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  uint64_t batch = 0;
  machine.levels[1].usable = UINT64_MAX; /* (2^64 - 1 - 16060522496) / 473600 */
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 1, 1, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, (UINT64_MAX - 16060522496) / 473600);
  rl_cost cost = *plan->cost;
  cost.kv_bytes.terms = cost.activation_bytes.terms = 0;
  cost.moment_count = 0;
  plan->cost = &cost;
  CU_ASSERT_EQUAL(rl_largest_batch(plan, 1, 1, &batch, &diags), RL_OK);
  CU_ASSERT_EQUAL(batch, RL_BATCH_MAX);
  rl_arena_free(&arena);
}

static void test_verify(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  rl_verify verify = {.batch = 1, .cached = 2048, .n = 8};
  double one, eight;
  rl_group group = {.count = 1, .q = 1, .cached = 2048};
  CU_ASSERT(rl_pass_seconds(plan, &group, &one));
  group = (rl_group){.count = 1, .q = 8, .cached = 2048, .logits = RL_LOGITS_ALL};
  CU_ASSERT(rl_pass_seconds(plan, &group, &eight));
  CU_ASSERT_EQUAL(rl_verify_cost(plan, &verify, &diags), RL_OK);
  CU_ASSERT_EQUAL(verify.seconds, eight);
  CU_ASSERT_EQUAL(verify.ratio, eight / one);
  CU_ASSERT(verify.ratio > 1 && verify.ratio < 1.05); /* memory-bound: 8 tokens cost about one */
  verify.n = 1;
  CU_ASSERT_EQUAL(rl_verify_cost(plan, &verify, &diags), RL_OK);
  CU_ASSERT_EQUAL(verify.ratio, 1);
  rl_arena_free(&arena);
}

/* The ridge of the layers, which is known. */
static uint64_t layers_ridge(const rl_plan *plan, uint64_t cached) {
  rl_ridge ridge = rl_ridge_tokens(plan, RL_RIDGE_LAYERS, cached);
  CU_ASSERT(ridge.known);
  return ridge.tokens;
}

/* bf16 on this machine: 2 T rows cols FLOPs at 989.5e12 reach 2 rows cols bytes at 3.35e12 where
 * T = 989.5 / 3.35 = 295.37: 296 tokens, activations being served by the cache. int8 weights with
 * an fp16 scale a row take (cols + 2) / cols bytes for 2 T FLOPs: the widest overhead is that of
 * cols = 4096, T = 147.69 * 4098 / 4096 = 147.76: 148. */
static void test_ridge(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  uint64_t tokens = 0;
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&decoder, 1);
  tokens = layers_ridge(plan, 2048);
  CU_ASSERT_EQUAL(tokens, 296);
  rl_arena_free(&arena);
  decoder.weights = &FX_INT8_ROW;
  plan = plan_on(&decoder, 1);
  tokens = layers_ridge(plan, 2048);
  CU_ASSERT_EQUAL(tokens, 148);
  rl_arena_free(&arena);
}

static bool linear_rows_are_compute_bound(const rl_plan *plan, uint64_t batch, uint64_t cached) {
  static const uint32_t ROWS[] = {2, 5, 7, 9}; /* qkv, o, gate_up, down */
  uint64_t moments[RL_MOMENTS_MAX];
  rl_group group = {.count = batch, .q = 1, .cached = cached};
  bool all = true;
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments));
  for (size_t r = 0; r < 4; r++) {
    rl_demand demand;
    CU_ASSERT_FATAL(rl_row_demand(plan, ROWS[r], moments, &demand));
    all = all && demand.bound == RL_BOUND_COMPUTE;
  }
  return all;
}

/* Against a linear search, with caches that give out around the ridge. */
static void test_ridge_by_search(void) {
  size_t found = 0;
  for (uint64_t c = 0; c < 60; c++) {
    fx_decoder decoder = {.d = 64,
                          .layers = 2,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_dim = 16,
                          .d_ff = 192,
                          .vocabulary = 100,
                          .weights = &FX_BF16,
                          .kv = &FX_BF16};
    uint64_t tokens = 0, slow = 0;
    fx_accelerator(&machine);
    machine.levels[0].capacity = c * 9000;
    machine.levels[0].bandwidth.value = 40e12;
    machine.levels[1].bandwidth.value = 1e12 * (double)(20 + c % 7);
    rl_plan *plan = plan_on(&decoder, 1);
    tokens = layers_ridge(plan, 10);
    for (uint64_t b = 1; b <= 3000 && slow == 0; b++) {
      if (linear_rows_are_compute_bound(plan, b, 10)) slow = b;
    }
    CU_ASSERT(tokens == slow || (slow == 0 && tokens > 3000));
    found += slow != 0;
    rl_arena_free(&arena);
  }
  CU_ASSERT(found > 10 && found < 60);
}

/* Enormous compute: memory-bound at every batch. Enormous bandwidth: compute-bound from one. */
static void test_ridge_at_the_ends(void) {
  uint64_t tokens = 7;
  fx_accelerator(&machine);
  machine.peaks[0].rate.value = 1e30;
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  tokens = layers_ridge(plan, 0);
  CU_ASSERT_EQUAL(tokens, 0);
  rl_arena_free(&arena);
  machine.peaks[0].rate.value = 1e6;
  plan = plan_on(&FX_LLAMA_3_8B, 1);
  tokens = layers_ridge(plan, 0);
  CU_ASSERT_EQUAL(tokens, 1);
  built.runs[1].layers = NULL; /* no layers, no linear operators in them */
  tokens = layers_ridge(plan, 0);
  CU_ASSERT_EQUAL(tokens, 0);
  rl_arena_free(&arena);
}

static rl_bound head_bound(const rl_plan *plan, uint64_t batch) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_group group = {.count = batch, .q = 1, .cached = 2048};
  rl_demand demand = {0};
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments));
  for (uint32_t r = 0; r < plan->cost->row_count; r++) {
    if (strcmp(built.program.ops[plan->cost->rows[r].op].name, "lm_head") != 0) continue;
    CU_ASSERT_FATAL(rl_row_demand(plan, r, moments, &demand));
  }
  return demand.bound;
}

/* The head writes more values a token than the layers' operators, and its ridge is its own. */
static void test_ridge_of_the_head(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  rl_ridge head = rl_ridge_tokens(plan, RL_RIDGE_HEAD, 2048);
  CU_ASSERT(head.known);
  CU_ASSERT_FATAL(head.tokens > 1);
  CU_ASSERT_EQUAL(head_bound(plan, head.tokens), RL_BOUND_COMPUTE);
  CU_ASSERT_EQUAL(head_bound(plan, head.tokens - 1), RL_BOUND_MEMORY);
  rl_arena_free(&arena);
}

/* A cached token takes 2^17 bytes. Behind 2^36 of them 2^11 sequences exceed 64 bits, and the ridge
 * lies below that; behind 2^50 one sequence does, and nothing is known. */
static void test_ridge_beyond_64_bits(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  CU_ASSERT_EQUAL(layers_ridge(plan, UINT64_C(1) << 36), 296);
  rl_ridge ridge = rl_ridge_tokens(plan, RL_RIDGE_LAYERS, UINT64_C(1) << 50);
  CU_ASSERT_FALSE(ridge.known);
  CU_ASSERT_EQUAL(ridge.tokens, 0);
  CU_ASSERT_FALSE(rl_ridge_tokens(plan, RL_RIDGE_LAYERS, UINT64_MAX).known);
  rl_arena_free(&arena);
}

static void expect(rl_status status, rl_diag_code code, const char *message) {
  CU_ASSERT_EQUAL(status, RL_BAD_INPUT);
  CU_ASSERT_FATAL(diags.list.count > 0);
  const rl_diag *last = &diags.list.items[diags.list.count - 1];
  CU_ASSERT_EQUAL(last->code, code);
  CU_ASSERT_STRING_EQUAL(last->message, message);
}

static void test_refusals(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B, 1);
  rl_memory memory;
  uint64_t number;
  rl_verify verify = {.batch = 0, .n = 1};
  expect(rl_memory_fit(plan, (rl_job){1, 0, 1}, &memory, &diags), RL_D_POINT_EMPTY,
         "prompt must be at least 1");
  expect(rl_memory_fit(plan, (rl_job){1ull << 50, 1, 1}, &memory, &diags), RL_D_POINT_OVERFLOW,
         "the counts of batch 1,125,899,906,842,624, 1 new tokens behind 0 exceed 64 bits");
  expect(rl_largest_batch(plan, 1, 0, &number, &diags), RL_D_POINT_EMPTY,
         "generate must be at least 1");
  expect(rl_verify_cost(plan, &verify, &diags), RL_D_POINT_EMPTY, "batch must be at least 1");
  verify = (rl_verify){.batch = 1, .n = 0};
  expect(rl_verify_cost(plan, &verify, &diags), RL_D_POINT_EMPTY, "draft must be at least 1");
  verify = (rl_verify){.batch = 1, .cached = UINT64_MAX, .n = 1};
  expect(rl_verify_cost(plan, &verify, &diags), RL_D_POINT_OVERFLOW,
         "the counts of batch 1, 1 new tokens behind 18,446,744,073,709,551,615 exceed 64 bits");
  verify = (rl_verify){.batch = 1, .n = 1ull << 40};
  expect(rl_verify_cost(plan, &verify, &diags), RL_D_POINT_OVERFLOW,
         "the counts of batch 1, 1,099,511,627,776 new tokens behind 0 exceed 64 bits");
  rl_arena_free(&arena);
}

RL_SUITE("answers", {"memory at its worst phase", test_phases}, {"memory of a window", test_window},
         {"largest batch against a search", test_largest_batch},
         {"largest batch by hand", test_largest_batch_by_hand},
         {"largest batch at its ends", test_largest_batch_extremes}, {"verification", test_verify},
         {"ridge by hand", test_ridge}, {"ridge against a search", test_ridge_by_search},
         {"ridge at its ends", test_ridge_at_the_ends}, {"refusals", test_refusals},
         {"ridge of the head", test_ridge_of_the_head},
         {"ridge beyond 64 bits", test_ridge_beyond_64_bits})
