/* Names beside points: a greedy placement that knows boxes, lines and the edge of the plot, and
 * nothing of charts. */
#ifndef RL_REPORTS_CHART_PLACE_H
#define RL_REPORTS_CHART_PLACE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rl_box {
  double left, bottom, right, top;
} rl_box;
typedef struct rl_segment {
  double x0, y0, x1, y1;
} rl_segment;

typedef struct rl_place_label {
  double x, y;          /* the point that is named */
  double width, height; /* of the name; afterwards of what is written of it */
  double brief;    /* width of a shorter one, where the name finds no place; 0: there is none */
  double priority; /* the largest is placed first; of equals the first */
  bool near;       /* it stands close to the point or nowhere */
  unsigned group;  /* of places on a line: one label of those of a number is enough; 0: of a mark */
  bool placed;
  bool shortened; /* the place is that of the shorter name */
  double whole;   /* its width when it was given */
  bool leader;    /* the name stands so far off that a line should lead to it */
  rl_box box;
} rl_place_label;

typedef struct rl_placing {
  rl_box bounds;       /* names stay inside */
  double gap;          /* between a point and its name */
  double apart;        /* points that stand no further from each other are one */
  double mark;         /* half of a point's width */
  bool no_leaders;     /* none can be drawn: every name stands beside its point */
  const rl_box *boxes; /* nothing may lie over these: points, texts */
  size_t box_count;
  size_t text_count;       /* so many of them, the last ones, are texts: no leader crosses those */
  const rl_segment *lines; /* nor over these */
  size_t line_count;
  rl_place_label *labels;
  size_t label_count;
  size_t *order;         /* room for label_count */
  rl_place_label *spare; /* likewise; NULL: what finds no place at first finds none */
} rl_placing;

bool rl_boxes_overlap(const rl_box *a, const rl_box *b);
bool rl_box_inside(const rl_box *inner, const rl_box *outer);
bool rl_box_meets(const rl_box *box, const rl_segment *line);
/* Places each label or leaves it unplaced when no place around its point is free. Placed ones lie
 * inside the bounds and overlap neither a box nor each other. One without a leader is clearly
 * nearer to its own point than to any other; a leader crosses no other one, no placed label and no
 * point that does not lie over its own. Where few find none, those are placed before all others, as
 * long as that leaves fewer without. */
void rl_labels_place(rl_placing *place);

#endif
