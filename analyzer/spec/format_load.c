/* Reads `kind: format` into rl_format: a stack of components, each one row of the table below. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "spec/component_load.h"
#include "spec/kind_keys.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const component_words[RL_COMPONENT_KINDS] = {
    [RL_DENSE] = "dense",     [RL_QUANT] = "quant",          [RL_LUT] = "lut",
    [RL_BLOCK] = "block",
    [RL_SPARSE] = "sparse",   [RL_LOWRANK] = "lowrank",      [RL_CHANNEL_MASK] = "channel_mask",
    [RL_TRELLIS] = "trellis", [RL_DENSE_TAIL] = "dense_tail"};

/* `dense: bf16` or `dense: {type: bf16}`. */
static void load_dense(const rl_load *load, const rl_node *node, rl_component *component) {
  const rl_node *type = node;
  if (node->kind == RL_MAP) {
    if (rl_nested_known(load, node, RL_BELOW_DENSE, "dense") != RL_OK) return;
    type = rl_load_need(load, node, "dense", "type");
  }
  if (type != NULL) rl_load_dense_type(load, type, component);
}

void rl_load_dense_type(const rl_load *load, const rl_node *type, rl_component *component) {
  if (!rl_load_type(load, type, &component->type)) return;
  if (component->type == RL_NF4 || component->type == RL_FP4_BNB || component->type == RL_DYN8 ||
      component->type == RL_F8_E8M0 || RL_TYPES[component->type].integer) {
    RL_REPORT(load->diags, BAD_STORED_TYPE, type->loc, RL_TYPES[component->type].name,
              "dense component");
  }
}

/* `bits: 4`, the integer synonym of `type: i4`. */
static void load_bits(const rl_load *load, const rl_node *bits, rl_component *component) {
  uint64_t width = 0;
  if (rl_node_u64(bits, "bits", 1, 32, &width, load->diags) != RL_OK) return;
  component->type = width == 4 ? RL_I4 : RL_I8;
  if (width == 2) component->type = RL_I2;
  if (width == 2 || width == 4 || width == 8) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, bits->loc, "a width other than 2, 4 or 8 bits", NULL);
}

static bool is_code(rl_type type) {
  return type == RL_I2 || type == RL_I4 || type == RL_I8 || type == RL_F8_E4M3 ||
         type == RL_F8_E5M2 || type == RL_F4_E2M1 || type == RL_NF4 || type == RL_FP4_BNB;
}

/* Powers of two scale groups of small floats (OCP Microscaling Formats 1.0, 5.2); scales of 8 bits
 * have scales of their own. */
static bool is_scale(const rl_component *component) {
  if (component->scale == RL_F16 || component->scale == RL_F32) return true;
  if (component->scale == RL_F8_E4M3 || component->scale == RL_DYN8) return component->outer;
  return component->scale == RL_F8_E8M0 && component->span == RL_PER_GROUP &&
         !RL_TYPES[component->type].integer;
}

static void load_code_type(const rl_load *load, const rl_node *node, rl_component *component) {
  const rl_node *type = rl_load_get(node, "type"), *bits = rl_load_get(node, "bits");
  if (type == NULL && bits == NULL) rl_load_need(load, node, "quant", "type");
  if (type != NULL && bits != NULL) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, bits->loc, "type", "bits");
  }
  if (bits != NULL) load_bits(load, bits, component);
  if (type == NULL || !rl_load_type(load, type, &component->type)) return;
  if (!is_code(component->type)) {
    RL_REPORT(load->diags, BAD_STORED_TYPE, type->loc, RL_TYPES[component->type].name,
              "quant component");
  }
}

void rl_load_tile(const rl_load *load, const rl_node *node, rl_component *component) {
  uint64_t size[2] = {1, 1};
  component->group = component->tile = 1;
  if (!rl_load_is_list(load, node, "tile")) return;
  if (node->count != 2) {
    RL_REPORT(load->diags, MISSING_KEY, node->loc, "tile", "[rows, columns]");
    return;
  }
  for (int i = 0; i < 2; i++) {
    rl_node_u64(node->items[i], "tile", 1, 1 << 20, &size[i], load->diags);
  }
  component->tile = (uint32_t)size[0];
  component->group = (uint32_t)size[1];
}

