/* Who attends to whom, shown by what comes out: the queries are zero, so every attended key has the
 * same weight, and values are powers of two, so the sum of the attended ones names each of them. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;
enum { Q, K, V, OUT, SCORES };

/* One KV head, two query heads of one value. Cached rows and new rows hold 2^j. */
static void attention_fixture(uint64_t cached, uint64_t q, const int32_t *parent, uint64_t window) {
  static const float zeros[2 * FIXTURE_TOKENS] = {0};
  float rows[40] = {0};
  rl_fixture_init(&f, RL_OP_ATTENTION);
  f.op.at = (rl_op_attributes){
      .heads = 2, .kv_heads = 1, .head_dim = 1, .window = window, .score_scale = 1};
  rl_fixture_sequence(&f, 1, 2, 0, NULL); /* another sequence before it: rows must not mix */
  rl_fixture_sequence(&f, q, cached, 0, parent);
  for (uint64_t j = 0; j < cached + q; j++) rows[20 + j] = (float)(1u << j);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 2, 1, zeros);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 2, 1, NULL);
  rl_fixture_scores(&f, 2);
}

static void run(rl_op_kind kind, uint32_t a, uint32_t b, uint32_t c, uint32_t out) {
  f.op.kind = kind;
  f.op.operand_count = 0;
  if (a != RL_NONE) rl_fixture_operand(&f, a, RL_READ, 0);
  if (b != RL_NONE) rl_fixture_operand(&f, b, RL_READ, 0);
  if (c != RL_NONE) rl_fixture_operand(&f, c, RL_READ, 0);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  rl_fixture_run(&f);
}

/* Bit j: new token i attends to key j. */
static uint32_t attended(uint64_t i, unsigned count) {
  return (uint32_t)lround(rl_fixture_value(&f, OUT, (1 + i) * 2 + 1) * (float)count);
}

static void check_both_ways(const uint32_t *sets, uint64_t q) {
  run(RL_OP_ATTENTION, Q, K, V, OUT);
  for (uint64_t i = 0; i < q; i++) {
    CU_ASSERT_EQUAL(attended(i, (unsigned)__builtin_popcount(sets[i])), sets[i]);
  }
  run(RL_OP_SCORES, Q, K, RL_NONE, SCORES);
  run(RL_OP_SOFTMAX, SCORES, RL_NONE, RL_NONE, SCORES);
  run(RL_OP_MIX, SCORES, V, RL_NONE, OUT);
  for (uint64_t i = 0; i < q; i++) {
    CU_ASSERT_EQUAL(attended(i, (unsigned)__builtin_popcount(sets[i])), sets[i]);
  }
}

static void test_causal(void) {
  static const uint32_t sets[] = {0x0f, 0x1f, 0x3f};
  attention_fixture(3, 3, NULL, 0);
  check_both_ways(sets, 3);
}

/* Three keys, the query's own among them. */
static void test_window(void) {
  static const uint32_t sets[] = {0x1c, 0x38, 0x70};
  attention_fixture(4, 3, NULL, 3);
  check_both_ways(sets, 3);
  run(RL_OP_ATTENTION, Q, K, V, OUT);
  /* rows 2..6 of this sequence and all three of the other */
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), (5 + 3) * 4);
}

static void test_window_before_context_is_full(void) {
  static const uint32_t sets[] = {0x3, 0x7, 0xf, 0x1e};
  attention_fixture(1, 4, NULL, 4);
  check_both_ways(sets, 4);
}

/* Nodes 0 and 1 are children of the context, 2 of 0, 3 of 2. */
static void test_tree(void) {
  static const int32_t parent[] = {-1, -1, 0, 2};
  static const uint32_t sets[] = {0x7, 0xb, 0x17, 0x37};
  attention_fixture(2, 4, parent, 0);
  check_both_ways(sets, 4);
}

/* Under a window of 3 a child of the context sees 2 cached keys, node 2 one, node 3 none of them:
 * its branch 0, 2, 3 fills the window. */
static void test_tree_with_window(void) {
  static const int32_t parent[] = {-1, -1, 0, 2};
  static const uint32_t sets[] = {0x0e, 0x16, 0x2c, 0x68};
  attention_fixture(3, 4, parent, 3);
  check_both_ways(sets, 4);
}

/* One query, keys 0 and 1, values 0 and 1 at row 0 and 1: scores 0 and s, so the result is the
 * logistic function of s. s = q k scale = 6, capped to 2 tanh(3). */
static void test_scale_and_cap(void) {
  static const float q[] = {4}, rows[20] = {0, 1};
  static const double scale = 1.5;
  for (int capped = 0; capped < 2; capped++) {
    rl_fixture_init(&f, RL_OP_ATTENTION);
    f.op.at = (rl_op_attributes){
        .heads = 1, .kv_heads = 1, .head_dim = 1, .score_scale = scale, .softcap = capped ? 2 : 0};
    rl_fixture_sequence(&f, 1, 1, 0, NULL);
    rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 1, q);
    rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
    rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
    rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 1, NULL);
    run(RL_OP_ATTENTION, Q, K, V, OUT);
    double s = capped ? 2 * tanh(3) : 6;
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, OUT, 0), 1 / (1 + exp(-s)), 1e-6);
  }
}

