/* Lists of names and patterns of a quantization_config, each tried in the order of their weight:
 * what stays as it is, exact names, patterns, classes (compressed-tensors, utils/match.py).
 * Patterns are rewritten as POSIX extended ones, whose matching takes no more than linear time,
 * because nothing that could make it take more is let through. */
#include "spec/module_rules.h"

#include <regex.h>
#include <string.h>

enum { PATTERN_MAX = 1024 };

typedef enum rule_form {
  RULE_EXACT,
  RULE_PATTERN,
  RULE_CLASS, /* of all modules */
  RULE_PART   /* of a name */
} rule_form;

typedef struct rule {
  rule_form form;
  const char *text;
  const char *inner; /* without what names of a model inside another begin with */
  regex_t regex;
  const rl_node *map; /* NULL: the module stays as it is */
} rule;

typedef RL_LIST(rule) rule_list;

struct rl_module_rules {
  const rl_load *load;
  const rl_node *whole; /* quantization_config */
  bool listed;          /* a module that no rule names stays as it is */
  rule_list rules;
};

/* --- patterns --- */

typedef struct translation {
  const char *from;
  rl_buf to;
  int depth;    /* of parentheses */
  bool repeats; /* something that may be repeated stands in front */
} translation;

static void put_character(translation *t, char c) {
  const char text[] = {c, '\0'};
  rl_buf_add(&t->to, text);
}

/* `\d`, `\w` or an escaped mark; false for another escape. */
static bool put_escape(translation *t, bool inside) {
  const char c = *++t->from;
  if (c == 'd') rl_buf_add(&t->to, inside ? "0-9" : "[0-9]");
  if (c == 'w') rl_buf_add(&t->to, inside ? "A-Za-z0-9_" : "[A-Za-z0-9_]");
  if (c == 'd' || c == 'w') return true;
  if (c == '\0' || strchr(".^$*+?()[]|/-_", c) == NULL) return false;
  if (!inside && strchr("/-_", c) == NULL) rl_buf_add(&t->to, "\\");
  put_character(t, c);
  return !inside || strchr("^[]-", c) == NULL; /* of these the place would have to change */
}

/* What stands between brackets. */
static bool put_set(translation *t) {
  put_character(t, *t->from++);
  if (*t->from == '^') put_character(t, *t->from++);
  for (; *t->from != ']'; t->from++) {
    if (*t->from == '\0' || *t->from == '[') return false;
    if (*t->from == '\\') {
      if (!put_escape(t, true)) return false;
    } else {
      put_character(t, *t->from);
    }
  }
  put_character(t, ']');
  return true;
}

/* Groups inside groups that are repeated grow by powers of two in some libraries. */
static bool put_group(translation *t) {
  enum { DEPTH_MAX = 4 };
  put_character(t, '(');
  t->repeats = false;
  if (++t->depth > DEPTH_MAX) return false;
  if (t->from[1] != '?') return true;
  t->from += 2; /* a group that is not remembered */
  return *t->from == ':';
}

/* One character of a pattern, or what belongs together with it. */
static bool put_next(translation *t) {
  const char c = *t->from;
  const bool repeat = strchr("*+?", c) != NULL, may = t->repeats;
  t->repeats = !repeat && strchr("|^$", c) == NULL;
  if (c == '\\') return put_escape(t, false);
  if (c == '[') return put_set(t);
  if (c == '(') return put_group(t);
  if (c == ')') t->depth--;
  if (strchr("{}", c) != NULL || t->depth < 0 || (repeat && !may)) return false;
  put_character(t, c);
  return true;
}

/* As Python's re.match has it: at the beginning of the name, up to anywhere in it. */
static bool translate(rl_arena *arena, translation *t, const char *pattern) {
  *t = (translation){.from = pattern};
  rl_buf_init(&t->to, arena, (size_t)16 * PATTERN_MAX);
  if (strlen(pattern) > PATTERN_MAX) return false;
  rl_buf_add(&t->to, "^(");
  for (; *t->from != '\0'; t->from++) {
    if (!put_next(t)) return false;
  }
  rl_buf_add(&t->to, ")");
  return t->depth == 0;
}

