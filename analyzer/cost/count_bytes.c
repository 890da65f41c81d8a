/* Which part of each operand an operator must touch once: the byte side of docs/counting.md.
 * A share is a moment times a block of rows x cols values; the format knows its bytes. */
#include "base/checked.h"
#include "cost/parted.h"
#include "cost/tally.h"

const rl_moment_kind RL_EXTENT_MOMENTS[RL_EXTENTS] = {
    [RL_EXTENT_FIXED] = RL_M_ONE,
    [RL_EXTENT_TOKENS] = RL_M_TOKENS,
    [RL_EXTENT_LOGIT_ROWS] = RL_M_LOGIT_ROWS,
    [RL_EXTENT_KV] = RL_M_KV_ROWS,
    [RL_EXTENT_SCORES] = RL_M_RECTANGLE,
    [RL_EXTENT_SEQUENCES] = RL_M_SEQUENCES,
    [RL_EXTENT_CHOICES] = RL_M_EXPERT_CHOICES,
    [RL_EXTENT_PREFIX] = RL_M_PREFIX,
    [RL_EXTENT_SOURCE_INPUT] = RL_M_SOURCE,
    [RL_EXTENT_SOURCE] = RL_M_SOURCE,
    [RL_EXTENT_SOURCE_MERGED] = RL_M_SOURCE,
    [RL_EXTENT_SOURCE_SCORES] = RL_M_SOURCE_PAIRS,
    [RL_EXTENT_SQUARE_SCORES] = RL_M_SQUARE_PAIRS,
    [RL_EXTENT_SOURCE_KV] = RL_M_SOURCE_ROWS,
    [RL_EXTENT_CROSS_SCORES] = RL_M_CROSS_PAIRS,
};

rl_moment rl_extent_moment(const rl_program *program, rl_extent extent) {
  rl_moment moment = rl_moment_of(RL_EXTENT_MOMENTS[extent]);
  if (extent == RL_EXTENT_CHOICES) {
    moment.experts = program->meeting.experts;
    moment.top_k = program->meeting.top_k;
    moment.ranks = program->meeting.ranks;
    moment.limit = program->meeting.limit;
    moment.meet = program->meeting.meet;
  }
  if (extent == RL_EXTENT_PREFIX) moment.window = program->prefix;
  if (extent == RL_EXTENT_SOURCE_MERGED) moment.merge = program->source.merge;
  if (extent == RL_EXTENT_SQUARE_SCORES) {
    moment.merge = program->source.merge;
    moment.within = program->source.within;
  }
  bool inside = extent >= RL_EXTENT_SOURCE_INPUT && extent <= RL_EXTENT_CROSS_SCORES;
  if (!inside || extent == RL_EXTENT_SOURCE_INPUT || extent == RL_EXTENT_SOURCE_MERGED) {
    return moment;
  }
  moment.lead = program->source.lead;
  return moment;
}

static const rl_tensor *tensor_of(const rl_program *program, const rl_operand *operand) {
  return &program->tensors[operand->tensor];
}

/* The operator works on the source: without one it does nothing and reads no weight. */
static bool encodes(const rl_program *program, const rl_op *op) {
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *tensor = tensor_of(program, &program->operands[op->first_operand + o]);
    if (RL_EXTENT_MOMENTS[tensor->extent] == RL_M_SOURCE) return true;
  }
  return false;
}

/* The masks of the sequences that have a body, that are given one, or whose body grows. */
static rl_moment_kind masks_of(rl_op_kind kind) {
  if (kind == RL_OP_CHOOSE_CHANNELS) return RL_M_BODY_BEGUN;
  return kind == RL_OP_KV_COMPRESS ? RL_M_BODY_GROWN : RL_M_BODY_HELD;
}

/* Of a cache that keeps tokens apart: attention reads what stood there before the pass; what is
 * compressed is read from the tail, where it stood there, and written to the body. */
