/* Statements to operators: an index over the cached tokens, which finds for each query the ones
 * that attention reads (DeepSeek-AI 2025, DeepSeek-V3.2-Exp, eq. 1). T new tokens; H heads of the
 * index, d values each; one key of d values a token for all of them; k tokens chosen at most. */
#include "graph/lowering.h"

/* Tensors of every new token, whole on this rank: all ranks have the same index. */
static rl_status find_tokens(rl_lowering *lowering, const rl_statement *statement, rl_op_kind kind,
                             uint32_t *in) {
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (size_t i = 0; i < rl_operator_inputs(kind) && status == RL_OK; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[in[i]];
    status = tensor->extent == RL_EXTENT_TOKENS
                 ? rl_check_uncut(lowering, statement, in[i])
                 : RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, tensor->name);
  }
  return status;
}

/* keys [T, d] into a cache of one row a token: in the format that K names for those of an index,
 * else in that of K. */
rl_status rl_lower_index_append(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values) {
  const rl_op op = rl_op_begin(lowering, statement, RL_OP_INDEX_APPEND);
  const rl_format *k = lowering->scenario->k;
  uint32_t keys;
  (void)values;
  rl_status status = find_tokens(lowering, statement, RL_OP_INDEX_APPEND, &keys);
  if (status != RL_OK) return status;
  if (rl_format_is_parted(k)) return rl_parted_refuse(lowering, statement);
  status = rl_row_cache_add(lowering, "index_cache", k->index != NULL ? k->index : k,
                            lowering->tensors.items[keys].cols, &lowering->index_keys);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, keys, RL_READ),
                                 rl_operand_whole(lowering, lowering->index_keys, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}

/* Keys in a format of their own are multiplied in it: queries are quantized to it first. */
static rl_status prepare_queries(rl_lowering *lowering, const rl_statement *statement, rl_op *op,
                                 uint32_t *q) {
  const rl_format *own = lowering->scenario->k->index;
  if (own == NULL) return RL_OK;
  op->compute = own->stack[0].type;
  return rl_input_quantize(lowering, statement, own, q);
}

/* q [T, H d], weights of the heads [T, H], the cached keys; out: numbers of tokens in their
 * sequence [T, k], for each query as many as it sees, k at most. */
rl_status rl_lower_choose_tokens(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CHOOSE_TOKENS);
  uint32_t in[2], out;
  rl_status status = find_tokens(lowering, statement, RL_OP_CHOOSE_TOKENS, in);
  if (status == RL_OK && lowering->index_keys == RL_NONE) {
    status = RL_REPORT(lowering->diags, NO_INDEX_KEYS, statement->loc, statement->op);
  }
  if (status == RL_OK) {
    status = rl_width_check(lowering, statement, in[0], values->heads, values->head_dim);
  }
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[1], values->heads, 1);
  if (status == RL_OK) {
    status = rl_width_check(lowering, statement, lowering->index_keys, 1, values->head_dim);
  }
  if (status == RL_OK) status = prepare_queries(lowering, statement, &op, &in[0]);
  if (status != RL_OK) return status;
  const rl_tensor shape = {
      .role = RL_ROLE_CHOICE, .extent = RL_EXTENT_TOKENS, .rows = 1, .cols = values->top_k};
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  op.at.heads = values->heads;
  op.at.head_dim = values->head_dim;
  op.at.top_k = values->top_k;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, lowering->index_keys, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}
