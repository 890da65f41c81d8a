/* Statements to operators: how a source becomes positions, and positions become tokens.
 * n positions a piece, S those of all new pieces with the lead in front, d width. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* The values that a source consists of are there before the first operator, `rows` frames of `cols`
 * values a position (frames 1: a patch). */
static rl_status find_values(rl_lowering *lowering, const rl_statement *statement, uint64_t rows,
                             uint64_t cols) {
  const rl_attribute *in = rl_attribute_find(statement, "in");
  rl_tensor values = rl_activation_shape(lowering, RL_EXTENT_SOURCE_INPUT, rows, cols);
  if (strcmp(rl_attribute_tensor(in, 0), RL_SOURCE_TENSOR) != 0) return RL_OK;
  if (lowering->source_values != RL_NONE) return RL_OK;
  values.name = RL_SOURCE_TENSOR;
  values.role = RL_ROLE_SOURCE;
  values.run = RL_NONE;
  lowering->source.read = true;
  rl_status status = rl_tensor_add(lowering, &values, &lowering->source_values);
  rl_name *name = status == RL_OK ? RL_PUSH(lowering->arena, &lowering->names) : NULL;
  if (name == NULL) return rl_diag_oom(lowering->diags);
  *name = (rl_name){.name = RL_SOURCE_TENSOR, .tensor = lowering->source_values};
  return RL_OK;
}

static rl_status want_extent(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor,
                             rl_extent extent) {
  const rl_tensor *found = &lowering->tensors.items[tensor];
  if (found->extent == extent) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, found->name);
}

/* [in, weight, bias?, lead?, out]; the operator multiplies in the weight's type. */
static rl_status add_product(rl_lowering *lowering, rl_op *op, const uint32_t tensors[4],
                             uint32_t out) {
  rl_operand operands[5];
  size_t count = 0;
  for (int i = 0; i < 4; i++) {
    if (tensors[i] == RL_NONE) continue;
    operands[count++] = rl_operand_whole(lowering, tensors[i], RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  op->compute = rl_format_compute(lowering->tensors.items[tensors[1]].format,
                                  lowering->scenario->activations);
  return rl_op_add(lowering, op, operands, count);
}

/* Matrix [rows, cols] and bias [1, rows] of the statement, as accurate as activations. */
static rl_status add_weights(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, uint64_t cols, uint32_t tensors[4]) {
  const rl_weight_shape request = {.class_name = "embed",
                                   .suffix = "weight",
                                   .source = values->weights,
                                   .gguf = values->gguf,
                                   .rows = values->rows,
                                   .cols = cols};
  const rl_weight_shape bias = {.rows = 1, .cols = values->rows};
  rl_status status = rl_weight_add(lowering, statement, values, &request, &tensors[1]);
  if (status != RL_OK) return status;
  return rl_bias_add(lowering, statement, values, bias, &tensors[2]);
}

/* in [n, frames, channels], weight [rows, channels * kernel] with the taps of a channel together;
 * out [n, frames / stride, rows]. The frames of a piece are continued with zeros on both sides. */
rl_status rl_lower_frame_conv(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  uint32_t tensors[4] = {RL_NONE, RL_NONE, RL_NONE, RL_NONE}, out;
  uint64_t cols = 0;
  rl_status status = find_values(lowering, statement, values->frames, values->cols);
  if (status == RL_OK) status = rl_inputs_find(lowering, statement, tensors);
  if (status != RL_OK) return status;
  const rl_tensor in = lowering->tensors.items[tensors[0]];
  status = want_extent(lowering, statement, tensors[0], RL_EXTENT_SOURCE_INPUT);
  if (status != RL_OK) return status;
  if (in.rows % values->stride != 0 || values->kernel % 2 == 0) {
    return RL_REPORT(lowering->diags, FRAME_CONV, statement->loc, "");
  }
  uint64_t frames = in.rows / values->stride;
  rl_extent extent = frames == 1 ? RL_EXTENT_SOURCE : RL_EXTENT_SOURCE_INPUT;
  rl_tensor shape = rl_activation_shape(lowering, extent, frames, values->rows);
  if (!rl_mul_u64(in.cols, values->kernel, &cols)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  status = add_weights(lowering, statement, values, cols, tensors);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_FRAME_CONV);
  op.at.has_bias = values->has_bias;
  op.at.kernel = values->kernel;
  op.at.stride = values->stride;
  return add_product(lowering, &op, tensors, out);
}

/* The position in front of each piece [1, d] (Dosovitskiy et al. 2021, eq. 1: x_class). */
static rl_status add_lead(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values, uint32_t *lead) {
  const rl_weight_shape request = {.class_name = "bias",
                                   .suffix = "lead",
                                   .source = values->lead,
                                   .rows = 1,
                                   .cols = values->rows};
  if (values->lead == NULL) return RL_OK;
  lowering->source.lead = 1;
  return rl_weight_add(lowering, statement, values, &request, lead);
}

/* in [n, cols], weight [rows, cols], bias [1, rows], lead [1, rows]; out [S, rows] */
rl_status rl_lower_patch_embed(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values) {
  uint32_t tensors[4] = {RL_NONE, RL_NONE, RL_NONE, RL_NONE}, out;
  rl_status status = find_values(lowering, statement, 1, values->cols);
  if (status == RL_OK) status = rl_inputs_find(lowering, statement, tensors);
  if (status == RL_OK) {
    status = want_extent(lowering, statement, tensors[0], RL_EXTENT_SOURCE_INPUT);
  }
  if (status == RL_OK) status = rl_width_check(lowering, statement, tensors[0], 1, values->cols);
  if (status == RL_OK) status = add_weights(lowering, statement, values, values->cols, tensors);
  if (status == RL_OK) status = add_lead(lowering, statement, values, &tensors[3]);
  if (status != RL_OK) return status;
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_SOURCE, 1, values->rows);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_PATCH_EMBED);
  op.at.has_bias = values->has_bias;
  return add_product(lowering, &op, tensors, out);
}

