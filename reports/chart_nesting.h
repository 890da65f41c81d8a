/* Series that coincide: the larger ones are drawn first and the smaller ones over them, so that
 * none hides another, and nothing is moved from where it stands. */
#ifndef RL_REPORTS_CHART_NESTING_H
#define RL_REPORTS_CHART_NESTING_H

#include "reports/chart.h"

typedef struct rl_nesting {
  size_t count;
  bool *meets;     /* count rows of count: whether points of two series lie over each other */
  unsigned *ranks; /* of those that meet each has another; 0 is drawn first */
  unsigned levels; /* 1: none meet */
} rl_nesting;

/* Nothing meets yet; without memory the chart has failed and the count is 0. */
void rl_nesting_init(rl_nesting *nesting, rl_chart *chart, size_t count);
void rl_nesting_meet(rl_nesting *nesting, size_t a, size_t b);
void rl_nesting_rank(rl_nesting *nesting);
/* Of a series' marks and lines; 0, as its style has them, where it meets no other. */
double rl_nesting_scale(const rl_nesting *nesting, size_t series);
/* The style of a series' marks: those that others lie over are hollow. */
unsigned rl_nesting_style(const rl_nesting *nesting, size_t series, unsigned style);
/* The samples of the legend look as the series do, and names keep off the larger marks. */
void rl_nesting_show(const rl_nesting *nesting, rl_chart *chart, size_t series, unsigned style);

#endif
