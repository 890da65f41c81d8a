/* Groups: what stays in registers is neither rounded nor counted, what leaves is rounded for the
 * parts behind it too, and what a part leaves alone still comes from memory. */
#include <math.h>
#include <string.h>

#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

/* The group may take no more registers than it asked for: the rest must stay as it was. */
static void run_within_registers(void) {
  rl_pass_limits limits = {f.pass.tokens, f.pass.logit_rows, f.pass.scores, f.pass.kv_rows,
                           20,           f.pass.count};
  rl_workspace_size size = {0};
  CU_ASSERT_TRUE(RL_KERNELS[RL_OP_FUSED].workspace(&f.program, &f.op, &limits, &size));
  CU_ASSERT_TRUE_FATAL(size.registers <= FIXTURE_BYTES && size.values <= FIXTURE_WORK);
  memset(f.registers, 0x5a, sizeof f.registers);
  rl_fixture_run(&f);
  for (uint64_t b = size.registers; b < FIXTURE_BYTES; b++) CU_ASSERT_EQUAL(f.registers[b], 0x5a);
}

static uint32_t activation(rl_test_format format, uint64_t cols, const float *values) {
  return rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, format, 1, cols, values);
}

static void part(uint32_t index, rl_op_kind kind) {
  f.parts[index].kind = kind;
  f.parts[index].compute = RL_F32;
}

/* Two of four dims of each of two heads are rotated: kv_append must take those from registers and
 * the others from memory. k is not written, q is, all of k counts as read, half of q. */
static void test_rope_append_with_partial_rotation(void) {
  static const float x[] = {1, 0, 5, 6, 2, 0, 7, 8};
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, 1, 3, 0, NULL);
  uint32_t q = activation(TEST_FP32, 8, x), k = activation(TEST_FP32, 8, x);
  uint32_t v = activation(TEST_FP32, 8, x);
  uint32_t kc = rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 2, 4, NULL);
  uint32_t vc = rl_fixture_tensor(&f, RL_ROLE_KV, TEST_FP32, 2, 4, NULL);
  const uint32_t reads[] = {q, k, v}, writes[] = {q, kc, vc};
  for (int i = 0; i < 3; i++) rl_fixture_operand(&f, reads[i], RL_READ, 0);
  for (int i = 0; i < 3; i++) rl_fixture_operand(&f, writes[i], RL_WRITE, 0);
  part(0, RL_OP_ROPE);
  part(1, RL_OP_KV_APPEND);
  f.parts[0].at = (rl_op_attributes){.head_dim = 4, .rotary_dims = 2, .rope_base = 10};
  rl_fixture_part_operand(&f, 0, q, RL_READ, 4);
  rl_fixture_part_operand(&f, 0, k, RL_READ, 4);
  rl_fixture_part_operand(&f, 0, q, RL_WRITE, 4);
  rl_fixture_part_operand(&f, 0, k, RL_WRITE, 4);
  rl_fixture_part_operand(&f, 1, k, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, v, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, kc, RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, vc, RL_WRITE, 0);
  run_within_registers();
  const double c = cos(3), s = sin(3);
  const double expected[] = {c, s, 5, 6, 2 * c, 2 * s, 7, 8};
  for (uint64_t i = 0; i < 8; i++) {
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, kc, 3 * 8 + i), expected[i], 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(rl_fixture_value(&f, q, i), expected[i], 1e-6);
    CU_ASSERT_EQUAL(rl_fixture_value(&f, k, i), x[i]);
  }
  static const uint64_t bytes[] = {16, 32, 32, 16, 32, 32};
  for (uint32_t o = 0; o < 6; o++) CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), bytes[o]);
}

/* x = 1 + 2^-8 + ..., in bf16 1; the norm of a row of equal values is their sign times the gain, so
 * two columns tell which value it saw: (1.00390625, 1) differ only before rounding. */
static void test_add_norm_sees_the_rounded_sum(void) {
  static const float a[] = {1, 1}, b[] = {0.00390625f, 0}, gain[] = {1, 1}, bias[] = {0, 0};
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  uint32_t x = activation(TEST_BF16, 2, a), o = activation(TEST_BF16, 2, b);
  uint32_t g = rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_FP32, 1, 2, gain);
  uint32_t z = rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_FP32, 1, 2, bias);
  uint32_t h = activation(TEST_FP32, 2, NULL);
  const uint32_t reads[] = {x, o, g, z};
  for (int i = 0; i < 4; i++) rl_fixture_operand(&f, reads[i], RL_READ, 0);
  rl_fixture_operand(&f, x, RL_WRITE, 0);
  rl_fixture_operand(&f, h, RL_WRITE, 0);
  part(0, RL_OP_ADD);
  part(1, RL_OP_NORM);
  f.parts[1].at = (rl_op_attributes){.norm = RL_NORM_LAYER, .eps = 1e-12};
  rl_fixture_part_operand(&f, 0, x, RL_READ, 0);
  rl_fixture_part_operand(&f, 0, o, RL_READ, 0);
  rl_fixture_part_operand(&f, 0, x, RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, x, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, g, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, z, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, h, RL_WRITE, 0);
  run_within_registers();
  CU_ASSERT_EQUAL(rl_fixture_value(&f, x, 0), 1);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, h, 0), 0);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, h, 1), 0);
  static const uint64_t bytes[] = {4, 4, 8, 8, 4, 8};
  for (uint32_t i = 0; i < 6; i++) CU_ASSERT_EQUAL(rl_fixture_touched(&f, i), bytes[i]);
}

