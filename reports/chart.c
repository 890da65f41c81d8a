/* Filling a chart: lists that fail the chart without memory. */
#include "reports/chart.h"

#include <math.h>

void rl_chart_init(rl_chart *chart, rl_arena *arena, const char *kind, const rl_canvas *canvas) {
  *chart = (rl_chart){.kind = kind, .canvas = *canvas};
  chart->grid.arena = arena;
}

/* Pushes a value to one of the chart's lists. */
#define PUSH(chart, list, value)                                \
  do {                                                          \
    void *slot_ = RL_PUSH((chart)->grid.arena, &(chart)->list); \
    if (slot_ == NULL) {                                        \
      (chart)->failed = true;                                   \
    } else {                                                    \
      (chart)->list.items[(chart)->list.count - 1] = (value);   \
    }                                                           \
  } while (0)

const char *rl_chart_keep(rl_chart *chart, const char *text) {
  if (text == NULL) chart->failed = true;
  return text == NULL ? "" : text;
}

void rl_chart_push_layer(rl_chart *chart, const rl_layer *layer) {
  PUSH(chart, layers, *layer);
}

void rl_chart_add_layer(rl_chart *chart, rl_layer_kind kind, unsigned number, unsigned style) {
  rl_chart_push_layer(chart, &(rl_layer){.kind = kind, .number = number, .style = style});
}

void rl_chart_add_key(rl_chart *chart, const char *text, rl_layer_kind kind, unsigned style) {
  const rl_chart_key key = {text, kind, style};
  PUSH(chart, keys, key);
}

void rl_chart_add_text(rl_chart *chart, const rl_chart_text *text) {
  PUSH(chart, texts, *text);
}

void rl_chart_add_stroke(rl_chart *chart, const rl_chart_stroke *stroke) {
  PUSH(chart, strokes, *stroke);
}

void rl_chart_add_guide(rl_chart *chart, const rl_chart_stroke *stroke) {
  PUSH(chart, guides, *stroke);
}

void rl_chart_add_mark(rl_chart *chart, double x, double y, unsigned style) {
  const rl_chart_mark mark = {x, y, style, 0};
  PUSH(chart, marks, mark);
}

void rl_chart_add_swatch(rl_chart *chart, const rl_chart_swatch *swatch) {
  PUSH(chart, swatches, *swatch);
}

void rl_chart_add_wish(rl_chart *chart, const rl_chart_wish *wish) {
  PUSH(chart, wishes, *wish);
}

void rl_chart_add_tick(rl_chart *chart, rl_chart_axis *axis, double value, const char *text) {
  rl_chart_tick *slot = RL_PUSH(chart->grid.arena, &axis->ticks);
  if (slot == NULL) {
    chart->failed = true;
  } else {
    *slot = (rl_chart_tick){value, rl_chart_keep(chart, text)};
  }
}

static unsigned style_of(rl_chart *chart, size_t at, size_t limit, const char *what) {
  if (at < limit) return (unsigned)at;
  chart->crowd = what;
  chart->crowd_limit = limit;
  return 0;
}

unsigned rl_chart_series_style(rl_chart *chart, size_t series) {
  return RL_STYLE_SERIES + style_of(chart, series, RL_SERIES_STYLES, "series");
}

unsigned rl_chart_roof_style(rl_chart *chart, size_t machine) {
  return RL_STYLE_ROOFS + style_of(chart, machine, RL_ROOF_STYLES, "machines");
}

/* Where a value stands on an axis, 0 at its beginning and 1 at its end. */
static double along(const rl_chart_axis *axis, double value) {
  if (axis->log) return log(value / axis->low) / log(axis->high / axis->low);
  return (value - axis->low) / (axis->high - axis->low);
}

double rl_chart_x(const rl_chart *chart, double value) {
  return chart->left + along(&chart->x, value) * (chart->right - chart->left);
}

double rl_chart_y(const rl_chart *chart, double value) {
  return chart->bottom + along(&chart->y, value) * (chart->top - chart->bottom);
}
