/* What all attention operators share in the lowering: their shape, the table of biases by distance,
 * and the three operators that stand for one where scores are stored. */
#include <math.h>
#include <string.h>

#include "graph/lowering.h"

void rl_attention_shape(const rl_evaluated *values, rl_op *op) {
  double root = values->scale_root == 0 ? (double)values->head_dim : values->scale_root;
  op->at.heads = values->heads;
  op->at.kv_heads = values->kv_heads;
  op->at.head_dim = values->head_dim;
  op->at.score_scale = values->scale != 0 ? values->scale : 1 / sqrt(root);
}

static uint32_t find_table(const rl_lowering *lowering, const rl_evaluated *values) {
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[i];
    bool outside = tensor->role == RL_ROLE_WEIGHT && tensor->run == RL_NONE;
    if (outside && tensor->source != NULL && strcmp(tensor->source, values->weights) == 0) return i;
  }
  return RL_NONE;
}

/* One table [buckets, H] serves all layers (Raffel et al. 2020, 2.1): it is stored once, outside
 * the layers, by the first statement that names it. */
rl_status rl_position_table(rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values, rl_op *op, uint32_t *table) {
  const rl_weight_shape request = {.class_name = "bias",
                                   .suffix = "weight",
                                   .source = values->weights,
                                   .gguf = values->gguf,
                                   .rows = values->buckets,
                                   .cols = values->heads,
                                   .col_slice = rl_heads_slice(lowering, values)};
  *table = RL_NONE;
  if (values->buckets == 0) return RL_OK;
  op->at.buckets = values->buckets;
  op->at.bucket_distance = values->max_distance;
  *table = find_table(lowering, values);
  if (*table != RL_NONE) return RL_OK;
  rl_status status = rl_weight_add(lowering, statement, values, &request, table);
  if (status == RL_OK) lowering->tensors.items[*table].run = RL_NONE;
  return status;
}

/* The scores [H] of each (query, key) pair of the rectangle. */
static rl_extent scores_extent(const rl_op_attributes *at) {
  static const rl_extent extents[] = {[RL_OVER_CACHE] = RL_EXTENT_SCORES,
                                      [RL_OVER_TOKENS] = RL_EXTENT_SCORES,
                                      [RL_OVER_SOURCE] = RL_EXTENT_SOURCE_SCORES,
                                      [RL_OVER_CROSS] = RL_EXTENT_CROSS_SCORES};
  if (at->over == RL_OVER_SOURCE && at->within != 0) return RL_EXTENT_SQUARE_SCORES;
  return extents[at->over];
}

static size_t read_table(const rl_lowering *lowering, uint32_t table, rl_operand *operands,
                         size_t count) {
  if (table != RL_NONE) operands[count++] = rl_operand_whole(lowering, table, RL_READ);
  return count;
}

/* The scores are never stored. */
rl_status rl_attention_add_whole(rl_lowering *lowering, const rl_op *attention,
                                 const rl_attention_ends *ends) {
  rl_operand operands[11] = {rl_operand_whole(lowering, ends->q, RL_READ),
                            rl_operand_whole(lowering, ends->k, RL_READ),
                            rl_operand_whole(lowering, ends->v, RL_READ)};
  size_t count = read_table(lowering, ends->table, operands, 3);
  count = read_table(lowering, ends->sinks, operands, count);
  count = rl_parts_read(lowering, &ends->k_parts, operands, count);
  count = rl_parts_read(lowering, &ends->v_parts, operands, count);
  operands[count++] = rl_operand_whole(lowering, ends->out, RL_WRITE);
  if (attention->at.key_parts != 0) {
    operands[count++] = rl_operand_whole(lowering, ends->sums, RL_WRITE);
  }
  return rl_op_add(lowering, attention, operands, count);
}

static rl_op part_of(const rl_op *attention, rl_op_kind kind) {
  rl_op part = *attention;
  part.kind = kind;
  part.name = RL_OP_INFO[kind].name;
  return part;
}

static rl_status add_expanded(rl_lowering *lowering, const rl_op *attention,
                              const rl_attention_ends *ends) {
  const rl_op scores = part_of(attention, RL_OP_SCORES);
  const rl_op softmax = part_of(attention, RL_OP_SOFTMAX);
  rl_op mix = part_of(attention, RL_OP_MIX);
  mix.at.kept_channels = 0; /* values keep all of theirs */
  rl_tensor shape =
      rl_activation_shape(lowering, scores_extent(&attention->at), attention->at.heads, 1);
  shape.name = RL_OP_INFO[RL_OP_SCORES].name;
  shape.run = RL_NONE;
  mix.compute =
      rl_format_compute(lowering->tensors.items[ends->v].format, lowering->scenario->activations);
  rl_parts k_parts = ends->k_parts;
  uint32_t s, kept;
  rl_status status = rl_channels_gather(lowering, attention, ends->q, &kept);
  if (status == RL_OK) status = rl_tensor_add(lowering, &shape, &s);
  if (status != RL_OK) return status;
  k_parts.channels = kept; /* queries that are gathered need no mask any more */
  rl_operand of_scores[7] = {rl_operand_whole(lowering, ends->q, RL_READ),
                             rl_operand_whole(lowering, ends->k, RL_READ)};
  size_t count = read_table(lowering, ends->table, of_scores, 2);
  count = rl_parts_read(lowering, &k_parts, of_scores, count);
  of_scores[count++] = rl_operand_whole(lowering, s, RL_WRITE);
  rl_operand of_softmax[3] = {rl_operand_whole(lowering, s, RL_READ)};
  size_t of_softmax_count = read_table(lowering, ends->sinks, of_softmax, 1);
  of_softmax[of_softmax_count++] = rl_operand_whole(lowering, s, RL_WRITE);
  rl_operand of_mix[5] = {rl_operand_whole(lowering, s, RL_READ),
                          rl_operand_whole(lowering, ends->v, RL_READ)};
  size_t of_mix_count = rl_parts_read(lowering, &ends->v_parts, of_mix, 2);
  of_mix[of_mix_count++] = rl_operand_whole(lowering, ends->out, RL_WRITE);
  status = rl_op_add(lowering, &scores, of_scores, count);
  if (status == RL_OK) status = rl_op_add(lowering, &softmax, of_softmax, of_softmax_count);
  if (status == RL_OK) status = rl_op_add(lowering, &mix, of_mix, of_mix_count);
  return status;
}

rl_status rl_attention_add(rl_lowering *lowering, const rl_op *attention,
                           const rl_attention_ends *ends) {
  bool whole = (lowering->scenario->profile->fuse >> RL_FUSE_ATTENTION & 1u) != 0;
  if (rl_tokens_dealt(lowering) && attention->at.over == RL_OVER_CACHE) {
    return rl_dealt_attention(lowering, attention, ends);
  }
  return whole ? rl_attention_add_whole(lowering, attention, ends)
               : add_expanded(lowering, attention, ends);
}
