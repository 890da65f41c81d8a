/* A model as a description that means the same: its family, its config, and where it was read from
 * weights, the tensors that they stand in. */
#include "spec/model_write.h"

#include <string.h>

#include "base/number.h"
#include "base/quote.h"

enum { INNER_MAX = 8 };

static void add_text(rl_buf *out, const char *text) {
  rl_quote(out, RL_QUOTE_YAML, text);
}

static void add_number(rl_buf *out, uint64_t value) {
  char number[RL_NUMBER_TEXT];
  rl_buf_add(out, rl_print_u64(value, number));
}

/* In flow style, as the tree has it: texts are quoted, numbers and words are not. */
static void add_node(rl_buf *out, const rl_node *node, int depth) {
  if (node->kind == RL_SCALAR) {
    rl_value value = rl_value_from_node(node);
    if (value.kind == RL_VALUE_TEXT) add_text(out, node->text);
    if (value.kind != RL_VALUE_TEXT) rl_buf_add(out, node->text[0] == '\0' ? "null" : node->text);
    return;
  }
  rl_buf_add(out, node->kind == RL_MAP ? "{" : "[");
  for (size_t i = 0; i < node->count; i++) {
    rl_buf_add(out, i > 0 ? ", " : "");
    if (node->kind == RL_MAP) {
      add_text(out, node->keys[i]->text);
      rl_buf_add(out, ": ");
    }
    if (depth < INNER_MAX) add_node(out, node->items[i], depth + 1);
    if (depth == INNER_MAX) out->failed = true;
  }
  rl_buf_add(out, node->kind == RL_MAP ? "}" : "]");
}

/* Keys are read as texts: those of letters, digits and _ need no quotes. */
static void add_key(rl_buf *out, const char *key) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  bool plain = key[0] != '\0' && key[strspn(key, letters)] == '\0';
  if (plain) rl_buf_add(out, key);
  if (!plain) add_text(out, key);
}

static void write_config(rl_buf *out, const rl_node *config) {
  rl_buf_add(out, "config:\n");
  for (size_t i = 0; i < config->count; i++) {
    rl_buf_add(out, "  ");
    add_key(out, config->keys[i]->text);
    rl_buf_add(out, ": ");
    add_node(out, config->items[i], 0);
    rl_buf_add(out, "\n");
  }
}

/* The one component that a layout of safetensors makes. */
static void write_format(rl_buf *out, const rl_format *format) {
  const rl_component *c = &format->stack[0];
  rl_buf_add(out, "    ");
  add_text(out, format->name);
  rl_buf_add(out, ": {stack: [{quant: {type: ");
  rl_buf_add(out, RL_TYPES[c->type].name);
  if (c->span == RL_PER_GROUP) {
    rl_buf_add(out, ", group: ");
    add_number(out, c->group);
  } else {
    rl_buf_add(out, ", axis: row");
  }
  rl_buf_add(out, ", scale: ");
  rl_buf_add(out, RL_TYPES[c->scale].name);
  if (c->outer) {
    rl_buf_add(out, ", outer: ");
    add_number(out, c->outer_group);
  }
  rl_buf_add(out, c->zero == RL_ZERO_CODE ? ", zero: code" : "");
  rl_buf_add(out, c->ordered ? ", order: stored" : "");
  rl_buf_add(out, c->tables ? ", table: stored}}]" : "}}]");
  if (format->activations != NULL) {
    rl_buf_add(out, ", activations: ");
    add_text(out, format->activations->name);
  }
  rl_buf_add(out, "}\n");
}

static void write_tensor(rl_buf *out, const rl_stored_tensor *tensor) {
  rl_buf_add(out, "    - {name: ");
  add_text(out, tensor->name);
  rl_buf_add(out, tensor->format != NULL ? ", format: " : ", type: ");
  add_text(out, tensor->format != NULL ? tensor->format->name : tensor->type);
  rl_buf_add(out, ", dims: [");
  for (size_t d = 0; d < RL_STORED_DIMS; d++) {
    rl_buf_add(out, d > 0 ? ", " : "");
    add_number(out, tensor->dims[d]);
  }
  rl_buf_add(out, "], bytes: ");
  add_number(out, tensor->bytes);
  rl_buf_add(out, "}\n");
}

static void write_stored(rl_buf *out, const rl_stored *stored) {
  rl_buf_add(out,
             stored->by_source ? "stored:\n  names: safetensors\n" : "stored:\n  names: gguf\n");
  if (stored->beside_count > 0) {
    rl_buf_add(out, "  beside: ");
    add_number(out, stored->beside_count);
    rl_buf_add(out, "\n  beside_bytes: ");
    add_number(out, stored->beside_bytes);
    rl_buf_add(out, "\n");
  }
  if (stored->format_count > 0) rl_buf_add(out, "  formats:\n");
  for (size_t i = 0; i < stored->format_count; i++) write_format(out, stored->formats[i]);
  rl_buf_add(out, "  tensors:\n");
  for (size_t i = 0; i < stored->count; i++) write_tensor(out, &stored->tensors[i]);
}

void rl_model_write(rl_buf *out, const rl_model *model, uint64_t parameters) {
  const char *from = model->stored == NULL ? model->file : model->stored->file;
  /* where lint wants it: beside the other models, two folders below the schemas */
  rl_buf_add(out,
             "# yaml-language-server: $schema=../../docs/schema/model.schema.json\n"
             "kind: model\nfamily: ");
  add_text(out, model->family->reference);
  for (size_t i = 0; i < model->id_count; i++) {
    rl_buf_add(out, i == 0 ? "\nids:\n  - " : "\n  - ");
    add_text(out, model->ids[i]);
  }
  rl_buf_add(out, "\nparameters: {value: ");
  add_number(out, parameters);
  rl_buf_add(out,
             ", kind: derived, source: \"its operators, summed when it was imported\"}\nsource: ");
  add_text(out, from);
  rl_buf_add(out, "\n");
  write_config(out, model->config);
  if (model->stored != NULL) write_stored(out, model->stored);
}
