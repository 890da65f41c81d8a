/* rope: rotary position embedding (Su et al. 2021, eq. 34) of the first or last rotary_dims
 * values of each head of q and k, in place. Pair i turns by position * base^(-2i / rotary_dims). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static const double TWO_PI = 6.283185307179586;

/* Llama 3.1: long wavelengths are slowed by the factor, short ones kept, blended in between
 * (Grattafiori et al. 2024, 3.4.2; the bounds are fractions of the original context). */
static double llama3_frequency(const rl_op_attributes *at, double frequency) {
  double turns = (double)at->rope_original * frequency / TWO_PI;
  double slow = frequency / at->rope_factor;
  if (turns > at->rope_high) return frequency;
  if (turns < at->rope_low) return slow;
  double share = (turns - at->rope_low) / (at->rope_high - at->rope_low);
  return (1 - share) * slow + share * frequency;
}

static double frequency_of(const rl_op_attributes *at, uint64_t pair) {
  double frequency = pow(at->rope_base, -2.0 * (double)pair / (double)at->rotary_dims);
  if (at->rope_scaling == RL_ROPE_LINEAR) return frequency / at->rope_factor;
  if (at->rope_scaling == RL_ROPE_LLAMA3) return llama3_frequency(at, frequency);
  if (at->rope_divisors != NULL) return frequency / at->rope_divisors[pair];
  return frequency;
}

/* Which of time, height and width turns the pair (Wang et al. 2024, 2.1). */
static int axis_of(const rl_op_attributes *at, uint64_t pair) {
  uint64_t end = 0;
  for (int axis = 0; axis < 3; axis++) {
    end += at->rope_sections[axis];
    if (pair < end) return axis;
  }
  return 0;
}

static void rotate(const rl_op_attributes *at, const uint64_t axes[3], float *x) {
  uint64_t half = at->rotary_dims / 2;
  double magnitude = at->rope_magnitude == 0 ? 1 : at->rope_magnitude;
  for (uint64_t i = 0; i < half; i++) {
    double angle = (double)axes[axis_of(at, i)] * frequency_of(at, i);
    double c = magnitude * cos(angle), s = magnitude * sin(angle);
    float *a = at->rope_style == RL_ROPE_PAIRS ? &x[2 * i] : &x[i];
    float *b = at->rope_style == RL_ROPE_PAIRS ? &x[2 * i + 1] : &x[i + half];
    double first = *a, second = *b;
    *a = (float)(first * c - second * s);
    *b = (float)(first * s + second * c);
  }
}

void rl_ref_rope(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  float *x = call->work->values;
  for (uint32_t n = 0; rl_call_read(call, n) != NULL; n++) {
    const rl_view *in = rl_call_read(call, n), *out = rl_call_write(call, n);
    uint64_t size = n == 0 || at->kv_head_dim == 0 ? at->head_dim : at->kv_head_dim;
    uint64_t first = at->rotates_last ? size - at->rotary_dims : 0;
    for (uint64_t t = 0; t < call->pass->tokens; t++) {
      uint64_t position[3] = {call->pass->positions[t]};
      bool sections = at->rope_sections[0] + at->rope_sections[1] + at->rope_sections[2] > 0;
      const uint64_t *axes = sections ? call->pass->axes[t] : position;
      for (uint64_t at_head = first; at_head < in->block; at_head += size) {
        rl_view_read(in, t * in->block + at_head, at->rotary_dims, x);
        rotate(at, axes, x);
        rl_view_write(out, t * out->block + at_head, at->rotary_dims, x);
      }
    }
  }
}
