/* The roofline (Williams, Waterman and Patterson 2009; with a roof a memory level: Ilic, Pratas and
 * Sousa 2014): operators at their arithmetic intensity and the rate that they reach at best. */
#include <string.h>

#include "reports/chart_kinds.h"
#include "reports/chart_nesting.h"
#include "reports/chart_roofs.h"
#include "reports/report.h"

/* An operator that takes this share of a pass has its name before roofs have theirs. */
#define RESERVED_SHARE 0.2

static const rl_column columns[RL_ROOF_COLUMNS] = {
    [RL_ROOF_LAYER] = {.key = "layer"},
    [RL_ROOF_INTENSITY] = {.key = "intensity_flop_per_byte",
                           .head = "intensity",
                           .unit = "FLOP/byte"},
    [RL_ROOF_RATE] = {.key = "rate_flop_per_s", .head = "rate", .unit = "FLOP/s"},
    [RL_ROOF_FLOP] = {.key = "flop", .head = "work", .unit = "FLOP"},
    [RL_ROOF_BYTES] = {.key = "bytes", .head = "moved", .unit = "bytes"},
    [RL_ROOF_SECONDS] = {.key = "time_s", .head = "time", .unit = "s"},
    [RL_ROOF_BOUND] = {.key = "bound", .head = "bound"},
    [RL_ROOF_LEVEL] = {.key = "bytes_of", .head = "bytes of"},
    [RL_ROOF_SERIES] = {.key = "series", .head = "series"},
    [RL_ROOF_NAME] = {.key = "name", .head = "name"}};

typedef struct point {
  double flop, bytes, seconds;
  const char *bound, *level; /* level: whose bytes they are */
} point;

typedef struct builder {
  rl_chart *chart;
  const rl_chart_input *input;
  rl_chart_subjects subjects;
  rl_roofs roofs;
  rl_nesting nesting; /* of the subjects' points */
  size_t left_out;
} builder;

static const rl_result_roof *find_roof(const rl_result_operator *op, const char *what) {
  for (size_t i = 0; op->explanation != NULL && i < op->explanation->roof_count; i++) {
    if (strcmp(op->explanation->roofs[i].what, what) == 0) return &op->explanation->roofs[i];
  }
  return NULL;
}

static bool is_bound(const rl_result_operator *op, const char *what) {
  return op->bound != NULL && strcmp(op->bound, what) == 0;
}

/* At what binds: the vector units' work where they do, else matrix products where there are any;
 * over the bytes of a cache where that binds or nothing comes from main memory. False for what
 * computes nothing, moves nothing, or waits for a link, which has no roof here. */
static bool point_of(const rl_result_operator *op, point *out) {
  const rl_result_roof *work = find_roof(op, is_bound(op, "vector") ? "vector" : "compute");
  const rl_result_roof *bytes = find_roof(op, is_bound(op, "cache") ? "cache" : "memory");
  if (work == NULL) work = find_roof(op, "vector");
  if (bytes == NULL) bytes = find_roof(op, "cache");
  if (work == NULL || bytes == NULL || !(op->seconds > 0)) return false;
  if (is_bound(op, "link") || is_bound(op, "host link")) return false;
  *out = (point){(double)work->amount, (double)bytes->amount, op->seconds, op->bound, bytes->what};
  return true;
}

/* Roofs and ranges of everything that will be drawn. */
static void gather(builder *b) {
  for (size_t s = 0; s < b->subjects.count; s++) {
    const rl_chart_subject *subject = &b->subjects.items[s];
    for (size_t i = 0; i < subject->pass->operator_count; i++) {
      const rl_result_operator *op = &subject->pass->operators[i];
      point p;
      if (!rl_chart_shows(b->input, op->name)) continue;
      if (!point_of(op, &p)) {
        b->left_out++;
        continue;
      }
      rl_roofs_widen(&b->roofs, p.flop / p.bytes, p.flop / p.seconds);
      for (size_t r = 0; r < op->explanation->roof_count; r++) {
        const rl_result_roof *from = &op->explanation->roofs[r];
        rl_roofs_add(&b->roofs, subject->machine, from,
                     from->binds && find_roof(op, "memory") == NULL);
      }
    }
  }
  for (size_t i = 0; i < b->input->measured_count; i++) {
    const rl_measured *m = &b->input->measured[i];
    rl_roofs_widen(&b->roofs, m->flops / m->bytes, m->flops / m->seconds);
  }
}

