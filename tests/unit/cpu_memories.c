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

/* Queries of 0 again: the mean of two persistent values 10 and 30 and of the tokens 1 2 4 under a
 * window of 2. */
static void test_persistent(void) {
  static const float zeros[3] = {0}, keys[] = {5, 7}, values[] = {10, 30};
  const double out[] = {41.0 / 3, 43.0 / 4, 46.0 / 4};
  rl_fixture_init(&f, RL_OP_MEMORY_ATTENTION);
  f.op.at = (rl_op_attributes){
      .heads = 1, .kv_heads = 1, .head_dim = 1, .window = 2, .persistent = 2, .score_scale = 1};
  rl_fixture_sequence(&f, 3, 0, 0, NULL);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 1, zeros);
  cache(1), cache(1);
  operand(RL_ROLE_WEIGHT, RL_READ, 2, 1, keys);
  operand(RL_ROLE_WEIGHT, RL_READ, 2, 1, values);
  uint32_t y = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, 1, NULL);
  rl_fixture_run(&f);
  expect(y, out, 3);
  for (uint32_t o = 0; o < 6; o++) {
    CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), o == 3 || o == 4 ? 8 : 12);
  }
}

typedef struct memory_operands {
  uint32_t weights, momentum, start, out;
} memory_operands;

/* One head; q, k, v of all tokens, gates of 0: decay, momentum and step are 1/2. */
static memory_operands memory(const float *const inputs[3], const float *const states[3],
                              const float *initial, uint64_t size) {
  static const float gates[12] = {0};
  const rl_op_attributes *at = &f.op.at;
  memory_operands m;
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, at->key_dim, inputs[0]);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, at->key_dim, inputs[1]);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, at->value_dim, inputs[2]);
  operand(RL_ROLE_ACTIVATION, RL_READ, 1, 3, gates);
  m.weights = operand(RL_ROLE_STATE, RL_READ, 1, size, states[0]);
  m.momentum = operand(RL_ROLE_STATE, RL_READ, 1, size, states[1]);
  m.start = operand(RL_ROLE_STATE, RL_READ, 1, size, states[2]);
  operand(RL_ROLE_WEIGHT, RL_READ, 1, size, initial);
  rl_fixture_operand(&f, m.weights, RL_WRITE, 0);
  rl_fixture_operand(&f, m.momentum, RL_WRITE, 0);
  rl_fixture_operand(&f, m.start, RL_WRITE, 0);
  m.out = operand(RL_ROLE_ACTIVATION, RL_WRITE, 1, at->value_dim, NULL);
  return m;
}

/* One layer of two keys and one value, chunks of two. A sequence begins with M = (1 1).
 * k (0.6 0.8): 1.4 for 2.4, error 2 1/2 (-1) = -1; S = (0.6 0.8), M = (0.5 0.5) + S = (1.1 1.3).
 * k (0.8 0.6), at (1 1) still: 1.4 for 0.4, error 1; S = (0.3 0.4) - k, M = (0.05 0.45).
 * k (1 0), a new chunk: 0.05 for 1.05, error -1; S = (0.75 -0.1), M = (0.775 0.125).
 * The other one goes on from there, at M' = (0.05 0.45): k (0 1): 0.45 for -0.55, error 1; S =
 * (0.375 -1.05), M = (0.7625 -0.9875). Queries (1 0), (0 1), (0.6 0.8), (1 0). */
static void test_matrix_memory(void) {
  static const float q[] = {5, 0, 0, 2, 3, 4, 9, 0}, k[] = {3, 4, 4, 3, 1, 0, 0, 7};
  static const float v[] = {2.4f, 0.4f, 1.05f, -0.55f}, initial[] = {1, 1};
  static const float weights[] = {0, 0, 0.775f, 0.125f}, momentum[] = {0, 0, 0.75f, -0.1f};
  static const float start[] = {0, 0, 0.05f, 0.45f};
  const double learned[] = {0.775, 0.125, 0.7625, -0.9875};
  const double pushed[] = {0.75, -0.1, 0.375, -1.05}, begun[] = {0.05, 0.45, 0.05, 0.45};
  const double out[] = {1.1, 0.45, 0.565, 0.7625};
  rl_fixture_init(&f, RL_OP_NEURAL_MEMORY);
  f.op.at = (rl_op_attributes){
      .heads = 1, .key_dim = 2, .value_dim = 1, .depth = 1, .chunk = 2, .limit = 1};
  rl_fixture_sequence(&f, 3, 0, 0, NULL);
  rl_fixture_sequence(&f, 1, 3, 0, NULL);
  memory_operands m = memory((const float *const[]){q, k, v},
                             (const float *const[]){weights, momentum, start}, initial, 2);
  rl_fixture_run(&f);
  expect(m.out, out, 4);
  expect(m.weights, learned, 4);
  expect(m.momentum, pushed, 4);
  expect(m.start, begun, 4);
  static const uint64_t touched[] = {32, 32, 16, 48, 16, 16, 8, 8, 16, 16, 8, 16};
  for (uint32_t o = 0; o < 12; o++) CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), touched[o]);
}

/* Two layers of one value, weights 0 and 2: the hidden value silu(0) = 0 has the slope 1/2. 0 for
 * 1, error -1; the second layer's input is 0, so only decay moves it, to 1; the error of the first
 * is 2
 * (-1) 1/2 = -1, its weight 0 + 1. y = silu(1). */
static void test_deep_memory(void) {
  static const float one[] = {1}, zeros[] = {0, 0}, initial[] = {0, 2};
  const double learned[] = {1, 1}, pushed[] = {1, 0}, out[] = {0.7310586};
  rl_fixture_init(&f, RL_OP_NEURAL_MEMORY);
  f.op.at = (rl_op_attributes){
      .heads = 1, .key_dim = 1, .value_dim = 1, .depth = 2, .inner = 1, .chunk = 2, .limit = 1};
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  memory_operands m = memory((const float *const[]){one, one, one},
                             (const float *const[]){zeros, zeros, zeros}, initial, 2);
  rl_fixture_run(&f);
  expect(m.weights, learned, 2);
  expect(m.momentum, pushed, 2);
  expect(m.out, out, 1);
}

RL_SUITE("memories", {"fading", test_fading}, {"persistent", test_persistent},
         {"matrix memory", test_matrix_memory}, {"deep memory", test_deep_memory})
