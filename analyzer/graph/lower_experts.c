/* Statements to operators: mixture of experts. A router's logits become a choice of k of E experts
 * and k weights a token; every token then goes through its own experts, whose results are summed.
 * T new tokens, E experts, k of them chosen (Shazeer et al. 2017, 2). */
#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* Which of the experts stand on this rank. */
static void place_experts(const rl_lowering *lowering, rl_op_attributes *at) {
  at->first_expert = rl_expert_slice(lowering, at->experts, &at->held_experts).first;
  at->ranks = lowering->scenario->parallel.expert;
  if (rl_tokens_meet(lowering)) at->meet = at->ranks / lowering->scenario->parallel.tensor;
}

static rl_status check_route(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, uint32_t in) {
  const rl_tensor *logits = &lowering->tensors.items[in];
  const rl_parallel *parallel = &lowering->scenario->parallel;
  char chosen[RL_NUMBER_TEXT], experts[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT];
  if (values->experts < parallel->expert) {
    return RL_REPORT(lowering->diags, EXPERT_RANKS, parallel->loc,
                     rl_print_grouped(values->experts, experts),
                     rl_print_grouped(parallel->expert, most));
  }
  if (values->top_k > values->experts || values->experts > RL_EXPERTS_MAX) {
    return RL_REPORT(
        lowering->diags, ROUTE_EXPERTS, statement->loc, rl_print_grouped(values->top_k, chosen),
        rl_print_grouped(values->experts, experts), rl_print_grouped(RL_EXPERTS_MAX, most));
  }
  if (logits->extent != RL_EXTENT_TOKENS) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, logits->name);
  }
  rl_status status = rl_check_uncut(lowering, statement, in);
  return status != RL_OK ? status : rl_width_check(lowering, statement, in, 1, values->experts);
}

/* The chosen experts come from some of equal groups, which hold enough of them. */
static rl_status check_groups(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  uint64_t groups = values->expert_groups, taken = values->top_groups;
  char experts[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT], some[RL_NUMBER_TEXT], k[RL_NUMBER_TEXT];
  bool good =
      groups == taken || (groups > 0 && values->experts % groups == 0 && taken > 0 &&
                          taken <= groups && values->experts / groups * taken >= values->top_k);
  if (good) return RL_OK;
  return RL_REPORT(lowering->diags, ROUTE_GROUPS, statement->loc,
                   rl_print_grouped(values->experts, experts), rl_print_grouped(groups, all),
                   rl_print_grouped(taken, some), rl_print_grouped(values->top_k, k));
}

static rl_expert_limit limit_of(const rl_evaluated *values) {
  if (values->expert_groups == values->top_groups) return (rl_expert_limit){0};
  return (rl_expert_limit){.groups = values->expert_groups,
                           .kept = values->top_groups,
                           .best = values->group_score == 0 ? 1 : 2};
}

/* The outputs: chosen [T, k] numbers of experts; out [T, k] weights. */
static rl_status find_route_results(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values, uint32_t *chosen, uint32_t *out) {
  rl_tensor choice = {.role = RL_ROLE_CHOICE,
                      .extent = RL_EXTENT_TOKENS,
                      .rows = 1,
                      .cols = values->top_k,
                      .experts = values->experts,
                      .top_k = values->top_k,
                      .limit = limit_of(values)};
  rl_tensor weights = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, values->top_k);
  rl_status status = rl_result_find(lowering, statement, "chosen", &choice, chosen);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &weights, out);
  return status;
}

/* logits [T, E], correction bias [1, E]? -> chosen [T, k], out [T, k] */
rl_status rl_lower_route(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values) {
  rl_weight_shape request = {.rows = 1, .cols = values->experts};
  uint32_t in[2], bias, chosen, out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_route(lowering, statement, values, in[0]);
  if (status == RL_OK) status = check_groups(lowering, statement, values);
  if (status == RL_OK) status = rl_bias_add(lowering, statement, values, request, &bias);
  if (status == RL_OK) status = find_route_results(lowering, statement, values, &chosen, &out);
  if (status != RL_OK) return status;
  rl_exchange_note(lowering, chosen, out);
  rl_op op = rl_op_begin(lowering, statement, RL_OP_ROUTE);
  op.at.has_bias = values->has_bias;
  op.at.experts = values->experts;
  op.at.top_k = values->top_k;
  place_experts(lowering, &op.at);
  op.at.score = (rl_score_kind)values->score;
  op.at.jitter = values->jitter;
  op.at.normalize = values->normalize;
  op.at.expert_limit = limit_of(values);
  op.at.factor = values->scale == 0 ? 1 : values->scale;
  rl_operand operands[4];
  size_t count = 0;
  operands[count++] = rl_operand_whole(lowering, in[0], RL_READ);
  if (bias != RL_NONE) operands[count++] = rl_operand_whole(lowering, bias, RL_READ);
  operands[count++] = rl_operand_whole(lowering, chosen, RL_WRITE);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, &op, operands, count);
}

/* The input has one row a token, or one for each of its k choices. */
static rl_status check_expert_input(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_tensor *in, const rl_tensor *choice) {
  if (in->extent != choice->extent) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, in->name);
  }
  if (in->rows == 1 || in->rows == choice->top_k) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_HOLDS, statement->loc, in->name,
                   "a row for each expert of another choice", statement->op);
}

