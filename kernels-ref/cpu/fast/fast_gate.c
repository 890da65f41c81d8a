/* A fused group of an activation and the product that takes it, the fast row: piece by piece, what
 * lies between the two never leaves the nearest cache. */
#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/values_tile.h"

enum { PIECE = 2048, PARTS = 2 };

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
  return rl_fast_room(limits, 0, (uint64_t)3 * PIECE, size);
}

/* The group's operand that reads the tensor. */
static const rl_view *view_of(const rl_call *call, uint32_t tensor) {
  uint32_t o = 0;
  while (operand_of(call->program, call->op, o)->tensor != tensor) o++;
  return &call->views[o];
}

static void gate_pieces(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_program *program = call->program;
  const rl_op *act = &program->parts[call->op->first_part], *product = act + 1;
  const uint32_t gate = operand_of(program, act, 0)->tensor;
  const uint32_t made = operand_of(program, act, 1)->tensor;
  const uint32_t slot = operand_of(program, product, 0)->tensor == made ? 1 : 0;
  const rl_view *gates = view_of(call, gate), *out = rl_call_write(call, 0);
  const rl_view *others = view_of(call, operand_of(program, product, slot)->tensor);
  const uint64_t values = rl_call_blocks(call) * out->block;
  for (uint64_t at = first * PIECE; at < rl_min_u64(end * PIECE, values); at += PIECE) {
    const uint64_t n = rl_min_u64(PIECE, values - at);
    const float *x = rl_fast_load(call, gates, at, n, room);
    call->parts[0]->values->run(act, x, NULL, room + PIECE, n);
    const float *b = rl_fast_load(call, others, at, n, room + (size_t)2 * PIECE);
    call->parts[1]->values->run(product, room + PIECE, b, room, n);
    rl_fast_store(call, out, at, n, room);
  }
}

void rl_fast_gate(const rl_call *call) {
  const uint64_t values = rl_call_blocks(call) * rl_call_write(call, 0)->block;
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_ceil_div(values, PIECE),
                                 .values = rl_min_u64(values, PIECE),
                                 .room = (uint64_t)3 * PIECE,
                                 .work = gate_pieces,
                                 .context = call});
}

void rl_fast_gate_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