/* Rotates all values of each head of q [S, H * d_h] and k [S, H_kv * d_h]. */
rl_status rl_lower_rope_2d(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_ROPE_2D);
  const uint64_t heads[2] = {values->heads, values->kv_heads};
  uint32_t in[2];
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK && values->head_dim % 4 != 0) {
    status = RL_REPORT(lowering->diags, ROPE_2D_DIMS, statement->loc, "");
  }
  for (int i = 0; i < 2 && status == RL_OK; i++) {
    status = want_extent(lowering, statement, in[i], RL_EXTENT_SOURCE);
    if (status != RL_OK) return status;
    status = rl_width_check(lowering, statement, in[i], heads[i], values->head_dim);
    rl_twins_forget(lowering, in[i]);
  }
  if (status != RL_OK) return status;
  op.at.heads = values->heads;
  op.at.kv_heads = values->kv_heads;
  op.at.head_dim = op.at.rotary_dims = values->head_dim;
  op.at.rope_base = values->base;
  op.at.merge = values->merge;
  const rl_operand operands[] = {
      rl_operand_whole(lowering, in[0], RL_READ), rl_operand_whole(lowering, in[1], RL_READ),
      rl_operand_whole(lowering, in[0], RL_WRITE), rl_operand_whole(lowering, in[1], RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* merged [S / merge, d]; x [T, d], as many rows of it. Where they go is a launch argument. */
rl_status rl_lower_insert(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  uint32_t in[2];
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = want_extent(lowering, statement, in[0], RL_EXTENT_TOKENS);
  if (status == RL_OK) status = want_extent(lowering, statement, in[1], RL_EXTENT_SOURCE_MERGED);
  if (status != RL_OK) return status;
  uint64_t width = lowering->tensors.items[in[0]].cols;
  status = rl_width_check(lowering, statement, in[1], 1, width);
  if (status == RL_OK && (lowering->ids == RL_NONE || values->token >= lowering->vocabulary)) {
    status = RL_REPORT(lowering->diags, INSERT_TOKEN, statement->loc, "");
  }
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_INSERT);
  op.at.token = lowering->source.token = values->token;
  rl_twins_forget(lowering, in[0]);
  const rl_operand operands[] = {rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, in[0], RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}
