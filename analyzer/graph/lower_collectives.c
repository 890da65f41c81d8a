/* Statements to operators: what ranks send each other so that every one of them has the sum or the
 * parts of all. A group of one rank sends nothing, and its program has no such operator. */
#include "graph/lowering.h"

/* The tensor that `in` names, and the operator on it. */
static rl_status begin(rl_lowering *lowering, const rl_statement *statement, rl_op_kind kind,
                       rl_op *op, uint32_t *in) {
  uint32_t inputs[RL_INPUTS_MAX];
  rl_status status = rl_inputs_find(lowering, statement, inputs);
  *op = rl_op_begin(lowering, statement, kind);
  op->at.ranks = op->at.span = lowering->scenario->parallel.tensor;
  op->at.first_device = lowering->rank.pipeline * rl_stage_devices(lowering);
  op->at.algorithm = lowering->scenario->parallel.algorithm;
  *in = inputs[0];
  return status;
}

/* Partial sums [T, n] become the sum, in place (Thakur et al. 2005, 4.5). */
rl_status rl_lower_all_reduce(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  rl_op op;
  uint32_t in;
  (void)values;
  rl_status status = begin(lowering, statement, RL_OP_ALL_REDUCE, &op, &in);
  if (status != RL_OK || op.at.ranks <= 1) return status;
  rl_tensor *tensor = &lowering->tensors.items[in];
  if (!tensor->partial) {
    return RL_REPORT(lowering->diags, NOTHING_TO_ADD, statement->loc, tensor->name);
  }
  tensor->partial = false;
  rl_twins_forget(lowering, in);
  const rl_operand operands[] = {rl_operand_whole(lowering, in, RL_READ),
                                 rl_operand_whole(lowering, in, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}

/* A part of the columns becomes the whole under the same name (Thakur et al. 2005, 4.1). */
rl_status rl_lower_all_gather(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  rl_op op;
  uint32_t in, out;
  (void)values;
  rl_status status = begin(lowering, statement, RL_OP_ALL_GATHER, &op, &in);
  if (status != RL_OK || op.at.ranks <= 1) return status;
  rl_tensor shape = lowering->tensors.items[in];
  if (!rl_is_cut(&shape)) {
    return RL_REPORT(lowering->diags, NOTHING_TO_GATHER, statement->loc, shape.name);
  }
  shape.cols = shape.col_slice.whole;
  shape.col_slice = (rl_slice){0};
  status = rl_tensor_add(lowering, &shape, &out);
  if (status != RL_OK) return status;
  rl_name_rebind(lowering, in, out);
  const rl_operand operands[] = {rl_operand_whole(lowering, in, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}
