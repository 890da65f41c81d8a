/* Fields of a workload, in a file of its own or inline in a scenario. Not for other rooms. */
#ifndef RL_SPEC_WORKLOAD_H
#define RL_SPEC_WORKLOAD_H

#include "spec/load.h"
#include "spec/scenario.h"

#define RL_TOKENS_MAX ((uint64_t)1 << 32) /* tokens of a prompt, sequences of a batch */
enum { RL_BATCHES_MAX = 4096 };

/* Each reads one field into the workload; NULL nodes leave it alone. */
void rl_workload_read(const rl_load *load, const rl_node *node, const char *what, uint64_t min,
                      uint64_t *out);
void rl_workload_batches(const rl_load *load, const rl_node *node, rl_workload *workload);
/* [1, 8, 64]: a YAML list. */
void rl_batches_from_list(const rl_load *load, const rl_node *list, const uint64_t **out,
                          size_t *count);

#endif
