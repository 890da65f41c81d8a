/* Kernels on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-5)

static uint32_t activation(rl_access access, uint64_t rows, uint64_t cols, const float *values) {
  uint32_t t = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

static uint32_t weight(rl_test_format format, uint64_t rows, uint64_t cols, const float *values) {
  uint32_t t = rl_fixture_tensor(&f, RL_ROLE_WEIGHT, format, rows, cols, values);
  rl_fixture_operand(&f, t, RL_READ, 0);
  return t;
}

static void test_table_is_complete(void) {
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    CU_ASSERT_PTR_NOT_NULL(RL_KERNELS[kind].run);
    CU_ASSERT_PTR_NOT_NULL(RL_KERNELS[kind].workspace);
  }
}

static void test_embed(void) {
  static const float table[] = {0, 1, 10, 11, 20, 21, 30, 31};
  static const uint32_t ids[] = {3, 1, 3};
  rl_fixture_init(&f, RL_OP_EMBED);
  rl_fixture_sequence(&f, 3, 0, 0, NULL);
  rl_fixture_operand(&f, rl_fixture_ids(&f, RL_EXTENT_TOKENS, ids), RL_READ, 0);
  weight(TEST_FP32, 4, 2, table);
  uint32_t out = activation(RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 30);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 3), 11);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 12);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 16); /* two distinct rows of two floats */
}

/* A second sequence stands at position 2; OPT's table begins two rows late. */
static void test_embed_by_position(void) {
  static const float table[] = {0, 1, 2, 3, 4};
  rl_fixture_init(&f, RL_OP_EMBED);
  f.op.at.index = RL_INDEX_POSITIONS;
  f.op.at.offset = 2;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  rl_fixture_sequence(&f, 1, 2, 0, NULL);
  weight(TEST_FP32, 5, 1, table);
  uint32_t out = activation(RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 2);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 1), 4);
}

/* Two heads of two: root mean square of (3, 4) is sqrt(12.5), of (1, 1) it is 1. */
static void test_rms_norm(void) {
  static const float x[] = {3, 4, 1, 1}, gain[] = {0, 1};
  rl_fixture_init(&f, RL_OP_NORM);
  f.op.at.weight_offset = 1;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  activation(RL_READ, 2, 2, x);
  weight(TEST_FP32, 1, 2, gain);
  uint32_t out = activation(RL_WRITE, 2, 2, NULL);
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 0), 3 / sqrt(12.5));
  NEAR(rl_fixture_value(&f, out, 1), 2 * 4 / sqrt(12.5));
  NEAR(rl_fixture_value(&f, out, 2), 1);
  NEAR(rl_fixture_value(&f, out, 3), 2);
}

/* (1, 5): mean 3, variance 4; with eps 5 the divisor is 3. */
static void test_layer_norm(void) {
  static const float x[] = {1, 5}, gain[] = {3, 6}, bias[] = {1, -1};
  rl_fixture_init(&f, RL_OP_NORM);
  f.op.at.norm = RL_NORM_LAYER;
  f.op.at.eps = 5;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  activation(RL_READ, 1, 2, x);
  weight(TEST_FP32, 1, 2, gain);
  weight(TEST_FP32, 1, 2, bias);
  uint32_t out = activation(RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 0), -1);
  NEAR(rl_fixture_value(&f, out, 1), 3);
}

/* Two heads of two with gains of their own and no bias: (1, 5) and (0, 8), whose mean is 4 and
 * variance 16. */
static void test_grouped_norm(void) {
  static const float x[] = {1, 5, 0, 8}, gain[] = {3, 6, -1, 2};
  rl_fixture_init(&f, RL_OP_NORM);
  f.op.at.norm = RL_NORM_LAYER;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  activation(RL_READ, 2, 2, x);
  weight(TEST_FP32, 2, 2, gain);
  uint32_t out = activation(RL_WRITE, 2, 2, NULL);
  rl_fixture_run(&f);
  static const double expected[] = {-3, 6, 1, 2};
  for (uint64_t i = 0; i < 4; i++) NEAR(rl_fixture_value(&f, out, i), expected[i]);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 4 * 4);
}

