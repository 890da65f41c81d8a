/* Operators that keep a state, on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-6)

static uint32_t operand(rl_role role, rl_access access, uint64_t rows, uint64_t cols,
                        const float *values) {
  uint32_t t = rl_fixture_tensor(&f, role, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

/* Two channels, three taps: 1, 10, 100 and 1, 2, 3. */
static const float TAPS[] = {1, 10, 100, 1, 2, 3};
static const float BIAS[] = {0.5f, -0.5f};
/* Of each sequence the two inputs before, the older first. */
static const float TAILS[] = {1, 1, 2, 1, 7, 3, 8, 4};
static const float INPUTS[] = {3, 1, 4, 2, 5, 0, 9, 5};

typedef struct conv {
  uint32_t tail, out;
} conv;

/* Three new tokens of the first sequence, one of the second. */
static conv convolve(const float *bias) {
  conv c;
  rl_fixture_init(&f, RL_OP_CONV);
  rl_fixture_sequence(&f, 3, 2, 0, NULL);
  rl_fixture_sequence(&f, 1, 5, 0, NULL);
  f.op.at.taps = 3;
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, INPUTS);
  c.tail = operand(RL_ROLE_STATE, RL_READ, 2, 2, TAILS);
  operand(RL_ROLE_WEIGHT, RL_READ, 2, 3, TAPS);
  if (bias != NULL) operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, bias);
  rl_fixture_operand(&f, c.tail, RL_WRITE, 0);
  c.out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
  return c;
}

static void expect(uint32_t tensor, const float *values, size_t count) {
  for (size_t i = 0; i < count; i++) NEAR(rl_fixture_value(&f, tensor, i), values[i]);
}

/* Sequence 1, channel 0: inputs 1 2 | 3 4 5: 1 + 20 + 300, 2 + 30 + 400, 3 + 40 + 500; channel 1:
 * 1 1 | 1 2 0: 1 + 2 + 3, 1 + 2 + 6, 1 + 4 + 0. Sequence 2: 7 + 80 + 900; 3 + 8 + 15. The tails
 * become 4 5, 2 0 and 8 9, 4 5. */
static void test_conv(void) {
  static const float out[] = {321, 6, 432, 9, 543, 5, 987, 26};
  static const float tails[] = {4, 2, 5, 0, 8, 4, 9, 5};
  conv c = convolve(NULL);
  rl_fixture_run(&f);
  expect(c.out, out, 8);
  expect(c.tail, tails, 8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 4 * 2 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 2 * 2 * 2 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 2 * 3 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 2 * 2 * 2 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 4), 4 * 2 * 4);
}

/* The bias comes before the activation: relu cuts what is below 0 with it. */
static void test_conv_activation(void) {
  static const float low[] = {-400, -6};
  static const float out[] = {0, 0, 32, 3, 143, 0, 587, 20};
  conv c = convolve(low);
  f.op.at.has_bias = f.op.at.has_activation = true;
  f.op.at.activation = RL_RELU;
  rl_fixture_run(&f);
  expect(c.out, out, 8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 2 * 4);
  c = convolve(BIAS);
  f.op.at.has_bias = true;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, c.out, 0), 321.5);
  NEAR(rl_fixture_value(&f, c.out, 1), 5.5);
}

/* What stands in blocks of sequences that the pass leaves out stays. */
static void test_conv_blocks(void) {
  conv c = convolve(NULL);
  f.pass.count = 1;
  f.pass.tokens = 1;
  f.sequences[0] = (rl_pass_sequence){.q = 1, .state = 1};
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, c.out, 0), 7 + 80 + 300);
  expect(c.tail, TAILS, 4);
  NEAR(rl_fixture_value(&f, c.tail, 6), 3);
}

/* --- selective scan --- */

#define LN2 0.69314718055994531f
#define LN3 1.0986122886681098f

/* One channel, two states with decay rates 1 and 2 (A = -1, -2). A step of softplus(0) = ln 2
 * decays by 1/2 and 1/4; softplus(ln 3) = ln 4 by 1/4 and 1/16. */
static void test_scan(void) {
  static const float x[] = {1 / LN2, 3 / (2 * LN2)}, dt[] = {0, LN3}, b[] = {1, 2, 1, 0};
  static const float c[] = {1, 1, 10, 1}, rates[] = {0, LN2}, before[] = {4, 8}, skip[] = {LN2};
  rl_fixture_init(&f, RL_OP_SCAN);
  rl_fixture_sequence(&f, 2, 1, 0, NULL);
  f.op.at.states = 2;
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, x);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, dt);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, b);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, c);
  uint32_t state = operand(RL_ROLE_STATE, RL_READ, 1, 2, before);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, rates);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 1, skip);
  rl_fixture_operand(&f, state, RL_WRITE, 0);
  uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  /* h = (4/2 + 1, 8/4 + 2) = (3, 4), y = 3 + 4 + 1; h = (3/4 + 3, 4/16) = (3.75, 0.25), y = 37.5 +
   * 0.25 + 1.5 */
  NEAR(rl_fixture_value(&f, out, 0), 8);
  CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, out, 1), 39.25, 1e-5);
  NEAR(rl_fixture_value(&f, state, 0), 3.75);
  NEAR(rl_fixture_value(&f, state, 1), 0.25);
  for (uint32_t o = 0; o < 9; o++) {
    static const uint64_t touched[] = {8, 8, 16, 16, 8, 8, 4, 8, 8};
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
  }
}

