/* Random points and machines out of a tape. */
#ifndef RL_TESTS_DRAW_H
#define RL_TESTS_DRAW_H

#include "graph/point.h"
#include "spec/hardware.h"
#include "tape.h"

enum { RL_DRAW_GROUPS = 4, RL_DRAW_NODES = 24 };

/* A point with its own memory: pass it by address, never by value. */
typedef struct rl_drawn_point {
  rl_group groups[RL_DRAW_GROUPS];
  rl_tree trees[RL_DRAW_GROUPS];
  int32_t parents[RL_DRAW_GROUPS][RL_DRAW_NODES];
  rl_point point;
} rl_drawn_point;

typedef struct rl_draw_limits {
  uint64_t groups, count, q, cached; /* at most */
  bool trees;
  bool logits; /* any kind of wanted logits; otherwise the last token's */
} rl_draw_limits;
extern const rl_draw_limits RL_DRAW_ANY;

/* Describes itself when the tape is loud. */
void rl_draw_point(rl_tape *tape, const rl_draw_limits *limits, rl_drawn_point *out);
void rl_draw_point_print(const rl_point *point);

enum { RL_DRAW_PEAKS = 5, RL_DRAW_LEVELS = 2 };
typedef struct rl_drawn_hardware {
  rl_peak peaks[RL_DRAW_PEAKS];
  rl_memory_level levels[RL_DRAW_LEVELS];
  rl_hardware hardware;
} rl_drawn_hardware;

/* A machine with tensor engines, a vector engine, a cache faster than main memory. */
void rl_draw_hardware(rl_tape *tape, rl_drawn_hardware *out);
/* A copy that may be changed. */
void rl_draw_hardware_copy(const rl_drawn_hardware *from, rl_drawn_hardware *to);

#endif
