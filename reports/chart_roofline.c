/* The roofline (Williams, Waterman and Patterson 2009; with a roof a memory level: Ilic, Pratas and
 * Sousa 2014): operators at their arithmetic intensity and the rate that they reach at best. */
#include <math.h>
#include <string.h>

#include "reports/chart_kinds.h"
#include "reports/chart_letters.h"
#include "reports/report.h"

enum { LAYER, INTENSITY, RATE, FLOP, BYTES, SECONDS, BOUND, LEVEL, SERIES, NAME };
static const rl_column columns[] = {{.key = "layer"},           {.key = "intensity_flop_per_byte"},
                                    {.key = "rate_flop_per_s"}, {.key = "flop"},
                                    {.key = "bytes"},           {.key = "time_s"},
                                    {.key = "bound"},           {.key = "bytes_of"},
                                    {.key = "series"},          {.key = "name"}};

/* A roof of a machine: FLOP/s, or bytes/s of a memory level. */
typedef struct roof {
  const rl_result_system *system;
  const char *name; /* "hbm", "tensor.bf16" */
  double rate;
  bool slope;   /* a memory level */
  bool outmost; /* main memory */
  bool wide;    /* a ceiling over work whose bytes come from a cache that sets no limit */
  size_t machine;
} roof;

typedef struct point {
  double flop, bytes, seconds;
  const char *bound, *level; /* level: whose bytes they are */
} point;

typedef struct builder {
  rl_chart *chart;
  const rl_chart_input *input;
  rl_chart_subjects subjects;
  RL_LIST(roof) roofs;
  RL_LIST(const char *) machines;
  double low, high;        /* of intensities */
  double slowest, fastest; /* of rates */
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

static size_t machine_of(builder *b, const char *name) {
  for (size_t i = 0; i < b->machines.count; i++) {
    if (strcmp(b->machines.items[i], name) == 0) return i;
  }
  const char **slot = RL_PUSH(b->chart->grid.arena, &b->machines);
  if (slot == NULL) {
    b->chart->failed = true;
    return 0;
  }
  *slot = name;
  return b->machines.count - 1;
}

/* "hbm bandwidth" -> "hbm", "tensor.bf16 peak" -> "tensor.bf16" */
static const char *short_name(builder *b, const char *name) {
  const char *blank = strrchr(name, ' ');
  if (blank == NULL) return name;
  return rl_chart_keep(b->chart, rl_strndup(b->chart->grid.arena, name, (size_t)(blank - name)));
}

static void add_roof(builder *b, const rl_chart_subject *subject, const rl_result_roof *from,
                     bool wide) {
  const bool slope = strcmp(from->what, "memory") == 0 || strcmp(from->what, "cache") == 0;
  const bool ceiling = strcmp(from->what, "compute") == 0 || strcmp(from->what, "vector") == 0;
  if (!(from->rate > 0) || (!slope && !ceiling)) return;
  const char *name = short_name(b, from->figure.name);
  const size_t machine = machine_of(b, subject->machine);
  for (size_t i = 0; i < b->roofs.count; i++) {
    const roof *r = &b->roofs.items[i];
    if (r->machine != machine || strcmp(r->name, name) != 0) continue;
    b->roofs.items[i].wide |= wide;
    return;
  }
  roof *slot = RL_PUSH(b->chart->grid.arena, &b->roofs);
  if (slot == NULL) {
    b->chart->failed = true;
    return;
  }
  *slot = (roof){.system = subject->system,
                 .name = name,
                 .rate = from->rate,
                 .slope = slope,
                 .outmost = strcmp(from->what, "memory") == 0,
                 .wide = wide,
                 .machine = machine};
}

static void widen(builder *b, double intensity, double rate) {
  if (b->low == 0 || intensity < b->low) b->low = intensity;
  if (intensity > b->high) b->high = intensity;
  if (b->slowest == 0 || rate < b->slowest) b->slowest = rate;
  if (rate > b->fastest) b->fastest = rate;
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
      widen(b, p.flop / p.bytes, p.flop / p.seconds);
      for (size_t r = 0; r < op->explanation->roof_count; r++) {
        const rl_result_roof *from = &op->explanation->roofs[r];
        add_roof(b, subject, from, from->binds && find_roof(op, "memory") == NULL);
      }
    }
  }
  for (size_t i = 0; i < b->input->measured_count; i++) {
    const rl_measured *m = &b->input->measured[i];
    widen(b, m->flops / m->bytes, m->flops / m->seconds);
  }
}

