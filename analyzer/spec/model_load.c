/* A model out of `kind: model` or out of a bare config.json. */
#include <string.h>

#include "spec/config.h"
#include "spec/db_private.h"
#include "spec/gguf.h"
#include "spec/kind_keys.h"
#include "spec/safetensors.h"
#include "spec/stored_load.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const rl_field field_parameters = {"parameters", RL_DIM_COUNT, {1, 1e15}};

/* Config keys as the names of the family's expressions; an absent key is what the family says of
 * it, else null, never unknown. */
typedef struct config_scope {
  rl_scope scope;
  const rl_node *config, *absent;
  struct config_trace *trace; /* while the dims are computed, NULL afterwards */
} config_scope;

/* Which values of the config a dim was computed from: one that fails alone is to blame. */
typedef struct config_trace {
  const rl_node *read;
  bool several;
} config_trace;

static void note_read(config_trace *trace, const rl_node *node) {
  if (trace == NULL || node == NULL) return;
  if (trace->read != NULL && trace->read != node) trace->several = true;
  trace->read = node;
}

static bool resolve_key(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                        rl_diags *diags) {
  const config_scope *own = (const config_scope *)scope;
  const rl_node *node = rl_config_find(own->config, name);
  (void)diags;
  note_read(own->trace, node);
  if (node == NULL) node = rl_config_find(own->absent, name);
  *status = RL_OK;
  *out = node == NULL ? (rl_value){.kind = RL_VALUE_NULL} : rl_value_from_node(node);
  return true;
}

/* A name as expressions have it; true and false are literals. */
static bool is_identifier(const char *text) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  size_t length = strspn(text, letters);
  bool literal = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
  return length > 0 && text[length] == '\0' && (text[0] < '0' || text[0] > '9') && !literal;
}

/* A dim that is nothing but a config key needs that key; an optional one has a default
 * (`key ?? null`). */
static bool check_required(const rl_load *load, const rl_model *model) {
  const rl_node *dims = model->family->dims;
  bool complete = true;
  for (size_t i = 0; i < dims->count; i++) {
    const rl_node *dim = dims->items[i];
    bool key = !dim->quoted && is_identifier(dim->text) && rl_node_get(dims, dim->text) == NULL &&
               !rl_node_is_null(dim);
    if (!key || rl_load_get(model->config, dim->text) != NULL) continue;
    const char *fact = rl_gguf_fact_of(load, model, dim->text);
    if (fact != NULL) {
      RL_REPORT(load->diags, GGUF_NO_FACT, model->config->loc, fact);
    } else {
      RL_REPORT(load->diags, CONFIG_KEY_MISSING, model->config->loc, dim->text,
                model->family->name);
    }
    complete = false;
  }
  return complete;
}

/* The dim at the value it was computed from, then why, where the family says it. */
static void report_dim(const rl_load *load, const rl_model *model, const char *dim,
                       const config_trace *trace, const rl_diags *why) {
  bool blamed = trace->read != NULL && !trace->several;
  rl_loc loc = blamed ? trace->read->loc : model->config->loc;
  const char *fact = blamed ? rl_model_key_of(model, trace->read, NULL) : NULL;
  RL_REPORT(load->diags, DIM_FAILED, loc, dim, model->family->name);
  if (fact != NULL && trace->read->text != NULL) {
    RL_REPORT(load->diags, GGUF_FACT, loc, fact, trace->read->text);
  }
  for (size_t i = 0; i < why->list.count; i++) {
    RL_REPORT(load->diags, DIM_BECAUSE, why->list.items[i].loc, why->list.items[i].message);
  }
  if (why->out_of_memory) rl_diag_oom(load->diags);
}

/* Computes each dim once, so that a config they cannot be computed from is reported now and not at
 * first use. */
static void compute_dims(const rl_load *load, const rl_model *model, config_trace *trace) {
  const rl_scope *scope = rl_definitions_scope(model->dims);
  const rl_node *map = model->family->dims;
  for (size_t i = 0; i < map->count; i++) {
    rl_value value;
    rl_diags why;
    rl_status status = RL_OK;
    rl_diags_init(&why, load->arena);
    *trace = (config_trace){0};
    scope->resolve(scope, map->keys[i]->text, &value, &status, &why);
    if (status == RL_OK) continue;
    report_dim(load, model, map->keys[i]->text, trace, &why);
    return;
  }
}

