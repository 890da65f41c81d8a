/* From the facts of a GGUF file to the config of a family: the keys that all architectures share
 * stand in the table below, what one calls otherwise in its family's `gguf: {config: ...}`. */
#include <string.h>

#include "base/number.h"
#include "spec/db_private.h"
#include "spec/family.h"
#include "spec/gguf.h"
#include "spec/model.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* Names of facts, as expressions see them: first those of the architecture, then the others, then
 * what follows from which tensors there are. An absent one is null. */
typedef struct fact_scope {
  rl_scope scope;
  const rl_load *load;
  const rl_gguf *gguf;
} fact_scope;

/* What the presence of a tensor says. */
static const struct {
  const char *name, *tensor;
  bool there;
} signs[] = {{"tied", "output.weight", false},
             {"qkv_bias", "blk.0.attn_q.bias", true},
             {"qkv_fused", "blk.0.attn_qkv.weight", true},
             {"qkv_fused_bias", "blk.0.attn_qkv.bias", true},
             {"output_bias", "blk.0.attn_output.bias", true},
             {"qk_norm", "blk.0.attn_q_norm.weight", true},
             {"second_norm", "blk.0.attn_norm_2.weight", true},
             {"ffn_bias", "blk.0.ffn_up.bias", true},
             {"router_bias", "blk.0.ffn_gate_inp.bias", true},
             {"encoder_gate", "enc.blk.0.ffn_gate.weight", true},
             {"pooled", "cls.weight", true},
             {"classified", "cls.output.weight", true}};