/* relu(x) * u in registers: x = 1 + 2^-7 fits bf16, times 1 + 2^-7 is 1 + 2^-6 + 2^-14. In place:
 * the gate tensor is read, and written by the product only. */
static void test_silu_mul_keeps_the_gate(void) {
  static const float gate[] = {1.0078125f, -1}, up[] = {1.0078125f, 3};
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  uint32_t g = activation(TEST_BF16, 2, gate), u = activation(TEST_BF16, 2, up);
  uint32_t t = activation(TEST_BF16, 2, NULL), out = activation(TEST_FP32, 2, NULL);
  rl_fixture_operand(&f, g, RL_READ, 0);
  rl_fixture_operand(&f, u, RL_READ, 0);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  part(0, RL_OP_ACTIVATION);
  part(1, RL_OP_MUL);
  f.parts[0].at.activation = RL_RELU;
  rl_fixture_part_operand(&f, 0, g, RL_READ, 0);
  rl_fixture_part_operand(&f, 0, t, RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, t, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, u, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, out, RL_WRITE, 0);
  run_within_registers();
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 1.0078125f * 1.0078125f);
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 1), 0);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 4);
}

/* In place, as families write it: the activation's result is never stored, for the product
 * overwrites it. silu(1) * 1.40625 = 1.02805 lies above the middle 1.02734 of two stored numbers;
 * with silu(1) stored first as 0.73046875 it would be 1.02722, below. */
static void test_silu_mul_in_place(void) {
  static const float gate[] = {1}, up[] = {1.40625f};
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  uint32_t g = activation(TEST_BF16, 1, gate), u = activation(TEST_BF16, 1, up);
  rl_fixture_operand(&f, g, RL_READ, 0);
  rl_fixture_operand(&f, u, RL_READ, 0);
  rl_fixture_operand(&f, g, RL_WRITE, 0);
  part(0, RL_OP_ACTIVATION);
  part(1, RL_OP_MUL);
  f.parts[0].at.activation = RL_SILU;
  rl_fixture_part_operand(&f, 0, g, RL_READ, 0);
  rl_fixture_part_operand(&f, 0, g, RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, g, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, u, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, g, RL_WRITE, 0);
  run_within_registers();
  CU_ASSERT_EQUAL(rl_fixture_value(&f, g, 0), 1.03125f);
}

/* The quantized input lives in registers as codes: 100 / 127 is a step, so 60 becomes 76 steps and
 * the product with 1 is not 60 but 76 * fp16(100 / 127) = 76 * 0.78759765625. */
static void test_gemm_quant_rounds_in_registers(void) {
  static const float x[] = {100, 60}, w[] = {0, 127};
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  uint32_t in = activation(TEST_BF16, 2, x), q = activation(TEST_INT8_TOKEN, 2, NULL);
  uint32_t m = rl_fixture_tensor(&f, RL_ROLE_WEIGHT, TEST_INT8_TOKEN, 1, 2, w);
  uint32_t out = activation(TEST_FP32, 1, NULL);
  rl_fixture_operand(&f, in, RL_READ, 0);
  rl_fixture_operand(&f, m, RL_READ, 0);
  rl_fixture_operand(&f, out, RL_WRITE, 0);
  part(0, RL_OP_QUANTIZE);
  part(1, RL_OP_LINEAR);
  f.parts[1].compute = RL_I8;
  rl_fixture_part_operand(&f, 0, in, RL_READ, 0);
  rl_fixture_part_operand(&f, 0, q, RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, q, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, m, RL_READ, 0);
  rl_fixture_part_operand(&f, 1, out, RL_WRITE, 0);
  run_within_registers();
  CU_ASSERT_EQUAL(rl_fixture_value(&f, out, 0), 127 * 76 * 0.78759765625f);
  static const uint64_t bytes[] = {4, 4, 4};
  for (uint32_t i = 0; i < 3; i++) CU_ASSERT_EQUAL(rl_fixture_touched(&f, i), bytes[i]);
}

RL_SUITE("fused", {"rope_append with partial rotation", test_rope_append_with_partial_rotation},
         {"add_norm sees the rounded sum", test_add_norm_sees_the_rounded_sum},
         {"silu_mul keeps the gate", test_silu_mul_keeps_the_gate},
         {"silu_mul in place", test_silu_mul_in_place},
         {"gemm_quant rounds in registers", test_gemm_quant_rounds_in_registers})
