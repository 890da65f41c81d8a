/* Routers and experts on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-6)

static uint32_t activation(rl_access access, uint64_t rows, uint64_t cols, const float *values) {
  uint32_t t = rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

static void weight(uint64_t rows, uint64_t cols, const float *values) {
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_FP32, rows, cols, values),
                     RL_READ, 0);
}

typedef struct router {
  uint32_t choice, weights;
} router;

static uint32_t chosen(const router *r, uint64_t at) {
  return rl_store_read_id(&f.stores[r->choice], at, NULL);
}

/* Two tokens, four experts, two of which are chosen. */
static router route(rl_score_kind score, bool normalize, const float *logits, const float *bias) {
  router r;
  rl_fixture_init(&f, RL_OP_ROUTE);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.experts = 4;
  f.op.at.top_k = 2;
  f.op.at.score = score;
  f.op.at.normalize = normalize;
  f.op.at.factor = 1;
  activation(RL_READ, 1, 4, logits);
  if (bias != NULL) weight(1, 4, bias);
  r.choice = rl_fixture_choice(&f, 2, NULL);
  rl_fixture_operand(&f, r.choice, RL_WRITE, 0);
  r.weights = activation(RL_WRITE, 1, 2, NULL);
  return r;
}

/* Odds of 1 : 2 : 4 : 1, and equal ones: of equals the first is taken. */
#define LN2 0.69314718055994531f
static const float LOGITS[] = {0, LN2, 2 * LN2, 0, 5, 5, 5, 5};

static void test_softmax_over_all(void) {
  router r = route(RL_SCORE_SOFTMAX, false, LOGITS, NULL);
  rl_fixture_run(&f);
  CU_ASSERT(chosen(&r, 0) == 2 && chosen(&r, 1) == 1);
  CU_ASSERT(chosen(&r, 2) == 0 && chosen(&r, 3) == 1);
  NEAR(rl_fixture_value(&f, r.weights, 0), 4.0 / 8);
  NEAR(rl_fixture_value(&f, r.weights, 1), 2.0 / 8);
  NEAR(rl_fixture_value(&f, r.weights, 2), 1.0 / 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 2 * 4 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 2 * 2 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 2 * 2 * 4);
}

/* Dividing the softmax of all by the sum of the chosen is the softmax of the chosen. */
static void test_softmax_over_chosen(void) {
  for (int way = 0; way < 2; way++) {
    rl_score_kind score = way == 0 ? RL_SCORE_SOFTMAX : RL_SCORE_SOFTMAX_CHOSEN;
    router r = route(score, way == 0, LOGITS, NULL);
    f.op.at.factor = 3;
    rl_fixture_run(&f);
    CU_ASSERT(chosen(&r, 0) == 2 && chosen(&r, 1) == 1);
    NEAR(rl_fixture_value(&f, r.weights, 0), 3 * 4.0 / 6);
    NEAR(rl_fixture_value(&f, r.weights, 1), 3 * 2.0 / 6);
    NEAR(rl_fixture_value(&f, r.weights, 3), 3 * 1.0 / 2);
  }
}

/* sigmoid(0) = 1/2, sigmoid(ln 2) = 2/3, sigmoid(2 ln 2) = 4/5. The correction lifts expert 3 to
 * the top and does not show in its weight. */
static void test_sigmoid_with_correction(void) {
  static const float correction[] = {0, 0, 0, 1};
  router r = route(RL_SCORE_SIGMOID, false, LOGITS, correction);
  rl_fixture_run(&f);
  CU_ASSERT(chosen(&r, 0) == 3 && chosen(&r, 1) == 2);
  NEAR(rl_fixture_value(&f, r.weights, 0), 0.5);
  NEAR(rl_fixture_value(&f, r.weights, 1), 0.8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 16);
  r = route(RL_SCORE_SIGMOID, true, LOGITS, correction);
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, r.weights, 0), 0.5 / 1.3);
  NEAR(rl_fixture_value(&f, r.weights, 1), 0.8 / 1.3);
}

/* Logits 100, 99, 97.5 and 90 with a jitter of 1 %: 99 is 1 % behind the best and weighs with it,
 * 97.5 is 2.5 % behind: 1 / (1 + 1 / e). Of what is left 97.5 is 1.5 % behind 99. Below zero parts
 * are those of the logit's size: -10.1 is 0.1 / 10.1 behind -10, and near -10.1 there is nothing. */
