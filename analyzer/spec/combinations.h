/* What a scenario may not ask for together. Not for other rooms. */
#ifndef RL_SPEC_COMBINATIONS_H
#define RL_SPEC_COMBINATIONS_H

#include "spec/settings.h"

/* Reports combinations that have no meaning or none yet: one host serves one device, and pools are
 * of one device each that keeps all it needs. searched: splits are tried later. */
void rl_combinations_check(const rl_load *load, const rl_settings *settings,
                           const rl_scenario *scenario, bool searched);

#endif
