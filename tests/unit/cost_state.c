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

/* 24 channels, 5 states, in bf16: vector T 24 (7 5 + 6) = 10 24 41 = 9840; weights 24 5 2 + 24 2 =
 * 288; state 24 5 4 = 480 in fp32 for 6 sequences: 2880 each way; reads T (24 + 24 + 5 + 5) 2 =
 * 1160, writes T 24 2 = 480. */
static void test_scan(void) {
  static const uint64_t counts[RL_COUNTS] = {0, 9840, 288, 2880, 2880, 1160, 480};
  uint64_t moments[RL_MOMENTS_MAX];
  begin();
  uint32_t state = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 24, 5);
  uint32_t x = tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 24);
  uint32_t b = tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 5);
  rl_op *op = fx_op(&built, RL_OP_SCAN, "scan");
  op->at.states = 5;
  fx_read(&built, op, x);
  fx_read(&built, op, x);
  fx_read(&built, op, b);
  fx_read(&built, op, b);
  fx_read(&built, op, state);
  fx_read(&built, op, tensor(RL_ROLE_WEIGHT, RL_EXTENT_FIXED, 24, 5));
  fx_read(&built, op, tensor(RL_ROLE_WEIGHT, RL_EXTENT_FIXED, 1, 24));
  fx_write(&built, op, state);
  fx_write(&built, op, x);
  const rl_cost *cost = compile(moments);
  expect(cost, moments, counts);
  rl_arena_free(&arena);
}

/* 6 heads of 8 channels, 2 groups, 5 states; x, B and C are 6 8 + 2 2 5 = 68 values. */
static const rl_cost *compile_ssd(rl_op_kind kind, uint64_t moments[RL_MOMENTS_MAX]) {
  begin();
  uint32_t state = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 48, 5);
  rl_op *op = fx_op(&built, kind, RL_OP_INFO[kind].name);
  op->at.heads = 6;
  op->at.head_dim = 8;
  op->at.groups = 2;
  op->at.states = 5;
  op->at.chunk = 2;
  op->at.has_bias = true;
  fx_read(&built, op, tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 68));
  fx_read(&built, op, tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 6));
  fx_read(&built, op, state);
  for (int w = 0; w < 3; w++) {
    fx_read(&built, op, tensor(RL_ROLE_WEIGHT, RL_EXTENT_FIXED, 1, 6));
  }
  fx_write(&built, op, state);
  fx_write(&built, op, tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 48));
  return compile(moments);
}

/* Per token 5 a value of the state (48 5), 3 a channel (48), 5 + 1 a head (6): 1200 + 144 + 36 =
 * 1380, T of them; weights 3 6 2; state 48 5 4 6 = 5760; reads T (68 + 6) 2, writes T 48 2. */
static void test_ssd_step(void) {
  static const uint64_t counts[RL_COUNTS] = {0, 13800, 36, 5760, 5760, 1480, 960};
  uint64_t moments[RL_MOMENTS_MAX];
  const rl_cost *cost = compile_ssd(RL_OP_SSD_STEP, moments);
  expect(cost, moments, counts);
  rl_arena_free(&arena);
}

/* Chunks of 2: a prompt of 3 has 2 chunks with 3 + 1 pairs, a decoding sequence 1 with 1: Q = 2 2 +
 * 4 = 8, X = 2 4 + 4 = 12. Matrix: X (2 2 5 + 2 6 8) + 4 T 6 8 5 = 12 116 + 9600 = 10992. Vector: 3
 * 6 a pair, 2 6 8 5 a chunk, 6 48 + 8 6 + 6 a token: 12 18 + 8 480 + 10 342 = 216 + 3840 + 3420. */
static void test_ssd(void) {
  static const uint64_t counts[RL_COUNTS] = {10992, 7476, 36, 5760, 5760, 1480, 960};
  uint64_t moments[RL_MOMENTS_MAX];
  const rl_cost *cost = compile_ssd(RL_OP_SSD, moments);
  expect(cost, moments, counts);
  rl_arena_free(&arena);
}

/* Pairs and chunks against a loop over tokens. */
static void test_chunk_moments(void) {
  for (uint64_t q = 1; q <= 40; q++) {
    for (uint64_t size = 1; size <= 17; size++) {
      rl_moment kinds[] = {{.kind = RL_M_CHUNKS, .chunk = size},
                           {.kind = RL_M_CHUNK_PAIRS, .chunk = size}};
      rl_cost cost = {.moments = kinds, .moment_count = 2};
      rl_group group = {.count = 3, .q = q, .cached = 5};
      uint64_t got[2], chunks = 0, pairs = 0;
      for (uint64_t i = 0; i < q; i++) {
        chunks += i % size == 0;
        pairs += i % size + 1;
      }
      CU_ASSERT(rl_cost_moments(&cost, &(rl_point){&group, 1}, NULL, got));
      CU_ASSERT(got[0] == 3 * chunks && got[1] == 3 * pairs);
    }
  }
}

RL_SUITE("cost of states", {"convolution", test_conv}, {"bare convolution", test_bare_conv},
         {"scan", test_scan}, {"recurrence", test_ssd_step}, {"chunks", test_ssd},
         {"moments of chunks", test_chunk_moments}, {"memory", test_memory},
         {"overflow", test_overflow})
