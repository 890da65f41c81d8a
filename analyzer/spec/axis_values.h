/* The values of one axis. Not for other rooms. */
#ifndef RL_SPEC_AXIS_VALUES_H
#define RL_SPEC_AXIS_VALUES_H

#include "spec/axes.h"
#include "spec/load.h"

/* Fills axis->values from what stands behind its key; what is wrong is reported. */
void rl_axis_values_read(const rl_load *load, const rl_node *node, rl_axis *axis);

#endif
