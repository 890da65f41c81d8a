/* Inside cost/: between the draw of experts and its expectations. Not for other rooms. */
#ifndef RL_COST_EXPERT_TABLE_H
#define RL_COST_EXPERT_TABLE_H

#include "cost/expert_draw.h"

/* Computes the expectations of few tokens once, so that evaluating a point with them is a look-up. */
rl_status rl_draw_tabulate(rl_arena *arena, rl_draw *draw, rl_diags *diags);

#endif
