/* Names beside points, and what they keep off. */
#include <math.h>
#include <string.h>

#include "reports/chart_letters.h"
#include "reports/chart_place.h"

#define RADIANS (3.14159265358979323846 / 180)

/* How many squares of a line's height cover a text. */
static size_t squares_of(const rl_chart *chart, const rl_chart_text *text) {
  return 1 +
         (size_t)(rl_letters_width(&chart->canvas, text->text) / rl_letters_height(&chart->canvas));
}

/* A text, turned or not, as squares along it: its box, or close to it. */
static size_t cover_text(const rl_chart *chart, const rl_chart_text *text, rl_box *boxes) {
  const double width = rl_letters_width(&chart->canvas, text->text),
               half = rl_letters_height(&chart->canvas) / 2;
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

/* Half of what a mark takes. */
static double mark_size(const rl_chart *chart) {
  const double scale = chart->mark_scale > 1 ? chart->mark_scale : 1;
  return chart->canvas.text ? 0.45 : chart->canvas.font * 0.3 * scale + chart->canvas.font * 0.08;
}

/* Boxes that names keep off: points, then texts that stand already. NULL without memory. */
static rl_box *list_boxes(rl_chart *chart, size_t *count, size_t *points) {
  const double around = mark_size(chart);
  size_t most = chart->wishes.count + 1;
  for (size_t i = 0; i < chart->texts.count; i++) {
    most += squares_of(chart, &chart->texts.items[i]);
  }
  rl_box *boxes = RL_NEW_ARRAY(chart->grid.arena, rl_box, most);
  *count = 0;
  if (boxes == NULL) return NULL;
  for (size_t i = 0; i < chart->wishes.count; i++) {
    const rl_chart_wish *wish = &chart->wishes.items[i];
    const double x = rl_chart_x(chart, wish->x), y = rl_chart_y(chart, wish->y);
    if (wish->group > 0) continue;
    boxes[(*count)++] = (rl_box){x - around, y - around, x + around, y + around};
  }
  *points = *count;
  for (size_t i = 0; i < chart->texts.count; i++) {
    *count += cover_text(chart, &chart->texts.items[i], boxes + *count);
  }
  return boxes;
}

/* What nobody reads in the chart is told beside it; numbers of points in a row are not missed. */
static void miss_name(rl_chart *chart, const char *name, bool near) {
  chart->thinned |= near;
  for (size_t i = 0; i < chart->unnamed.count && !near; i++) {
    near = strcmp(chart->unnamed.items[i], name) == 0;
  }
  if (near) return;
  const char **slot = RL_PUSH(chart->grid.arena, &chart->unnamed);
  if (slot == NULL) {
    chart->failed = true;
  } else {
    *slot = name;
  }
}

const char *rl_chart_listed(rl_chart *chart, const char *const *names, size_t count, size_t most,
                            const char *between) {
  const char *text = "";
  const size_t told = count > most + 1 ? most : count;
  for (size_t i = 0; i < told; i++) {
    const char *before = i == 0 ? "" : i + 1 == count ? " and " : between;
    text = rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s%s%s", text, before, names[i]));
  }
  if (told == count) return text;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s and %zu more", text, count - told));
}

const char *rl_chart_unnamed(rl_chart *chart) {
  enum { MOST = 6 };
  if (chart->unnamed.count == 0) return NULL;
  return rl_chart_listed(chart, chart->unnamed.items, chart->unnamed.count, MOST, ", ");
}

void rl_chart_describe(rl_chart *chart, const char *caption) {
  const char *unnamed = rl_chart_unnamed(chart);
  char *text = caption == NULL ? NULL : rl_strdup(chart->grid.arena, caption);
  chart->caption = rl_chart_keep(chart, text);
  if (text != NULL && text[0] >= 'a' && text[0] <= 'z') text[0] = (char)(text[0] - 'a' + 'A');
  if (unnamed == NULL) return;
  chart->caption =
      rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s Without a name for want of room: %s.",
                                    chart->caption, unnamed));
}

