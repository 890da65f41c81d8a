/* Greedy label placement: each name in turn, the most important first, takes the best free place
 * among rings of candidates around its point (after Christensen, Marks and Shieber 1995, "An
 * Empirical Study of Algorithms for Point-Feature Label Placement", section 3.1, greedy). */
#include "reports/chart_place.h"

#include <math.h>
#include <string.h>

enum { RINGS = 14, RINGS_NEAR = 3, SIDES = 16, ALL_SIDES = 32 };

/* A name without a line is read as that of the nearest mark: any other one has to be so many times
 * as far off as its own; where lines cannot be drawn and distances are of whole characters, not
 * nearer. */
#define FOREIGN_FACTOR 1.5
#define FOREIGN_FACTOR_LEAST 1.01

/* Where the middle of a name lies from its point, in halves of its size: right, left, above, below,
 * then corners and in between. The first is liked best; those from SIDES on are for a name that
 * finds no place at the others. */
static const struct {
  double x, y;
} sides[ALL_SIDES] = {
    {1, 0},    {1, 1},     {-1, 0},    {-1, 1},     {0, 1},    {0, -1},    {1, -1},    {-1, -1},
    {0.5, 1},  {-0.5, 1},  {0.5, -1},  {-0.5, -1},  {1, 0.5},  {1, -0.5},  {-1, -0.5}, {-1, 0.5},
    {0.25, 1}, {-0.25, 1}, {0.25, -1}, {-0.25, -1}, {0.75, 1}, {-0.75, 1}, {0.75, -1}, {-0.75, -1},
    {1, 0.25}, {1, -0.25}, {-1, 0.25}, {-1, -0.25}, {1, 0.75}, {1, -0.75}, {-1, 0.75}, {-1, -0.75}};

bool rl_boxes_overlap(const rl_box *a, const rl_box *b) {
  return a->left < b->right && b->left < a->right && a->bottom < b->top && b->bottom < a->top;
}

bool rl_box_inside(const rl_box *inner, const rl_box *outer) {
  return inner->left >= outer->left && inner->right <= outer->right &&
         inner->bottom >= outer->bottom && inner->top <= outer->top;
}

/* Cuts [*from, *to] of a segment's parameter to where start + t * step is in [low, high]. */
static bool cut_to(double start, double step, double low, double high, double *from, double *to) {
  if (step == 0) return start >= low && start <= high;
  double a = (low - start) / step, b = (high - start) / step;
  if (a > b) {
    const double other = a;
    a = b;
    b = other;
  }
  if (a > *from) *from = a;
  if (b < *to) *to = b;
  return *from <= *to;
}

/* Liang and Barsky 1984. */
bool rl_box_meets(const rl_box *box, const rl_segment *line) {
  double from = 0, to = 1;
  return cut_to(line->x0, line->x1 - line->x0, box->left, box->right, &from, &to) &&
         cut_to(line->y0, line->y1 - line->y0, box->bottom, box->top, &from, &to);
}

static double turn_of(const rl_segment *line, double x, double y) {
  return (line->x1 - line->x0) * (y - line->y0) - (line->y1 - line->y0) * (x - line->x0);
}

/* Whether two segments cross; not where one only begins on the other. */
static bool segments_meet(const rl_segment *a, const rl_segment *b) {
  return turn_of(a, b->x0, b->y0) * turn_of(a, b->x1, b->y1) < 0 &&
         turn_of(b, a->x0, a->y0) * turn_of(b, a->x1, a->y1) < 0;
}

/* From the point to the nearest edge of its name. */
static rl_segment leader_of(const rl_place_label *label, const rl_box *box) {
  double x = label->x, y = label->y;
  if (x < box->left) x = box->left;
  if (x > box->right) x = box->right;
  if (y < box->bottom) y = box->bottom;
  if (y > box->top) y = box->top;
  return (rl_segment){label->x, label->y, x, y};
}

