/* Curves of a table's rows, which the kinds `lines` and `pareto` share: series, axes, marks, names.
 */
#ifndef RL_REPORTS_CHART_CURVES_H
#define RL_REPORTS_CHART_CURVES_H

#include "reports/chart_series.h"

/* Columns of the chart's data. */
enum {
  RL_CURVE_LAYER,
  RL_CURVE_X,
  RL_CURVE_Y,
  RL_CURVE_OF,
  RL_CURVE_FITS,
  RL_CURVE_MARK,
  RL_CURVE_SERIES,
  RL_CURVE_BOUND,
  RL_CURVE_COLUMNS
};

typedef struct rl_curves {
  rl_chart *chart;
  const rl_chart_input *input;
  const rl_chart_table *table;
  rl_quantity x, y;
  rl_series_list series;
  unsigned *styles;           /* of each; 0: it has no points */
  const rl_cell **categories; /* distinct cells of x */
  size_t category_count;
  size_t fits; /* column; SIZE_MAX: nobody says */
  bool has_front;
  unsigned turn, front;          /* layers behind those of the series */
  double low[2], high[2];        /* of x and y */
  size_t front_first, front_end; /* its rows of the grid */
  size_t turns, unfits;
} rl_curves;

/* x and y: words for what was not said; x NULL: the key that series go along. False where there is
 * nothing to draw. front: it will have one, whose names want room over it. */
bool rl_curves_begin(rl_curves *c, rl_chart *chart, const rl_chart_input *input, const char *x,
                     const char *y, bool front);
/* Rows and keys of all series; their layers follow with finish. */
void rl_curves_draw(rl_curves *c, rl_layer_kind kind);
/* Lays the chart out, adds the layers and names the points. */
void rl_curves_finish(rl_curves *c, bool lines);

/* Where a row stands; false: nowhere. */
bool rl_curves_place(const rl_curves *c, const rl_cell *row, double *x, double *y);
bool rl_curves_fit(const rl_curves *c, const rl_cell *row);
/* A row of a layer; layer 0 is drawn nowhere. */
void rl_curves_add_row(rl_curves *c, unsigned layer, const rl_cell *row, const char *mark,
                       const char *series);

#endif
