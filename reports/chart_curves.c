/* Curves over the batches of each machine: one figure over another, and the front of rate against
 * latency. */
#include <string.h>

#include "reports/chart_kinds.h"
#include "reports/chart_letters.h"

enum { LAYER, X, Y, BATCH, SERIES, COLUMNS };

typedef struct metric {
  const char *name; /* as --x and --y take it */
  const char *says; /* on the axis */
  const char *key;  /* in CSV */
  const char *unit; /* NULL: a plain number */
  double (*of)(const rl_result_system *system, const rl_result_batch *batch);
} metric;

static double batch_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return (double)b->batch;
}

static double ttft_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->ttft;
}

static double tpot_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->tpot;
}

static double rate_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->decode_rate;
}

static double device_rate_of(const rl_result_system *s, const rl_result_batch *b) {
  return s->devices > 0 ? b->decode_rate / (double)s->devices : 0;
}

static double prefill_rate_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->prefill_rate;
}

static double memory_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return (double)b->worst.total;
}

static double energy_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->energy.decode;
}

static double price_of(const rl_result_system *s, const rl_result_batch *b) {
  (void)s;
  return b->price.output;
}

/* In the order of the choices of --x and --y. */
static const metric metrics[] = {
    {"batch", "sequences at once", "batch", NULL, batch_of},
    {"tpot", "time a generated token, at best", "tpot_at_best_s", "s", tpot_of},
    {"ttft", "time until the first token, at best", "ttft_at_best_s", "s", ttft_of},
    {"rate", "tokens a second, at most", "decode_rate_at_most_tokens_per_s", "tokens/s", rate_of},
    {"device-rate", "tokens a second and device, at most",
     "decode_rate_per_device_at_most_tokens_per_s", "tokens/s", device_rate_of},
    {"prefill-rate", "prompt tokens a second, at most", "prefill_rate_at_most_tokens_per_s",
     "tokens/s", prefill_rate_of},
    {"memory", "memory of one device", "memory_bytes", "B", memory_of},
    {"energy", "energy a generated token", "decode_energy_j_per_token", "J", energy_of},
    {"price", "price of a million generated tokens", "output_at_least_usd_per_mtok", "$", price_of},
};
enum { METRICS = sizeof metrics / sizeof *metrics, RATE_OF_DEVICE = 4 };

typedef struct curves {
  rl_chart *chart;
  const rl_chart_input *input;
  const metric *x, *y;
  rl_chart_subjects systems;
  double low[2], high[2];  /* of x and y */
  size_t front, front_end; /* its rows of the grid */
} curves;

static void widen(curves *c, int axis, double value) {
  if (!(value > 0)) return;
  if (c->low[axis] == 0 || value < c->low[axis]) c->low[axis] = value;
  if (value > c->high[axis]) c->high[axis] = value;
}

/* A figure that spans a decade or more is told on a logarithmic axis, and so are counts. */
static void set_axis(curves *c, rl_chart_axis *axis, int which, const metric *m) {
  rl_chart *chart = c->chart;
  const rl_canvas *canvas = &chart->canvas;
  const double length = which == 0 ? canvas->width : canvas->height;
  const double each = canvas->text ? (which == 0 ? 8 : 3) : canvas->font * (which == 0 ? 5 : 3);
  const double low = c->low[which] > 0 ? c->low[which] : 1;
  const double high = c->high[which] > low ? c->high[which] : low;
  double scale = 1;
  const bool log = high / low >= 8;
  const char *prefix = log || m->unit == NULL ? "" : rl_axis_prefix(high, &scale);
  if (log) {
    rl_axis_log(chart, axis, low / 1.3, high * 1.3, (size_t)(length / each));
  } else {
    rl_axis_linear(chart, axis, high * 1.15, scale, (size_t)(length / each));
  }
  axis->title = m->says;
  if (m->unit == NULL) return;
  axis->title =
      rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s (%s%s)", m->says, prefix, m->unit));
}

