/* From a command line to what a chart is made of. */
#ifndef RL_CLI_PLOT_INPUTS_H
#define RL_CLI_PLOT_INPUTS_H

#include "cli/session.h"
#include "reports/chart_kinds.h"

/* Evaluates every scenario that the words behind the kind and the lists of options name, for kinds
 * that show operators each phase of --phases on its own, and reads --only, --label, --x, --y,
 * --title and --legend. */
rl_status rl_plot_gather(rl_session *session, const rl_chart_kind *kind, rl_chart_input *out);
/* Those options alone. */
rl_status rl_plot_read_view(rl_session *session, rl_chart_input *out);

#endif
