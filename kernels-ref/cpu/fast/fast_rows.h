/* The fast rows of each instruction set, in files that are compiled for it alone, and what rows of
 * one operator kind share whatever the instruction set. */
#ifndef RL_CPU_FAST_ROWS_H
#define RL_CPU_FAST_ROWS_H

#include "kernels-ref/cpu/kernel.h"

enum {
  RL_LINEAR_AVX2_COUNT = 8,
  RL_LINEAR_AVX512_COUNT = 5,
  RL_LINEAR_AVX512_VNNI_COUNT = 3,
  RL_LINEAR_AVX512_BF16_COUNT = 2
};
extern const rl_kernel RL_LINEAR_AVX2[RL_LINEAR_AVX2_COUNT];
extern const rl_kernel RL_LINEAR_AVX512[RL_LINEAR_AVX512_COUNT];
extern const rl_kernel RL_LINEAR_AVX512_VNNI[RL_LINEAR_AVX512_VNNI_COUNT];
extern const rl_kernel RL_LINEAR_AVX512_BF16[RL_LINEAR_AVX512_BF16_COUNT];

/* linear: run, workspace, whether a row's tile takes the operands, what it declares. */
void rl_fast_linear(const rl_call *call);
bool rl_fast_linear_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_fast_linear_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel);
void rl_fast_linear_declare(const rl_call *call, rl_declared *declared);

#define RL_LINEAR_ROW(text, stored, multiplied, how)                                     \
  {                                                                                      \
    .run = rl_fast_linear, .workspace = rl_fast_linear_workspace, .name = (text),        \
    .fits = rl_fast_linear_fits, .declare = rl_fast_linear_declare, .weights = (stored), \
    .inputs = (multiplied), .tile = (how)                                                \
  }

#endif
