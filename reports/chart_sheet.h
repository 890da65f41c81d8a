/* A chart on its way out: as a gnuplot script, as CSV, as a caption. The script stands for itself:
 * with the CSV beside it gnuplot draws the same chart again. */
#ifndef RL_REPORTS_CHART_SHEET_H
#define RL_REPORTS_CHART_SHEET_H

#include "reports/chart.h"

typedef enum rl_terminal {
  RL_TERMINAL_SVG,
  RL_TERMINAL_PDF,
  RL_TERMINAL_PNG,
  RL_TERMINAL_EPS,
  RL_TERMINAL_TEX,     /* text set by LaTeX, the rest in a PDF beside it */
  RL_TERMINAL_TEX_EPS, /* the rest in an EPS beside it: for latex and dvips */
  RL_TERMINAL_TEXT,    /* characters */
  RL_TERMINALS
} rl_terminal;

typedef struct rl_sheet {
  rl_terminal terminal;
  const char *name;      /* "fig": file names are made of it; NULL: it is not written to files */
  const char *extension; /* "svg" */
  bool alone;            /* the data stands in the script, and the chart goes to standard output */
  const char *place;     /* of one that stands alone: the folder that its files go to instead */
  const char *const *templates;      /* what they say, in order */
  const char *const *template_names; /* where they stand, for messages */
  size_t template_count;
} rl_sheet;

/* Fails the buffer when memory ran out or the chart has failed. The names of the sheet are of
 * letters, digits, dots, - and _ only. */
void rl_chart_gnuplot(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet);
/* The SVG that gnuplot drew, with names that people who hear it can use: of the chart what it is
 * called and its caption, of each layer its series, instead of gnuplot's own. */
void rl_chart_name_svg(rl_buf *out, const rl_chart *chart, const rl_buf *svg);
void rl_chart_csv(rl_buf *out, const rl_chart *chart);
void rl_chart_caption(rl_buf *out, const rl_chart *chart);

/* What a script says on standard error of a gnuplot that is older than it can use. */
#define RL_GNUPLOT_TOO_OLD "rooflinectl needs gnuplot 5.2 or newer"

#endif
