/* The ways to divide so many devices among tensor ranks, stages and data groups, with experts cut
 * or spread, and the counts of each: lowered once for a pair of formats, whatever machine it is
 * then held against. */
#include "api/recommend_parts.h"
#include "base/checked.h"

/* Counts of one division that an earlier number of devices had, too; NULL when there are none. */
static const rl_split *find_counted(const rl_split_list *list, const rl_parallel *parallel) {
  for (size_t i = 0; i < list->count; i++) {
    const rl_parallel *known = &list->items[i].scenario.parallel;
    if (known->tensor == parallel->tensor && known->pipeline == parallel->pipeline &&
        known->expert == parallel->expert) {
      return &list->items[i];
    }
  }
  return NULL;
}

/* Counts over as many expert ranks, however they are split otherwise; NULL when there are none. */
static const rl_cost *find_like(const rl_split_list *list, const rl_parallel *parallel) {
  for (size_t i = list->count; i-- > 0;) {
    const rl_split *known = &list->items[i];
    if (known->why != NULL || known->scenario.parallel.expert != parallel->expert) continue;
    return known->stages.costs[0];
  }
  return NULL;
}

static rl_status add_split(rl_arena *arena, const rl_scenario *scenario, const rl_split_list *known,
                           rl_split_list *list, rl_diags *diags) {
  const rl_split *counted = find_counted(list, &scenario->parallel);
  rl_split split = counted != NULL ? *counted : (rl_split){0};
  split.scenario = *scenario;
  if (counted == NULL) {
    rl_diags quiet;
    rl_diags_init(&quiet, arena);
    const rl_cost *like = find_like(list, &scenario->parallel);
    if (like == NULL && known != NULL) like = find_like(known, &scenario->parallel);
    if (rl_stages_count_like(arena, scenario, like, &split.stages, &quiet) != RL_OK) {
      if (quiet.out_of_memory || quiet.list.count == 0) return rl_diag_oom(diags);
      split.why = quiet.list.items[0].message;
    }
  }
  rl_split *slot = RL_PUSH(arena, list);
  if (slot == NULL) return rl_diag_oom(diags);
  *slot = split;
  return RL_OK;
}

/* Experts cut over the ranks of a layer, or whole on them or on those of several groups. */
static rl_status add_experts(rl_arena *arena, const rl_scenario *scenario,
                             const rl_split_list *known, rl_split_list *list, rl_diags *diags) {
  rl_scenario split = *scenario;
  const uint64_t most = split.parallel.tensor * split.parallel.data;
  rl_status status = RL_OK;
  for (uint64_t ranks = 1; ranks <= most && status == RL_OK; ranks++) {
    split.parallel.expert = ranks;
    if (most % ranks != 0 || !rl_parallel_spreads(&split.parallel)) continue;
    status = add_split(arena, &split, known, list, diags);
  }
  return status;
}

rl_status rl_splits_add(rl_arena *arena, const rl_scenario *scenario, rl_split_space space,
                        rl_split_list *list, rl_diags *diags) {
  const uint64_t devices = space.devices;
  rl_scenario split = *scenario;
  rl_status status = RL_OK;
  split.devices = devices;
  for (uint64_t stages = 1; stages <= devices; stages++) {
    for (uint64_t groups = 1; groups <= devices / stages; groups++) {
      if (devices % (stages * groups) != 0) continue;
      split.parallel.tensor = devices / (stages * groups);
      split.parallel.pipeline = stages;
      split.parallel.data = groups;
      split.parallel.expert = 1;
      status = space.experts ? add_experts(arena, &split, space.known, list, diags)
                             : add_split(arena, &split, space.known, list, diags);
      if (status != RL_OK) return status;
    }
  }
  return status;
}

rl_status rl_splits_keep(rl_arena *arena, const rl_scenario *scenario, rl_split_list *list,
                         rl_diags *diags) {
  return add_split(arena, scenario, NULL, list, diags);
}
