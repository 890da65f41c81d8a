/* A chart as a page of HTML: the picture, what it shows, and what it is drawn from as a table that
 * a click sorts: the rows that say something, each once.
 */
#ifndef RL_REPORTS_CHART_PAGE_H
#define RL_REPORTS_CHART_PAGE_H

#include "reports/chart.h"
#include "reports/html_page.h"

/* svg: as gnuplot wrote it. Fails the buffer when memory ran out. */
void rl_chart_page(rl_buf *out, const rl_chart *chart, const rl_buf *svg);

#endif
