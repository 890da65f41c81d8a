/* Statements to operators: attention that looks before and behind, and attention over what an
 * encoder left. S source positions, T new tokens, H heads, H_kv KV heads, d_h head size. */
#include "base/number.h"
#include "graph/lowering.h"

static const rl_tensor *tensor_of(const rl_lowering *lowering, uint32_t index) {
  return &lowering->tensors.items[index];
}

/* The tensor's rows are of that kind. */
static rl_status want_extent(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor,
                             rl_extent extent) {
  const rl_tensor *found = tensor_of(lowering, tensor);
  if (found->extent == extent) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, found->name);
}

static rl_status check_heads(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values) {
  char heads[RL_NUMBER_TEXT], kv_heads[RL_NUMBER_TEXT];
  if (values->heads % values->kv_heads == 0) return RL_OK;
  return RL_REPORT(lowering->diags, HEADS_PER_KV, statement->loc,
                   rl_print_u64(values->heads, heads), rl_print_u64(values->kv_heads, kv_heads));
}

/* q [., H * d_h], k and v [., H_kv * d_h], all of the tokens or all of the source. */
static rl_status check_encode(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values, const uint32_t in[3]) {
  rl_extent extent = tensor_of(lowering, in[0])->extent;
  rl_status status = check_heads(lowering, statement, values);
  if (status == RL_OK && extent != RL_EXTENT_TOKENS) {
    status = want_extent(lowering, statement, in[0], RL_EXTENT_SOURCE);
  }
  for (int i = 0; i < 3 && status == RL_OK; i++) {
    uint64_t heads = i == 0 ? values->heads : values->kv_heads;
    status = want_extent(lowering, statement, in[i], extent);
    if (status != RL_OK) return status;
    status = rl_width_check(lowering, statement, in[i], heads, values->head_dim);
  }
  return status;
}

/* Patches that meet inside squares of one size (Bai et al. 2025, 2.1.1). */
static rl_status note_squares(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values, rl_op *op) {
  struct rl_source_shape *source = &lowering->source;
  if (values->within == 0) return RL_OK;
  bool other = source->within != 0 && source->within != values->within;
  if (op->at.over != RL_OVER_SOURCE || source->lead > 0 || values->buckets != 0 || other) {
    return RL_REPORT(lowering->diags, SQUARES, statement->loc, "");
  }
  op->at.within = source->within = values->within;
  return RL_OK;
}

rl_status rl_lower_encode_attention(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values) {
  uint32_t in[3], out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_encode(lowering, statement, values, in);
  if (status != RL_OK) return status;
  rl_tensor shape = *tensor_of(lowering, in[0]);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_ENCODE_ATTENTION);
  rl_attention_ends ends = {in[0],   in[1],       in[2],      RL_NONE, out,
                            RL_NONE, RL_NONE,     RL_NO_PARTS, RL_NO_PARTS};
  status = rl_position_table(lowering, statement, values, &op, &ends.table);
  if (status != RL_OK) return status;
  rl_attention_shape(values, &op);
  op.at.over = shape.extent == RL_EXTENT_SOURCE ? RL_OVER_SOURCE : RL_OVER_TOKENS;
  op.at.bucket_both = true;
  if (op.at.over == RL_OVER_TOKENS) lowering->one_pass = true;
  status = note_squares(lowering, statement, values, &op);
  if (status != RL_OK) return status;
  return rl_attention_add(lowering, &op, &ends);
}

static rl_status add_kept(rl_lowering *lowering, const rl_evaluated *values, const char *name,
                          const rl_format *format, uint32_t *out) {
  const rl_tensor kept = {.name = name,
                          .role = RL_ROLE_KV,
                          .placed = RL_CLASS_KV,
                          .format = format,
                          .extent = RL_EXTENT_SOURCE_KV,
                          .rows = values->heads,
                          .cols = values->head_dim,
                          .row_slice = rl_heads_slice(lowering, values),
                          .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  return rl_tensor_add(lowering, &kept, out);
}

/* k, v [S, H_kv * d_h] to what this layer keeps of the source, [H_kv, d_h] a position */
rl_status rl_lower_cross_append(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CROSS_APPEND);
  uint32_t in[2];
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK && rl_caches_are_parted(lowering)) {
    return rl_parted_refuse(lowering, statement);
  }
  for (int i = 0; i < 2 && status == RL_OK; i++) {
    status = want_extent(lowering, statement, in[i], RL_EXTENT_SOURCE);
    if (status != RL_OK) return status;
    status = rl_width_check(lowering, statement, in[i], values->heads, values->head_dim);
  }
  if (status == RL_OK && lowering->cross_k != RL_NONE) {
    status = RL_REPORT(lowering->diags, CROSS_UNREAD, statement->loc, "");
  }
  if (status == RL_OK) {
    status = add_kept(lowering, values, "cross_k", lowering->scenario->k, &lowering->cross_k);
  }
  if (status == RL_OK) {
    status = add_kept(lowering, values, "cross_v", lowering->scenario->v, &lowering->cross_v);
  }
  if (status != RL_OK) return status;
  op.at.heads = op.at.kv_heads = values->heads;
  op.at.head_dim = values->head_dim;
  op.at.over = RL_OVER_CROSS;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, lowering->cross_k, RL_WRITE),
                                 rl_operand_whole(lowering, lowering->cross_v, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

static rl_status check_cross(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, uint32_t q) {
  if (lowering->cross_k == RL_NONE) {
    return RL_REPORT(lowering->diags, NO_CROSS, statement->loc, "");
  }
  const rl_tensor *kept = tensor_of(lowering, lowering->cross_k);
  if (kept->rows != values->kv_heads || kept->cols != values->head_dim) {
    return RL_REPORT(lowering->diags, CROSS_SHAPE, statement->loc, "");
  }
  rl_status status = check_heads(lowering, statement, values);
  if (status == RL_OK) status = want_extent(lowering, statement, q, RL_EXTENT_TOKENS);
  if (status != RL_OK) return status;
  return rl_width_check(lowering, statement, q, values->heads, values->head_dim);
}

/* q, out [T, H * d_h] */
rl_status rl_lower_cross_attention(rl_lowering *lowering, const rl_statement *statement,
                                   const rl_evaluated *values) {
  uint32_t q[1], out;
  rl_status status = rl_inputs_find(lowering, statement, q);
  if (status == RL_OK) status = check_cross(lowering, statement, values, q[0]);
  if (status != RL_OK) return status;
  rl_tensor shape = *tensor_of(lowering, q[0]);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CROSS_ATTENTION);
  rl_attention_ends ends = {q[0],    lowering->cross_k, lowering->cross_v, RL_NONE, out,
                            RL_NONE, RL_NONE,           RL_NO_PARTS,       RL_NO_PARTS};
  op.compute = rl_format_compute(lowering->scenario->k, lowering->scenario->activations);
  rl_attention_shape(values, &op);
  op.at.over = RL_OVER_CROSS;
  status = rl_attention_add(lowering, &op, &ends);
  lowering->cross_k = lowering->cross_v = RL_NONE;
  return status;
}
