/* Inside api/: the steps of a recommendation. */
#ifndef RL_API_RECOMMEND_PARTS_H
#define RL_API_RECOMMEND_PARTS_H

#include "api/analysis_parts.h"
#include "api/recommend.h"

typedef RL_LIST(rl_result_option) rl_option_list;

/* One way to divide the devices, and its counts. */
typedef struct rl_split {
  rl_scenario scenario; /* with its degrees */
  rl_stage_costs stages;
  const char *why;      /* it cannot be counted; NULL: it can */
} rl_split;
typedef RL_LIST(rl_split) rl_split_list;
/* Adds every way to make the devices of tensor ranks, stages and data groups: fewer stages first,
 * then fewer groups; of models with experts each with all degrees that these can be spread over,
 * fewer first. What cannot be counted says why. */
typedef struct rl_split_space {
  uint64_t devices;
  bool experts; /* the model has some */
  const rl_split_list *known; /* of other formats, whose draws of experts are used again */
} rl_split_space;
rl_status rl_splits_add(rl_arena *arena, const rl_scenario *scenario, rl_split_space space,
                        rl_split_list *list, rl_diags *diags);
/* Adds the scenario's own. */
rl_status rl_splits_keep(rl_arena *arena, const rl_scenario *scenario, rl_split_list *list,
                         rl_diags *diags);

/* Memory of a batch, of which the fullest group has its share; then, as they cost more to find,
 * times and price. The rest of the option stays as it is. */
rl_status rl_option_fit(const rl_pipeline *pipeline, rl_job job, rl_result_option *option,
                        rl_diags *diags);
rl_status rl_option_evaluate(const rl_pipeline *pipeline, rl_job job, rl_figure price,
                             rl_result_option *option, rl_diags *diags);
/* What they are at best, at the cost of one step: as if every step took as long as the first, where
 * none is faster. */
rl_status rl_option_glance(const rl_pipeline *pipeline, rl_job job, rl_figure price,
                           rl_result_option *option, rl_diags *diags);
/* Holds the option to the targets: whether it meets them, by how much it misses and why. False when
 * memory ran out. */
bool rl_option_judge(rl_arena *arena, const rl_targets *targets, rl_result_option *option);
/* Less than 0 when a stands before b: what meets the targets before what does not; there the
 * cheaper, those without a price behind and among themselves by fewest devices, then by tokens/s a
 * device; here the nearer miss. 0: as they were tried. */
int rl_option_compare(const rl_result_option *a, const rl_result_option *b);
/* Sorts by that order, keeping the order of equals. False when memory ran out. */
bool rl_options_sort(rl_arena *arena, rl_option_list *options);

#endif
