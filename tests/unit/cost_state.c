/* Operators that keep a state, and the states in memory: integers derived by hand. */
#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;

/* Two prompts of 3 tokens and four sequences that decode: T = 10, 6 sequences. */
static const rl_group GROUPS[] = {{.count = 2, .q = 3}, {.count = 4, .q = 1, .cached = 9}};

static void begin(void) {
  fx_begin(&built);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
}

static uint32_t tensor(rl_role role, rl_extent extent, uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, role, &FX_BF16, extent, rows, cols);
}

/* Compiles the list, each operator of which stands in three layers. */
static const rl_cost *compile(uint64_t moments[RL_MOMENTS_MAX]) {
  rl_cost *cost = NULL;
  fx_run(&built, 3);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){GROUPS, 2}, NULL, moments));
  return cost;
}

static uint64_t value_of(const rl_cost *cost, const rl_form *form, const uint64_t *moments) {
  uint64_t value = 0;
  CU_ASSERT(rl_form_value(cost, form, moments, &value));
  return value;
}

static void expect(const rl_cost *cost, const uint64_t *moments, const uint64_t *counts) {
  for (int k = 0; k < RL_COUNTS; k++) {
    CU_ASSERT_EQUAL(value_of(cost, &cost->rows[0].counts[k], moments), counts[k]);
  }
}

/* 24 channels, 4 taps, bias, silu, in bf16:
 * vector: T 24 (2 4 + 1 + 4) = 10 24 13 = 3120; weights 24 4 2 + 24 2 = 240;
 * tail 3 24 2 = 144 a sequence, read and written for 6: 864; activations T 24 2 = 480 each way. */
static rl_op *add_conv(void) {
  uint32_t in = tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 24);
  uint32_t tail = tensor(RL_ROLE_STATE, RL_EXTENT_SEQUENCES, 3, 24);
  built.tensors[tail].run = 0;
  rl_op *op = fx_op(&built, RL_OP_CONV, "conv");
  fx_read(&built, op, in);
  fx_read(&built, op, tail);
  fx_read(&built, op, tensor(RL_ROLE_WEIGHT, RL_EXTENT_FIXED, 24, 4));
  fx_read(&built, op, tensor(RL_ROLE_WEIGHT, RL_EXTENT_FIXED, 1, 24));
  fx_write(&built, op, tail);
  fx_write(&built, op, in);
  op->at.taps = 4;
  op->at.has_bias = op->at.has_activation = true;
  op->at.activation = RL_SILU;
  return op;
}

static void test_conv(void) {
  static const uint64_t counts[RL_COUNTS] = {0, 3120, 240, 864, 864, 480, 480};
  uint64_t moments[RL_MOMENTS_MAX];
  begin();
  add_conv();
  const rl_cost *cost = compile(moments);
  expect(cost, moments, counts);
  rl_arena_free(&arena);
}

/* Without bias and activation only the taps are work: T 24 2 4 = 1920. */
static void test_bare_conv(void) {
  uint64_t moments[RL_MOMENTS_MAX];
  begin();
  rl_op *op = add_conv();
  op->at.has_bias = op->at.has_activation = false;
  const rl_cost *cost = compile(moments);
  CU_ASSERT_EQUAL(value_of(cost, &cost->rows[0].counts[RL_C_VECTOR], moments), 1920);
  rl_arena_free(&arena);
}

/* Three layers keep 3 144 = 432 bytes a sequence, however long it is: 6 432 = 2592. What
 * sequences keep is both, states and KV: 5 rows of 8 bf16 values in one layer of it, 6 3 + 4 10 =
 * 46 rows a pass. */
static void test_memory(void) {
  uint64_t moments[RL_MOMENTS_MAX], bytes;
  begin();
  add_conv();
  tensor(RL_ROLE_KV, RL_EXTENT_KV, 5, 8);
  const rl_cost *cost = compile(moments);
  uint64_t kv = (2 * 3 + 4 * 10) * 5 * 8 * 2;
  CU_ASSERT(rl_program_state_bytes(&built.program, &bytes) && bytes == 432);
  CU_ASSERT(rl_program_keeps(&built.program, RL_ROLE_STATE));
  CU_ASSERT_EQUAL(value_of(cost, &cost->state_bytes, moments), 2592);
  CU_ASSERT_EQUAL(value_of(cost, &cost->kv_bytes, moments), kv);
  CU_ASSERT_EQUAL(value_of(cost, &cost->kept_bytes, moments), kv + 2592);
  rl_arena_free(&arena);
  begin();
  CU_ASSERT_FALSE(rl_program_keeps(&built.program, RL_ROLE_STATE));
  rl_arena_free(&arena);
}

/* A state beyond 64 bits is a diagnostic. */
static void test_overflow(void) {
  rl_cost *cost = NULL;
  begin();
  tensor(RL_ROLE_STATE, RL_EXTENT_SEQUENCES, UINT64_C(1) << 32, UINT64_C(1) << 32);
  CU_ASSERT_NOT_EQUAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL(diags.list.items[0].code, RL_D_COST_OVERFLOW);
  rl_arena_free(&arena);
}

RL_SUITE("cost of states", {"convolution", test_conv}, {"bare convolution", test_bare_conv},
         {"memory", test_memory}, {"overflow", test_overflow})
