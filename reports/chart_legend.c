/* Keys in rows. Names of series are lists of traits, "h200, fp8, int8 KV". Where the rows would be
 * many, those that begin alike are told together, "h200, fp8:" and behind it "int8 KV". */
#include "reports/chart_legend.h"

#include <string.h>

#include "reports/chart_letters.h"

enum { MANY = 3, PARTS = 3 };

typedef struct flow {
  rl_chart *chart;
  double from, to; /* of the rows */
  unsigned parts;  /* of a name that are told once; 0: every name is told whole */
  bool write;
  double x, y;
  size_t rows;
} flow;

/* The sample of a key and the air around it. */
static double sample_width(const rl_chart *chart) {
  return chart->canvas.text ? 3 : chart->canvas.font * 1.8;
}

static bool has_line(rl_layer_kind kind) {
  return kind == RL_LAYER_LINE || kind == RL_LAYER_STEP || kind == RL_LAYER_LINE_POINTS;
}

/* In characters; a limit's is a letter of its text. */
static void spell_sample(rl_chart *chart, const rl_chart_key *key, double x, double y) {
  if (key->kind == RL_LAYER_LINE && key->style == RL_STYLE_LIMIT) return;
  if (has_line(key->kind)) {
    rl_chart_add_text(chart, &(rl_chart_text){.text = "---", .x = x, .y = y});
  }
}

static void add_sample(rl_chart *chart, const rl_chart_key *key, double x, double y) {
  const double width = sample_width(chart), half = 0.32 * rl_letters_height(&chart->canvas);
  if (chart->canvas.text) {
    spell_sample(chart, key, x, y);
  } else if (key->kind == RL_LAYER_BOXES) {
    const double inner = width * 0.15;
    rl_chart_add_swatch(
        chart, &(rl_chart_swatch){x + inner, y - half, x + width - inner, y + half, key->style});
  } else if (has_line(key->kind)) {
    rl_chart_add_stroke(chart, &(rl_chart_stroke){x, y, x + width, y, key->style});
  }
  if (key->kind == RL_LAYER_POINTS || key->kind == RL_LAYER_LINE_POINTS) {
    rl_chart_add_mark(chart, x + width / 2, y, key->style);
  }
}

/* The length of a name's first so many parts with what separates them from the rest; 0: it has no
 * more than these. What stands in parentheses is of one part. */
static size_t head_length(const char *text, unsigned parts) {
  int depth = 0;
  for (size_t i = 0; parts > 0 && text[i] != '\0'; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (depth == 0 && text[i] == ',' && text[i + 1] == ' ' && --parts == 0) return i + 2;
  }
  return 0;
}

/* How many keys from one on begin alike; 1: it is told whole. */
static size_t group_size(const flow *f, size_t first) {
  const rl_chart_key *keys = f->chart->keys.items;
  const size_t length = head_length(keys[first].text, f->parts);
  size_t count = 1;
  while (length > 0 && first + count < f->chart->keys.count &&
         head_length(keys[first + count].text, f->parts) == length &&
         strncmp(keys[first].text, keys[first + count].text, length) == 0) {
    count++;
  }
  return count;
}

static void next_row(flow *f) {
  f->x = f->from;
  f->y -= rl_letters_height(&f->chart->canvas);
  f->rows++;
}

static double sample_room(const rl_chart *chart) {
  return sample_width(chart) + rl_letters_gap(&chart->canvas);
}

/* A text in so much room. */
static const char *fit(rl_chart *chart, const char *text, double room) {
  return rl_chart_keep(chart, rl_letters_fit(chart->grid.arena, &chart->canvas, text, room));
}

static void add_key(flow *f, const rl_chart_key *key, const char *says) {
  rl_chart *chart = f->chart;
  const double sample = sample_room(chart);
  const char *text = fit(chart, says, f->to - f->from - sample);
  const double width = sample + rl_letters_width(&chart->canvas, text);
  if (f->x > f->from && f->x + width > f->to) next_row(f);
  if (f->write) {
    add_sample(chart, key, f->x, f->y);
    rl_chart_add_text(chart, &(rl_chart_text){.text = text, .x = f->x + sample, .y = f->y});
  }
  f->x += width + 2 * rl_letters_gap(&chart->canvas);
}

/* What a group has in common: in a row of its own where all of it does not fit in this one. */
static void add_head(flow *f, size_t first, size_t count, size_t length) {
  rl_chart *chart = f->chart;
  const rl_chart_key *keys = chart->keys.items;
  const double gap = rl_letters_gap(&chart->canvas);
  const int bytes = (int)length - 2; /* without its ", " */
  const char *whole =
      rl_chart_keep(chart, rl_textf(chart->grid.arena, "%.*s:", bytes, keys[first].text));
  const char *text = fit(chart, whole, (f->to - f->from) / 2);
  const double own = rl_letters_width(&chart->canvas, text) + 1.5 * gap;
  double width = own;
  for (size_t i = first; i < first + count; i++) {
    width += sample_room(chart) + 2 * gap;
    width += rl_letters_width(&chart->canvas, keys[i].text + length);
  }
  if (f->x > f->from && f->x + width - 2 * gap > f->to) next_row(f);
  if (f->write) {
    rl_chart_add_text(chart, &(rl_chart_text){.text = text, .x = f->x, .y = f->y, .dim = true});
  }
  f->x += own;
}

static size_t run(flow *f, double y) {
  const rl_chart_key *keys = f->chart->keys.items;
  f->x = f->from;
  f->y = y;
  f->rows = f->chart->keys.count > 0;
  for (size_t i = 0; i < f->chart->keys.count;) {
    const size_t count = group_size(f, i);
    const size_t length = count > 1 ? head_length(keys[i].text, f->parts) : 0;
    if (length > 0) add_head(f, i, count, length);
    for (size_t end = i + count; i < end; i++) add_key(f, &keys[i], keys[i].text + length);
  }
  return f->rows;
}

size_t rl_legend_flow(rl_chart *chart, double left, double edge, double y, bool write) {
  flow f = {
      .chart = chart, .from = left, .to = chart->canvas.width - rl_letters_gap(&chart->canvas)};
  size_t least = run(&f, y);
  unsigned best = 0;
  if (least > MANY && edge < left) {
    f.from = edge;
    least = run(&f, y);
  }
  for (unsigned parts = 1; least > MANY && parts <= PARTS; parts++) {
    f.parts = parts;
    const size_t rows = run(&f, y);
    if (rows >= least) continue;
    least = rows;
    best = parts;
  }
  f.parts = best;
  f.write = write;
  return run(&f, y);
}
