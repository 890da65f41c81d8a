/* Reads the components of a format that are a room of their own. */
#ifndef RL_SPEC_COMPONENT_LOAD_H
#define RL_SPEC_COMPONENT_LOAD_H

#include "spec/format.h"
#include "spec/load.h"

/* The map behind the component's name; what is wrong is reported. */
void rl_load_lut(const rl_load *load, const rl_node *node, rl_component *component);
void rl_load_trellis(const rl_load *load, const rl_node *node, rl_component *component);

#endif
