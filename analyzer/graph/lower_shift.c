/* Statements to operators: mixing a token with the one before. T new tokens of d values. */
#include "graph/lowering.h"

/* Inputs of one width, a row a token. */
static rl_status find_alike(rl_lowering *lowering, const rl_statement *statement, size_t count,
                            uint32_t *in) {
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (size_t i = 0; i < count && status == RL_OK; i++) {
    const rl_tensor *input = &lowering->tensors.items[in[i]];
    if (input->extent != RL_EXTENT_TOKENS) {
      return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, input->name);
    }
    status = rl_width_check(lowering, statement, in[i], 1, lowering->tensors.items[in[0]].cols);
  }
  return status;
}

/* in [T, d], the token before the first [1, d] -> the last token, out [T, d] */
rl_status rl_lower_token_shift(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX], tail, out;
  (void)values;
  rl_status status = find_alike(lowering, statement, 1, in);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  status = rl_state_find(lowering, statement, RL_STATE_TAIL, 1, shape.cols, &tail);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_TOKEN_SHIFT);
  const rl_operand operands[] = {
      rl_operand_whole(lowering, in[0], RL_READ), rl_operand_whole(lowering, tail, RL_READ),
      rl_operand_whole(lowering, tail, RL_WRITE), rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* x, dx [T, d] and shares m, [1, d] of a weight or [T, d] -> out [T, d] */
static rl_status add_lerp(rl_lowering *lowering, const rl_statement *statement, rl_op_kind kind,
                          const uint32_t in[3]) {
  rl_tensor shape = lowering->tensors.items[in[0]];
  uint32_t out;
  rl_status status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, kind);
  const rl_operand operands[] = {
      rl_operand_whole(lowering, in[0], RL_READ), rl_operand_whole(lowering, in[1], RL_READ),
      rl_operand_whole(lowering, in[2], RL_READ), rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

rl_status rl_lower_lerp(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX];
  rl_status status = find_alike(lowering, statement, 2, in);
  if (status != RL_OK) return status;
  rl_weight_shape shares = {.class_name = "recurrence",
                            .suffix = "weight",
                            .source = values->weights,
                            .gguf = values->gguf,
                            .rows = 1,
                            .cols = lowering->tensors.items[in[0]].cols};
  status = rl_weight_add(lowering, statement, values, &shares, &in[2]);
  return status == RL_OK ? add_lerp(lowering, statement, RL_OP_LERP, in) : status;
}

rl_status rl_lower_lerp_by(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX];
  (void)values;
  rl_status status = find_alike(lowering, statement, 3, in);
  return status == RL_OK ? add_lerp(lowering, statement, RL_OP_LERP_BY, in) : status;
}
