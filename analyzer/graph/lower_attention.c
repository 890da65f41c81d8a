/* Statements to operators: KV cache, attention.
 * T new tokens, H heads, H_kv KV heads, d_h head size. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

static rl_status add_cache(rl_lowering *lowering, const rl_evaluated *values, const char *name,
                           const rl_format *format, uint32_t *out) {
  rl_tensor cache = {
      .name = name,
      .role = RL_ROLE_KV,
      .placed = RL_CLASS_KV,
      .format = format,
      .extent = RL_EXTENT_KV,
      .rows = values->heads,
      .cols = values->head_dim,
      .row_slice = rl_slice_of(lowering->before.heads, values->heads, lowering->whole.heads),
      .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
  return rl_tensor_add(lowering, &cache, out);
}

/* The caches that both inputs go to. */
static rl_status add_caches(rl_lowering *lowering, const rl_evaluated *values, uint32_t *k,
                            uint32_t *v) {
  bool second = values->cache != 0;
  rl_status status =
      add_cache(lowering, values, second ? "second_k_cache" : "k_cache", lowering->scenario->k, k);
  if (status != RL_OK) return status;
  return add_cache(lowering, values, second ? "second_v_cache" : "v_cache", lowering->scenario->v,
                   v);
}

/* k, v [T, H_kv * d_h] into the first or second caches [H_kv, d_h] of this layer */
rl_status rl_lower_kv_append(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_KV_APPEND);
  bool second = values->cache != 0;
  uint32_t *k = second ? &lowering->second_k : &lowering->k_cache;
  uint32_t *v = second ? &lowering->second_v : &lowering->v_cache;
  uint32_t in[2];
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (int i = 0; i < 2 && status == RL_OK; i++) {
    status = rl_width_check(lowering, statement, in[i], values->heads, values->head_dim);
  }
  if (status == RL_OK && *k != RL_NONE) {
    status = RL_REPORT(lowering->diags, CACHE_UNREAD, statement->loc, "");
  }
  if (status != RL_OK) return status;
  if (rl_caches_are_parted(lowering)) return rl_parted_append(lowering, statement, values, in);
  status = add_caches(lowering, values, k, v);
  if (status != RL_OK) return status;
  lowering->attended = RL_PHASE_BOTH;
  op.at.heads = op.at.kv_heads = values->heads;
  op.at.head_dim = values->head_dim;
  rl_dealt_keys(lowering, &op);
  const rl_operand operands[] = {
      rl_operand_whole(lowering, in[0], RL_READ), rl_operand_whole(lowering, in[1], RL_READ),
      rl_operand_whole(lowering, *k, RL_WRITE), rl_operand_whole(lowering, *v, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

/* Two keys of the config disagree: told where the config stands, then where the family asks. */
static rl_status report_heads(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  char heads[RL_NUMBER_TEXT], kv_heads[RL_NUMBER_TEXT];
  const rl_model *model = lowering->scenario->model;
  const rl_attribute *asked = rl_attribute_find(statement, "kv_heads");
  const rl_node *cause = asked == NULL ? NULL : rl_model_cause(model, asked->value);
  if (cause == NULL) cause = model->config;
  rl_status status =
      RL_REPORT(lowering->diags, HEADS_PER_KV, cause == NULL ? statement->loc : cause->loc,
                rl_print_u64(values->heads, heads), rl_print_u64(values->kv_heads, kv_heads));
  if (model->config != NULL) {
    RL_REPORT(lowering->diags, LOWERED_HERE, statement->loc, model->family->name);
  }
  return status;
}

/* Every sequence attends to a cache once. */
static bool cache_waits(const rl_lowering *lowering, uint32_t keys) {
  if (keys == RL_NONE) return false;
  return lowering->attended == RL_PHASE_BOTH ||
         (lowering->phase != RL_PHASE_BOTH && lowering->phase != lowering->attended);
}

rl_status rl_cache_check(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values, uint32_t q, uint32_t index) {
  if (!cache_waits(lowering, index)) {
    return RL_REPORT(lowering->diags, NO_CACHE, statement->loc, "");
  }
  const rl_tensor *cache = &lowering->tensors.items[index];
  if (values->window != 0 && values->within != 0) {
    return RL_REPORT(lowering->diags, EXCLUSIVE_KEYS, statement->loc, "window", "within");
  }
  const rl_parts *parts = &lowering->k_parts;
  const bool parted = parts->fresh != RL_NONE;
  const uint64_t heads = parted ? parts->heads : cache->rows;
  if (heads != values->kv_heads || (parted ? parts->head_dim : cache->cols) != values->head_dim) {
    return RL_REPORT(lowering->diags, CACHE_SHAPE, statement->loc, "");
  }
  if (parted && strcmp(statement->op, RL_OP_INFO[RL_OP_ATTENTION].name) != 0) {
    return rl_parted_refuse(lowering, statement);
  }
  if (values->heads % values->kv_heads != 0) {
    return report_heads(lowering, statement, values);
  }
  return rl_width_check(lowering, statement, q, values->heads, values->head_dim);
}

/* A learned logit a head, [1, H] (Xiao et al. 2024, 3.2; OpenAI 2025, gpt-oss model card, 2.2). */
static rl_status add_sinks(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, uint32_t *sinks) {
  const rl_weight_shape request = {.class_name = "bias",
                                   .suffix = "sinks",
                                   .source = values->sinks,
                                   .gguf = values->gguf_sinks,
                                   .rows = 1,
                                   .cols = values->heads,
                                   .col_slice = rl_heads_slice(lowering, values)};
  *sinks = RL_NONE;
  if (values->sinks == NULL) return RL_OK;
  return rl_weight_add(lowering, statement, values, &request, sinks);
}

void rl_caches_leave(rl_lowering *lowering) {
  bool other_waits = lowering->phase != RL_PHASE_BOTH && lowering->attended == RL_PHASE_BOTH;
  if (!other_waits) {
    lowering->k_cache = lowering->v_cache = RL_NONE;
    lowering->second_k = lowering->second_v = RL_NONE;
  }
  lowering->attended = lowering->phase;
}

/* How much of its cache the attention of this layer can see. */
static void set_reach(rl_lowering *lowering, uint32_t cache, const rl_evaluated *values) {
  lowering->tensors.items[cache].window = values->window;
  lowering->tensors.items[cache].within = values->within;
}

/* The operator over the caches of the layer, and what it reads and writes. */
static rl_status begin_over_cache(rl_lowering *lowering, const rl_statement *statement,
                                  const rl_evaluated *values, rl_op_kind kind, rl_op *op,
                                  rl_attention_ends *ends) {
  uint32_t q[2];
  *ends =
      (rl_attention_ends){RL_NONE, lowering->k_cache, lowering->v_cache, RL_NONE,          RL_NONE,
                          RL_NONE, RL_NONE,           lowering->k_parts, lowering->v_parts};
  rl_status status = rl_inputs_find(lowering, statement, q);
  if (status == RL_OK) {
    status = rl_cache_check(lowering, statement, values, q[0], lowering->k_cache);
  }
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[q[0]];
  ends->q = q[0];
  *op = rl_op_begin(lowering, statement, kind);
  op->compute = rl_format_compute(lowering->scenario->k, lowering->scenario->activations);
  rl_attention_shape(values, op);
  return rl_output_find(lowering, statement, &shape, &ends->out);
}

rl_status rl_lower_attention(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values) {
  rl_attention_ends ends;
  rl_op op;
  rl_status status = begin_over_cache(lowering, statement, values, RL_OP_ATTENTION, &op, &ends);
  if (status == RL_OK) status = add_sinks(lowering, statement, values, &ends.sinks);
  if (status == RL_OK) {
    status = rl_position_table(lowering, statement, values, &op, &ends.table);
  }
  const bool parted = ends.k_parts.fresh != RL_NONE;
  if (status == RL_OK && parted) status = rl_parted_window(lowering, statement, values);
  if (status != RL_OK) return status;
  op.at.parted = parted;
  op.at.kept_channels = rl_channels_kept(lowering);
  op.at.window = values->window;
  op.at.within = values->within;
  op.at.sinks = values->sinks != NULL;
  op.at.softcap = values->cap;
  op.at.alibi = values->alibi;
  op.at.first_head = rl_heads_before(lowering);
  op.at.all_heads = lowering->whole.heads;
  op.at.alibi_scaled = values->alibi_scaled;
  set_reach(lowering, lowering->k_cache, values);
  set_reach(lowering, lowering->v_cache, values);
  status = rl_attention_add(lowering, &op, &ends);
  rl_caches_leave(lowering);
  if (status == RL_OK) status = rl_channels_choose(lowering, statement, &op, ends.q);
  if (status == RL_OK && parted) status = rl_parted_compress(lowering, statement);
  return status;
}

/* q [T, H * d_h], the caches -> out [T, H * d_h]; no score is stored under any profile, for each
 * step of the solver makes them anew */
rl_status rl_lower_local_linear(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values) {
  rl_attention_ends ends;
  rl_op op;
  rl_status status = begin_over_cache(lowering, statement, values, RL_OP_LOCAL_LINEAR, &op, &ends);
  if (status != RL_OK) return status;
  op.at.ridge = values->ridge;
  op.at.iterations = values->iterations;
  op.at.eps = values->eps;
  const rl_operand operands[] = {
      rl_operand_whole(lowering, ends.q, RL_READ), rl_operand_whole(lowering, ends.k, RL_READ),
      rl_operand_whole(lowering, ends.v, RL_READ), rl_operand_whole(lowering, ends.out, RL_WRITE)};
  rl_caches_leave(lowering);
  return rl_op_add(lowering, &op, operands, 4);
}
