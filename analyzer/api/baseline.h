/* Inside api/: what the writer and the reader of baselines share. */
#ifndef RL_API_BASELINE_H
#define RL_API_BASELINE_H

#include "api/gate.h"

/* "rooflinectl/baseline/" and the version of the form. */
#define RL_BASELINE_PREFIX "rooflinectl/baseline/"
#define RL_BASELINE_SCHEMA RL_BASELINE_PREFIX "1"

/* Every description that some scenario uses, each once, by kind, then name or file. False when
 * memory ran out. */
bool rl_baseline_descriptions(rl_arena *arena, const rl_gate_state *state,
                              rl_description_list *out);

/* The one of that kind and name or file among descriptions in that order; NULL: there is none. */
const rl_description *rl_baseline_find(const rl_description *list, size_t count, rl_db_kind kind,
                                       const char *name);

#endif
