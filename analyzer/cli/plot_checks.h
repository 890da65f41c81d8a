/* What a chart was asked for and would pass over in silence. */
#ifndef RL_CLI_PLOT_CHECKS_H
#define RL_CLI_PLOT_CHECKS_H

#include "cli/session.h"
#include "reports/chart_table.h"

/* Options that charts of this kind do not look at. */
rl_status rl_plot_check_options(rl_session *session, const rl_chart_kind *kind);
/* A figure that is known of no row. */
void rl_plot_check_figure(rl_session *session, const rl_chart_table *table,
                          const rl_quantity *quantity, const char *word);
/* Operators that nothing has. */
rl_status rl_plot_check_input(rl_session *session, const rl_chart_kind *kind,
                              const rl_chart_input *input);

#endif
