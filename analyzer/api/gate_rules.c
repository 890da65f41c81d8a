/* Rules: a small strict grammar over the measures, read from YAML.
 *   rule   = "fits" | measure op amount          op = "<=" | "<" | ">=" | ">" | "=="
 *   amount = number "%" "of base" | "base" | number and unit of the measure */
#include <string.h>

#include "api/gate.h"
#include "base/names.h"
#include "base/number.h"
#include "doc/quantity.h"
#include "reports/sweep_rows.h"
#include "spec/kind_keys.h"

enum { AMOUNT_BYTES = 64, NAME_BYTES = 64 };
static const char BASE[] = "base", OF_BASE[] = "of base",
                  EXAMPLE[] = "tokens_per_s >= 95 % of base";

typedef struct loader {
  rl_arena *arena;
  rl_diags *diags;
  rl_gate_rules *rules;
  const char *glob; /* of the rules that are being read */
  rl_loc glob_loc;
} loader;

rl_gate_rules rl_gate_rules_default(bool revision) {
  /* Between two trees there is no baseline in which a scenario could be given up. */
  return (rl_gate_rules){.fail_removed = !revision};
}

static rl_status no_rule(const loader *l, const rl_node *node, const char *why) {
  return RL_REPORT(l->diags, RULE_FORM, node->loc, node->text, why, EXAMPLE);
}

static bool names_measure(const char *name, int m) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[m];
  const rl_sweep_figure figure = rl_sweep_figure_find(name);
  if (strcmp(row->name, name) == 0 || (row->alias != NULL && strcmp(row->alias, name) == 0)) {
    return true;
  }
  return figure != RL_SWEEP_FIGURES && figure == rl_sweep_figure_find(row->name);
}

static rl_status find_measure(const loader *l, const rl_node *node, size_t length,
                              rl_measure *out) {
  const char *known[RL_MEASURES], *name = rl_strndup(l->arena, node->text, length);
  if (name == NULL) return rl_diag_oom(l->diags);
  for (int m = 0; m < RL_MEASURES; m++) {
    known[m] = RL_MEASURE_TABLE[m].name;
    if (!names_measure(name, m)) continue;
    *out = (rl_measure)m;
    return RL_OK;
  }
  return RL_REPORT(l->diags, RULE_MEASURE, node->loc, name,
                   rl_did_you_mean(name, known, RL_MEASURES));
}

static const char *skip_blanks(const char *text) {
  return text + strspn(text, " ");
}

/* Moves behind the comparison; false when there is none. */
static bool take_op(const char **at, rl_rule_op *op) {
  static const struct {
    const char *text;
    rl_rule_op op;
  } ops[] = {{"<=", RL_RULE_LE},
             {">=", RL_RULE_GE},
             {"==", RL_RULE_EQ},
             {"<", RL_RULE_LT},
             {">", RL_RULE_GT}};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    const size_t length = strlen(ops[i].text);
    if (strncmp(*at, ops[i].text, length) != 0) continue;
    *at = skip_blanks(*at + length);
    *op = ops[i].op;
    return true;
  }
  return false;
}

/* "95 % of base", "base". False when the text is nothing of the kind. */
static bool take_relative(const char *text, rl_gate_rule *rule) {
  const size_t digits = strspn(text, "0123456789.");
  const char *sign = skip_blanks(text + digits);
  double percent = 0;
  rule->relative = true;
  rule->real = 1;
  if (strcmp(text, BASE) == 0) return true;
  if (*sign != '%' || strcmp(skip_blanks(sign + 1), OF_BASE) != 0) return false;
  if (!rl_scan_double(text, digits, &percent)) return false;
  rule->real = percent / 100;
  return true;
}

/* "1200", "1200 tokens/s" of measures whose unit is no unit of quantities. */
static rl_status take_number(const loader *l, const rl_node *node, const char *text,
                             rl_gate_rule *rule) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[rule->measure];
  const size_t length = strcspn(text, " ");
  const char *unit = skip_blanks(text + length);
  const bool exact = row->form == RL_FORM_COUNT;
  bool scanned =
      exact ? rl_scan_u64(text, length, &rule->count) : rl_scan_double(text, length, &rule->real);
  if (exact) rule->real = (double)rule->count;
  if (scanned && (*unit == '\0' || strcmp(unit, row->unit) == 0)) return RL_OK;
  const char *why =
      rl_textf(l->arena, "'%s' is no %s of %s", text, exact ? "whole number" : "number", row->unit);
  return why == NULL ? rl_diag_oom(l->diags) : no_rule(l, node, why);
}

