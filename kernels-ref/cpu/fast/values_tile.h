/* What the fast rows of operators that work value by value share: a block is read, changed and
 * written as a whole. A value's result depends on its own operands alone. */
#ifndef RL_CPU_VALUES_TILE_H
#define RL_CPU_VALUES_TILE_H

#include "kernels-ref/cpu/kernel.h"

/* The operator's function of `count` values with one instruction set; b: NULL for one operand. a
 * may be out. */
struct rl_values_tile {
  void (*run)(const rl_op *op, const float *a, const float *b, float *out, uint64_t count);
};

#endif