static void test_sparse_mixer(void) {
  static const float logits[] = {99, 100, 90, 97.5f, -20, -10.1f, -10, -20};
  router r = route(RL_SCORE_SPARSE_MIXER, false, logits, NULL);
  f.op.at.jitter = 0.01;
  rl_fixture_run(&f);
  CU_ASSERT(chosen(&r, 0) == 1 && chosen(&r, 1) == 0);
  CU_ASSERT(chosen(&r, 2) == 2 && chosen(&r, 3) == 1);
  NEAR(rl_fixture_value(&f, r.weights, 0), 1 / (1 + exp(-1)));
  NEAR(rl_fixture_value(&f, r.weights, 1), 1 / (1 + exp(-1.5)));
  NEAR(rl_fixture_value(&f, r.weights, 2), 1 / (1 + exp(-0.1)));
  NEAR(rl_fixture_value(&f, r.weights, 3), 1);
}

/* Three experts of [2, 2]: twice, minus, and one that exchanges; the tokens choose 0 and 2, 2 and
 * 0. Expert 1 is not touched. */
static const float EXPERTS[] = {2, 0, 0, 2, -1, 0, 0, -1, 0, 1, 1, 0};
static const float BIASES[] = {10, 20, 30, 40, 50, 60};
static const uint32_t CHOICE[] = {0, 2, 2, 0};

static uint32_t experts(uint64_t input_rows, const float *x, bool bias) {
  rl_fixture_init(&f, RL_OP_EXPERT_LINEAR);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.experts = 3;
  f.op.at.top_k = 2;
  activation(RL_READ, input_rows, 2, x);
  rl_fixture_operand(&f, rl_fixture_choice(&f, 2, CHOICE), RL_READ, 0);
  weight(6, 2, EXPERTS);
  if (bias) weight(3, 2, BIASES);
  return activation(RL_WRITE, 2, 2, NULL);
}

static void expect(uint32_t out, const float values[8]) {
  for (uint64_t i = 0; i < 8; i++) CU_ASSERT_EQUAL(rl_fixture_value(&f, out, i), values[i]);
}

static void test_shared_input(void) {
  static const float x[] = {1, 2, 3, 4};
  uint32_t out = experts(1, x, false);
  rl_fixture_run(&f);
  expect(out, (const float[]){2, 4, 2, 1, 4, 3, 6, 8});
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 16);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 16);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 2 * 16); /* two of three experts */
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 32);
}

static void test_own_inputs_and_bias(void) {
  static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8}; /* token 0: (1 2), (3 4) */
  uint32_t out = experts(2, x, true);
  rl_fixture_run(&f);
  expect(out, (const float[]){12, 24, 54, 63, 56, 65, 24, 36});
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 2 * 16);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 2 * 8);
}

/* Integer weights and inputs are multiplied as codes: int8 rows with scales 2 and 1/2, a scale of
 * each input row. */
static void test_integer_codes(void) {
  static const float x[] = {127, -254, 127, 63.5f};
  static const float w[] = {127, 127, -254, 0, 0, 0, 0, 0, 63.5f, 63.5f, 127, -127};
  rl_fixture_init(&f, RL_OP_EXPERT_LINEAR);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.experts = 3;
  f.op.at.top_k = 1;
  f.op.compute = RL_I8;
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, TEST_INT8_TOKEN, 1, 2, x),
                     RL_READ, 0);
  static const uint32_t one[] = {2, 0};
  rl_fixture_operand(&f, rl_fixture_choice(&f, 1, one), RL_READ, 0);
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_INT8_TOKEN, 6, 2, w), RL_READ,
                     0);
  uint32_t out = activation(RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  /* x0 = 2 (64, -127) = (128, -254), as 63.5 rounds to even; x1 = (127, 64) */
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 63.5f * (128 - 254));
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 1), 127.0f * (128 + 254));
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 2), 127.0f * (127 + 64));
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 3), -254.0f * 127);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 2 * 2 * (2 + 2));
}

static void test_combine(void) {
  static const float y[] = {1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60}, w[] = {2, 0.5f, -1, 1};
  rl_fixture_init(&f, RL_OP_COMBINE);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  f.op.at.top_k = 2;
  activation(RL_READ, 2, 3, y);
  activation(RL_READ, 1, 2, w);
  uint32_t out = activation(RL_WRITE, 1, 3, NULL);
  static const float expected[] = {7, 14, 21, 36, 45, 54};
  rl_fixture_run(&f);
  for (uint64_t i = 0; i < 6; i++) CU_ASSERT_EQUAL(rl_fixture_value(&f, out, i), expected[i]);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 48);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 16);
}

RL_SUITE("experts", {"softmax over all", test_softmax_over_all},
         {"softmax over the chosen", test_softmax_over_chosen},
         {"sigmoid with correction", test_sigmoid_with_correction},
         {"sparse mixer", test_sparse_mixer},
         {"shared input", test_shared_input}, {"own inputs and bias", test_own_inputs_and_bias},
         {"integer codes", test_integer_codes}, {"combine", test_combine})
