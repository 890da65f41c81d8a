/* Inside reports/: findings as a table. */
#ifndef RL_REPORTS_VERDICT_GRID_H
#define RL_REPORTS_VERDICT_GRID_H

#include "reports/grid.h"
#include "reports/verdict.h"

/* At most so many findings, those that fail first. */
void rl_verdict_grid(rl_grid *grid, rl_arena *arena, const rl_checked_scenario *scenario,
                     size_t most);
/* "[1] -7.0 %, [2] +2.1 %, together -0.1 %, this version +0.2 %"; "" when nothing was weighed. NULL
 * when memory ran out. */
const char *rl_verdict_because(rl_arena *arena, const rl_checked_scenario *scenario,
                               const rl_finding *finding);
/* "worse", "breaks 'fits' (check.yaml:3)". NULL when memory ran out. */
const char *rl_verdict_word(rl_arena *arena, const rl_finding *finding);
/* It is a reason for the scenario to fail. */
bool rl_finding_fails(const rl_finding *finding);

#endif
