/* The merge of scenario file, flags and --set. */
#include "spec/settings.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/db_private.h"
#include "spec/kind_keys.h"

#define RL_SETTING(symbol, group, key, form, words, says) [RL_SET_##symbol] = group key,
const char *const RL_SETTING_KEYS[RL_SETTINGS] = {RL_ALL_SETTINGS(RL_SETTING)};
#undef RL_SETTING

static const char weights_prefix[] = "weights.", model_prefix[] = "model.";

rl_node *rl_settings_scalar(const rl_load *load, const char *text, size_t length, rl_loc loc) {
  rl_node *node = RL_NEW(load->arena, rl_node);
  const char *copy = rl_strndup(load->arena, text, length);
  if (node == NULL || copy == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *node = (rl_node){.kind = RL_SCALAR, .loc = loc, .text = copy, .length = length, .weight = 1};
  return node;
}

const char *rl_settings_text(const rl_load *load, const rl_settings *settings, rl_setting which) {
  const rl_node *node = settings->values[which];
  const char *text = NULL;
  if (node != NULL) rl_node_text(node, RL_SETTING_KEYS[which], &text, load->diags);
  return text;
}

const char *rl_settings_counted(const rl_load *load, const rl_settings *settings, rl_setting which,
                                uint64_t *count) {
  const char *text = rl_settings_text(load, settings, which);
  if (text == NULL) return NULL;
  size_t digits = strspn(text, "0123456789");
  size_t blanks = strspn(text + digits, " ");
  if (digits == 0 || (text[digits + blanks] != 'x' && text[digits + blanks] != 'X')) return text;
  const char *name = text + digits + blanks + 1;
  name += strspn(name, " ");
  bool counted = rl_scan_u64(text, digits, count);
  if (counted && *count > 0 && *count <= RL_DEVICES_MAX && *name != '\0') return name;
  RL_REPORT(load->diags, BAD_DEVICES, settings->values[which]->loc, text);
  return NULL;
}

const rl_node *rl_settings_split(const rl_load *load, const rl_node *node) {
  RL_LIST(rl_node *) items = {0};
  for (const char *part = node->text; part != NULL;) {
    size_t length = strcspn(part, ",");
    rl_node **slot = RL_PUSH(load->arena, &items);
    rl_node *item = rl_settings_scalar(load, part, length, node->loc);
    if (slot == NULL || item == NULL) {
      rl_diag_oom(load->diags);
      return NULL;
    }
    *slot = item;
    part = part[length] == ',' ? part + length + 1 : NULL;
  }
  rl_node *list = RL_NEW(load->arena, rl_node);
  if (list == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *list =
      (rl_node){.kind = RL_SEQUENCE, .loc = node->loc, .count = items.count, .items = items.items};
  return list;
}

/* On the command line nothing is written to mean nothing: null is. */
static bool refuse_empty(const rl_load *load, const rl_node *node, const char *key) {
  if (node->length == 0) RL_REPORT(load->diags, EMPTY_VALUE, node->loc, key);
  return node->length == 0;
}

static void add_rule(const rl_load *load, rl_settings *settings, const char *pattern,
                     const rl_node *node) {
  size_t kept = 0;
  for (size_t i = 0; i < settings->rules.count; i++) {
    rl_setting_rule rule = settings->rules.items[i];
    if (strcmp(rule.pattern, pattern) != 0) settings->rules.items[kept++] = rule;
  }
  settings->rules.count = kept;
  if (rl_node_is_null(node)) return;
  rl_setting_rule *rule = RL_PUSH(load->arena, &settings->rules);
  if (rule == NULL) {
    rl_diag_oom(load->diags);
  } else {
    *rule = (rl_setting_rule){.pattern = pattern, .node = node};
  }
}

/* Of a key that is given twice the last value counts; null takes it back. */
static void add_config(const rl_load *load, rl_settings *settings, const char *key,
                       const rl_node *node) {
  size_t kept = 0;
  for (size_t i = 0; i < settings->config.count; i++) {
    rl_setting_rule other = settings->config.items[i];
    if (strcmp(other.pattern, key) != 0) settings->config.items[kept++] = other;
  }
  settings->config.count = kept;
  if (rl_node_is_null(node)) return;
  rl_setting_rule *slot = RL_PUSH(load->arena, &settings->config);
  if (slot == NULL) {
    rl_diag_oom(load->diags);
  } else {
    *slot = (rl_setting_rule){.pattern = key, .node = node};
  }
}

/* Forgets what was said before of a group that is given anew as a whole. */
static void clear_group(rl_settings *settings, const char *group) {
  if (strcmp(group, "weights") == 0) settings->rules.count = 0;
  for (int i = 0; i < RL_SETTINGS; i++) {
    size_t length = strlen(group);
    bool below = strncmp(RL_SETTING_KEYS[i], group, length) == 0 &&
                 (RL_SETTING_KEYS[i][length] == '.' || RL_SETTING_KEYS[i][length] == '\0');
    if (below) settings->values[i] = NULL;
  }
}

/* The dotted key that a part "key=value" or "value" sets; NULL, reported, when there is none. */
static const char *key_of_part(const rl_load *load, const char *group, const rl_node *node,
                               const char *part, const char *equal) {
  if (equal != NULL) {
    const char *key = rl_textf(load->arena, "%s.%.*s", group, (int)(equal - part), part);
    if (key == NULL) rl_diag_oom(load->diags);
    return key;
  }
  if (strcmp(group, "kv") == 0) return "kv.k";
  if (strcmp(group, "weights") == 0) return "weights.default";
  if (strcmp(group, "experts") == 0) return "experts.skew";
  RL_REPORT(load->diags, PLACEMENT_FORM, node->loc, node->text);
  return NULL;
}

/* The part's key, or nothing, stands before it already. */
static bool is_given_before(const char *list, const char *part, size_t key_length) {
  for (const char *other = list; other != part; other += strcspn(other, ",") + 1) {
    const size_t length = strcspn(other, ",");
    const char *equal = memchr(other, '=', length);
    const size_t other_length = equal == NULL ? 0 : (size_t)(equal - other);
    if (other_length == key_length && strncmp(other, part, key_length) == 0) return true;
  }
  return false;
}

/* More parts than anybody writes: bounds what looking for doubles costs. */
static bool is_short_list(const rl_load *load, const rl_node *node, const char *what) {
  char most[RL_NUMBER_TEXT];
  size_t parts = 1;
  for (const char *at = node->text; *at != '\0'; at++) parts += *at == ',';
  if (parts <= RL_ENTRIES_MAX) return true;
  RL_REPORT(load->diags, LONG_LIST, node->loc, what, rl_print_u64(RL_ENTRIES_MAX, most));
  return false;
}

/* "bf16" or "w4a16-g128,lm_head=bf16" or "power-law,exponent=1.2" below `group`: a part without = is
 * the default. For kv the default is both k and v. */
static void assign_list(const rl_load *load, rl_settings *settings, const char *group,
                        const rl_node *node) {
  bool kv = strcmp(group, "kv") == 0;
  if (!is_short_list(load, node, group)) return;
  for (const char *part = node->text; part != NULL;) {
    size_t length = strcspn(part, ",");
    const char *equal = memchr(part, '=', length);
    const char *value = equal == NULL ? part : equal + 1;
    const rl_node *item =
        rl_settings_scalar(load, value, (size_t)(part + length - value), node->loc);
    const char *key = key_of_part(load, group, node, part, equal);
    if (item == NULL || key == NULL || refuse_empty(load, item, key)) return;
    if (is_given_before(node->text, part, equal == NULL ? 0 : (size_t)(equal - part))) {
      RL_REPORT(load->diags, LISTED_TWICE, node->loc, key, node->text);
      return;
    }
    rl_settings_assign(load, settings, &(rl_assignment){key, node->loc, item});
    if (kv && equal == NULL)
      rl_settings_assign(load, settings, &(rl_assignment){"kv.v", node->loc, item});
    part = part[length] == ',' ? part + length + 1 : NULL;
  }
}

static void assign_map(const rl_load *load, rl_settings *settings, const rl_assignment *given) {
  for (size_t i = 0; i < given->node->count; i++) {
    const rl_node *key = given->node->keys[i];
    const char *dotted =
        given->key[0] == '\0' ? key->text : rl_textf(load->arena, "%s.%s", given->key, key->text);
    if (dotted == NULL) {
      rl_diag_oom(load->diags);
      return;
    }
    rl_settings_assign(load, settings, &(rl_assignment){dotted, key->loc, given->node->items[i]});
  }
}

/* A key of the scenario that has keys of its own. */
bool rl_setting_is_group(const char *name) {
  const rl_kind_key *key = RL_KEY_TABLES[RL_DB_SCENARIO].keys;
  for (; key->name != NULL; key++) {
    if (strcmp(key->name, name) == 0) return key->below != RL_BELOW_ANY;
  }
  return false;
}

static void assign_group(const rl_load *load, rl_settings *settings, const rl_assignment *given) {
  clear_group(settings, given->key);
  if (rl_node_is_null(given->node)) return;
  if (given->node->kind == RL_MAP) {
    if (rl_load_is_map(load, given->node, given->key)) assign_map(load, settings, given);
  } else if (given->node->kind == RL_SEQUENCE || strcmp(given->key, "parallel") == 0 ||
             strcmp(given->key, "pools") == 0) {
    rl_load_is_map(load, given->node, given->key);
  } else if (strcmp(given->key, "workload") == 0) {
    settings->values[RL_SET_WORKLOAD] = given->node;
  } else {
    assign_list(load, settings, given->key, given->node);
  }
}

/* The key has the prefix, and something behind it. */
static bool is_below(const char *key, const char *prefix) {
  const size_t length = strlen(prefix);
  return strncmp(key, prefix, length) == 0 && key[length] != '\0';
}

/* Where a scenario has a key of that name; NULL: nowhere. */
static const char *home_of(const rl_load *load, const char *given) {
  const char *point = strrchr(given, '.');
  const char *name = point == NULL ? given : point + 1;
  for (size_t i = 0; i < RL_SETTINGS; i++) {
    const char *key = RL_SETTING_KEYS[i], *at = strrchr(key, '.');
    if (at == NULL && strcmp(key, name) == 0) return "it stands outside, at the file's top";
    if (at == NULL || strcmp(at + 1, name) != 0) continue;
    const char *home = rl_textf(load->arena, "it belongs in `%.*s:`", (int)(at - key), key);
    if (home == NULL) rl_diag_oom(load->diags);
    return home;
  }
  for (const rl_kind_key *key = RL_KEY_TABLES[RL_DB_SCENARIO].keys; key->name != NULL; key++) {
    if (point != NULL && strcmp(key->name, name) == 0) return "it stands outside, at the file's top";
  }
  return NULL;
}

static void report_unknown(const rl_load *load, const rl_assignment *given) {
  const char *known[RL_KIND_KEYS_MAX + RL_SETTINGS];
  size_t count = 0;
  const char *home = home_of(load, given->key);
  if (home != NULL) {
    RL_REPORT(load->diags, KEY_ELSEWHERE, given->loc, given->key, "scenario", home);
    return;
  }
  for (const rl_kind_key *key = RL_KEY_TABLES[RL_DB_SCENARIO].keys; key->name != NULL; key++) {
    if (key->below != RL_BELOW_ANY) known[count++] = key->name;
  }
  for (size_t i = 0; i < RL_SETTINGS; i++) known[count++] = RL_SETTING_KEYS[i];
  RL_REPORT(load->diags, KEY_UNKNOWN, given->loc, given->key, "scenario",
            rl_did_you_mean(given->key, known, count));
}

void rl_settings_assign(const rl_load *load, rl_settings *settings, const rl_assignment *given) {
  if (rl_setting_is_group(given->key)) {
    assign_group(load, settings, given);
    return;
  }
  for (int i = 0; i < RL_SETTINGS; i++) {
    if (strcmp(RL_SETTING_KEYS[i], given->key) != 0) continue;
    settings->values[i] = rl_node_is_null(given->node) ? NULL : given->node;
    return;
  }
  if (is_below(given->key, model_prefix)) {
    add_config(load, settings, given->key + sizeof model_prefix - 1, given->node);
  } else if (is_below(given->key, weights_prefix)) {
    add_rule(load, settings, given->key + sizeof weights_prefix - 1, given->node);
  } else {
    report_unknown(load, given);
  }
}

bool rl_setting_check(const rl_load *load, const rl_assignment *given) {
  bool known = rl_setting_is_group(given->key) || is_below(given->key, model_prefix) ||
               is_below(given->key, weights_prefix);
  for (int i = 0; i < RL_SETTINGS; i++) {
    known = known || strcmp(RL_SETTING_KEYS[i], given->key) == 0;
  }
  if (!known) report_unknown(load, given);
  return known;
}

/* Where assignments go. */
typedef struct receiver {
  rl_assign *assign;
  void *context;
} receiver;

static void hand_text(const rl_load *load, const receiver *to, const char *key, rl_text_at text) {
  if (text.text == NULL) return;
  const rl_node *node = rl_settings_scalar(load, text.text, strlen(text.text), text.loc);
  if (node == NULL || refuse_empty(load, node, key)) return;
  to->assign(load, to->context, &(rl_assignment){key, text.loc, node});
}

static void assign_here(const rl_load *load, void *context, const rl_assignment *given) {
  rl_settings_assign(load, context, given);
}

void rl_settings_add(const rl_load *load, rl_settings *settings, const char *key, rl_text_at text) {
  hand_text(load, &(receiver){assign_here, settings}, key, text);
}

/* A scenario's content may be handed in instead of its name. */
static bool hand_file(const rl_load *load, const rl_request *request, const receiver *to) {
  rl_node *root;
  rl_status status = RL_OK;
  if (request->text.text != NULL) {
    status = rl_db_scenario_text(load->db, request->text.text, &root, load->diags);
  } else if (request->file.text != NULL) {
    status = rl_db_scenario(load->db, request->file, &root, load->diags);
  } else {
    return true;
  }
  if (status != RL_OK || !rl_load_is_map(load, root, "scenario")) return false;
  for (size_t i = 0; i < root->count; i++) {
    const rl_node *key = root->keys[i];
    bool ours = strcmp(key->text, "kind") == 0 || strcmp(key->text, "doc") == 0;
    if (!ours) to->assign(load, to->context, &(rl_assignment){key->text, key->loc, root->items[i]});
  }
  return true;
}

/* model@hardware, or a model alone. The last @ divides: a path may hold one. */
static void hand_target(const rl_load *load, rl_text_at target, const receiver *to) {
  if (target.text == NULL) return;
  const char *at = strrchr(target.text, '@');
  size_t length = at == NULL ? strlen(target.text) : (size_t)(at - target.text);
  if (length == 0 || (at != NULL && at[1] == '\0')) {
    RL_REPORT(load->diags, BAD_TARGET, target.loc, target.text);
    return;
  }
  const rl_node *model = rl_settings_scalar(load, target.text, length, target.loc);
  if (model == NULL) return;
  to->assign(load, to->context, &(rl_assignment){"model", target.loc, model});
  if (at != NULL) hand_text(load, to, "hardware", (rl_text_at){at + 1, target.loc});
}

static void hand_set(const rl_load *load, rl_text_at set, const receiver *to) {
  const char *equal = strchr(set.text, '=');
  if (equal == NULL || equal == set.text || equal[1] == '\0') {
    RL_REPORT(load->diags, BAD_SET, set.loc, set.text);
    return;
  }
  const char *key = rl_strndup(load->arena, set.text, (size_t)(equal - set.text));
  if (key == NULL) {
    rl_diag_oom(load->diags);
  } else {
    hand_text(load, to, key, (rl_text_at){equal + 1, set.loc});
  }
}

bool rl_settings_walk(const rl_load *load, const rl_request *request, rl_assign *assign,
                      void *context) {
  const receiver to = {assign, context};
  if (!hand_file(load, request, &to)) return false;
  hand_target(load, request->target, &to);
  const struct {
    const char *key;
    rl_text_at text;
  } flags[] = {
      {"model", request->model},
      {"hardware", request->hardware},
      {"profile", request->profile},
      {"weights", request->weights},
      {"kv", request->kv},
      {"experts", request->experts},
      {"activations", request->activations},
      {"parallel.tensor", request->tensor},
      {"parallel.pipeline", request->pipeline},
      {"parallel.micro_batches", request->micro_batches},
      {"parallel.expert", request->expert},
      {"parallel.data", request->data},
      {"placement", request->place},
      {"host", request->host},
      {"storage", request->storage},
      {"parallel.context", request->context},
      {"parallel.collectives", request->collectives},
      {"pools.prefill", request->prefill_hardware},
      {"pools.link", request->transfer},
      {"workload.batch", request->batch},
      {"workload.prompt", request->prompt},
      {"workload.generate", request->generate},
      {"workload.source", request->source},
      {"workload.images", request->images},
      {"workload.image_size", request->image_size},
      {"methods", request->method},
      {"draft", request->draft},
      {"price", request->price},
  };
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    hand_text(load, &to, flags[i].key, flags[i].text);
  }
  for (size_t i = 0; i < request->set_count; i++) hand_set(load, request->sets[i], &to);
  return !load->diags->out_of_memory;
}

bool rl_settings_gather(const rl_load *load, const rl_request *request, rl_settings *settings) {
  *settings = (rl_settings){0};
  return rl_settings_walk(load, request, assign_here, settings);
}