static rl_share share_part(const rl_tensor *tensor, const rl_op *op, const rl_operand *operand) {
  static const rl_moment_kind BODY[] = {[RL_READ] = RL_M_BODY_READ, [RL_WRITE] = RL_M_BODY_WRITE};
  static const rl_moment_kind TAIL[] = {[RL_READ] = RL_M_TAIL_READ, [RL_WRITE] = RL_M_TAIL_WRITE};
  const bool body = tensor->part == RL_KV_BODY;
  rl_moment blocks = {.kind = body ? BODY[operand->access] : TAIL[operand->access],
                      .parting = tensor->parting,
                      .tokens = body ? tensor->tokens : 0};
  if (!body && op->kind == RL_OP_KV_COMPRESS && operand->access == RL_READ) {
    blocks.kind = RL_M_TAIL_LEAVE;
  }
  if (tensor->part == RL_KV_CHANNELS) {
    blocks.kind = masks_of(op->kind);
    return (rl_share){blocks, tensor->rows, operand->cols};
  }
  const uint64_t rows = body ? tensor->rows : tensor->rows / rl_parting_places(&tensor->parting);
  return (rl_share){blocks, rows, operand->cols};
}

/* Weights once a pass; activations and states by their extent; a KV row for each new token when written and
 * for each kept token when read. */
rl_share rl_share_plain(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  const rl_tensor *tensor = tensor_of(program, operand);
  if (tensor->part != RL_KV_ALL) return share_part(tensor, op, operand);
  rl_moment blocks = rl_extent_moment(program, tensor->extent);
  if (tensor->role == RL_ROLE_KV && operand->access == RL_WRITE) {
    blocks = rl_extent_moment(program,
                              tensor->extent == RL_EXTENT_KV ? RL_EXTENT_TOKENS : RL_EXTENT_SOURCE);
  }
  if (tensor->extent == RL_EXTENT_FIXED && encodes(program, op)) {
    blocks = rl_moment_of(RL_M_SOURCE_ANY);
  }
  return (rl_share){blocks, tensor->rows, operand->cols};
}

/* One table row a token. */
rl_share rl_share_embed(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  static const rl_moment_kind KINDS[] = {[RL_INDEX_IDS] = RL_M_ID_ROWS,
                                         [RL_INDEX_POSITIONS] = RL_M_POSITION_ROWS,
                                         [RL_INDEX_SOURCE_IDS] = RL_M_SOURCE_ID_ROWS,
                                         [RL_INDEX_SOURCE_POSITIONS] = RL_M_SOURCE_POSITION_ROWS,
                                         [RL_INDEX_FIXED] = RL_M_ONE};
  if (tensor_of(program, operand)->role == RL_ROLE_WEIGHT) {
    share.blocks = rl_moment_of(KINDS[op->at.index]);
    if (op->at.index == RL_INDEX_SOURCE_POSITIONS) share.blocks.lead = program->source.lead;
    if (op->at.ranks > 1) share.blocks.ranks = op->at.ranks;
    share.rows = 1;
  }
  return share;
}

/* One table row a token; an id for each token whose next one is in the pass, and those sampled. */
rl_share rl_share_embed_next(const rl_program *program, const rl_op *op,
                             const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const rl_tensor *tensor = tensor_of(program, operand);
  if (tensor->role == RL_ROLE_WEIGHT) {
    share.blocks = rl_moment_of(RL_M_NEXT_ROWS);
    if (op->at.ranks > 1) share.blocks.ranks = op->at.ranks;
    share.rows = 1;
  } else if (tensor->role == RL_ROLE_IDS && tensor->extent == RL_EXTENT_TOKENS) {
    share.blocks = rl_moment_of(RL_M_FOLLOWED);
  }
  return share;
}

/* The operator works on the tokens whose logits are wanted: it picks them, or was given them. */
static bool on_logit_rows(const rl_program *program, const rl_op *op) {
  const rl_operand *in = &program->operands[op->first_operand];
  return op->at.last_tokens || op->at.first_tokens ||
         tensor_of(program, in)->extent == RL_EXTENT_LOGIT_ROWS;
}

/* A head on the last tokens touches only the rows whose logits are wanted, one on a prefix the rows
 * of that, and its weight only when there are some; where positions are merged, what stands in front
 * of a piece is not read. */
