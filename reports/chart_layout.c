/* Where things stand on the canvas: title, keys and axes. */
#include "reports/chart_legend.h"
#include "reports/chart_letters.h"

enum { TITLE_LINES = 4, Y_TITLE_LINES = 2 };

static double line_height(const rl_chart *chart) {
  return rl_letters_height(&chart->canvas);
}

static double gap_of(const rl_chart *chart) {
  return rl_letters_gap(&chart->canvas);
}

static double widest_tick(const rl_chart *chart, const rl_chart_axis *axis) {
  double widest = 0;
  for (size_t i = 0; i < axis->ticks.count; i++) {
    const double width = rl_letters_width(&chart->canvas, axis->ticks.items[i].text);
    if (width > widest) widest = width;
  }
  return widest;
}

/* From the upper edge of a line of text to its middle; a row of characters is counted from 0. */
static double half_row(const rl_chart *chart) {
  return chart->canvas.text ? 1 : line_height(chart) / 2;
}

/* What the marks of an axis take outside of it, and some air. */
static double mark_room(const rl_chart *chart) {
  return chart->canvas.text ? 1 : gap_of(chart) * 1.5;
}

/* The title above everything; where what follows begins. */
static double add_title(rl_chart *chart) {
  const rl_canvas *canvas = &chart->canvas;
  const double gap = gap_of(chart), row = line_height(chart);
  const double top = canvas->height - (canvas->text ? 0 : gap);
  if (chart->title == NULL) return top;
  const char *lines[TITLE_LINES];
  const size_t count = rl_letters_wrap(chart->grid.arena, canvas, chart->title,
                                       canvas->width - 2 * gap, lines, TITLE_LINES);
  for (size_t i = 0; i < count; i++) {
    rl_chart_add_text(chart, &(rl_chart_text){.text = rl_chart_keep(chart, lines[i]),
                                              .x = gap,
                                              .y = top - (double)i * row - half_row(chart),
                                              .strong = true});
  }
  return top - ((double)count + (canvas->text ? 0 : 0.4)) * row;
}

/* A centre near which a text of that length lies between the edges of the sheet. */
static double kept_inside(double centre, double length, double low, double high) {
  if (centre + length / 2 > high) centre = high - length / 2;
  return centre - length / 2 < low ? low + length / 2 : centre;
}

/* The lines of the y axis's title, which lie along the sheet's height. */
static size_t y_title_lines(rl_chart *chart, const char *lines[Y_TITLE_LINES]) {
  const rl_canvas *canvas = &chart->canvas;
  if (chart->y.title == NULL || chart->y.hidden) return 0;
  return rl_letters_wrap(chart->grid.arena, canvas, chart->y.title,
                         canvas->text ? canvas->width : canvas->height - 2 * gap_of(chart), lines,
                         canvas->text ? 1 : Y_TITLE_LINES);
}

/* From where the plot begins; many of them from beside the y axis's title. */
static size_t flow_keys(rl_chart *chart, double y, bool write) {
  const char *lines[Y_TITLE_LINES];
  const size_t beside = chart->canvas.text ? 0 : y_title_lines(chart, lines);
  const double edge = gap_of(chart) + (double)beside * line_height(chart);
  return rl_legend_flow(chart, chart->left, edge, y, write);
}

/* Beside the axis, turned; at a terminal, which turns nothing, above it. */
static void add_y_title(rl_chart *chart) {
  const rl_canvas *canvas = &chart->canvas;
  const double row = line_height(chart), gap = gap_of(chart);
  const char *lines[Y_TITLE_LINES];
  const size_t count = y_title_lines(chart, lines);
  for (size_t i = 0; i < count; i++) {
    rl_chart_text text = {.text = rl_chart_keep(chart, lines[i]),
                          .x = row * (0.75 + (double)i),
                          .align = RL_ALIGN_CENTRE,
                          .angle = 90};
    text.y = kept_inside((chart->bottom + chart->top) / 2, rl_letters_width(canvas, text.text), gap,
                         canvas->height - gap);
    if (canvas->text) text = (rl_chart_text){.text = text.text, .y = chart->top + 1};
    rl_chart_add_text(chart, &text);
  }
}