/* The highest ceiling of a machine, 0 without one. */
static double ceiling_of(const builder *b, size_t machine) {
  double highest = 0;
  for (size_t i = 0; i < b->roofs.count; i++) {
    const roof *r = &b->roofs.items[i];
    if (!r->slope && r->machine == machine && r->rate > highest) highest = r->rate;
  }
  return highest;
}

/* Main memory's rate of a machine: where its ceilings begin. */
static double slope_of(const builder *b, size_t machine) {
  double highest = 0;
  for (size_t i = 0; i < b->roofs.count; i++) {
    const roof *r = &b->roofs.items[i];
    if (r->slope && r->machine == machine && r->rate > highest) highest = r->rate;
  }
  return highest;
}

/* Ranges show all points, all ceilings and every ridge. */
static void set_ranges(builder *b) {
  for (size_t i = 0; i < b->roofs.count; i++) {
    const roof *r = &b->roofs.items[i];
    if (r->slope) {
      const double top = ceiling_of(b, r->machine);
      if (top > 0) widen(b, top / r->rate, top);
    } else {
      if (b->fastest < r->rate) b->fastest = r->rate;
    }
  }
  if (b->low == 0) widen(b, 1, 1e12);
  const rl_canvas *canvas = &b->chart->canvas;
  const double em = canvas->text ? 6 : canvas->font * 5;
  rl_axis_log(b->chart, &b->chart->x, b->low / 2.5, b->high * 4, 0, (size_t)(canvas->width / em));
  rl_axis_log(b->chart, &b->chart->y, b->slowest / 3, b->fastest * 2.5, 0,
              (size_t)(canvas->height / (canvas->text ? 3 : canvas->font * 3)));
}

static void add_row(builder *b, unsigned layer, double x, double y, const char *name) {
  rl_cell *row = rl_grid_row(&b->chart->grid);
  row[LAYER] = rl_cell_count(layer);
  row[INTENSITY] = rl_cell_real(x);
  row[RATE] = rl_cell_real(y);
  row[NAME] = rl_cell_text(name);
}

/* "hbm 3.35 TB/s" */
static const char *roof_text(builder *b, const roof *r) {
  char rate[RL_NUMBER_TEXT];
  rl_print_si_exact(r->rate, r->slope ? "B/s" : "FLOP/s", rate);
  return rl_chart_keep(b->chart, rl_textf(b->chart->grid.arena, "%s %s", r->name, rate));
}

/* Where the roof begins and ends on the axes. */
static rl_chart_stroke line_of(const builder *b, const roof *r) {
  const rl_chart *c = b->chart;
  rl_chart_stroke line = {c->x.low, r->rate, c->x.high, r->rate, 0};
  if (r->slope) {
    const double top = ceiling_of(b, r->machine);
    line.y0 = r->rate * c->x.low;
    line.y1 = top > 0 && top / r->rate < c->x.high ? top : r->rate * c->x.high;
    line.x1 = line.y1 / r->rate;
    if (line.y0 < c->y.low) {
      line.y0 = c->y.low;
      line.x0 = line.y0 / r->rate;
    }
  } else {
    const double slope = slope_of(b, r->machine);
    if (!r->wide && slope > 0 && r->rate / slope > c->x.low) line.x0 = r->rate / slope;
  }
  return line;
}

