/* Statements to operators: what modules that predict further tokens read (DeepSeek-AI 2024,
 * DeepSeek-V3, 2.2). T new tokens, R tokens whose logits are wanted, d width. */
#include "base/number.h"
#include "graph/lowering.h"

/* The ids that `sample` has written. */
static rl_status check_sampled(rl_lowering *lowering, const rl_statement *statement, uint32_t in) {
  const rl_tensor *tensor = &lowering->tensors.items[in];
  if (tensor->role == RL_ROLE_IDS && tensor->extent == RL_EXTENT_LOGIT_ROWS) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_HOLDS, statement->loc, tensor->name,
                   "no ids of sampled tokens", statement->op);
}

/* The module stands behind the head: stages of a pipeline cannot share what both need. */
static rl_status check_stages(const rl_lowering *lowering) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  char text[RL_NUMBER_TEXT];
  if (parallel->pipeline <= 1) return RL_OK;
  return RL_REPORT(lowering->diags, NO_PARALLELISM, parallel->loc, "pipeline",
                   rl_print_grouped(parallel->pipeline, text));
}

/* ids [T, 1], sampled [R, 1], table [rows, cols]; out [T, cols] */
rl_status rl_lower_embed_next(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_EMBED_NEXT);
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, values->cols);
  rl_weight_shape table = {
      .class_name = "embed",
      .suffix = "weight",
      .source = values->weights,
      .gguf = values->gguf,
      .rows = values->rows,
      .cols = values->cols,
      .row_slice = rl_slice_of(lowering->before.rows, values->rows, lowering->whole.rows)};
  uint32_t in[1], weight, out;
  shape.partial = table.row_slice.whole != 0;
  op.at.ranks = shape.partial ? lowering->scenario->parallel.tensor : 1;
  op.at.first_row = table.row_slice.first;
  rl_status status = check_stages(lowering);
  if (status == RL_OK) status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_sampled(lowering, statement, in[0]);
  if (status == RL_OK) status = rl_ids_find(lowering);
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &table, &weight);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, lowering->ids, RL_READ),
                                 rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, weight, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}
