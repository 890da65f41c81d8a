/* Counts of what stands beside the linears of experts, of sinks and of chunked attention, by hand:
 * two sequences of 3 tokens behind 4, numbers of 2 bytes. */
#include <string.h>

#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;

static uint32_t act(uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, rows, cols);
}

static rl_op *begin(rl_op_kind kind) {
  fx_begin(&built);
  return fx_op(&built, kind, "row");
}

static void expect(const uint64_t counts[RL_COUNTS]) {
  rl_group group = {.count = 2, .q = 3, .cached = 4};
  uint64_t moments[RL_MOMENTS_MAX];
  rl_arena arena;
  rl_diags diags;
  rl_cost *cost = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
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

/* 6 tokens, 2 choices, 5 values: 10 operations each; 120 bytes an operand. */
static void test_swiglu(void) {
  rl_op *op = begin(RL_OP_SWIGLU);
  fx_read(&built, op, act(2, 5));
  fx_read(&built, op, act(2, 5));
  fx_write(&built, op, act(2, 5));
  EXPECT(0, 10 * 60, 0, 0, 0, 240, 120);
}

/* In: 6 * 10 values and 6 * 3 weights; out: 6 * 3 * 10. */
static void test_weigh(void) {
  rl_op *op = begin(RL_OP_WEIGH);
  op->at.top_k = 3;
  fx_read(&built, op, act(1, 10));
  fx_read(&built, op, act(1, 3));
  fx_write(&built, op, act(3, 10));
  EXPECT(0, 180, 0, 0, 0, 120 + 36, 360);
}

static void test_collect(void) {
  rl_op *op = begin(RL_OP_COLLECT);
  op->at.top_k = 3;
  fx_read(&built, op, act(3, 10));
  fx_write(&built, op, act(1, 10));
  EXPECT(0, 180, 0, 0, 0, 360, 120);
}

/* 24 = 12 * 2 values of 6 tokens: signs and the length 2, one doubling, 11 other rows of the base,
 * 14 a value; 288 bytes an operand, and 24 signs. */
static void test_hadamard(void) {
  rl_op *op = begin(RL_OP_HADAMARD);
  op->at.base = 12;
  fx_read(&built, op, act(1, 24));
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, 24));
  fx_write(&built, op, act(1, 24));
  EXPECT(0, 14 * 144, 48, 0, 0, 288, 288);
}

/* 6 gates of 4 operations and 60 products, or 60 of both. */
static void test_sigmoid_gate(void) {
  for (int each = 0; each < 2; each++) {
    rl_op *op = begin(RL_OP_SIGMOID_GATE);
    fx_read(&built, op, act(1, 10));
    fx_read(&built, op, act(1, each ? 10 : 1));
    fx_write(&built, op, act(1, 10));
    EXPECT(0, each ? 300 : 84, 0, 0, 0, each ? 240 : 132, 120);
  }
}

static void test_position_scale(void) {
  rl_op *op = begin(RL_OP_POSITION_SCALE);
  uint32_t q = act(1, 10);
  fx_read(&built, op, q);
  fx_write(&built, op, q);
  EXPECT(0, 60, 0, 0, 0, 120, 120);
}

static uint32_t cache(void) {
  return fx_tensor(&built, RL_ROLE_KV, &FX_BF16, RL_EXTENT_KV, 2, 8);
}

/* 4 heads over 2 KV heads of 8 values. */
static rl_op *begin_attention(rl_op_kind kind) {
  rl_op *op = begin(kind);
  op->at.heads = 4;
  op->at.kv_heads = 2;
  op->at.head_dim = 8;
  return op;
}

/* Pairs 2 * (5 + 6 + 7) = 36, rows 14; a sink is a score of each of 6 * 4 queries to the softmax, 5
 * operations, and 8 bytes once. */