static rl_status compile(const rl_load *load, const rl_node *node, const char *pattern, rule *out) {
  translation t;
  bool known = translate(load->arena, &t, pattern);
  if (known && t.to.failed) return rl_diag_oom(load->diags);
  int failed = known ? regcomp(&out->regex, t.to.text, REG_EXTENDED | REG_NOSUB) : REG_BADPAT;
  if (failed == 0) return RL_OK;
  if (failed == REG_ESPACE) return rl_diag_oom(load->diags);
  return RL_REPORT(load->diags, MODULE_PATTERN, node->loc, pattern);
}

/* --- reading --- */

/* Programs put a model into another one, whose names then begin with more. */
static const char *inner_name(const char *name) {
  static const char *const beginnings[] = {"model.language_model.", "language_model.model.",
                                           "language_model.", "model.text_model.", "model."};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    size_t length = strlen(beginnings[i]);
    if (strncmp(name, beginnings[i], length) == 0) return name + length;
  }
  return name;
}

static rl_status add(rl_module_rules *rules, const rl_node *node, const char *text, rule_form form,
                     const rl_node *map) {
  rule added = {.form = form, .text = text, .inner = inner_name(text), .map = map};
  rule *slot = RL_PUSH(rules->load->arena, &rules->rules);
  if (slot == NULL) return rl_diag_oom(rules->load->diags);
  if (form == RULE_PATTERN) {
    rl_status status = compile(rules->load, node, text, &added);
    if (status != RL_OK) rules->rules.count--; /* nothing to free */
    if (status != RL_OK) return status;
  }
  *slot = added;
  return RL_OK;
}

static bool is_class(const char *text) {
  return text[0] >= 'A' && text[0] <= 'Z' && strchr(text, '.') == NULL;
}

/* A target or exception. */
static rl_status add_target(rl_module_rules *rules, const rl_node *node, const char *text,
                            const rl_node *map) {
  if (strncmp(text, "re:", 3) == 0) return add(rules, node, text + 3, RULE_PATTERN, map);
  return add(rules, node, text, is_class(text) ? RULE_CLASS : RULE_EXACT, map);
}

/* Lists of modules that stay as they are; names of compressed-tensors are whole ones. */
static rl_status read_kept(rl_module_rules *rules) {
  static const char *const lists[] = {"ignore",          "modules_to_not_convert",
                                      "ignored_layers",  "llm_int8_skip_modules",
                                      "exclude_modules", "skip_modules"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    const rl_node *list = rl_load_get(rules->whole, lists[i]);
    size_t count;
    const char *const *names = rl_load_names(rules->load, list, lists[i], &count);
    for (size_t n = 0; n < count; n++) {
      const char *name = names[n];
      const rl_node *item = list->kind == RL_SEQUENCE ? list->items[n] : list;
      rl_status status = strncmp(name, "re:", 3) == 0
                             ? add(rules, item, name + 3, RULE_PATTERN, NULL)
                             : add(rules, item, name, RULE_PART, NULL);
      if (status != RL_OK) return status;
    }
  }
  return RL_OK;
}

