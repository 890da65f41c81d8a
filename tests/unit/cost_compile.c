/* Compilation: interning, the proof of `safe`, overflow that is told, memory that runs out. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "cost/cost.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;

static rl_cost *compile_decoder(const fx_decoder *decoder) {
  rl_cost *cost = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  return cost;
}

static void test_interning(void) {
  rl_cost *cost = compile_decoder(&FX_LLAMA_3_8B);
  for (uint32_t a = 0; a < cost->moment_count; a++) {
    for (uint32_t b = 0; b < a; b++) {
      const rl_moment *x = &cost->moments[a], *y = &cost->moments[b];
      CU_ASSERT(x->kind != y->kind || x->window != y->window || x->page != y->page);
    }
  }
  /* the two norms, in different runs, count alike */
  for (int k = 0; k < RL_COUNTS; k++) {
    CU_ASSERT_EQUAL(cost->rows[1].counts[k].first, cost->rows[11].counts[k].first);
    CU_ASSERT_EQUAL(cost->rows[1].counts[k].terms, cost->rows[11].counts[k].terms);
  }
  rl_arena_free(&arena);
}

/* Sum over rows and repeats of some counts, without any wrapping. */
static rl_u128 total(const rl_cost *cost, const uint64_t *moments, rl_count from, rl_count to) {
  rl_u128 sum = 0;
  for (uint32_t r = 0; r < cost->row_count; r++) {
    for (int k = (int)from; k <= (int)to; k++) {
      uint64_t value = 0;
      CU_ASSERT(rl_form_value(cost, &cost->rows[r].counts[k], moments, &value));
      sum += (rl_u128)value * cost->rows[r].repeat;
    }
  }
  return sum;
}

/* With every moment at its bound no total reaches 2^63; the bounds are not needlessly small: at
 * least one total exceeds half of that. One above any bound is not safe any more. */
static void test_safe_is_proved(void) {
  rl_cost *cost = compile_decoder(&FX_LLAMA_3_8B);
  uint64_t moments[RL_MOMENTS_MAX];
  memcpy(moments, cost->safe, cost->moment_count * sizeof *moments);
  CU_ASSERT(rl_cost_is_safe(cost, moments));
  rl_u128 limit = INT64_MAX;
  rl_u128 matrix = total(cost, moments, RL_C_MATRIX, RL_C_MATRIX);
  CU_ASSERT(matrix <= limit && matrix > limit / 2);
  CU_ASSERT(total(cost, moments, RL_C_VECTOR, RL_C_VECTOR) <= limit);
  CU_ASSERT(total(cost, moments, RL_C_WEIGHTS, RL_C_ACT_WRITE) <= limit);
  uint64_t memory = 0;
  CU_ASSERT(rl_form_value(cost, &cost->kv_bytes, moments, &memory) && memory <= INT64_MAX);
  CU_ASSERT(rl_form_value(cost, &cost->activation_bytes, moments, &memory) && memory <= INT64_MAX);
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    moments[m]++;
    CU_ASSERT_FALSE(rl_cost_is_safe(cost, moments));
    moments[m]--;
  }
  rl_group long_prompt = {.count = 1, .q = 1 << 20, .cached = 0}; /* a million tokens are safe */
  CU_ASSERT(rl_cost_moments(cost, &(rl_point){&long_prompt, 1}, NULL, moments));
  CU_ASSERT(rl_cost_is_safe(cost, moments));
  rl_arena_free(&arena);
}

/* A form's value around 2^64, and division that rounds up. */
static void test_form_value(void) {
  static const uint64_t coefficients[] = {1ull << 32, 1};
  static const uint32_t form_moments[] = {0, 1};
  rl_cost cost = {.coefficients = coefficients, .form_moments = form_moments};
  rl_form form = {0, 2, 1};
  uint64_t value = 0;
  CU_ASSERT(rl_form_value(&cost, &form, (const uint64_t[]){UINT32_MAX, UINT32_MAX}, &value));
  CU_ASSERT_EQUAL(value, UINT64_MAX);
  CU_ASSERT_FALSE(rl_form_value(&cost, &form, (const uint64_t[]){UINT32_MAX, 1ull << 32}, &value));
  CU_ASSERT_FALSE(rl_form_value(&cost, &form, (const uint64_t[]){1ull << 32, 0}, &value));
  form.divisor = 3; /* (2^32 * 2^32 + 2) / 3 = 6148914691236517206; one more rounds up */
  CU_ASSERT(rl_form_value(&cost, &form, (const uint64_t[]){1ull << 32, 2}, &value));
  CU_ASSERT_EQUAL(value, 6148914691236517206u);
  CU_ASSERT(rl_form_value(&cost, &form, (const uint64_t[]){1ull << 32, 3}, &value));
  CU_ASSERT_EQUAL(value, 6148914691236517207u);
  rl_form nothing = {0, 0, 1};
  CU_ASSERT(rl_form_value(&cost, &nothing, (const uint64_t[]){1, 1}, &value));
  CU_ASSERT_EQUAL(value, 0);
}