/* The weights [E * rows, cols] and biases [E, rows] of all experts, one expert after the other. */
static rl_status add_expert_weights(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values, const uint32_t in[2],
                                    uint32_t weights[2]) {
  const rl_tensor *source = &lowering->tensors.items[in[0]];
  const rl_tensor *choice = &lowering->tensors.items[in[1]];
  rl_weight_shape request = {.class_name = "linear",
                             .suffix = "weight",
                             .source = values->weights,
                             .gguf = values->gguf,
                             .cols = source->cols,
                             .may_rotate = true,
                             .top_k = choice->top_k};
  if (choice->extent == RL_EXTENT_CHOICES) request.top_k = lowering->meeting.top_k;
  request.expert_slice = rl_expert_slice(lowering, choice->experts, &request.experts);
  if (!rl_mul_u64(request.experts, values->rows, &request.rows)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  /* of each expert the same rows or columns: a slice counts the rows of one expert */
  request.row_slice = rl_slice_of(lowering->before.rows, values->rows, lowering->whole.rows);
  request.col_slice = source->col_slice;
  rl_weight_shape bias = request;
  bias.rows = request.experts;
  bias.cols = values->rows;
  bias.row_slice = (rl_slice){0};
  bias.col_slice = request.row_slice;
  rl_status status = rl_weight_add(lowering, statement, values, &request, &weights[0]);
  if (status != RL_OK) return status;
  if (request.col_slice.whole != 0 && lowering->rank.tensor != 0) return RL_OK; /* the first's */
  return rl_bias_add(lowering, statement, values, bias, &weights[1]);
}

/* in [T, cols] or [T, k, cols], choice [T, k]; out [T, k, rows] */
rl_status rl_lower_expert_linear(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values) {
  uint32_t in[2], weights[2] = {RL_NONE, RL_NONE}, out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = rl_exchange_begin(lowering, statement, &in[0]);
  if (status != RL_OK) return status;
  in[1] = rl_exchange_here(lowering, in[1]);
  const rl_tensor choice = lowering->tensors.items[in[1]];
  rl_tensor shape = rl_activation_shape(lowering, choice.extent, choice.top_k, values->rows);
  shape.col_slice = rl_slice_of(lowering->before.rows, values->rows, lowering->whole.rows);
  shape.partial = rl_is_cut(&lowering->tensors.items[in[0]]);
  uint64_t held;
  if (choice.extent == RL_EXTENT_TOKENS) {
    shape.expert_slice = rl_expert_slice(lowering, choice.experts, &held);
  }
  status = check_expert_input(lowering, statement, &lowering->tensors.items[in[0]], &choice);
  if (status == RL_OK) status = add_expert_weights(lowering, statement, values, in, weights);
  if (status != RL_OK) return status;
  const rl_format *format = lowering->tensors.items[weights[0]].format;
  status = rl_input_prepare(lowering, statement, format, &in[0]);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_EXPERT_LINEAR);
  op.at.has_bias = weights[1] != RL_NONE;
  op.at.experts = choice.experts;
  op.at.top_k = choice.top_k;
  op.at.expert_limit = choice.limit;
  op.at.by_sequence = choice.by_sequence;
  place_experts(lowering, &op.at);
  op.compute = rl_format_compute(format, lowering->scenario->activations);
  rl_operand operands[5];
  size_t count = 0;
  operands[count++] = rl_operand_whole(lowering, in[0], RL_READ);
  operands[count++] = rl_operand_whole(lowering, in[1], RL_READ);
  operands[count++] = rl_operand_whole(lowering, weights[0], RL_READ);
  if (weights[1] != RL_NONE) operands[count++] = rl_operand_whole(lowering, weights[1], RL_READ);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  status = rl_op_add(lowering, &op, operands, count);
  return status == RL_OK ? rl_output_rotate(lowering, statement, format, out) : status;
}

/* results [T, k, d], weights [T, k]; out [T, d] */
rl_status rl_lower_combine(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  uint32_t in[2], out;
  (void)values;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  in[1] = rl_exchange_here(lowering, in[1]);
  const rl_tensor *results = &lowering->tensors.items[in[0]];
  const rl_tensor *weights = &lowering->tensors.items[in[1]];
  rl_tensor shape = rl_activation_shape(lowering, results->extent, 1, results->cols);
  rl_op op = rl_op_begin(lowering, statement, RL_OP_COMBINE);
  op.at.top_k = results->rows;
  shape.partial = rl_sums_some(results);
  shape.col_slice = results->col_slice;
  if (results->extent != weights->extent) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, weights->name);
  }
  status = rl_width_check(lowering, statement, in[1], 1, results->rows);
  const bool returns = shape.extent == RL_EXTENT_CHOICES;
  shape.name = "weighted";
  shape.run = RL_NONE;
  if (status == RL_OK) {
    status = returns ? rl_tensor_add(lowering, &shape, &out)
                     : rl_output_find(lowering, statement, &shape, &out);
  }
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  status = rl_op_add(lowering, &op, operands, 3);
  return status == RL_OK && returns ? rl_exchange_end(lowering, statement, out) : status;
}