static void draw_roofs(builder *b) {
  for (size_t m = 0; b->machines.count > 1 && m < b->machines.count; m++) {
    rl_chart_add_key(b->chart, b->machines.items[m], RL_LAYER_LINE,
                     rl_chart_roof_style(b->chart, m));
  }
  for (size_t i = 0; i < b->roofs.count; i++) {
    const roof *r = &b->roofs.items[i];
    const rl_chart_stroke line = line_of(b, r);
    const unsigned number = (unsigned)i + 1;
    const char *text = roof_text(b, r);
    rl_chart_add_layer(b->chart, RL_LAYER_LINE, number, rl_chart_roof_style(b->chart, r->machine));
    add_row(b, number, line.x0, line.y0, text);
    add_row(b, number, line.x1, line.y1, text);
  }
}

/* The line of a roof on the canvas. */
static rl_chart_stroke on_canvas(const builder *b, const roof *r) {
  const rl_chart_stroke line = line_of(b, r);
  const rl_chart *c = b->chart;
  return (rl_chart_stroke){rl_chart_x(c, line.x0), rl_chart_y(c, line.y0), rl_chart_x(c, line.x1),
                           rl_chart_y(c, line.y1), 0};
}

/* A text along a line, a share of it from its upper end; below: under the line. */
static rl_chart_text text_along(const rl_chart *c, const rl_chart_stroke *on, const char *says,
                                double share, bool below) {
  const double row = rl_letters_height(&c->canvas), side = below ? -1 : 1;
  const double off = side * (c->canvas.text ? 1 : row * 0.62);
  const double turn = c->canvas.text ? 0 : atan2(on->y1 - on->y0, on->x1 - on->x0);
  const double end = c->canvas.text ? 1 : c->canvas.font * 0.5;
  const double x = on->x1 + (on->x0 - on->x1) * share - end * cos(turn);
  const double y = on->y1 + (on->y0 - on->y1) * share - end * sin(turn);
  return (rl_chart_text){.text = says,
                         .x = x - off * sin(turn),
                         .y = y + off * cos(turn),
                         .align = RL_ALIGN_RIGHT,
                         .angle = turn * 180 / 3.14159265358979323846,
                         .dim = true};
}

/* A text of a roof along it, near its upper end, where it lies on nothing; whether there is room.
 */
static bool name_along(builder *b, size_t index, const char *says) {
  enum { STEPS = 48 };
  rl_chart *c = b->chart;
  const rl_chart_stroke on = on_canvas(b, &b->roofs.items[index]);
  for (int step = 0; step < STEPS; step++) {
    for (int below = 0; below < 2; below++) {
      const rl_chart_text text = text_along(c, &on, says, step / (double)STEPS, below == 1);
      if (!rl_chart_is_free(c, &text, index)) continue;
      rl_chart_add_text(c, &text);
      return true;
    }
  }
  return false;
}

/* With its rate, else without, else like a point, with a line that leads to it. */
static void name_roof(builder *b, size_t index) {
  const roof *r = &b->roofs.items[index];
  const char *says = roof_text(b, r);
  if (name_along(b, index, says) || name_along(b, index, r->name)) return;
  const rl_chart_stroke line = line_of(b, r);
  const double room = (b->chart->right - b->chart->left) * RL_NAME_ROOM;
  const bool wide = rl_letters_width(&b->chart->canvas, says) > room;
  rl_chart_add_wish(b->chart, &(rl_chart_wish){.name = wide ? r->name : says,
                                               .x = sqrt(line.x0 * line.x1),
                                               .y = sqrt(line.y0 * line.y1),
                                               .priority = 3});
}