/* Lint's: a group of a row begins and ends at whole bytes, whatever its codes' width. */
static void check_group(const rl_load *load, const rl_node *node, uint64_t group) {
  char number[RL_NUMBER_TEXT];
  if (!rl_db_careful(load->db) || group % 8 == 0) return;
  RL_REPORT(load->diags, GROUP_UNEVEN, node->loc, rl_print_grouped(group, number));
}

/* Exactly one of `group: N`, `tile: [R, C]` and `axis: row|tensor`. */
static void load_span(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const axis_words[] = {"row", "tensor"};
  const rl_node *group = rl_load_get(node, "group"), *axis = rl_load_get(node, "axis");
  const rl_node *tile = rl_load_get(node, "tile"), *other = axis != NULL ? axis : tile;
  uint64_t size = 1;
  if (group != NULL && other != NULL) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, other->loc, "group", axis != NULL ? "axis" : "tile");
  } else if (axis != NULL && tile != NULL) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, tile->loc, "axis", "tile");
  } else if (tile != NULL) {
    component->span = RL_PER_TILE; /* one scale a tile */
    rl_load_tile(load, tile, component);
    return;
  } else if (group != NULL) {
    rl_status status = rl_node_u64(group, "group", 2, 1 << 20, &size, load->diags);
    if (status == RL_OK) check_group(load, group, size);
    component->span = RL_PER_GROUP;
  } else if (axis != NULL) {
    int word = rl_load_word(load, axis, "axis", axis_words, 2);
    component->span = word == 1 ? RL_PER_TENSOR : RL_PER_ROW;
  } else {
    RL_REPORT(load->diags, MISSING_KEY, node->loc, "quant", "group, tile or axis");
  }
  component->group = (uint32_t)size;
}

/* `outer: tensor` or `outer: N`: fp32 scales of the scales, one for the tensor or for N of them. */
static void load_outer(const rl_load *load, const rl_node *node, rl_component *component) {
  uint64_t group = 0;
  if (node == NULL) return;
  component->outer = true;
  if (component->span != RL_PER_GROUP) {
    RL_REPORT(load->diags, NOT_SUPPORTED, node->loc, "scales of scales without groups", NULL);
  }
  if (node->kind == RL_SCALAR && strcmp(node->text, "tensor") == 0) return;
  rl_node_u64(node, "outer", 2, 1 << 20, &group, load->diags);
  component->outer_group = (uint32_t)group;
}

/* `order: stored`: columns are quantized in an order of their own, and each one's group is kept. */
static void load_order(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const words[] = {"stored"};
  if (node == NULL || rl_load_word(load, node, "order", words, 1) != 0) return;
  component->ordered = true;
  if (component->span == RL_PER_GROUP) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, node->loc, "a stored order without groups", NULL);
}

/* `table: stored`: what codes stand for is kept beside them, as bitsandbytes does. */
static void load_table(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const words[] = {"stored"};
  if (node == NULL || rl_load_word(load, node, "table", words, 1) != 0) return;
  component->tables = true;
  bool codes = component->type == RL_NF4 || component->type == RL_FP4_BNB;
  if (codes && component->span == RL_PER_GROUP && !component->ordered) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, node->loc,
            "a stored table of other codes than nf4 and fp4_bnb in groups", NULL);
}

static void load_zero(const rl_load *load, const rl_node *zero, rl_component *component) {
  static const char *const words[] = {"none", "code", "fp16", "least"};
  static const rl_zero zeros[] = {RL_ZERO_NONE, RL_ZERO_CODE, RL_ZERO_TYPE, RL_ZERO_LEAST};
  if (zero == NULL) return;
  int word = rl_load_word(load, zero, "zero", words, 4);
  if (word < 1) return;
  component->zero = zeros[word];
  component->zero_type = RL_F16;
  bool rows = component->zero == RL_ZERO_LEAST && component->span == RL_PER_ROW;
  if (RL_TYPES[component->type].integer && (rows || component->span == RL_PER_GROUP)) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, zero->loc, "a zero point without integer groups", NULL);
}

static void load_scale(const rl_load *load, const rl_node *node, rl_component *component) {
  const rl_node *scale = rl_load_need(load, node, "quant", "scale");
  load_outer(load, rl_load_get(node, "outer"), component);
  if (scale != NULL && rl_load_type(load, scale, &component->scale)) {
    if (!is_scale(component)) {
      RL_REPORT(load->diags, BAD_STORED_TYPE, scale->loc, RL_TYPES[component->scale].name, "scale");
    }
  }
  load_zero(load, rl_load_get(node, "zero"), component);
}

