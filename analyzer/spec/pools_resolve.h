/* The step of a scenario's resolution that reads `pools`. Not for other rooms. */
#ifndef RL_SPEC_POOLS_RESOLVE_H
#define RL_SPEC_POOLS_RESOLVE_H

#include "spec/pools.h"
#include "spec/settings.h"

/* Reads the settings into *pools; what is wrong or missing is reported. */
void rl_pools_resolve(const rl_load *load, const rl_settings *settings, rl_pools *pools);

#endif