static rl_box candidate(const rl_placing *place, const rl_place_label *label, int ring, int side) {
  const double away = place->gap + ring * 0.9 * label->height;
  const double x = label->x + sides[side].x * (label->width / 2 + away);
  const double y = label->y + sides[side].y * (label->height / 2 + away);
  return (rl_box){x - label->width / 2, y - label->height / 2, x + label->width / 2,
                  y + label->height / 2};
}

/* A name and what keeps two in one row from being read as one. */
static rl_box with_air(const rl_placing *place, const rl_box *box) {
  return (rl_box){box->left - place->gap, box->bottom, box->right + place->gap, box->top};
}

/* A name and what keeps a line that leads elsewhere from being read as its own. */
static rl_box with_halo(const rl_placing *place, const rl_box *box) {
  const double air = place->gap / 2;
  return (rl_box){box->left - air, box->bottom - air, box->right + air, box->top + air};
}

/* Over no box and no line. */
static bool is_clear(const rl_placing *place, const rl_box *box) {
  const rl_box wide = with_air(place, box);
  for (size_t i = 0; i < place->box_count; i++) {
    const bool text = i >= place->box_count - place->text_count;
    if (rl_boxes_overlap(text ? &wide : box, &place->boxes[i])) return false;
  }
  for (size_t i = 0; i < place->line_count; i++) {
    if (rl_box_meets(box, &place->lines[i])) return false;
  }
  return true;
}

static bool leads_over_text(const rl_placing *place, const rl_segment *leader) {
  for (size_t i = place->box_count - place->text_count; i < place->box_count; i++) {
    const rl_box around = with_halo(place, &place->boxes[i]);
    if (rl_box_meets(&around, leader)) return true;
  }
  return false;
}

static double squared_distance(const rl_box *box, double x, double y) {
  const double dx = x < box->left ? box->left - x : x > box->right ? x - box->right : 0;
  const double dy = y < box->bottom ? box->bottom - y : y > box->top ? y - box->top : 0;
  return dx * dx + dy * dy;
}

static size_t point_count(const rl_placing *place) {
  return place->box_count - place->text_count;
}

/* Whether a point stands so near to that of the label that both are one mark. */
static bool is_own(const rl_placing *place, const rl_place_label *label, const rl_box *point) {
  const double dx = (point->left + point->right) / 2 - label->x;
  const double dy = (point->bottom + point->top) / 2 - label->y;
  return fabs(dx) <= place->apart && fabs(dy) <= place->apart;
}

/* Whether no other mark could be meant by a name that stands there without a line. */
static bool is_plain(const rl_placing *place, const rl_place_label *label, const rl_box *box) {
  const double factor = place->no_leaders ? FOREIGN_FACTOR_LEAST : FOREIGN_FACTOR;
  const double own = squared_distance(box, label->x, label->y);
  for (size_t i = 0; i < point_count(place); i++) {
    const rl_box *point = &place->boxes[i];
    const double x = (point->left + point->right) / 2, y = (point->bottom + point->top) / 2;
    if (is_own(place, label, point)) continue;
    if (squared_distance(box, x, y) < own * factor * factor) return false;
  }
  return true;
}

/* Whether the line to a name runs over a mark that it does not name; marks that lie over its own
 * cannot be kept off. */
static bool leads_over_point(const rl_placing *place, const rl_place_label *label,
                             const rl_segment *leader) {
  const double r = place->mark;
  const rl_box own = {label->x - r, label->y - r, label->x + r, label->y + r};
  for (size_t i = 0; i < point_count(place); i++) {
    if (rl_boxes_overlap(&own, &place->boxes[i])) continue;
    if (rl_box_meets(&place->boxes[i], leader)) return true;
  }
  return false;
}

/* How far along a line the foot of a point lies: 0 at its beginning, 1 at its end. */
static double share_along(const rl_segment *line, double x, double y) {
  const double dx = line->x1 - line->x0, dy = line->y1 - line->y0;
  return ((x - line->x0) * dx + (y - line->y0) * dy) / (dx * dx + dy * dy);
}