static void load_quant(const rl_load *load, const rl_node *node, rl_component *component) {
  if (rl_nested_known(load, node, RL_BELOW_QUANT, "quant") != RL_OK) return;
  load_code_type(load, node, component);
  load_span(load, node, component);
  load_scale(load, node, component);
  load_order(load, rl_load_get(node, "order"), component);
  load_table(load, rl_load_get(node, "table"), component);
}

/* `block: q4_k`. What its values are multiplied as is fp32: blocks are weights or KV, never
 * activations. */
static void load_block(const rl_load *load, const rl_node *node, rl_component *component) {
  const char *name = rl_load_name(load, node, "block");
  component->type = RL_F32;
  if (name == NULL || rl_block_find(name, &component->block)) return;
  const char *names[RL_BLOCKS];
  for (int b = 0; b < RL_BLOCKS; b++) names[b] = RL_BLOCK_INFO[b].name;
  const char *guess = rl_did_you_mean(name, names, RL_BLOCKS);
  RL_REPORT(load->diags, UNKNOWN_BLOCK, node->loc, name, guess);
}

/* Those without a row are named by the contract and refused by name. */
static void (*const LOADERS[RL_COMPONENT_KINDS])(const rl_load *load, const rl_node *node,
                                                 rl_component *component) = {
    [RL_DENSE] = load_dense,      [RL_QUANT] = load_quant,       [RL_BLOCK] = load_block,
    [RL_SPARSE] = rl_load_sparse, [RL_LOWRANK] = rl_load_lowrank,
    [RL_LUT] = rl_load_lut,       [RL_TRELLIS] = rl_load_trellis};

void rl_load_component(const rl_load *load, const rl_node *node, rl_component *component) {
  if (rl_node_known_keys(node, "component", component_words, RL_COMPONENT_KINDS, load->diags) !=
      RL_OK) {
    return;
  }
  if (node->count != 1) {
    RL_REPORT(load->diags, ONE_KEY, node->loc, "component", "its kind");
    return;
  }
  int kind = 0;
  while (strcmp(node->keys[0]->text, component_words[kind]) != 0) kind++;
  component->kind = (rl_component_kind)kind;
  if (LOADERS[kind] == NULL) {
    RL_REPORT(load->diags, NOT_SUPPORTED, node->keys[0]->loc, component_words[kind], NULL);
    return;
  }
  LOADERS[kind](load, node->items[0], component);
}

/* `dense_tail: {newest: 128, step: 1, first: 4}`, the last of a stack: what is not in it. */
static bool load_tail(const rl_load *load, const rl_node *item, rl_format *format) {
  const rl_kind_key *keys = RL_NESTED_KEYS[RL_BELOW_TAIL].keys; /* newest, step, first */
  const char *word = component_words[RL_DENSE_TAIL];
  enum { TAIL_MAX = 1 << 20 };
  if (item->kind != RL_MAP || item->count != 1 || strcmp(item->keys[0]->text, word) != 0) {
    return false;
  }
  const rl_node *map = item->items[0];
  rl_parting *tail = RL_NEW(load->arena, rl_parting);
  if (tail == NULL) {
    rl_diag_oom(load->diags);
    return true;
  }
  *tail = (rl_parting){.step = rl_max_u64(format->tokens, 1)};
  format->tail = tail;
  if (rl_nested_known(load, map, RL_BELOW_TAIL, word) != RL_OK) return true;
  uint64_t *const numbers[] = {&tail->newest, &tail->step, &tail->first};
  for (size_t k = 0; k < RL_COUNT(numbers); k++) {
    const char *key = keys[k].name;
    const rl_node *node = k == 0 ? rl_load_need(load, map, word, key) : rl_load_get(map, key);
    if (node != NULL) rl_node_u64(node, key, k == 1, TAIL_MAX, numbers[k], load->diags);
  }
  if (tail->step % rl_max_u64(format->tokens, 1) != 0) {
    RL_REPORT(load->diags, NOT_SUPPORTED, map->loc, "a step that is no multiple of tokens", NULL);
  }
  return true;
}

/* `channel_mask: {keep: 0.6, queries: 32}`, the first of a stack: what is in it are the channels of
 * keys that are kept. */
