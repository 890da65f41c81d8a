/* Statements to operators: rotary embedding and its scalings.
 * T new tokens, H heads, H_kv KV heads, d_h head size. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

typedef struct scaling_name {
  const char *name;
  rl_rope_scaling scaling;
} scaling_name;
/* Phi-3's first files call longrope by the name it had in its making. */
static const scaling_name SCALING_NAMES[] = {
    {"default", RL_ROPE_PLAIN}, {"mrope", RL_ROPE_PLAIN}, /* sections are read apart */
    {"linear", RL_ROPE_LINEAR}, {"llama3", RL_ROPE_LLAMA3}, {"longrope", RL_ROPE_LONGROPE},
    {"su", RL_ROPE_LONGROPE},   {"yarn", RL_ROPE_YARN},     {"divisors", RL_ROPE_DIVISORS}};

/* A positive number of the scaling map, which must be there. */
static rl_status read_factor(rl_lowering *lowering, const rl_node *map, const char *key,
                             double *out) {
  const rl_node *node = rl_node_get(map, key);
  if (node == NULL) return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc, key);
  return rl_node_double(node, key, DBL_MIN, 1e12, out, lowering->diags);
}

/* Llama 3.1: frequencies are blended between two wavelengths of the original context (Grattafiori
 * et al. 2024, 3.4.2, and the model's published code). */
static rl_status read_llama3(rl_lowering *lowering, const rl_node *map, rl_op_attributes *at) {
  const char *key = "original_max_position_embeddings";
  const rl_node *original = rl_node_get(map, key);
  if (original == NULL) return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc, key);
  rl_status status = rl_node_u64(original, key, 1, UINT32_MAX, &at->rope_original, lowering->diags);
  if (status == RL_OK) status = read_factor(lowering, map, "low_freq_factor", &at->rope_low);
  if (status == RL_OK) status = read_factor(lowering, map, "high_freq_factor", &at->rope_high);
  if (status == RL_OK && at->rope_high < at->rope_low) {
    status = RL_REPORT(lowering->diags, ROPE_FREQUENCIES, map->loc, "");
  }
  return status;
}

/* The list of divisors, one for each rotated pair. */
static rl_status read_divisors(rl_lowering *lowering, const rl_node *map, const char *key,
                               uint64_t pairs, const double **out) {
  const rl_node *list = rl_node_get(map, key);
  if (list == NULL) return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc, key);
  if (list->kind != RL_SEQUENCE || list->count != pairs) {
    char text[RL_NUMBER_TEXT];
    return RL_REPORT(lowering->diags, ROPE_DIVISORS, list->loc, key, rl_print_u64(pairs, text));
  }
  double *divisors = RL_NEW_ARRAY(lowering->arena, double, pairs);
  if (divisors == NULL) return rl_diag_oom(lowering->diags);
  for (uint64_t i = 0; i < pairs; i++) {
    rl_status status =
        rl_node_double(list->items[i], key, DBL_MIN, 1e12, &divisors[i], lowering->diags);
    if (status != RL_OK) return status;
  }
  *out = divisors;
  return RL_OK;
}

/* What the rotated values are multiplied by, where the map says it; Phi-3.5-MoE has one for each
 * list. */
static rl_status read_magnitude(rl_lowering *lowering, const rl_node *map, bool longer,
                                rl_op_attributes *at) {
  const char *const keys[] = {"attention_factor", longer ? "long_mscale" : "short_mscale"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const rl_node *given = rl_node_get(map, keys[i]);
    if (given == NULL || rl_node_is_null(given)) continue;
    return rl_node_double(given, keys[i], DBL_MIN, 1e12, &at->rope_magnitude, lowering->diags);
  }
  return RL_OK;
}

/* LongRoPE divides each frequency by a factor of its own and lengthens what it rotates (Ding et al.
 * 2024, 3.2 and 4; Abdin et al. 2024, Phi-3, 2). Of its two lists the long one holds for a context
 * beyond the original, here the one that the model is made for: what stands in the cache must not
 * depend on how long the sequence became later. */
static rl_status read_longrope(rl_lowering *lowering, const rl_node *map,
                               const rl_evaluated *values, rl_op_attributes *at) {
  bool sized = values->context > 0 && values->original > 0;
  if (!sized) {
    return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc,
                     "original_max_position_embeddings");
  }
  bool longer = values->context > values->original;
  double ratio = (double)values->context / (double)values->original;
  at->rope_magnitude = longer ? sqrt(1 + log(ratio) / log((double)values->original)) : 1;
  rl_status status = read_divisors(lowering, map, longer ? "long_factor" : "short_factor",
                                   at->rotary_dims / 2, &at->rope_divisors);
  return status != RL_OK ? status : read_magnitude(lowering, map, longer, at);
}

/* A part of each head is `dims` of the operator; a map that names another part is not understood.
 */
static rl_status check_partial(rl_lowering *lowering, const rl_node *map,
                               const rl_op_attributes *at) {
  const rl_node *part = rl_node_get(map, "partial_rotary_factor");
  double factor = 1;
  if (part == NULL || rl_node_is_null(part)) return RL_OK;
  rl_status status =
      rl_node_double(part, "partial_rotary_factor", DBL_MIN, 1, &factor, lowering->diags);
  double apart = factor * (double)at->head_dim - (double)at->rotary_dims;
  if (status != RL_OK || fabs(apart) < 1e-6) return status;
  return RL_REPORT(lowering->diags, NOT_SUPPORTED, part->loc, "a partial_rotary_factor", NULL);
}

