/* Operators that work value by value, the fast rows: a piece at a time through the function of an
 * instruction set. */
#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"

enum { PIECE = 2048 };

/* gelu in its exact form is left to the scalar row, whose library has the error function; so is a
 * gate for a whole token. */
bool rl_fast_values_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  const bool exact = op->kind == RL_OP_ACTIVATION && op->at.activation == RL_GELU;
  const rl_tensor *right = rl_op_tensor(program, op, RL_READ, 1);
  const rl_tensor *out = rl_op_tensor(program, op, RL_WRITE, 0);
  (void)kernel;
  return rl_fast_all_float(program, op) && !exact &&
         (right == NULL || right->rows * right->cols == out->rows * out->cols);
}

/* A piece of each of two operands. */
bool rl_fast_values_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)op;
  return rl_fast_room(limits, 0, (uint64_t)2 * PIECE, size);
}

/* Blocks stand one behind the other: pieces end where they like. */
static void change(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *left = rl_call_read(call, 0), *right = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  const uint64_t values = rl_call_blocks(call) * out->block;
  for (uint64_t at = first * PIECE; at < rl_min_u64(end * PIECE, values); at += PIECE) {
    const uint64_t n = rl_min_u64(PIECE, values - at);
    const float *a = rl_fast_load(call, left, at, n, room), *b = NULL;
    if (right != NULL) b = rl_fast_load(call, right, at, n, room + PIECE);
    float *y = rl_fast_place(out, at, room);
    call->kernel->values->run(call->op, a, b, y, n);
    rl_fast_store(call, out, at, n, y);
  }
}

void rl_fast_values(const rl_call *call) {
  const uint64_t values = rl_call_blocks(call) * rl_call_write(call, 0)->block;
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_ceil_div(values, PIECE),
                                 .values = rl_min_u64(values, PIECE),
                                 .room = (uint64_t)2 * PIECE,
                                 .work = change,
                                 .context = call});
}

void rl_fast_values_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
