/* Curves over a key or a figure of a table's rows. */
#include <math.h>
#include <string.h>

#include "reports/chart_curves.h"
#include "reports/chart_letters.h"
#include "reports/chart_nesting.h"

/* How a row is marked, if at all. */
#define MARK_POINT "point"
#define MARK_CROSS "crossed"

/* Names of points on the front come before all others. */
#define FRONT_PRIORITY 1000
/* So much of the height of all figures, in decades, is left over them. */
#define FRONT_HEAD 0.14

/* 1, 2, ... for a category; false where the row has no place on the axis. */
static bool x_of(const rl_curves *c, const rl_cell *row, double *out) {
  if (!c->x.category) return rl_quantity_value(&c->x, row, out);
  for (size_t i = 0; i < c->category_count; i++) {
    *out = (double)i + 1;
    if (rl_series_same(&row[c->x.column], c->categories[i])) return true;
  }
  return false;
}

bool rl_curves_place(const rl_curves *c, const rl_cell *row, double *x, double *y) {
  return x_of(c, row, x) && rl_quantity_value(&c->y, row, y);
}

bool rl_curves_fit(const rl_curves *c, const rl_cell *row) {
  return c->fits == SIZE_MAX || row[c->fits].flag;
}

static void widen(rl_curves *c, int axis, double value) {
  if (c->low[axis] == 0 || value < c->low[axis]) c->low[axis] = value;
  if (value > c->high[axis]) c->high[axis] = value;
}

/* "time a generated token, at best (ms)"; a plain number has no unit. */
static const char *title_of(rl_chart *chart, const rl_quantity *q, const char *prefix) {
  if (q->unit == NULL) return q->says;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s (%s%s)", q->says, prefix, q->unit));
}

/* The unit's prefix of an axis and the scale of its values, 0: each mark has a prefix of its own.
 */
static const char *prefix_of(const rl_quantity *q, double low, double high, bool log,
                             double *scale) {
  const bool seconds = q->unit != NULL && strcmp(q->unit, "s") == 0;
  *scale = log ? 0 : 1;
  if (seconds && log) return rl_axis_prefix(sqrt(low * high), scale);
  return q->unit == NULL || log ? "" : rl_axis_prefix(high, scale);
}

/* A figure that spans most of a decade or more is told on a logarithmic axis. */
static void set_axis(rl_curves *c, rl_chart_axis *axis, int which, const rl_quantity *q) {
  rl_chart *chart = c->chart;
  const rl_canvas *canvas = &chart->canvas;
  const double length = which == 0 ? canvas->width : canvas->height;
  const double each = canvas->text ? (which == 0 ? 8 : 3) : canvas->font * (which == 0 ? 5 : 3);
  const double low = c->low[which] > 0 ? c->low[which] : 1;
  const double high = c->high[which] > low ? c->high[which] : low;
  const bool log = high / low >= 8;
  double scale;
  const char *prefix = prefix_of(q, low, high, log, &scale);
  if (log) {
    /* over a front stand its names, a row of letters and a line to them off */
    const double head = which == 1 && c->has_front ? fmax(1.3, pow(high / low, FRONT_HEAD)) : 1.3;
    rl_axis_log(chart, axis, low / 1.3, high * head, scale, (size_t)(length / each));
  } else {
    rl_axis_linear(chart, axis, high * 1.15, scale, (size_t)(length / each));
  }
  axis->title = title_of(chart, q, prefix);
}

/* Names at 1, 2, ... of an axis that is no scale. */
static void set_categories(rl_curves *c) {
  rl_chart_axis *axis = &c->chart->x;
  axis->low = 0.5;
  axis->high = (double)c->category_count + 0.5;
  axis->names = true;
  axis->title = c->x.says;
  for (size_t i = 0; i < c->category_count; i++) {
    const char *text = rl_series_text(c->chart, c->categories[i]);
    rl_chart_add_tick(c->chart, axis, (double)i + 1, text);
  }
}

