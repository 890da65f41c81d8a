/* Inputs of a linear operator in the order in which tiles read them: the tokens of a tile side by
 * side, word by word. */
#ifndef RL_CPU_LINEAR_INPUTS_H
#define RL_CPU_LINEAR_INPUTS_H

#include "kernels-ref/cpu/fast/linear_tile.h"

typedef struct rl_linear_batch {
  const rl_view *in;
  rl_linear_input input;
  uint64_t cols, group, groups;
  bool summed;                     /* sums of the groups' inputs are wanted; */
  int32_t middle;                  /* those of int8 times so much */
  uint64_t tokens, tiles, x_bytes; /* x_bytes: of one token */
  uint8_t *x;                      /* [tokens][x_bytes] */
  uint8_t *sums;                   /* [tokens][groups] words */
  float *scales;                   /* [tokens] of int8 */
} rl_linear_batch;

/* For one input: its values, and again as tiles store them. */
typedef struct rl_linear_room {
  float *values, *run;
} rl_linear_room;

typedef struct rl_linear_span {
  uint64_t first, count;
} rl_linear_span;

/* Tokens of a tile: as many in each as can be, or one fewer. */
rl_linear_span rl_linear_tile_span(const rl_linear_batch *batch, uint64_t tile);
rl_linear_inputs rl_linear_tile_inputs(const rl_linear_batch *batch, uint64_t tile);
/* Row `row` of the operator's input becomes token `slot`. */
void rl_linear_load(const rl_linear_batch *batch, uint64_t row, uint64_t slot,
                    const rl_linear_room *room);
/* Token `slot` of a batch whose tiles have one token each becomes token `place` of another one. */
void rl_linear_copy(const rl_linear_batch *from, uint64_t slot, const rl_linear_batch *to,
                    uint64_t place);

#endif
