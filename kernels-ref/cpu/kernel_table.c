/* The table of scalar kernels and what they share: finding operands, workspace, a dot product. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* One block (a weight: one row) of every operand and one value a key of the longest sequence. */
static bool blocks_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  size->values = rl_max_u64(limits->longest, limits->source.kept);
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    uint64_t rows = tensor->role == RL_ROLE_WEIGHT ? 1 : tensor->rows;
    if (!rl_muladd_u64(&size->values, rows, tensor->cols)) return false;
  }
  return true;
}

/* The same, and room for the table of biases by distance. */
static bool attention_workspace(const rl_program *program, const rl_op *op,
                                const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_workspace(program, op, limits, size) &&
         rl_muladd_u64(&size->values, op->at.buckets, op->at.heads);
}

/* Three heads. */
static bool heads_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_mul_u64(op->at.head_dim, 3, &size->values);
}

const rl_kernel RL_KERNELS[RL_OP_KINDS] = {
    [RL_OP_ALL_REDUCE] = {rl_ref_all_reduce, blocks_workspace},
    [RL_OP_ALL_GATHER] = {rl_ref_all_gather, blocks_workspace},
    [RL_OP_DISPATCH] = {rl_ref_dispatch, blocks_workspace},
    [RL_OP_SEND_BACK] = {rl_ref_send_back, blocks_workspace},
    [RL_OP_GATHER_KV] = {rl_ref_gather_kv, blocks_workspace},
    [RL_OP_MERGE] = {rl_ref_merge, rl_ref_merge_workspace},
    [RL_OP_SEND] = {rl_ref_send, blocks_workspace},
    [RL_OP_RECEIVE] = {rl_ref_receive, blocks_workspace},
    [RL_OP_EMBED] = {rl_ref_embed, blocks_workspace},
    [RL_OP_EMBED_NEXT] = {rl_ref_embed_next, blocks_workspace},
    [RL_OP_NORM] = {rl_ref_norm, blocks_workspace},
    [RL_OP_LINEAR] = {rl_ref_linear, rl_ref_linear_workspace},
    [RL_OP_ROPE] = {rl_ref_rope, blocks_workspace},
    [RL_OP_ROTATE] = {rl_ref_rope, blocks_workspace},
    [RL_OP_KV_APPEND] = {rl_ref_kv_append, blocks_workspace},
    [RL_OP_KV_COMPRESS] = {rl_ref_kv_compress, rl_ref_kv_compress_workspace},
    [RL_OP_CHOOSE_CHANNELS] = {rl_ref_choose_channels, heads_workspace},
    [RL_OP_GATHER_CHANNELS] = {rl_ref_gather_channels, heads_workspace},
    [RL_OP_ATTENTION] = {rl_ref_attention, attention_workspace},
    [RL_OP_FADING_ATTENTION] = {rl_ref_fading_attention, rl_ref_fading_attention_workspace},
    [RL_OP_EIDETIC_ATTENTION] = {rl_ref_fading_attention, rl_ref_fading_attention_workspace},
    [RL_OP_MEMORY_ATTENTION] = {rl_ref_memory_attention, blocks_workspace},
    [RL_OP_NEURAL_MEMORY] = {rl_ref_neural_memory, rl_ref_neural_memory_workspace},
    [RL_OP_SCORES] = {rl_ref_scores, attention_workspace},
    [RL_OP_SOFTMAX] = {rl_ref_softmax, blocks_workspace},
    [RL_OP_MIX] = {rl_ref_mix, blocks_workspace},
    [RL_OP_ADD] = {rl_ref_add, blocks_workspace},
    [RL_OP_ACTIVATION] = {rl_ref_activation, blocks_workspace},
    [RL_OP_MUL] = {rl_ref_mul, blocks_workspace},
    [RL_OP_SCALE] = {rl_ref_scale, blocks_workspace},
    [RL_OP_SOFTCAP] = {rl_ref_softcap, blocks_workspace},
    [RL_OP_CLAMP] = {rl_ref_clamp, blocks_workspace},
    [RL_OP_QUANTIZE] = {rl_ref_quantize, blocks_workspace},
    [RL_OP_HADAMARD] = {rl_ref_hadamard, rl_ref_hadamard_workspace},
    [RL_OP_SAMPLE] = {rl_ref_sample, blocks_workspace},
    [RL_OP_ROUTE] = {rl_ref_route, rl_ref_route_workspace},
    [RL_OP_EXPERT_LINEAR] = {rl_ref_expert_linear, rl_ref_expert_linear_workspace},
    [RL_OP_COMBINE] = {rl_ref_combine, blocks_workspace},
    [RL_OP_CONCAT] = {rl_ref_concat, blocks_workspace},
    [RL_OP_CONV] = {rl_ref_conv, rl_ref_conv_workspace},
    [RL_OP_SCAN] = {rl_ref_scan, rl_ref_scan_workspace},
    [RL_OP_SSD_STEP] = {rl_ref_ssd_step, rl_ref_ssd_workspace},
    [RL_OP_SSD] = {rl_ref_ssd, rl_ref_ssd_workspace},
    [RL_OP_LATENT_APPEND] = {rl_ref_kv_append, blocks_workspace},
    [RL_OP_EXPAND] = {rl_ref_expand, rl_ref_expand_workspace},
    [RL_OP_EXPANDED_ATTENTION] = {rl_ref_expanded_attention, blocks_workspace},
    [RL_OP_HEAD_LINEAR] = {rl_ref_head_linear, blocks_workspace},
    [RL_OP_LATENT_ATTENTION] = {rl_ref_latent_attention, blocks_workspace},
    [RL_OP_INDEX_APPEND] = {rl_ref_index_append, blocks_workspace},
    [RL_OP_CHOOSE_TOKENS] = {rl_ref_choose_tokens, blocks_workspace},
    [RL_OP_CHOSEN_ATTENTION] = {rl_ref_chosen_attention, blocks_workspace},
    [RL_OP_FRAME_CONV] = {rl_ref_frame_conv, rl_ref_frame_conv_workspace},
    [RL_OP_PATCH_EMBED] = {rl_ref_patch_embed, rl_ref_patch_embed_workspace},
    [RL_OP_ROPE_2D] = {rl_ref_rope_2d, blocks_workspace},
    [RL_OP_ENCODE_ATTENTION] = {rl_ref_whole_attention, attention_workspace},
    [RL_OP_CROSS_APPEND] = {rl_ref_cross_append, blocks_workspace},
    [RL_OP_CROSS_ATTENTION] = {rl_ref_whole_attention, attention_workspace},
    [RL_OP_INSERT] = {rl_ref_insert, blocks_workspace},
    [RL_OP_SWIGLU] = {rl_ref_swiglu, blocks_workspace},
    [RL_OP_WEIGH] = {rl_ref_weigh, blocks_workspace},
    [RL_OP_COLLECT] = {rl_ref_collect, blocks_workspace},
    [RL_OP_SIGMOID_GATE] = {rl_ref_sigmoid_gate, blocks_workspace},
    [RL_OP_POSITION_SCALE] = {rl_ref_position_scale, blocks_workspace},
    [RL_OP_HASH] = {rl_ref_hash, rl_ref_hash_workspace},
    [RL_OP_GATHER] = {rl_ref_gather, blocks_workspace},
    [RL_OP_DOT] = {rl_ref_dot_tokens, blocks_workspace},
    [RL_OP_RETENTION] = {rl_ref_retention, rl_ref_retention_workspace},
    [RL_OP_GATED_DELTA] = {rl_ref_gated_delta, rl_ref_gated_delta_workspace},
    [RL_OP_WKV] = {rl_ref_wkv, rl_ref_wkv_workspace},
    [RL_OP_TOKEN_SHIFT] = {rl_ref_token_shift, blocks_workspace},
    [RL_OP_LERP] = {rl_ref_lerp, blocks_workspace},
    [RL_OP_LERP_BY] = {rl_ref_lerp_by, blocks_workspace},
    [RL_OP_FETCH] = {rl_ref_fetch, blocks_workspace},
    [RL_OP_LOCAL_LINEAR] = {rl_ref_local_linear, rl_ref_local_linear_workspace},
    [RL_OP_PREFIX_ATTENTION] = {rl_ref_prefix_attention, rl_ref_prefix_attention_workspace},
    [RL_OP_FUSED] = {rl_ref_fused, rl_ref_fused_workspace},
};