/* Distinct cells of the axis's column; of numbers in their order. */
static void list_values(rl_curves *c) {
  const rl_chart_table *table = c->table;
  c->categories = RL_NEW_ARRAY(table->arena, const rl_cell *, table->rows.count + 1);
  if (c->categories == NULL) c->chart->failed = true;
  for (size_t r = 0; c->categories != NULL && r < table->rows.count; r++) {
    const rl_cell *cell = &table->rows.items[r][c->x.column];
    size_t at = c->category_count;
    bool seen = false;
    for (size_t i = 0; i < c->category_count && !seen; i++) {
      seen = rl_series_same(cell, c->categories[i]);
    }
    if (seen || cell->kind == RL_CELL_NONE) continue;
    for (; !c->x.category && at > 0 && c->categories[at - 1]->count > cell->count; at--) {
      c->categories[at] = c->categories[at - 1];
    }
    c->categories[at] = cell;
    c->category_count++;
  }
}

/* The values of a key are the marks of its axis; of very many it has round marks. */
static void set_values(rl_curves *c) {
  enum { MARKS_MOST = 20 };
  rl_chart *chart = c->chart;
  if (c->category_count > MARKS_MOST) {
    set_axis(c, &chart->x, 0, &c->x);
    return;
  }
  double *values = RL_NEW_ARRAY(chart->grid.arena, double, c->category_count + 1);
  if (values == NULL) {
    chart->failed = true;
    return;
  }
  size_t count = 0;
  for (size_t i = 0; i < c->category_count; i++) {
    const double value = (double)c->categories[i]->count;
    if (value > 0) values[count++] = value;
  }
  rl_axis_values(chart, &chart->x, values, count, chart->canvas.width * 0.75);
  chart->x.title = title_of(chart, &c->x, "");
}

static void set_axes(rl_curves *c) {
  for (size_t r = 0; r < c->table->rows.count; r++) {
    double x, y;
    if (!rl_curves_place(c, c->table->rows.items[r], &x, &y)) continue;
    widen(c, 0, x);
    widen(c, 1, y);
  }
  if (c->x.category)
    set_categories(c);
  else if (c->x.is_key)
    set_values(c);
  else
    set_axis(c, &c->chart->x, 0, &c->x);
  set_axis(c, &c->chart->y, 1, &c->y);
}

static const char *along_key(const rl_curves *c) {
  return c->series.along == SIZE_MAX ? "point"
                                     : c->table->columns.items[c->series.along].column.key;
}

/* Whether an axis shows the key that series go along. */
static bool is_along(const rl_curves *c, const rl_quantity *q) {
  return q->is_key && q->column == c->series.along;
}

static void set_columns(rl_curves *c) {
  rl_arena *arena = c->chart->grid.arena;
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, RL_CURVE_COLUMNS);
  if (columns == NULL) {
    c->chart->failed = true;
    return;
  }
  const bool named = c->x.category, twice = !named && is_along(c, &c->x);
  columns[RL_CURVE_LAYER].key = "layer";
  columns[RL_CURVE_X] =
      (rl_column){.key = c->x.key, .head = named ? NULL : c->x.says, .unit = c->x.unit};
  columns[RL_CURVE_Y] = (rl_column){.key = c->y.key, .head = c->y.says, .unit = c->y.unit};
  columns[RL_CURVE_OF] =
      (rl_column){.key = rl_chart_keep(c->chart, rl_textf(arena, "of_%s", along_key(c))),
                  .head = twice || is_along(c, &c->y) ? NULL : along_key(c)};
  columns[RL_CURVE_FITS] = (rl_column){.key = "fits", .head = "fits"};
  columns[RL_CURVE_MARK].key = "mark";
  columns[RL_CURVE_SERIES] = (rl_column){.key = "series", .head = "series"};
  columns[RL_CURVE_BOUND] = (rl_column){.key = "bound", .head = "bound"};
  rl_grid_init(&c->chart->grid, arena, columns, RL_CURVE_COLUMNS);
}

static const char *bound_of(const rl_curves *c, const rl_cell *row) {
  return c->y.limit == SIZE_MAX ? NULL : row[c->y.limit].text;
}