static rl_status take_amount(const loader *l, const rl_node *node, const char *text,
                             rl_gate_rule *rule) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[rule->measure];
  if (*text == '\0') return no_rule(l, node, "nothing to compare with");
  if (take_relative(text, rule)) return RL_OK;
  rule->relative = false;
  rule->real = 0;
  if (strcmp(row->unit, "B") == 0) {
    const rl_node amount = {
        .kind = RL_SCALAR, .loc = node->loc, .text = text, .length = strlen(text), .weight = 1};
    rl_status status = rl_node_bytes(&amount, row->name, &rule->count, l->diags);
    rule->real = (double)rule->count;
    return status;
  }
  if (strcmp(row->unit, "s") == 0) {
    return rl_text_quantity(text, node->loc, row->name, RL_DIM_SECONDS, &rule->real, l->diags);
  }
  return take_number(l, node, text, rule);
}

/* Of rules about one measure in one form and direction, for the same scenarios or fewer, the last
 * one counts: what comes later is more special. */
static rl_status keep(const loader *l, const rl_gate_rule *rule) {
  rl_gate_rule *slot = RL_PUSH(l->arena, &l->rules->list);
  if (slot == NULL) return rl_diag_oom(l->diags);
  *slot = *rule;
  return RL_OK;
}

static rl_status read_rule(const loader *l, const rl_node *node) {
  const char *text = NULL;
  rl_status status = rl_node_text(node, "a rule", &text, l->diags);
  if (status != RL_OK) return status;
  const size_t length = strcspn(text, " <>=");
  const char *at = skip_blanks(text + length);
  rl_gate_rule rule = {.glob = l->glob, .glob_loc = l->glob_loc, .text = text, .loc = node->loc};
  status = find_measure(l, node, length, &rule.measure);
  if (status != RL_OK) return status;
  if (RL_MEASURE_TABLE[rule.measure].form == RL_FORM_FLAG) {
    rule.op = RL_RULE_EQ;
    rule.real = 1;
    rule.count = 1;
    return *at == '\0' ? keep(l, &rule) : no_rule(l, node, "'fits' takes no comparison");
  }
  if (!take_op(&at, &rule.op)) {
    return no_rule(l, node, "one of <= < >= > == is missing behind the measure");
  }
  status = take_amount(l, node, at, &rule);
  return status == RL_OK ? keep(l, &rule) : status;
}

static rl_status read_list(const loader *l, const rl_node *list) {
  if (list->kind != RL_SEQUENCE) {
    return RL_REPORT(l->diags, VALUE_KIND, list->loc, "rules", "a list", "something else", NULL);
  }
  for (size_t i = 0; i < list->count; i++) read_rule(l, list->items[i]);
  return rl_diags_status(l->diags);
}

/* {match: GLOB, rules: [...]} */
static rl_status read_group(loader *l, const rl_node *node) {
  const char *keys[RL_KIND_KEYS_MAX];
  const size_t count = rl_key_names(&RL_NESTED_KEYS[RL_BELOW_RULES], keys);
  rl_status status = rl_node_known_keys(node, "scenarios", keys, count, l->diags);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < count; i++) {
    if (rl_node_get(node, keys[i]) != NULL) continue;
    return RL_REPORT(l->diags, MISSING_KEY, node->loc, "scenarios", keys[i]);
  }
  status = rl_node_text(rl_node_get(node, "match"), "match", &l->glob, l->diags);
  l->glob_loc = rl_node_get(node, "match")->loc;
  if (status == RL_OK) status = read_list(l, rl_node_get(node, "rules"));
  l->glob = NULL;
  return status;
}

static rl_status read_groups(loader *l, const rl_node *list) {
  if (list->kind != RL_SEQUENCE) {
    return RL_REPORT(l->diags, VALUE_KIND, list->loc, "scenarios", "a list", "something else",
                     NULL);
  }
  for (size_t i = 0; i < list->count; i++) read_group(l, list->items[i]);
  return rl_diags_status(l->diags);
}

