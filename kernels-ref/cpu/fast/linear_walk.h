/* A matrix in panels times a batch of inputs, by the threads of the team: what the fast rows of
 * `linear` and `expert_linear` share. */
#ifndef RL_CPU_LINEAR_WALK_H
#define RL_CPU_LINEAR_WALK_H

#include "kernels-ref/cpu/fast/linear_inputs.h"
#include "kernels-ref/cpu/fast/team.h"

/* Whether a row's tile multiplies the weight; inputs of the tensor, in what the operator says; and
 * writes such results. The weight's pieces are as many as the operator has matrices. */
bool rl_linear_weights_fit(const rl_tensor *weight, uint64_t pieces, const rl_kernel *kernel);
bool rl_linear_inputs_fit(const rl_tensor *in, const rl_op *op, uint64_t cols,
                          const rl_kernel *kernel);
bool rl_linear_results_fit(const rl_tensor *out);

/* --- memory --- */

typedef struct rl_linear_sizes {
  uint64_t inputs, gathered, biases; /* gathered: inputs that are put together again */
  uint32_t threads;
} rl_linear_sizes;

/* Where the parts of the workspace begin, in floats; _each: of one thread. */
typedef struct rl_linear_layout {
  uint64_t x_bytes, groups, row_bytes, load_each, room_each;
  uint64_t load, x, sums, scales, own_x, own_sums, own_scales, bias, room, end;
} rl_linear_layout;
/* False on overflow. */
bool rl_linear_lay_out(const rl_linear_tile *tile, const rl_tensor *weight,
                       const rl_linear_sizes *sizes, rl_linear_layout *layout);

/* --- the call --- */

typedef struct rl_linear_walk {
  const rl_view *weight, *out;
  const rl_linear_tile *tile;
  rl_linear_task task;
  rl_linear_batch batch;
  rl_panels panels;
  const uint8_t *weights; /* of the matrix, */
  uint64_t rows;          /* which has so many */
  const float *bias;      /* [rows]; NULL: none */
  const int32_t *places;  /* of the tokens' results, `block` values each; NULL: in order */
  uint64_t block;
  float *load, *room;
  uint64_t load_each, room_each;
} rl_linear_walk;

/* The task of the weight's matrices of so many rows, and room in the call's workspace. */
void rl_linear_begin(rl_linear_walk *walk, const rl_call *call, const rl_view *weight,
                     const rl_linear_layout *layout);
/* Input rows[slot] becomes token `slot` of the batch, for all its tokens. */
void rl_linear_load_all(const rl_linear_walk *walk, const int32_t *rows, uint32_t threads);
/* One bias a row from row `first` on, where they lie or put into the room. */
const float *rl_linear_bias(const rl_view *bias, uint64_t first, uint64_t rows, float *room);
/* A member's share of the matrix, multiplied with all tokens. */
void rl_linear_walk_share(const rl_linear_walk *walk, rl_team_member member);
/* Threads write results as bytes; what was written is marked when all are. */
void rl_linear_mark(const rl_linear_walk *walk);

#endif
