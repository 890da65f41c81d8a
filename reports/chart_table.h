/* Rows that lines and fronts are drawn of: those of a sweep, evaluated or read back, or of an
 * analysis. Any key may be what is drawn over, any figure what is drawn. */
#ifndef RL_REPORTS_CHART_TABLE_H
#define RL_REPORTS_CHART_TABLE_H

#include "reports/chart_kinds.h"
#include "reports/sweep_rows.h"

enum { RL_CHART_ROWS_MAX = 5000 };

/* Rows of cells in the order of the columns. */
typedef struct rl_chart_table {
  rl_arena *arena;
  rl_sweep_columns columns;
  RL_LIST(rl_cell *) rows;
} rl_chart_table;

/* A row of empty cells; NULL without memory. */
rl_cell *rl_chart_table_add(rl_chart_table *table);
/* The column of that key, added and empty in all rows where there is none; SIZE_MAX: there are too
 * many. */
size_t rl_chart_table_column(rl_chart_table *table, const rl_sweep_column *column);
/* What analyses say of each batch, as rows; NULL without memory. Files of one name are told apart
 * as in the other charts. */
const rl_chart_table *rl_chart_table_of(rl_chart *chart, const rl_chart_input *input);
/* A key of the points, and not a figure, a mark or a reason. */
bool rl_chart_is_key(const rl_sweep_column *column);

/* What an axis shows of a row. */
typedef struct rl_quantity {
  const char *says, *key; /* "time a generated token, at best", "tpot_at_best_s" */
  const char *unit;       /* NULL: a plain number */
  size_t column, divisor; /* divisor: column of what it is divided by; SIZE_MAX: nothing */
  size_t limit;           /* column that says what bounds it; SIZE_MAX: nothing does */
  bool is_key;
  bool category; /* some row has a text there */
  bool most;     /* more of it is better */
} rl_quantity;
/* The quantity that a word names: a key, a figure, tokens_per_s_per_device; false: none of the
 * table. */
bool rl_quantity_find(const rl_chart_table *table, const char *word, rl_quantity *out);
/* "batch, tpot, ...": all that rl_quantity_find knows of the table; NULL without memory. */
const char *rl_quantity_words(rl_arena *arena, const rl_chart_table *table);
/* False where the row has none, or nothing above 0. */
bool rl_quantity_value(const rl_quantity *quantity, const rl_cell *row, double *out);

#endif
