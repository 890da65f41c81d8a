/* Statements to operators: prefix linear attention. The first tokens of a sequence, up to M of
 * them, are read twice: keys and values of their own stand in the sums before any token is read in
 * order. */
#include "base/checked.h"
#include "graph/lowering.h"

rl_status rl_prefix_note(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values, const rl_tensor *in) {
  const rl_attribute *prefix = rl_attribute_find(statement, "prefix");
  if ((prefix != NULL) != (values->tokens == RL_TOKENS_PREFIX)) {
    return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE, statement->loc, "prefix",
                     "given with tokens: prefix, and only there");
  }
  if (prefix == NULL) return RL_OK;
  if (in->extent != RL_EXTENT_TOKENS) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, in->name);
  }
  if (lowering->prefix != 0 && lowering->prefix != values->prefix) {
    return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE, prefix->value->loc, "prefix",
                     "the same in every statement");
  }
  lowering->prefix = values->prefix;
  return RL_OK;
}

enum { QUERY, KEY, VALUE, PREFIX_KEY, PREFIX_VALUE, INPUTS };

static rl_status check_inputs(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values, const uint32_t in[INPUTS]) {
  rl_status status = RL_OK;
  for (int i = 0; i < INPUTS && status == RL_OK; i++) {
    const rl_tensor *input = &lowering->tensors.items[in[i]];
    bool of_prefix = i == PREFIX_KEY || i == PREFIX_VALUE;
    bool of_values = i == VALUE || i == PREFIX_VALUE;
    if (input->extent != (of_prefix ? RL_EXTENT_PREFIX : RL_EXTENT_TOKENS)) {
      return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, input->name);
    }
    status = rl_width_check(lowering, statement, in[i], values->heads,
                            of_values ? values->value_dim : values->key_dim);
  }
  return status;
}

/* 1 + f + f f features a head, and a column for the denominator beside those of the values. */
static bool state_shape(const rl_evaluated *values, uint64_t *rows, uint64_t *cols) {
  return rl_mul_u64(values->key_dim, values->key_dim, rows) &&
         rl_add_u64(*rows, values->key_dim, rows) && rl_add_u64(*rows, 1, rows) &&
         rl_mul_u64(*rows, values->heads, rows) && rl_add_u64(values->value_dim, 1, cols);
}

/* q, k [T, H * f], v [T, H * d_v], k_e, v_e [prefix, the same], S [H * (1 + f + f f), d_v + 1]
 * -> S, out [T, H * d_v] */
rl_status rl_lower_prefix_attention(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX], state, out;
  uint64_t rows, cols;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_inputs(lowering, statement, values, in);
  if (status != RL_OK) return status;
  if (!state_shape(values, &rows, &cols)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  rl_tensor shape =
      rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, values->heads * values->value_dim);
  shape.col_slice = rl_heads_columns(lowering, values->heads, values->value_dim);
  status = rl_state_find(lowering, statement, RL_STATE_RECURRENT, rows, cols, &state);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_PREFIX_ATTENTION);
  op.at.heads = values->heads;
  op.at.key_dim = values->key_dim;
  op.at.value_dim = values->value_dim;
  op.at.chunk = values->chunk;
  op.at.eps = values->eps;
  rl_operand operands[INPUTS + 3];
  for (int i = 0; i < INPUTS; i++) operands[i] = rl_operand_whole(lowering, in[i], RL_READ);
  operands[INPUTS] = rl_operand_whole(lowering, state, RL_READ);
  operands[INPUTS + 1] = rl_operand_whole(lowering, state, RL_WRITE);
  operands[INPUTS + 2] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, &op, operands, INPUTS + 3);
}