void rl_curves_add_row(rl_curves *c, unsigned layer, const rl_cell *row, const char *mark,
                       const char *series) {
  double x = 0, y = 0;
  const bool placed = rl_curves_place(c, row, &x, &y);
  rl_cell *cells = rl_grid_row(&c->chart->grid);
  cells[RL_CURVE_LAYER] = rl_cell_count(layer);
  if (placed) cells[RL_CURVE_X] = rl_cell_real(x);
  if (placed) cells[RL_CURVE_Y] = rl_cell_real(y);
  if (c->series.along != SIZE_MAX) cells[RL_CURVE_OF] = row[c->series.along];
  cells[RL_CURVE_FITS] = rl_cell_flag(rl_curves_fit(c, row));
  cells[RL_CURVE_MARK] = rl_cell_text(mark);
  cells[RL_CURVE_SERIES] = rl_cell_text(series);
  cells[RL_CURVE_BOUND] = rl_cell_text(bound_of(c, row));
}

static void wish(rl_curves *c, const rl_cell *row, rl_chart_wish wanted) {
  if (!rl_curves_place(c, row, &wanted.x, &wanted.y)) return;
  if (wanted.name != NULL && !rl_chart_names(c->input, wanted.name)) wanted.name = NULL;
  rl_chart_add_wish(c->chart, &wanted);
}

/* Whether the row stands where one of the front does. */
static bool is_front(const rl_curves *c, const rl_cell *row) {
  double x, y;
  if (!rl_curves_fit(c, row) || !rl_curves_place(c, row, &x, &y)) return false;
  for (size_t i = c->front_first; i < c->front_end; i++) {
    const rl_cell *on = c->chart->grid.rows.items[i];
    const bool apart = on[RL_CURVE_X].real < x || on[RL_CURVE_X].real > x ||
                       on[RL_CURVE_Y].real < y || on[RL_CURVE_Y].real > y;
    if (!apart) return true;
  }
  return false;
}

/* Points are named by the key that they go along where that is no axis; numbers of points that are
 * many stand beside them or not at all. */
static void name_point(rl_curves *c, const rl_cell *row, double least) {
  const size_t along = c->series.along;
  const bool told = along == SIZE_MAX || is_along(c, &c->x) || is_along(c, &c->y);
  rl_chart_wish wanted = {.name = NULL};
  if (!told) wanted.name = rl_series_text(c->chart, &row[along]);
  if (!told && row[along].kind == RL_CELL_COUNT) {
    wanted.near = true;
    wanted.priority = rl_series_roundness(row[along].count);
    if (wanted.priority < least) wanted.name = NULL;
    if (wanted.name == NULL) c->chart->thinned = true;
  }
  if (is_front(c, row)) wanted.priority += FRONT_PRIORITY;
  wish(c, row, wanted);
}

/* What bounds changes from the row before: NULL where it does not. */
static const char *turns_to(const rl_curves *c, const rl_cell *before, const rl_cell *row) {
  if (before == NULL || !c->x.is_key || c->x.category) return NULL;
  const char *was = bound_of(c, before), *is = bound_of(c, row);
  return was != NULL && is != NULL && strcmp(was, is) != 0 ? is : NULL;
}

/* The rows of one series; those without a place are drawn nowhere. */
static void draw_one(rl_curves *c, size_t s) {
  const rl_series *series = &c->series.items[s];
  const double least = rl_series_least_round(series, c->series.along);
  for (size_t r = 0; r < series->count; r++) {
    const rl_cell *row = series->rows[r];
    const bool last = r + 1 == series->count;
    double x, y;
    const bool placed = rl_curves_place(c, row, &x, &y), fits = rl_curves_fit(c, row);
    if (placed && !fits) c->unfits++;
    const char *mark = !placed ? "" : fits ? MARK_POINT : MARK_CROSS;
    rl_curves_add_row(c, placed ? (unsigned)s + 1 : 0, row, mark, series->name);
    name_point(c, row, last ? 0 : least);
  }
}

/* Rings around the points from which on something else bounds; their names come first. */
static void draw_turns(rl_curves *c) {
  for (size_t s = 0; s < c->series.count; s++) {
    const rl_cell *before = NULL;
    for (size_t r = 0; r < c->series.items[s].count; r++) {
      const rl_cell *row = c->series.items[s].rows[r];
      double x, y;
      if (!rl_curves_place(c, row, &x, &y) || !rl_curves_fit(c, row)) continue;
      const char *name = turns_to(c, before, row);
      before = row;
      if (name == NULL) continue;
      c->turns++;
      rl_curves_add_row(c, c->turn, row, "", c->series.items[s].name);
      wish(c, row, (rl_chart_wish){.name = name, .priority = 128});
    }
  }
}