/* What a label says. */
typedef struct point_name {
  const char *text, *brief;
  bool dim;
} point_name;

static void write_names(rl_chart *chart, const rl_placing *place, const point_name *names) {
  for (size_t i = 0; i < place->label_count; i++) {
    const rl_place_label *label = &place->labels[i];
    const double row = rl_letters_height(&chart->canvas);
    if (!label->placed) {
      if (label->group == 0) miss_name(chart, names[i].text, label->near);
      continue;
    }
    const double x = (label->box.left + label->box.right) / 2;
    const double y = label->box.bottom + row / 2;
    rl_chart_add_text(chart,
                      &(rl_chart_text){.text = label->shortened ? names[i].brief : names[i].text,
                                       .x = x,
                                       .y = y,
                                       .align = RL_ALIGN_CENTRE,
                                       .dim = names[i].dim});
    if (!label->leader || chart->canvas.text) continue;
    rl_chart_stroke leader = {label->x, label->y, label->x, label->y, RL_STYLE_LEADER};
    if (leader.x1 < label->box.left) leader.x1 = label->box.left;
    if (leader.x1 > label->box.right) leader.x1 = label->box.right;
    if (leader.y1 < label->box.bottom) leader.y1 = label->box.bottom;
    if (leader.y1 > label->box.top) leader.y1 = label->box.top;
    rl_chart_add_stroke(chart, &leader);
    rl_chart_add_guide(chart, &leader); /* of texts still to come */
  }
}

/* Points that stand no further from each other share a name. */
static double apart_of(const rl_chart *chart) {
  return chart->canvas.text ? 0.5 : chart->canvas.font * 0.25;
}

static bool together(const rl_chart *chart, const rl_chart_wish *a, const rl_chart_wish *b) {
  const double near = apart_of(chart);
  if (a->group > 0 || b->group > 0) return false;
  return fabs(a->at_x - b->at_x) < near && fabs(a->at_y - b->at_y) < near;
}

/* The wish of most priority that has no name yet, of all or of those in one place; the count of
 * wishes without one. */
static size_t next_wish(const rl_chart *chart, const bool *named, const rl_chart_wish *place) {
  size_t best = chart->wishes.count;
  for (size_t i = 0; i < chart->wishes.count; i++) {
    const rl_chart_wish *wish = &chart->wishes.items[i];
    if (named[i] || wish->name == NULL) continue;
    if (best < chart->wishes.count && wish->priority <= chart->wishes.items[best].priority)
      continue;
    if (place == NULL || together(chart, place, wish)) best = i;
  }
  return best;
}

/* Names of one place, the most important first. */
typedef struct place_names {
  const char *first; /* shortened, where it has no room */
  const char *text;  /* as many as there is room for */
  size_t more;       /* those that are left out of the text */
  size_t all;        /* those behind the first one */
} place_names;

static bool has_name(const rl_chart *chart, const size_t *said, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(chart->wishes.items[said[i]].name, name) == 0) return true;
  }
  return false;
}

static void add_name(rl_chart *chart, place_names *names, const char *name, double room) {
  const char *both = rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s, %s", names->text, name));
  const bool fits = names->more == 0 && rl_letters_width(&chart->canvas, both) <= room;
  if (fits) names->text = both;
  names->more += !fits;
  names->all++;
}

static const char *with_more(rl_chart *chart, const char *text, size_t more) {
  if (more == 0) return text;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s +%zu", text, more));
}

/* "qkv_proj, o_proj +3": all names of the place of a wish; and "qkv_proj +4". Names of points in a
 * row stand for one value each. said: room for all wishes. */
