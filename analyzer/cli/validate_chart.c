/* Predicted against measured, drawn with gnuplot as all charts are. */
#include "cli/validate_chart.h"

rl_status rl_validate_plot(rl_session *session, const rl_plot_target *target,
                           const rl_compared_points *points, rl_buf *out) {
  rl_chart chart;
  rl_chart_init(&chart, &session->arena, "compared", &target->canvas);
  rl_chart_build_compared(&chart, points);
  return chart.failed ? rl_diag_oom(&session->diags) : rl_plot_write(session, target, &chart, out);
}
