/* An operator kind as rows: what it is, what a family tells it, what is counted of it. All of it is
 * compiled in; nothing is loaded. */
#include <string.h>

#include "cli/show_parts.h"
#include "cost/cost.h"
#include "graph/statement.h"
#include "kernels-ref/cpu/kernel.h"

static const rl_loc NOWHERE = {0};

/* What a value of the attribute looks like. */
static const char *form_text(rl_shown *shown, rl_op_kind kind, const char *key) {
  static const char *const words[] = {
      [RL_FORM_INTEGER] = "whole number or expression",
      [RL_FORM_NUMBER] = "number or expression",
      [RL_FORM_TRUTH] = "condition",
      [RL_FORM_SCALING] = "map of the config, or null",
      [RL_FORM_INPUTS] = "tensors read",
      [RL_FORM_TENSOR] = "tensor",
      [RL_FORM_NAME] = "name of the row",
      [RL_FORM_TEMPLATE] = "name of a weight, {l} for the layer",
      [RL_FORM_WORD] = "word",
      [RL_FORM_ACTIVATION] = "activation function",
  };
  const rl_attribute_rule *rule = rl_attribute_rule_find(kind, key);
  if (rule == NULL) return "";
  if (rule->form != RL_FORM_WORD) return words[rule->form];
  const char *choices = rl_choices_print(&shown->session->arena, rule);
  if (choices == NULL) rl_diag_oom(&shown->session->diags);
  return choices == NULL ? "" : rl_textf(&shown->session->arena, "one of: %s", choices);
}

/* "in out heads [mask when]": those in brackets may be left out. */
static void show_attributes(rl_shown *shown, rl_op_kind kind, const char *fields) {
  static const char separators[] = " []";
  bool optional = false;
  if (fields[0] == '\0') {
    rl_show_text(shown, "in a family", "never: made by fusion or lowering", NOWHERE);
  }
  while (*fields != '\0') {
    size_t length = strcspn(fields, separators);
    optional = optional || *fields == '[';
    const char *key = rl_strndup(&shown->session->arena, fields, length);
    const char *what = key == NULL ? NULL
                                   : rl_textf(&shown->session->arena, "%s %s",
                                              optional ? "may have" : "needs", key);
    if (what == NULL) rl_diag_oom(&shown->session->diags);
    if (what != NULL && length > 0) {
      rl_show_text(shown, what, form_text(shown, kind, key), NOWHERE);
    }
    fields += length == 0 ? 1 : length;
  }
}

static void show_rates(rl_shown *shown, const char *name) {
  rl_arena *arena = &shown->session->arena;
  size_t length = strlen(name);
  for (size_t i = 0; i < RL_OP_RATE_COUNT; i++) {
    const rl_op_rate *rate = &RL_OP_RATES[i];
    if (strncmp(rate->what, name, length) != 0 || rate->what[length] != ',') continue;
    rl_show_text(shown, rl_textf(arena, "operations, %s", rate->what + length + 2),
                 rl_textf(arena, "%llu: %s", (unsigned long long)rate->per_element, rate->why),
                 NOWHERE);
  }
}

rl_status rl_show_operator(rl_shown *shown, rl_op_kind kind) {
  const rl_op_info *info = &RL_OP_INFO[kind];
  rl_show_text(shown, "operator", info->name, NOWHERE);
  rl_show_text(shown, "what it is", info->doc, NOWHERE);
  rl_show_text(shown, "source", info->source, NOWHERE);
  show_attributes(shown, kind, info->fields);
  show_rates(shown, info->name);
  rl_show_text(shown, "FLOPs and bytes", "docs/counting.md; of a model: analyze --explain",
               NOWHERE);
  if (RL_KERNELS[kind].run != NULL) {
    rl_show_text(shown, "kernel", "cpu, scalar reference", NOWHERE);
  }
  return rl_diags_status(&shown->session->diags);
}
