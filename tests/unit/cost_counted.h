/* One group of sequences counted on a shipped model, for tests that know its bytes by hand. */
#ifndef RL_TESTS_COST_COUNTED_H
#define RL_TESTS_COST_COUNTED_H

#include "cost/cost.h"

typedef struct counted {
  rl_arena arena; /* to be freed */
  rl_diags diags;
  const rl_program *program;
  rl_cost *cost;
  uint64_t moments[RL_MOMENTS_MAX];
} counted;

/* profile NULL: the default one. Failures are fatal assertions. */
void counted_open(counted *c, const char *model, const char *kv, const char *profile,
                  const rl_group *group);
/* Bytes that the cache takes behind the pass. */
uint64_t counted_kept(const counted *c);

#endif
