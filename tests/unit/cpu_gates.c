/* Gates, sinks, chunks and powers of two on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "kernels-ref/cpu/encoding.h"
#include "unit.h"

static rl_fixture f;

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-6)

static uint32_t operand(rl_access access, uint64_t rows, uint64_t cols, const float *values) {
  uint32_t t = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

/* Gate 9 is clamped to 2, up -5 to -2 and 7 to 2; gate -3 stays: only its upper side is clamped. */
static void test_swiglu(void) {
  static const float gate[] = {1, 9, -3, 0}, up[] = {0, -5, 7, 1};
  static const double expected[] = {1, -1 * 2, 3 * -3, 0}, x[] = {1, 2, -3, 0};
  rl_fixture_init(&f, RL_OP_SWIGLU);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.limit = 2;
  f.op.at.factor = 1.5;
  operand(RL_READ, 1, 2, gate);
  operand(RL_READ, 1, 2, up);
  uint32_t out = operand(RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  for (uint64_t i = 0; i < 4; i++) {
    NEAR(rl_fixture_value(&f, out, i), expected[i] / (1 + exp(-1.5 * x[i])));
  }
}

static void test_weigh_and_collect(void) {
  static const float x[] = {1, 2, 3, 4}, w[] = {10, 100, -1, 0.5f};
  static const double spread[] = {10, 20, 100, 200, -3, -4, 1.5, 2};
  rl_fixture_init(&f, RL_OP_WEIGH);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.top_k = 2;
  operand(RL_READ, 1, 2, x);
  operand(RL_READ, 1, 2, w);
  uint32_t out = operand(RL_WRITE, 2, 2, NULL);
  rl_fixture_run(&f);
  float results[8];
  for (uint64_t i = 0; i < 8; i++) {
    results[i] = rl_fixture_value(&f, out, i);
    NEAR(results[i], spread[i]);
  }
  rl_fixture_init(&f, RL_OP_COLLECT);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.top_k = 2;
  operand(RL_READ, 2, 2, results);
  out = operand(RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  static const double sums[] = {110, 220, -1.5, -2};
  for (uint64_t i = 0; i < 4; i++) NEAR(rl_fixture_value(&f, out, i), sums[i]);
}

/* One gate a token, then one a value: the sigmoid of ln 3 is 3/4. */
static void test_sigmoid_gate(void) {
  static const float x[] = {4, 8, 4, 8}, gates[] = {1.0986123f, 0, 0, 1.0986123f};
  static const double one[] = {3, 6, 2, 4}, each[] = {3, 4, 2, 6};
  for (uint64_t per = 1; per <= 2; per++) {
    rl_fixture_init(&f, RL_OP_SIGMOID_GATE);
    rl_fixture_sequence(&f, 2, 0, 0, NULL);
    operand(RL_READ, 1, 2, x);
    operand(RL_READ, 1, per, gates);
    uint32_t out = operand(RL_WRITE, 1, 2, NULL);
    rl_fixture_run(&f);
    for (uint64_t i = 0; i < 4; i++) NEAR(rl_fixture_value(&f, out, i), (per == 1 ? one : each)[i]);
  }
}

/* Positions 2, 3, 4 and 7 with steps of 4: nothing before the fourth token, ln 2 from it on, ln 3
 * from the eighth; without the offset a position later. */
static void check_position_scale(uint64_t offset, const double want[4]) {
  static const float x[] = {1, 1, 1, 1};
  rl_fixture_init(&f, RL_OP_POSITION_SCALE);
  rl_fixture_sequence(&f, 3, 2, 0, NULL);
  rl_fixture_sequence(&f, 1, 7, 0, NULL);
  f.op.at.floor = 4;
  f.op.at.factor = 0.5;
  f.op.at.offset = offset;
  uint32_t q = operand(RL_READ, 1, 1, x);
  rl_fixture_operand(&f, q, RL_WRITE, 0);
  rl_fixture_run(&f);
  for (uint64_t i = 0; i < 4; i++) NEAR(rl_fixture_value(&f, q, i), 1 + 0.5 * log(want[i]));
}

static void test_position_scale(void) {
  static const double ahead[] = {1, 2, 2, 3}, as_it_is[] = {1, 1, 2, 2};
  check_position_scale(1, ahead);
  check_position_scale(0, as_it_is);
}

/* Two tokens behind one; keys 0 everywhere, so every score is 0; values 1, 2, 4; one head. */
static uint32_t begin_attention(const float *sinks) {
  static const float q[] = {1, 1}, keys[20] = {0}, values[20] = {1, 2, 4};
  rl_fixture_init(&f, RL_OP_ATTENTION);
  rl_fixture_sequence(&f, 2, 1, 0, NULL);
  f.op.at.heads = f.op.at.kv_heads = f.op.at.head_dim = 1;
  f.op.at.score_scale = 1;
  operand(RL_READ, 1, 1, q);
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, keys), RL_READ, 0);
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 1, 1, values), RL_READ, 0);
  f.op.at.sinks = sinks != NULL;
  if (sinks != NULL) {
    uint32_t sink = rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_FP32, 1, 1, sinks);
    rl_fixture_operand(&f, sink, RL_READ, 0);
  }
  return operand(RL_WRITE, 1, 1, NULL);
}

