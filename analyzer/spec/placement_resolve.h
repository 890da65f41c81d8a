/* The step of a scenario's resolution that places tensors. Not for other rooms. */
#ifndef RL_SPEC_PLACEMENT_RESOLVE_H
#define RL_SPEC_PLACEMENT_RESOLVE_H

#include "spec/placement.h"
#include "spec/settings.h"

/* Reads the settings into *placement; what is wrong is reported. The link stays NULL: it belongs
 * to the device. */
void rl_placement_resolve(const rl_load *load, const rl_settings *settings,
                          rl_placement *placement);

#endif