/* Of two on one endless line: whether they share more than an end. */
static bool is_beside(const rl_segment *line, const rl_segment *leader) {
  static const double end = 1e-6;
  const double a = share_along(line, leader->x0, leader->y0);
  const double b = share_along(line, leader->x1, leader->y1);
  return fmax(a, b) > end && fmin(a, b) < 1 - end;
}

/* Whether the line to a name runs along another line, where nobody sees it; not where it goes on
 * where that ends. */
static bool leads_along_line(const rl_placing *place, const rl_segment *leader) {
  for (size_t i = 0; i < place->line_count; i++) {
    const rl_segment *line = &place->lines[i];
    const double length = hypot(line->x1 - line->x0, line->y1 - line->y0);
    const double most = place->gap / 2 * length;
    const bool along = fabs(turn_of(line, leader->x0, leader->y0)) < most &&
                       fabs(turn_of(line, leader->x1, leader->y1)) < most;
    if (along && is_beside(line, leader)) return true;
  }
  return false;
}

/* Neither over a placed name nor over the line to one; its own line crosses neither. */
static bool keeps_off(const rl_placing *place, const rl_box *box, const rl_segment *own) {
  const rl_box wide = with_air(place, box), halo = with_halo(place, box);
  for (size_t i = 0; i < place->label_count; i++) {
    const rl_place_label *other = &place->labels[i];
    if (!other->placed) continue;
    const rl_box around = with_halo(place, &other->box);
    if (rl_boxes_overlap(&wide, &other->box)) return false;
    if (own != NULL && rl_box_meets(&around, own)) return false;
    if (!other->leader) continue;
    const rl_segment leader = leader_of(other, &other->box);
    if (rl_box_meets(&halo, &leader)) return false;
    if (own != NULL && segments_meet(own, &leader)) return false;
  }
  return true;
}

/* No box, no line, no placed name, no leader under it; and the point that it names is plain. */
static bool is_free(const rl_placing *place, const rl_place_label *label, const rl_box *box,
                    bool leads) {
  const rl_segment own = leader_of(label, box);
  if (!rl_box_inside(box, &place->bounds) || !is_clear(place, box)) return false;
  if (!leads) return is_plain(place, label, box) && keeps_off(place, box, NULL);
  return !leads_over_text(place, &own) && !leads_along_line(place, &own) &&
         !leads_over_point(place, label, &own) && keeps_off(place, box, &own);
}

/* A further ring is worse than another side; lines under the leader are a little bad, and so are
 * other marks beside the name. */
static double cost_of(const rl_placing *place, const rl_place_label *label, const rl_box *box,
                      int ring, int side) {
  const rl_segment own = leader_of(label, box);
  const double near = label->height * label->height;
  double cost = ring * 1.5 + side * 0.1;
  for (size_t i = 0; ring > 0 && i < place->line_count; i++) {
    if (segments_meet(&own, &place->lines[i])) cost += 0.6;
  }
  for (size_t i = 0; ring > 0 && i < point_count(place); i++) {
    const rl_box *point = &place->boxes[i];
    const double x = (point->left + point->right) / 2, y = (point->bottom + point->top) / 2;
    if (is_own(place, label, point)) continue;
    if (rl_box_meets(point, &own)) cost += 0.6;
    if (squared_distance(box, x, y) < near) cost += 0.8;
  }
  return cost;
}

/* A name beside a line, where no mark is, would be anybody's: one leads to it. */
static int first_ring(const rl_placing *place, const rl_place_label *label) {
  return label->group > 0 && !place->no_leaders ? 1 : 0;
}

static int rings_of(const rl_placing *place, const rl_place_label *label) {
  if (place->no_leaders) return 1;
  return label->near ? RINGS_NEAR : RINGS;
}