/* One query at position 4 behind four cached keys, zero products: the stored score of key j is
 * minus slope times (4 - j). The paper's 8 heads have the slopes 1/2, 1/4, ... 1/256; 12 heads have
 * those of 8, then the 1st, 3rd, 5th and 7th of 16, which begin at 2^(-1/2). */
static void alibi_fixture(uint64_t heads, const int32_t *parent) {
  static const float zeros[12 * FIXTURE_TOKENS] = {0};
  static const float rows[12 * 20] = {0};
  rl_fixture_init(&f, RL_OP_SCORES);
  f.op.at = (rl_op_attributes){
      .heads = heads, .kv_heads = 1, .head_dim = 1, .score_scale = 0.25, .alibi = 8};
  rl_fixture_sequence(&f, parent == NULL ? 1 : 3, 4, 0, parent);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, heads, 1, zeros);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, heads, 1, NULL);
  rl_fixture_scores(&f, heads);
}

static void check_slopes(uint64_t heads, const double *slopes) {
  alibi_fixture(heads, NULL);
  run(RL_OP_SCORES, Q, K, RL_NONE, SCORES);
  for (uint64_t j = 0; j <= 4; j++) {
    for (uint64_t h = 0; h < heads; h++) {
      double expected = -slopes[h] * (double)(4 - j);
      CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, SCORES, j * heads + h), expected, 1e-6);
    }
  }
}

static void test_alibi(void) {
  static const double eight[] = {0.5,      0.25,     0.125,     1.0 / 16,
                                 1.0 / 32, 1.0 / 64, 1.0 / 128, 1.0 / 256};
  static const double twelve[] = {0.5,       0.25,          0.125,         1.0 / 16,
                                  1.0 / 32,  1.0 / 64,      1.0 / 128,     1.0 / 256,
                                  M_SQRT1_2, M_SQRT1_2 / 2, M_SQRT1_2 / 4, M_SQRT1_2 / 8};
  check_slopes(8, eight);
  check_slopes(12, twelve);
}

/* Added before scaling by a quarter, the bias is a quarter of itself. On a branch the distance is
 * that of positions: node 2, the child of node 0, stands at position 5, and node 1 beside it. */
static void test_alibi_scaled_and_on_branches(void) {
  static const int32_t parent[] = {-1, -1, 0};
  alibi_fixture(8, NULL);
  f.op.at.alibi_scaled = true;
  run(RL_OP_SCORES, Q, K, RL_NONE, SCORES);
  CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, SCORES, 0), -0.5 * 4 / 4, 1e-6);
  alibi_fixture(8, parent);
  run(RL_OP_SCORES, Q, K, RL_NONE, SCORES);
  static const double distance[] = {5, 4, 3, 2, 1, INFINITY, 0};
  for (uint64_t j = 0; j < 7; j++) {
    double got = rl_fixture_value(&f, SCORES, (2 * 7 + j) * 8);
    CU_ASSERT(got == -0.5 * distance[j]);
  }
}

/* Scores of 0 and 600: exp(600) is beyond fp32, relative to the largest score nothing is. */
static void test_large_scores(void) {
  static const float q[] = {600}, rows[20] = {0, 1};
  rl_fixture_init(&f, RL_OP_ATTENTION);
  f.op.at = (rl_op_attributes){.heads = 1, .kv_heads = 1, .head_dim = 1, .score_scale = 1};
  rl_fixture_sequence(&f, 1, 1, 0, NULL);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 1, q);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 1, NULL);
  rl_fixture_scores(&f, 1);
  run(RL_OP_ATTENTION, Q, K, V, OUT);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, OUT, 0), 1);
  run(RL_OP_SCORES, Q, K, RL_NONE, SCORES);
  run(RL_OP_SOFTMAX, SCORES, RL_NONE, RL_NONE, SCORES);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, SCORES, 0), 0);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, SCORES, 1), 1);
}

/* Three query heads share each of two KV heads: heads 0..2 get value 10, heads 3..5 value 20. */
static void test_query_groups(void) {
  static const float q[6] = {0}, rows[40] = {10, 20};
  rl_fixture_init(&f, RL_OP_ATTENTION);
  f.op.at = (rl_op_attributes){.heads = 6, .kv_heads = 2, .head_dim = 1, .score_scale = 1};
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 6, 1, q);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 2, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 2, 1, rows);
  rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 6, 1, NULL);
  run(RL_OP_ATTENTION, Q, K, V, OUT);
  for (uint64_t h = 0; h < 6; h++) CU_ASSERT_EQUAL(rl_fixture_value(&f, OUT, h), h < 3 ? 10 : 20);
}

RL_SUITE("attention", {"causal", test_causal}, {"window", test_window},
         {"window before the context is full", test_window_before_context_is_full},
         {"tree", test_tree}, {"tree with window", test_tree_with_window},
         {"scale and cap", test_scale_and_cap}, {"alibi", test_alibi},
         {"alibi, scaled and on branches", test_alibi_scaled_and_on_branches},
         {"large scores", test_large_scores}, {"query groups", test_query_groups})
