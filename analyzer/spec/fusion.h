/* The words for fusions, apart from profiles so that counting knows them without knowing machines. */
#ifndef RL_SPEC_FUSION_H
#define RL_SPEC_FUSION_H

/* The closed list of fusions; graph/fuse.c holds one pattern each. */
typedef enum rl_fusion {
  RL_FUSE_QKV, RL_FUSE_GATE_UP, RL_FUSE_ADD_NORM, RL_FUSE_SILU_MUL, RL_FUSE_ROPE_APPEND,
  RL_FUSE_NORM_QUANT, RL_FUSE_GEMM_QUANT, RL_FUSE_ATTENTION, RL_FUSE_ALLREDUCE_NORM,
  RL_FUSIONS
} rl_fusion;
extern const char *const RL_FUSION_NAMES[RL_FUSIONS];

#endif
