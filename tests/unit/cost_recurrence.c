/* What linear attention counts: integers derived by hand. Two sequences of two tokens, T = 4; a
 * state is kept in fp32, everything else in bf16. */
#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;

static rl_op *begin(rl_op_kind kind, uint64_t heads, uint64_t key_dim, uint64_t value_dim) {
  fx_begin(&built);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_op *op = fx_op(&built, kind, "recurrence");
  op->at.heads = op->at.key_heads = heads;
  op->at.key_dim = key_dim;
  op->at.value_dim = value_dim;
  op->at.score_scale = 1;
  return op;
}

static uint32_t act(uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, 1, cols);
}
static uint32_t weight(uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, rows, cols);
}

/* The state and the result, written. */
static void finish(rl_op *op, uint32_t state) {
  fx_write(&built, op, state);
  fx_write(&built, op, act(op->at.heads * op->at.value_dim));
}

static uint32_t state_of(const rl_op *op) {
  return fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES,
                   op->at.heads * op->at.key_dim, op->at.value_dim);
}

static void expect(const uint64_t counts[RL_COUNTS]) {
  const rl_group group = {.count = 2, .q = 2, .cached = 7};
  uint64_t moments[RL_MOMENTS_MAX];
  rl_cost *cost = NULL;
  fx_run(&built, 3);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments));
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
  rl_arena_free(&arena);
}
#define EXPECT(...) expect((const uint64_t[RL_COUNTS]){__VA_ARGS__})

/* 4 heads of 3 keys and 5 values: 60 values of state, 240 bytes, a sequence: 480 both ways.
 * vector: 4 5 60 = 1200. in: q and k 4 12 2 each, v 4 20 2: 352; out 160. A score factor multiplies
 * the 4 20 results: 80 more. */
static void test_retention(void) {
  for (int scaled = 0; scaled < 2; scaled++) {
    rl_op *op = begin(RL_OP_RETENTION, 4, 3, 5);
    if (scaled) op->at.score_scale = 0.5;
    fx_read(&built, op, act(12));
    fx_read(&built, op, act(12));
    fx_read(&built, op, act(20));
    uint32_t state = state_of(op);
    fx_read(&built, op, state);
    finish(op, state);
    EXPECT(0, scaled ? 1280 : 1200, 0, 480, 480, 352, 160);
  }
}

/* The same with 2 key heads: q and k 4 6 2 each, v 160, two gates a head 4 8 2: 320; A and its bias
 * 4 2 each: 16. vector: a state's 60 values 7 times, 12 of q and k 3 times, 20 of v twice, 4 gates
 * 11 times: 4 (420 + 36 + 40 + 44) = 2160. */
static void test_gated_delta(void) {
  rl_op *op = begin(RL_OP_GATED_DELTA, 4, 3, 5);
  op->at.key_heads = 2;
  fx_read(&built, op, act(6));
  fx_read(&built, op, act(6));
  fx_read(&built, op, act(20));
  fx_read(&built, op, act(8));
  uint32_t state = state_of(op);
  fx_read(&built, op, state);
  fx_read(&built, op, weight(1, 4));
  fx_read(&built, op, weight(1, 4));
  finish(op, state);
  EXPECT(0, 2160, 16, 480, 480, 320, 160);
}

/* 4 heads of 3 by 3: 36 values of state, 144 bytes: 288 both ways. in: four inputs of 4 12 2: 384;
 * out 96; the bonus 12 2 = 24. vector: 4 (5 36 + 6 12 + 2 12) = 1104. */
static void test_wkv(void) {
  rl_op *op = begin(RL_OP_WKV, 4, 3, 3);
  for (int i = 0; i < 4; i++) fx_read(&built, op, act(12));
  uint32_t state = state_of(op);
  fx_read(&built, op, state);
  fx_read(&built, op, weight(4, 3));
  finish(op, state);
  EXPECT(0, 1104, 24, 288, 288, 384, 96);
}