/* Logits of the last token of one sequence, none of another, both of the third. */
static void test_linear_of_last_tokens(void) {
  static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, w[] = {1, 0, 0, 1, 1, -1};
  rl_fixture_init(&f, RL_OP_LINEAR);
  f.op.at.last_tokens = true;
  rl_fixture_sequence(&f, 2, 0, 1, NULL);
  rl_fixture_sequence(&f, 1, 4, 0, NULL);
  rl_fixture_sequence(&f, 2, 1, 2, NULL);
  activation(RL_READ, 1, 2, x);
  weight(TEST_FP32, 3, 2, w);
  uint32_t out = rl_fixture_tensor(&f, RL_ROLE_LOGITS, TEST_FP32, 1, 3, NULL);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  rl_fixture_run(&f);
  static const float expected[] = {3, 4, -1, 7, 8, -1, 9, 10, -1};
  for (uint64_t i = 0; i < 9; i++) CU_ASSERT_EQUAL(rl_fixture_value(&f, out, i), expected[i]);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 3 * 8);
}

static void test_linear_without_tokens_reads_no_weight(void) {
  static const float x[] = {1, 2}, w[] = {1, 2};
  rl_fixture_init(&f, RL_OP_LINEAR);
  f.op.at.last_tokens = true;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  activation(RL_READ, 1, 2, x);
  weight(TEST_FP32, 1, 2, w);
  uint32_t out = rl_fixture_tensor(&f, RL_ROLE_LOGITS, TEST_FP32, 1, 1, NULL);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 0);
}

/* Integer product: codes of x (127, -64) at scale 1, of w in groups of one sum exactly. */
static void test_linear_in_integers(void) {
  static const float x[] = {127, -64, 3}, w[] = {7, -3, 1}, bias[] = {0.5f};
  rl_fixture_init(&f, RL_OP_LINEAR);
  f.op.compute = RL_I8;
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  uint32_t in = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_INT8_TOKEN, 1, 3, x);
  rl_fixture_operand(&f, in, RL_READ, 0);
  weight(TEST_W4_G7, 1, 3, w);
  weight(TEST_FP32, 1, 1, bias);
  uint32_t out = activation(RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 127 * 7 + 64 * 3 + 3 + 0.5f);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 5);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 4);
}

static void rope_fixture(rl_rope_style style, uint64_t position, const float *x) {
  rl_fixture_init(&f, RL_OP_ROPE);
  f.op.at.rope_style = style;
  f.op.at.rope_base = 100; /* frequencies 1 and 1/10 of four rotary dims */
  f.op.at.rotary_dims = 4;
  f.op.at.head_dim = 5;
  f.op.at.heads = f.op.at.kv_heads = 1;
  rl_fixture_sequence(&f, 1, position, 0, NULL);
  uint32_t q = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 5, x);
  uint32_t k = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, 1, 5, x);
  rl_fixture_operand(&f, q, RL_READ, 4);
  rl_fixture_operand(&f, k, RL_READ, 4);
  rl_fixture_operand(&f, q, RL_WRITE, 4);
  rl_fixture_operand(&f, k, RL_WRITE, 4);
}

static void test_rope_styles(void) {
  static const float x[] = {1, 2, 0, 0, 9};
  rope_fixture(RL_ROPE_HALVES, 3, x); /* pairs (0, 2) and (1, 3), angles 3 and 0.3 */
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, 0, 0), cos(3));
  NEAR(rl_fixture_value(&f, 0, 2), sin(3));
  NEAR(rl_fixture_value(&f, 1, 1), 2 * cos(0.3));
  NEAR(rl_fixture_value(&f, 1, 3), 2 * sin(0.3));
  CU_ASSERT_EQUAL(rl_fixture_value(&f, 1, 4), 9);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 16); /* the fifth value is not touched */
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 16);
  rope_fixture(RL_ROPE_PAIRS, 3, x); /* pairs (0, 1) and (2, 3) */
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, 0, 0), cos(3) - 2 * sin(3));
  NEAR(rl_fixture_value(&f, 0, 1), sin(3) + 2 * cos(3));
}