/* A series none of whose rows has figures is not told of. */
static bool has_points(const rl_curves *c, const rl_series *series) {
  double x, y;
  for (size_t r = 0; r < series->count; r++) {
    if (rl_curves_place(c, series->rows[r], &x, &y)) return true;
  }
  return false;
}

/* What does not fit breaks a line: there is one where two rows in turn fit. */
static bool has_line(const rl_curves *c, const rl_series *series) {
  double x, y;
  size_t length = 0;
  for (size_t r = 0; r < series->count && length < 2; r++) {
    const bool drawn =
        rl_curves_place(c, series->rows[r], &x, &y) && rl_curves_fit(c, series->rows[r]);
    length = drawn ? length + 1 : 0;
  }
  return length == 2;
}

void rl_curves_draw(rl_curves *c, rl_layer_kind kind) {
  rl_chart *chart = c->chart;
  const rl_layer_kind own = c->x.category ? RL_LAYER_POINTS : kind;
  size_t shown = 0;
  c->styles = RL_NEW_ARRAY(chart->grid.arena, unsigned, c->series.count + 1);
  if (c->styles == NULL) chart->failed = true;
  for (size_t s = 0; c->styles != NULL && s < c->series.count; s++) {
    if (!has_points(c, &c->series.items[s])) continue;
    c->styles[s] = rl_chart_series_style(chart, shown++);
    rl_chart_add_key(chart, c->series.items[s].name, own, c->styles[s]);
    draw_one(c, s);
  }
  if (kind == RL_LAYER_LINE_POINTS) draw_turns(c);
  if (c->unfits > 0) rl_chart_add_key(chart, "does not fit", RL_LAYER_POINTS, RL_STYLE_UNFIT);
  if (c->turns > 0) rl_chart_add_key(chart, "bound changes", RL_LAYER_POINTS, RL_STYLE_TURN);
}

/* Whether two marks can be told from each other. */
static bool is_apart(const rl_chart *chart, const double a[2], const double b[2], double ems) {
  const double dx = rl_chart_x(chart, a[0]) - rl_chart_x(chart, b[0]);
  const double dy = rl_chart_y(chart, a[1]) - rl_chart_y(chart, b[1]);
  const double apart = chart->canvas.text ? 1 : chart->canvas.font * ems;
  return dx * dx + dy * dy >= apart * apart;
}

static bool is_of(const rl_curves *c, size_t row, uint64_t layer) {
  const rl_grid *grid = &c->chart->grid;
  return row < grid->rows.count && grid->rows.items[row][RL_CURVE_LAYER].count == layer;
}

/* Of a line, a mark so near to the last one that they would melt into a band is left out. */
static void thin_marks(rl_curves *c) {
  const rl_grid *grid = &c->chart->grid;
  double last[2] = {0, 0};
  bool fitted = false;
  for (size_t i = 0; i < grid->rows.count; i++) {
    rl_cell *row = grid->rows.items[i];
    const uint64_t layer = row[RL_CURVE_LAYER].count;
    if (layer == 0 || layer > c->series.count) continue;
    const double at[2] = {row[RL_CURVE_X].real, row[RL_CURVE_Y].real};
    const bool ends = i == 0 || !is_of(c, i - 1, layer) || !is_of(c, i + 1, layer);
    if (!ends && row[RL_CURVE_FITS].flag == fitted && !is_apart(c->chart, last, at, 1.3)) {
      row[RL_CURVE_MARK] = rl_cell_text("");
      continue;
    }
    last[0] = at[0];
    last[1] = at[1];
    fitted = row[RL_CURVE_FITS].flag;
  }
}

