/* Where things stand on the canvas: title, keys, axes, and names beside points. */
#include <math.h>
#include <string.h>

#include "reports/chart_letters.h"
#include "reports/chart_place.h"

enum { TITLE_LINES = 4, Y_TITLE_LINES = 2 };
#define RADIANS (3.14159265358979323846 / 180)

static double line_height(const rl_chart *chart) {
  return rl_letters_height(&chart->canvas);
}

/* A distance between neighbours: a character at a terminal. */
static double gap_of(const rl_chart *chart) {
  return chart->canvas.text ? 1 : chart->canvas.font * 0.5;
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

/* The sample of a key and the air around it. */
static double sample_width(const rl_chart *chart) {
  return chart->canvas.text ? 3 : chart->canvas.font * 1.8;
}

static void add_sample(rl_chart *chart, const rl_chart_key *key, double x, double y) {
  const double width = sample_width(chart),
               half = chart->canvas.text ? 0 : 0.32 * line_height(chart);
  if (key->kind == RL_LAYER_BOXES) {
    const double inner = chart->canvas.text ? 1 : width * 0.15;
    rl_chart_add_swatch(
        chart, &(rl_chart_swatch){x + inner, y - half, x + width - inner, y + half, key->style});
  }
  if (key->kind == RL_LAYER_LINE || key->kind == RL_LAYER_STEP ||
      key->kind == RL_LAYER_LINE_POINTS) {
    rl_chart_add_stroke(chart, &(rl_chart_stroke){x, y, x + width, y, key->style});
  }
  if (key->kind == RL_LAYER_POINTS || key->kind == RL_LAYER_LINE_POINTS) {
    rl_chart_add_mark(chart, x + width / 2, y, key->style);
  }
}

/* Writes the keys in rows, the first one with its middle at y; 0 rows without keys. Without `write`
 * only counts the rows. */
static size_t flow_keys(rl_chart *chart, double y, bool write) {
  const double from = chart->left, to = chart->canvas.width - gap_of(chart);
  const double row = line_height(chart), gap = gap_of(chart);
  const double sample = sample_width(chart) + gap;
  double x = from;
  size_t rows = chart->keys.count > 0;
  for (size_t i = 0; i < chart->keys.count; i++) {
    const rl_chart_key *key = &chart->keys.items[i];
    const char *text = rl_chart_keep(
        chart, rl_letters_fit(chart->grid.arena, &chart->canvas, key->text, to - from - sample));
    const double width = sample + rl_letters_width(&chart->canvas, text);
    if (x > from && x + width > to) {
      x = from;
      y -= row;
      rows++;
    }
    if (write) {
      add_sample(chart, key, x, y);
      rl_chart_add_text(chart, &(rl_chart_text){.text = text, .x = x + sample, .y = y});
    }
    x += width + 2 * gap;
  }
  return rows;
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
    rl_chart_add_text(
        chart, &(rl_chart_text){
                   .text = tick->text,
                   .x = rl_chart_x(chart, tick->value),
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

/* How many squares of a line's height cover a text. */
static size_t squares_of(const rl_chart *chart, const rl_chart_text *text) {
  return 1 + (size_t)(rl_letters_width(&chart->canvas, text->text) / line_height(chart));
}

/* A text, turned or not, as squares along it: its box, or close to it. */
static size_t cover_text(const rl_chart *chart, const rl_chart_text *text, rl_box *boxes) {
  const double width = rl_letters_width(&chart->canvas, text->text), half = line_height(chart) / 2;
  const double turn = text->angle * RADIANS, begin = -width * 0.5 * (double)text->align;
  const size_t count = squares_of(chart, text);
  for (size_t i = 0; i < count; i++) {
    const double at = begin + width * ((double)i + 0.5) / (double)count;
    const double side = width / (double)count / 2 > half ? width / (double)count / 2 : half;
    const double x = text->x + at * cos(turn), y = text->y + at * sin(turn);
    boxes[i] = (rl_box){x - side, y - half, x + side, y + half};
  }
  return count;
}

/* Boxes that names keep off: points and texts that stand already. NULL without memory. */
static rl_box *list_boxes(rl_chart *chart, size_t *count) {
  const double around = chart->canvas.text ? 0.45 : chart->canvas.font * 0.38;
  size_t most = chart->wishes.count + 1;
  for (size_t i = 0; i < chart->texts.count; i++) {
    most += squares_of(chart, &chart->texts.items[i]);
  }
  rl_box *boxes = RL_NEW_ARRAY(chart->grid.arena, rl_box, most);
  *count = 0;
  if (boxes == NULL) return NULL;
  for (size_t i = 0; i < chart->wishes.count; i++) {
    const double x = rl_chart_x(chart, chart->wishes.items[i].x);
    const double y = rl_chart_y(chart, chart->wishes.items[i].y);
    boxes[(*count)++] = (rl_box){x - around, y - around, x + around, y + around};
  }
  for (size_t i = 0; i < chart->texts.count; i++) {
    *count += cover_text(chart, &chart->texts.items[i], boxes + *count);
  }
  return boxes;
}

static void write_names(rl_chart *chart, const rl_placing *place, const char *const *names) {
  for (size_t i = 0; i < place->label_count; i++) {
    const rl_place_label *label = &place->labels[i];
    const double row = line_height(chart);
    if (!label->placed) {
      chart->unnamed++;
      continue;
    }
    const double x = (label->box.left + label->box.right) / 2;
    const double y = label->box.bottom + row / 2;
    rl_chart_add_text(chart,
                      &(rl_chart_text){.text = names[i], .x = x, .y = y, .align = RL_ALIGN_CENTRE});
    if (!label->leader || chart->canvas.text) continue;
    rl_chart_stroke leader = {label->x, label->y, label->x, label->y, RL_STYLE_LEADER};
    if (leader.x1 < label->box.left) leader.x1 = label->box.left;
    if (leader.x1 > label->box.right) leader.x1 = label->box.right;
    if (leader.y1 < label->box.bottom) leader.y1 = label->box.bottom;
    if (leader.y1 > label->box.top) leader.y1 = label->box.top;
    rl_chart_add_stroke(chart, &leader);
  }
}

static bool together(const rl_chart *chart, const rl_chart_wish *a, const rl_chart_wish *b) {
  const double near = chart->canvas.text ? 0.5 : chart->canvas.font * 0.25;
  return fabs(rl_chart_x(chart, a->x) - rl_chart_x(chart, b->x)) < near &&
         fabs(rl_chart_y(chart, a->y) - rl_chart_y(chart, b->y)) < near;
}

/* The wish of most priority that has no name yet; the count of wishes without one. */
static size_t next_wish(const rl_chart *chart, const bool *named) {
  size_t best = chart->wishes.count;
  for (size_t i = 0; i < chart->wishes.count; i++) {
    const rl_chart_wish *wish = &chart->wishes.items[i];
    if (named[i] || wish->name == NULL) continue;
    if (best == chart->wishes.count || wish->priority > chart->wishes.items[best].priority)
      best = i;
  }
  return best;
}

/* The text with a name behind it; NULL when there is no room for it (or no memory). */
static const char *longer(rl_chart *chart, const char *text, const char *name, double room) {
  const char *both = rl_textf(chart->grid.arena, "%s, %s", text, name);
  if (both == NULL) chart->failed = true;
  return both != NULL && rl_letters_width(&chart->canvas, both) <= room ? both : NULL;
}

/* "qkv_proj, o_proj +3": all names of the place of a wish, as many as there is room for. */
static const char *names_at(rl_chart *chart, size_t first, bool *named, double room) {
  rl_arena *arena = chart->grid.arena;
  const rl_chart_wish *wishes = chart->wishes.items;
  const char *text =
      rl_chart_keep(chart, rl_letters_fit(arena, &chart->canvas, wishes[first].name, room));
  size_t more = 0;
  named[first] = true;
  for (size_t i = 0; i < chart->wishes.count; i++) {
    if (named[i] || wishes[i].name == NULL || !together(chart, &wishes[first], &wishes[i]))
      continue;
    if (wishes[i].near && strcmp(wishes[i].name, wishes[first].name) != 0) continue;
    named[i] = true;
    if (strstr(text, wishes[i].name) != NULL) continue;
    const char *both = more > 0 ? NULL : longer(chart, text, wishes[i].name, room);
    if (both != NULL) text = both;
    more += both == NULL;
  }
  return more == 0 ? text : rl_chart_keep(chart, rl_textf(arena, "%s +%zu", text, more));
}

/* One label a place. */
static void wish_labels(rl_chart *chart, rl_placing *place, const char **names, bool *named) {
  const double room = (chart->right - chart->left) * RL_NAME_ROOM;
  for (;;) {
    const size_t at = next_wish(chart, named), label = place->label_count;
    if (at == chart->wishes.count) return;
    const rl_chart_wish *wish = &chart->wishes.items[at];
    names[label] = names_at(chart, at, named, room);
    place->labels[label] = (rl_place_label){.x = rl_chart_x(chart, wish->x),
                                            .y = rl_chart_y(chart, wish->y),
                                            .width = rl_letters_width(&chart->canvas, names[label]),
                                            .height = line_height(chart),
                                            .priority = wish->priority,
                                            .near = wish->near};
    place->label_count++;
  }
}

static bool covers_meet(const rl_box *boxes, size_t count, const rl_box *others,
                        size_t other_count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < other_count; j++) {
      if (rl_boxes_overlap(&boxes[i], &others[j])) return true;
    }
  }
  return false;
}

static bool meets_guides(const rl_chart *chart, const rl_box *boxes, size_t count, size_t own) {
  for (size_t g = 0; g < chart->guides.count; g++) {
    const rl_chart_stroke *s = &chart->guides.items[g];
    const rl_segment line = {s->x0, s->y0, s->x1, s->y1};
    for (size_t i = 0; g != own && i < count; i++) {
      if (rl_box_meets(&boxes[i], &line)) return true;
    }
  }
  return false;
}

bool rl_chart_is_free(rl_chart *chart, const rl_chart_text *text, size_t own_guide) {
  const rl_box bounds = {chart->left, chart->bottom, chart->right, chart->top};
  size_t taken_count;
  const rl_box *taken = list_boxes(chart, &taken_count);
  rl_box *boxes = RL_NEW_ARRAY(chart->grid.arena, rl_box, squares_of(chart, text));
  if (taken == NULL || boxes == NULL) {
    chart->failed = true;
    return false;
  }
  const size_t count = cover_text(chart, text, boxes);
  for (size_t i = 0; i < count; i++) {
    if (!rl_box_inside(&boxes[i], &bounds)) return false;
  }
  return !covers_meet(boxes, count, taken, taken_count) &&
         !meets_guides(chart, boxes, count, own_guide);
}

void rl_chart_name_points(rl_chart *chart) {
  rl_arena *arena = chart->grid.arena;
  const size_t wishes = chart->wishes.count;
  size_t box_count = 0;
  const rl_box *boxes = list_boxes(chart, &box_count);
  rl_segment *lines = RL_NEW_ARRAY(arena, rl_segment, chart->guides.count + 1);
  rl_place_label *labels = RL_NEW_ARRAY(arena, rl_place_label, wishes + 1);
  size_t *order = RL_NEW_ARRAY(arena, size_t, wishes + 1);
  const char **names = RL_NEW_ARRAY(arena, const char *, wishes + 1);
  bool *named = RL_NEW_ARRAY(arena, bool, wishes + 1);
  if (boxes == NULL || lines == NULL || labels == NULL || order == NULL || names == NULL ||
      named == NULL) {
    chart->failed = true;
    return;
  }
  rl_placing place = {.bounds = {chart->left, chart->bottom, chart->right, chart->top},
                      .gap = chart->canvas.text ? 1 : chart->canvas.font * 0.45,
                      .boxes = boxes,
                      .box_count = box_count,
                      .text_count = box_count - wishes,
                      .lines = lines,
                      .labels = labels,
                      .order = order};
  for (size_t i = 0; i < chart->guides.count; i++) {
    const rl_chart_stroke *s = &chart->guides.items[i];
    lines[place.line_count++] = (rl_segment){s->x0, s->y0, s->x1, s->y1};
  }
  wish_labels(chart, &place, names, named);
  rl_labels_place(&place);
  write_names(chart, &place, names);
}
