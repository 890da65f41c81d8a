/* Label placement on random points: what is placed is inside, over nothing and over no other, and
 * no leader crosses a text. */
#include "reports/chart_place.h"

#include <math.h>
#include <stdint.h>

#include "unit.h"

enum { LABELS = 60, ROUNDS = 200 };

static uint64_t state = 7;
static double random_to(double most) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
  return most * (double)(state >> 33) / (double)(UINT64_C(1) << 31);
}

static rl_place_label labels[LABELS];
static rl_box boxes[LABELS + 1];
static size_t order[LABELS];
static rl_place_label spare[LABELS];

static rl_placing random_placing(size_t count) {
  static const rl_segment slope = {0, 0, 400, 300};
  const rl_placing placing = {.bounds = {0, 0, 400, 300},
                              .gap = 4,
                              .mark = 3,
                              .boxes = boxes,
                              .box_count = count + 1,
                              .text_count = 1,
                              .lines = &slope,
                              .line_count = 1,
                              .labels = labels,
                              .label_count = count,
                              .order = order};
  for (size_t i = 0; i < count; i++) {
    const double x = random_to(400), y = random_to(300);
    labels[i] = (rl_place_label){
        .x = x, .y = y, .width = 10 + random_to(90), .height = 11, .priority = random_to(1)};
    boxes[i] = (rl_box){x - 3, y - 3, x + 3, y + 3};
  }
  boxes[count] = (rl_box){300, 250, 390, 290}; /* a text that stands already */
  return placing;
}

/* From the point to the nearest edge of its name. */
static rl_segment leader_of(const rl_place_label *label) {
  const rl_box *box = &label->box;
  rl_segment leader = {label->x, label->y, label->x, label->y};
  if (leader.x1 < box->left) leader.x1 = box->left;
  if (leader.x1 > box->right) leader.x1 = box->right;
  if (leader.y1 < box->bottom) leader.y1 = box->bottom;
  if (leader.y1 > box->top) leader.y1 = box->top;
  return leader;
}

static double distance(const rl_box *box, double x, double y) {
  const double dx = fmax(fmax(box->left - x, x - box->right), 0);
  return hypot(dx, fmax(fmax(box->bottom - y, y - box->top), 0));
}

/* Without a line a name is half as far again from any other mark as from its own; a line runs over
 * no mark but those that lie over its own. */
static int is_unclear(const rl_place_label *label, const rl_place_label *other) {
  const double own = distance(&label->box, label->x, label->y);
  if (!label->leader) return distance(&label->box, other->x, other->y) < 1.5 * own - 1e-9;
  const rl_segment leader = leader_of(label);
  const rl_box mark = {other->x - 3, other->y - 3, other->x + 3, other->y + 3};
  const rl_box mine = {label->x - 3, label->y - 3, label->x + 3, label->y + 3};
  return !rl_boxes_overlap(&mark, &mine) && rl_box_meets(&mark, &leader);
}

static int mistakes(const rl_placing *placing) {
  int wrong = 0;
  for (size_t i = 0; i < placing->label_count; i++) {
    const rl_place_label *label = &labels[i];
    if (!label->placed) continue;
    const rl_segment leader = leader_of(label);
    wrong += !rl_box_inside(&label->box, &placing->bounds);
    wrong += label->leader && rl_box_meets(&boxes[placing->box_count - 1], &leader);
    for (size_t b = 0; b < placing->box_count; b++) {
      wrong += rl_boxes_overlap(&label->box, &boxes[b]);
    }
    for (size_t j = 0; j < placing->label_count; j++) {
      if (i != j) wrong += is_unclear(label, &labels[j]);
    }
    for (size_t j = 0; j < i; j++) {
      wrong += labels[j].placed && rl_boxes_overlap(&label->box, &labels[j].box);
    }
  }
  return wrong;
}

