/* What the fast rows of `linear` share: weights are read where they are stored, row by row, nothing
 * is packed anew and nothing is kept twice. Inputs are arranged once a call, in the order in which
 * an instruction set takes a stored chunk of weights apart.
 *
 * y[t][r] = x_scale[t] * (sum over groups g of scale[r][g] * dot(code - centre, x[t]) + shift[r][g]
 * * sum(x[t], g)). Each sum has one order: chunk after chunk in every lane of a vector, then the
 * lanes in halves; it depends neither on the number of tokens, nor on threads, nor on the tile. */
#ifndef RL_CPU_LINEAR_TILE_H
#define RL_CPU_LINEAR_TILE_H

#include "kernels-ref/cpu/kernel.h"

/* Rows of weights that are walked side by side. */
enum { RL_TILE_ROWS = 4 };

/* A chunk is `step` columns. Of a chunk's inputs, plane p holds columns p, p + planes, ... */
typedef struct rl_linear_input {
  rl_type type; /* RL_F32, RL_BF16 or RL_I8 */
  uint32_t step, planes;
} rl_linear_input;

typedef struct rl_linear_task {
  const uint8_t *weights; /* of row 0 */
  uint64_t rows, cols, row_bytes;
  uint64_t scales, zeros; /* bytes from the beginning of a row */
  const rl_component *component;
  uint64_t group, groups; /* columns of one scale; of a row */
  float centre;           /* code that the kernel takes for zero */
  bool shifted;           /* codes have another zero: shifts are added */
  uint64_t tokens;
  const uint8_t *x;      /* [tokens] arranged inputs */
  uint64_t x_bytes;      /* of one token */
  const float *sums;     /* [tokens][padded groups] of the inputs of a group */
  uint64_t padded;       /* groups, rounded up so that vectors may run over their end */
  const float *x_scales; /* [tokens]; NULL: 1 */
  float *y;              /* [tokens][rows] */
} rl_linear_task;

/* One way to walk stored weights with one instruction set. */
struct rl_linear_tile {
  rl_linear_input input;
  uint32_t
      lane_columns; /* neighbours of a chunk that one lane sums; 0: chunks lie within a group */
  float centre;
  bool whole_rows; /* one scale a row: its codes are summed in integers to the end */
  /* Rows [first, end) for all tokens. scratch: [RL_TILE_ROWS][2][padded] floats. */
  void (*rows)(const rl_linear_task *task, float *scratch, uint64_t first, uint64_t end);
};

/* The first group of each chunk, without a division a chunk. */
typedef struct rl_group_walk {
  uint64_t group, left;    /* here, and chunks until the next one */
  uint64_t chunks, groups; /* of a group; groups a chunk goes on by */
} rl_group_walk;

static inline rl_group_walk rl_group_walk_begin(const rl_linear_task *task, uint64_t step) {
  rl_group_walk walk = {.groups = 1, .chunks = 1};
  if (task->groups == 1) {
    walk.chunks = UINT64_MAX;
  } else if (task->group >= step) {
    walk.chunks = task->group / step;
  } else {
    walk.groups = step / task->group;
  }
  walk.left = walk.chunks;
  return walk;
}

static inline void rl_group_walk_next(rl_group_walk *walk) {
  if (--walk->left > 0) return;
  walk->left = walk->chunks;
  walk->group += walk->groups;
}

/* Scale and shift of every group of a row, decoded; [groups] each. */
void rl_linear_zeros(const rl_linear_task *task, const uint8_t *row, const float *scales,
                     float *shifts);
/* The code that stands for zero in a row of one group. */
int32_t rl_linear_zero(const rl_linear_task *task, const uint8_t *row);

#endif