/* A turned name ends under its mark. */
static void add_turned(rl_chart *chart, const rl_chart_tick *tick) {
  rl_chart_add_text(
      chart, &(rl_chart_text){.text = tick->text,
                              .x = rl_chart_x(chart, tick->value),
                              .y = chart->bottom - mark_room(chart) - line_height(chart) * 0.4,
                              .align = RL_ALIGN_RIGHT,
                              .angle = chart->x.turned});
}

/* The marks' texts: centred under the axis, right-aligned beside it. */
static void add_tick_texts(rl_chart *chart) {
  const double row = line_height(chart);
  for (size_t i = 0; !chart->x.hidden && i < chart->x.ticks.count; i++) {
    const rl_chart_tick *tick = &chart->x.ticks.items[i];
    if (tick->text[0] == '\0') continue;
    if (chart->x.turned > 0) {
      add_turned(chart, tick);
      continue;
    }
    const double width = rl_letters_width(&chart->canvas, tick->text);
    const double at = rl_chart_x(chart, tick->value);
    rl_chart_add_text(
        chart, &(rl_chart_text){
                   .text = tick->text,
                   .x = chart->canvas.text ? at : kept_inside(at, width, 0, chart->canvas.width),
                   .y = chart->bottom - (chart->canvas.text ? 1 : mark_room(chart) + row * 0.5),
                   .align = RL_ALIGN_CENTRE});
  }
  for (size_t i = 0; !chart->y.hidden && i < chart->y.ticks.count; i++) {
    const rl_chart_tick *tick = &chart->y.ticks.items[i];
    if (tick->text[0] == '\0') continue;
    rl_chart_add_text(chart, &(rl_chart_text){.text = tick->text,
                                              .x = chart->left - mark_room(chart),
                                              .y = rl_chart_y(chart, tick->value),
                                              .align = RL_ALIGN_RIGHT});
  }
}

static double left_of(rl_chart *chart, double names) {
  const double gap = gap_of(chart), row = line_height(chart);
  const char *lines[Y_TITLE_LINES];
  if (names > 0) return names + gap;
  const size_t count = chart->canvas.text ? 0 : y_title_lines(chart, lines);
  const double title = count == 0 ? 0 : row * (0.1 + (double)count);
  return title + widest_tick(chart, &chart->y) + gap + mark_room(chart);
}

/* A sheet grows by the rows of keys behind the first one: the plot keeps its size. */
static void grow(rl_chart *chart) {
  if (chart->canvas.text || chart->legend == RL_LEGEND_NONE || chart->keys.count == 0) return;
  chart->canvas.height += (double)(flow_keys(chart, 0, false) - 1) * line_height(chart);
}

/* Title and keys above the plot; leaves its upper edge. */
static void lay_head(rl_chart *chart) {
  const bool text = chart->canvas.text;
  double top = add_title(chart);
  if (chart->legend == RL_LEGEND_TOP) {
    top -= (double)flow_keys(chart, top - half_row(chart), true) * line_height(chart);
  }
  if (text && !chart->y.hidden) top -= 1; /* for the axis's title */
  chart->top = top - (text ? 1 : gap_of(chart));
}

/* Names of categories: as they are where all have room, at a terminal shortened to it, else turned
 * by 45 degrees, every second or third alone where there are many. The room that they take below
 * the usual one. */
static double fit_names(rl_chart *chart) {
  const double turn = 0.7071, row = line_height(chart); /* sine and cosine of 45 degrees */
  rl_chart_axis *axis = &chart->x;
  const double slot = (chart->right - chart->left) / (axis->high - axis->low);
  double width = slot - gap_of(chart);
  if (!axis->names || widest_tick(chart, axis) <= width) return 0;
  size_t every = 1;
  if (!chart->canvas.text) {
    axis->turned = 45;
    every = 1 + (size_t)(row / (slot * turn));
    width = (chart->left + slot / 2) / turn - row;
    if (width > chart->canvas.height * 0.4) width = chart->canvas.height * 0.4;
  }
  for (size_t i = 0; i < axis->ticks.count; i++) {
    rl_chart_tick *tick = &axis->ticks.items[i];
    const char *text = rl_letters_fit(chart->grid.arena, &chart->canvas, tick->text, width);
    tick->text = i % every == 0 ? rl_chart_keep(chart, text) : "";
  }
  return chart->canvas.text ? 0 : widest_tick(chart, axis) * turn - row * 0.4;
}