/* Linear scaling divides both frequencies by 4. Llama 3.1 with an original context of 20 pi: the
 * frequency 1 makes 10 turns in it and is kept, 1/10 makes 1 turn: half way between the bounds 0.5
 * and 1.5, so half of 1/10 and half of 1/40. */
static void test_rope_scaling(void) {
  static const float x[] = {1, 1, 0, 0, 0};
  rope_fixture(RL_ROPE_HALVES, 1, x);
  f.op.at.rope_scaling = RL_ROPE_LINEAR;
  f.op.at.rope_factor = 4;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, 0, 2), sin(0.25));
  NEAR(rl_fixture_value(&f, 0, 3), sin(0.025));
  rope_fixture(RL_ROPE_HALVES, 1, x);
  f.op.at.rope_scaling = RL_ROPE_LLAMA3;
  f.op.at.rope_factor = 4;
  f.op.at.rope_low = 0.5;
  f.op.at.rope_high = 1.5;
  f.op.at.rope_original = 63; /* 20 pi = 62.83: 1.00268 turns */
  rl_fixture_run(&f);
  double share = (63 * 0.1 / (2 * acos(-1)) - 0.5) / 1;
  NEAR(rl_fixture_value(&f, 0, 2), sin(1));
  NEAR(rl_fixture_value(&f, 0, 3), sin(share * 0.1 + (1 - share) * 0.025));
}

/* Llama 4 Scout: both bounds are one number, so nothing is blended; the first pair turns exactly as
 * often, 63 / (2 pi) times. */
static void test_rope_one_bound(void) {
  static const float x[] = {1, 1, 0, 0, 0};
  rope_fixture(RL_ROPE_HALVES, 1, x);
  f.op.at.rope_scaling = RL_ROPE_LLAMA3;
  f.op.at.rope_factor = 4;
  f.op.at.rope_low = 63 / (2 * acos(-1));
  f.op.at.rope_high = f.op.at.rope_low;
  f.op.at.rope_original = 63;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, 0, 2), sin(1));
  NEAR(rl_fixture_value(&f, 0, 3), sin(0.025));
}

/* Each frequency has a divisor, and what is rotated grows by 3. */
static void test_longrope(void) {
  static const float x[] = {1, 1, 0, 0, 0};
  static const double divisors[] = {2, 5};
  rope_fixture(RL_ROPE_HALVES, 1, x);
  f.op.at.rope_scaling = RL_ROPE_LONGROPE;
  f.op.at.rope_divisors = divisors;
  f.op.at.rope_magnitude = 3;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, 0, 0), 3 * cos(0.5));
  NEAR(rl_fixture_value(&f, 0, 2), 3 * sin(0.5));
  NEAR(rl_fixture_value(&f, 0, 3), 3 * sin(0.02));
}

/* The second sequence's rows begin at its own place and behind its cached tokens. */
static void test_kv_append(void) {
  static const float x[] = {1, 2, 3, 4, 5, 6};
  rl_fixture_init(&f, RL_OP_KV_APPEND);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  rl_fixture_sequence(&f, 2, 5, 0, NULL);
  activation(RL_READ, 2, 1, x);
  activation(RL_READ, 2, 1, x);
  uint32_t k = rl_fixture_tensor(&f, RL_ROLE_KV, TEST_INT8_TOKEN, 2, 1, NULL);
  uint32_t v = rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 2, 1, NULL);
  rl_fixture_operand(&f, k, RL_WRITE, 0);
  rl_fixture_operand(&f, v, RL_WRITE, 0);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, v, 1), 2);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, v, (20 + 5) * 2), 3);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, v, (20 + 6) * 2 + 1), 6);
  CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, k, (20 + 6) * 2 + 1), 6, 0.01);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 6 * 3);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 6 * 4);
}

