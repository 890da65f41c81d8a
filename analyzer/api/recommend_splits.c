/* The ways to divide so many devices among tensor ranks, stages and data groups, and the counts of
 * each: lowered once for a pair of formats, whatever machine it is then held against. */
#include "api/recommend_parts.h"
#include "base/checked.h"

/* Counts of one division that an earlier number of devices had, too; NULL when there are none. */
static const rl_split *find_counted(const rl_split_list *list, const rl_parallel *parallel) {
  for (size_t i = 0; i < list->count; i++) {
    const rl_parallel *known = &list->items[i].scenario.parallel;
    if (known->tensor == parallel->tensor && known->pipeline == parallel->pipeline) {
      return &list->items[i];
    }
  }
  return NULL;
}

static rl_status add_split(rl_arena *arena, const rl_scenario *scenario, rl_split_list *list,
                           rl_diags *diags) {
  const rl_split *counted = find_counted(list, &scenario->parallel);
  rl_split split = counted != NULL ? *counted : (rl_split){0};
  split.scenario = *scenario;
  if (counted == NULL) {
    rl_diags quiet;
    rl_diags_init(&quiet, arena);
    if (rl_stages_count(arena, scenario, &split.stages, &quiet) != RL_OK) {
      if (quiet.out_of_memory || quiet.list.count == 0) return rl_diag_oom(diags);
      split.why = quiet.list.items[0].message;
    }
  }
  rl_split *slot = RL_PUSH(arena, list);
  if (slot == NULL) return rl_diag_oom(diags);
  *slot = split;
  return RL_OK;
}

rl_status rl_splits_add(rl_arena *arena, const rl_scenario *scenario, uint64_t devices,
                        rl_split_list *list, rl_diags *diags) {
  rl_scenario split = *scenario;
  rl_status status = RL_OK;
  split.devices = devices;
  for (uint64_t stages = 1; stages <= devices; stages++) {
    for (uint64_t groups = 1; groups <= devices / stages; groups++) {
      if (devices % (stages * groups) != 0) continue;
      split.parallel.tensor = devices / (stages * groups);
      split.parallel.pipeline = stages;
      split.parallel.data = groups;
      status = add_split(arena, &split, list, diags);
      if (status != RL_OK) return status;
    }
  }
  return status;
}

rl_status rl_splits_keep(rl_arena *arena, const rl_scenario *scenario, rl_split_list *list,
                         rl_diags *diags) {
  return add_split(arena, scenario, list, diags);
}
