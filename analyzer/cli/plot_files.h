/* Where a chart goes: its file and form, its size, and the files that are written beside it. */
#ifndef RL_CLI_PLOT_FILES_H
#define RL_CLI_PLOT_FILES_H

#include "cli/session.h"
#include "reports/chart_kinds.h"
#include "reports/chart_sheet.h"
#include "reports/html_page.h"

typedef struct rl_plot_target {
  rl_sheet sheet;     /* without templates */
  const char *folder; /* "" or ending in a slash */
  const char *file;   /* as it was named */
  rl_canvas canvas;
} rl_plot_target;

/* Reads the file's name (its extension says the form) and --for. */
rl_status rl_plot_aim(rl_session *session, const char *file, rl_plot_target *out);
/* Writes script, data and caption beside the chart, then has gnuplot draw it; a chart for standard
 * output is added to `out`. */
rl_status rl_plot_write(rl_session *session, const rl_plot_target *target, const rl_chart *chart,
                        rl_buf *out);
/* Fills a chart of the kind and writes it. */
rl_status rl_plot_chart(rl_session *session, const rl_chart_kind *kind,
                        const rl_plot_target *target, const rl_chart_input *input, rl_buf *out);
/* A chart for a page, as SVG. */
rl_status rl_plot_inline(rl_session *session, const rl_chart_kind *kind,
                         const rl_chart_input *input, rl_html_chart *out);
/* What --plot asks for beside another answer: kinds, `otherwise` where none is named, and where they
 * go. */
typedef struct rl_plot_wish {
  const rl_chart_kind *kind;
  rl_plot_target target;
} rl_plot_wish;
typedef RL_LIST(rl_plot_wish) rl_plot_wishes;
rl_status rl_plot_wishes_read(rl_session *session, const char *otherwise, rl_plot_wishes *out);
/* Every one of them, also behind one that fails; the worst status of all. */
rl_status rl_plot_wishes_draw(rl_session *session, const rl_plot_wishes *wishes,
                              const rl_chart_input *input, rl_buf *out);
/* Those of a result with explanations. */
rl_status rl_plot_beside(rl_session *session, const rl_result *result, rl_buf *out);
/* The script of a chart with its templates and data, drawn; for the example charts too. */
rl_status rl_plot_draw(rl_session *session, const rl_chart *chart, const rl_sheet *sheet,
                       const char *kept, rl_buf *out);

#endif