/* Keys, title and marks of the axis below the plot; leaves its lower edge. */
static void lay_foot(rl_chart *chart, double names) {
  const bool text = chart->canvas.text;
  const double gap = gap_of(chart), row = line_height(chart);
  double under = 0;
  if (chart->legend == RL_LEGEND_BOTTOM) {
    under = (double)flow_keys(chart, 0, false) * row;
    flow_keys(chart, under - half_row(chart) + (text ? 0 : gap / 2), true);
  }
  chart->bottom = under + names + (text ? 2 : 2 * row + gap + mark_room(chart));
  if (chart->x.title == NULL) return;
  const double width = chart->canvas.width - 2 * gap;
  const char *title = rl_chart_keep(
      chart, rl_letters_fit(chart->grid.arena, &chart->canvas, chart->x.title, width));
  rl_chart_add_text(
      chart,
      &(rl_chart_text){.text = title,
                       .x = kept_inside((chart->left + chart->right) / 2,
                                        rl_letters_width(&chart->canvas, title), gap, width + gap),
                       .y = under + (text ? 0 : row * 0.5 + gap * 0.5),
                       .align = RL_ALIGN_CENTRE});
}

void rl_chart_lay_out(rl_chart *chart, double names) {
  const rl_canvas *canvas = &chart->canvas;
  const double gap = gap_of(chart);
  chart->left = left_of(chart, names);
  chart->right = canvas->width - gap - (canvas->text ? 1 : gap);
  grow(chart);
  const double turned = fit_names(chart);
  chart->canvas.height += turned;
  lay_head(chart);
  lay_foot(chart, turned);
  add_y_title(chart);
  add_tick_texts(chart);
}

static void move_up(rl_chart *chart, double by) {
  chart->canvas.height += by;
  chart->bottom += by;
  chart->top += by;
  for (size_t i = 0; i < chart->texts.count; i++) chart->texts.items[i].y += by;
  for (size_t i = 0; i < chart->marks.count; i++) chart->marks.items[i].y += by;
  for (size_t i = 0; i < chart->strokes.count; i++) {
    chart->strokes.items[i].y0 += by;
    chart->strokes.items[i].y1 += by;
  }
  for (size_t i = 0; i < chart->guides.count; i++) {
    chart->guides.items[i].y0 += by;
    chart->guides.items[i].y1 += by;
  }
  for (size_t i = 0; i < chart->swatches.count; i++) {
    chart->swatches.items[i].bottom += by;
    chart->swatches.items[i].top += by;
  }
}

/* Joins entries to lines as wide as the sheet; room for as many lines. How many there are. Of one
 * that is wider the beginning and the end stay: a figure does. */
static size_t flow_entries(rl_chart *chart, const rl_chart_entries *entries, const char **lines) {
  const double room = chart->canvas.width - 2 * gap_of(chart);
  size_t count = 0;
  for (size_t i = 0; i < entries->count; i++) {
    const char *entry = rl_chart_keep(
        chart, rl_letters_fit(chart->grid.arena, &chart->canvas, entries->items[i], room));
    const char *both =
        count == 0
            ? entry
            : rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s; %s", lines[count - 1], entry));
    if (count > 0 && rl_letters_width(&chart->canvas, both) <= room) {
      lines[count - 1] = both;
    } else {
      lines[count++] = entry;
    }
  }
  return count;
}

void rl_chart_add_foot(rl_chart *chart, const rl_chart_entries *entries) {
  const double row = line_height(chart), gap = gap_of(chart);
  const char **lines = RL_NEW_ARRAY(chart->grid.arena, const char *, entries->count + 1);
  if (lines == NULL) chart->failed = true;
  if (lines == NULL || entries->count == 0) return;
  const size_t count = flow_entries(chart, entries, lines);
  move_up(chart, (double)count * row + (chart->canvas.text ? 0 : gap / 2));
  for (size_t i = 0; i < count; i++) {
    const double below = (double)(count - i) * row;
    rl_chart_add_text(
        chart,
        &(rl_chart_text){
            .text = lines[i], .x = gap, .y = below - half_row(chart) + gap / 2, .dim = true});
  }
}
