/* Groups of fast rows that this build holds, and the choice among them. */
#include "kernels-ref/cpu/registry.h"

#include "kernels-ref/cpu/fast/fast_rows.h"

/* One row of those that are put together from runs, and one that works value by value. */
#define RUN(kind, isa, row) \
  { RL_OP_##kind, RL_ISA_##isa, &RL_RUN_ROWS_##isa[RL_RUN_##row], 1 }
#define VALUE(kind, isa, row) \
  { RL_OP_##kind, RL_ISA_##isa, &RL_VALUE_ROWS_##isa[RL_VALUE_##row], 1 }
#define RUNS_OF(isa)                                                                              \
  RUN(NORM, isa, NORM), RUN(ROPE, isa, ROPE), RUN(ROTATE, isa, ROPE), RUN(SOFTMAX, isa, SOFTMAX), \
      RUN(SAMPLE, isa, SAMPLE), RUN(QUANTIZE, isa, QUANTIZE), RUN(KV_APPEND, isa, APPEND),        \
      RUN(LATENT_APPEND, isa, APPEND), RUN(EMBED, isa, EMBED), RUN(GATHER, isa, GATHER),          \
      RUN(WEIGH, isa, WEIGH), RUN(COMBINE, isa, COMBINE), RUN(COLLECT, isa, COMBINE),             \
      RUN(CONCAT, isa, CONCAT), RUN(FUSED, isa, GATE), VALUE(ACTIVATION, isa, ACTIVATION),        \
      VALUE(SWIGLU, isa, SWIGLU), VALUE(MUL, isa, MUL), VALUE(ADD, isa, ADD),                     \
      VALUE(SCALE, isa, SCALE), VALUE(SOFTCAP, isa, SOFTCAP), VALUE(CLAMP, isa, CLAMP),           \
      VALUE(SIGMOID_GATE, isa, GATE)

/* Tiles multiply one matrix, or those of experts. */
#define PRODUCTS(isa)                                                           \
  {RL_OP_LINEAR, RL_ISA_##isa, RL_LINEAR_##isa, RL_LINEAR_##isa##_COUNT}, {     \
    RL_OP_EXPERT_LINEAR, RL_ISA_##isa, RL_LINEAR_##isa, RL_LINEAR_##isa##_COUNT \
  }

/* Tiles meet keys and values, or latents. */
#define ATTENTIONS(isa)                                                               \
  {RL_OP_ATTENTION, RL_ISA_##isa, RL_ATTENTION_##isa, RL_ATTENTION_##isa##_COUNT}, {  \
    RL_OP_LATENT_ATTENTION, RL_ISA_##isa, RL_ATTENTION_##isa, RL_LATENT_##isa##_COUNT \
  }

static const rl_kernel_rows GROUPS[] = {
#if defined(RL_ARM_NEON)
    PRODUCTS(NEON),
    ATTENTIONS(NEON),
    RUNS_OF(NEON),
#endif
#if defined(RL_ARM_NEON_DOTPROD)
    PRODUCTS(NEON_DOTPROD),
#endif
#if defined(RL_X86_AVX2)
    PRODUCTS(AVX2),
    ATTENTIONS(AVX2),
    RUNS_OF(AVX2),
#endif
#if defined(RL_X86_AVX512)
    PRODUCTS(AVX512),
    ATTENTIONS(AVX512),
    RUNS_OF(AVX512),
#endif
#if defined(RL_X86_AVX512_VNNI)
    PRODUCTS(AVX512_VNNI),
    {RL_OP_ATTENTION, RL_ISA_AVX512_VNNI, RL_ATTENTION_AVX512_VNNI, RL_ATTENTION_AVX512_VNNI_COUNT},
#endif
#if defined(RL_X86_AVX512_BF16)
    PRODUCTS(AVX512_BF16),
    ATTENTIONS(AVX512_BF16),
#endif
#if defined(RL_X86_AVX512_VBMI)
    PRODUCTS(AVX512_VBMI),
#endif
    {RL_OP_LINEAR, RL_ISA_SCALAR, NULL, 0}, /* the reference itself: RL_KERNELS */
};
enum { GROUPS_HELD = sizeof GROUPS / sizeof *GROUPS - 1 };

size_t rl_kernel_groups(const rl_kernel_rows **groups) {
  *groups = GROUPS;
  return GROUPS_HELD;
}

const rl_kernel *rl_kernel_choose(const rl_program *program, const rl_op *op, rl_isa level) {
  const rl_kernel *best = &RL_KERNELS[op->kind];
  for (size_t g = 0; g < GROUPS_HELD; g++) {
    if (GROUPS[g].kind != op->kind || GROUPS[g].isa > level) continue;
    for (size_t r = 0; r < GROUPS[g].count; r++) {
      const rl_kernel *row = &GROUPS[g].rows[r];
      if (row->fits(program, op, row)) best = row;
    }
  }
  return best;
}

bool rl_kernel_declare(const rl_kernel *kernel, const rl_call *call, rl_declared *declared) {
  *declared = (rl_declared){.flops = 0};
  if (kernel->declare == NULL) return false;
  kernel->declare(call, declared);
  return true;
}