/* Beside the foot of a ridge, at the height where there is room; whether there is. */
static bool name_ridge(builder *b, double x, const char *says) {
  rl_chart *c = b->chart;
  const double row = rl_letters_height(&c->canvas);
  for (int step = 0; step < 16; step++) {
    const bool left = step % 2 == 1;
    const int above = step / 2;
    const rl_chart_text text = {.text = says,
                                .x = x + (left ? -1 : 1) * row * (c->canvas.text ? 1 : 0.25),
                                .y = c->bottom + row * (0.8 + above),
                                .align = left ? RL_ALIGN_RIGHT : RL_ALIGN_LEFT,
                                .dim = true};
    if (!rl_chart_is_free(c, &text, c->guides.count)) continue;
    rl_chart_add_text(c, &text);
    return true;
  }
  return false;
}

/* The intensity at which main memory meets the highest ceiling; false where none is shown. */
static bool ridge_of(const builder *b, const roof *r, double *at, double *top) {
  *top = ceiling_of(b, r->machine);
  *at = *top / r->rate;
  return r->slope && r->outmost && *top > 0 && *at > b->chart->x.low && *at < b->chart->x.high;
}

/* A line down to the axis. */
static void draw_ridge(builder *b, const roof *r) {
  rl_chart *c = b->chart;
  double at, top;
  if (c->canvas.text || !ridge_of(b, r, &at, &top)) return;
  const double x = rl_chart_x(c, at);
  const rl_chart_stroke ridge = {x, c->bottom, x, rl_chart_y(c, top), RL_STYLE_RIDGE};
  rl_chart_add_stroke(c, &ridge);
  rl_chart_add_guide(c, &ridge);
}

static void tell_ridge(builder *b, const roof *r) {
  char number[RL_NUMBER_TEXT];
  rl_chart *c = b->chart;
  double at, top;
  if (!ridge_of(b, r, &at, &top)) return;
  const double x = rl_chart_x(c, at);
  rl_print_digits(at, 3, number);
  const char *says = rl_chart_keep(c, rl_textf(c->grid.arena, "ridge %s", number));
  const char *whose =
      rl_chart_keep(c, rl_textf(c->grid.arena, "%s, %s", says, b->machines.items[r->machine]));
  if (b->machines.count > 1 && name_ridge(b, x, whose)) return;
  name_ridge(b, x, says);
}

static void name_roofs(builder *b) {
  for (size_t i = 0; i < b->roofs.count; i++) {
    const rl_chart_stroke on = on_canvas(b, &b->roofs.items[i]);
    rl_chart_add_guide(b->chart, &on);
  }
  for (size_t i = 0; i < b->roofs.count; i++) draw_ridge(b, &b->roofs.items[i]);
  for (size_t i = 0; i < b->roofs.count; i++) tell_ridge(b, &b->roofs.items[i]);
  for (size_t i = 0; i < b->roofs.count; i++) {
    if (!b->roofs.items[i].slope) name_roof(b, i);
  }
  for (size_t i = 0; i < b->roofs.count; i++) {
    if (b->roofs.items[i].slope) name_roof(b, i);
  }
}

static void draw_point(builder *b, const rl_chart_subject *subject, const rl_result_operator *op,
                       unsigned number) {
  point p;
  if (!rl_chart_shows(b->input, op->name) || !point_of(op, &p)) return;
  rl_cell *row = rl_grid_row(&b->chart->grid);
  row[LAYER] = rl_cell_count(number);
  row[INTENSITY] = rl_cell_real(p.flop / p.bytes);
  row[RATE] = rl_cell_real(p.flop / p.seconds);
  row[FLOP] = rl_cell_real(p.flop);
  row[BYTES] = rl_cell_real(p.bytes);
  row[SECONDS] = rl_cell_real(p.seconds);
  row[BOUND] = rl_cell_text(p.bound);
  row[LEVEL] = rl_cell_text(p.level);
  row[SERIES] = rl_cell_text(subject->name);
  row[NAME] = rl_cell_text(op->name);
  const bool named = rl_chart_names(b->input, op->name);
  rl_chart_add_wish(b->chart, &(rl_chart_wish){.name = named ? op->name : NULL,
                                               .x = p.flop / p.bytes,
                                               .y = p.flop / p.seconds,
                                               .priority = op->share});
}

