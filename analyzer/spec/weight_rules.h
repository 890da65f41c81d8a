/* Exceptions to the default weight format. Not for other rooms. */
#ifndef RL_SPEC_WEIGHT_RULES_H
#define RL_SPEC_WEIGHT_RULES_H

#include "spec/settings.h"

/* Resolves the settings' rules into scenario->rules; a pattern that fits no operator of the family
 * and no class is an error. */
void rl_weight_rules_resolve(const rl_load *load, const rl_settings *settings,
                             rl_scenario *scenario);

#endif