static void draw_point(builder *b, const rl_chart_subject *subject, const rl_result_operator *op,
                       unsigned number) {
  point p;
  if (!rl_chart_shows(b->input, op->name) || !point_of(op, &p)) return;
  rl_cell *row = rl_grid_row(&b->chart->grid);
  row[RL_ROOF_LAYER] = rl_cell_count(number);
  row[RL_ROOF_INTENSITY] = rl_cell_real(p.flop / p.bytes);
  row[RL_ROOF_RATE] = rl_cell_real(p.flop / p.seconds);
  row[RL_ROOF_FLOP] = rl_cell_real(p.flop);
  row[RL_ROOF_BYTES] = rl_cell_real(p.bytes);
  row[RL_ROOF_SECONDS] = rl_cell_real(p.seconds);
  row[RL_ROOF_BOUND] = rl_cell_text(p.bound);
  row[RL_ROOF_LEVEL] = rl_cell_text(p.level);
  row[RL_ROOF_SERIES] = rl_cell_text(subject->name);
  row[RL_ROOF_NAME] = rl_cell_text(op->name);
  const bool named = rl_chart_names(b->input, op->name);
  rl_chart_add_wish(b->chart, &(rl_chart_wish){.name = named ? op->name : NULL,
                                               .x = p.flop / p.bytes,
                                               .y = p.flop / p.seconds,
                                               .priority = op->share});
}

/* Within a twentieth of e. */
static bool is_near(double a, double b) {
  static const double most = 1.0512710963760241;
  return a < b * most && b < a * most;
}

/* Whether two rows of the data lie over each other. */
static bool rows_meet(const rl_cell *a, const rl_cell *b) {
  return is_near(a[RL_ROOF_INTENSITY].real, b[RL_ROOF_INTENSITY].real) &&
         is_near(a[RL_ROOF_RATE].real, b[RL_ROOF_RATE].real);
}

/* The series of a row behind those of the roofs. */
static size_t series_of(const builder *b, const rl_cell *row) {
  return (size_t)row[RL_ROOF_LAYER].count - b->roofs.list.count - 1;
}

/* Which series have points that lie over each other, of the rows from one on. */
static void nest(builder *b, size_t first) {
  const rl_grid *grid = &b->chart->grid;
  rl_nesting_init(&b->nesting, b->chart, b->subjects.count);
  for (size_t i = first; i < grid->rows.count; i++) {
    for (size_t j = first; j < i; j++) {
      const rl_cell *x = grid->rows.items[i], *y = grid->rows.items[j];
      if (rows_meet(x, y)) rl_nesting_meet(&b->nesting, series_of(b, x), series_of(b, y));
    }
  }
  rl_nesting_rank(&b->nesting);
}

/* The layers of all series, those of the smaller marks last. */
static void push_layers(builder *b) {
  for (unsigned rank = 0; rank < b->nesting.levels; rank++) {
    for (size_t s = 0; s < b->nesting.count; s++) {
      if (b->nesting.ranks[s] != rank) continue;
      const unsigned style = rl_chart_series_style(b->chart, s);
      const rl_layer layer = {.kind = RL_LAYER_POINTS,
                              .number = (unsigned)(b->roofs.list.count + s) + 1,
                              .style = rl_nesting_style(&b->nesting, s, style),
                              .scale = rl_nesting_scale(&b->nesting, s)};
      rl_chart_push_layer(b->chart, &layer);
    }
  }
}

static void draw_points(builder *b) {
  const size_t first = b->chart->grid.rows.count;
  for (size_t s = 0; s < b->subjects.count; s++) {
    const rl_chart_subject *subject = &b->subjects.items[s];
    const unsigned number = (unsigned)(b->roofs.list.count + s) + 1;
    rl_chart_add_key(b->chart, subject->name, RL_LAYER_POINTS, rl_chart_series_style(b->chart, s));
    for (size_t i = 0; i < subject->pass->operator_count; i++) {
      draw_point(b, subject, &subject->pass->operators[i], number);
    }
  }
  if (b->chart->failed) return;
  nest(b, first);
  push_layers(b);
}

static void check_above(builder *b, const rl_measured *m) {
  if (!rl_roofs_exceeded(&b->roofs, m->flops / m->bytes, m->flops / m->seconds)) return;
  const char **slot = RL_PUSH(b->chart->grid.arena, &b->chart->above);
  if (slot == NULL) b->chart->failed = true;
  if (slot != NULL) *slot = m->name;
}

