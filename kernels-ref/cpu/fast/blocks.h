/* What the fast rows share that work block by block: values of views as floats, and threads that
 * share the blocks where these are many. */
#ifndef RL_CPU_BLOCKS_H
#define RL_CPU_BLOCKS_H

#include "kernels-ref/cpu/fast/runs.h"
#include "kernels-ref/cpu/kernel.h"

/* count values from flat index `at` on, in `room` or, when they are floats already, where they
 * stand. */
const float *rl_fast_load(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                          float *room);
/* The same, in room: to be changed. */
void rl_fast_load_into(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                       float *room);
/* Where values may be put that rl_fast_store then finds in their place: in memory, or in room. */
float *rl_fast_place(const rl_view *view, uint64_t at, float *room);
void rl_fast_store(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                   const float *values);
/* One row of a tensor in integers around a fixed zero, one scale a row or group (Dettmers et al.
 * 2022, 2.1): scales and codes as rl_view_write chooses them, bit by bit. */
void rl_fast_store_codes(const rl_call *call, const rl_view *view, uint64_t row,
                         const float *values);

bool rl_fast_is_float(const rl_tensor *tensor); /* dense, of a floating type */
bool rl_fast_is_coded(const rl_tensor *tensor); /* as rl_fast_store_codes writes */
/* Every operand is dense. */
bool rl_fast_all_float(const rl_program *program, const rl_op *op);

/* Calls work(context, room, first, end) for shares of the blocks, each with `room` floats of the
 * workspace from `shared` on; on several threads where the blocks hold many values. What becomes of
 * a block is the same. */
typedef struct rl_fast_walk {
  const rl_call *call;
  uint64_t blocks, values; /* of a block, all operands */
  uint64_t shared, room;   /* floats that are of all, of each thread */
  void (*work)(const void *context, float *room, uint64_t first, uint64_t end);
  const void *context;
} rl_fast_walk;
void rl_fast_blocks(const rl_fast_walk *walk);
/* The same for values that stand one behind the other, whatever blocks they are of: of as many as
 * the result has, `count` from flat index `at` on, with room for so many pieces of them. */
enum { RL_FAST_PIECE = 2048 };
typedef void rl_fast_piece(const rl_call *call, uint64_t at, uint64_t count, float *room);
void rl_fast_pieces(const rl_call *call, uint64_t pieces, rl_fast_piece *work);
/* Workspace of such a walk. False on overflow. */
bool rl_fast_room(const rl_pass_limits *limits, uint64_t shared, uint64_t room,
                  rl_workspace_size *size);
/* Bytes of whole stored rows that hold that many values. */
uint64_t rl_fast_bytes(const rl_view *view, uint64_t values);
/* Of each operand `blocks` blocks, of weights everything; nothing where there is no block. No
 * product of matrices. */
void rl_fast_declare(const rl_call *call, uint64_t blocks, rl_declared *declared);

#endif
