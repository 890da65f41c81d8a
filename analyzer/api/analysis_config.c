/* The config keys of the model as texts, each with its line: what a saved result was computed from.
 */
#include "api/analysis_parts.h"

enum { KEYS_MAX = 2000 }; /* of a config that people write */

typedef RL_LIST(rl_result_key) key_list;

typedef struct keys {
  rl_arena *arena;
  key_list list;
} keys;

static bool add(keys *k, const char *key, const char *value, const rl_node *node) {
  rl_result_key *slot = key == NULL || value == NULL ? NULL : RL_PUSH(k->arena, &k->list);
  if (slot != NULL) *slot = (rl_result_key){key, value, node->loc.line};
  return slot != NULL;
}

static bool holds_texts(const rl_node *list) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i]->kind != RL_SCALAR) return false;
  }
  return list->kind == RL_SEQUENCE;
}

/* "8, 16"; NULL when memory ran out. */
static const char *list_text(rl_arena *arena, const rl_node *list) {
  const char *all = "";
  for (size_t i = 0; i < list->count && all != NULL; i++) {
    all = rl_textf(arena, "%s%s%s", all, i > 0 ? ", " : "", list->items[i]->text);
  }
  return all;
}

/* "rope_scaling.type", "layers[2]". Depth is bounded by the reader of the config. */
static bool flatten(keys *k, const char *key, const rl_node *node) {
  if (k->list.count >= KEYS_MAX || rl_node_is_null(node)) return true;
  if (node->kind == RL_SCALAR) return add(k, key, node->text, node);
  if (holds_texts(node)) return add(k, key, list_text(k->arena, node), node);
  for (size_t i = 0; i < node->count; i++) {
    const char *below =
        node->kind == RL_MAP
            ? rl_textf(k->arena, "%s%s%s", key, *key == '\0' ? "" : ".", node->keys[i]->text)
            : rl_textf(k->arena, "%s[%zu]", key, i);
    if (below == NULL || !flatten(k, below, node->items[i])) return false;
  }
  return true;
}

rl_status rl_analysis_config(const rl_analysis *study, rl_result *result) {
  keys k = {.arena = study->arena};
  const rl_model *model = study->scenario->model;
  if (model->config != NULL && !flatten(&k, "", model->config)) return rl_diag_oom(study->diags);
  result->config = k.list.items;
  result->config_count = k.list.count;
  result->config_file = model->config == NULL ? NULL : model->config->loc.file;
  return RL_OK;
}
