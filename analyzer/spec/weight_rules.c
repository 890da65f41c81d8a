/* Which format a weight is stored in: the default, its class, or the last rule that fits. */
#include "spec/weight_rules.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"

static const char *const classes[] = {"linear", "router", "tower", "lm_head",
                                      "embed",  "norm",   "bias",  "recurrence"};
enum { CLASSES = sizeof classes / sizeof *classes };

typedef RL_LIST(const char *) name_list;

/* `name:` of every statement, loops included. */
static bool gather_names(rl_arena *arena, const rl_statement *statements, size_t count,
                         name_list *names) {
  for (size_t i = 0; i < count; i++) {
    const rl_statement *statement = &statements[i];
    for (size_t a = 0; a < statement->attribute_count; a++) {
      const rl_attribute *attribute = &statement->attributes[a];
      if (strcmp(attribute->key, "name") != 0 || attribute->value->text == NULL) continue;
      const char **slot = RL_PUSH(arena, names);
      if (slot == NULL) return false;
      *slot = attribute->value->text;
    }
    if (!gather_names(arena, statement->body, statement->body_count, names)) return false;
  }
  return true;
}

static bool fits_some(const char *pattern, const name_list *names) {
  for (size_t i = 0; i < names->count; i++) {
    if (rl_name_glob(pattern, names->items[i])) return true;
  }
  return false;
}

static bool all_names(rl_arena *arena, const rl_family *family, name_list *names) {
  for (size_t i = 0; i < CLASSES; i++) {
    const char **slot = RL_PUSH(arena, names);
    if (slot == NULL) return false;
    *slot = classes[i];
  }
  return gather_names(arena, family->graph, family->statement_count, names);
}

/* "0-3.down_proj" or "31" behind "layers.": the layers, and what is meant of them. */
static bool read_layers(const char *text, rl_format_rule *rule) {
  const size_t first = strspn(text, "0123456789");
  const char *rest = text + first;
  uint64_t numbers[2];
  if (!rl_scan_u64(text, first, &numbers[0])) return false;
  numbers[1] = numbers[0];
  if (*rest == '-') {
    const size_t last = strspn(++rest, "0123456789");
    if (!rl_scan_u64(rest, last, &numbers[1])) return false;
    rest += last;
  }
  if (numbers[1] < numbers[0] || numbers[1] >= RL_NO_LAYER) return false;
  rule->first = (uint32_t)numbers[0];
  rule->last = (uint32_t)numbers[1];
  rule->within = *rest == '\0' ? "linear" : rest + 1;
  return *rest == '\0' || (*rest == '.' && rest[1] != '\0');
}

/* What operators and classes are held against. */
static const char *names_of(const rl_format_rule *rule) {
  return rule->within != NULL ? rule->within : rule->pattern;
}

/* Norm weights, biases and what recurrences are made of can be named for dense formats alone. */
static void check_role(const rl_load *load, const rl_format_rule *rule) {
  const char *pattern = names_of(rule);
  const bool dense_only = rl_name_glob(pattern, "norm") || rl_name_glob(pattern, "bias");
  const bool recurrence = rl_name_glob(pattern, "recurrence");
  if (rl_format_is_for_kv(rule->format)) {
    RL_REPORT(load->diags, FORMAT_ROLE, rule->loc, rule->format->name,
              "a format of anything but a KV cache", "bf16");
  }
  if (!(dense_only || recurrence) || strpbrk(pattern, "*?") != NULL) return;
  if (rl_format_is_dense(rule->format)) return;
  RL_REPORT(load->diags, FORMAT_ROLE, rule->loc, rule->format->name,
            dense_only ? "the format of norm weights and biases"
                       : "the format of what recurrences are made of",
            "bf16");
}

static void resolve_rule(const rl_load *load, const rl_setting_rule *given, const name_list *names,
                         rl_format_rule *rule) {
  static const char layers[] = "layers.";
  const char *text;
  if (rl_node_text(given->node, "weights", &text, load->diags) != RL_OK) return;
  *rule = (rl_format_rule){.pattern = given->pattern, .loc = given->node->loc};
  if (strncmp(given->pattern, layers, sizeof layers - 1) == 0 &&
      !read_layers(given->pattern + sizeof layers - 1, rule)) {
    RL_REPORT(load->diags, RULE_LAYERS, rule->loc, given->pattern);
    return;
  }
  const char *pattern = names_of(rule);
  if (!fits_some(pattern, names)) {
    RL_REPORT(load->diags, RULE_UNUSED, rule->loc, pattern,
              rl_did_you_mean(pattern, names->items, names->count));
  }
  if (rl_db_format(load->db, text, rule->loc, &rule->format, load->diags) != RL_OK) return;
  check_role(load, rule);
}

void rl_weight_rules_resolve(const rl_load *load, const rl_settings *settings,
                             rl_scenario *scenario) {
  size_t count = settings->rules.count;
  name_list names = {0};
  if (count == 0) return;
  rl_format_rule *rules = RL_NEW_ARRAY(load->arena, rl_format_rule, count);
  if (rules == NULL || !all_names(load->arena, scenario->model->family, &names)) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    resolve_rule(load, &settings->rules.items[i], &names, &rules[i]);
  }
  scenario->rules = rules;
  scenario->rule_count = count;
}

static bool is_unquantized(const rl_model *model, const char *name) {
  for (size_t i = 0; i < model->unquantized_count; i++) {
    if (strcmp(model->unquantized[i], name) == 0) return true;
  }
  return false;
}

/* Norm weights, biases and what recurrences are made of are dense: a rule of a wider pattern does not reach them. */
static bool reaches(const rl_format_rule *rule, const char *class_name, const char *name,
                    uint32_t layer) {
  const char *pattern = names_of(rule);
  const bool here = layer != RL_NO_LAYER && layer >= rule->first && layer <= rule->last;
  if (rule->within != NULL && !here) return false;
  bool small = strcmp(class_name, "norm") == 0 || strcmp(class_name, "bias") == 0 ||
               strcmp(class_name, "recurrence") == 0;
  if (small && !rl_format_is_dense(rule->format)) return false;
  return rl_name_glob(pattern, class_name) || (name != NULL && rl_name_glob(pattern, name));
}

const rl_format *rl_scenario_rule_format(const rl_scenario *scenario, const char *class_name,
                                         const char *name, uint32_t layer) {
  for (size_t i = scenario->rule_count; i > 0; i--) {
    const rl_format_rule *rule = &scenario->rules[i - 1];
    if (reaches(rule, class_name, name, layer)) return rule->format;
  }
  return NULL;
}

const rl_format *rl_scenario_weight_format(const rl_scenario *scenario, const char *class_name,
                                           const char *name, uint32_t layer) {
  const rl_format *ruled = rl_scenario_rule_format(scenario, class_name, name, layer);
  if (ruled != NULL) return ruled;
  bool linear = strcmp(class_name, "linear") == 0;
  bool left_out = linear && name != NULL && is_unquantized(scenario->model, name);
  if (rl_format_is_dense(scenario->weights) || (linear && !left_out)) return scenario->weights;
  return scenario->activations;
}
