/* Points above a diagonal: what is measured over what is predicted at best, both logarithmic. */
#include "reports/chart_compared.h"

#include <math.h>

enum { LAYER, PREDICTED, MEASURED, NAME };
static const rl_column columns[] = {
    {.key = "layer"},
    {.key = "predicted_s", .head = "at best", .unit = "s"},
    {.key = "measured_s", .head = "measured", .unit = "s"},
    {.key = "name", .head = "name"}};
enum { DIAGONAL = 1, POINTS };

static void add_row(rl_chart *chart, unsigned layer, double x, double y, const char *name) {
  rl_cell *row = rl_grid_row(&chart->grid);
  row[LAYER] = rl_cell_count(layer);
  row[PREDICTED] = rl_cell_real(x);
  row[MEASURED] = rl_cell_real(y);
  row[NAME] = rl_cell_text(name);
}

static bool is_drawn(const rl_compared_point *p) {
  return p->predicted > 0 && p->measured > 0;
}

/* One range for both axes, so that the diagonal is one. */
static void set_ranges(rl_chart *chart, const rl_compared_points *points) {
  const rl_canvas *canvas = &chart->canvas;
  const double em = canvas->text ? 6 : canvas->font * 5;
  double low = 0, high = 0;
  for (size_t i = 0; i < points->count; i++) {
    const rl_compared_point *p = &points->items[i];
    if (!is_drawn(p)) continue;
    const double least = fmin(p->predicted, p->measured);
    if (low == 0 || least < low) low = least;
    high = fmax(high, fmax(p->predicted, p->measured));
  }
  if (low == 0) low = high = 1e-3;
  rl_axis_log(chart, &chart->x, low / 2, high * 2, 0, (size_t)(canvas->width / em));
  rl_axis_log(chart, &chart->y, low / 2, high * 2, 0,
              (size_t)(canvas->height / (canvas->text ? 3 : canvas->font * 3)));
}

void rl_chart_build_compared(rl_chart *chart, const rl_compared_points *points) {
  static const char diagonal[] = "as fast as at best";
  rl_grid_init(&chart->grid, chart->grid.arena, columns, sizeof columns / sizeof *columns);
  chart->x.title = "at best, beside the probe (s)";
  chart->y.title = "measured (s)";
  set_ranges(chart, points);
  const rl_layer line = {.kind = RL_LAYER_LINE,
                         .rows = RL_ROWS_AGAIN,
                         .number = DIAGONAL,
                         .style = RL_STYLE_LIMIT};
  rl_chart_push_layer(chart, &line);
  rl_chart_add_key(chart, diagonal, RL_LAYER_LINE, RL_STYLE_LIMIT);
  add_row(chart, DIAGONAL, chart->x.low, chart->y.low, diagonal);
  add_row(chart, DIAGONAL, chart->x.high, chart->y.high, diagonal);
  rl_chart_add_layer(chart, RL_LAYER_POINTS, POINTS, RL_STYLE_MEASURED);
  for (size_t i = 0; i < points->count; i++) {
    const rl_compared_point *p = &points->items[i];
    if (!is_drawn(p)) continue;
    add_row(chart, POINTS, p->predicted, p->measured, p->name);
    rl_chart_add_wish(chart, &(rl_chart_wish){p->name, p->predicted, p->measured, p->measured});
  }
  rl_chart_lay_out(chart, 0);
  rl_chart_name_points(chart);
  rl_chart_describe(
      chart,
      "Operators of one step: the time at best with what memory gave meanwhile, and the time that "
      "was measured. On the line an operator is as fast as the machine allows.");
}