/* T = 4, 2 sequences, 10 values: in 80, out 80, the tokens before 2 10 2 = 40 both ways; a
 * difference of 40 values; x + m dx of 40 values with shares of 20 bytes, or of each token: 80. */
static void test_shift(void) {
  rl_op *op = begin(RL_OP_TOKEN_SHIFT, 1, 1, 1);
  uint32_t tail = fx_tensor(&built, RL_ROLE_STATE, &FX_BF16, RL_EXTENT_SEQUENCES, 1, 10);
  fx_read(&built, op, act(10));
  fx_read(&built, op, tail);
  fx_write(&built, op, tail);
  fx_write(&built, op, act(10));
  EXPECT(0, 40, 0, 40, 40, 80, 80);
  for (int by_token = 0; by_token < 2; by_token++) {
    op = begin(by_token ? RL_OP_LERP_BY : RL_OP_LERP, 1, 1, 1);
    fx_read(&built, op, act(10));
    fx_read(&built, op, act(10));
    fx_read(&built, op, by_token ? act(10) : weight(1, 10));
    fx_write(&built, op, act(10));
    EXPECT(0, 80, by_token ? 0 : 20, 0, 0, by_token ? 240 : 160, 80);
  }
}

/* 4 tokens of 10 values: a gate for each, 4 operations and a product, or one gate a token. */
static void test_sigmoid_gate(void) {
  for (int each = 0; each < 2; each++) {
    rl_op *op = begin(RL_OP_SIGMOID_GATE, 1, 1, 1);
    fx_read(&built, op, act(10));
    fx_read(&built, op, act(each ? 10 : 1));
    fx_write(&built, op, act(10));
    EXPECT(0, each ? 200 : 56, 0, 0, 0, each ? 160 : 88, 80);
  }
}

/* A prompt of 10 in chunks of 4: 10 + 10 + 3 = 23 pairs, 3 chunks; one sequence decodes; classes
 * part at 5 tokens. 2 heads of 3 keys and 5 values, 30 values of state. retention: matrix 2 2 (23 3
 * + 23 5) + 4 10 30 = 1936. vector, chunks: 23 2 + 2 3 30 + 10 2 (3 + 2 5) = 486; the step 5 30 =
 * 150. delta: matrix 2 2 (23 9 + 23 10) + 6 10 30 = 3548. vector, chunks: 2 23 2 + 180 + 260 = 532;
 * the step 7 30 = 210; 11 tokens of 3 12 + 2 10 + 11 2 = 78: 858. */
static void test_chunks(void) {
  static const uint64_t expected[2][2] = {{1936, 486 + 150}, {3548, 532 + 210 + 858}};
  const rl_group groups[] = {{.count = 1, .q = 10}, {.count = 1, .q = 1, .cached = 7}};
  for (int delta = 0; delta < 2; delta++) {
    uint64_t moments[RL_MOMENTS_MAX], value = 0;
    rl_cost *cost = NULL;
    rl_op *op = begin(delta ? RL_OP_GATED_DELTA : RL_OP_RETENTION, 2, 3, 5);
    op->at.chunk = 4;
    fx_read(&built, op, act(6));
    fx_write(&built, op, act(10));
    fx_run(&built, 3);
    built.program.decode_tokens = 5;
    CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
    CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){groups, 2}, NULL, moments));
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[RL_C_MATRIX], moments, &value));
    CU_ASSERT_EQUAL(value, expected[delta][0]);
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[RL_C_VECTOR], moments, &value));
    CU_ASSERT_EQUAL(value, expected[delta][1]);
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[RL_C_ACT_READ], moments, &value));
    CU_ASSERT_EQUAL(value, 11 * 6 * 2); /* of both classes */
    rl_arena_free(&arena);
  }
}

RL_SUITE("cost of recurrences", {"retention", test_retention}, {"gated delta", test_gated_delta},
         {"wkv", test_wkv}, {"shift", test_shift}, {"chunks", test_chunks},
         {"sigmoid gate", test_sigmoid_gate})