/* One of two words. */
static rl_status read_switch(const loader *l, const rl_node *root, const char *key,
                             const char *const words[2], bool *second) {
  const rl_node *node = rl_node_get(root, key);
  const char *text = NULL;
  rl_status status = node == NULL ? RL_OK : rl_node_text(node, key, &text, l->diags);
  if (text == NULL) return status;
  *second = strcmp(text, words[1]) == 0;
  if (*second || strcmp(text, words[0]) == 0) return RL_OK;
  const char *choices = rl_textf(l->arena, "%s, %s", words[0], words[1]);
  return choices == NULL ? rl_diag_oom(l->diags)
                         : RL_REPORT(l->diags, RULE_CHOICE, node->loc, text, key, choices);
}

static rl_status read_switches(const loader *l, const rl_node *root) {
  static const char *const pins[] = {"now", "pin"}, *const verdicts[] = {"pass", "fail"};
  rl_gate_rules *rules = l->rules;
  read_switch(l, root, "hwdb", pins, &rules->pin);
  read_switch(l, root, "new", verdicts, &rules->fail_new);
  read_switch(l, root, "removed", verdicts, &rules->fail_removed);
  read_switch(l, root, "renamed", verdicts, &rules->fail_renamed);
  read_switch(l, root, "better", verdicts, &rules->fail_better);
  return rl_diags_status(l->diags);
}

/* The side on which a measure is better, or both. */
static bool bounds_worse(const rl_gate_rule *rule) {
  const bool from_below = rule->op == RL_RULE_GE || rule->op == RL_RULE_GT;
  return rule->op == RL_RULE_EQ || from_below == RL_MEASURE_TABLE[rule->measure].more_is_better;
}

/* Another rule, of the same scenarios or of all, bounds the measure where it gets worse. */
static bool is_bounded(const rl_gate_rules *rules, const rl_gate_rule *open) {
  for (size_t i = 0; i < rules->list.count; i++) {
    const rl_gate_rule *rule = &rules->list.items[i];
    const bool same =
        rule->glob == NULL || (open->glob != NULL && strcmp(rule->glob, open->glob) == 0);
    if (same && rule->measure == open->measure && bounds_worse(rule)) return true;
  }
  return false;
}

/* A rule stands in for what holds without it: one that looks the other way opens the gate. */
static void warn_open(const loader *l) {
  for (size_t i = 0; i < l->rules->list.count; i++) {
    const rl_gate_rule *rule = &l->rules->list.items[i];
    const rl_measure_row *row = &RL_MEASURE_TABLE[rule->measure];
    if (is_bounded(l->rules, rule)) continue;
    const char *bound =
        rl_textf(l->arena, "%s %s ...", row->name, row->more_is_better ? ">=" : "<=");
    if (bound == NULL) rl_diag_oom(l->diags);
    RL_REPORT(l->diags, RULE_OPEN, rule->loc, rule->text, row->name,
              row->more_is_better ? "more" : "less", bound);
  }
}

rl_status rl_gate_rules_load(rl_arena *arena, const char *path, rl_gate_rules *rules,
                             rl_diags *diags) {
  const char *keys[RL_KIND_KEYS_MAX + 1] = {"kind"};
  const size_t count = 1 + rl_key_names(&RL_RULES_KEYS, keys + 1);
  loader l = {.arena = arena, .diags = diags, .rules = rules};
  rl_document document = {.file = path};
  rl_node *root = NULL;
  rl_status status =
      rl_read_file(arena, path, RL_DOC_LIMITS.file_bytes, &document.text, &document.length, diags);
  if (status == RL_OK) status = rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &root, diags);
  if (status == RL_OK) {
    status = rl_node_known_keys(root, "check", keys, count, diags);
  }
  if (status != RL_OK) return status;
  const rl_node *kind = rl_node_get(root, "kind");
  if (kind == NULL) return RL_REPORT(diags, KIND_MISSING, root->loc, "check");
  const char *word = NULL;
  status = rl_node_text(kind, "kind", &word, diags);
  if (status != RL_OK) return status;
  if (strcmp(word, "check") != 0) return RL_REPORT(diags, KIND_WRONG, kind->loc, "check", word);
  read_switches(&l, root);
  const rl_node *list = rl_node_get(root, "rules"), *groups = rl_node_get(root, "scenarios");
  if (list != NULL) read_list(&l, list);
  if (groups != NULL) read_groups(&l, groups);
  warn_open(&l);
  return rl_diags_status(diags);
}