static void test_sinks(void) {
  rl_op *op = begin_attention(RL_OP_ATTENTION);
  op->at.sinks = true;
  fx_read(&built, op, act(4, 8));
  fx_read(&built, op, cache());
  fx_read(&built, op, cache());
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, 4));
  fx_write(&built, op, act(4, 8));
  EXPECT(4 * 36 * 32, 6 * 4 * 36 + 5 * 24, 8, 14 * 2 * 32, 0, 384, 384);
  op = begin_attention(RL_OP_SOFTMAX);
  uint32_t scores = fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_SCORES, 4, 1);
  op->at.sinks = true;
  fx_read(&built, op, scores);
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, 4));
  fx_write(&built, op, scores);
  EXPECT(0, 5 * 168 + 5 * 24, 8, 0, 0, 336, 336);
}

/* Positions 4, 5, 6. In chunks of 5: 5 keys, then 1 and 2, and rows 0 to 6. In chunks of 4: 1, 2, 3
 * of the chunk that begins with them. */
static void test_chunks(void) {
  for (uint64_t chunk = 4; chunk <= 5; chunk++) {
    uint64_t pairs = chunk == 4 ? 12 : 16, rows = chunk == 4 ? 6 : 14;
    rl_op *op = begin_attention(RL_OP_ATTENTION);
    op->at.within = chunk;
    fx_read(&built, op, act(4, 8));
    fx_read(&built, op, cache());
    fx_read(&built, op, cache());
    fx_write(&built, op, act(4, 8));
    EXPECT(4 * pairs * 32, 6 * 4 * pairs, 0, rows * 2 * 32, 0, 384, 384);
  }
}

/* 2 heads of tables for 2 and 3 tokens, 7 rows each, 28 in all, 4 a token. 6 tokens of 2 sequences:
 * ids 24 bytes, history 2 * 2 * 4 both ways, numbers 6 * 4 * 4; per head 2 + 3 ids, 2 operations
 * each. */
static void test_hash(void) {
  rl_op *op = begin(RL_OP_HASH);
  uint32_t history = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 1, 2);
  built.tensors[history].run = 0;
  op->at.orders = 3;
  op->at.heads = 2;
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_IDS, NULL, RL_EXTENT_TOKENS, 1, 1));
  fx_read(&built, op, history);
  fx_write(&built, op, history);
  fx_write(&built, op, fx_tensor(&built, RL_ROLE_CHOICE, NULL, RL_EXTENT_TOKENS, 1, 4));
  EXPECT(0, 2 * 6 * 2 * 5, 0, 16, 16, 24, 96);
}

/* Rows of 5 values, 10 bytes. 6 tokens are expected to look up 28 (1 - (6/7)^6) = 16.896 of 28
 * rows: (6/7)^6 = 46656 / 117649; 168.96 bytes. */
static void test_gather(void) {
  rl_op *op = begin(RL_OP_GATHER);
  uint32_t table = fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 28, 5);
  built.tensors[table].experts = 28;
  built.tensors[table].top_k = 4;
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_CHOICE, NULL, RL_EXTENT_TOKENS, 1, 4));
  fx_read(&built, op, table);
  fx_write(&built, op, act(1, 20));
  EXPECT(0, 0, 169, 0, 0, 96, 240);
}

static void test_dot(void) {
  rl_op *op = begin(RL_OP_DOT);
  fx_read(&built, op, act(1, 10));
  fx_read(&built, op, act(1, 10));
  fx_write(&built, op, act(1, 1));
  EXPECT(0, 120, 0, 0, 0, 240, 12);
}

RL_SUITE("gates, sinks, chunks", {"swiglu", test_swiglu}, {"weigh", test_weigh},
         {"hadamard", test_hadamard}, {"collect", test_collect},
         {"sigmoid_gate", test_sigmoid_gate}, {"position_scale", test_position_scale},
         {"sinks", test_sinks}, {"chunks", test_chunks}, {"hash", test_hash},
         {"gather", test_gather}, {"dot", test_dot})
