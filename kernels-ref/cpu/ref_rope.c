/* rope: rotary position embedding (Su et al. 2021, eq. 34) of the first or last rotary_dims
 * values of each head of q and k, in place. Pair i turns by position * base^(-2i / rotary_dims). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"
#include "kernels-ref/cpu/rotation.h"

static double frequency_of(const rl_op_attributes *at, uint64_t pair) {
  const double plain = pow(at->rope_base, -2.0 * (double)pair / (double)at->rotary_dims);
  return rl_rotation_scaled(at, pair, plain);
}

/* Heads of rotary_dims values each, one after the other. */
static void rotate(const rl_op_attributes *at, const uint64_t axes[3], float *x, uint64_t heads) {
  uint64_t half = at->rotary_dims / 2;
  double magnitude = at->rope_magnitude == 0 ? 1 : at->rope_magnitude;
  for (uint64_t i = 0; i < half; i++) {
    double angle = (double)axes[rl_rotation_axis(at, i)] * frequency_of(at, i);
    double c = magnitude * cos(angle), s = magnitude * sin(angle);
    const uint64_t a = at->rope_style == RL_ROPE_PAIRS ? 2 * i : i;
    const uint64_t b = at->rope_style == RL_ROPE_PAIRS ? 2 * i + 1 : i + half;
    for (float *head = x; head < x + heads * at->rotary_dims; head += at->rotary_dims) {
      double first = head[a], second = head[b];
      head[a] = (float)(first * c - second * s);
      head[b] = (float)(first * s + second * c);
    }
  }
}

/* One token: all heads turn by the same angles. */
static void rotate_token(const rl_call *call, uint32_t n, uint64_t t, const uint64_t axes[3]) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, n), *out = rl_call_write(call, n);
  const rl_rotated of = rl_rotation_of(at, n, in->block);
  const uint64_t dims = at->rotary_dims;
  float *x = call->work->values;
  for (uint64_t h = 0; h < of.heads; h++) {
    rl_view_read(in, t * in->block + h * of.size + of.first, dims, x + h * dims);
  }
  rotate(at, axes, x, of.heads);
  for (uint64_t h = 0; h < of.heads; h++) {
    rl_view_write(out, t * out->block + h * of.size + of.first, dims, x + h * dims);
  }
}

void rl_ref_rope(const rl_call *call) {
  const bool sections = rl_rotation_has_axes(&call->op->at);
  for (uint32_t n = 0; rl_call_read(call, n) != NULL; n++) {
    for (uint64_t t = 0; t < call->pass->tokens; t++) {
      uint64_t position[3] = {call->pass->positions[t]};
      rotate_token(call, n, t, sections ? call->pass->axes[t] : position);
    }
  }
}
