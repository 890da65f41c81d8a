/* What a sweep varies: a request that says lists or ranges where a scenario has single values. */
#ifndef RL_SPEC_AXES_H
#define RL_SPEC_AXES_H

#include "doc/tree.h"
#include "spec/scenario.h"

/* One key and the values that it takes in turn; of one value it does not vary. A value is a scalar,
 * or what a scenario file may say there: a map of a group, a list of methods. */
typedef struct rl_axis {
  const char *key; /* dotted, or a group: "parallel.tensor", "kv" */
  rl_loc loc;
  rl_node **values;
  size_t count;
} rl_axis;

/* In the order in which they are applied; none of a key that a later one replaces. */
typedef struct rl_axes {
  rl_request request;
  RL_LIST(rl_axis) list;
} rl_axes;
enum { RL_AXIS_VALUES_MAX = 1 << 20, RL_AXES_MAX = 64 };

/* In a file a value that is a list, in a text a range of whole numbers (1..8, 1..256x2,
 * 512..4096+512), and on the command line a text with commas (a part with = belongs to the one
 * before it) or in brackets, which is read as YAML. Keys whose value is a list (methods,
 * experts.popularity) vary by a list of lists. A value that is said twice counts once. Without a
 * machine the common ones are tried, `all`: every one. A named workload is replaced by what it
 * says. The request's texts must outlive the axes. Keys, ranges and names that are wrong are
 * reported. */
rl_status rl_axes_gather(rl_arena *arena, rl_db *db, const rl_request *request, rl_axes *out,
                         rl_diags *diags);
/* NULL: nothing was said of the key. */
const rl_axis *rl_axes_find(const rl_axes *axes, const char *key);
/* The scenario of one choice: choices[i] is an index into the values of the i-th axis. */
rl_status rl_axes_resolve(rl_arena *arena, rl_db *db, const rl_axes *axes, const size_t *choices,
                          rl_scenario **out, rl_diags *diags);
/* The values of an axis of whole numbers. */
rl_status rl_axis_numbers(rl_arena *arena, const rl_axis *axis, uint64_t least,
                          const uint64_t **out, rl_diags *diags);
/* A value as one text: "8", "k=int8,v=bf16". NULL when memory ran out. */
const char *rl_axis_text(rl_arena *arena, const rl_axis *axis, size_t value);

#endif