rl_share rl_share_linear(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  bool merged = op->at.merge != 0 && tensor_of(program, operand)->extent == RL_EXTENT_SOURCE;
  if (merged) share.blocks.lead = 0;
  bool weight = tensor_of(program, operand)->role == RL_ROLE_WEIGHT;
  if (op->at.prefix_tokens) {
    share.blocks = weight ? rl_moment_of(RL_M_PREFIX_ANY)
                          : rl_extent_moment(program, RL_EXTENT_PREFIX);
  }
  if (!on_logit_rows(program, op)) return share;
  share.blocks = rl_moment_of(weight ? RL_M_LOGITS_ANY : RL_M_LOGIT_ROWS);
  return share;
}

/* Of the weights of all experts, those of each expert that some token, or sequence, chose; of the experts spread
 * over ranks those of the rank where they are most. */
rl_share rl_share_experts(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const rl_tensor *tensor = tensor_of(program, operand);
  if (tensor->role == RL_ROLE_WEIGHT) {
    share.blocks = (rl_moment){.kind = op->at.by_sequence ? RL_M_BLOCKS : RL_M_EXPERTS,
                               .experts = op->at.experts,
                               .top_k = tensor->top_k,
                               .ranks = op->at.ranks > 1 ? op->at.ranks : 0,
                               .limit = op->at.ranks > 1 ? op->at.expert_limit : (rl_expert_limit){0},
                               .meet = op->at.meet};
    share.rows /= tensor->experts;
  }
  return share;
}

/* Fused attention reads the KV rows that some query sees. */
rl_share rl_share_attention(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  bool cached = tensor_of(program, operand)->extent == RL_EXTENT_KV &&
                tensor_of(program, operand)->part == RL_KV_ALL && op->at.over == RL_OVER_CACHE;
  if (cached && operand->access == RL_READ) {
    share.blocks =
        (rl_moment){.kind = RL_M_KV_READ, .window = op->at.window, .within = op->at.within};
  }
  return share;
}

static void work_fused(rl_tally *tally, const rl_op *op) {
  for (uint32_t p = 0; p < op->part_count; p++) {
    const rl_op *part = &tally->program->parts[op->first_part + p];
    RL_COUNTINGS[part->kind].work(tally, part);
  }
}

static bool of_logits(rl_moment_kind kind) {
  return kind == RL_M_LOGITS_ANY || kind == RL_M_LOGIT_ROWS;
}

/* Rows with logits are some of the rows; of equally many rows those with more values are larger. */
static bool share_is_larger(rl_share a, rl_share b) {
  if (of_logits(a.blocks.kind) != of_logits(b.blocks.kind)) return of_logits(b.blocks.kind);
  return a.cols > b.cols;
}

/* The largest share that some part touches. */
static rl_share share_fused(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share largest = {.rows = 0};
  bool found = false;
  for (uint32_t p = 0; p < op->part_count; p++) {
    const rl_op *part = &program->parts[op->first_part + p];
    for (uint32_t o = 0; o < part->operand_count; o++) {
      const rl_operand *inner = &program->operands[part->first_operand + o];
      if (inner->tensor != operand->tensor || inner->access != operand->access) continue;
      rl_share share = RL_COUNTINGS[part->kind].share(program, part, inner);
      if (!found || share_is_larger(share, largest)) largest = share;
      found = true;
    }
  }
  return found ? largest : rl_share_plain(program, op, operand);
}

/* The indicator of a moment: 1 where it is not 0. */
static rl_moment_kind present_with(rl_moment_kind kind) {
  if (of_logits(kind)) return RL_M_LOGITS_ANY;
  if (kind == RL_M_PREFIX || kind == RL_M_PREFIX_ANY) return RL_M_PREFIX_ANY;
  if (kind == RL_M_SOURCE_ROWS || kind == RL_M_CROSS_PAIRS) return RL_M_SOURCE_HELD;
  return kind >= RL_M_SOURCE && kind < RL_M_SOURCE_ROWS ? RL_M_SOURCE_ANY : RL_M_ONE;
}

/* How often what is stored once a tensor is touched: each expert is a tensor of its own. */
static rl_moment once_with(rl_moment blocks) {
  bool pieces = blocks.kind == RL_M_EXPERTS || blocks.kind == RL_M_BLOCKS;
  return pieces ? blocks : rl_moment_of(present_with(blocks.kind));
}

