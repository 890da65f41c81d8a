/* Which family a config is of: by its model_type, else by the class that it was written by. Hugging
 * Face names classes after types: Qwen2MoeForCausalLM is of qwen2_moe. */
#include <string.h>

#include "base/names.h"
#include "spec/config.h"
#include "spec/db_private.h"

/* "Qwen2MoeForCausalLM" -> "Qwen2Moe", "GPT2LMHeadModel" -> "GPT2"; NULL when memory is exhausted.
 */
static const char *stem_of(const rl_load *load, const char *architecture) {
  static const char *const ends[] = {"For", "LMHead", "Model"};
  size_t length = strlen(architecture);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    const char *end = strstr(architecture, ends[i]);
    if (end == NULL || end == architecture) continue;
    if ((size_t)(end - architecture) < length) length = (size_t)(end - architecture);
  }
  return rl_textf(load->arena, "%.*s", (int)length, architecture);
}

/* The model_type of some family that is spelled like the class; NULL: none. */
static const char *type_of(const rl_load *load, const char *stem) {
  const rl_entry_list *list = &load->db->entries[RL_DB_FAMILY];
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    for (size_t a = 0; !entry->shadowed && a < entry->alias_count; a++) {
      if (rl_name_equal(entry->aliases[a], stem)) return entry->aliases[a];
    }
  }
  return NULL;
}

/* The first of `architectures` as a text; NULL: there is none. */
static const rl_node *class_of(const rl_node *config) {
  const rl_node *list = rl_load_get(config, "architectures");
  const rl_node *first =
      list != NULL && list->kind == RL_SEQUENCE && list->count > 0 ? list->items[0] : list;
  return first != NULL && first->kind == RL_SCALAR && !rl_node_is_null(first) ? first : NULL;
}

/* The class says another family than model_type does. */
static void compare(const rl_load *load, const rl_family *family, const rl_node *type,
                    const rl_node *class) {
  const char *stem = class == NULL ? "" : stem_of(load, class->text);
  const char *said = stem == NULL ? NULL : type_of(load, stem);
  const rl_family *other = NULL;
  if (stem == NULL) rl_diag_oom(load->diags);
  if (said == NULL) return;
  rl_status status = rl_db_family_of(load->db, said, class->loc, &other, load->diags);
  if (status != RL_OK || other == family) return;
  RL_REPORT(load->diags, CONFIG_ARCHITECTURE_OTHER, class->loc, class->text, other->name,
            type->text, family->name);
}

static void find_by_class(const rl_load *load, const rl_node *class, const rl_family **family) {
  const char *stem = stem_of(load, class->text);
  const char *type = stem == NULL ? NULL : type_of(load, stem);
  if (stem == NULL) {
    rl_diag_oom(load->diags);
  } else if (type == NULL) {
    RL_REPORT(load->diags, CONFIG_ARCHITECTURE_UNKNOWN, class->loc, class->text);
  } else if (rl_db_family_of(load->db, type, class->loc, family, load->diags) == RL_OK) {
    RL_REPORT(load->diags, CONFIG_ARCHITECTURE, class->loc, class->text, type);
  }
}

typedef struct config_keys {
  rl_scope scope;
  const rl_node *config;
} config_keys;

static bool resolve_key(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                        rl_diags *diags) {
  const rl_node *node = rl_config_find(((const config_keys *)scope)->config, name);
  (void)diags;
  *status = RL_OK;
  *out = node == NULL ? (rl_value){.kind = RL_VALUE_NULL} : rl_value_from_node(node);
  return true;
}

static bool holds(const rl_load *load, const config_keys *keys, const rl_family *family) {
  rl_diags quiet;
  rl_value value;
  rl_diags_init(&quiet, load->arena);
  return family->untyped != NULL &&
         rl_expr_eval(family->untyped, &keys->scope, &value, &quiet) == RL_OK &&
         rl_value_is_true(&value);
}

/* By keys that no other family's configs have: Mamba's own say neither type nor class. False when
 * none fits, or a family cannot be read. */
static bool find_by_keys(const rl_load *load, const rl_node *config, const rl_family **family) {
  const config_keys keys = {.scope = {.resolve = resolve_key}, .config = config};
  const rl_entry_list *list = &load->db->entries[RL_DB_FAMILY];
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    const bool may = entry->text == NULL || strstr(entry->text, "untyped:") != NULL;
    if (entry->shadowed || !may) continue;
    if (rl_db_family(load->db, entry->name, config->loc, family, load->diags) != RL_OK) break;
    if (holds(load, &keys, *family)) {
      RL_REPORT(load->diags, CONFIG_UNTYPED, config->loc, (*family)->name);
      return true;
    }
  }
  *family = NULL;
  return false;
}

void rl_config_family(const rl_load *load, const rl_node *config, const rl_family **family) {
  const rl_node *class = class_of(config), *type = rl_load_get(config, "model_type");
  *family = NULL;
  if (type == NULL && class != NULL) {
    find_by_class(load, class, family);
    return;
  }
  if (type == NULL && find_by_keys(load, config, family)) return;
  type = rl_load_need(load, config, "config", "model_type");
  const char *name = rl_load_name(load, type, "model_type");
  if (name == NULL) return;
  if (rl_db_family_of(load->db, name, type->loc, family, load->diags) != RL_OK) return;
  compare(load, *family, type, class);
}