static void draw_measured(builder *b) {
  const unsigned number = (unsigned)(b->roofs.list.count + b->subjects.count) + 1;
  if (b->input->measured_count == 0) return;
  rl_chart_add_layer(b->chart, RL_LAYER_POINTS, number, RL_STYLE_MEASURED);
  rl_chart_add_key(b->chart, "measured", RL_LAYER_POINTS, RL_STYLE_MEASURED);
  for (size_t i = 0; i < b->input->measured_count; i++) {
    const rl_measured *m = &b->input->measured[i];
    check_above(b, m);
    rl_cell *row = rl_grid_row(&b->chart->grid);
    row[RL_ROOF_LAYER] = rl_cell_count(number);
    row[RL_ROOF_INTENSITY] = rl_cell_real(m->flops / m->bytes);
    row[RL_ROOF_RATE] = rl_cell_real(m->flops / m->seconds);
    row[RL_ROOF_FLOP] = rl_cell_real(m->flops);
    row[RL_ROOF_BYTES] = rl_cell_real(m->bytes);
    row[RL_ROOF_SECONDS] = rl_cell_real(m->seconds);
    row[RL_ROOF_SERIES] = rl_cell_text("measured");
    row[RL_ROOF_NAME] = rl_cell_text(m->name);
    rl_chart_add_wish(
        b->chart,
        &(rl_chart_wish){
            .name = m->name, .x = m->flops / m->bytes, .y = m->flops / m->seconds, .priority = 2});
  }
}

static void describe(builder *b) {
  char left_out[RL_NUMBER_TEXT];
  rl_chart *c = b->chart;
  const char *rest = "";
  if (b->left_out > 0) {
    rest = rl_chart_keep(
        c, rl_textf(c->grid.arena, " Not shown: what does no arithmetic or waits for a link (%s).",
                    rl_print_grouped(b->left_out, left_out)));
  }
  rl_chart_describe(
      c,
      rl_textf(c->grid.arena,
               "Roofline of %s. Each point is an operator at its arithmetic intensity over the "
               "bytes of main memory, or of a cache where that is what binds, and at the rate that "
               "it reaches at best; element-wise work is counted in operations of the vector "
               "units.%s%s",
               rl_chart_common(c, b->input), rl_chart_restricted(c, b->input), rest));
}

static void name_roofs_and_points(builder *b) {
  rl_roofs_outline(&b->roofs);
  rl_roofs_name(&b->roofs);
  rl_chart_name_points(b->chart);
}

/* Where an operator that takes much of the time finds no room behind the names of roofs, these are
 * placed anew around a place for its own: a roof without a name is told below the plot. */
static void name_all(builder *b) {
  rl_chart *chart = b->chart;
  const rl_chart before = *chart;
  name_roofs_and_points(b);
  const size_t missed = chart->missed;
  const double priority = chart->missed_priority;
  if (missed == 0 || priority < RESERVED_SHARE || chart->failed) return;
  *chart = before;
  rl_roofs_outline(&b->roofs);
  rl_chart_reserve(chart, missed);
  const rl_chart_place place = chart->reserved;
  *chart = before;
  chart->reserved = place;
  name_roofs_and_points(b);
  if (chart->missed == 0 || chart->missed_priority < priority) return;
  *chart = before; /* it has cost the name of a longer one, or was in vain */
  name_roofs_and_points(b);
}

void rl_chart_build_roofline(rl_chart *chart, const rl_chart_input *input) {
  builder b = {.chart = chart, .input = input, .roofs = {.chart = chart}};
  rl_grid_init(&chart->grid, chart->grid.arena, columns, RL_ROOF_COLUMNS);
  chart->x.title = "arithmetic intensity (FLOP/byte)";
  chart->y.title = "performance (FLOP/s)";
  rl_chart_list_subjects(chart, input, &b.subjects);
  gather(&b);
  /* each machine has roofs that want their names */
  if (b.roofs.machines.count > 1 && !chart->canvas.text) chart->canvas.height *= 1.3;
  rl_roofs_set_ranges(&b.roofs);
  rl_roofs_draw(&b.roofs);
  draw_points(&b);
  draw_measured(&b);
  rl_chart_lay_out(chart, 0);
  for (size_t s = 0; s < b.nesting.count; s++) {
    rl_nesting_show(&b.nesting, chart, s, rl_chart_series_style(chart, s));
  }
  name_all(&b);
  rl_roofs_tell_rest(&b.roofs);
  describe(&b);
}