/* Index of the nth operand with that access among the operator's; operand_count when there is none.
 */
static uint32_t operand_index(const rl_program *program, const rl_op *op, rl_access access,
                              uint32_t nth) {
  for (uint32_t o = 0; o < op->operand_count; o++) {
    if (program->operands[op->first_operand + o].access == access && nth-- == 0) return o;
  }
  return op->operand_count;
}

const rl_tensor *rl_op_tensor(const rl_program *program, const rl_op *op, rl_access access,
                              uint32_t nth) {
  uint32_t o = operand_index(program, op, access, nth);
  if (o == op->operand_count) return NULL;
  return &program->tensors[program->operands[op->first_operand + o].tensor];
}

const rl_view *rl_call_read(const rl_call *call, uint32_t nth) {
  uint32_t o = operand_index(call->program, call->op, RL_READ, nth);
  return o == call->op->operand_count ? NULL : &call->views[o];
}

const rl_view *rl_call_write(const rl_call *call, uint32_t nth) {
  uint32_t o = operand_index(call->program, call->op, RL_WRITE, nth);
  return o == call->op->operand_count ? NULL : &call->views[o];
}

uint64_t rl_call_blocks(const rl_call *call) {
  const rl_tensor *tensor = rl_op_tensor(call->program, call->op, RL_WRITE, 0);
  return rl_pass_blocks(call->pass, tensor->extent);
}

uint64_t rl_limits_blocks(const rl_pass_limits *limits, rl_extent extent) {
  const uint64_t blocks[RL_EXTENTS] = {
      [RL_EXTENT_FIXED] = 1,
      [RL_EXTENT_TOKENS] = limits->tokens,
      [RL_EXTENT_LOGIT_ROWS] = limits->logit_rows,
      [RL_EXTENT_KV] = limits->kv_rows,
      [RL_EXTENT_SCORES] = limits->scores,
      [RL_EXTENT_SEQUENCES] = limits->sequences,
      [RL_EXTENT_CHOICES] = limits->choices,
      [RL_EXTENT_PREFIX] = limits->tokens,
      [RL_EXTENT_SOURCE_INPUT] = limits->source.inputs,
      [RL_EXTENT_SOURCE] = limits->source.positions,
      [RL_EXTENT_SOURCE_MERGED] = limits->source.merged,
      [RL_EXTENT_SOURCE_SCORES] = limits->source.scores,
      [RL_EXTENT_SQUARE_SCORES] = limits->source.squares,
      [RL_EXTENT_SOURCE_KV] = limits->source.kept,
      [RL_EXTENT_CROSS_SCORES] = limits->source.cross,
  };
  return blocks[extent];
}

float rl_ref_score(const rl_op *op, float product) {
  float score = product * (float)op->at.score_scale;
  float cap = (float)op->at.softcap;
  return cap > 0 ? cap * tanhf(score / cap) : score;
}

float rl_ref_dot(const float *a, const float *b, uint64_t count) {
  float sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}
