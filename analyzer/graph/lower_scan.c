/* Statements to operators: state-space models. T new tokens, C channels, N values that a channel
 * keeps; H heads of P channels, whose B and C come in G groups. */
#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* What a scan reads besides its inputs, and what it writes. */
typedef struct scan_tensors {
  uint32_t state, decay, bias, skip, out;
} scan_tensors;

/* Steps of a token, and which of those of all ranks. */
typedef struct scan_steps {
  uint64_t count;
  rl_slice slice;
} scan_steps;

/* The decays (as their logarithms, A_log); for each step of a token a bias and a weight of the
 * skip.
 */
static rl_status add_weights(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, rl_weight_shape decay, scan_steps steps,
                             scan_tensors *t) {
  rl_weight_shape skip = {.class_name = "recurrence",
                          .suffix = "skip",
                          .source = values->skip,
                          .gguf = values->gguf_skip,
                          .rows = 1,
                          .cols = steps.count,
                          .col_slice = steps.slice};
  rl_weight_shape bias = {.rows = 1, .cols = steps.count, .col_slice = steps.slice};
  decay.class_name = "recurrence";
  decay.suffix = "weight";
  decay.source = values->weights;
  decay.gguf = values->gguf;
  rl_status status = rl_weight_add(lowering, statement, values, &decay, &t->decay);
  if (status == RL_OK) status = rl_bias_add(lowering, statement, values, bias, &t->bias);
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &skip, &t->skip);
  return status;
}

/* inputs, state, decay, bias?, skip -> state, out */
static rl_status add_scan(rl_lowering *lowering, const rl_op *op, const uint32_t *in,
                          const scan_tensors *t) {
  rl_operand operands[RL_INPUTS_MAX + 6];
  size_t count = 0;
  for (size_t i = 0; i < RL_OP_INFO[op->kind].inputs; i++) {
    operands[count++] = rl_operand_whole(lowering, in[i], RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, t->state, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->decay, RL_READ);
  if (t->bias != RL_NONE) operands[count++] = rl_operand_whole(lowering, t->bias, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->skip, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->state, RL_WRITE);
  operands[count++] = rl_operand_whole(lowering, t->out, RL_WRITE);
  return rl_op_add(lowering, op, operands, count);
}

static rl_status check_tokens(rl_lowering *lowering, const rl_statement *statement, uint32_t in) {
  const rl_tensor *tensor = &lowering->tensors.items[in];
  if (tensor->extent == RL_EXTENT_TOKENS) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, tensor->name);
}

/* x and step [T, C], B and C [T, N], A_log [C, N], D [1, C]; state [C, N]; out [T, C] */
rl_status rl_lower_scan(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  uint32_t in[RL_INPUTS_MAX];
  scan_tensors t;
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (size_t i = 0; i < 4 && status == RL_OK; i++)
    status = check_tokens(lowering, statement, in[i]);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  rl_weight_shape decay = {
      .rows = shape.cols, .cols = values->states, .row_slice = shape.col_slice};
  status = rl_width_check(lowering, statement, in[1], 1, shape.cols);
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[2], 1, values->states);
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[3], 1, values->states);
  if (status == RL_OK) {
    status = rl_state_find(lowering, statement, RL_STATE_RECURRENT, shape.cols, values->states,
                           &t.state);
  }
  const scan_steps steps = {shape.cols, shape.col_slice};
  if (status == RL_OK) status = add_weights(lowering, statement, values, decay, steps, &t);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &t.out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_SCAN);
  op.at.states = values->states;
  return add_scan(lowering, &op, in, &t);
}

/* Heads share B and C evenly; x, B and C of a token stand one after the other in the first input.
 */
static rl_status check_ssd(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, const uint32_t in[2], uint64_t *channels) {
  char heads[RL_NUMBER_TEXT], groups[RL_NUMBER_TEXT];
  uint64_t shared, width;
  if (values->heads % values->groups != 0) {
    return RL_REPORT(lowering->diags, HEADS_PER_GROUP, statement->loc,
                     rl_print_grouped(values->heads, heads),
                     rl_print_grouped(values->groups, groups));
  }
  bool fits = rl_mul_u64(values->heads, values->head_dim, channels) &&
              rl_mul_u64(values->groups, values->states, &shared) &&
              rl_mul_u64(shared, 2, &shared) && rl_add_u64(*channels, shared, &width);
  if (!fits) return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  rl_status status = check_tokens(lowering, statement, in[0]);
  if (status == RL_OK) status = check_tokens(lowering, statement, in[1]);
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[0], 1, width);
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[1], 1, values->heads);
  return status;
}

/* x, B, C [T, H P + 2 G N], step [T, H], A_log, bias and D [1, H]; state [H P, N]; out [T, H P] */
rl_status rl_lower_ssd(rl_lowering *lowering, const rl_statement *statement,
                       const rl_evaluated *values) {
  rl_op_kind kind = RL_OP_SSD;
  uint32_t in[RL_INPUTS_MAX];
  uint64_t channels = 0;
  scan_tensors t;
  (void)rl_operator_find(statement->op, &kind);
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_ssd(lowering, statement, values, in, &channels);
  if (status != RL_OK) return status;
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, channels);
  shape.col_slice = rl_heads_columns(lowering, values->heads, values->head_dim);
  const scan_steps steps = {values->heads, rl_heads_slice(lowering, values)};
  rl_weight_shape decay = {.rows = 1, .cols = values->heads, .col_slice = steps.slice};
  status =
      rl_state_find(lowering, statement, RL_STATE_RECURRENT, channels, values->states, &t.state);
  if (status == RL_OK) status = add_weights(lowering, statement, values, decay, steps, &t);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &t.out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, kind);
  op.at.has_bias = values->has_bias;
  op.at.heads = values->heads;
  op.at.head_dim = values->head_dim;
  op.at.groups = values->groups;
  op.at.states = values->states;
  op.at.chunk = values->chunk;
  return add_scan(lowering, &op, in, &t);
}
