/* Statements to operators: caches that keep tokens apart (spec/parting.h). Attention reads the body
 * and the tail that stood there before the pass and, as they are, the keys and values of its
 * tokens; then one operator takes those in and compresses what leaves the tail (Liu et al. 2024,
 * KIVI, alg. 1: prompt and new token are attended to before they are quantized). H_kv KV heads, d_h
 * head size. */
#include "base/checked.h"
#include "graph/lowering.h"

bool rl_format_is_parted(const rl_format *format) {
  return rl_format_is_for_kv(format);
}

bool rl_caches_are_parted(const rl_lowering *lowering) {
  return rl_format_is_parted(lowering->scenario->k) || rl_format_is_parted(lowering->scenario->v);
}

rl_status rl_parted_refuse(rl_lowering *lowering, const rl_statement *statement) {
  const char *what = rl_textf(lowering->arena, "'%s' on a KV cache that keeps tokens apart (%s)",
                              statement->op, lowering->scenario->k->name);
  if (what == NULL) return rl_diag_oom(lowering->diags);
  return RL_REPORT(lowering->diags, NOT_SUPPORTED, statement->loc, what, NULL);
}

/* Tokens of a block of the body. */
static uint64_t tokens_of(const rl_format *format) {
  return rl_max_u64(format->tokens, 1);
}

/* A format beside one that keeps tokens apart takes every token when the pass is over. */
static rl_parting parting_of(const rl_format *format) {
  if (format->tail != NULL) return *format->tail;
  return (rl_parting){.step = tokens_of(format)};
}

/* Rows of the body are a token and head, or a channel over the tokens of a block; of channels those
 * that are kept. */
static rl_status add_body(rl_lowering *lowering, const rl_evaluated *values,
                          const rl_format *format, rl_tensor *shape, uint32_t *out) {
  const rl_kv_block block = rl_format_block(format, values->head_dim);
  rl_tensor body = *shape;
  body.part = RL_KV_BODY;
  body.tokens = tokens_of(format);
  body.format = format;
  body.extent = RL_EXTENT_KV;
  body.by_token = format->by_token;
  body.pieces = rl_format_is_rowwise(format) ? 0 : values->heads;
  body.cols = block.cols;
  if (!rl_mul_u64(values->heads, block.rows, &body.rows)) return rl_diag_oom(lowering->diags);
  return rl_tensor_add(lowering, &body, out);
}

static rl_status add_tail(rl_lowering *lowering, const rl_evaluated *values, rl_tensor *shape,
                          uint32_t *out) {
  rl_tensor tail = *shape;
  tail.name = rl_textf(lowering->arena, "%s_tail", shape->name);
  tail.part = RL_KV_TAIL;
  tail.format = lowering->scenario->activations;
  tail.extent = RL_EXTENT_SEQUENCES;
  tail.cols = values->head_dim;
  *out = RL_NONE;
  if (tail.name == NULL ||
      !rl_mul_u64(rl_parting_places(&shape->parting), values->heads, &tail.rows)) {
    return rl_diag_oom(lowering->diags);
  }
  return tail.rows == 0 ? RL_OK : rl_tensor_add(lowering, &tail, out);
}

/* The mask of channels of each sequence and head, where some are left out. */
static rl_status add_channels(rl_lowering *lowering, const rl_evaluated *values,
                              const rl_format *format, rl_tensor *shape, uint32_t *out) {
  rl_tensor mask = *shape;
  *out = RL_NONE;
  if (format->channels == NULL) return RL_OK;
  mask.name = rl_textf(lowering->arena, "%s_channels", shape->name);
  mask.part = RL_KV_CHANNELS;
  mask.format = &RL_FORMAT_CHANNEL_MASK;
  mask.extent = RL_EXTENT_SEQUENCES;
  mask.rows = values->heads;
  mask.cols = values->head_dim;
  return mask.name == NULL ? rl_diag_oom(lowering->diags) : rl_tensor_add(lowering, &mask, out);
}

