/* Mixtures of experts: the expectation, against exact fractions and against tokens that really
 * choose; what the operators count; forms that are divided. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;

/* --- the expectation --- */

/* 8 experts, 2 a token: 8 (1 - (3/4)^n), in units: 2, 8 - 81/32, 8 - 6561/8192, 8 - 43046721/2^29.
 */
static void test_known(void) {
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, 0), 0);
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, 1), 2 << 20);
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, 4), 5734400);  /* 5.46875 */
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, 8), 7548800);  /* 7.19910 */
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, 16), 8304532); /* 7.91982 */
  CU_ASSERT_EQUAL(rl_expected_experts(8, 2, UINT64_MAX), 8 << 20);
  CU_ASSERT_EQUAL(rl_expected_experts(5, 5, 1), 5 << 20);
  CU_ASSERT_EQUAL(rl_expected_experts(1, 1, 3), 1 << 20);
  CU_ASSERT_EQUAL(rl_expected_experts(4096, 1, 1), 1 << 20);
}

static rl_u128 power(rl_u128 base, unsigned n) {
  rl_u128 result = 1;
  while (n-- > 0) result *= base;
  return result;
}

/* E 2^20 (E^n - (E - k)^n) / E^n, to the nearest. */
static void test_exact_fractions(void) {
  for (unsigned experts = 1; experts <= 40; experts++) {
    for (unsigned k = 1; k <= experts; k++) {
      for (unsigned n = 1; n <= 15; n++) {
        rl_u128 all = power(experts, n);
        rl_u128 used = (all - power(experts - k, n)) * experts * RL_EXPERT_UNIT;
        uint64_t nearest = (uint64_t)((2 * used + all) / (2 * all));
        CU_ASSERT_EQUAL(rl_expected_experts(experts, k, n), nearest);
      }
    }
  }
}

/* One token chooses k; more tokens never choose fewer, and each adds no more than the one before,
 * a unit of rounding apart. */
static void check_growth(uint64_t experts, uint64_t k) {
  uint64_t before = 0, added_before = UINT64_MAX;
  CU_ASSERT_EQUAL(rl_expected_experts(experts, k, 1), k * RL_EXPERT_UNIT);
  for (uint64_t n = 1; n <= 20000; n++) {
    uint64_t now = rl_expected_experts(experts, k, n);
    if (now < before || now > experts * RL_EXPERT_UNIT || now - before > added_before) {
      CU_FAIL("the expectation does not grow as it must");
    }
    added_before = now - before + 1;
    before = now;
  }
}

static void test_growth(void) {
  static const uint64_t pairs[][2] = {{8, 2},   {16, 4},  {60, 4},   {64, 6},   {128, 8},
                                      {256, 8}, {384, 8}, {512, 10}, {4096, 1}, {3, 2}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) check_growth(pairs[i][0], pairs[i][1]);
}

/* xorshift64* (Vigna 2016) */
static uint64_t random_below(uint64_t n) {
  static uint64_t state = 88172645463325252u;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 2685821657736338717u >> 32) % n;
}

/* Distinct experts of one drawn pass: each token takes k different ones. */
static uint64_t draw_pass(uint64_t experts, uint64_t k, uint64_t tokens) {
  uint32_t order[128];
  bool used[128] = {false};
  uint64_t distinct = 0;
  for (uint32_t e = 0; e < experts; e++) order[e] = e;
  for (uint64_t t = 0; t < tokens; t++) {
    for (uint64_t j = 0; j < k; j++) {
      uint64_t pick = j + random_below(experts - j);
      uint32_t expert = order[pick];
      order[pick] = order[j];
      order[j] = expert;
      distinct += !used[expert];
      used[expert] = true;
    }
  }
  return distinct;
}

/* The mean of 20000 drawn passes lies within four of its standard errors (one in 16000 does not).
 */
static void check_simulation(uint64_t experts, uint64_t k, uint64_t tokens) {
  enum { PASSES = 20000 };
  double sum = 0, squares = 0;
  for (int i = 0; i < PASSES; i++) {
    double distinct = (double)draw_pass(experts, k, tokens);
    sum += distinct;
    squares += distinct * distinct;
  }
  double mean = sum / PASSES, variance = squares / PASSES - mean * mean;
  double expected = (double)rl_expected_experts(experts, k, tokens) / (double)RL_EXPERT_UNIT;
  CU_ASSERT(fabs(mean - expected) <= 4 * sqrt(fmax(variance, 0) / PASSES) + 1e-6);
}

