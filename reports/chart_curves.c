/* Curves over a key or a figure of a table's rows, and the front of two figures. */
#include <math.h>
#include <string.h>

#include "reports/chart_letters.h"
#include "reports/chart_series.h"

enum { LAYER, X, Y, OF, FITS, MARK, SERIES, BOUND, COLUMNS };

/* How a row is marked, if at all. */
#define MARK_POINT "point"
#define MARK_CROSS "crossed"

typedef struct curves {
  rl_chart *chart;
  const rl_chart_input *input;
  const rl_chart_table *table;
  rl_quantity x, y;
  rl_series_list series;
  const rl_cell **categories; /* distinct cells of x */
  size_t category_count;
  size_t fits;                   /* column; SIZE_MAX: nobody says */
  unsigned turn, front;          /* layers behind those of the series */
  double low[2], high[2];        /* of x and y */
  size_t front_first, front_end; /* its rows of the grid */
  size_t turns, unfits;
  bool coincide; /* some points of two series lie over each other */
} curves;

/* 1, 2, ... for a category; false where the row has no place on the axis. */
static bool x_of(const curves *c, const rl_cell *row, double *out) {
  if (!c->x.category) return rl_quantity_value(&c->x, row, out);
  for (size_t i = 0; i < c->category_count; i++) {
    *out = (double)i + 1;
    if (rl_series_same(&row[c->x.column], c->categories[i])) return true;
  }
  return false;
}

static bool place_of(const curves *c, const rl_cell *row, double *x, double *y) {
  return x_of(c, row, x) && rl_quantity_value(&c->y, row, y);
}

static bool row_fits(const curves *c, const rl_cell *row) {
  return c->fits == SIZE_MAX || row[c->fits].flag;
}

static void widen(curves *c, int axis, double value) {
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
static void set_axis(curves *c, rl_chart_axis *axis, int which, const rl_quantity *q) {
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
    rl_axis_log(chart, axis, low / 1.3, high * 1.3, scale, (size_t)(length / each));
  } else {
    rl_axis_linear(chart, axis, high * 1.15, scale, (size_t)(length / each));
  }
  axis->title = title_of(chart, q, prefix);
}

