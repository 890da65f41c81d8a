/* What the fast rows of `linear` share. Weights are read in panels of 16 rows (panels.h): a vector
 * of weights is one unit of each row, an input's word of the same columns stands in every lane, and
 * a lane sums one row. Nothing is added across lanes.
 *
 * y[t][r] = x_scale[t] * sum over groups g of scale[r][g] * sum over the columns of g, in their
 * order, of (code - zero[r][g]) * x[t]. Each sum has that one order, whatever the number of tokens,
 * threads and panels. */
#ifndef RL_CPU_LINEAR_TILE_H
#define RL_CPU_LINEAR_TILE_H

#include "kernels-ref/cpu/kernel.h"

/* Panels that are walked side by side, and tokens of the widest tile. */
enum { RL_TILE_PANELS = 2, RL_TILE_TOKENS_MOST = 12 };
enum { RL_TILE_ROWS = RL_TILE_PANELS * RL_PANEL_ROWS };

/* A unit of a row is `step` columns; its inputs are `planes` words, of which number p holds columns
 * p, p + planes, ... */
typedef struct rl_linear_input {
  rl_type type; /* RL_F32, RL_BF16 or RL_I8 */
  uint32_t step, planes;
} rl_linear_input;

typedef struct rl_linear_task {
  const rl_component *component;
  rl_type scale;        /* of codes: type, */
  uint32_t scale_bytes; /* bytes of one a row of a panel, */
  uint32_t middle;      /* and the code that stands for zero where none is stored */
  bool zero_codes;      /* zeros are stored as codes are, */
  uint32_t zeros_each;  /* so many a byte, two or one */
  uint64_t cols;
  uint64_t group, groups; /* columns of one scale; of a row */
  uint64_t units;         /* whole units of a row; `last` holds the shorter one behind them */
  bool shorter;
  uint64_t zeros, codes; /* bytes from the beginning of a panel, which is scales */
  float centre;          /* code that a tile for floats takes for zero */
  bool shifted;          /* codes have another zero there */
} rl_linear_task;

/* Two panels, their codes, and of each the shorter last unit filled up with zeros. Tiles of more
 * than four tokens ask for the line at `ask` with each unit, the next one `ask_step` bytes on. */
typedef struct rl_linear_panels {
  const uint8_t *at[RL_TILE_PANELS], *codes[RL_TILE_PANELS];
  const uint8_t *last[RL_TILE_PANELS];
  const uint8_t *ask[RL_TILE_PANELS];
  size_t ask_step;
} rl_linear_panels;

/* Inputs of the tokens of one tile, word by word: [units][planes][tokens]. */
typedef struct rl_linear_inputs {
  const uint8_t *x;
  const uint8_t *sums; /* [groups][tokens] words: of floats the sums of a group's inputs; of int8
                          the same as integers, negative, and times the
                          middle code where no zeros are stored */
  uint32_t tokens;
} rl_linear_inputs;

/* One way to multiply panels with one instruction set. */
struct rl_linear_tile {
  rl_linear_input input;
  uint32_t tokens; /* that are multiplied at once, at most */
  float centre;
  /* y: [tokens][RL_TILE_ROWS], written. */
  void (*multiply)(const rl_linear_task *task, const rl_linear_panels *panels,
                   const rl_linear_inputs *inputs, float *y);
  bool blocks; /* weights are blocks of the GGUF format, whose codes have zero `centre` */
  rl_block block;
};

#endif
