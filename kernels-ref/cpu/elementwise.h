/* What the kernels that work value by value share: the walk over blocks. */
#ifndef RL_CPU_ELEMENTWISE_H
#define RL_CPU_ELEMENTWISE_H

#include "kernels-ref/cpu/kernel.h"

/* x[i] becomes f(op, x[i]) for every value of the operand. */
void rl_map_values(const rl_call *call, float (*f)(const rl_op *op, float x));
/* out[i] = f(op, a[i], b[i]). */
void rl_zip_values(const rl_call *call, float (*f)(const rl_op *op, float a, float b));

/* The operator's activation function. */
float rl_activation_value(const rl_op *op, float x);

#endif