static void test_random(void) {
  int wrong = 0, placed = 0, wanted = 0;
  for (int round = 0; round < ROUNDS; round++) {
    rl_placing placing = random_placing((size_t)(1 + round % LABELS));
    if (round % 2 == 1) placing.spare = spare;
    rl_labels_place(&placing);
    wrong += mistakes(&placing);
    for (size_t i = 0; i < placing.label_count; i++) placed += labels[i].placed;
    wanted += (int)placing.label_count;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  CU_ASSERT(placed * 100 > wanted * 90); /* there is room for most */
}

/* The most important of two labels of one point takes the liked place, right of it. */
static void test_priority(void) {
  rl_placing placing = random_placing(2);
  labels[0] = (rl_place_label){.x = 100, .y = 100, .width = 40, .height = 11, .priority = 1};
  labels[1] = (rl_place_label){.x = 100, .y = 100, .width = 40, .height = 11, .priority = 2};
  boxes[0] = boxes[1] = (rl_box){97, 97, 103, 103};
  placing.line_count = 0;
  rl_labels_place(&placing);
  CU_ASSERT(labels[0].placed && labels[1].placed);
  CU_ASSERT_EQUAL(labels[1].box.left, 104);
  CU_ASSERT(!labels[1].leader);
  CU_ASSERT(labels[0].box.left < 104 || labels[0].box.bottom >= labels[1].box.top);
}

/* Right of its point a name would stand 4 from its own mark and 5 from the other one: too alike. It
 * goes to the left. */
static void test_foreign_mark(void) {
  rl_placing placing = random_placing(2);
  labels[0] = (rl_place_label){.x = 100, .y = 100, .width = 40, .height = 11, .priority = 2};
  labels[1] = (rl_place_label){.x = 149, .y = 100, .width = 40, .height = 11, .priority = 1};
  boxes[0] = (rl_box){97, 97, 103, 103};
  boxes[1] = (rl_box){146, 97, 152, 103};
  placing.line_count = 0;
  rl_labels_place(&placing);
  CU_ASSERT_EQUAL(labels[0].box.right, 96);
  CU_ASSERT(!labels[0].leader);
  labels[1].x = 151; /* 7 from the name: nearer than once and a half, no more */
  boxes[1] = (rl_box){148, 97, 154, 103};
  rl_labels_place(&placing);
  CU_ASSERT_EQUAL(labels[0].box.left, 104);
}

/* Marks on all sides: a line leads out of them, and where none can be drawn there is no name. */
static void test_hemmed_in(void) {
  rl_placing placing = random_placing(9);
  placing.line_count = 0;
  for (int i = 0; i < 9; i++) {
    const int row = i / 3;
    const double x = 90 + 10 * (i % 3), y = 90 + 10 * row;
    labels[i] = (rl_place_label){.x = x, .y = y, .width = 60, .height = 11};
    boxes[i] = (rl_box){x - 3, y - 3, x + 3, y + 3};
  }
  labels[4].priority = 1;
  rl_labels_place(&placing);
  CU_ASSERT(labels[4].placed && labels[4].leader);
  CU_ASSERT_EQUAL(mistakes(&placing), 0);
  placing.no_leaders = true;
  rl_labels_place(&placing);
  CU_ASSERT(!labels[4].placed);
}

/* One of the places of a line is named, with a line that leads to it. */
static void test_group(void) {
  rl_placing placing = random_placing(3);
  for (int i = 0; i < 3; i++) {
    labels[i] = (rl_place_label){
        .x = 100 + 50 * i, .y = 100, .width = 40, .height = 11, .priority = 3 - i, .group = 1};
  }
  placing.box_count = placing.text_count = placing.line_count = 0;
  rl_labels_place(&placing);
  CU_ASSERT(labels[0].placed && labels[0].leader);
  CU_ASSERT(!labels[1].placed && !labels[2].placed);
}

/* The shorter name is taken where the other one has no place. */
static void test_brief(void) {
  rl_placing placing = random_placing(1);
  labels[0] = (rl_place_label){.x = 200, .y = 100, .width = 500, .brief = 40, .height = 11};
  placing.box_count = placing.text_count = placing.line_count = 0;
  rl_labels_place(&placing);
  CU_ASSERT(labels[0].placed && labels[0].shortened);
  CU_ASSERT_EQUAL(labels[0].box.right - labels[0].box.left, 40);
  labels[0] = (rl_place_label){.x = 200, .y = 100, .width = 100, .brief = 40, .height = 11};
  rl_labels_place(&placing);
  CU_ASSERT(labels[0].placed && !labels[0].shortened);
}

/* Two marks whose names are 20 by 4, with a line above and one at the right of the second: its only
 * place is below it, from 204 to 224, where that of the first, from 201 to 221, comes to stand.
 * Where there is room to try again the first goes to the left. */
static void test_missed(void) {
  static const rl_segment around[] = {{150, 105.5, 300, 105.5}, {230, 90, 230, 105}};
  rl_placing placing = random_placing(2);
  labels[0] = (rl_place_label){.x = 200, .y = 100, .width = 20, .height = 4, .priority = 2};
  labels[1] = (rl_place_label){.x = 214, .y = 104, .width = 20, .height = 4, .priority = 1};
  for (int i = 0; i < 2; i++) {
    const double x = labels[i].x, y = labels[i].y;
    boxes[i] = (rl_box){x - 0.4, y - 0.4, x + 0.4, y + 0.4};
  }
  placing.gap = 1;
  placing.mark = 0.4;
  placing.no_leaders = true;
  placing.box_count = 2;
  placing.text_count = 0;
  placing.lines = around;
  placing.line_count = 2;
  rl_labels_place(&placing);
  CU_ASSERT_EQUAL(labels[0].box.left, 201);
  CU_ASSERT(labels[0].placed && !labels[1].placed);
  placing.spare = spare;
  rl_labels_place(&placing);
  CU_ASSERT(labels[0].placed && labels[1].placed);
  CU_ASSERT_EQUAL(labels[0].box.right, 199);
  CU_ASSERT_EQUAL(labels[1].box.left, 204);
  CU_ASSERT_EQUAL(labels[1].box.top, 103);
}

/* No order names both of what has one place: it stays with the more important one. */
static void test_missed_for_good(void) {
  rl_placing placing = random_placing(2);
  for (int i = 0; i < 2; i++) {
    labels[i] = (rl_place_label){.x = 100, .y = 100, .width = 190, .height = 11, .priority = 1 + i};
    boxes[i] = (rl_box){97, 97, 103, 103};
  }
  placing.bounds = (rl_box){0, 90, 200, 115};
  placing.line_count = placing.text_count = 0;
  placing.box_count = 2;
  placing.spare = spare;
  rl_labels_place(&placing);
  CU_ASSERT(labels[1].placed && !labels[0].placed);
}

/* What is wider than the sheet finds no place. */
static void test_no_room(void) {
  rl_placing placing = random_placing(1);
  labels[0].width = 500;
  rl_labels_place(&placing);
  CU_ASSERT(!labels[0].placed);
}

static void test_geometry(void) {
  const rl_box box = {0, 0, 10, 10};
  const rl_segment across = {-5, 5, 15, 5}, past = {-5, 11, 15, 11}, upright = {5, -5, 5, -1},
                   slanted = {-1, 9, 1, 11};
  CU_ASSERT(rl_box_meets(&box, &across));
  CU_ASSERT(!rl_box_meets(&box, &past));
  CU_ASSERT(!rl_box_meets(&box, &upright));
  CU_ASSERT(rl_box_meets(&box, &slanted));
  CU_ASSERT(!rl_boxes_overlap(&box, &(rl_box){10, 0, 20, 10}));
}

/* The name is as wide as the plot, so its line can only go up: on where a line from below ends, but
 * not along one that reaches higher, where it would not be seen. */
static void test_goes_on(void) {
  const rl_box taken[] = {{47, 57, 53, 63}};
  rl_segment lines[] = {{50, 0, 50, 60}, {0, 60, 100, 60}};
  rl_place_label label = {.x = 50, .y = 60, .width = 100, .height = 10, .priority = 1};
  rl_placing placing = {.bounds = {0, 0, 100, 90},
                        .gap = 4,
                        .mark = 3,
                        .boxes = taken,
                        .box_count = 1,
                        .lines = lines,
                        .line_count = 2,
                        .labels = &label,
                        .label_count = 1,
                        .order = order};
  const rl_box text = {0, 61, 100, 72};
  const rl_box both[] = {taken[0], text};
  rl_labels_place(&placing);
  CU_ASSERT(label.placed && !label.leader); /* right above */
  placing.boxes = both;
  placing.box_count = 2;
  rl_labels_place(&placing);
  CU_ASSERT(label.placed && label.leader && label.box.bottom >= 72);
  lines[0].y1 = 72; /* the name keeps off it, its line does not */
  rl_labels_place(&placing);
  CU_ASSERT(!label.placed);
}

/* Texts leave a gap above the mark that no side but one a quarter off the middle meets. */
static void test_between_sides(void) {
  const rl_box taken[] = {{97, 57, 103, 63}, {0, 64, 81, 90}, {131, 64, 200, 90}};
  const rl_segment across = {0, 60, 200, 60};
  rl_place_label label = {.x = 100, .y = 60, .width = 40, .height = 10, .priority = 1};
  rl_placing placing = {.bounds = {0, 57, 200, 90},
                        .gap = 4,
                        .mark = 3,
                        .boxes = taken,
                        .box_count = 3,
                        .text_count = 2,
                        .lines = &across,
                        .line_count = 1,
                        .labels = &label,
                        .label_count = 1,
                        .order = order};
  rl_labels_place(&placing);
  CU_ASSERT(label.placed);
  CU_ASSERT_EQUAL(label.box.left, 86); /* its middle is a quarter of 20 + 4 off the mark's */
  label.near = true; /* numbers of points in a row are thinned, not pressed in */
  rl_labels_place(&placing);
  CU_ASSERT(!label.placed);
}

RL_SUITE("label placement", {"random points", test_random}, {"priority", test_priority},
         {"no room", test_no_room}, {"foreign mark", test_foreign_mark},
         {"hemmed in", test_hemmed_in}, {"group", test_group}, {"brief", test_brief},
         {"missed", test_missed}, {"missed for good", test_missed_for_good},
         {"goes on", test_goes_on}, {"between sides", test_between_sides},
         {"geometry", test_geometry})