static void test_elementwise(void) {
  static const float a[] = {-1, 2}, b[] = {3, 0.5f};
  const struct {
    rl_op_kind kind;
    rl_activation_kind act;
    double first, second;
  } rows[] = {
      {RL_OP_ADD, 0, 2, 2.5},
      {RL_OP_MUL, 0, -3, 1},
      {RL_OP_SCALE, 0, -10, 20},
      {RL_OP_SOFTCAP, 0, 4 * tanh(-0.25), 4 * tanh(0.5)},
      {RL_OP_CLAMP, 0, -0.75, 0.75},
      {RL_OP_ACTIVATION, RL_RELU, 0, 2},
      {RL_OP_ACTIVATION, RL_SILU, -1 / (1 + exp(1)), 2 / (1 + exp(-2))},
      {RL_OP_ACTIVATION, RL_GELU, -0.158655254, 1.954499736}, /* x times the normal distribution */
      {RL_OP_ACTIVATION, RL_GELU_TANH, -0.158808009, 1.954597694},
      {RL_OP_ACTIVATION, RL_RELU_SQUARED, 0, 4},
      {RL_OP_ACTIVATION, RL_TANH, tanh(-1), tanh(2)},
  };
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    rl_fixture_init(&f, rows[r].kind);
    f.op.at.factor = 10;
    f.op.at.softcap = 4;
    f.op.at.limit = 0.75;
    f.op.at.activation = rows[r].act;
    rl_fixture_sequence(&f, 2, 0, 0, NULL);
    activation(RL_READ, 1, 1, a);
    if (r < 2) activation(RL_READ, 1, 1, b);
    uint32_t out = activation(RL_WRITE, 1, 1, NULL);
    rl_fixture_run(&f);
    NEAR(rl_fixture_value(&f, out, 0), rows[r].first);
    NEAR(rl_fixture_value(&f, out, 1), rows[r].second);
  }
}

static void test_quantize(void) {
  static const float x[] = {1, -2, 0.5f, 100, 50, 25};
  rl_fixture_init(&f, RL_OP_QUANTIZE);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  activation(RL_READ, 1, 3, x);
  uint32_t out = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP8_TENSOR, 1, 3, NULL);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 3), 100); /* the scale is that of the largest of all tokens */
  NEAR(rl_fixture_value(&f, out, 4), 50);
  CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, out, 0), 1, 1.0 / 16);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 6 + 4);
}

static void test_sample(void) {
  static const float logits[] = {1, 5, 5, -7, -3, -4};
  rl_fixture_init(&f, RL_OP_SAMPLE);
  rl_fixture_sequence(&f, 4, 0, 2, NULL);
  uint32_t in = rl_fixture_tensor(&f, RL_ROLE_LOGITS, TEST_FP32, 1, 3, logits);
  rl_fixture_operand(&f, in, RL_READ, 0);
  uint32_t ids = rl_fixture_ids(&f, RL_EXTENT_LOGIT_ROWS, NULL);
  rl_fixture_operand(&f, ids, RL_WRITE, 0);
  rl_fixture_run(&f);
  CU_ASSERT_EQUAL(rl_store_read_id(&f.stores[ids], 0, NULL), 1);
  CU_ASSERT_EQUAL(rl_store_read_id(&f.stores[ids], 1, NULL), 1);
}

RL_SUITE("kernels", {"table is complete", test_table_is_complete}, {"embed", test_embed},
         {"embed by position", test_embed_by_position}, {"rms norm", test_rms_norm},
         {"layer norm", test_layer_norm}, {"grouped norm", test_grouped_norm},
         {"linear of last tokens", test_linear_of_last_tokens},
         {"linear without tokens", test_linear_without_tokens_reads_no_weight},
         {"linear in integers", test_linear_in_integers}, {"rope styles", test_rope_styles},
         {"rope scaling", test_rope_scaling}, {"rope with one bound", test_rope_one_bound},
         {"longrope", test_longrope}, {"kv append", test_kv_append},
         {"elementwise", test_elementwise}, {"quantize", test_quantize}, {"sample", test_sample})
