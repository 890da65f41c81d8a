/* Memories beside attention on values small enough to be worked out by hand. */
#include <math.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

static uint32_t operand(rl_role role, rl_access access, uint64_t rows, uint64_t cols,
                        const float *values) {
  uint32_t t = rl_fixture_tensor(&f, role, TEST_FP32, rows, cols, values);
  rl_fixture_operand(&f, t, access, 0);
  return t;
}

static void expect(uint32_t tensor, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, tensor, i), values[i], 1e-4);
  }
}

/* Values of the tokens of one sequence, 20 rows for each of two. */
enum { CACHE_ROWS = 20 };
static uint32_t cache(float first) {
  float values[2 * CACHE_ROWS];
  for (int i = 0; i < 2 * CACHE_ROWS; i++) values[i] = first * exp2f((float)(i % CACHE_ROWS));
  return operand(RL_ROLE_KV, RL_READ, 1, 1, values);
}

/* A query of 0 sees all keys alike: the result is the mean of the values it sees, 1 2 4 8 16 of the
 * tokens and 100 200 400 of the fading keys. A window of 2, one kept token. Three tokens of the
 * first sequence: 1; (1 + 2) / 2; then token 0 leaves the window and is kept, and its fading key is
 * seen: (1 + 2 + 4 + 100) / 4. Two tokens behind three of the second, whose state is what the first
 * one ends with: token 1 surprised more than token 0, (2 + 4 + 8 + 100 + 200) / 5; token 2 does
 * not, (2 + 8 + 16 + 200 + 400) / 5. */
static void attend(uint64_t budget) {
  static const float surprise[] = {5, 9, 7, 1, 3}, zeros[5] = {0};
  static const float states[] = {0, 0, 0, 0, 1, 5, 9, 7};
  const double kept[] = {1, 5, 9, 7, 2, 9, 1, 3};
  const double all[] = {1, 1.5, 107.0 / 4, 314.0 / 5, 626.0 / 5};
  const double without[] = {1, 1.5, 106.0 / 3, 312.0 / 4, 624.0 / 4};
  uint32_t state = 0;
  rl_fixture_init(&f, budget > 0 ? RL_OP_EIDETIC_ATTENTION : RL_OP_FADING_ATTENTION);
  f.op.at = (rl_op_attributes){
      .heads = 1, .kv_heads = 1, .head_dim = 1, .window = 2, .budget = budget, .score_scale = 1};
  rl_fixture_sequence(&f, 3, 0, 0, NULL);
  rl_fixture_sequence(&f, 2, 3, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, zeros);
  if (budget > 0) operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, surprise);
  cache(1), cache(1), cache(100), cache(100);
  if (budget > 0) state = operand(RL_ROLE_STATE, RL_READ, 1, 4, states);
  if (budget > 0) rl_fixture_operand(&f, state, RL_WRITE, 0);
  uint32_t out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  expect(out, budget > 0 ? all : without, 5);
  if (budget > 0) expect(state, kept, 8);
}

/* Rows 0 1 2 and 1 2 3 4, 2 3 4 without the kept one; fading rows 0 and 0 1 2. */
static void test_fading(void) {
  for (uint32_t budget = 0; budget < 2; budget++) {
    attend(budget);
    for (uint32_t k = 0; k < 2; k++) {
      CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1 + budget + k), (6 + budget) * 4);
      CU_ASSERT_EQUAL(rl_fixture_touched(&f, 3 + budget + k), 4 * 4);
    }
  }
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 6), 32);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 7), 32);
}

RL_SUITE("memories", {"fading", test_fading})
