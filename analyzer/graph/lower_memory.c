/* Statements to operators: a memory that is looked up by what the last tokens were. T new tokens, K
 * looked-up rows a token: a table for each head and each number of tokens from 2 to `orders` (Cheng
 * et al. 2026, 2.2). And one of which a sequence fetches a block for all of its tokens (Pouransari et
 * al. 2025, 2.1). */
#include <math.h>

#include "base/checked.h"
#include "graph/lowering.h"

enum { ORDERS_MAX = 16, HEADS_MAX = 4096, BLOCKS_MAX = 1 << 20 };

static rl_status report_lookups(rl_lowering *lowering, const rl_statement *statement) {
  return RL_REPORT(lowering->diags, HASH_SHAPE, statement->loc, "");
}

/* K of the statement, and the rows of all its tables together. */
static rl_status count_lookups(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values, uint64_t *lookups, uint64_t *rows) {
  if (values->orders < 2 || values->orders > ORDERS_MAX || values->heads > HEADS_MAX) {
    return report_lookups(lowering, statement);
  }
  *lookups = (values->orders - 1) * values->heads;
  if (!rl_mul_u64(*lookups, values->rows, rows) || *rows > UINT32_MAX) {
    return report_lookups(lowering, statement);
  }
  return RL_OK;
}

/* The ids before the first new token, which a sequence keeps: whole numbers, exact in fp32 below
 * 2^24. */
static rl_status add_history(rl_lowering *lowering, const rl_statement *statement, uint64_t tokens,
                             uint32_t *out) {
  const rl_tensor history = {.name = rl_attribute_find(statement, "state")->value->text,
                             .role = RL_ROLE_STATE,
                             .format = &RL_FORMAT_EXACT,
                             .extent = RL_EXTENT_SEQUENCES,
                             .rows = 1,
                             .cols = tokens,
                             .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  return rl_tensor_add(lowering, &history, out);
}

/* ids [T], history [orders - 1]; chosen [T, K] numbers of rows */
rl_status rl_lower_hash(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  uint64_t lookups = 0, rows = 0;
  uint32_t history, chosen;
  rl_status status = count_lookups(lowering, statement, values, &lookups, &rows);
  if (status != RL_OK) return status;
  rl_tensor choice = {.role = RL_ROLE_CHOICE,
                      .extent = RL_EXTENT_TOKENS,
                      .rows = 1,
                      .cols = lookups,
                      .experts = rows,
                      .top_k = lookups};
  status = rl_ids_find(lowering);
  if (status == RL_OK) status = add_history(lowering, statement, values->orders - 1, &history);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &choice, &chosen);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_HASH);
  op.at.orders = values->orders;
  op.at.heads = values->heads;
  op.at.table_rows = values->rows;
  op.at.experts = rows;
  op.at.top_k = lookups;
  const rl_operand operands[] = {rl_operand_whole(lowering, lowering->ids, RL_READ),
                                 rl_operand_whole(lowering, history, RL_READ),
                                 rl_operand_whole(lowering, history, RL_WRITE),
                                 rl_operand_whole(lowering, chosen, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* chosen [T, K], tables [rows, cols]; out [T, K * cols] */
rl_status rl_lower_gather(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX], table, out;
  uint64_t width;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  const rl_tensor choice = lowering->tensors.items[in[0]];
  const rl_weight_shape request = {.class_name = "embed",
                                   .suffix = "weight",
                                   .source = values->weights,
                                   .gguf = values->gguf,
                                   .rows = choice.experts,
                                   .cols = values->cols,
                                   .experts = choice.experts,
                                   .top_k = choice.top_k};
  if (!rl_mul_u64(choice.top_k, values->cols, &width)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  rl_tensor shape = rl_activation_shape(lowering, choice.extent, 1, width);
  status = rl_weight_add(lowering, statement, values, &request, &table);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_GATHER);
  op.at.experts = choice.experts;
  op.at.top_k = choice.top_k;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, table, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* a, b [T, d]; out [T, 1] */
rl_status rl_lower_dot(rl_lowering *lowering, const rl_statement *statement,
                       const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX], out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  const rl_tensor *a = &lowering->tensors.items[in[0]], *b = &lowering->tensors.items[in[1]];
  rl_tensor shape = rl_activation_shape(lowering, a->extent, 1, 1);
  if (a->extent != b->extent) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, b->name);
  }
  status = rl_width_check(lowering, statement, in[1], 1, a->cols);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_DOT);
  op.at.factor = values->root == 0 ? 1 : 1 / sqrt(values->root);
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* The cluster that each sequence belongs to, a number it is given with its first tokens. */
static rl_status find_clusters(rl_lowering *lowering) {
  const rl_tensor clusters = {.name = "clusters",
                              .role = RL_ROLE_IDS,
                              .extent = RL_EXTENT_SEQUENCES,
                              .rows = 1,
                              .cols = 1,
                              .run = RL_NONE};
  if (lowering->clusters != RL_NONE) return RL_OK;
  return rl_tensor_add(lowering, &clusters, &lowering->clusters);
}

/* clusters [N]; chosen [T] numbers of blocks, of which equally many clusters share one each */
rl_status rl_lower_fetch(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values) {
  uint32_t chosen;
  const rl_tensor choice = {.role = RL_ROLE_CHOICE,
                            .extent = RL_EXTENT_TOKENS,
                            .rows = 1,
                            .cols = 1,
                            .by_sequence = true,
                            .experts = values->experts,
                            .top_k = 1};
  if (values->experts > BLOCKS_MAX || values->clusters > UINT32_MAX ||
      values->clusters % values->experts != 0) {
    return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE,
                     rl_attribute_find(statement, "experts")->value->loc, "experts",
                     "a divisor of clusters up to 1,048,576");
  }
  rl_status status = find_clusters(lowering);
  if (status == RL_OK) status = rl_result_find(lowering, statement, "chosen", &choice, &chosen);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_FETCH);
  op.at.experts = values->experts;
  op.at.top_k = 1;
  op.at.clusters = values->clusters;
  const rl_operand operands[] = {rl_operand_whole(lowering, lowering->clusters, RL_READ),
                                 rl_operand_whole(lowering, chosen, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}