/* The targets of one group; without them it is for all. */
static rl_status read_group(rl_module_rules *rules, const rl_node *group) {
  if (group->kind != RL_MAP) return RL_OK; /* said by those who read groups */
  const rl_node *targets = rl_load_get(group, "targets");
  size_t count;
  if (targets == NULL) return add(rules, group, "", RULE_CLASS, group);
  const char *const *names = rl_load_names(rules->load, targets, "targets", &count);
  for (size_t n = 0; n < count; n++) {
    const rl_node *item = targets->kind == RL_SEQUENCE ? targets->items[n] : targets;
    rl_status status = add_target(rules, item, names[n], group);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

/* {group_0: {targets: [...], weights: ...}, ...}, then {module: {...}, ...}. */
static rl_status read_maps(rl_module_rules *rules) {
  static const char *const exceptions[] = {"extra_config", "quantized_layers"};
  const rl_node *groups = rl_load_get(rules->whole, "config_groups");
  rl_status status = RL_OK;
  if (groups != NULL && groups->kind == RL_MAP) {
    rules->listed = groups->count > 0;
    for (size_t i = 0; i < groups->count && status == RL_OK; i++) {
      status = read_group(rules, groups->items[i]);
    }
  }
  for (size_t e = 0; e < sizeof exceptions / sizeof *exceptions; e++) {
    const rl_node *map = rl_load_get(rules->whole, exceptions[e]);
    if (map == NULL || map->kind != RL_MAP) continue;
    rules->listed |= e == 1;
    for (size_t i = 0; i < map->count && status == RL_OK; i++) {
      const char *name = map->keys[i]->text;
      bool pattern = strpbrk(name, "*+\\[(^$") != NULL;
      status = add(rules, map->keys[i], name, pattern ? RULE_PATTERN : RULE_EXACT, map->items[i]);
    }
  }
  return status;
}

rl_status rl_module_rules_open(const rl_load *load, const rl_node *quantization,
                               rl_module_rules **out) {
  rl_module_rules *rules = RL_NEW(load->arena, rl_module_rules);
  *out = rules;
  if (rules == NULL) return rl_diag_oom(load->diags);
  *rules = (rl_module_rules){.load = load, .whole = quantization};
  if (quantization == NULL || quantization->kind != RL_MAP) return RL_OK;
  const size_t errors = load->diags->errors;
  rl_status status = read_kept(rules);
  if (status == RL_OK) status = read_maps(rules);
  return status == RL_OK && load->diags->errors > errors ? rl_diags_status(load->diags) : status;
}

void rl_module_rules_close(rl_module_rules *rules) {
  if (rules == NULL) return;
  for (size_t i = 0; i < rules->rules.count; i++) {
    if (rules->rules.items[i].form == RULE_PATTERN) regfree(&rules->rules.items[i].regex);
  }
  rules->rules.count = 0;
}

/* --- matching --- */

/* Where `length` characters of the text stand in the name; the last ones of a text end a part of
 * the name, so that "layers.1" is not found in "layers.12", nor "gate" in "gate_proj". */
static const char *find_piece(const char *name, const char *text, size_t length) {
  const bool last = text[length] == '\0', free = length == 0 || text[length - 1] == '.';
  for (;; name++) {
    const bool here = strncmp(name, text, length) == 0;
    if (here && (!last || free || name[length] == '\0' || name[length] == '.')) return name;
    if (*name == '\0') return NULL;
  }
}

/* The pieces of the text between its * stand in the name, one behind the other. */
static bool has_part(const char *name, const char *text) {
  if (text[0] == '\0') return false;
  for (;;) {
    const size_t length = strcspn(text, "*");
    name = find_piece(name, text, length);
    if (name == NULL) return false;
    if (text[length] == '\0') return true;
    name += length;
    text += length + 1;
  }
}

static bool fits(const rule *r, const char *module) {
  if (r->form == RULE_PATTERN) return regexec(&r->regex, module, 0, NULL, 0) == 0;
  if (r->form == RULE_CLASS) return true;
  if (r->form == RULE_EXACT) return strcmp(r->inner, inner_name(module)) == 0;
  bool inside = r->inner != r->text && has_part(inner_name(module), r->inner);
  return inside || has_part(module, r->text);
}

static const rule *find(const rl_module_rules *rules, const char *module, bool kept,
                        rule_form form) {
  for (size_t i = 0; i < rules->rules.count; i++) {
    const rule *r = &rules->rules.items[i];
    if ((r->map == NULL) == kept && (kept || r->form == form) && fits(r, module)) return r;
  }
  return NULL;
}

static const rule *find_named(const rl_module_rules *rules, const char *module) {
  const rule *found = find(rules, module, false, RULE_EXACT);
  return found != NULL ? found : find(rules, module, false, RULE_PATTERN);
}

const rl_node *rl_module_rules_find(const rl_module_rules *rules, const char *module) {
  if (find(rules, module, true, RULE_PART) != NULL) return NULL;
  const rule *found = find_named(rules, module);
  if (found == NULL) found = find(rules, module, false, RULE_CLASS);
  if (found != NULL) return found->map;
  return rules->listed ? NULL : rules->whole;
}

bool rl_module_rules_names(const rl_module_rules *rules, const char *module) {
  if (find_named(rules, module) != NULL) return true;
  const rule *found = find(rules, module, false, RULE_CLASS);
  return found != NULL && found->text[0] != '\0';
}