/* Config keys in the words of Hugging Face, and the facts they come from (ggml, docs/gguf.md). */
static const struct {
  const char *key, *fact;
} standard[] = {{"num_hidden_layers", "block_count"},
                {"hidden_size", "embedding_length"},
                {"intermediate_size", "feed_forward_length"},
                {"num_attention_heads", "attention.head_count"},
                {"num_key_value_heads", "attention.head_count_kv"},
                {"head_dim", "attention.key_length"},
                {"vocab_size", "vocab_size"},
                {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                {"layer_norm_eps", "attention.layer_norm_epsilon"},
                {"layer_norm_epsilon", "attention.layer_norm_epsilon"},
                {"rope_theta", "rope.freq_base"},
                {"max_position_embeddings", "context_length"},
                {"original_max_position_embeddings", "rope.scaling.original_context_length"},
                {"sliding_window", "attention.sliding_window"},
                {"num_local_experts", "expert_count"},
                {"num_experts", "expert_count"},
                {"num_experts_per_tok", "expert_used_count"},
                {"moe_intermediate_size", "expert_feed_forward_length"},
                {"attention_bias", "qkv_bias"},
                {"mlp_bias", "ffn_bias"},
                {"tie_word_embeddings", "tied"}};

const rl_node *rl_gguf_fact(const rl_load *load, const rl_gguf *gguf, const char *name) {
  const char *whole = rl_textf(load->arena, "%s.%s", gguf->architecture, name);
  if (whole == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  const rl_node *node = rl_node_get(gguf->facts, whole);
  return node != NULL ? node : rl_node_get(gguf->facts, name);
}

const char *rl_gguf_fact_of(const rl_load *load, const rl_model *model, const char *key) {
  const rl_node *name =
      model->facts == NULL ? NULL : rl_node_get(model->facts, "general.architecture");
  for (size_t i = 0; name != NULL && i < RL_COUNT(standard); i++) {
    if (strcmp(standard[i].key, key) != 0) continue;
    /* Converters leave the size out where the words themselves say it. */
    const char *or_else = strcmp(key, "vocab_size") == 0 ? " or tokenizer.ggml.tokens" : "";
    const char *fact = rl_textf(load->arena, "%s.%s%s", name->text, standard[i].fact, or_else);
    if (fact == NULL) rl_diag_oom(load->diags);
    return fact;
  }
  return NULL;
}

static const rl_node *find_fact(const fact_scope *own, const char *name) {
  return rl_gguf_fact(own->load, own->gguf, name);
}

/* What a tensor's presence says, by name; -1: the name says nothing of tensors. */
static int find_sign(const rl_gguf *gguf, const char *name) {
  for (size_t i = 0; i < RL_COUNT(signs); i++) {
    if (strcmp(signs[i].name, name) != 0) continue;
    bool there = rl_stored_find(gguf->stored, signs[i].tensor) != NULL;
    return there == signs[i].there;
  }
  return -1;
}

static bool resolve_fact(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                         rl_diags *diags) {
  const fact_scope *own = (const fact_scope *)scope;
  (void)diags;
  *status = RL_OK;
  int sign = find_sign(own->gguf, name);
  if (sign >= 0) {
    *out = (rl_value){.kind = RL_VALUE_NUMBER, .num = (uint64_t)sign, .den = 1};
    return true;
  }
  const rl_node *node = find_fact(own, name);
  bool vocabulary = node == NULL && strcmp(name, "vocab_size") == 0 && own->gguf->tokens > 0;
  *out = node == NULL ? (rl_value){.kind = RL_VALUE_NULL} : rl_value_from_node(node);
  if (vocabulary) {
    *out = (rl_value){.kind = RL_VALUE_NUMBER, .num = own->gguf->tokens, .den = 1};
  }
  return true;
}

/* --- the family --- */

static bool names_architecture(const rl_family *family, const char *architecture) {
  for (size_t i = 0; i < family->gguf.architecture_count; i++) {
    if (strcmp(family->gguf.architectures[i], architecture) == 0) return true;
  }
  return false;
}

/* The family says the architecture's name, and its condition holds. */
static bool fits(const fact_scope *scope, const rl_family *family) {
  rl_value value;
  if (!names_architecture(family, scope->gguf->architecture)) return false;
  if (family->gguf.when == NULL) return true;
  return rl_expr_eval(family->gguf.when, &scope->scope, &value, scope->load->diags) == RL_OK &&
         rl_value_is_true(&value);
}

/* An embedded family without the word anywhere in its text need not be parsed. */
static bool may_name(const rl_db_entry *entry, const char *architecture) {
  return entry->text == NULL || strstr(entry->text, architecture) != NULL;
}

static const rl_family *find_family(const fact_scope *scope) {
  rl_db *db = scope->load->db;
  const rl_entry_list *list = &db->entries[RL_DB_FAMILY];
  rl_loc loc = {.file = scope->load->file};
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    const rl_family *family;
    if (entry->shadowed || !may_name(entry, scope->gguf->architecture)) continue;
    if (rl_db_family(db, entry->name, loc, &family, scope->load->diags) != RL_OK) return NULL;
    if (fits(scope, family)) return family;
  }
  RL_REPORT(scope->load->diags, GGUF_ARCHITECTURE, loc, scope->gguf->architecture);
  return NULL;
}

/* --- the config --- */

typedef struct config_writer {
  const rl_load *load;
  RL_LIST(rl_node *) keys;
  RL_LIST(rl_node *) items;
} config_writer;

rl_node *rl_gguf_text(const rl_load *load, const char *text, bool quoted) {
  rl_node *node = text == NULL ? NULL : RL_NEW(load->arena, rl_node);
  if (node == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *node = (rl_node){.kind = RL_SCALAR,
                    .quoted = quoted,
                    .loc = {.file = load->file},
                    .text = text,
                    .length = strlen(text),
                    .weight = 1};
  return node;
}

static void add_item(config_writer *writer, const char *key, rl_node *item) {
  rl_node *name = item == NULL ? NULL : rl_gguf_text(writer->load, key, true);
  rl_node **key_slot = name == NULL ? NULL : RL_PUSH(writer->load->arena, &writer->keys);
  rl_node **item_slot = key_slot == NULL ? NULL : RL_PUSH(writer->load->arena, &writer->items);
  if (item_slot == NULL) {
    rl_diag_oom(writer->load->diags);
    return;
  }
  *key_slot = name;
  *item_slot = item;
}

/* Null is left out: the key is absent. */
static void add_value(config_writer *writer, const char *key, const rl_value *value) {
  rl_arena *arena = writer->load->arena;
  char digits[RL_NUMBER_TEXT];
  const char *text = NULL;
  if (value->kind == RL_VALUE_NULL) return;
  if (value->kind == RL_VALUE_NODE) {
    add_item(writer, key, (rl_node *)value->node);
    return;
  }
  if (value->kind == RL_VALUE_TEXT) {
    text = rl_strdup(arena, value->text);
  } else if (value->den == 1 && !value->negative) {
    text = rl_strdup(arena, rl_print_u64(value->num, digits));
  } else {
    text = rl_strdup(arena, rl_print_double(rl_value_double(value), digits));
  }
  add_item(writer, key, rl_gguf_text(writer->load, text, value->kind == RL_VALUE_TEXT));
}

/* What stands in the file is taken as it stands there, what tensors say is true or false. */
static void add_fact(config_writer *writer, const fact_scope *scope, const char *key,
                     const char *fact) {
  rl_status status;
  rl_value value;
  const rl_node *node = find_fact(scope, fact);
  int sign = find_sign(scope->gguf, fact);
  if (sign >= 0 || node != NULL) {
    rl_node *said = rl_gguf_text(writer->load, sign == 1 ? "true" : "false", false);
    add_item(writer, key, sign >= 0 ? said : (rl_node *)node);
    return;
  }
  resolve_fact(&scope->scope, fact, &value, &status, writer->load->diags);
  add_value(writer, key, &value);
}

static rl_node *map_node(const config_writer *writer) {
  rl_node *node = RL_NEW(writer->load->arena, rl_node);
  if (node == NULL) {
    rl_diag_oom(writer->load->diags);
    return NULL;
  }
  *node = (rl_node){.kind = RL_MAP,
                    .loc = {.file = writer->load->file},
                    .count = writer->items.count,
                    .keys = writer->keys.items,
                    .items = writer->items.items,
                    .weight = 1};
  return node;
}

/* One key of the family's: a fact as it stands in the file, or what its expression makes of facts.
 */
static void add_expression(config_writer *writer, const fact_scope *scope, const char *key,
                           const rl_node *item) {
  const rl_load *load = writer->load;
  const rl_expr *expr;
  rl_value value;
  const char *text = item->text;
  if (text != NULL && (find_sign(scope->gguf, text) >= 0 || find_fact(scope, text) != NULL)) {
    add_fact(writer, scope, key, text);
    return;
  }
  if (rl_expr_parse(load->arena, item, &expr, load->diags) != RL_OK) return;
  if (rl_expr_eval(expr, &scope->scope, &value, load->diags) != RL_OK) return;
  add_value(writer, key, &value);
}

/* A map below a key becomes a map of the config; configs nest no deeper. */
static void add_own(config_writer *writer, const fact_scope *scope, const rl_node *map) {
  for (size_t i = 0; map != NULL && i < map->count; i++) {
    const char *key = map->keys[i]->text;
    const rl_node *item = map->items[i];
    config_writer inner = {.load = writer->load};
    if (item->kind != RL_MAP) {
      add_expression(writer, scope, key, item);
      continue;
    }
    for (size_t k = 0; k < item->count; k++) {
      add_expression(&inner, scope, item->keys[k]->text, item->items[k]);
    }
    add_item(writer, key, map_node(&inner));
  }
}

/* Keys that the family computes with; others would be refused or unknown. */
static void add_standard(config_writer *writer, const fact_scope *scope, const rl_family *family) {
  for (size_t i = 0; i < RL_COUNT(standard); i++) {
    bool own =
        family->gguf.config != NULL && rl_node_get(family->gguf.config, standard[i].key) != NULL;
    if (own || !rl_family_mentions(family, standard[i].key)) continue;
    add_fact(writer, scope, standard[i].key, standard[i].fact);
  }
}

/* A family that writes its own keys of rotations knows better. */
static void add_rotation(config_writer *writer, const rl_gguf *gguf, const rl_family *family) {
  static const char key[] = "rope_scaling";
  bool own = family->gguf.config != NULL && rl_node_get(family->gguf.config, key) != NULL;
  if (own || !rl_family_mentions(family, key)) return;
  const rl_node *map = rl_gguf_rope(writer->load, gguf);
  if (map != NULL) add_item(writer, key, (rl_node *)map);
}

const rl_node *rl_gguf_config(const rl_load *load, const rl_gguf *gguf, const rl_family **family) {
  const fact_scope scope = {.scope = {.resolve = resolve_fact}, .load = load, .gguf = gguf};
  config_writer writer = {.load = load};
  *family = find_family(&scope);
  if (*family == NULL) return NULL;
  const rl_node *own = (*family)->gguf.config;
  if (own == NULL || rl_node_get(own, "model_type") == NULL) {
    add_item(&writer, "model_type", rl_gguf_text(load, (*family)->model_types[0], true));
  }
  /* What is multiplied with blocks, and the cache, are fp16 in llama.cpp unless told otherwise. */
  add_item(&writer, "torch_dtype", rl_gguf_text(load, "float16", true));
  add_own(&writer, &scope, own);
  add_standard(&writer, &scope, *family);
  add_rotation(&writer, gguf, *family);
  const rl_node *config = map_node(&writer);
  return rl_load_clean(load) ? config : NULL;
}