/* Names keep off marks that are drawn alone. Points wish in the order of their rows. */
static void drop_wishes(rl_curves *c) {
  rl_chart *chart = c->chart;
  size_t at = 0, kept = 0;
  for (size_t i = 0; i < chart->grid.rows.count && at < chart->wishes.count; i++) {
    const rl_cell *row = chart->grid.rows.items[i];
    const uint64_t layer = row[RL_CURVE_LAYER].count;
    if (layer == 0 || layer > c->turn) continue;
    const rl_chart_wish wish = chart->wishes.items[at++];
    const bool drawn = layer == c->turn || row[RL_CURVE_MARK].text[0] != '\0';
    if (drawn || wish.name != NULL) chart->wishes.items[kept++] = wish;
  }
  chart->wishes.count = kept;
}

/* Whether one of two series would hide the other: curves may cross, but not lie over each other. */
static bool series_meet(const rl_curves *c, const rl_series *one, const rl_series *other) {
  size_t both = 0, same = 0;
  for (size_t r = 0; r < one->count && r < other->count; r++) {
    double a[2], b[2];
    if (!rl_curves_place(c, one->rows[r], &a[0], &a[1])) continue;
    if (!rl_curves_place(c, other->rows[r], &b[0], &b[1])) continue;
    both++;
    same += !is_apart(c->chart, a, b, 0.3);
  }
  return same * 2 > both;
}

static void nest(rl_curves *c, rl_nesting *out) {
  rl_nesting_init(out, c->chart, c->series.count);
  for (size_t s = 1; s < out->count; s++) {
    for (size_t other = 0; other < s; other++) {
      if (series_meet(c, &c->series.items[s], &c->series.items[other])) {
        rl_nesting_meet(out, s, other);
      }
    }
  }
  rl_nesting_rank(out);
}

/* The line of a series and its marks. */
static void push_series(rl_curves *c, const rl_nesting *nesting, size_t s, bool lines) {
  rl_layer layer = {.kind = RL_LAYER_LINE, .number = (unsigned)s + 1};
  layer.style = c->styles[s];
  layer.scale = rl_nesting_scale(nesting, s);
  layer.column = RL_CURVE_FITS + 1;
  layer.says = "true";
  if (lines && has_line(c, &c->series.items[s])) rl_chart_push_layer(c->chart, &layer);
  layer.kind = RL_LAYER_POINTS;
  layer.column = RL_CURVE_MARK + 1;
  layer.says = NULL;
  layer.style = rl_nesting_style(nesting, s, c->styles[s]);
  rl_chart_push_layer(c->chart, &layer);
  rl_nesting_show(nesting, c->chart, s, c->styles[s]);
}

static void push_layers(rl_curves *c, bool lines) {
  rl_chart *chart = c->chart;
  rl_nesting nesting;
  if (c->styles == NULL) return;
  nest(c, &nesting);
  for (unsigned rank = 0; rank < nesting.levels; rank++) {
    for (size_t s = 0; s < nesting.count; s++) {
      if (nesting.ranks[s] == rank && c->styles[s] > 0) push_series(c, &nesting, s, lines);
    }
  }
  const rl_layer crosses = {.kind = RL_LAYER_POINTS,
                            .style = RL_STYLE_UNFIT,
                            .column = RL_CURVE_MARK + 1,
                            .says = MARK_CROSS};
  if (c->unfits > 0) rl_chart_push_layer(chart, &crosses);
  const rl_layer rings = {
      .kind = RL_LAYER_POINTS, .rows = RL_ROWS_AGAIN, .number = c->turn, .style = RL_STYLE_TURN};
  if (c->turns > 0) rl_chart_push_layer(chart, &rings);
}

/* The quantity of a word that was given, else of the first of the others that there is. */
static void choose(const rl_curves *c, const char *word, const char *otherwise, rl_quantity *out) {
  if (word != NULL && rl_quantity_find(c->table, word, out)) return;
  rl_quantity_find(c->table, otherwise, out);
}

