/* Linear attention on values small enough to be worked out by hand. */
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

static void expect(uint32_t tensor, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) NEAR(rl_fixture_value(&f, tensor, i), values[i]);
}

static void begin(rl_op_kind kind, uint64_t heads, uint64_t key_dim, uint64_t value_dim) {
  rl_fixture_init(&f, kind);
  f.op.at.heads = f.op.at.key_heads = heads;
  f.op.at.key_dim = key_dim;
  f.op.at.value_dim = value_dim;
  f.op.at.score_scale = 1;
}

/* Two heads of two keys and one value; two tokens of a sequence, one of another. */
static const float RETAINED[] = {1, 2, 3, 4, 0, 0, 0, 0};
static const float QUERIES[] = {1, 1, 1, 0, 2, 0, 0, 1, 1, 2, 3, 4};
static const float KEYS[] = {1, 0, 0, 1, 0, 2, 1, 0, 1, 1, 1, 1};
static const float VALUES[] = {3, 5, 1, 2, 7, 9};

static void retain(uint32_t *state, uint32_t *out) {
  begin(RL_OP_RETENTION, 2, 2, 1);
  rl_fixture_sequence(&f, 2, 4, 0, NULL);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 4, QUERIES);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 4, KEYS);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, VALUES);
  *state = operand(RL_ROLE_STATE, RL_READ, 4, 1, RETAINED);
  rl_fixture_operand(&f, *state, RL_WRITE, 0);
  *out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
}

/* Head 0 keeps 31/32, head 1 63/64. Head 0: S (1 2), k (1 0) v 3: (3 + g, 2 g), read by (1 1); then
 * k (0 2) v 1: (g (3 + g), 2 g^2 + 2), read by (2 0). Head 1: S (3 4), k (0 1) v 5: (3 h, 4 h + 5),
 * read by (1 0); then k (1 0) v 2: (3 h^2 + 2, h (4 h + 5)), read by (0 1). The other sequence: (7
 * 7), (9 9). */
static void test_retnet(void) {
  const double g = 31.0 / 32, h = 63.0 / 64;
  const double out[] = {3 + 3 * g, 3 * h, 2 * g * (3 + g), h * (4 * h + 5), 21, 63};
  const double states[] = {g * (3 + g), 2 * g * g + 2, 3 * h * h + 2, h * (4 * h + 5), 7, 7, 9, 9};
  uint32_t state, y;
  retain(&state, &y);
  f.op.at.decay = RL_DECAY_RETNET;
  rl_fixture_run(&f);
  expect(y, out, 6);
  expect(state, states, 8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 3 * 4 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 3 * 2 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 2 * 4 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 4), 2 * 4 * 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 5), 3 * 2 * 4);
  retain(&state, &y);
  f.op.at.score_scale = 0.5;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, y, 0), out[0] / 2);
  NEAR(rl_fixture_value(&f, state, 0), states[0]);
}

/* The first of three layers: slopes 2^-4 and 2^-8, times 1 + 1e-5. */
static void test_lightning(void) {
  const double g = exp(-(1 + 1e-5) / 16), h = exp(-(1 + 1e-5) / 256);
  uint32_t state, y;
  retain(&state, &y);
  f.op.at.decay = RL_DECAY_LIGHTNING;
  f.program.layer_count = 3;
  rl_fixture_run(&f);
  NEAR(rl_fixture_value(&f, y, 0), 3 + 3 * g);
  NEAR(rl_fixture_value(&f, y, 1), 3 * h);
}

/* Two value heads share a key head of two keys; one value each. The key (3 4) is (0.6 0.8), the
 * query (0 5) is (0 1). A, its bias and a are 0 for head 0, so g = exp(-softplus(0)) = 1/2; b =
 * 1/2. Of S = (1 1) is left (0.5 0.5), which answers 0.7 to the key; half of 1.7 - 0.7 is written:
 * (0.8 0.9), read 0.9 times the factor 2. Head 1: e^A = 2, a + bias = 0: g = 1/4; b = 0.2: (0.25
 * 0.25) answers 0.35; 0.2 (1.35 - 0.35) is written: (0.37 0.41). */
