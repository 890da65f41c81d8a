/* What the expressions of a family's dims read of a config: the value that an error rests on, and
 * the keys that a misspelt one may mean. */
#include <string.h>

#include "base/names.h"
#include "spec/config.h"

typedef RL_LIST(const char *) rl_key_names;

enum { NAME_BYTES = 128, CHAIN_MAX = 16 };

static bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The next name of an expression, points included; texts in quotes have none. NULL at the end. */
static const char *next_name(const char *at, char name[NAME_BYTES]) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
  while (*at != '\0' && !begins_name(*at)) {
    const char *quote = *at == '\'' ? strchr(at + 1, '\'') : NULL;
    at = quote != NULL ? quote + 1 : at + 1;
  }
  const size_t length = strspn(at, letters);
  if (length == 0 || length >= NAME_BYTES) return NULL;
  memcpy(name, at, length);
  name[length] = '\0';
  return at + length;
}

static const rl_node *find(const rl_model *model, const char *text, int depth) {
  char name[NAME_BYTES];
  for (const char *at = text; (at = next_name(at, name)) != NULL;) {
    const rl_node *dim = rl_node_get(model->family->dims, name);
    const rl_node *found = NULL;
    if (dim == NULL) {
      found = rl_config_find(model->config, name);
    } else if (depth < CHAIN_MAX && dim->kind == RL_SCALAR) {
      found = find(model, dim->text, depth + 1);
    }
    if (found != NULL && !rl_node_is_null(found)) return found;
  }
  return NULL;
}

const rl_node *rl_model_cause(const rl_model *model, const rl_node *expression) {
  if (expression == NULL || expression->kind != RL_SCALAR) return NULL;
  return model->config == NULL ? NULL : find(model, expression->text, 0);
}

/* Values that stand in a file as they are have its nodes. */
const char *rl_model_key_of(const rl_model *model, const rl_node *value, const char *key) {
  const rl_node *facts = model->facts;
  for (size_t i = 0; facts != NULL && i < facts->count; i++) {
    if (facts->items[i] == value) return facts->keys[i]->text;
  }
  return key;
}

/* Keys that dims read, without those below others. */
static bool add_keys(rl_arena *arena, const rl_node *dims, const char *text, rl_key_names *keys) {
  char name[NAME_BYTES];
  for (const char *at = text; (at = next_name(at, name)) != NULL;) {
    if (strchr(name, '.') != NULL || rl_node_get(dims, name) != NULL) continue;
    const char **slot = RL_PUSH(arena, keys);
    const char *kept = rl_strdup(arena, name);
    if (slot == NULL || kept == NULL) return false;
    *slot = kept;
  }
  return true;
}

const char *rl_config_guess(const rl_load *load, const rl_model *model, const char *key) {
  const rl_node *dims = model->family->dims;
  rl_key_names keys = {0};
  for (size_t i = 0; i < dims->count; i++) {
    if (dims->items[i]->kind != RL_SCALAR) continue;
    if (!add_keys(load->arena, dims, dims->items[i]->text, &keys)) {
      rl_diag_oom(load->diags);
      return NULL;
    }
  }
  const char *meant = rl_did_you_mean(key, keys.items, keys.count);
  return meant == NULL || rl_load_get(model->config, meant) != NULL ? NULL : meant;
}
