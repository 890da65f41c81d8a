/* Inside api/: the steps of a recommendation. */
#ifndef RL_API_RECOMMEND_PARTS_H
#define RL_API_RECOMMEND_PARTS_H

#include "api/recommend.h"
#include "time/answers.h"

typedef RL_LIST(rl_result_option) rl_option_list;

/* Times, memory and price of a job on `devices` machines of the plan; the rest of the option stays
 * as it is. */
rl_status rl_option_evaluate(const rl_plan *plan, rl_job job, rl_figure price,
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
