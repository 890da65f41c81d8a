/* The front of two figures: what no other point is better than. */
#include <string.h>

#include "reports/chart_curves.h"

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
static bool on_front(const rl_curves *c, const rl_cell *row, size_t marks) {
  double x, y, other_x, other_y;
  if (!rl_curves_place(c, row, &x, &y) || !rl_curves_fit(c, row)) return false;
  if (marks != SIZE_MAX) return row[marks].flag;
  for (size_t r = 0; r < c->table->rows.count; r++) {
    const rl_cell *other = c->table->rows.items[r];
    if (!rl_curves_fit(c, other) || !rl_curves_place(c, other, &other_x, &other_y)) continue;
    const bool worse = is_better(&c->x, x, other_x) || is_better(&c->y, y, other_y);
    const bool better = is_better(&c->x, other_x, x) || is_better(&c->y, other_y, y);
    if (better && !worse) return false;
  }
  return true;
}

/* Whether the last row of the front stands at the same place. */
static bool is_drawn(const rl_curves *c, const rl_cell *row) {
  const rl_grid *grid = &c->chart->grid;
  double x, y;
  if (grid->rows.count == c->front_first || !rl_curves_place(c, row, &x, &y)) return false;
  const rl_cell *last = grid->rows.items[grid->rows.count - 1];
  return !(last[RL_CURVE_X].real < x) && !(last[RL_CURVE_X].real > x) &&
         !(last[RL_CURVE_Y].real < y) && !(last[RL_CURVE_Y].real > y);
}

/* The front's points, the best of x first, each once. */
static void draw_front(rl_curves *c, size_t marks) {
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
      if (!on[r] || !rl_curves_place(c, table->rows.items[r], &x, &y)) continue;
      if (best < table->rows.count && !is_better(&c->x, x, best_x)) continue;
      best = r;
      best_x = x;
    }
    c->front_end = c->chart->grid.rows.count;
    if (best == table->rows.count) return;
    on[best] = false;
    if (!is_drawn(c, table->rows.items[best])) {
      rl_curves_add_row(c, c->front, table->rows.items[best], "", "front");
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

static void write_caption(rl_curves *c, bool any, bool more) {
  rl_arena *arena = c->chart->grid.arena;
  const size_t along = c->series.along;
  const char *named = "", *front = "none of them fits in memory";
  if (along != SIZE_MAX) {
    const char *of = c->table->columns.items[along].word;
    const char *room = c->chart->thinned ? ", as far as there is room" : "";
    named = rl_chart_keep(c->chart, rl_textf(arena, " Points are named by %s%s;", of, room));
  }
  if (any) {
    front = more ? "on the front is what no other one that fits is better than in all figures that "
                   "the sweep marked"
                 : "on the front is what no other one that fits is better than in both";
  }
  rl_chart_describe(c->chart, rl_textf(arena, "%s against %s, of %s%s%s %s.%s%s", c->y.says,
                                       c->x.says, rl_series_common(c->chart, c->table, &c->series),
                                       along == SIZE_MAX ? ":" : ".", named, front,
                                       rl_series_told(c->chart, &c->series),
                                       rl_chart_restricted(c->chart, c->input)));
}

/* A line is one of two points or more; of more figures than two the front is points. */
static void show_front(rl_curves *c, bool more) {
  rl_chart *chart = c->chart;
  const size_t count = c->front_end - c->front_first;
  const rl_layer_kind kind = more ? RL_LAYER_POINTS : RL_LAYER_STEP;
  const unsigned style = more ? RL_STYLE_TURN : RL_STYLE_LIMIT;
  if (count < (more ? 1 : 2)) {
    chart->grid.rows.count = c->front_end = c->front_first;
    return;
  }
  const rl_layer layer = {.kind = kind, .rows = RL_ROWS_CHOSEN, .number = c->front, .style = style};
  rl_chart_push_layer(chart, &layer);
  rl_chart_add_key(chart, "front", kind, style);
}

void rl_chart_build_pareto(rl_chart *chart, const rl_chart_input *input) {
  rl_curves c;
  const objectives of = read_objectives(chart, input);
  if (!rl_curves_begin(&c, chart, input, of.x, of.y, true)) return;
  draw_front(&c, of.marks);
  const bool any = c.front_end > c.front_first;
  show_front(&c, of.more);
  rl_curves_draw(&c, RL_LAYER_POINTS);
  if (of.more) c.front_end = c.front_first;
  rl_curves_finish(&c, false);
  write_caption(&c, any, of.more);
}
