/* A table of stored tensors as part of a model description. Not for other rooms. */
#ifndef RL_SPEC_STORED_LOAD_H
#define RL_SPEC_STORED_LOAD_H

#include "spec/load.h"
#include "spec/stored_tensors.h"

/* The map of `stored:`; NULL after a diagnostic. */
const rl_stored *rl_load_stored(const rl_load *load, const rl_node *map);

#endif
