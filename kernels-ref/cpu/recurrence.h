/* What the kernels of recurrences share: the step size, and a sequence's state while it is worked
 * on. */
#ifndef RL_CPU_RECURRENCE_H
#define RL_CPU_RECURRENCE_H

#include "kernels-ref/cpu/kernel.h"

/* log(1 + e^x) (Gu & Dao 2023, alg. 2). */
float rl_softplus(float x);
/* y[i] = -exp(y[i]): a decay rate from its stored logarithm (Gu & Dao 2023, 3.6). */
void rl_decay_rates(float *y, uint64_t count);
/* The state of one sequence, all of it. */
void rl_state_load(const rl_view *state, const rl_pass_sequence *sequence, float *values);
void rl_state_store(const rl_view *state, const rl_pass_sequence *sequence, const float *values);

#endif
