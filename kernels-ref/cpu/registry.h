/* The registry of kernels: for every operator kind the scalar reference, which takes any format on
 * any machine, and behind it fast rows, which replace it where the formats of the operands, the
 * type that is multiplied in and the instruction set fit. A row is chosen once, when an engine is
 * planned. */
#ifndef RL_CPU_REGISTRY_H
#define RL_CPU_REGISTRY_H

#include "kernels-ref/cpu/kernel.h"

/* Fast rows of one operator kind and instruction set; of those that fit, the last one is best. */
typedef struct rl_kernel_rows {
  rl_op_kind kind;
  rl_isa isa;
  const rl_kernel *rows;
  size_t count;
} rl_kernel_rows;

/* All that this build holds, from the lowest level to the highest. Answers how many. */
size_t rl_kernel_groups(const rl_kernel_rows **groups);
/* The best row for the operator up to that level, which this machine must execute. Never NULL: the
 * scalar reference remains. */
const rl_kernel *rl_kernel_choose(const rl_program *program, const rl_op *op, rl_isa level);
/* Stored bytes of each operand of the operator that the row reads or writes when it makes `blocks`
 * blocks, and its multiply-adds times two, from the bounds of its loops. False for scalar rows,
 * which declare nothing: what they touch is observed. */
bool rl_kernel_declare(const rl_kernel *kernel, const rl_call *call, rl_declared *declared);

#endif
