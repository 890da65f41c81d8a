/* Statements to operators: what stands between a token and its experts besides their linears, and
 * gates. T new tokens, k chosen experts, d width. */
#include "base/checked.h"
#include "graph/lowering.h"

/* Two tensors of equally many tokens. */
static rl_status find_two(rl_lowering *lowering, const rl_statement *statement, uint32_t in[2]) {
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  const rl_tensor *a = &lowering->tensors.items[in[0]], *b = &lowering->tensors.items[in[1]];
  if (a->extent == b->extent) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, b->name);
}

static rl_status add_binary(rl_lowering *lowering, const rl_statement *statement,
                            const rl_tensor *shape, const rl_op *op, const uint32_t in[2]) {
  uint32_t out;
  rl_status status = rl_output_find(lowering, statement, shape, &out);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, op, operands, 3);
}

/* tokens [T, d], weights [T, k]; out [T, k, d] */
rl_status rl_lower_weigh(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values) {
  uint32_t in[2];
  (void)values;
  rl_status status = find_two(lowering, statement, in);
  if (status == RL_OK) status = rl_exchange_begin(lowering, statement, &in[0]);
  if (status != RL_OK) return status;
  in[1] = rl_exchange_here(lowering, in[1]);
  const rl_tensor *tokens = &lowering->tensors.items[in[0]];
  uint64_t k = lowering->tensors.items[in[1]].cols;
  rl_tensor shape = rl_activation_shape(lowering, tokens->extent, k, tokens->cols);
  rl_op op = rl_op_begin(lowering, statement, RL_OP_WEIGH);
  op.at.top_k = k;
  return add_binary(lowering, statement, &shape, &op, in);
}

/* results [T, k, d]; out [T, d] */
rl_status rl_lower_collect(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_COLLECT);
  uint32_t results, out;
  (void)values;
  rl_status status = rl_inputs_find(lowering, statement, &results);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[results];
  if (shape.extent == RL_EXTENT_CHOICES) return rl_exchange_end(lowering, statement, results);
  op.at.top_k = shape.rows;
  shape.rows = 1;
  shape.partial = rl_sums_some(&shape);
  shape.expert_slice = (rl_slice){0};
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, results, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}

/* x [T, d], gate [T, d] or [T, 1]; out [T, d] */
rl_status rl_lower_sigmoid_gate(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values) {
  uint32_t in[2];
  (void)values;
  rl_status status = find_two(lowering, statement, in);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  rl_op op = rl_op_begin(lowering, statement, RL_OP_SIGMOID_GATE);
  bool one = lowering->tensors.items[in[1]].cols == 1;
  if (!one) status = rl_width_check(lowering, statement, in[1], 1, shape.cols);
  if (status != RL_OK) return status;
  return add_binary(lowering, statement, &shape, &op, in);
}