/* The parts of one cache; the tail is none where every token leaves at once. */
static rl_status add_parts(rl_lowering *lowering, const rl_evaluated *values, const char *name,
                           const rl_format *format, rl_parts *parts) {
  rl_tensor shape = {
      .name = name,
      .role = RL_ROLE_KV,
      .placed = RL_CLASS_KV,
      .parting = parting_of(format),
      .holds_values = parts == &lowering->v_parts,
      .row_slice = rl_slice_of(lowering->before.heads, values->heads, lowering->whole.heads),
      .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  rl_status status = add_body(lowering, values, format, &shape, &parts->body);
  if (status == RL_OK) status = add_tail(lowering, values, &shape, &parts->tail);
  if (status == RL_OK) status = add_channels(lowering, values, format, &shape, &parts->channels);
  return status;
}

rl_status rl_parted_append(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, const uint32_t in[2]) {
  if (values->cache != 0 || lowering->phase != RL_PHASE_BOTH || rl_tokens_dealt(lowering)) {
    return rl_parted_refuse(lowering, statement);
  }
  rl_status status =
      add_parts(lowering, values, "k_cache", lowering->scenario->k, &lowering->k_parts);
  if (status == RL_OK) {
    status = add_parts(lowering, values, "v_cache", lowering->scenario->v, &lowering->v_parts);
  }
  lowering->k_parts.fresh = in[0];
  lowering->v_parts.fresh = in[1];
  lowering->k_parts.heads = lowering->v_parts.heads = values->heads;
  lowering->k_parts.head_dim = lowering->v_parts.head_dim = values->head_dim;
  lowering->k_cache = lowering->k_parts.body;
  lowering->v_cache = lowering->v_parts.body;
  lowering->attended = RL_PHASE_BOTH;
  return status;
}

/* Blocks that leave the window are dropped, and a tail has no room for what none sees. */
static void reach_back(rl_lowering *lowering, const rl_parts *parts, uint64_t window) {
  rl_tensor *body = &lowering->tensors.items[parts->body];
  body->parting.window = window;
  body->parting.block = window == 0 ? 0 : body->tokens;
  if (parts->tail == RL_NONE) return;
  rl_tensor *tail = &lowering->tensors.items[parts->tail];
  tail->parting = body->parting;
  tail->rows = rl_parting_places(&tail->parting) * parts->heads;
}

rl_status rl_parted_window(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  const bool masked = values->window != 0 && lowering->k_parts.channels != RL_NONE;
  if (values->within != 0 || lowering->phase != RL_PHASE_BOTH) {
    return rl_parted_refuse(lowering, statement);
  }
  if (masked) {
    const char *what =
        rl_textf(lowering->arena, "a window on a KV cache that leaves out channels (%s)",
                 lowering->scenario->k->name);
    if (what == NULL) return rl_diag_oom(lowering->diags);
    return RL_REPORT(lowering->diags, NOT_SUPPORTED, statement->loc, what, NULL);
  }
  reach_back(lowering, &lowering->k_parts, values->window);
  reach_back(lowering, &lowering->v_parts, values->window);
  return RL_OK;
}

size_t rl_parts_read(const rl_lowering *lowering, const rl_parts *parts, rl_operand *operands,
                     size_t count) {
  if (parts->fresh == RL_NONE) return count;
  if (parts->tail != RL_NONE) {
    operands[count++] = rl_operand_whole(lowering, parts->tail, RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, parts->fresh, RL_READ);
  if (parts->channels != RL_NONE) {
    operands[count++] = rl_operand_whole(lowering, parts->channels, RL_READ);
  }
  return count;
}

uint64_t rl_channels_kept(const rl_lowering *lowering) {
  const rl_parts *parts = &lowering->k_parts;
  return parts->channels == RL_NONE ? 0
                                    : rl_format_channels(lowering->scenario->k, parts->head_dim);
}

/* q [T, H * d_h] -> [T, H * kept]: of sequences that have a body */
rl_status rl_channels_gather(rl_lowering *lowering, const rl_op *attention, uint32_t q,
                             uint32_t *kept) {
  const uint32_t mask = lowering->k_parts.channels;
  *kept = RL_NONE;
  if (mask == RL_NONE) return RL_OK;
  rl_op op = *attention;
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1,
                                        attention->at.heads * attention->at.kept_channels);
  op.kind = RL_OP_GATHER_CHANNELS;
  op.name = shape.name = RL_OP_INFO[op.kind].name;
  shape.run = RL_NONE;
  rl_status status = rl_tensor_add(lowering, &shape, kept);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, q, RL_READ),
                                 rl_operand_whole(lowering, mask, RL_READ),
                                 rl_operand_whole(lowering, *kept, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* q [T, H * d_h], k [T, H_kv * d_h], the tail of keys -> a mask a head of sequences that begin a
 * body */
rl_status rl_channels_choose(rl_lowering *lowering, const rl_statement *statement,
                             const rl_op *attention, uint32_t q) {
  const rl_parts *parts = &lowering->k_parts;
  if (parts->channels == RL_NONE) return RL_OK;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CHOOSE_CHANNELS);
  rl_operand operands[4];
  size_t count = 0;
  op.name = RL_OP_INFO[op.kind].name;
  op.at = attention->at;
  op.at.queries = lowering->scenario->k->channels->queries;
  operands[count++] = rl_operand_whole(lowering, q, RL_READ);
  operands[count++] = rl_operand_whole(lowering, parts->fresh, RL_READ);
  if (parts->tail != RL_NONE) operands[count++] = rl_operand_whole(lowering, parts->tail, RL_READ);
  operands[count++] = rl_operand_whole(lowering, parts->channels, RL_WRITE);
  return rl_op_add(lowering, &op, operands, count);
}

/* k, v [T, H_kv * d_h] and the tails, into bodies and tails */
rl_status rl_parted_compress(rl_lowering *lowering, const rl_statement *statement) {
  const rl_parts parts[] = {lowering->k_parts, lowering->v_parts};
  rl_op op = rl_op_begin(lowering, statement, RL_OP_KV_COMPRESS);
  rl_operand operands[9];
  size_t count = 0;
  op.name = RL_OP_INFO[RL_OP_KV_COMPRESS].name;
  for (int c = 0; c < 2; c++) {
    operands[count++] = rl_operand_whole(lowering, parts[c].fresh, RL_READ);
  }
  for (int c = 0; c < 2; c++) {
    if (parts[c].tail == RL_NONE) continue;
    operands[count++] = rl_operand_whole(lowering, parts[c].tail, RL_READ);
  }
  if (parts[0].channels != RL_NONE) {
    operands[count++] = rl_operand_whole(lowering, parts[0].channels, RL_READ);
  }
  for (int c = 0; c < 2; c++) {
    operands[count++] = rl_operand_whole(lowering, parts[c].body, RL_WRITE);
    if (parts[c].tail == RL_NONE) continue;
    operands[count++] = rl_operand_whole(lowering, parts[c].tail, RL_WRITE);
  }
  op.at.kv_heads = op.at.heads = lowering->k_parts.heads;
  op.at.head_dim = lowering->k_parts.head_dim;
  op.at.kept_channels = rl_channels_kept(lowering);
  lowering->k_parts = lowering->v_parts = RL_NO_PARTS;
  return rl_op_add(lowering, &op, operands, count);
}
