/* What the model of a scenario reads of each sequence beside its tokens. Not for other rooms. */
#ifndef RL_SPEC_SOURCE_RESOLVE_H
#define RL_SPEC_SOURCE_RESOLVE_H

#include "spec/settings.h"

/* Fills the workload's source and images from the settings, or from the family's `source`. Nothing
 * can be said of a model that reads nothing: a diagnostic. */
void rl_source_resolve(const rl_load *load, const rl_settings *settings, rl_scenario *scenario);

#endif