static bool value_of(const metric *m, const rl_chart_subject *s, size_t batch, double *out) {
  *out = m->of(s->system, &s->system->batches[batch]);
  return *out > 0;
}

static void gather(curves *c) {
  rl_chart_list_systems(c->chart, c->input, &c->systems);
  for (size_t s = 0; s < c->systems.count; s++) {
    const rl_chart_subject *subject = &c->systems.items[s];
    for (size_t b = 0; b < subject->system->batch_count; b++) {
      double x, y;
      if (!value_of(c->x, subject, b, &x) || !value_of(c->y, subject, b, &y)) continue;
      widen(c, 0, x);
      widen(c, 1, y);
    }
  }
  set_axis(c, &c->chart->x, 0, c->x);
  set_axis(c, &c->chart->y, 1, c->y);
}

static void set_columns(curves *c) {
  rl_column *columns = RL_NEW_ARRAY(c->chart->grid.arena, rl_column, COLUMNS);
  if (columns == NULL) {
    c->chart->failed = true;
    return;
  }
  columns[LAYER].key = "layer";
  columns[X].key = c->x->key;
  columns[Y].key = c->y->key;
  columns[BATCH].key = "of_batch";
  columns[SERIES].key = "series";
  rl_grid_init(&c->chart->grid, c->chart->grid.arena, columns, COLUMNS);
}

static void add_row(curves *c, unsigned layer, double x, double y, uint64_t batch,
                    const char *series) {
  rl_cell *row = rl_grid_row(&c->chart->grid);
  row[LAYER] = rl_cell_count(layer);
  row[X] = rl_cell_real(x);
  row[Y] = rl_cell_real(y);
  row[BATCH] = rl_cell_count(batch);
  row[SERIES] = rl_cell_text(series);
}

/* Points are named by their batch where that is not an axis. */
static void name_point(curves *c, double x, double y, uint64_t batch) {
  char number[RL_NUMBER_TEXT];
  const char *name = NULL;
  if (strcmp(c->x->name, "batch") != 0 && strcmp(c->y->name, "batch") != 0) {
    name =
        rl_chart_keep(c->chart, rl_strdup(c->chart->grid.arena, rl_print_grouped(batch, number)));
  }
  if (name != NULL && !rl_chart_names(c->input, name)) name = NULL;
  rl_chart_add_wish(c->chart, &(rl_chart_wish){.name = name, .x = x, .y = y});
}

static void draw_curves(curves *c, rl_layer_kind kind) {
  for (size_t s = 0; s < c->systems.count; s++) {
    const rl_chart_subject *subject = &c->systems.items[s];
    const unsigned style = RL_STYLE_SERIES + (unsigned)(s % RL_SERIES_STYLES);
    rl_chart_add_layer(c->chart, kind, (unsigned)s + 1, style);
    rl_chart_add_key(c->chart, subject->name, kind, style);
    for (size_t b = 0; b < subject->system->batch_count; b++) {
      const uint64_t batch = subject->system->batches[b].batch;
      double x, y;
      if (!value_of(c->x, subject, b, &x) || !value_of(c->y, subject, b, &y)) continue;
      add_row(c, (unsigned)s + 1, x, y, batch, subject->name);
      name_point(c, x, y, batch);
    }
  }
}

static void begin(curves *c, rl_chart *chart, const rl_chart_input *input) {
  *c = (curves){.chart = chart, .input = input};
  c->x = &metrics[input->x < METRICS ? input->x : 0];
  c->y = &metrics[input->y < METRICS ? input->y : 0];
}

