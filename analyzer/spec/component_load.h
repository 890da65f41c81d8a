/* Reads the components of a format that are a room of their own. */
#ifndef RL_SPEC_COMPONENT_LOAD_H
#define RL_SPEC_COMPONENT_LOAD_H

#include "spec/format.h"
#include "spec/load.h"

/* The map behind the component's name; what is wrong is reported. */
void rl_load_lut(const rl_load *load, const rl_node *node, rl_component *component);
void rl_load_trellis(const rl_load *load, const rl_node *node, rl_component *component);
void rl_load_sparse(const rl_load *load, const rl_node *node, rl_component *component);
void rl_load_lowrank(const rl_load *load, const rl_node *node, rl_component *component);

/* What they are made of. One component, a map of one key: its kind. */
void rl_load_component(const rl_load *load, const rl_node *node, rl_component *component);
/* `tile: [rows, columns]`. */
void rl_load_tile(const rl_load *load, const rl_node *node, rl_component *component);
/* A type that values can be stored in as they are. */
void rl_load_dense_type(const rl_load *load, const rl_node *type, rl_component *component);

#endif
