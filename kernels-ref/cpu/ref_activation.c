/* activation: silu (Elfwing et al. 2018), gelu and its tanh form (Hendrycks & Gimpel 2016, 2),
 * relu and its square (So et al. 2021, 4), tanh,
 * and the sigmoid form of gelu (ibid.). */
#include <math.h>

#include "kernels-ref/cpu/elementwise.h"

static float silu(const rl_op *op, float x) {
  (void)op;
  return x / (1 + expf(-x));
}

static float gelu(const rl_op *op, float x) {
  (void)op;
  return 0.5f * x * (1 + erff(x * 0.70710678f));
}

static float gelu_tanh(const rl_op *op, float x) {
  (void)op;
  return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

static float relu(const rl_op *op, float x) {
  (void)op;
  return x > 0 ? x : 0;
}

static float relu_squared(const rl_op *op, float x) {
  (void)op;
  return x > 0 ? x * x : 0;
}

static float tanh_of(const rl_op *op, float x) {
  (void)op;
  return tanhf(x);
}

static float quick_gelu(const rl_op *op, float x) {
  (void)op;
  return x / (1 + expf(-1.702f * x));
}

static float (*const FUNCTIONS[RL_ACTIVATIONS])(const rl_op *op, float x) = {
    [RL_SILU] = silu, [RL_GELU] = gelu,    [RL_GELU_TANH] = gelu_tanh,
    [RL_RELU] = relu, [RL_RELU_SQUARED] = relu_squared,
    [RL_TANH] = tanh_of, [RL_QUICK_GELU] = quick_gelu,
};

float rl_activation_value(const rl_op *op, float x) {
  return FUNCTIONS[op->at.activation](op, x);
}

void rl_ref_activation(const rl_call *call) {
  rl_map_values(call, FUNCTIONS[call->op->at.activation]);
}
