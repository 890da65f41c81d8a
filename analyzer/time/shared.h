/* Inside time/: what rows of one point have in common, found out once. */
#ifndef RL_TIME_SHARED_H
#define RL_TIME_SHARED_H

#include "time/plan.h"

/* Numbers rows that have equal forms and rates: those of layers that differ in other operators.
 * Rows that send are left alone, and those beyond RL_SHARED_ROWS. */
void rl_rows_share(const rl_cost *cost, rl_row_time *rows);

#endif
