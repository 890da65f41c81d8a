/* What one sequence contributes to the moments of its source. Not for other rooms; they read
 * cost/cost.h. */
#ifndef RL_COST_SOURCED_H
#define RL_COST_SOURCED_H

#include "cost/cost.h"

/* False on overflow, all of them. */
bool rl_sourced_source(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_sourced_source_pair(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_sourced_square_pair(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_sourced_source_row(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_sourced_cross_pair(const rl_group *group, const rl_moment *moment, uint64_t *value);

#endif
