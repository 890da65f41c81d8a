/* States: what a sequence keeps in constant size, and the convolution over its last inputs.
 * T new tokens, C channels, w taps. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

static const rl_component EXACT_STACK[] = {{.kind = RL_DENSE, .type = RL_F32}};
const rl_format RL_FORMAT_EXACT = {
    .name = "fp32", .reference = "fp32", .stack = EXACT_STACK, .depth = 1};

static const rl_format *format_of(const rl_scenario *scenario, rl_state_class state_class) {
  if (state_class == RL_STATE_EXACT) return &RL_FORMAT_EXACT;
  return state_class == RL_STATE_TAIL ? scenario->activations : scenario->state;
}

static uint32_t find_state(const rl_lowering *lowering, const char *name, uint32_t run) {
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[i];
    bool here = tensor->role == RL_ROLE_STATE && tensor->run == run;
    if (here && strcmp(tensor->name, name) == 0) return i;
  }
  return RL_NONE;
}

/* Two statements may share a state, but not see different things in it. */
static rl_status check_shared(const rl_lowering *lowering, const rl_statement *statement,
                              const rl_tensor *shared, const rl_tensor *shape) {
  char had[RL_NUMBER_TEXT], has[RL_NUMBER_TEXT];
  rl_loc loc = rl_attribute_find(statement, "state")->value->loc;
  if (shared->rows == shape->rows && shared->cols == shape->cols &&
      shared->format == shape->format) {
    return RL_OK;
  }
  return RL_REPORT(lowering->diags, STATE_SHAPE, loc, shared->name,
                   rl_print_grouped(shared->rows * shared->cols, had),
                   rl_print_grouped(shape->rows * shape->cols, has));
}

rl_status rl_state_find(rl_lowering *lowering, const rl_statement *statement,
                        rl_state_class state_class, uint64_t rows, uint64_t cols, uint32_t *out) {
  const rl_attribute *name = rl_attribute_find(statement, "state");
  uint64_t ignored;
  rl_tensor state = {
      .name = name->value->text,
      .role = RL_ROLE_STATE,
      .format = format_of(lowering->scenario, state_class),
      .extent = RL_EXTENT_SEQUENCES,
      .rows = rows,
      .cols = cols,
      .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  if (!rl_format_bytes(state.format, rows, cols, &ignored)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, state.name);
  }
  *out = find_state(lowering, state.name, state.run);
  if (*out == RL_NONE) return rl_tensor_add(lowering, &state, out);
  return check_shared(lowering, statement, &lowering->tensors.items[*out], &state);
}

/* What a convolution reads besides its input, and what it writes. */
typedef struct conv_tensors {
  uint32_t in, tail, weights, bias, out;
} conv_tensors;

/* in [T, C], tail [w - 1, C], weight [C, w], bias [1, C]? -> tail, out [T, C] */
static rl_status add_conv(rl_lowering *lowering, const rl_op *op, const conv_tensors *t) {
  rl_operand operands[6];
  size_t count = 0;
  operands[count++] = rl_operand_whole(lowering, t->in, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->tail, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->weights, RL_READ);
  if (t->bias != RL_NONE) operands[count++] = rl_operand_whole(lowering, t->bias, RL_READ);
  operands[count++] = rl_operand_whole(lowering, t->tail, RL_WRITE);
  operands[count++] = rl_operand_whole(lowering, t->out, RL_WRITE);
  return rl_op_add(lowering, op, operands, count);
}

static rl_status check_conv(const rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values, uint32_t in) {
  const rl_tensor *input = &lowering->tensors.items[in];
  if (values->taps < 2) {
    return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE,
                     rl_attribute_find(statement, "taps")->value->loc, "taps",
                     "a whole number from 2");
  }
  if (input->extent == RL_EXTENT_TOKENS) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, input->name);
}

rl_status rl_lower_conv(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  conv_tensors t;
  uint32_t in[RL_INPUTS_MAX];
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_conv(lowering, statement, values, in[0]);
  if (status != RL_OK) return status;
  t.in = in[0];
  rl_tensor shape = lowering->tensors.items[t.in];
  rl_weight_shape weights = {.class_name = "recurrence",
                             .suffix = "weight",
                             .source = values->weights,
                             .gguf = values->gguf,
                             .rows = shape.cols,
                             .cols = values->taps,
                             .row_slice = shape.col_slice};
  rl_weight_shape bias = {.rows = 1, .cols = shape.cols, .col_slice = shape.col_slice};
  uint64_t dilation = values->dilation == 0 ? 1 : values->dilation, tail;
  if (!rl_mul_u64(values->taps - 1, dilation, &tail)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  status = rl_state_find(lowering, statement, RL_STATE_TAIL, tail, shape.cols, &t.tail);
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &weights, &t.weights);
  if (status == RL_OK) status = rl_bias_add(lowering, statement, values, bias, &t.bias);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &t.out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CONV);
  op.at.taps = values->taps;
  op.at.dilation = dilation;
  op.at.has_bias = values->has_bias;
  op.at.has_activation = rl_attribute_find(statement, "activation") != NULL;
  if (op.at.has_activation) op.at.activation = rl_activation_of_choice(values->activation);
  return add_conv(lowering, &op, &t);
}