/* Names at 1, 2, ... of an axis that is no scale. */
static void set_categories(curves *c) {
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
static void list_values(curves *c) {
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
static void set_values(curves *c) {
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

static void set_axes(curves *c) {
  for (size_t r = 0; r < c->table->rows.count; r++) {
    double x, y;
    if (!place_of(c, c->table->rows.items[r], &x, &y)) continue;
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

static const char *along_key(const curves *c) {
  return c->series.along == SIZE_MAX ? "point"
                                     : c->table->columns.items[c->series.along].column.key;
}

static void set_columns(curves *c) {
  rl_arena *arena = c->chart->grid.arena;
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, COLUMNS);
  if (columns == NULL) {
    c->chart->failed = true;
    return;
  }
  columns[LAYER].key = "layer";
  columns[X].key = c->x.key;
  columns[Y].key = c->y.key;
  columns[OF].key = rl_chart_keep(c->chart, rl_textf(arena, "of_%s", along_key(c)));
  columns[FITS].key = "fits";
  columns[MARK].key = "mark";
  columns[SERIES].key = "series";
  columns[BOUND].key = "bound";
  rl_grid_init(&c->chart->grid, arena, columns, COLUMNS);
}

static const char *bound_of(const curves *c, const rl_cell *row) {
  return c->y.limit == SIZE_MAX ? NULL : row[c->y.limit].text;
}

/* A row of a layer; layer 0 is drawn nowhere. */
static void add_row(curves *c, unsigned layer, const rl_cell *row, const char *mark,
                    const char *series) {
  double x = 0, y = 0;
  const bool placed = place_of(c, row, &x, &y);
  rl_cell *cells = rl_grid_row(&c->chart->grid);
  cells[LAYER] = rl_cell_count(layer);
  if (placed) cells[X] = rl_cell_real(x);
  if (placed) cells[Y] = rl_cell_real(y);
  if (c->series.along != SIZE_MAX) cells[OF] = row[c->series.along];
  cells[FITS] = rl_cell_flag(row_fits(c, row));
  cells[MARK] = rl_cell_text(mark);
  cells[SERIES] = rl_cell_text(series);
  cells[BOUND] = rl_cell_text(bound_of(c, row));
}

static void wish(curves *c, const rl_cell *row, rl_chart_wish wanted) {
  if (!place_of(c, row, &wanted.x, &wanted.y)) return;
  if (wanted.name != NULL && !rl_chart_names(c->input, wanted.name)) wanted.name = NULL;
  rl_chart_add_wish(c->chart, &wanted);
}

/* Points are named by the key that they go along where that is no axis; numbers of points that are
 * many stand beside them or not at all. */
static void name_point(curves *c, const rl_cell *row, double least) {
  const size_t along = c->series.along;
  const bool told = along == SIZE_MAX || (c->x.is_key && c->x.column == along) ||
                    (c->y.is_key && c->y.column == along);
  rl_chart_wish wanted = {.name = NULL};
  if (!told) wanted.name = rl_series_text(c->chart, &row[along]);
  if (!told && row[along].kind == RL_CELL_COUNT) {
    wanted.near = true;
    wanted.priority = rl_series_roundness(row[along].count);
    if (wanted.priority < least) wanted.name = NULL;
  }
  wish(c, row, wanted);
}

/* What bounds changes from the row before: NULL where it does not. */
static const char *turns_to(const curves *c, const rl_cell *before, const rl_cell *row) {
  if (before == NULL || !c->x.is_key || c->x.category) return NULL;
  const char *was = bound_of(c, before), *is = bound_of(c, row);
  return was != NULL && is != NULL && strcmp(was, is) != 0 ? is : NULL;
}

/* The rows of one series; those without a place are drawn nowhere. */
static void draw_one(curves *c, size_t s) {
  const rl_series *series = &c->series.items[s];
  const double least = rl_series_least_round(series, c->series.along);
  for (size_t r = 0; r < series->count; r++) {
    const rl_cell *row = series->rows[r];
    const bool last = r + 1 == series->count;
    double x, y;
    const bool placed = place_of(c, row, &x, &y), fits = row_fits(c, row);
    if (placed && !fits) c->unfits++;
    const char *mark = !placed ? "" : fits ? MARK_POINT : MARK_CROSS;
    add_row(c, placed ? (unsigned)s + 1 : 0, row, mark, series->name);
    name_point(c, row, last ? 0 : least);
  }
}

/* Rings around the points from which on something else bounds; their names come first. */
static void draw_turns(curves *c) {
  for (size_t s = 0; s < c->series.count; s++) {
    const rl_cell *before = NULL;
    for (size_t r = 0; r < c->series.items[s].count; r++) {
      const rl_cell *row = c->series.items[s].rows[r];
      double x, y;
      if (!place_of(c, row, &x, &y) || !row_fits(c, row)) continue;
      const char *name = turns_to(c, before, row);
      before = row;
      if (name == NULL) continue;
      c->turns++;
      add_row(c, c->turn, row, "", c->series.items[s].name);
      wish(c, row, (rl_chart_wish){.name = name, .priority = 128});
    }
  }
}

/* A series none of whose rows has figures is not told of. */
static bool has_points(const curves *c, const rl_series *series) {
  double x, y;
  for (size_t r = 0; r < series->count; r++) {
    if (place_of(c, series->rows[r], &x, &y)) return true;
  }
  return false;
}

/* What does not fit breaks a line: there is one where two rows in turn fit. */
static bool has_line(const curves *c, const rl_series *series) {
  double x, y;
  size_t length = 0;
  for (size_t r = 0; r < series->count && length < 2; r++) {
    const bool drawn = place_of(c, series->rows[r], &x, &y) && row_fits(c, series->rows[r]);
    length = drawn ? length + 1 : 0;
  }
  return length == 2;
}

/* Rows and keys; their layers follow once axes stand. */
static void draw_curves(curves *c, rl_layer_kind kind) {
  rl_chart *chart = c->chart;
  const rl_layer_kind own = c->x.category ? RL_LAYER_POINTS : kind;
  size_t shown = 0;
  for (size_t s = 0; s < c->series.count; s++) {
    if (!has_points(c, &c->series.items[s])) continue;
    rl_chart_add_key(chart, c->series.items[s].name, own, rl_chart_series_style(chart, shown++));
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

static bool is_of(const curves *c, size_t row, uint64_t layer) {
  const rl_grid *grid = &c->chart->grid;
  return row < grid->rows.count && grid->rows.items[row][LAYER].count == layer;
}

/* Of a line, a mark so near to the last one that they would melt into a band is left out. */
static void thin_marks(curves *c) {
  const rl_grid *grid = &c->chart->grid;
  double last[2] = {0, 0};
  bool fitted = false;
  for (size_t i = 0; i < grid->rows.count; i++) {
    rl_cell *row = grid->rows.items[i];
    const uint64_t layer = row[LAYER].count;
    if (layer == 0 || layer > c->series.count) continue;
    const double at[2] = {row[X].real, row[Y].real};
    const bool ends = i == 0 || !is_of(c, i - 1, layer) || !is_of(c, i + 1, layer);
    if (!ends && row[FITS].flag == fitted && !is_apart(c->chart, last, at, 1.3)) {
      row[MARK] = rl_cell_text("");
      continue;
    }
    last[0] = at[0];
    last[1] = at[1];
    fitted = row[FITS].flag;
  }
}

/* Whether points of two series lie over each other: then the later ones are drawn smaller. */
static void find_coincidence(curves *c) {
  for (size_t s = 1; s < c->series.count; s++) {
    const rl_series *one = &c->series.items[s - 1], *other = &c->series.items[s];
    for (size_t r = 0; r < one->count && r < other->count; r++) {
      double a[2], b[2];
      if (!place_of(c, one->rows[r], &a[0], &a[1])) continue;
      if (!place_of(c, other->rows[r], &b[0], &b[1])) continue;
      if (!is_apart(c->chart, a, b, 0.3)) c->coincide = true;
    }
  }
}

static void push_layers(curves *c, bool lines) {
  rl_chart *chart = c->chart;
  size_t shown = 0, count = 0;
  for (size_t s = 0; s < c->series.count; s++) count += has_points(c, &c->series.items[s]);
  for (size_t s = 0; s < c->series.count; s++) {
    if (!has_points(c, &c->series.items[s])) continue;
    rl_layer layer = {.kind = RL_LAYER_LINE, .number = (unsigned)s + 1};
    layer.style = rl_chart_series_style(chart, shown);
    layer.scale = rl_chart_nesting(shown++, count, c->coincide);
    layer.column = FITS + 1;
    layer.says = "true";
    if (lines && has_line(c, &c->series.items[s])) rl_chart_push_layer(chart, &layer);
    layer.kind = RL_LAYER_POINTS;
    layer.column = MARK + 1;
    layer.says = NULL;
    rl_chart_push_layer(chart, &layer);
  }
  const rl_layer crosses = {
      .kind = RL_LAYER_POINTS, .style = RL_STYLE_UNFIT, .column = MARK + 1, .says = MARK_CROSS};
  if (c->unfits > 0) rl_chart_push_layer(chart, &crosses);
  if (c->turns > 0) rl_chart_add_layer(chart, RL_LAYER_POINTS, c->turn, RL_STYLE_TURN);
}

/* The quantity of a word that was given, else of the first of the others that there is. */
static void choose(const curves *c, const char *word, const char *otherwise, rl_quantity *out) {
  if (word != NULL && rl_quantity_find(c->table, word, out)) return;
  rl_quantity_find(c->table, otherwise, out);
}

/* x and y: words for what was not said; x NULL: the key that series go along. False where there is
 * nothing to draw. */
static bool begin(curves *c, rl_chart *chart, const rl_chart_input *input, const char *x,
                  const char *y) {
  *c = (curves){.chart = chart, .input = input, .table = input->table};
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
static void guide_names(curves *c) {
  rl_chart *chart = c->chart;
  for (size_t i = c->front_first + 1; i < c->front_end; i++) {
    const rl_cell *from = chart->grid.rows.items[i - 1], *to = chart->grid.rows.items[i];
    const double x0 = rl_chart_x(chart, from[X].real), y0 = rl_chart_y(chart, from[Y].real);
    const double x1 = rl_chart_x(chart, to[X].real), y1 = rl_chart_y(chart, to[Y].real);
    rl_chart_add_guide(chart, &(rl_chart_stroke){x0, y0, x1, y0, 0});
    rl_chart_add_guide(chart, &(rl_chart_stroke){x1, y0, x1, y1, 0});
  }
}

/* The curves, once axes stand. */
static void guide_curves(curves *c) {
  rl_chart *chart = c->chart;
  for (size_t i = 1; i < chart->grid.rows.count; i++) {
    const rl_cell *from = chart->grid.rows.items[i - 1], *to = chart->grid.rows.items[i];
    if (from[LAYER].count != to[LAYER].count || from[LAYER].count == 0) continue;
    if (from[LAYER].count > c->series.count || !from[FITS].flag || !to[FITS].flag) continue;
    rl_chart_add_guide(
        chart, &(rl_chart_stroke){rl_chart_x(chart, from[X].real), rl_chart_y(chart, from[Y].real),
                                  rl_chart_x(chart, to[X].real), rl_chart_y(chart, to[Y].real), 0});
  }
}

static void finish(curves *c, bool lines) {
  rl_chart_lay_out(c->chart, 0);
  find_coincidence(c);
  if (lines) thin_marks(c);
  push_layers(c, lines);
  guide_names(c);
  if (lines) guide_curves(c);
  rl_chart_name_points(c->chart);
}

void rl_chart_build_lines(rl_chart *chart, const rl_chart_input *input) {
  curves c;
  if (!begin(&c, chart, input, NULL, "tpot")) return;
  draw_curves(&c, RL_LAYER_LINE_POINTS);
  const char *rings = c.turns == 0 ? "" : " From a ring on, what is named there bounds.";
  const char *gaps = c.unfits == 0 ? "" : " Crosses: what does not fit the memory.";
  chart->caption = rl_chart_keep(
      chart, rl_textf(chart->grid.arena, "%s against %s, of %s.%s%s", c.y.says, c.x.says,
                      rl_series_common(chart, c.table, &c.series), rings, gaps));
  finish(&c, !c.x.category);
}

/* Less of it is better than the other, or more, as the quantity wants it. */
static bool is_better(const rl_quantity *q, double a, double b) {
  return q->most ? a > b : a < b;
}

/* The marks of a sweep; SIZE_MAX: it has none. */
static size_t marks_of(const rl_chart_table *table) {
  for (size_t c = 0; c < table->columns.count; c++) {
    if (table->columns.items[c].source == RL_FROM_FRONT) return c;
  }
  return SIZE_MAX;
}

/* Of all that fit no other row is at least as good in both and better in one. */
static bool on_front(const curves *c, const rl_cell *row, size_t marks) {
  double x, y, other_x, other_y;
  if (!place_of(c, row, &x, &y) || !row_fits(c, row)) return false;
  if (marks != SIZE_MAX) return row[marks].flag;
  for (size_t r = 0; r < c->table->rows.count; r++) {
    const rl_cell *other = c->table->rows.items[r];
    if (!row_fits(c, other) || !place_of(c, other, &other_x, &other_y)) continue;
    const bool worse = is_better(&c->x, x, other_x) || is_better(&c->y, y, other_y);
    const bool better = is_better(&c->x, other_x, x) || is_better(&c->y, other_y, y);
    if (better && !worse) return false;
  }
  return true;
}

/* Whether the last row of the front stands at the same place. */
static bool is_drawn(const curves *c, const rl_cell *row) {
  const rl_grid *grid = &c->chart->grid;
  double x, y;
  if (grid->rows.count == c->front_first || !place_of(c, row, &x, &y)) return false;
  const rl_cell *last = grid->rows.items[grid->rows.count - 1];
  return !(last[X].real < x) && !(last[X].real > x) && !(last[Y].real < y) && !(last[Y].real > y);
}

/* The front's points, the best of x first, each once. */
static void draw_front(curves *c, size_t marks) {
  c->front_first = c->chart->grid.rows.count;
  const rl_chart_table *table = c->table;
  bool *on = RL_NEW_ARRAY(table->arena, bool, table->rows.count + 1);
  if (on == NULL) {
    c->chart->failed = true;
    return;
  }
  for (size_t r = 0; r < table->rows.count; r++) on[r] = on_front(c, table->rows.items[r], marks);
  for (;;) {
    size_t best = table->rows.count;
    double best_x = 0, x, y;
    for (size_t r = 0; r < table->rows.count; r++) {
      if (!on[r] || !place_of(c, table->rows.items[r], &x, &y)) continue;
      if (best < table->rows.count && !is_better(&c->x, x, best_x)) continue;
      best = r;
      best_x = x;
    }
    c->front_end = c->chart->grid.rows.count;
    if (best == table->rows.count) return;
    on[best] = false;
    if (!is_drawn(c, table->rows.items[best])) {
      add_row(c, c->front, table->rows.items[best], "", "front");
    }
  }
}

/* The word of an objective of a sweep's marks, "pareto:tpot+tokens_per_s"; NULL: it has none. */
static const char *objective(rl_chart *chart, const rl_chart_table *table, size_t marks,
                             size_t which) {
  if (marks == SIZE_MAX) return NULL;
  const char *at = strchr(table->columns.items[marks].column.key, ':');
  for (; at != NULL; at = strchr(at + 1, '+')) {
    const size_t length = strcspn(at + 1, "+");
    if (which-- == 0) return rl_chart_keep(chart, rl_strndup(chart->grid.arena, at + 1, length));
  }
  return NULL;
}

/* What a front is of. */
typedef struct objectives {
  size_t marks; /* column of the sweep's; SIZE_MAX: it is found here */
  const char *x, *y;
  bool more; /* of more than these two: it is no line */
} objectives;

/* The first two of the sweep's marks; other axes than those have a front of their own. */
static objectives read_objectives(rl_chart *chart, const rl_chart_input *input) {
  objectives own = {SIZE_MAX, "tpot", "tokens_per_s_per_device", false};
  if (input->table == NULL || input->x != NULL || input->y != NULL) return own;
  const size_t marks = marks_of(input->table);
  const char *x = objective(chart, input->table, marks, 0);
  const char *y = objective(chart, input->table, marks, 1);
  if (y == NULL) return own;
  return (objectives){marks, x, y, objective(chart, input->table, marks, 2) != NULL};
}

static void write_caption(curves *c, bool any, bool more) {
  rl_arena *arena = c->chart->grid.arena;
  const size_t along = c->series.along;
  const char *named = "", *front = "none of them fits in memory";
  if (along != SIZE_MAX) {
    const char *of = c->table->columns.items[along].word;
    named = rl_chart_keep(c->chart, rl_textf(arena, " Points are named by %s;", of));
  }
  if (any) {
    front = more ? "on the front is what no other one that fits is better than in all figures that "
                   "the sweep marked"
                 : "on the front is what no other one that fits is better than in both";
  }
  c->chart->caption =
      rl_chart_keep(c->chart, rl_textf(arena, "%s against %s, of %s%s%s %s.", c->y.says, c->x.says,
                                       rl_series_common(c->chart, c->table, &c->series),
                                       along == SIZE_MAX ? ":" : ".", named, front));
}

/* A line is one of two points or more; of more figures than two the front is points. */
static void show_front(curves *c, bool more) {
  rl_chart *chart = c->chart;
  const size_t count = c->front_end - c->front_first;
  const rl_layer_kind kind = more ? RL_LAYER_POINTS : RL_LAYER_STEP;
  const unsigned style = more ? RL_STYLE_TURN : RL_STYLE_LIMIT;
  if (count < (more ? 1 : 2)) {
    chart->grid.rows.count = c->front_end = c->front_first;
    return;
  }
  rl_chart_add_layer(chart, kind, c->front, style);
  rl_chart_add_key(chart, "front", kind, style);
}

void rl_chart_build_pareto(rl_chart *chart, const rl_chart_input *input) {
  curves c;
  const objectives of = read_objectives(chart, input);
  if (!begin(&c, chart, input, of.x, of.y)) return;
  draw_front(&c, of.marks);
  const bool any = c.front_end > c.front_first;
  show_front(&c, of.more);
  draw_curves(&c, RL_LAYER_POINTS);
  if (of.more) c.front_end = c.front_first;
  write_caption(&c, any, of.more);
  finish(&c, false);
}