void rl_tally_bytes(rl_tally *tally, rl_sum *sum, const rl_tensor *tensor, rl_share share) {
  enum { ID_BYTES = 4 };
  if (tensor->format == NULL) {
    RL_TALLY(tally, sum, share.blocks, ID_BYTES, share.rows, share.cols);
    return;
  }
  uint64_t row_bytes = 0, tensor_bytes = 0;
  if (!rl_format_row_bytes(tensor->format, share.cols, &row_bytes) ||
      !rl_format_tensor_bytes(tensor->format, tensor->rows / rl_tensor_pieces(tensor),
                              tensor->cols, &tensor_bytes)) {
    tally->overflow = true;
    return;
  }
  RL_TALLY(tally, sum, share.blocks, share.rows, row_bytes);
  const rl_component *packed = rl_format_packed(tensor->format);
  if (tensor->part == RL_KV_BODY && packed != NULL) { /* as many groups as there are values */
    RL_TALLY(tally, sum, rl_packed_moment(tensor, share.blocks), share.rows / tensor->rows,
             rl_packed_group_bytes(packed));
  } else if (tensor->part == RL_KV_BODY) { /* blocks are tensors of their own */
    RL_TALLY(tally, sum, share.blocks, share.rows / tensor->rows, rl_tensor_pieces(tensor),
             tensor_bytes);
  } else {
    RL_TALLY(tally, sum, once_with(share.blocks), tensor_bytes);
  }
}

