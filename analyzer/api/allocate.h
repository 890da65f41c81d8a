/* Which format of a palette each linear operator is stored in, so that all weights fit a budget, or
 * a decode step takes no longer than one, and as many bits as possible are stored: exact, over all
 * combinations. Accuracy is not predicted:
 * what a bit of an operator is worth is for the user to say. */
#ifndef RL_API_ALLOCATE_H
#define RL_API_ALLOCATE_H

#include "reports/allocation.h"
#include "spec/scenario.h"

/* Bits of an operator count so many millionths; of others a million. */
typedef struct rl_worth {
  const char *name;
  uint64_t millionths;
} rl_worth;

typedef struct rl_allocation_request {
  const rl_scenario *scenario;
  const rl_text_at *palette; /* formats by name */
  size_t palette_count;
  uint64_t budget; /* bytes, when no time is given */
  double seconds;  /* s of a decode step at the scenario's first batch, on its machine; 0: none */
  const rl_worth *worths;
  size_t worth_count;
  rl_loc loc; /* where it was asked for */
} rl_allocation_request;

/* *varied is its scenario in the formats chosen. The signs of rotations, which operators share, are
 * set aside as if all operators needed them. Errors: an operator that can be in no format of the
 * palette, a name that no operator has, a budget below the narrowest formats, too many
 * combinations, a budget of time without a machine. */
rl_status rl_allocate(rl_arena *arena, rl_db *db, const rl_allocation_request *request,
                      const rl_result_allocation **out, rl_scenario **varied, rl_diags *diags);

#endif
