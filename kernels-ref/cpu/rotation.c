/* How fast the pairs of a rotary embedding turn (Su et al. 2021, eq. 34), and by what. */
#include "kernels-ref/cpu/rotation.h"

static const double TWO_PI = 6.283185307179586;

/* Llama 3.1: long wavelengths are slowed by the factor, short ones kept, blended in between
 * (Grattafiori et al. 2024, 3.4.2; the bounds are fractions of the original context). */
static double llama3_frequency(const rl_op_attributes *at, double frequency) {
  double turns = (double)at->rope_original * frequency / TWO_PI;
  double slow = frequency / at->rope_factor;
  if (turns >= at->rope_high) return frequency;
  if (turns < at->rope_low) return slow;
  double share = (turns - at->rope_low) / (at->rope_high - at->rope_low);
  return (1 - share) * slow + share * frequency;
}

double rl_rotation_scaled(const rl_op_attributes *at, uint64_t pair, double frequency) {
  if (at->rope_scaling == RL_ROPE_LINEAR) return frequency / at->rope_factor;
  if (at->rope_scaling == RL_ROPE_LLAMA3) return llama3_frequency(at, frequency);
  if (at->rope_divisors != NULL) return frequency / at->rope_divisors[pair];
  return frequency;
}

int rl_rotation_axis(const rl_op_attributes *at, uint64_t pair) {
  uint64_t end = 0;
  for (int axis = 0; axis < 3; axis++) {
    end += at->rope_sections[axis];
    if (pair < end) return axis;
  }
  return 0;
}

bool rl_rotation_has_axes(const rl_op_attributes *at) {
  return at->rope_sections[0] + at->rope_sections[1] + at->rope_sections[2] > 0;
}

rl_rotated rl_rotation_of(const rl_op_attributes *at, uint32_t nth, uint64_t block) {
  const uint64_t size = nth == 0 || at->kv_head_dim == 0 ? at->head_dim : at->kv_head_dim;
  return (rl_rotated){block / size, size, at->rotates_last ? size - at->rotary_dims : 0};
}
