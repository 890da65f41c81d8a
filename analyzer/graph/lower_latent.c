/* Statements to operators: attention over latents (DeepSeek-AI 2024, DeepSeek-V2, 2.1). A token
 * keeps one latent of r values for keys and values of all heads, and one rotated key of d_r values.
 * T new tokens, H heads, d_n values of a head without rotation, d_v values of its value. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* The tensors of `in`, none of the last tokens only. */
static rl_status find_tokens(rl_lowering *lowering, const rl_statement *statement, uint32_t *in) {
  rl_op_kind kind = RL_OP_LATENT_APPEND;
  (void)rl_operator_find(statement->op, &kind);
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (size_t i = 0; i < rl_operator_inputs(kind) && status == RL_OK; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[in[i]];
    if (tensor->extent != RL_EXTENT_LOGIT_ROWS) continue;
    status = RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, tensor->name);
  }
  return status;
}

rl_status rl_row_cache_add(rl_lowering *lowering, const char *name, const rl_format *format,
                           uint64_t cols, uint32_t *out) {
  rl_tensor cache = {.name = name,
                     .role = RL_ROLE_KV,
                     .format = format,
                     .extent = RL_EXTENT_KV,
                     .rows = 1,
                     .cols = cols,
                     .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  return rl_tensor_add(lowering, &cache, out);
}

/* latents [T, r] and rotated keys [T, d_r] into caches of one row a token, in the format of K; the
 * latter in the one beside it, where it names one */
rl_status rl_lower_latent_append(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_LATENT_APPEND);
  uint32_t in[2];
  (void)values;
  rl_status status = find_tokens(lowering, statement, in);
  if (status == RL_OK && rl_format_is_parted(lowering->scenario->k)) {
    return rl_parted_refuse(lowering, statement);
  }
  const rl_format *latent = lowering->scenario->k;
  const rl_format *rotated = latent->rotated != NULL ? latent->rotated : latent;
  if (status != RL_OK) return status;
  const rl_tensor *tensors = lowering->tensors.items;
  const uint64_t cols[] = {tensors[in[0]].cols, tensors[in[1]].cols};
  status = rl_row_cache_add(lowering, "latent_cache", latent, cols[0], &lowering->latents);
  if (status == RL_OK) {
    status = rl_row_cache_add(lowering, "rope_cache", rotated, cols[1], &lowering->rope_keys);
  }
  if (status != RL_OK) return status;
  rl_dealt_keys(lowering, &op);
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, lowering->latents, RL_WRITE),
                                 rl_operand_whole(lowering, lowering->rope_keys, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* The caches are there, and the sizes that statement gives multiply without overflow. */
static rl_status check_heads(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, uint64_t *width) {
  uint64_t head;
  if (lowering->latents == RL_NONE) {
    return RL_REPORT(lowering->diags, NO_LATENTS, statement->loc, statement->op);
  }
  if (rl_add_u64(values->head_dim, values->value_dim, &head) &&
      rl_mul_u64(head, values->heads, width)) {
    return RL_OK;
  }
  return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
}

/* Where this rank's heads, of `each` values each, stand among those of all. */
static rl_slice slice_heads(const rl_lowering *lowering, const rl_evaluated *values,
                            uint64_t each) {
  return rl_slice_of(lowering->before.heads * each, values->heads * each,
                     lowering->whole.heads * each);
}

static void set_heads(rl_op *op, const rl_evaluated *values) {
  op->at.heads = values->heads;
  op->at.head_dim = values->head_dim;
  op->at.value_dim = values->value_dim;
  op->at.rope_dim = values->rope_dim;
  op->at.part = (rl_head_part)values->part;
}

/* The latents and rotated keys of all tokens: those of the caches, which must be gathered first
 * where tokens are dealt. */
static rl_status find_kept(rl_lowering *lowering, const rl_op *op, uint32_t kept[2]) {
  kept[0] = lowering->latents;
  kept[1] = lowering->rope_keys;
  if (!rl_tokens_dealt(lowering)) return RL_OK;
  if (lowering->all_latents[0] == RL_NONE) {
    rl_status status = rl_dealt_gather(lowering, op, kept, lowering->all_latents);
    if (status != RL_OK) return status;
  }
  kept[0] = lowering->all_latents[0];
  kept[1] = lowering->all_latents[1];
  return RL_OK;
}

/* W [H (d_n + d_v), r], of each head its rows for keys, then those for values; out: for every token
 * of the sequences [H (d_n + d_v)]. Latents come from the cache as they are, so that the weight is
 * multiplied in the activation type whatever its format. */
rl_status rl_lower_expand(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_EXPAND);
  rl_weight_shape request = {
      .class_name = "linear", .suffix = "weight", .source = values->weights, .gguf = values->gguf};
  uint32_t weight, out, kept[2];
  rl_status status = check_heads(lowering, statement, values, &request.rows);
  if (status == RL_OK) status = find_kept(lowering, &op, kept);
  if (status != RL_OK) return status;
  request.cols = lowering->tensors.items[lowering->latents].cols;
  request.row_slice = slice_heads(lowering, values, values->head_dim + values->value_dim);
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_KV, 1, request.rows);
  shape.col_slice = request.row_slice;
  status = rl_weight_add(lowering, statement, values, &request, &weight);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  set_heads(&op, values);
  const rl_operand operands[] = {rl_operand_whole(lowering, kept[0], RL_READ),
                                 rl_operand_whole(lowering, weight, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* 1 / sqrt(d_n + d_r) (eq. 16), times what YaRN adds. */
static rl_status set_score_scale(rl_lowering *lowering, const rl_evaluated *values, rl_op *op) {
  double factor;
  rl_status status = rl_yarn_score_factor(lowering, values->scaling, &factor);
  op->at.score_scale = factor / sqrt((double)values->head_dim + (double)values->rope_dim);
  return status;
}

/* The queries [T, H (d_n + d_r)] and the rotated keys fit the statement. */
static rl_status check_queries(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values, uint32_t q) {
  uint64_t head;
  if (!rl_add_u64(values->head_dim, values->rope_dim, &head)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  rl_status status = rl_width_check(lowering, statement, q, values->heads, head);
  if (status != RL_OK) return status;
  return rl_width_check(lowering, statement, lowering->rope_keys, 1, values->rope_dim);
}

/* q [T, H (d_n + d_r)], expanded keys and values, rotated keys; out [T, H d_v] */
rl_status rl_lower_expanded_attention(rl_lowering *lowering, const rl_statement *statement,
                                      const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_EXPANDED_ATTENTION);
  uint64_t width = 0;
  uint32_t in[2], out, kept[2];
  rl_status status = find_tokens(lowering, statement, in);
  if (status == RL_OK) status = check_heads(lowering, statement, values, &width);
  if (status == RL_OK) status = check_queries(lowering, statement, values, in[0]);
  if (status == RL_OK) status = rl_width_check(lowering, statement, in[1], 1, width);
  if (status == RL_OK) status = find_kept(lowering, &op, kept);
  if (status == RL_OK) status = set_score_scale(lowering, values, &op);
  if (status != RL_OK) return status;
  rl_tensor shape =
      rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, values->heads * values->value_dim);
  shape.col_slice = slice_heads(lowering, values, values->value_dim);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  set_heads(&op, values);
  const rl_operand operands[] = {
      rl_operand_whole(lowering, in[0], RL_READ), rl_operand_whole(lowering, in[1], RL_READ),
      rl_operand_whole(lowering, kept[1], RL_READ), rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* The weight of the statement of that name in this layer, which must have the same heads. */
static uint32_t find_expansion(const rl_lowering *lowering, const char *name, uint64_t rows) {
  size_t length = strlen(name);
  for (uint32_t t = (uint32_t)lowering->tensors.count; t-- > 0;) {
    const rl_tensor *tensor = &lowering->tensors.items[t];
    if (tensor->role != RL_ROLE_WEIGHT || tensor->run != lowering->run) continue;
    if (strncmp(tensor->name, name, length) != 0) continue;
    if (strcmp(tensor->name + length, ".weight") == 0) return tensor->rows == rows ? t : RL_NONE;
  }
  return RL_NONE;
}

/* Queries have d_n values a head at least, mixes of latents r. */
static rl_status check_led(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, uint32_t in) {
  uint64_t heads = values->heads, r = lowering->tensors.items[lowering->latents].cols, ignored;
  uint64_t cols = lowering->tensors.items[in].cols;
  if (!rl_mul_u64(heads, r, &ignored)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  if (values->part == RL_HEAD_VALUE) return rl_width_check(lowering, statement, in, heads, r);
  if (cols % heads == 0 && cols / heads >= values->head_dim) return RL_OK;
  return rl_width_check(lowering, statement, in, heads, values->head_dim);
}

/* The weight of another statement, or one of its own: [H (d_n + d_v), r]. */
static rl_status find_weight(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, uint64_t rows, uint32_t *out) {
  if (values->tied_to == NULL) {
    const rl_weight_shape request = {
        .class_name = "linear",
        .suffix = "weight",
        .source = values->weights,
        .gguf = values->gguf,
        .rows = rows,
        .cols = lowering->tensors.items[lowering->latents].cols,
        .row_slice = slice_heads(lowering, values, values->head_dim + values->value_dim)};
    return rl_weight_add(lowering, statement, values, &request, out);
  }
  *out = find_expansion(lowering, values->tied_to, rows);
  if (*out != RL_NONE) return RL_OK;
  return RL_REPORT(lowering->diags, NO_EXPANSION, statement->loc, values->tied_to);
}

/* part key: of q, the first d_n values of each head; W_UK^T times each: out [T, H r].
 * part value: in [T, H r], W_UV times each: out [T, H d_v]. */
rl_status rl_lower_head_linear(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_HEAD_LINEAR);
  bool key = values->part == RL_HEAD_KEY;
  uint64_t rows = 0;
  uint32_t in[2], weight, out;
  rl_status status = find_tokens(lowering, statement, in);
  if (status == RL_OK) status = check_heads(lowering, statement, values, &rows);
  if (status == RL_OK) status = check_led(lowering, statement, values, in[0]);
  if (status == RL_OK) status = find_weight(lowering, statement, values, rows, &weight);
  if (status != RL_OK) return status;
  uint64_t r = lowering->tensors.items[lowering->latents].cols, latent = values->heads * r;
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1,
                                        key ? latent : values->heads * values->value_dim);
  shape.col_slice = slice_heads(lowering, values, key ? r : values->value_dim);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  set_heads(&op, values);
  const rl_operand operands[] = {{in[0], RL_READ, key ? values->heads * values->head_dim : latent},
                                 rl_operand_whole(lowering, weight, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* q, of which the rotated values of each head are read, q in latents [T, H r], the caches, the
 * tokens chosen for each query [T, k] where they are; out [T, H r], the mix of the latents */
static rl_status add_attention(rl_lowering *lowering, rl_op *op, const rl_evaluated *values,
                               const uint32_t *in, uint32_t out) {
  const bool chosen = op->kind == RL_OP_CHOSEN_ATTENTION;
  rl_status status = RL_OK;
  uint32_t sums = RL_NONE;
  rl_operand operands[6];
  size_t count = 0;
  operands[count++] = (rl_operand){in[0], RL_READ, values->heads * values->rope_dim};
  operands[count++] = rl_operand_whole(lowering, in[1], RL_READ);
  operands[count++] = rl_operand_whole(lowering, lowering->latents, RL_READ);
  operands[count++] = rl_operand_whole(lowering, lowering->rope_keys, RL_READ);
  if (chosen) operands[count++] = rl_operand_whole(lowering, in[2], RL_READ);
  if (chosen) op->at.top_k = lowering->tensors.items[in[2]].cols;
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  if (chosen || !rl_tokens_dealt(lowering)) return rl_op_add(lowering, op, operands, count);
  status = rl_dealt_sums(lowering, values->heads, &sums);
  operands[count++] = (rl_operand){sums, RL_WRITE, values->heads};
  if (status == RL_OK) status = rl_op_add(lowering, op, operands, count);
  return status == RL_OK ? rl_dealt_merge(lowering, op, out, sums) : status;
}

/* latent_attention, chosen_attention */
rl_status rl_lower_latent_attention(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values) {
  rl_op_kind kind = RL_OP_LATENT_ATTENTION;
  (void)rl_operator_find(statement->op, &kind);
  rl_op op = rl_op_begin(lowering, statement, kind);
  uint64_t ignored = 0;
  uint32_t in[3], out;
  rl_status status = find_tokens(lowering, statement, in);
  if (status == RL_OK) status = check_heads(lowering, statement, values, &ignored);
  if (status == RL_OK) status = check_queries(lowering, statement, values, in[0]);
  if (status == RL_OK) status = set_score_scale(lowering, values, &op);
  if (status != RL_OK) return status;
  uint64_t r = lowering->tensors.items[lowering->latents].cols;
  status = rl_width_check(lowering, statement, in[1], values->heads, r);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[1]];
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  op.compute = rl_format_compute(lowering->scenario->k, lowering->scenario->activations);
  set_heads(&op, values);
  rl_dealt_keys(lowering, &op);
  return add_attention(lowering, &op, values, in, out);
}
