/* Frequencies and axes of rotary embeddings. */
#ifndef RL_CPU_ROTATION_H
#define RL_CPU_ROTATION_H

#include "graph/program.h"

/* What the operator's scaling makes of the frequency of a pair, base^(-2 pair / rotary_dims). */
double rl_rotation_scaled(const rl_op_attributes *at, uint64_t pair, double frequency);
/* Which of time, height and width turns the pair (Wang et al. 2024, 2.1). */
int rl_rotation_axis(const rl_op_attributes *at, uint64_t pair);
/* Some pairs turn by height or width. */
bool rl_rotation_has_axes(const rl_op_attributes *at);
/* Rotated heads of a token in the nth of the tensors that are rotated: how many, of how many
 * values, which of them is the first that is rotated. */
typedef struct rl_rotated {
  uint64_t heads, size, first;
} rl_rotated;
rl_rotated rl_rotation_of(const rl_op_attributes *at, uint32_t nth, uint64_t block);

#endif
