/* Resolution of the split over devices. Not for other rooms. */
#ifndef RL_SPEC_PARALLEL_H
#define RL_SPEC_PARALLEL_H

#include "spec/settings.h"

/* Fills scenario->parallel from the settings, and brings it together with scenario->devices: a
 * count of devices alone means tensor parallelism over all of them, degrees alone mean their
 * product of devices. Hardware and its count were resolved before. What does not agree is reported.
 */
void rl_parallel_resolve(const rl_load *load, const rl_settings *settings, rl_scenario *scenario);

#endif
