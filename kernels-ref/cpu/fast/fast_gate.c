/* A fused group of an activation and the product that takes it, the fast row: piece by piece, what
 * lies between the two never leaves the nearest cache. */
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"

enum { PARTS = 2, PIECES = 3 };

static const rl_operand *operand_of(const rl_program *program, const rl_op *op, uint32_t slot) {
  return &program->operands[op->first_operand + slot];
}

/* An activation of the fast rows, and a product of what it makes with another tensor. */
static bool are_parts(const rl_program *program, const rl_op *act, const rl_op *product) {
  if (act->kind != RL_OP_ACTIVATION || product->kind != RL_OP_MUL) return false;
  const uint32_t made = operand_of(program, act, 1)->tensor;
  const bool first = operand_of(program, product, 0)->tensor == made;
  const bool second = operand_of(program, product, 1)->tensor == made;
  return first != second && act->at.activation != RL_GELU && rl_fast_all_float(program, act) &&
         rl_fast_all_float(program, product);
}

/* What lies between the parts is not stored: the group has two reads and one result. */
bool rl_fast_gate_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return op->part_count == PARTS && op->operand_count == 3 &&
         rl_op_tensor(program, op, RL_READ, 1) != NULL &&
         are_parts(program, &program->parts[op->first_part], &program->parts[op->first_part + 1]);
}

bool rl_fast_gate_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)op;
  return rl_fast_room(limits, 0, (uint64_t)PIECES * RL_FAST_PIECE, size);
}

/* The group's operand that reads the tensor. */
static const rl_view *view_of(const rl_call *call, uint32_t tensor) {
  uint32_t o = 0;
  while (operand_of(call->program, call->op, o)->tensor != tensor) o++;
  return &call->views[o];
}

static void gate_piece(const rl_call *call, uint64_t at, uint64_t count, float *room) {
  const rl_program *program = call->program;
  const rl_op *act = &program->parts[call->op->first_part], *product = act + 1;
  const uint32_t gate = operand_of(program, act, 0)->tensor;
  const uint32_t made = operand_of(program, act, 1)->tensor;
  const uint32_t slot = operand_of(program, product, 0)->tensor == made ? 1 : 0;
  const rl_view *other = view_of(call, operand_of(program, product, slot)->tensor);
  const float *x = rl_fast_load(call, view_of(call, gate), at, count, room);
  call->parts[0]->values->run(act, x, NULL, room + RL_FAST_PIECE, count);
  const float *b = rl_fast_load(call, other, at, count, room + (size_t)2 * RL_FAST_PIECE);
  call->parts[1]->values->run(product, room + RL_FAST_PIECE, b, room, count);
  rl_fast_store(call, rl_call_write(call, 0), at, count, room);
}

void rl_fast_gate(const rl_call *call) {
  rl_fast_pieces(call, PIECES, gate_piece);
}

void rl_fast_gate_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
