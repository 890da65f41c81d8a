/* How much of a model is stored in which format. */
#ifndef RL_API_STORED_SHARES_H
#define RL_API_STORED_SHARES_H

#include "graph/program.h"
#include "reports/result.h"
#include "spec/scenario.h"

typedef struct rl_stored_shares {
  const rl_result_stored *items; /* most bytes first, in the arena */
  size_t count; /* 0: the scenario's weights are in its format but for exceptions */
} rl_stored_shares;

/* The formats of a program's weights where they are counted as a file stores them, or as a config
 * says that names several. False without memory. */
bool rl_stored_shares_of(rl_arena *arena, const rl_scenario *scenario, const rl_program *whole,
                         rl_stored_shares *shares);

#endif