static void names_at(rl_chart *chart, size_t first, bool *named, size_t *said, point_name *out) {
  const rl_chart_wish *wishes = chart->wishes.items, *wish = &wishes[first];
  const double room =
      (chart->right - chart->left) * (wish->group > 0 ? RL_LINE_NAME_ROOM : RL_NAME_ROOM);
  place_names names = {.first =
                           rl_letters_fit(chart->grid.arena, &chart->canvas, wish->name, room)};
  names.text = names.first = rl_chart_keep(chart, names.first);
  size_t count = 0;
  named[first] = true;
  said[count++] = first;
  for (;;) {
    const size_t at = next_wish(chart, named, wish);
    if (at == chart->wishes.count) break;
    if (wishes[at].near && strcmp(wishes[at].name, wish->name) != 0) break;
    named[at] = true;
    if (has_name(chart, said, count, wishes[at].name)) continue;
    said[count++] = at;
    add_name(chart, &names, wishes[at].name, room);
  }
  const double half = names.first == wish->name ? room : room * 0.6;
  const char *brief =
      rl_chart_keep(chart, rl_letters_fit(chart->grid.arena, &chart->canvas, wish->name, half));
  *out = (point_name){with_more(chart, names.text, names.more), with_more(chart, brief, names.all),
                      wish->dim};
}