static void load_dims(const rl_load *load, rl_model *model) {
  config_scope *outer = RL_NEW(load->arena, config_scope);
  config_trace trace;
  rl_definitions *dims;
  if (outer == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  if (!check_required(load, model)) return;
  *outer = (config_scope){.scope = {.resolve = resolve_key},
                          .config = model->config,
                          .absent = model->family->absent,
                          .trace = &trace};
  const rl_node *map = model->family->dims;
  if (rl_definitions_new(load->arena, map, &outer->scope, &dims, load->diags) != RL_OK) return;
  model->dims = dims;
  compute_dims(load, model, &trace);
  outer->trace = NULL;
}

/* The weights' own tensors say more than quantization_config does. */
static void load_weights(const rl_load *load, rl_model *model) {
  rl_stored *stored = NULL;
  if (load->weights == NULL) return;
  rl_safetensors_read(load, load->weights, model->config, &stored);
  model->stored = stored;
}

static void finish(const rl_load *load, rl_model *model, const rl_node *config) {
  model->config = rl_config_merge(load, model->family, config);
  if (model->config == NULL) return;
  const size_t before = load->diags->errors;
  load_weights(load, model);
  const bool unread = load->diags->errors == before;
  bool described = rl_node_get(load->root, "kind") != NULL && rl_db_careful(load->db);
  rl_config_check_keys(load, model, described || rl_db_strict(load->db));
  if (described) {
    rl_model_check(load, model);
  } else {
    rl_model_check_multiples(load, model);
  }
  size_t errors = load->diags->errors;
  rl_config_check_values(load, model);
  if (load->diags->errors == errors) load_dims(load, model);
  if (model->stored == NULL && unread) rl_config_quantization(load, model);
  if (model->stored != NULL) rl_config_quantization_stored(load, model);
  rl_config_kv(load, model);
  rl_config_type(load, model);
}

static void load_description(const rl_load *load, rl_model *model) {
  const rl_node *root = load->root;
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_MODEL], "model");
  const rl_node *family = rl_load_need(load, root, "model", "family");
  const rl_node *config = rl_load_need(load, root, "model", "config");
  const char *family_name = rl_load_name(load, family, "family");
  model->sources = rl_load_sources(load);
  model->ids = rl_load_names(load, rl_load_get(root, "ids"), "ids", &model->id_count);
  model->parameters = rl_load_integer(load, rl_load_get(root, "parameters"), (rl_origin){0},
                                      &field_parameters, &model->parameters_exact);
  if (family_name != NULL) {
    rl_db_family(load->db, family_name, family->loc, &model->family, load->diags);
  }
  if (config == NULL || model->family == NULL || !rl_load_is_map(load, config, "config")) return;
  const rl_node *stored = rl_load_get(root, "stored");
  if (stored != NULL) model->stored = rl_load_stored(load, stored);
  if (stored == NULL || model->stored != NULL) finish(load, model, config);
}

static void load_config(const rl_load *load, rl_model *model) {
  if (!rl_load_is_map(load, load->root, "config")) return;
  rl_config_family(load, load->root, &model->family);
  if (model->family == NULL) return;
  finish(load, model, load->root);
}

/* A GGUF file: its head says a config and how each tensor is stored. */
static void load_gguf(const rl_load *load, rl_model *model) {
  rl_gguf gguf;
  if (rl_gguf_read(load, load->file, &gguf) != RL_OK) return;
  model->facts = gguf.facts;
  const rl_node *config = rl_gguf_config(load, &gguf, &model->family);
  model->stored = gguf.stored;
  if (config == NULL || rl_gguf_join(load, model->family, gguf.stored) != RL_OK) return;
  finish(load, model, config);
}

rl_status rl_load_model(rl_load *load, const void **out) {
  rl_model *model = RL_NEW(load->arena, rl_model);
  if (model == NULL) return rl_diag_oom(load->diags);
  *model = (rl_model){.name = load->name, .file = load->file, .reference = load->reference};
  if (load->root == NULL) {
    load_gguf(load, model);
  } else if (rl_node_get(load->root, "kind") != NULL) {
    load_description(load, model);
  } else {
    load_config(load, model);
  }
  return rl_load_finish(load, model, out);
}