/* --- state-space duality --- */

/* Two heads of two channels in one group with one state; q tokens behind a state of 1 in each
 * channel. x, B and C of a token are 4, 1 and 1 values; steps of softplus(0 + bias). */
typedef struct ssd {
  uint32_t state, out;
} ssd;

static const float MIXED[] = {1, 2, 3,  4, 1, 1, 2, 0, -1, 1, 2, -1, 0, 1,  1, 2, 0.5f, 3,
                              3, 1, -2, 0, 1, 2, 1, 1, 1,  1, 3, 1,  2, -1, 0, 1, 1,    1};
static const float STEPS[] = {0, LN3, 0.5f, -1, 1, 0, -0.5f, 2, 0, 0, 0.25f, 0.75f};
static const float RATES[] = {0, LN2}, STEP_BIAS[] = {0, 0.5f}, SKIPS[] = {1, 10};
static const float BEFORE[] = {1, 1, 1, 1};

static ssd run_ssd(rl_op_kind kind, uint64_t q, uint64_t chunk) {
  ssd s;
  rl_fixture_init(&f, kind);
  rl_fixture_sequence(&f, q, 0, 0, NULL);
  f.op.at.heads = f.op.at.head_dim = 2;
  f.op.at.groups = f.op.at.states = 1;
  f.op.at.chunk = chunk;
  f.op.at.has_bias = true;
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 6, MIXED);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, STEPS);
  s.state = operand(RL_ROLE_STATE, RL_READ, 4, 1, BEFORE);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, RATES);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, STEP_BIAS);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, SKIPS);
  rl_fixture_operand(&f, s.state, RL_WRITE, 0);
  s.out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 4, NULL);
  rl_fixture_run(&f);
  return s;
}

/* Head 0: step ln 2, decay 1/2: h = 1/2 + ln 2 x, y = h + x. Head 1: step softplus(ln 3 + 1/2) =
 * log(1 + 3 e^(1/2)), decay e^(-2 step) = (1 + 3 e^(1/2))^-2: y = h + 10 x. */
static void test_one_token(void) {
  static const rl_op_kind kinds[] = {RL_OP_SSD_STEP, RL_OP_SSD};
  double odds = 1 + 3 * exp(0.5), step = log(odds), kept = 1 / (odds * odds);
  for (int k = 0; k < 2; k++) {
    ssd s = run_ssd(kinds[k], 1, 4);
    NEAR(rl_fixture_value(&f, s.state, 0), 0.5 + log(2));
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, s.out, 1), 0.5 + 2 * log(2) + 2, 2e-6);
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, s.state, 2), kept + 3 * step, 2e-6);
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, s.out, 3), kept + 4 * step + 40, 2e-5);
    for (uint32_t o = 0; o < 8; o++) {
      static const uint64_t touched[] = {24, 8, 16, 8, 8, 8, 16, 16};
      CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
    }
  }
}

/* However the six tokens are cut into chunks, the outputs and the state are those of the steps. */
static void test_chunks(void) {
  ssd s = run_ssd(RL_OP_SSD_STEP, 6, 0);
  float out[24], state[4];
  for (uint64_t i = 0; i < 24; i++) out[i] = rl_fixture_value(&f, s.out, i);
  for (uint64_t i = 0; i < 4; i++) state[i] = rl_fixture_value(&f, s.state, i);
  for (uint64_t chunk = 1; chunk <= 7; chunk++) {
    s = run_ssd(RL_OP_SSD, 6, chunk);
    for (uint64_t i = 0; i < 24; i++) {
      CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, s.out, i), out[i], 2e-5);
    }
    for (uint64_t i = 0; i < 4; i++) {
      CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, s.state, i), state[i], 2e-5);
    }
  }
}

/* Two tokens of two and of one value. */
static void test_concat(void) {
  static const float a[] = {1, 2, 3, 4}, b[] = {5, 6}, both[] = {1, 2, 5, 3, 4, 6};
  rl_fixture_init(&f, RL_OP_CONCAT);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, a);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, b);
  uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 3, NULL);
  rl_fixture_run(&f);
  expect(out, both, 6);
  for (uint32_t o = 0; o < 3; o++) {
    static const uint64_t touched[] = {16, 8, 24};
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
  }
}

RL_SUITE("operators with a state", {"convolution", test_conv},
         {"bias and activation of a convolution", test_conv_activation},
         {"blocks of other sequences", test_conv_blocks}, {"scan", test_scan},
         {"one token", test_one_token}, {"chunks", test_chunks}, {"concat", test_concat})