const rl_counting RL_COUNTINGS[RL_OP_KINDS] = {
    [RL_OP_ALL_REDUCE] = {rl_work_all_reduce, rl_share_plain},
    [RL_OP_ALL_GATHER] = {rl_work_none, rl_share_plain},
    [RL_OP_DISPATCH] = {rl_work_none, rl_share_exchange},
    [RL_OP_SEND_BACK] = {rl_work_send_back, rl_share_exchange},
    [RL_OP_GATHER_KV] = {rl_work_none, rl_share_gather_kv},
    [RL_OP_MERGE] = {rl_work_merge, rl_share_plain},
    [RL_OP_SEND] = {rl_work_none, rl_share_plain},
    [RL_OP_RECEIVE] = {rl_work_none, rl_share_plain},
    [RL_OP_EMBED] = {rl_work_none, rl_share_embed},
    [RL_OP_EMBED_NEXT] = {rl_work_none, rl_share_embed_next},
    [RL_OP_NORM] = {rl_work_norm, rl_share_plain},
    [RL_OP_LINEAR] = {rl_work_linear, rl_share_linear},
    [RL_OP_ROPE] = {rl_work_rope, rl_share_plain},
    [RL_OP_ROTATE] = {rl_work_rope, rl_share_plain},
    [RL_OP_KV_APPEND] = {rl_work_kv_append, rl_share_append},
    [RL_OP_KV_COMPRESS] = {rl_work_kv_compress, rl_share_kv_compress},
    [RL_OP_CHOOSE_CHANNELS] = {rl_work_choose_channels, rl_share_choose_channels},
    [RL_OP_GATHER_CHANNELS] = {rl_work_none, rl_share_gather_channels},
    [RL_OP_ATTENTION] = {rl_work_attention, rl_share_attention},
    [RL_OP_FADING_ATTENTION] = {rl_work_fading_attention, rl_share_fading_attention},
    [RL_OP_EIDETIC_ATTENTION] = {rl_work_fading_attention, rl_share_fading_attention},
    [RL_OP_MEMORY_ATTENTION] = {rl_work_memory_attention, rl_share_memory_attention},
    [RL_OP_NEURAL_MEMORY] = {rl_work_neural_memory, rl_share_neural_memory},
    [RL_OP_SCORES] = {rl_work_scores, rl_share_scores},
    [RL_OP_SOFTMAX] = {rl_work_softmax, rl_share_plain},
    [RL_OP_MIX] = {rl_work_mix, rl_share_plain},
    [RL_OP_ADD] = {rl_work_add, rl_share_plain},
    [RL_OP_ACTIVATION] = {rl_work_activation, rl_share_plain},
    [RL_OP_MUL] = {rl_work_mul, rl_share_plain},
    [RL_OP_SCALE] = {rl_work_scale, rl_share_plain},
    [RL_OP_SOFTCAP] = {rl_work_softcap, rl_share_plain},
    [RL_OP_CLAMP] = {rl_work_clamp, rl_share_plain},
    [RL_OP_QUANTIZE] = {rl_work_quantize, rl_share_plain},
    [RL_OP_HADAMARD] = {rl_work_hadamard, rl_share_plain},
    [RL_OP_SAMPLE] = {rl_work_sample, rl_share_plain},
    [RL_OP_ROUTE] = {rl_work_route, rl_share_plain},
    [RL_OP_EXPERT_LINEAR] = {rl_work_expert_linear, rl_share_experts},
    [RL_OP_COMBINE] = {rl_work_combine, rl_share_plain},
    [RL_OP_CONCAT] = {rl_work_none, rl_share_plain},
    [RL_OP_CONV] = {rl_work_conv, rl_share_plain},
    [RL_OP_SCAN] = {rl_work_scan, rl_share_plain},
    [RL_OP_SSD_STEP] = {rl_work_ssd_step, rl_share_plain},
    [RL_OP_SSD] = {rl_work_ssd, rl_share_plain},
    [RL_OP_LATENT_APPEND] = {rl_work_kv_append, rl_share_append},
    [RL_OP_EXPAND] = {rl_work_expand, rl_share_plain},
    [RL_OP_EXPANDED_ATTENTION] = {rl_work_expanded_attention, rl_share_seen},
    [RL_OP_HEAD_LINEAR] = {rl_work_head_linear, rl_share_head_linear},
    [RL_OP_LATENT_ATTENTION] = {rl_work_latent_attention, rl_share_seen},
    [RL_OP_INDEX_APPEND] = {rl_work_kv_append, rl_share_append},
    [RL_OP_CHOOSE_TOKENS] = {rl_work_choose_tokens, rl_share_chosen},
    [RL_OP_CHOSEN_ATTENTION] = {rl_work_latent_attention, rl_share_chosen},
    [RL_OP_FRAME_CONV] = {rl_work_frame_conv, rl_share_plain},
    [RL_OP_PATCH_EMBED] = {rl_work_patch_embed, rl_share_plain},
    [RL_OP_ROPE_2D] = {rl_work_rope, rl_share_plain},
    [RL_OP_ENCODE_ATTENTION] = {rl_work_attention, rl_share_attention},
    [RL_OP_CROSS_APPEND] = {rl_work_kv_append, rl_share_plain},
    [RL_OP_CROSS_ATTENTION] = {rl_work_attention, rl_share_attention},
    [RL_OP_INSERT] = {rl_work_none, rl_share_insert},
    [RL_OP_HASH] = {rl_work_hash, rl_share_plain},
    [RL_OP_GATHER] = {rl_work_none, rl_share_gather},
    [RL_OP_DOT] = {rl_work_dot, rl_share_plain},
    [RL_OP_SWIGLU] = {rl_work_swiglu, rl_share_plain},
    [RL_OP_WEIGH] = {rl_work_weigh, rl_share_plain},
    [RL_OP_COLLECT] = {rl_work_collect, rl_share_plain},
    [RL_OP_SIGMOID_GATE] = {rl_work_sigmoid_gate, rl_share_plain},
    [RL_OP_POSITION_SCALE] = {rl_work_position_scale, rl_share_plain},
    [RL_OP_RETENTION] = {rl_work_retention, rl_share_plain},
    [RL_OP_GATED_DELTA] = {rl_work_gated_delta, rl_share_plain},
    [RL_OP_WKV] = {rl_work_wkv, rl_share_plain},
    [RL_OP_TOKEN_SHIFT] = {rl_work_token_shift, rl_share_plain},
    [RL_OP_LERP] = {rl_work_lerp, rl_share_plain},
    [RL_OP_LERP_BY] = {rl_work_lerp, rl_share_plain},
    [RL_OP_FETCH] = {rl_work_fetch, rl_share_plain},
    [RL_OP_LOCAL_LINEAR] = {rl_work_local_linear, rl_share_attention},
    [RL_OP_PREFIX_ATTENTION] = {rl_work_prefix_attention, rl_share_plain},
    [RL_OP_FUSED] = {work_fused, share_fused},
};