/* One label a place. */
static void wish_labels(rl_chart *chart, rl_placing *place, point_name *names, bool *named,
                        size_t *said) {
  const rl_canvas *canvas = &chart->canvas;
  for (;;) {
    const size_t at = next_wish(chart, named, NULL), label = place->label_count;
    if (at == chart->wishes.count) return;
    const rl_chart_wish *wish = &chart->wishes.items[at];
    names_at(chart, at, named, said, &names[label]);
    const bool same = strcmp(names[label].text, names[label].brief) == 0;
    place->labels[label] =
        (rl_place_label){.x = wish->at_x,
                         .y = wish->at_y,
                         .width = rl_letters_width(canvas, names[label].text),
                         .brief = same ? 0 : rl_letters_width(canvas, names[label].brief),
                         .height = rl_letters_height(canvas),
                         .priority = wish->priority,
                         .group = wish->group,
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

/* Over the place of a name that is still to come, or over the line that will lead to it. */
static bool meets_reserved(const rl_chart *chart, const rl_box *boxes, size_t count) {
  const rl_chart_place *kept = &chart->reserved;
  const rl_box air = {kept->left, kept->bottom, kept->right, kept->top};
  const rl_segment lead = {kept->x, kept->y, (kept->left + kept->right) / 2,
                           (kept->bottom + kept->top) / 2};
  for (size_t i = 0; i < count && kept->right > kept->left; i++) {
    if (rl_boxes_overlap(&boxes[i], &air) || rl_box_meets(&boxes[i], &lead)) return true;
  }
  return false;
}

bool rl_chart_is_free(rl_chart *chart, const rl_chart_text *text, size_t own_guide) {
  const rl_box bounds = {chart->left, chart->bottom, chart->right, chart->top};
  size_t taken_count, points;
  rl_box *boxes = RL_NEW_ARRAY(chart->grid.arena, rl_box, squares_of(chart, text));
  const size_t count = boxes == NULL ? 0 : cover_text(chart, text, boxes);
  for (size_t i = 0; i < count; i++) {
    if (!rl_box_inside(&boxes[i], &bounds)) return false;
  }
  if (boxes != NULL && meets_guides(chart, boxes, count, own_guide)) return false;
  if (boxes != NULL && meets_reserved(chart, boxes, count)) return false;
  const rl_box *taken = list_boxes(chart, &taken_count, &points); /* what takes time comes last */
  if (taken == NULL || boxes == NULL) chart->failed = true;
  return taken != NULL && boxes != NULL && !covers_meet(boxes, count, taken, taken_count);
}

/* Everything that names keep off, and room for so many of them; false without memory. */
static bool prepare(rl_chart *chart, size_t labels, rl_placing *out) {
  rl_arena *arena = chart->grid.arena;
  size_t box_count = 0, points = 0;
  const rl_box *boxes = list_boxes(chart, &box_count, &points);
  rl_segment *lines = RL_NEW_ARRAY(arena, rl_segment, chart->guides.count + 1);
  *out = (rl_placing){.bounds = {chart->left, chart->bottom, chart->right, chart->top},
                      .gap = chart->canvas.text ? 1 : mark_size(chart) * 1.15,
                      .apart = apart_of(chart),
                      .mark = mark_size(chart),
                      .no_leaders = chart->canvas.text,
                      .boxes = boxes,
                      .box_count = box_count,
                      .text_count = box_count - points,
                      .lines = lines,
                      .labels = RL_NEW_ARRAY(arena, rl_place_label, labels + 1),
                      .spare = RL_NEW_ARRAY(arena, rl_place_label, labels + 1),
                      .order = RL_NEW_ARRAY(arena, size_t, labels + 1)};
  if (boxes == NULL || lines == NULL || out->labels == NULL || out->spare == NULL ||
      out->order == NULL) {
    return false;
  }
  for (size_t i = 0; i < chart->guides.count; i++) {
    const rl_chart_stroke *s = &chart->guides.items[i];
    lines[out->line_count++] = (rl_segment){s->x0, s->y0, s->x1, s->y1};
  }
  return true;
}

/* Where the wishes are on the canvas; false without memory for their labels. */
static bool list_labels(rl_chart *chart, rl_placing *place, point_name **names) {
  rl_arena *arena = chart->grid.arena;
  const size_t wishes = chart->wishes.count;
  size_t *said = RL_NEW_ARRAY(arena, size_t, wishes + 1);
  bool *named = RL_NEW_ARRAY(arena, bool, wishes + 1);
  *names = RL_NEW_ARRAY(arena, point_name, wishes + 1);
  for (size_t i = 0; i < wishes; i++) {
    rl_chart_wish *wish = &chart->wishes.items[i];
    wish->at_x = rl_chart_x(chart, wish->x);
    wish->at_y = rl_chart_y(chart, wish->y);
  }
  if (!prepare(chart, wishes, place) || *names == NULL || named == NULL || said == NULL) {
    chart->failed = true;
    return false;
  }
  wish_labels(chart, place, *names, named, said);
  return true;
}

/* Labels stand in the order of their priority. */
static void find_missed(rl_chart *chart, const rl_placing *place) {
  chart->missed = 0;
  chart->missed_priority = 0;
  for (size_t i = 0; i < place->label_count && chart->missed == 0; i++) {
    const rl_place_label *label = &place->labels[i];
    if (!label->placed && !label->near && label->group == 0) chart->missed = i + 1;
  }
  if (chart->missed > 0) chart->missed_priority = place->labels[chart->missed - 1].priority;
}

void rl_chart_name_points(rl_chart *chart) {
  rl_placing place;
  point_name *names;
  chart->reserved = (rl_chart_place){0};
  if (!list_labels(chart, &place, &names)) return;
  rl_labels_place(&place);
  find_missed(chart, &place);
  write_names(chart, &place, names);
}

void rl_chart_reserve(rl_chart *chart, size_t number) {
  rl_placing place;
  point_name *names;
  if (!list_labels(chart, &place, &names) || number > place.label_count) return;
  const rl_place_label label = place.labels[number - 1];
  place.labels[0] = label;
  place.label_count = 1;
  rl_labels_place(&place);
  if (!place.labels[0].placed) return;
  const rl_box *box = &place.labels[0].box;
  chart->reserved = (rl_chart_place){.x = label.x,
                                     .y = label.y,
                                     .left = box->left - place.gap,
                                     .bottom = box->bottom - place.gap / 2,
                                     .right = box->right + place.gap,
                                     .top = box->top + place.gap / 2};
}
