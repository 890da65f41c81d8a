/* Statements to operators: linear attention as a recurrence. Each of H heads keeps a matrix S
 * [d_k, d_v] a sequence, in place of a cache that grows; T new tokens are written into it and read
 * it one after the other. */
#include <math.h>

#include "graph/lowering.h"

/* How many heads of how many values an input of the operator has. */
typedef struct head_input {
  uint64_t heads, dim;
} head_input;

enum { INPUTS_MAX = 4, WEIGHTS_MAX = 2 };

typedef struct recurrence {
  rl_op op;
  head_input shapes[INPUTS_MAX];
  size_t input_count;
  uint32_t weights[WEIGHTS_MAX];
  size_t weight_count;
} recurrence;

static recurrence begin(const rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values, rl_op_kind kind) {
  recurrence r = {.op = rl_op_begin(lowering, statement, kind)};
  r.op.at.heads = values->heads;
  r.op.at.key_heads = values->heads;
  r.op.at.first_head = rl_heads_before(lowering);
  r.op.at.all_heads = lowering->whole.heads;
  r.op.at.key_dim = values->key_dim;
  r.op.at.value_dim = values->value_dim;
  r.op.at.chunk = values->chunk;
  r.op.at.score_scale = values->scale_root == 0 ? 1 : 1 / sqrt(values->scale_root);
  return r;
}

static void add_input(recurrence *r, uint64_t heads, uint64_t dim) {
  r->shapes[r->input_count++] = (head_input){heads, dim};
}

/* A weight of one row for each head. */
static rl_status add_weight(rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values, const rl_weight_shape *shape,
                            recurrence *r) {
  return rl_weight_add(lowering, statement, values, shape, &r->weights[r->weight_count++]);
}

static rl_status find_inputs(rl_lowering *lowering, const rl_statement *statement,
                             const recurrence *r, uint32_t *in) {
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (size_t i = 0; i < r->input_count && status == RL_OK; i++) {
    const rl_tensor *input = &lowering->tensors.items[in[i]];
    if (input->extent != RL_EXTENT_TOKENS) {
      return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, input->name);
    }
    status = rl_width_check(lowering, statement, in[i], r->shapes[i].heads, r->shapes[i].dim);
  }
  return status;
}

/* inputs [T, ...], S [H * d_k, d_v], weights -> S, out [T, H * d_v] */
static rl_status add_recurrence(rl_lowering *lowering, const rl_statement *statement,
                                const recurrence *r, const uint32_t *in) {
  const rl_op_attributes *at = &r->op.at;
  rl_operand operands[INPUTS_MAX + WEIGHTS_MAX + 3];
  size_t count = 0;
  uint32_t state, out;
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, at->heads * at->value_dim);
  shape.col_slice = rl_heads_columns(lowering, at->heads, at->value_dim);
  rl_status status = rl_state_find(lowering, statement, RL_STATE_RECURRENT, at->heads * at->key_dim,
                                   at->value_dim, &state);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < r->input_count; i++) {
    operands[count++] = rl_operand_whole(lowering, in[i], RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, state, RL_READ);
  for (size_t w = 0; w < r->weight_count; w++) {
    operands[count++] = rl_operand_whole(lowering, r->weights[w], RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, state, RL_WRITE);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, &r->op, operands, count);
}

/* q, k [T, H * d_k], v [T, H * d_v]; the decay follows from the number of the head */
rl_status rl_lower_retention(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values) {
  recurrence r = begin(lowering, statement, values, RL_OP_RETENTION);
  uint32_t in[RL_INPUTS_MAX];
  r.op.at.decay = (rl_decay_kind)values->decay;
  add_input(&r, values->heads, values->key_dim);
  add_input(&r, values->heads, values->key_dim);
  add_input(&r, values->heads, values->value_dim);
  rl_status status = find_inputs(lowering, statement, &r, in);
  return status == RL_OK ? add_recurrence(lowering, statement, &r, in) : status;
}

/* Several value heads may share a key head, in equal groups. */
static rl_status check_key_heads(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values) {
  if (values->heads % values->key_heads == 0) return RL_OK;
  return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE,
                   rl_attribute_find(statement, "key_heads")->value->loc, "key_heads",
                   "a divisor of heads");
}

/* q, k [T, H_k * d_k], v [T, H * d_v], ba [T, 2 H], key head by key head b of each
 * of its value heads, then a of each; A and its bias [1, H] */
rl_status rl_lower_gated_delta(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values) {
  recurrence r = begin(lowering, statement, values, RL_OP_GATED_DELTA);
  rl_weight_shape decay = {.class_name = "recurrence",
                           .suffix = "decay",
                           .source = values->weights,
                           .gguf = values->gguf,
                           .rows = 1,
                           .cols = values->heads,
                           .col_slice = rl_heads_slice(lowering, values)};
  rl_weight_shape bias = {.class_name = "recurrence",
                          .suffix = "bias",
                          .source = values->bias,
                          .gguf = values->gguf_bias,
                          .rows = 1,
                          .cols = values->heads,
                          .col_slice = decay.col_slice};
  uint32_t in[RL_INPUTS_MAX];
  r.op.at.key_heads = values->key_heads;
  add_input(&r, values->key_heads, values->key_dim);
  add_input(&r, values->key_heads, values->key_dim);
  add_input(&r, values->heads, values->value_dim);
  add_input(&r, values->key_heads, 2 * (values->heads / values->key_heads));
  rl_status status = check_key_heads(lowering, statement, values);
  if (status == RL_OK) status = find_inputs(lowering, statement, &r, in);
  if (status == RL_OK) status = add_weight(lowering, statement, values, &decay, &r);
  if (status == RL_OK) status = add_weight(lowering, statement, values, &bias, &r);
  return status == RL_OK ? add_recurrence(lowering, statement, &r, in) : status;
}

/* r, k, v, d [T, H * d_h]; the bonus u [H, d_h] */
rl_status rl_lower_wkv(rl_lowering *lowering, const rl_statement *statement,
                       const rl_evaluated *values) {
  recurrence r = begin(lowering, statement, values, RL_OP_WKV);
  rl_weight_shape bonus = {.class_name = "recurrence",
                           .suffix = "bonus",
                           .source = values->weights,
                           .gguf = values->gguf,
                           .rows = values->heads,
                           .cols = values->head_dim,
                           .row_slice = rl_heads_slice(lowering, values)};
  uint32_t in[RL_INPUTS_MAX];
  r.op.at.key_dim = r.op.at.value_dim = values->head_dim;
  for (int i = 0; i < 4; i++) add_input(&r, values->heads, values->head_dim);
  rl_status status = find_inputs(lowering, statement, &r, in);
  if (status == RL_OK) status = add_weight(lowering, statement, values, &bonus, &r);
  return status == RL_OK ? add_recurrence(lowering, statement, &r, in) : status;
}