/* At the best of these sides. */
static void place_at(const rl_placing *place, rl_place_label *label, int from, int to) {
  double best = 0;
  bool found = false;
  const int first = first_ring(place, label), end = rings_of(place, label);
  for (int ring = first; ring < end && (!found || ring * 1.5 < best); ring++) {
    for (int side = from; side < to; side++) {
      if (found && ring * 1.5 + side * 0.1 >= best) break; /* it costs no less */
      const rl_box box = candidate(place, label, ring, side);
      const bool leads = ring > 0;
      if (!is_free(place, label, &box, leads)) continue;
      const double cost = cost_of(place, label, &box, ring, side);
      if (found && cost >= best) continue;
      label->box = box;
      label->leader = leads;
      found = true;
      best = cost;
    }
  }
  label->placed = found;
}

static void place_one(const rl_placing *place, rl_place_label *label) {
  place_at(place, label, 0, SIDES);
  if (!label->placed && !label->near) place_at(place, label, SIDES, ALL_SIDES);
}

/* Whether a label of the group has its place. */
static bool is_told(const rl_placing *place, unsigned group) {
  for (size_t i = 0; i < place->label_count && group > 0; i++) {
    if (place->labels[i].group == group && place->labels[i].placed) return true;
  }
  return false;
}

static void place_all(rl_placing *place) {
  for (size_t i = 0; i < place->label_count; i++) {
    rl_place_label *label = &place->labels[i];
    label->placed = label->leader = label->shortened = false;
    label->width = label->whole;
    label->box = (rl_box){0};
  }
  for (size_t i = 0; i < place->label_count; i++) {
    rl_place_label *label = &place->labels[place->order[i]];
    if (is_told(place, label->group)) continue;
    place_one(place, label);
    if (label->placed || !(label->brief > 0)) continue;
    label->width = label->brief;
    label->shortened = true;
    place_one(place, label);
  }
}

/* A name that nothing else tells. */
static bool is_missed(const rl_place_label *label) {
  return !label->placed && !label->near && label->group == 0;
}

/* How many names have no place, and the priority of the first of them. */
static size_t count_missed(const rl_placing *place, double *most) {
  size_t count = 0;
  for (size_t i = 0; i < place->label_count; i++) {
    const rl_place_label *label = &place->labels[i];
    if (!is_missed(label)) continue;
    if (count == 0 || label->priority > *most) *most = label->priority;
    count++;
  }
  return count;
}

/* The others stay in their order. */
static void put_missed_first(rl_placing *place) {
  size_t *order = place->order, front = 0;
  for (size_t i = 0; i < place->label_count; i++) {
    const size_t index = order[i];
    if (!is_missed(&place->labels[index])) continue;
    memmove(order + front + 1, order + front, (i - front) * sizeof *order);
    order[front++] = index;
  }
}

/* Names that were placed first stand where others have their only place. */
static void place_missed(rl_placing *place) {
  enum { TRIES = 3, FEW = 4 };
  double most = 0, least = 0;
  size_t missed = count_missed(place, &most);
  for (int t = 0; t < TRIES && missed > 0 && missed <= FEW; t++) {
    memcpy(place->spare, place->labels, place->label_count * sizeof *place->labels);
    put_missed_first(place);
    place_all(place);
    const size_t left = count_missed(place, &least);
    if (left >= missed || (left > 0 && least > most)) {
      memcpy(place->labels, place->spare, place->label_count * sizeof *place->labels);
      return;
    }
    missed = left;
    most = least;
  }
}

void rl_labels_place(rl_placing *place) {
  for (size_t i = 0; i < place->label_count; i++) {
    size_t at = i;
    place->labels[i].whole = place->labels[i].width;
    for (; at > 0; at--) {
      if (place->labels[place->order[at - 1]].priority >= place->labels[i].priority) break;
      place->order[at] = place->order[at - 1];
    }
    place->order[at] = i;
  }
  place_all(place);
  if (place->spare != NULL) place_missed(place);
}