/* The changes as a map of config keys. */
static rl_node *map_of(const rl_load *load, const rl_config_change *changes, size_t count) {
  rl_node *map = RL_NEW(load->arena, rl_node);
  rl_node **keys = RL_NEW_ARRAY(load->arena, rl_node *, count);
  rl_node **items = RL_NEW_ARRAY(load->arena, rl_node *, count);
  rl_node *nodes = RL_NEW_ARRAY(load->arena, rl_node, 2 * count);
  if (map == NULL || keys == NULL || items == NULL || nodes == NULL) return NULL;
  *map = (rl_node){.kind = RL_MAP, .count = count, .keys = keys, .items = items};
  for (size_t i = 0; i < count; i++) {
    keys[i] = &nodes[2 * i];
    items[i] = &nodes[2 * i + 1];
    *keys[i] = (rl_node){.kind = RL_SCALAR,
                         .loc = changes[i].value->loc,
                         .text = changes[i].key,
                         .length = strlen(changes[i].key)};
    *items[i] = *changes[i].value;
  }
  return map;
}

/* "deepseek-v3 (mtp 1, ...)" */
static const char *changed_name(const rl_load *load, const rl_model *model) {
  const char *name = rl_textf(load->arena, "%s (", model->name);
  for (size_t i = 0; i < model->change_count && name != NULL; i++) {
    const rl_config_change *change = &model->changes[i];
    name = rl_textf(load->arena, "%s%s%s %s", name, i > 0 ? ", " : "", change->key,
                    change->value->text);
  }
  return name == NULL ? NULL : rl_textf(load->arena, "%s)", name);
}

rl_status rl_model_change(rl_load *load, const rl_model *model, const rl_config_change *changes,
                          size_t count, const rl_model **out) {
  rl_model *changed = RL_NEW(load->arena, rl_model);
  rl_node *over = map_of(load, changes, count);
  *out = NULL;
  if (changed == NULL || over == NULL) return rl_diag_oom(load->diags);
  *changed = *model;
  changed->changes = changes;
  changed->change_count = count;
  changed->parameters = (rl_figure){0};
  changed->parameters_exact = 0;
  changed->name = changed_name(load, changed);
  over->loc = model->config->loc;
  changed->config = rl_config_overlay(load, over, model->config, "");
  if (changed->name == NULL || changed->config == NULL) return rl_diag_oom(load->diags);
  for (size_t i = 0; i < count; i++) {
    const rl_node *value = changes[i].value;
    if (value->kind == RL_SCALAR && rl_family_mentions(model->family, changes[i].key)) continue;
    return RL_REPORT(load->diags, MODEL_KEY_UNREAD, value->loc, model->family->name,
                     changes[i].key);
  }
  const size_t errors = load->diags->errors;
  rl_config_check_values(load, changed);
  if (load->diags->errors == errors) load_dims(load, changed);
  if (load->diags->errors > errors) return rl_diags_status(load->diags);
  *out = changed;
  return RL_OK;
}

rl_status rl_model_with(rl_arena *arena, rl_db *db, const rl_model *model, const rl_key_text *with,
                        const rl_model **out, rl_diags *diags) {
  rl_load load = {.db = db,
                  .arena = arena,
                  .diags = diags,
                  .name = model->name,
                  .reference = model->reference,
                  .file = model->file,
                  .errors = diags->errors};
  rl_node *value = RL_NEW(arena, rl_node);
  rl_config_change *change = RL_NEW(arena, rl_config_change);
  if (value == NULL || change == NULL) return rl_diag_oom(diags);
  *value = (rl_node){.kind = RL_SCALAR,
                     .loc = {.file = model->file},
                     .text = with->text,
                     .length = strlen(with->text),
                     .weight = 1};
  *change = (rl_config_change){with->key, value};
  return rl_model_change(&load, model, change, 1, out);
}

rl_status rl_model_dim(const rl_model *model, const char *name, uint64_t *out, rl_diags *diags) {
  const rl_scope *scope = rl_definitions_scope(model->dims);
  const rl_node *dim = rl_node_get(model->family->dims, name);
  rl_value value;
  rl_status status = RL_OK;
  if (dim == NULL) {
    return RL_REPORT(diags, DIM_UNKNOWN, (rl_loc){.file = model->family->file}, model->family->name,
                     name);
  }
  scope->resolve(scope, name, &value, &status, diags);
  if (status != RL_OK) return status;
  bool whole = value.kind == RL_VALUE_NUMBER && !value.negative && value.den == 1;
  if (!whole) return RL_REPORT(diags, DIM_NOT_WHOLE, dim->loc, name, model->name);
  *out = value.num;
  return RL_OK;
}
