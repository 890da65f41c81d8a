/* The chart of a validation. */
#ifndef RL_CLI_VALIDATE_CHART_H
#define RL_CLI_VALIDATE_CHART_H

#include "cli/plot_files.h"
#include "reports/chart_compared.h"

/* Draws to where `plot` would; - draws characters into `out`. */
rl_status rl_validate_plot(rl_session *session, const rl_plot_target *target,
                           const rl_compared_points *points, rl_buf *out);

#endif
