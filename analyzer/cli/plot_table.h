/* Rows for the charts of a sweep: evaluated for the chart, passing by on their way elsewhere, or
 * saved before. */
#ifndef RL_CLI_PLOT_TABLE_H
#define RL_CLI_PLOT_TABLE_H

#include "cli/sweep_run.h"
#include "reports/chart_table.h"
#include "spec/axes.h"

/* Where rows of a sweep go in a table. */
typedef struct rl_table_filler {
  rl_chart_table *table;
  const rl_sweep_columns *columns;
  size_t at[RL_GRID_COLUMNS]; /* column of the table of each of these */
  size_t first;               /* row of the table that was added first */
} rl_table_filler;
rl_status rl_table_fill_begin(rl_table_filler *filler, rl_chart_table *table,
                              const rl_sweep_columns *columns, rl_diags *diags);
rl_status rl_table_fill(rl_table_filler *filler, const rl_sweep_row *row, rl_diags *diags);
/* Adds what the axes say of all rows alike. */
rl_status rl_table_fill_end(rl_table_filler *filler, const rl_axes *axes, rl_diags *diags);

/* Rows of every word behind the kind: a scenario whose options may be lists, or a file of rows. */
rl_status rl_plot_table(rl_session *session, const rl_chart_table **out);
/* Takes out rows of combinations that mean nothing, says how many points have no figures, and sees
 * that --x and --y are of the table. */
rl_status rl_plot_table_check(rl_session *session, rl_chart_table *table);

#endif
