/* Functions of values, the same text for vectors of every width; an instruction set includes this
 * file after its vectors. What is left over at the end goes through a vector that is filled up. */
#include <string.h>

typedef vf (*value_function)(const rl_op *op, vf a, vf b);

/* 1 / (1 + e^-x) */
static inline vf vf_sigmoid(vf x) {
  return vf_div(vf_all(1), vf_add(vf_all(1), vf_exp(vf_sub(vf_zero(), x))));
}

static inline vf value_add(const rl_op *op, vf a, vf b) {
  (void)op;
  return vf_add(a, b);
}
static inline vf value_mul(const rl_op *op, vf a, vf b) {
  (void)op;
  return vf_mul(a, b);
}
/* Elfwing et al. 2018 */
static inline vf value_silu(const rl_op *op, vf x, vf b) {
  (void)op, (void)b;
  return vf_mul(x, vf_sigmoid(x));
}
/* Hendrycks & Gimpel 2016, 2 */
static inline vf value_quick_gelu(const rl_op *op, vf x, vf b) {
  (void)op, (void)b;
  return vf_mul(x, vf_sigmoid(vf_mul(x, vf_all(1.702f))));
}
/* 0.5 (1 + tanh y) is the sigmoid of 2 y. */
static inline vf value_gelu_tanh(const rl_op *op, vf x, vf b) {
  const vf cube = vf_mul(vf_mul(x, x), x);
  const vf y = vf_mul(vf_all(0.79788456f), vf_fma(vf_all(0.044715f), cube, x));
  (void)op, (void)b;
  return vf_mul(x, vf_sigmoid(vf_add(y, y)));
}
static inline vf value_relu(const rl_op *op, vf x, vf b) {
  (void)op, (void)b;
  return vf_max(vf_zero(), x);
}
/* So et al. 2021, 4 */
static inline vf value_relu_squared(const rl_op *op, vf x, vf b) {
  const vf y = value_relu(op, x, b);
  return vf_mul(y, y);
}
static inline vf value_tanh(const rl_op *op, vf x, vf b) {
  (void)op, (void)b;
  return vf_tanh(x);
}
/* OpenAI 2025, gpt-oss model card, 2.2 */
static inline vf value_swiglu(const rl_op *op, vf gate, vf up) {
  const vf most = vf_all((float)op->at.limit), least = vf_all(-(float)op->at.limit);
  const vf g = vf_min(most, gate), u = vf_max(least, vf_min(most, up));
  return vf_mul(vf_mul(vf_add(u, vf_all(1)), g),
                vf_sigmoid(vf_mul(g, vf_all((float)op->at.factor))));
}

static inline vf value_scale(const rl_op *op, vf x, vf b) {
  (void)b;
  return vf_mul(x, vf_all((float)op->at.factor));
}
/* Gemma 2 Team 2024, 2 */
static inline vf value_softcap(const rl_op *op, vf x, vf b) {
  const vf cap = vf_all((float)op->at.softcap);
  (void)b;
  return vf_mul(cap, vf_tanh(vf_div(x, cap)));
}
static inline vf value_clamp(const rl_op *op, vf x, vf b) {
  const float limit = (float)op->at.limit;
  (void)b;
  return vf_max(vf_all(-limit), vf_min(vf_all(limit), x));
}
/* Dauphin et al. 2017, eq. 1 */
static inline vf value_gate(const rl_op *op, vf x, vf gate) {
  (void)op;
  return vf_mul(x, vf_sigmoid(gate));
}

static inline __attribute__((always_inline)) void each_value(const rl_op *op, const float *a,
                                                             const float *b, float *out,
                                                             uint64_t count, value_function f) {
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    vf_put(out + i, f(op, vf_load(a + i), b == NULL ? vf_zero() : vf_load(b + i)));
  }
  if (i == count) return;
  float last[2][VECTOR_FLOATS] = {{0}};
  memcpy(last[0], a + i, (count - i) * sizeof *a);
  if (b != NULL) memcpy(last[1], b + i, (count - i) * sizeof *b);
  vf_put(last[0], f(op, vf_load(last[0]), vf_load(last[1])));
  memcpy(out + i, last[0], (count - i) * sizeof *out);
}

#define EACH_VALUE(name)                                                               \
  static void each_##name(const rl_op *op, const float *a, const float *b, float *out, \
                          uint64_t count) {                                            \
    each_value(op, a, b, out, count, value_##name);                                    \
  }
EACH_VALUE(add)
EACH_VALUE(mul)
EACH_VALUE(silu)
EACH_VALUE(quick_gelu)
EACH_VALUE(gelu_tanh)
EACH_VALUE(relu)
EACH_VALUE(relu_squared)
EACH_VALUE(tanh)
EACH_VALUE(swiglu)
EACH_VALUE(scale)
EACH_VALUE(softcap)
EACH_VALUE(clamp)
EACH_VALUE(gate)

static void each_activation(const rl_op *op, const float *a, const float *b, float *out,
                            uint64_t count) {
  static void (*const EACH[RL_ACTIVATIONS])(const rl_op *op, const float *a, const float *b,
                                            float *out, uint64_t count) = {
      [RL_SILU] = each_silu,
      [RL_GELU_TANH] = each_gelu_tanh,
      [RL_QUICK_GELU] = each_quick_gelu,
      [RL_RELU] = each_relu,
      [RL_RELU_SQUARED] = each_relu_squared,
      [RL_TANH] = each_tanh,
  };
  EACH[op->at.activation](op, a, b, out, count);
}

static const rl_values_tile TILES[RL_VALUE_ROWS] = {
    [RL_VALUE_ACTIVATION] = {each_activation},
    [RL_VALUE_SWIGLU] = {each_swiglu},
    [RL_VALUE_MUL] = {each_mul},
    [RL_VALUE_ADD] = {each_add},
    [RL_VALUE_SCALE] = {each_scale},
    [RL_VALUE_SOFTCAP] = {each_softcap},
    [RL_VALUE_CLAMP] = {each_clamp},
    [RL_VALUE_GATE] = {each_gate},
};

#define VALUE_ROW(row, table) [row] = RL_RUN_ROW("in fp32", values, table, &TILES[row])
#define VALUE_ROWS(table)                                                     \
  {                                                                           \
    VALUE_ROW(RL_VALUE_ACTIVATION, table), VALUE_ROW(RL_VALUE_SWIGLU, table), \
        VALUE_ROW(RL_VALUE_MUL, table), VALUE_ROW(RL_VALUE_ADD, table),       \
        VALUE_ROW(RL_VALUE_SCALE, table), VALUE_ROW(RL_VALUE_SOFTCAP, table), \
        VALUE_ROW(RL_VALUE_CLAMP, table), VALUE_ROW(RL_VALUE_GATE, table),    \
  }
