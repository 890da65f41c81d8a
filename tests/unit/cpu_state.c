/* Operators that keep a state, on values small enough to be worked out by hand. */
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

RL_SUITE("operators with a state", {"convolution", test_conv},
         {"bias and activation of a convolution", test_conv_activation},
         {"blocks of other sequences", test_conv_blocks})
