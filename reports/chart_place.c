/* Greedy label placement: each name in turn, the most important first, takes the best free place
 * among rings of candidates around its point (after Christensen, Marks and Shieber 1995, "An
 * Empirical Study of Algorithms for Point-Feature Label Placement", section 3.1, greedy). */
#include "reports/chart_place.h"

enum { RINGS = 7, SIDES = 12 };

/* Where the middle of a name lies from its point, in halves of its size: right, left, above, below,
 * then corners and in between. The first is liked best. */
static const struct {
  double x, y;
} sides[SIDES] = {{1, 0},  {1, 1},   {-1, 0},  {-1, 1},   {0, 1},    {0, -1},
                  {1, -1}, {-1, -1}, {0.5, 1}, {-0.5, 1}, {0.5, -1}, {-0.5, -1}};

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

/* Over no box and no line. */
static bool is_clear(const rl_placing *place, const rl_box *box) {
  for (size_t i = 0; i < place->box_count; i++) {
    if (rl_boxes_overlap(box, &place->boxes[i])) return false;
  }
  for (size_t i = 0; i < place->line_count; i++) {
    if (rl_box_meets(box, &place->lines[i])) return false;
  }
  return true;
}

static bool leads_over_text(const rl_placing *place, const rl_segment *leader) {
  for (size_t i = place->box_count - place->text_count; i < place->box_count; i++) {
    if (rl_box_meets(&place->boxes[i], leader)) return true;
  }
  return false;
}

/* No box, no line, no placed name, no leader under it, and no name under its own leader. */
static bool is_free(const rl_placing *place, const rl_place_label *label, const rl_box *box,
                    bool leads) {
  const rl_segment own = leader_of(label, box);
  if (!rl_box_inside(box, &place->bounds) || !is_clear(place, box)) return false;
  if (leads && leads_over_text(place, &own)) return false;
  for (size_t i = 0; i < place->label_count; i++) {
    const rl_place_label *other = &place->labels[i];
    if (!other->placed) continue;
    if (rl_boxes_overlap(box, &other->box)) return false;
    if (leads && rl_box_meets(&other->box, &own)) return false;
    const rl_segment leader = leader_of(other, &other->box);
    if (other->leader && rl_box_meets(box, &leader)) return false;
  }
  return true;
}

/* A further ring is worse than another side, points and lines under the leader a little bad. */
static double cost_of(const rl_placing *place, const rl_place_label *label, const rl_box *box,
                      int ring, int side) {
  const rl_segment own = leader_of(label, box);
  double cost = ring * 1.5 + side * 0.1;
  for (size_t i = 0; ring > 0 && i < place->line_count; i++) {
    if (segments_meet(&own, &place->lines[i])) cost += 0.6;
  }
  for (size_t i = 0; ring > 0 && i < place->box_count; i++) {
    if (rl_box_meets(&place->boxes[i], &own)) cost += 0.6;
  }
  return cost;
}

static void place_one(const rl_placing *place, rl_place_label *label) {
  double best = 0;
  for (int ring = 0; ring < (label->near ? 1 : RINGS); ring++) {
    for (int side = 0; side < SIDES; side++) {
      const rl_box box = candidate(place, label, ring, side);
      const bool leads = ring > 0;
      if (!is_free(place, label, &box, leads)) continue;
      const double cost = cost_of(place, label, &box, ring, side);
      if (label->box.right > label->box.left && cost >= best) continue;
      label->box = box;
      label->leader = leads;
      best = cost;
    }
  }
  label->placed = label->box.right > label->box.left;
}

void rl_labels_place(rl_placing *place) {
  for (size_t i = 0; i < place->label_count; i++) {
    size_t at = i;
    place->labels[i].placed = place->labels[i].leader = false;
    place->labels[i].box = (rl_box){0};
    for (; at > 0; at--) {
      if (place->labels[place->order[at - 1]].priority >= place->labels[i].priority) break;
      place->order[at] = place->order[at - 1];
    }
    place->order[at] = i;
  }
  for (size_t i = 0; i < place->label_count; i++) {
    place_one(place, &place->labels[place->order[i]]);
  }
}