static void test_gated_delta(void) {
  static const float q[] = {0, 5}, k[] = {3, 4}, v[] = {1.7f, 1.35f}, s[] = {1, 1, 1, 1};
  const float gates[] = {0, -logf(4), 0, 3}, decay[] = {0, logf(2)}, bias[] = {0, -3};
  const double states[] = {0.8, 0.9, 0.37, 0.41}, out[] = {1.8, 0.82};
  begin(RL_OP_GATED_DELTA, 2, 2, 1);
  f.op.at.key_heads = 1;
  f.op.at.score_scale = 2;
  rl_fixture_sequence(&f, 1, 1, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, q);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, k);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, v);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 4, gates);
  uint32_t state = operand(RL_ROLE_STATE, RL_READ, 4, 1, s);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, decay);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, bias);
  rl_fixture_operand(&f, state, RL_WRITE, 0);
  uint32_t y = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  expect(state, states, 4);
  expect(y, out, 2);
  for (uint32_t o = 0; o < 9; o++) {
    static const uint64_t touched[] = {8, 8, 8, 16, 16, 8, 8, 16, 8};
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
  }
}

/* One head. d = ln ln 2 halves a channel, d = -100 keeps it. r S = (1 + 6, 2 + 8); the bonus weighs
 * the value by 1 0.5 3 + 2 0.25 4 = 3.5: (7 + 17.5, 10 + 21). Then S = (0.5 1; 3 4) + (3; 4) (5 6).
 */
static void test_wkv(void) {
  static const float r[] = {1, 2}, k[] = {3, 4}, v[] = {5, 6}, u[] = {0.5f, 0.25f};
  static const float s[] = {1, 2, 3, 4};
  const float d[] = {logf(logf(2)), -100};
  const double states[] = {15.5, 19, 23, 28}, out[] = {24.5, 31};
  begin(RL_OP_WKV, 1, 2, 2);
  rl_fixture_sequence(&f, 1, 1, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, r);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, k);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, v);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, d);
  uint32_t state = operand(RL_ROLE_STATE, RL_READ, 2, 2, s);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 2, u);
  rl_fixture_operand(&f, state, RL_WRITE, 0);
  uint32_t y = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  expect(y, out, 2);
  expect(state, states, 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 5), 8);
}

/* Two tokens behind (10 20), and one at a beginning. */
static void test_shift(void) {
  static const float x[] = {1, 2, 5, 7, 3, 4}, before[] = {10, 20, 0, 0};
  const double steps[] = {9, 18, -4, -5, -3, -4}, last[] = {5, 7, 3, 4};
  begin(RL_OP_TOKEN_SHIFT, 1, 1, 1);
  rl_fixture_sequence(&f, 2, 4, 0, NULL);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, x);
  uint32_t tail = operand(RL_ROLE_STATE, RL_READ, 1, 2, before);
  rl_fixture_operand(&f, tail, RL_WRITE, 0);
  uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
  rl_fixture_run(&f);
  expect(out, steps, 6);
  expect(tail, last, 4);
  for (uint32_t o = 0; o < 4; o++) {
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), o == 0 || o == 3 ? 24 : 16);
  }
}

/* sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4: a gate for each value, or one for each token. */
static void test_sigmoid_gate(void) {
  const float x[] = {2, 4, 6, 8}, gates[] = {0, logf(3), 0, logf(3)};
  const double by_value[] = {1, 3, 3, 6}, by_token[] = {1, 2, 4.5, 6};
  for (int each = 0; each < 2; each++) {
    begin(RL_OP_SIGMOID_GATE, 1, 1, 1);
    rl_fixture_sequence(&f, 2, 0, 0, NULL);
    operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, x);
    operand(RL_ROLE_ACTIVATION, RL_READ, 1, each ? 2 : 1, gates);
    uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
    rl_fixture_run(&f);
    expect(out, each ? by_value : by_token, 4);
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), each ? 16 : 8);
  }
}

static void test_lerp(void) {
  static const float x[] = {1, 2, 3, 4}, dx[] = {10, 20, 30, 40}, m[] = {0.5f, 0.25f, 1, 0};
  const double by_weight[] = {6, 7, 18, 14}, by_token[] = {6, 7, 33, 4};
  for (int own = 0; own < 2; own++) {
    begin(own ? RL_OP_LERP_BY : RL_OP_LERP, 1, 1, 1);
    rl_fixture_sequence(&f, 2, 0, 0, NULL);
    operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, x);
    operand(RL_ROLE_ACTIVATION, RL_READ, 1, 2, dx);
    operand(own ? RL_ROLE_ACTIVATION : RL_ROLE_WEIGHT, RL_READ, 1, 2, m);
    uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 2, NULL);
    rl_fixture_run(&f);
    expect(out, own ? by_token : by_weight, 4);
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), own ? 16 : 8);
  }
}

RL_SUITE("recurrences", {"retnet", test_retnet}, {"lightning", test_lightning},
         {"gated delta", test_gated_delta}, {"wkv", test_wkv}, {"shift", test_shift},
         {"lerp", test_lerp}, {"sigmoid gate", test_sigmoid_gate})