static bool load_channels(const rl_load *load, const rl_node *item, rl_format *format) {
  const char *word = component_words[RL_CHANNEL_MASK];
  enum { QUERIES_MAX = 1 << 20 };
  double share = 1;
  if (item->kind != RL_MAP || item->count != 1 || strcmp(item->keys[0]->text, word) != 0) {
    return false;
  }
  const rl_node *map = item->items[0];
  rl_channel_choice *choice = RL_NEW(load->arena, rl_channel_choice);
  if (choice == NULL) {
    rl_diag_oom(load->diags);
    return true;
  }
  format->channels = choice;
  if (rl_nested_known(load, map, RL_BELOW_MASK, word) != RL_OK) return true;
  const rl_node *keep = rl_load_need(load, map, word, "keep");
  const rl_node *queries = rl_load_need(load, map, word, "queries");
  if (keep != NULL) {
    rl_node_double(keep, "keep", 1.0 / RL_KEEP_ALL, 1, &share, load->diags);
    choice->keep = (uint32_t)lround(share * RL_KEEP_ALL);
  }
  if (queries != NULL) {
    rl_node_u64(queries, "queries", 1, QUERIES_MAX, &choice->queries, load->diags);
  }
  return true;
}

/* `tokens: 32`: rows are channels of so many tokens; `block: 64`: they are so many tokens. */
static void load_tokens(const rl_load *load, rl_format *format) {
  const rl_node *tokens = rl_load_get(load->root, "tokens");
  const rl_node *block = rl_load_get(load->root, "block");
  enum { TOKENS_MAX = 1 << 16 };
  if (tokens != NULL && block != NULL) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, block->loc, "tokens", "block");
  } else if (tokens != NULL) {
    rl_node_u64(tokens, "tokens", 2, TOKENS_MAX, &format->tokens, load->diags);
  } else if (block != NULL) {
    format->by_token = true;
    rl_node_u64(block, "block", 2, TOKENS_MAX, &format->tokens, load->diags);
  }
}

/* A component that stores as many values as it keeps is alone, in blocks of tokens, which are its
 * rows or its columns. */
static void place_packed(const rl_load *load, const rl_node *list, const rl_format *format,
                         rl_component *component) {
  if (component->kind != RL_SPARSE || component->pattern != RL_PACKED) return;
  component->by_column = !format->by_token;
  if (format->tokens > 1 && format->depth == 1 && format->channels == NULL) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, list->loc,
            "pattern packed beside other components, or without blocks of tokens", NULL);
}