/* A sink of ln 2 is two more scores of value 0: (1 + 2) / 4, then (1 + 2 + 4) / 5. */
static void test_sinks(void) {
  static const float sink[] = {0.69314718f};
  uint32_t out = begin_attention(sink);
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 0), 0.75);
  NEAR(rl_fixture_value(&f, out, 1), 1.4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 4);
}

/* In chunks of 2, position 1 sees 0 and itself, position 2 itself alone; the row 0 of the cache is
 * read by the first query. In chunks of 1 every query sees itself. */
static void test_chunks(void) {
  uint32_t out = begin_attention(NULL);
  f.op.at.within = 2;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 0), 1.5);
  NEAR(rl_fixture_value(&f, out, 1), 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 12);
  out = begin_attention(NULL);
  f.op.at.within = 1;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, out, 0), 2);
  NEAR(rl_fixture_value(&f, out, 1), 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 8);
}

/* OCP Microscaling Formats 1.0, 5.4.1: the exponent with a bias of 127, 255 is NaN. */
static void test_powers(void) {
  CU_ASSERT_EQUAL(rl_decode(RL_F8_E8M0, 127), 1);
  CU_ASSERT_EQUAL(rl_decode(RL_F8_E8M0, 0), ldexpf(1, -127));
  CU_ASSERT_EQUAL(rl_decode(RL_F8_E8M0, 254), ldexpf(1, 127));
  CU_ASSERT(isnan(rl_decode(RL_F8_E8M0, 255)));
  for (uint32_t code = 0; code < 255; code++) {
    CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, rl_decode(RL_F8_E8M0, code)), code);
  }
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, NAN), 255);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, 0), 0);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, 1.49f), 127);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, 1.51f), 128);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E8M0, INFINITY), 254);
}

/* A row of 33 values in groups of 32: 17 bytes of codes, 2 of scales. The largest of the first
 * group is 100: 2^6 above, so its scale is 2^(6 - 2) = 16 and 100 becomes 6 * 16 = 96; 24 is 1.5 *
 * 16, 20 lies half way between 16 and 24 and becomes the even one, 16; -8 is -0.5 * 16, 3 rounds to
 * 0. The second group holds 0.75 alone: scale 2^(-1 - 2), code 6. */
static void test_mxfp4(void) {
  static const rl_component part = {
      .kind = RL_QUANT, .type = RL_F4_E2M1, .span = RL_PER_GROUP, .group = 32, .scale = RL_F8_E8M0};
  static const rl_format mxfp4 = {.name = "mxfp4", .stack = &part, .depth = 1};
  float values[33] = {100, 24, 20, -8, 3}, back[33];
  uint8_t bytes[19];
  rl_store store;
  values[32] = 0.75f;
  CU_ASSERT_FATAL(rl_store_supports(&mxfp4) && rl_store_init(&store, &mxfp4, 1, 33));
  CU_ASSERT_EQUAL_FATAL(rl_store_bytes(&store), 19);
  store.bytes = bytes;
  rl_store_write(&store, (rl_span){0, 0, 33}, values, NULL);
  rl_store_read(&store, (rl_span){0, 0, 33}, back, NULL);
  CU_ASSERT(back[0] == 96 && back[1] == 24 && back[2] == 16 && back[3] == -8 && back[4] == 0);
  CU_ASSERT_EQUAL(back[32], 0.75f);
  CU_ASSERT(bytes[0] == 0x37 && bytes[1] == 0x92); /* 6 and 1.5; 1 and -0.5 */
  CU_ASSERT(bytes[17] == 131 && bytes[18] == 124); /* 2^4, 2^-3 */
}

RL_SUITE("gates", {"swiglu", test_swiglu}, {"weigh and collect", test_weigh_and_collect},
         {"sigmoid_gate", test_sigmoid_gate}, {"position_scale", test_position_scale},
         {"sinks", test_sinks}, {"chunks", test_chunks}, {"powers of two", test_powers},
         {"mxfp4", test_mxfp4})