bool rl_curves_begin(rl_curves *c, rl_chart *chart, const rl_chart_input *input, const char *x,
                     const char *y, bool front) {
  *c = (rl_curves){.chart = chart, .input = input, .table = input->table, .has_front = front};
  if (c->table == NULL) c->table = rl_chart_table_of(chart, input);
  if (c->table == NULL) {
    chart->failed = true;
    return false;
  }
  const rl_sweep_column *fits = rl_sweep_column_find(&c->table->columns, "fits");
  c->fits = fits == NULL ? SIZE_MAX : (size_t)(fits - c->table->columns.items);
  const char *word = input->x == NULL ? x : input->x;
  if (word != NULL) choose(c, word, "batch", &c->x);
  const bool own = word != NULL && c->x.is_key;
  rl_series_gather(chart, c->table, own ? c->x.column : SIZE_MAX, &c->series);
  if (word == NULL) {
    const size_t along = c->series.along;
    choose(c, along == SIZE_MAX ? NULL : c->table->columns.items[along].column.key, "batch", &c->x);
  }
  choose(c, input->y, y, &c->y);
  c->turn = (unsigned)c->series.count + 1;
  c->front = c->turn + 1;
  if (c->x.is_key) list_values(c);
  if (chart->failed) return false;
  set_axes(c);
  set_columns(c);
  return !chart->failed;
}

/* The steps of the front, once axes stand: level, then up. */
static void guide_names(rl_curves *c) {
  rl_chart *chart = c->chart;
  for (size_t i = c->front_first + 1; i < c->front_end; i++) {
    const rl_cell *from = chart->grid.rows.items[i - 1], *to = chart->grid.rows.items[i];
    const double x0 = rl_chart_x(chart, from[RL_CURVE_X].real),
                 y0 = rl_chart_y(chart, from[RL_CURVE_Y].real);
    const double x1 = rl_chart_x(chart, to[RL_CURVE_X].real),
                 y1 = rl_chart_y(chart, to[RL_CURVE_Y].real);
    rl_chart_add_guide(chart, &(rl_chart_stroke){x0, y0, x1, y0, 0});
    rl_chart_add_guide(chart, &(rl_chart_stroke){x1, y0, x1, y1, 0});
  }
}

/* The curves, once axes stand: steps too small to be seen are taken together. */
static void guide_curves(rl_curves *c) {
  rl_chart *chart = c->chart;
  const rl_cell *from = NULL;
  for (size_t i = 0; i < chart->grid.rows.count; i++) {
    const rl_cell *to = chart->grid.rows.items[i];
    const uint64_t layer = to[RL_CURVE_LAYER].count;
    const bool drawn = layer > 0 && layer <= c->series.count && to[RL_CURVE_FITS].flag;
    const bool begins = from == NULL || from[RL_CURVE_LAYER].count != layer;
    const bool ends = !is_of(c, i + 1, layer) || !chart->grid.rows.items[i + 1][RL_CURVE_FITS].flag;
    if (!drawn || begins) {
      from = drawn ? to : NULL;
      continue;
    }
    const double a[2] = {from[RL_CURVE_X].real, from[RL_CURVE_Y].real};
    const double b[2] = {to[RL_CURVE_X].real, to[RL_CURVE_Y].real};
    if (!ends && !is_apart(chart, a, b, 0.3)) continue;
    rl_chart_add_guide(chart,
                       &(rl_chart_stroke){rl_chart_x(chart, a[0]), rl_chart_y(chart, a[1]),
                                          rl_chart_x(chart, b[0]), rl_chart_y(chart, b[1]), 0});
    from = to;
  }
}

void rl_curves_finish(rl_curves *c, bool lines) {
  rl_chart_lay_out(c->chart, 0);
  if (lines) thin_marks(c);
  if (lines) drop_wishes(c);
  push_layers(c, lines);
  guide_names(c);
  if (lines) guide_curves(c);
  rl_chart_name_points(c->chart);
}

void rl_chart_build_lines(rl_chart *chart, const rl_chart_input *input) {
  rl_curves c;
  if (!rl_curves_begin(&c, chart, input, NULL, "tpot", false)) return;
  rl_curves_draw(&c, RL_LAYER_LINE_POINTS);
  rl_curves_finish(&c, !c.x.category);
  const char *rings = c.turns == 0 ? "" : " From a ring on, what is named there bounds.";
  const char *gaps = c.unfits == 0 ? "" : " Crosses: what does not fit the memory.";
  rl_chart_describe(
      chart,
      rl_textf(chart->grid.arena, "%s against %s, of %s.%s%s%s", c.y.says, c.x.says,
               rl_series_common(chart, c.table, &c.series), rl_series_told(chart, &c.series), rings,
               rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s%s", gaps,
                                             rl_chart_restricted(chart, input)))));
}