static void load_stack(const rl_load *load, rl_format *format) {
  const rl_node *list = rl_load_need(load, load->root, "format", "stack");
  if (list == NULL || !rl_load_is_list(load, list, "stack")) return;
  if (list->count == 0) {
    RL_REPORT(load->diags, EMPTY_LIST, list->loc, "stack");
    return;
  }
  const size_t first = load_channels(load, list->items[0], format) ? 1 : 0;
  const size_t end = list->count - (load_tail(load, list->items[list->count - 1], format) ? 1 : 0);
  const size_t count = end - rl_min_u64(first, end);
  rl_component *stack = RL_NEW_ARRAY(load->arena, rl_component, list->count);
  if (stack == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  if (count == 0) {
    RL_REPORT(load->diags, EMPTY_LIST, list->loc,
              first != 0 ? "stack behind channel_mask" : "stack before dense_tail");
  }
  for (size_t i = 0; i < count; i++) rl_load_component(load, list->items[first + i], &stack[i]);
  if (count > RL_STACK_MAX) {
    RL_REPORT(load->diags, NOT_SUPPORTED, list->items[first + RL_STACK_MAX]->loc,
              "a stack of more than 4 components", NULL);
  }
  format->stack = stack;
  format->depth = count;
  for (size_t i = 0; i < count; i++) place_packed(load, list, format, &stack[i]);
}

/* The format of values beside keys in this one: of the same kind, not asking for another in turn. */
static void load_values(const rl_load *load, rl_format *format) {
  const rl_node *node = format->channels == NULL
                            ? rl_load_get(load->root, "values")
                            : rl_load_need(load, load->root, "format", "values");
  if (node == NULL) return;
  const char *name = rl_load_name(load, node, "values");
  if (name == NULL) return;
  if (rl_db_format(load->db, name, node->loc, &format->values, load->diags) != RL_OK) return;
  const rl_format *values = format->values;
  if (values->values != NULL || rl_format_is_for_linears(values)) {
    RL_REPORT(load->diags, FORMAT_ROLE, node->loc, format->values->name,
              "the format of values beside keys", "int8-token");
  }
}

/* The format that linear operators quantize their input to. It may not ask for another in turn. */
static void load_activations(const rl_load *load, rl_format *format) {
  const rl_node *node = rl_load_get(load->root, "activations");
  const char *name = rl_load_name(load, node, "activations");
  if (name == NULL) return;
  if (rl_db_format(load->db, name, node->loc, &format->activations, load->diags) != RL_OK) return;
  if (rl_format_is_for_linears(format->activations) || rl_format_is_joint(format->activations)) {
    RL_REPORT(load->diags, FORMAT_ROLE, node->loc, format->activations->name,
              "the format of activations", "int8-token");
  }
}

/* `rotate: inputs`, outputs or both. */
static void load_rotation(const rl_load *load, rl_format *format) {
  static const char *const words[] = {"inputs", "outputs", "both"};
  static const rl_rotation meant[] = {RL_ROTATE_INPUTS, RL_ROTATE_OUTPUTS, RL_ROTATE_BOTH};
  const rl_node *node = rl_load_get(load->root, "rotate");
  int word = node == NULL ? -1 : rl_load_word(load, node, "rotate", words, RL_COUNT(words));
  if (word >= 0) format->rotation = meant[word];
}

/* A format to compare with, by the key below `compare`; NULL when there is none. */
static const rl_format *load_other(const rl_load *load, const rl_node *map, const char *key) {
  const rl_node *node = rl_load_get(map, key);
  const char *name = rl_load_name(load, node, key);
  const rl_format *other = NULL;
  if (name != NULL) rl_db_format(load->db, name, node->loc, &other, load->diags);
  return other;
}

/* `compare: {weights: NAME, kv: NAME}`, both optional. */
static void load_compare(const rl_load *load, rl_format *format) {
  const rl_node *map = rl_load_get(load->root, "compare");
  if (map == NULL) return;
  if (rl_nested_known(load, map, RL_BELOW_COMPARE, "compare") != RL_OK) return;
  format->compare_weights = load_other(load, map, "weights");
  format->compare_kv = load_other(load, map, "kv");
  const rl_format *kv = format->compare_kv;
  if (kv != NULL && (rl_format_is_for_linears(kv) || !rl_format_is_rowwise(kv))) {
    RL_REPORT(load->diags, FORMAT_ROLE, rl_load_get(map, "kv")->loc, kv->name,
              "the format of the KV cache", format->name);
  }
}

/* The format of rotated keys beside latents in this one: dense. */
static void load_rotated(const rl_load *load, rl_format *format) {
  format->rotated = load_other(load, load->root, "rotated");
  if (format->rotated == NULL || rl_format_is_dense(format->rotated)) return;
  RL_REPORT(load->diags, FORMAT_ROLE, rl_load_get(load->root, "rotated")->loc,
            format->rotated->name, "the format of rotated keys", "bf16");
}

/* The format of the keys of an index beside latents in this one: rows as they come. */
static void load_index(const rl_load *load, rl_format *format) {
  format->index = load_other(load, load->root, "index");
  if (format->index == NULL) return;
  if (!rl_format_is_for_linears(format->index) && rl_format_is_rowwise(format->index)) return;
  RL_REPORT(load->diags, FORMAT_ROLE, rl_load_get(load->root, "index")->loc, format->index->name,
            "the format of an index's keys", "fp8-group128");
}

rl_status rl_load_format(rl_load *load, const void **out) {
  rl_format *format = RL_NEW(load->arena, rl_format);
  if (format == NULL) return rl_diag_oom(load->diags);
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_FORMAT], "format");
  *format = (rl_format){.name = load->name, .file = load->file, .reference = load->reference};
  format->doc = rl_load_text(load, load->root, "doc");
  format->sources = rl_load_sources(load);
  rl_load_check_papers(load, &format->sources);
  rl_load_name(load, rl_load_get(load->root, "default_for"), "default_for");
  load_tokens(load, format);
  load_stack(load, format);
  load_activations(load, format);
  load_rotation(load, format);
  load_values(load, format);
  load_rotated(load, format);
  load_index(load, format);
  load_compare(load, format);
  return rl_load_finish(load, format, out);
}