/* Sums of 128 bits may overflow too: three products just below 2^128. */
static void test_form_value_beyond_128_bits(void) {
  static const uint64_t coefficients[] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
  static const uint32_t form_moments[] = {0, 0, 0};
  rl_cost cost = {.coefficients = coefficients, .form_moments = form_moments};
  uint64_t value, moment = UINT64_MAX;
  CU_ASSERT_FALSE(rl_form_value(&cost, &(rl_form){0, 3, UINT64_MAX}, &moment, &value));
}

static void expect_diagnostic(rl_diag_code code, const char *message) {
  rl_cost *cost = NULL;
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_BAD_INPUT);
  CU_ASSERT_PTR_NULL(cost);
  CU_ASSERT_EQUAL_FATAL(diags.list.count, 1);
  CU_ASSERT_EQUAL(diags.list.items[0].code, code);
  CU_ASSERT_STRING_EQUAL(diags.list.items[0].message, message);
  rl_arena_free(&arena);
}

static void test_coefficient_overflow(void) {
  rl_arena_init(&arena, NULL);
  fx_begin(&built);
  rl_op *op = fx_op(&built, RL_OP_LINEAR, "up_proj"); /* 2^66 multiply-adds a token */
  fx_read(&built, op,
          fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1ull << 33, 1ull << 33));
  fx_run(&built, 1);
  expect_diagnostic(RL_D_COST_OVERFLOW, "up_proj: a count of one token exceeds 64 bits");
  fx_begin(&built); /* stored in 2^62 * 4 layers */
  fx_tensor(&built, RL_ROLE_KV, &FX_BF16, RL_EXTENT_KV, 1ull << 32, 1ull << 29);
  built.tensors[0].run = 0;
  fx_run(&built, 4);
  expect_diagnostic(RL_D_COST_OVERFLOW, "memory: a count of one token exceeds 64 bits");
}

static void test_too_many_windows(void) {
  rl_arena_init(&arena, NULL);
  fx_begin(&built);
  for (uint64_t w = 1; w < 150; w++) { /* two moments each */
    rl_op *op = fx_op(&built, RL_OP_ATTENTION, "attention");
    op->at.heads = op->at.head_dim = 1;
    op->at.window = w;
    fx_read(&built, op, fx_tensor(&built, RL_ROLE_KV, &FX_BF16, RL_EXTENT_KV, 1, 1));
  }
  fx_run(&built, 1);
  expect_diagnostic(
      RL_D_COST_MOMENTS,
      "attention: the model has more different attention windows than can be counted");
}

/* An allocator that gives `left` blocks and then none. */
static void *limited(void *context, size_t bytes) {
  size_t *left = context;
  if (*left == 0) return NULL;
  --*left;
  return malloc(bytes);
}
static void release(void *context, void *block) {
  (void)context;
  free(block);
}

static void test_memory_runs_out(void) {
  fx_decode(&built, &FX_LLAMA_3_8B);
  rl_status status = RL_ENVIRONMENT;
  size_t blocks = 0;
  for (; status != RL_OK && blocks < 1000; blocks++) {
    size_t left = blocks;
    rl_allocator allocator = {limited, release, &left, 1}; /* each allocation asks */
    rl_cost *cost = NULL;
    rl_arena plenty;
    rl_arena_init(&arena, &allocator);
    rl_arena_init(&plenty, NULL);
    rl_diags_init(&diags, &plenty);
    status = rl_cost_compile(&arena, &built.program, 1, &cost, &diags);
    CU_ASSERT_EQUAL(status == RL_OK, cost != NULL);
    CU_ASSERT(status == RL_OK || (status == RL_ENVIRONMENT && diags.out_of_memory));
    rl_arena_free(&arena);
    rl_arena_free(&plenty);
  }
  CU_ASSERT_EQUAL(status, RL_OK);
  CU_ASSERT(blocks > 1);
}

RL_SUITE("compile", {"equal moments and forms are one", test_interning},
         {"safe moments are proved", test_safe_is_proved}, {"value of a form", test_form_value},
         {"beyond 128 bits", test_form_value_beyond_128_bits},
         {"coefficient overflow is located", test_coefficient_overflow},
         {"too many windows", test_too_many_windows}, {"memory runs out", test_memory_runs_out})