/* Whether two rows of the data lie over each other. */
static bool rows_meet(const rl_cell *a, const rl_cell *b) {
  return fabs(log(a[INTENSITY].real / b[INTENSITY].real)) < 0.05 &&
         fabs(log(a[RATE].real / b[RATE].real)) < 0.05;
}

/* Whether points from a row on lie over those of another series. */
static bool coincide(const builder *b, size_t first) {
  const rl_grid *grid = &b->chart->grid;
  for (size_t i = first; i < grid->rows.count; i++) {
    for (size_t j = first; j < i; j++) {
      const rl_cell *x = grid->rows.items[i], *y = grid->rows.items[j];
      if (x[LAYER].count != y[LAYER].count && rows_meet(x, y)) return true;
    }
  }
  return false;
}

static void draw_points(builder *b) {
  const size_t first = b->chart->grid.rows.count, before = b->chart->layers.count;
  for (size_t s = 0; s < b->subjects.count; s++) {
    const rl_chart_subject *subject = &b->subjects.items[s];
    const unsigned number = (unsigned)(b->roofs.count + s) + 1;
    const unsigned style = rl_chart_series_style(b->chart, s);
    rl_chart_add_layer(b->chart, RL_LAYER_POINTS, number, style);
    rl_chart_add_key(b->chart, subject->name, RL_LAYER_POINTS, style);
    for (size_t i = 0; i < subject->pass->operator_count; i++) {
      draw_point(b, subject, &subject->pass->operators[i], number);
    }
  }
  if (b->chart->failed || !coincide(b, first)) return;
  for (size_t s = 0; s < b->subjects.count; s++) {
    b->chart->layers.items[before + s].scale = rl_chart_nesting(s, b->subjects.count, true);
  }
}

static void draw_measured(builder *b) {
  const unsigned number = (unsigned)(b->roofs.count + b->subjects.count) + 1;
  if (b->input->measured_count == 0) return;
  rl_chart_add_layer(b->chart, RL_LAYER_POINTS, number, RL_STYLE_MEASURED);
  rl_chart_add_key(b->chart, "measured", RL_LAYER_POINTS, RL_STYLE_MEASURED);
  for (size_t i = 0; i < b->input->measured_count; i++) {
    const rl_measured *m = &b->input->measured[i];
    rl_cell *row = rl_grid_row(&b->chart->grid);
    row[LAYER] = rl_cell_count(number);
    row[INTENSITY] = rl_cell_real(m->flops / m->bytes);
    row[RATE] = rl_cell_real(m->flops / m->seconds);
    row[FLOP] = rl_cell_real(m->flops);
    row[BYTES] = rl_cell_real(m->bytes);
    row[SECONDS] = rl_cell_real(m->seconds);
    row[SERIES] = rl_cell_text("measured");
    row[NAME] = rl_cell_text(m->name);
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
  c->caption = rl_chart_keep(
      c,
      rl_textf(c->grid.arena,
               "Roofline of %s. Each point is an operator at its arithmetic intensity over the "
               "bytes of main memory, or of a cache where that is what binds, and at the rate that "
               "it reaches at best; element-wise work is counted in operations of the vector "
               "units.%s",
               rl_chart_common(c, b->input), rest));
}

void rl_chart_build_roofline(rl_chart *chart, const rl_chart_input *input) {
  builder b = {.chart = chart, .input = input};
  rl_grid_init(&chart->grid, chart->grid.arena, columns, sizeof columns / sizeof *columns);
  chart->x.title = "arithmetic intensity (FLOP/byte)";
  chart->y.title = "performance (FLOP/s)";
  rl_chart_list_subjects(chart, input, &b.subjects);
  gather(&b);
  set_ranges(&b);
  draw_roofs(&b);
  draw_points(&b);
  draw_measured(&b);
  rl_chart_lay_out(chart, 0);
  name_roofs(&b);
  rl_chart_name_points(chart);
  describe(&b);
}