/* The steps of the front, once axes stand: level, then up. */
static void guide_names(curves *c) {
  rl_chart *chart = c->chart;
  for (size_t i = c->front + 1; i < c->front_end; i++) {
    const rl_cell *from = chart->grid.rows.items[i - 1], *to = chart->grid.rows.items[i];
    const double x0 = rl_chart_x(chart, from[X].real), y0 = rl_chart_y(chart, from[Y].real);
    const double x1 = rl_chart_x(chart, to[X].real), y1 = rl_chart_y(chart, to[Y].real);
    rl_chart_add_guide(chart, &(rl_chart_stroke){x0, y0, x1, y0, 0});
    rl_chart_add_guide(chart, &(rl_chart_stroke){x1, y0, x1, y1, 0});
  }
}

static void finish(curves *c) {
  rl_chart_lay_out(c->chart, 0);
  guide_names(c);
  rl_chart_name_points(c->chart);
}

void rl_chart_build_lines(rl_chart *chart, const rl_chart_input *input) {
  curves c;
  begin(&c, chart, input);
  gather(&c);
  set_columns(&c);
  if (chart->failed) return;
  draw_curves(&c, RL_LAYER_LINE_POINTS);
  chart->caption =
      rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s against %s, of %s.", c.y->says,
                                    c.x->says, rl_chart_common(chart, input)));
  finish(&c);
}

/* No other point is at least as fast in both and faster in one. */
static bool on_front(const curves *c, size_t system, size_t batch) {
  double x, y, other_x, other_y;
  if (!value_of(c->x, &c->systems.items[system], batch, &x)) return false;
  if (!value_of(c->y, &c->systems.items[system], batch, &y)) return false;
  for (size_t s = 0; s < c->systems.count; s++) {
    for (size_t b = 0; b < c->systems.items[s].system->batch_count; b++) {
      if (!c->systems.items[s].system->batches[b].fits) continue;
      if (!value_of(c->x, &c->systems.items[s], b, &other_x)) continue;
      if (!value_of(c->y, &c->systems.items[s], b, &other_y)) continue;
      const bool better = other_x < x || other_y > y;
      if (other_x <= x && other_y >= y && better) return false;
    }
  }
  return c->systems.items[system].system->batches[batch].fits;
}

/* The front's points by latency, one after the other: each time the next larger one. */
static void draw_front(curves *c, unsigned layer) {
  c->front = c->chart->grid.rows.count;
  double last = 0;
  for (;;) {
    double next = 0, rate = 0;
    uint64_t batch = 0;
    for (size_t s = 0; s < c->systems.count; s++) {
      for (size_t b = 0; b < c->systems.items[s].system->batch_count; b++) {
        double x, y;
        if (!on_front(c, s, b) || !value_of(c->x, &c->systems.items[s], b, &x)) continue;
        if (x <= last || (next > 0 && x >= next)) continue;
        next = x;
        value_of(c->y, &c->systems.items[s], b, &y);
        rate = y;
        batch = c->systems.items[s].system->batches[b].batch;
      }
    }
    c->front_end = c->chart->grid.rows.count;
    if (!(next > 0)) return;
    add_row(c, layer, next, rate, batch, "front");
    last = next;
  }
}

void rl_chart_build_pareto(rl_chart *chart, const rl_chart_input *input) {
  curves c;
  begin(&c, chart, input);
  c.x = &metrics[1];
  c.y = &metrics[RATE_OF_DEVICE];
  gather(&c);
  set_columns(&c);
  if (chart->failed) return;
  const unsigned front = (unsigned)c.systems.count + 1;
  rl_chart_add_layer(chart, RL_LAYER_STEP, front, RL_STYLE_LIMIT);
  rl_chart_add_key(chart, "front", RL_LAYER_STEP, RL_STYLE_LIMIT);
  draw_front(&c, front);
  draw_curves(&c, RL_LAYER_POINTS);
  chart->caption = rl_chart_keep(
      chart,
      rl_textf(chart->grid.arena,
               "Rate against latency of %s. Points are batches, named by their size; on the front "
               "no other one that fits is faster both for a user and for a device.",
               rl_chart_common(chart, input)));
  finish(&c);
}
