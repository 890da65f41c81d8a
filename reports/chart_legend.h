/* The keys of a chart in rows, and what many of them have in common told once. */
#ifndef RL_REPORTS_CHART_LEGEND_H
#define RL_REPORTS_CHART_LEGEND_H

#include "reports/chart.h"

/* Writes the keys in rows, the middle of the first one at y; without `write` only counts them. Rows
 * begin at `left`; those of many from `edge`, where that is further out and more fit in a row.
 * Returns how many there are: 0 without keys. */
size_t rl_legend_flow(rl_chart *chart, double left, double edge, double y, bool write);

#endif