static void test_simulation(void) {
  static const uint64_t tokens[] = {1, 2, 4, 8, 16, 64};
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
    check_simulation(8, 2, tokens[i]);
    check_simulation(60, 4, tokens[i]);
    check_simulation(128, 8, tokens[i]);
  }
}

/* --- operators --- */

static void begin(void) {
  fx_begin(&built);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
}

static uint32_t act(uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, rows, cols);
}
static uint32_t choice(void) {
  return fx_tensor(&built, RL_ROLE_CHOICE, NULL, RL_EXTENT_TOKENS, 1, 2);
}
/* Of 8 experts, each with that many rows, a token takes 2. */
static uint32_t experts(const rl_format *format, uint64_t rows, uint64_t cols) {
  uint32_t id = fx_tensor(&built, RL_ROLE_WEIGHT, format, RL_EXTENT_FIXED, 8 * rows, cols);
  built.tensors[id].experts = 8;
  built.tensors[id].top_k = 2;
  return id;
}

static rl_cost *compile(void) {
  rl_cost *cost = NULL;
  fx_run(&built, 3);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  return cost;
}

/* The counts of the first operator: two sequences of two tokens, 4 tokens in all. */
static void expect(const rl_facts *facts, bool expected, const uint64_t counts[RL_COUNTS]) {
  rl_group group = {.count = 2, .q = 2, .cached = 7};
  uint64_t moments[RL_MOMENTS_MAX];
  rl_cost *cost = compile();
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, facts, moments));
  CU_ASSERT_EQUAL(cost->rows[0].expected, expected);
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
  rl_arena_free(&arena);
}
#define EXPECT(facts, expected, ...) \
  expect((facts), (expected), (const uint64_t[RL_COUNTS]){__VA_ARGS__})

/* 4 tokens: logits 4 * 8 * 2 bytes, correction 16; 4 * 2 numbers of 4 bytes, 4 * 2 weights of 2. */
static void test_route(void) {
  for (int corrected = 0; corrected < 2; corrected++) {
    begin();
    rl_op *op = fx_op(&built, RL_OP_ROUTE, "route");
    op->at.experts = 8;
    op->at.top_k = 2;
    fx_read(&built, op, act(1, 8));
    if (corrected) {
      fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, 8));
    }
    fx_write(&built, op, choice());
    fx_write(&built, op, act(1, 2));
    EXPECT(NULL, false, 0, 6 * 4 * 8, corrected ? 16 : 0, 0, 0, 64, 32 + 16);
  }
}

static void make_expert_linear(const rl_format *format, uint64_t input_rows, bool bias) {
  begin();
  rl_op *op = fx_op(&built, RL_OP_EXPERT_LINEAR, "up");
  op->at.experts = 8;
  op->at.top_k = 2;
  op->at.has_bias = bias;
  fx_read(&built, op, act(input_rows, 10));
  fx_read(&built, op, choice());
  fx_read(&built, op, experts(format, 7, 10));
  if (bias) fx_read(&built, op, experts(&FX_BF16, 1, 7));
  fx_write(&built, op, act(2, 7));
}

/* 4 tokens are expected to choose 5.46875 of 8 experts of 7 * 10 * 2 = 140 bytes: 765.625, rounded
 * up once. 2 * 4 * 2 * 7 * 10 FLOPs; 4 * 10 * 2 bytes of input, 32 of choices; 4 * 2 * 7 * 2 out.
 */
static void test_expert_linear(void) {
  rl_facts seen = {.distinct_experts = 3};
  make_expert_linear(&FX_BF16, 1, false);
  EXPECT(NULL, true, 1120, 0, 766, 0, 0, 80 + 32, 112);
  make_expert_linear(&FX_BF16, 1, false);
  EXPECT(&seen, true, 1120, 0, 420, 0, 0, 80 + 32, 112);
  make_expert_linear(&FX_BF16, 2, false); /* an input for each choice */
  EXPECT(NULL, true, 1120, 0, 766, 0, 0, 160 + 32, 112);
  /* biases of 14 bytes: 5.46875 * 154 = 842.1875 in one form, not 766 + 77 */
  make_expert_linear(&FX_BF16, 1, true);
  EXPECT(NULL, true, 1120, 4 * 2 * 7, 843, 0, 0, 80 + 32, 112);
  /* one scale an expert: 5.46875 * (70 + 4) = 404.6875 */
  make_expert_linear(&FX_FP8_TENSOR, 1, false);
  EXPECT(NULL, true, 1120, 0, 405, 0, 0, 80 + 32, 112);
  make_expert_linear(&FX_FP8_TENSOR, 1, false);
  EXPECT(&seen, true, 1120, 0, 222, 0, 0, 80 + 32, 112);
}

