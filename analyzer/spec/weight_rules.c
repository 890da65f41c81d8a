/* Which format a weight is stored in: the default, its class, or the last rule that fits. */
#include "spec/weight_rules.h"

#include <string.h>

#include "base/names.h"

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

static void resolve_rule(const rl_load *load, const rl_setting_rule *given, const name_list *names,
                         rl_format_rule *rule) {
  const char *text;
  if (rl_node_text(given->node, "weights", &text, load->diags) != RL_OK) return;
  *rule = (rl_format_rule){.pattern = given->pattern, .loc = given->node->loc};
  if (!fits_some(given->pattern, names)) {
    RL_REPORT(load->diags, RULE_UNUSED, rule->loc, given->pattern,
              rl_did_you_mean(given->pattern, names->items, names->count));
  }
  if (rl_db_format(load->db, text, rule->loc, &rule->format, load->diags) != RL_OK) return;
  if (rl_format_is_for_kv(rule->format)) {
    RL_REPORT(load->diags, FORMAT_ROLE, rule->loc, rule->format->name,
              "a format of anything but a KV cache", "bf16");
  }
  bool dense_only = rl_name_glob(given->pattern, "norm") || rl_name_glob(given->pattern, "bias");
  bool recurrence = rl_name_glob(given->pattern, "recurrence");
  if ((dense_only || recurrence) && strpbrk(given->pattern, "*?") == NULL && !rl_format_is_dense(rule->format)) {
    RL_REPORT(load->diags, FORMAT_ROLE, rule->loc, rule->format->name,
              dense_only ? "the format of norm weights and biases"
                         : "the format of what recurrences are made of",
              "bf16");
  }
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
static bool reaches(const rl_format_rule *rule, const char *class_name, const char *name) {
  bool small = strcmp(class_name, "norm") == 0 || strcmp(class_name, "bias") == 0 ||
               strcmp(class_name, "recurrence") == 0;
  if (small && !rl_format_is_dense(rule->format)) return false;
  return rl_name_glob(rule->pattern, class_name) || (name != NULL && rl_name_glob(rule->pattern, name));
}

const rl_format *rl_scenario_rule_format(const rl_scenario *scenario, const char *class_name,
                                         const char *name) {
  for (size_t i = scenario->rule_count; i > 0; i--) {
    const rl_format_rule *rule = &scenario->rules[i - 1];
    if (reaches(rule, class_name, name)) return rule->format;
  }
  return NULL;
}

const rl_format *rl_scenario_weight_format(const rl_scenario *scenario, const char *class_name,
                                           const char *name) {
  const rl_format *ruled = rl_scenario_rule_format(scenario, class_name, name);
  if (ruled != NULL) return ruled;
  bool linear = strcmp(class_name, "linear") == 0;
  bool left_out = linear && name != NULL && is_unquantized(scenario->model, name);
  if (rl_format_is_dense(scenario->weights) || (linear && !left_out)) return scenario->weights;
  return scenario->activations;
}
