/* Prefix linear attention on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-5)

static uint32_t operand(rl_role role, rl_access access, uint64_t rows, uint64_t cols,
                        const float *values) {
  uint32_t t = rl_fixture_tensor(&f, role, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

static uint32_t prefix(const float *values) {
  uint32_t t = rl_fixture_prefix(&f, 1, values);
  rl_fixture_operand(&f, t, RL_READ, 0);
  return t;
}

static void expect(uint32_t tensor, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) NEAR(rl_fixture_value(&f, tensor, i), values[i]);
}

/* One head of one key and one value: the weight of a key is 1 + s + s s / 2 with s = q k, its
 * features 1, k, k k / sqrt(2). 1/2 is added to denominators. A sequence begins with two tokens,
 * the first of which is its prefix (key 2, value 3). Query 1: weights 5 (prefix), 2.5: (15 + 10) /
 * (7.5 + 0.5). Query 2: 13, 5, 1: (39 + 20 + 5) / (19 + 0.5). Another one goes on, key 0, value 6:
 * (2 + 6, 1 + 1), (1, 0.5), (2, 1) sqrt(2), read by (1, 1, 1 / sqrt(2)): 11 / (3.5 + 0.5). */
static void test_attention(void) {
  static const float q[] = {1, 2, 1}, k[] = {1, -1, 0}, v[] = {4, 5, 6}, pk[] = {2}, pv[] = {3};
  const double root = sqrt(2);
  const float before[] = {0, 0, 0, 0, 0, 0, 2, 1, 1, 0.5f, (float)(2 * root), (float)root};
  const double out[] = {25.0 / 8, 64 / 19.5, 11.0 / 4};
  const double after[] = {12, 3, 5, 2, 21 / root, 6 / root, 8, 2, 1, 0.5, 2 * root, root};
  rl_fixture_init(&f, RL_OP_PREFIX_ATTENTION);
  f.program.prefix = 1;
  f.op.at.heads = f.op.at.key_dim = f.op.at.value_dim = 1;
  f.op.at.eps = 0.5;
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  rl_fixture_sequence(&f, 1, 4, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, q);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, k);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, v);
  prefix(pk);
  prefix(pv);
  uint32_t state = operand(RL_ROLE_STATE, RL_READ, 3, 2, before);
  rl_fixture_operand(&f, state, RL_WRITE, 0);
  uint32_t y = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  expect(y, out, 3);
  expect(state, after, 12);
  for (uint32_t o = 0; o < 8; o++) {
    static const uint64_t touched[] = {12, 12, 12, 4, 4, 48, 48, 12};
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
  }
}

/* Three of four tokens of a sequence that begins, and two of two; nothing of one that goes on. */
static void test_linear(void) {
  static const float x[] = {1, 2, 3, 4, 9, 5, 6}, w[] = {2}, twice[] = {2, 4, 6, 10, 12};
  rl_fixture_init(&f, RL_OP_LINEAR);
  f.program.prefix = 3;
  f.op.at.prefix_tokens = true;
  rl_fixture_sequence(&f, 4, 0, 0, NULL);
  rl_fixture_sequence(&f, 1, 4, 0, NULL);
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, x);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, 1, w);
  uint32_t out = rl_fixture_prefix(&f, 1, NULL);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  rl_fixture_run(&f);
  for (size_t i = 0; i < 5; i++) NEAR(rl_fixture_value(&f, out, i), twice[i]);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 20);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 20);
}

RL_SUITE("prefixes", {"attention", test_attention}, {"linear", test_linear})