static void test_combine(void) {
  begin();
  rl_op *op = fx_op(&built, RL_OP_COMBINE, "combine");
  op->at.top_k = 2;
  fx_read(&built, op, act(2, 10));
  fx_read(&built, op, act(1, 2));
  fx_write(&built, op, act(1, 10));
  EXPECT(NULL, false, 0, 2 * 4 * 2 * 10, 0, 0, 0, 160 + 16, 80);
}

/* --- plans --- */

/* With every moment at its bound no form wraps before it is divided, and no total after. */
static void test_safe(void) {
  make_expert_linear(&FX_FP8_TENSOR, 2, true);
  rl_cost *cost = compile();
  uint64_t total = 0;
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_form *form = &cost->rows[0].counts[RL_C_WEIGHTS];
    rl_u128 sum = 0;
    for (uint32_t t = form->first; t < form->first + form->terms; t++) {
      sum += (rl_u128)cost->coefficients[t] * cost->safe[cost->form_moments[t]];
    }
    CU_ASSERT(form->divisor == RL_EXPERT_UNIT && sum <= INT64_MAX);
  }
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], cost->safe, &value));
    CU_ASSERT(rl_muladd_u64(&total, value, cost->rows[0].repeat));
  }
  CU_ASSERT(total > 0);
  rl_arena_free(&arena);
}

/* The largest models in use stay on the fast path: 58 layers of 256 experts of 3 * 2048 * 7168
 * values (DeepSeek-AI 2024, 4.2), at 2^17 tokens a pass. */
static void test_large_models_are_safe(void) {
  rl_group group = {.count = 64, .q = 2048, .cached = 0};
  uint64_t moments[RL_MOMENTS_MAX];
  begin();
  for (int i = 0; i < 3; i++) {
    rl_op *op = fx_op(&built, RL_OP_EXPERT_LINEAR, "expert");
    op->at.experts = 256;
    op->at.top_k = 8;
    fx_read(&built, op, act(8, 7168));
    fx_read(&built, op, choice());
    uint32_t weight =
        fx_tensor(&built, RL_ROLE_WEIGHT, &FX_FP8_TENSOR, RL_EXTENT_FIXED, 256 * 2048, 7168);
    built.tensors[weight].experts = 256;
    built.tensors[weight].top_k = 8;
    fx_read(&built, op, weight);
    fx_write(&built, op, act(8, 2048));
  }
  fx_run(&built, 58);
  rl_cost *cost = NULL;
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments));
  CU_ASSERT(rl_cost_is_safe(cost, moments));
  rl_arena_free(&arena);
}

/* A scale of a tensor times 2^20 does not fit when a row takes 2^62 bytes: told with its name. */
static void test_overflow(void) {
  begin();
  rl_op *op = fx_op(&built, RL_OP_EXPERT_LINEAR, "vast");
  op->at.experts = 8;
  op->at.top_k = 2;
  fx_read(&built, op, experts(&FX_BF16, 1ull << 33, 1ull << 31));
  fx_run(&built, 1);
  rl_cost *cost = NULL;
  CU_ASSERT_EQUAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(diags.list.count, 1);
  CU_ASSERT_STRING_EQUAL(diags.list.items[0].message, "vast: a count of one token exceeds 64 bits");
  rl_arena_free(&arena);
}

RL_SUITE("experts", {"known expectations", test_known}, {"exact fractions", test_exact_fractions},
         {"growth with tokens", test_growth}, {"drawn passes", test_simulation},
         {"route", test_route}, {"expert_linear", test_expert_linear}, {"combine", test_combine},
         {"safe moments", test_safe}, {"large models are safe", test_large_models_are_safe},
         {"overflow", test_overflow})
