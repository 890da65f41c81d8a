/* Reads the skew of experts out of a scenario's settings. Not for other rooms. */
#ifndef RL_SPEC_SKEW_LOAD_H
#define RL_SPEC_SKEW_LOAD_H

#include "spec/load.h"
#include "spec/skew.h"

/* Values of experts.skew, experts.exponent and experts.popularity; NULL: not given. */
typedef struct rl_skew_nodes {
  const rl_node *skew, *exponent, *popularity;
} rl_skew_nodes;

/* NULL in *out when nothing is said of it or something is wrong (reported). */
void rl_skew_load(const rl_load *load, const rl_skew_nodes *nodes, const rl_skew **out);

#endif
