/* Modules that predict further tokens and that a pass does not run. */
#ifndef RL_API_MODULES_H
#define RL_API_MODULES_H

#include "base/diag.h"

struct rl_db;
struct rl_scenario;

/* Notes that the model has such modules, with their parameters and how they are asked for, unless
 * they are part of the scenario. */
rl_status rl_modules_tell(rl_arena *arena, struct rl_db *db, const struct rl_scenario *scenario,
                          rl_diags *diags);

#endif
