/* Which scenarios have one program. */
#ifndef RL_API_ALIKE_H
#define RL_API_ALIKE_H

#include "spec/scenario.h"

/* Whether two scenarios are lowered and counted alike: they differ in machines, where tensors stand
 * and tokens of the workload at most. Both are divided already. */
bool rl_lowered_alike(const rl_scenario *a, const rl_scenario *b);

#endif
