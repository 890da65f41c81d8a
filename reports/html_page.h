/* One page of HTML that stands for itself: charts inside it, tables that a click sorts, no request
 * to anywhere. Its only script is allowed by its hash; nothing else may run. */
#ifndef RL_REPORTS_HTML_PAGE_H
#define RL_REPORTS_HTML_PAGE_H

#include "reports/grid.h"
#include "reports/report.h"

/* A finished chart. */
typedef struct rl_html_chart {
  const rl_buf *svg;   /* as gnuplot wrote it; NULL: the chart is too crowded to be drawn */
  const char *caption; /* any data */
} rl_html_chart;

void rl_html_begin(rl_buf *out, const char *title);
void rl_html_heading(rl_buf *out, const char *text); /* NULL fails the buffer: memory ran out */
/* number: tells the charts of a page apart. */
void rl_html_add_chart(rl_buf *out, const rl_html_chart *chart, size_t number);
void rl_html_table(rl_buf *out, const char *title, const rl_grid *grid);
void rl_html_end(rl_buf *out);

/* A result with its charts. */
void rl_report_html(rl_buf *out, const rl_result *result, const rl_html_chart *charts,
                    size_t count);

#endif
