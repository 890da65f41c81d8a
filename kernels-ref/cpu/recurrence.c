/* Steps, decays and states of recurrences. */
#include "kernels-ref/cpu/recurrence.h"

#include <math.h>

float rl_softplus(float x) {
  static const float linear = 20; /* beyond it the two differ by less than fp32 can say */
  return x > linear ? x : log1pf(expf(x));
}

void rl_decay_rates(float *y, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) y[i] = -expf(y[i]);
}

void rl_state_load(const rl_view *state, const rl_pass_sequence *sequence, float *values) {
  rl_view_read(state, sequence->state * state->block, state->block, values);
}

void rl_state_store(const rl_view *state, const rl_pass_sequence *sequence, const float *values) {
  rl_view_write(state, sequence->state * state->block, state->block, values);
}
