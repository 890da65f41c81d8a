/* Inside time/: refusals that all answers share. */
#ifndef RL_TIME_CHECK_H
#define RL_TIME_CHECK_H

#include "time/answers.h"

/* Reports that the counts of a pass over this group exceed 64 bits. */
rl_status rl_report_overflow(const rl_group *group, rl_diags *diags);
/* Batch, prompt and generate are at least 1 and stay inside the position table of the model. */
rl_status rl_check_job(const rl_plan *plan, rl_job job, rl_diags *diags);

#endif
