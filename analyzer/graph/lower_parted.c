/* Statements to operators: caches that keep tokens apart (spec/parting.h). Attention reads the body
 * and the tail that stood there before the pass and, as they are, the keys and values of its tokens;
 * then one operator takes those in and compresses what leaves the tail (Liu et al. 2024, KIVI, alg. 1:
 * prompt and new token are attended to before they are quantized).
 * H_kv KV heads, d_h head size. */
#include "base/checked.h"
#include "graph/lowering.h"

bool rl_format_is_parted(const rl_format *format) {
  return format->tail != NULL || format->tokens > 1;
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

/* Rows of the body are a token and head, or a channel over the tokens of a block. */
static rl_status add_body(rl_lowering *lowering, const rl_evaluated *values,
                          const rl_format *format, rl_tensor *shape, uint32_t *out) {
  rl_tensor body = *shape;
  body.part = RL_KV_BODY;
  body.tokens = tokens_of(format);
  body.format = format;
  body.extent = RL_EXTENT_KV;
  body.rows = values->heads;
  body.cols = values->head_dim;
  if (format->tokens > 1) {
    body.cols = format->tokens;
    if (!rl_mul_u64(values->heads, values->head_dim, &body.rows)) {
      return rl_diag_oom(lowering->diags);
    }
  }
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

/* The two parts of one cache; the tail is none where every token leaves at once. */
static rl_status add_parts(rl_lowering *lowering, const rl_evaluated *values, const char *name,
                           const rl_format *format, rl_parts *parts) {
  rl_tensor shape = {.name = name,
                     .role = RL_ROLE_KV,
                     .placed = RL_CLASS_KV,
                     .parting = parting_of(format),
                     .row_slice = rl_slice_of(lowering->before.heads, values->heads,
                                              lowering->whole.heads),
                     .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  rl_status status = add_body(lowering, values, format, &shape, &parts->body);
  return status == RL_OK ? add_tail(lowering, values, &shape, &parts->tail) : status;
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

rl_status rl_parted_check(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  bool plain = values->window == 0 && values->within == 0 && lowering->phase == RL_PHASE_BOTH;
  return plain ? RL_OK : rl_parted_refuse(lowering, statement);
}

size_t rl_parts_read(const rl_lowering *lowering, const rl_parts *parts, rl_operand *operands,
                     size_t count) {
  if (parts->fresh == RL_NONE) return count;
  if (parts->tail != RL_NONE) {
    operands[count++] = rl_operand_whole(lowering, parts->tail, RL_READ);
  }
  operands[count++] = rl_operand_whole(lowering, parts->fresh, RL_READ);
  return count;
}

/* k, v [T, H_kv * d_h] and the tails, into bodies and tails */
rl_status rl_parted_compress(rl_lowering *lowering, const rl_statement *statement) {
  const rl_parts parts[] = {lowering->k_parts, lowering->v_parts};
  rl_op op = rl_op_begin(lowering, statement, RL_OP_KV_COMPRESS);
  rl_operand operands[8];
  size_t count = 0;
  op.name = RL_OP_INFO[RL_OP_KV_COMPRESS].name;
  for (int c = 0; c < 2; c++) {
    operands[count++] = rl_operand_whole(lowering, parts[c].fresh, RL_READ);
  }
  for (int c = 0; c < 2; c++) {
    if (parts[c].tail == RL_NONE) continue;
    operands[count++] = rl_operand_whole(lowering, parts[c].tail, RL_READ);
  }
  for (int c = 0; c < 2; c++) {
    operands[count++] = rl_operand_whole(lowering, parts[c].body, RL_WRITE);
    if (parts[c].tail == RL_NONE) continue;
    operands[count++] = rl_operand_whole(lowering, parts[c].tail, RL_WRITE);
  }
  op.at.kv_heads = op.at.heads = lowering->k_parts.heads;
  op.at.head_dim = lowering->k_parts.head_dim;
  lowering->k_parts = lowering->v_parts = RL_NO_PARTS;
  return rl_op_add(lowering, &op, operands, count);
}
