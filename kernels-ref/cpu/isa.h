/* Instruction sets that kernels are written for, from the plain one to the widest. A level stands
 * for all that lie below it on the same architecture: a machine runs every level up to its own. */
#ifndef RL_CPU_ISA_H
#define RL_CPU_ISA_H

#include <stdbool.h>

typedef enum rl_isa {
  RL_ISA_SCALAR,       /* the reference kernels: no intrinsic, any machine */
  RL_ISA_NEON,         /* 64-bit Arm */
  RL_ISA_NEON_DOTPROD, /* dot products of bytes: Armv8.2 and later */
  RL_ISA_AVX2,         /* with FMA and F16C: x86-64-v3 */
  RL_ISA_AVX512,       /* F, BW, DQ, VL: x86-64-v4 */
  RL_ISA_AVX512_VNNI,  /* dot products of bytes */
  RL_ISA_AVX512_BF16,  /* dot products of bf16; all of its machines have VNNI */
  RL_ISA_AVX512_VBMI,  /* look-ups in tables of bytes, beside BF16 */
  RL_ISAS
} rl_isa;

/* "avx512_vnni" */
extern const char *const RL_ISA_NAMES[RL_ISAS];
/* By name; false when unknown. */
bool rl_isa_find(const char *name, rl_isa *out);
/* Whether this machine executes it. */
bool rl_isa_runs(rl_isa isa);
/* The highest level that this machine executes. */
rl_isa rl_isa_best(void);

#endif
