/* Operators that work value by value, the fast rows: a piece at a time through the function of an
 * instruction set. */
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"

enum { PIECES = 2 /* of two operands */ };

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

bool rl_fast_values_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)op;
  return rl_fast_room(limits, 0, (uint64_t)PIECES * RL_FAST_PIECE, size);
}

static void change(const rl_call *call, uint64_t at, uint64_t count, float *room) {
  const rl_view *right = rl_call_read(call, 1), *out = rl_call_write(call, 0);
  const float *a = rl_fast_load(call, rl_call_read(call, 0), at, count, room), *b = NULL;
  if (right != NULL) b = rl_fast_load(call, right, at, count, room + RL_FAST_PIECE);
  float *y = rl_fast_place(out, at, room);
  call->kernel->values->run(call->op, a, b, y, count);
  rl_fast_store(call, out, at, count, y);
}

void rl_fast_values(const rl_call *call) {
  rl_fast_pieces(call, PIECES, change);
}

void rl_fast_values_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
