/* Times that were predicted beside those that were measured. */
#ifndef RL_REPORTS_CHART_COMPARED_H
#define RL_REPORTS_CHART_COMPARED_H

#include "reports/chart.h"

typedef struct rl_compared_point {
  const char *name;
  double predicted, measured; /* s; a point that lacks one is not drawn */
} rl_compared_point;
typedef RL_LIST(rl_compared_point) rl_compared_points;

void rl_chart_build_compared(rl_chart *chart, const rl_compared_points *points);

#endif