/* The map's rope_type, "default" when it holds a base and nothing else. */
static rl_status read_type(rl_lowering *lowering, const rl_node *map, rl_rope_scaling *out) {
  const rl_node *type = rl_node_get(map, "rope_type");
  const char *text;
  bool plain = rl_node_get(map, "factor") == NULL && rl_node_get(map, "rope_theta") != NULL;
  *out = RL_ROPE_PLAIN;
  if (type == NULL) type = rl_node_get(map, "type"); /* the spelling before 2024 */
  if (type == NULL && plain) return RL_OK;
  if (type == NULL) return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc, "rope_type");
  rl_status status = rl_node_text(type, "rope_type", &text, lowering->diags);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < sizeof SCALING_NAMES / sizeof *SCALING_NAMES; i++) {
    if (strcmp(SCALING_NAMES[i].name, text) != 0) continue;
    *out = SCALING_NAMES[i].scaling;
    return RL_OK;
  }
  return RL_REPORT(lowering->diags, ROPE_SCALING_TYPE, type->loc, text);
}

/* Qwen2-VL: how many pairs turn by time, height and width (Wang et al. 2024, 2.1). */
static rl_status read_sections(rl_lowering *lowering, const rl_node *map, uint64_t dims,
                               uint64_t sections[3]) {
  const char *key = "mrope_section";
  const rl_node *list = rl_node_get(map, key);
  uint64_t sum = 0;
  if (list == NULL || rl_node_is_null(list)) return RL_OK;
  bool three = list->kind == RL_SEQUENCE && list->count == 3;
  for (size_t i = 0; three && i < 3; i++) {
    rl_status status = rl_node_u64(list->items[i], key, 0, dims, &sections[i], lowering->diags);
    if (status != RL_OK) return status;
    sum += sections[i];
  }
  if (three && 2 * sum == dims) return RL_OK;
  return RL_REPORT(lowering->diags, ROPE_SECTIONS, list->loc, "");
}

static rl_status read_scaling(rl_lowering *lowering, const rl_evaluated *values,
                              rl_op_attributes *at) {
  const rl_node *map = values->scaling;
  if (map == NULL) return RL_OK;
  rl_status status = check_partial(lowering, map, at);
  if (status == RL_OK) status = read_type(lowering, map, &at->rope_scaling);
  if (status != RL_OK) return status;
  switch (at->rope_scaling) {
    case RL_ROPE_PLAIN:
      return RL_OK;
    case RL_ROPE_LONGROPE:
      return read_longrope(lowering, map, values, at);
    case RL_ROPE_YARN:
      return rl_yarn_read(lowering, map, at);
    case RL_ROPE_DIVISORS:
      return read_divisors(lowering, map, "divisors", at->rotary_dims / 2, &at->rope_divisors);
    case RL_ROPE_LINEAR:
      return read_factor(lowering, map, "factor", &at->rope_factor);
    case RL_ROPE_LLAMA3:
      break;
  }
  status = read_factor(lowering, map, "factor", &at->rope_factor);
  return status == RL_OK ? read_llama3(lowering, map, at) : status;
}

/* What is rotated of the inputs, in place: q, and k where there is one. */
static rl_status add_rotation(rl_lowering *lowering, const rl_op *op, const uint32_t *in) {
  const uint64_t cols[] = {op->at.heads * op->at.rotary_dims, op->at.kv_heads * op->at.rotary_dims};
  uint32_t count = op->kind == RL_OP_ROPE ? 2 : 1; /* the products are at most the widths */
  rl_operand operands[4];
  for (uint32_t i = 0; i < count; i++) {
    rl_twins_forget(lowering, in[i]);
    operands[i] = (rl_operand){in[i], RL_READ, cols[i]};
    operands[count + i] = (rl_operand){in[i], RL_WRITE, cols[i]};
  }
  return rl_op_add(lowering, op, operands, (size_t)2 * count);
}

static rl_status check_rotation(rl_lowering *lowering, const rl_statement *statement,
                                const rl_op_attributes *at, const uint32_t *in, bool alone) {
  if (at->rotary_dims > rl_min_u64(at->head_dim, at->kv_head_dim) || at->rotary_dims % 2 != 0) {
    return RL_REPORT(lowering->diags, ROPE_DIMS, statement->loc, "");
  }
  rl_status status = rl_width_check(lowering, statement, in[0], at->heads, at->head_dim);
  if (status != RL_OK || alone) return status;
  return rl_width_check(lowering, statement, in[1], at->kv_heads, at->kv_head_dim);
}

/* Rotates `dims` of the d_h values of each head of q [T, H * d_h] and k [T, H_kv * d_h], whose
 * heads may have another size; `rotate` has no k. */
rl_status rl_lower_rope(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  bool alone = strcmp(statement->op, RL_OP_INFO[RL_OP_ROTATE].name) == 0;
  rl_op op = rl_op_begin(lowering, statement, alone ? RL_OP_ROTATE : RL_OP_ROPE);
  uint64_t k_dim = values->kv_head_dim == 0 ? values->head_dim : values->kv_head_dim;
  uint32_t in[2];
  op.at.heads = values->heads;
  op.at.kv_heads = values->kv_heads;
  op.at.head_dim = values->head_dim;
  op.at.kv_head_dim = k_dim;
  op.at.rotates_last = values->rotates != 0;
  op.at.rotary_dims = values->dims == 0 ? rl_min_u64(k_dim, values->head_dim) : values->dims;
  op.at.rope_base = values->base;
  op.at.rope_style = (rl_rope_style)values->style;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_rotation(lowering, statement, &op.at, in, alone);
  if (status == RL_OK) status = read_scaling(lowering, values, &op.at);
  if (status == RL_OK && values->scaling != NULL) {
    status = read_sections(lowering, values->scaling, op.at.rotary_dims, op.at.rope_sections);
  }
  return status == RL_OK ? add_rotation(lowering, &op, in) : status;
}
