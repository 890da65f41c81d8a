/* A profile: what one software stack does on one architecture. `reference` fuses like our own
 * engine and has ideal efficiencies (1, no floors): times under it are bounds. */
#ifndef RL_SPEC_PROFILE_H
#define RL_SPEC_PROFILE_H

#include "spec/fusion.h"
#include "spec/types.h"

/* One fitted efficiency row (contract of the `kernels:` list). */
typedef struct rl_efficiency {
  rl_loc loc;
  const char *op;      /* operator kind name */
  const char *weights; /* format name or NULL for any */
  rl_engine engine;
  rl_type type;
  double t0;           /* s */
  double e_c, e_m;     /* share of peak and bandwidth reached, (0, 1] */
  int p;               /* overlap exponent 1, 2, 4, or 0 for infinity */
} rl_efficiency;

typedef struct rl_profile {
  const char *name;
  const char *file;
  const char *reference; /* text that finds it again: its name, a path or an id */
  const char *stack;   /* NULL for the ideal */
  const char *arch;    /* NULL: every architecture */
  bool ideal;          /* no kernels list: efficiencies 1, floors 0, p infinite */
  uint32_t fuse;       /* bit 1u << rl_fusion */
  uint64_t decode_tokens; /* a sequence with at most that many new tokens is decoded or verified */
  const rl_efficiency *kernels;
  size_t kernel_count;
  double host_step, host_layer, host_sequence; /* s */
} rl_profile;

#endif
