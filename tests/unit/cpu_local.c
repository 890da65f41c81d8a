/* Local linear attention on values small enough to be worked out by hand. Queries are zero, so that
 * weights are 1 and keys are their own distance from the query. */
#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

enum { KV_ROWS = 20 };

#define NEAR(a, b) CU_ASSERT_DOUBLE_EQUAL((a), (b), 1e-5)

static uint32_t operand(rl_role role, rl_access access, uint64_t rows, uint64_t cols,
                        const float *values) {
  uint32_t t = rl_fixture_tensor(&f, role, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

/* So many values a head; one new token behind one, keys and values of both. */
static uint32_t fit(uint64_t dim, double ridge, uint64_t iterations, double eps, const float *keys,
                    const float *values) {
  static const float zeros[2] = {0};
  float k[2 * KV_ROWS] = {0}, v[2 * KV_ROWS] = {0};
  for (uint64_t i = 0; i < 2 * dim; i++) {
    k[i] = keys[i];
    v[i] = values[i];
  }
  rl_fixture_init(&f, RL_OP_LOCAL_LINEAR);
  f.op.at = (rl_op_attributes){.heads = 1,
                               .kv_heads = 1,
                               .head_dim = dim,
                               .score_scale = 1,
                               .ridge = ridge,
                               .iterations = iterations,
                               .eps = eps};
  rl_fixture_sequence(&f, 1, 1, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, dim, zeros);
  operand(RL_ROLE_KV, RL_READ, 1, dim, k);
  operand(RL_ROLE_KV, RL_READ, 1, dim, v);
  uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, dim, NULL);
  rl_fixture_run(&f);
  return out;
}

/* Keys 1 and 2, values 3 and 5: W = 2, m = 3, S = 1 + 4 + 2 / 2 = 6, rho = 1/2, W - m rho = 1/2;
 * weights (1 - 1/2) 2 = 1 and (1 - 1) 2 = 0. With 1/2 more in the denominator half of that. A ridge
 * of a million leaves the mean. */
static void test_line(void) {
  static const float keys[] = {1, 2}, values[] = {3, 5};
  NEAR(rl_fixture_value(&f, fit(1, 0.5, 1, 0, keys, values), 0), 3);
  NEAR(rl_fixture_value(&f, fit(1, 0.5, 9, 0, keys, values), 0), 3);
  NEAR(rl_fixture_value(&f, fit(1, 0.5, 1, 0.5, keys, values), 0), 1.5);
  NEAR(rl_fixture_value(&f, fit(1, 1e6, 9, 0, keys, values), 0), 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 4);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 2), 8);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3), 4);
}

/* Keys (1 0) and (1 2): m = (2 2), S = (2 2; 2 4) + 2 I. One step: direction (2 2), image (12 16),
 * length 8 / 56: rho = (2/7 2/7), W - m rho = 6/7, weights (1 - 2/7) 7/6 and (1 - 6/7) 7/6: 5/6 and
 * 1/6. Two steps solve it: rho = (0.4 0.2), W - m rho = 0.8, weights 0.6 / 0.8 and 0.2 / 0.8. */
static void test_steps(void) {
  static const float keys[] = {1, 0, 1, 2}, values[] = {6, 0, 0, 12};
  uint32_t out = fit(2, 1, 1, 0, keys, values);
  NEAR(rl_fixture_value(&f, out, 0), 5);
  NEAR(rl_fixture_value(&f, out, 1), 2);
  for (uint64_t steps = 2; steps < 40; steps += 37) {
    out = fit(2, 1, steps, 0, keys, values);
    NEAR(rl_fixture_value(&f, out, 0), 4.5);
    NEAR(rl_fixture_value(&f, out, 1), 3);
  }
}

/* Where all keys are the query there is no slope to find. */
static void test_no_slope(void) {
  static const float keys[] = {0, 0}, values[] = {3, 5};
  NEAR(rl_fixture_value(&f, fit(1, 1, 3, 0, keys, values), 0), 4);
}

RL_SUITE("local linear attention", {"line", test_line}, {"steps", test_steps},
         {"no slope", test_no_slope})
