/* Evaluates the attributes of checked statements into rl_evaluated. */
#include "graph/evaluate.h"

#include <string.h>

/* This rank's part of a dim that is split, in place of the whole. */
static void take_part(const rl_layer_scope *scope, const char *name, rl_value *value) {
  for (size_t i = 0; i < scope->share_count && scope->part != RL_PART_WHOLE; i++) {
    const rl_dim_share *share = &scope->shares[i];
    if (strcmp(share->dim, name) != 0 || value->kind != RL_VALUE_NUMBER) continue;
    value->num = scope->part == RL_PART_SHARE ? share->share : share->before;
    value->den = 1;
  }
}

static bool resolve_layer(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                          rl_diags *diags) {
  const rl_layer_scope *own = (const rl_layer_scope *)scope;
  if (!own->in_layers || strcmp(name, "l") != 0) {
    bool known = own->dims->resolve(own->dims, name, out, status, diags);
    if (known && *status == RL_OK) take_part(own, name, out);
    return known;
  }
  *out = (rl_value){.kind = RL_VALUE_NUMBER, .num = own->layer, .den = 1};
  *status = RL_OK;
  return true;
}

void rl_layer_scope_init(rl_layer_scope *scope, const rl_scope *dims) {
  *scope = (rl_layer_scope){
      .scope = {.resolve = resolve_layer, .names = dims->names, .name_count = dims->name_count},
      .dims = dims};
}

rl_status rl_attribute_expr(const rl_attribute *attribute, rl_arena *arena, const rl_expr **out,
                            rl_diags *diags) {
  *out = attribute->expr;
  if (*out != NULL || rl_node_is_null(attribute->value)) return RL_OK;
  return rl_expr_parse(arena, attribute->value, out, diags);
}

rl_status rl_attribute_value(const rl_attribute *attribute, const rl_layer_scope *scope,
                             rl_arena *arena, rl_value *out, rl_diags *diags) {
  const rl_expr *expr;
  *out = (rl_value){.kind = RL_VALUE_NULL};
  rl_status status = rl_attribute_expr(attribute, arena, &expr, diags);
  if (status != RL_OK || expr == NULL) return status;
  return rl_expr_eval(expr, &scope->scope, out, diags);
}

rl_status rl_statement_happens(const rl_statement *statement, const rl_layer_scope *scope,
                               rl_arena *arena, bool *out, rl_diags *diags) {
  const rl_attribute *when = rl_attribute_find(statement, "when");
  rl_value value;
  *out = true;
  if (when == NULL && statement->when == NULL) return RL_OK;
  rl_status status = when != NULL
                         ? rl_attribute_value(when, scope, arena, &value, diags)
                         : rl_expr_eval(statement->when, &scope->scope, &value, diags);
  if (status == RL_OK) *out = rl_value_is_true(&value);
  return status;
}

static rl_status report_range(const rl_attribute *attribute, const char *wanted, rl_diags *diags) {
  return RL_REPORT(diags, ATTRIBUTE_RANGE, attribute->value->loc, attribute->key, wanted);
}

static rl_status set_integer(const rl_attribute *attribute, const rl_attribute_rule *rule,
                             const rl_value *value, uint64_t *out, rl_diags *diags) {
  bool whole = value->kind == RL_VALUE_NUMBER && value->den == 1 && !value->negative;
  if (whole && (value->num > 0 || !rule->positive)) {
    *out = value->num;
    return RL_OK;
  }
  return report_range(attribute, rule->positive ? "a whole number from 1" : "a whole number from 0",
                      diags);
}

static rl_status set_number(const rl_attribute *attribute, const rl_attribute_rule *rule,
                            const rl_value *value, double *out, rl_diags *diags) {
  bool good = value->kind == RL_VALUE_NUMBER && (!value->negative || value->num == 0);
  if (good && (value->num > 0 || !rule->positive)) {
    *out = rl_value_double(value);
    return RL_OK;
  }
  return report_range(attribute, rule->positive ? "a number above 0" : "a number from 0", diags);
}

static rl_status set_scaling(const rl_attribute *attribute, const rl_value *value,
                             const rl_node **out, rl_diags *diags) {
  *out = NULL;
  if (value->kind == RL_VALUE_NULL) return RL_OK;
  if (value->kind == RL_VALUE_NODE && value->node->kind == RL_MAP) {
    *out = value->node;
    return RL_OK;
  }
  return report_range(attribute, "null or a map with a rope_type", diags);
}

/* A function's name that a config gave. */
static rl_status set_activation(const rl_attribute *attribute, const rl_attribute_rule *rule,
                                const rl_value *value, int *out, rl_diags *diags) {
  if (value->kind != RL_VALUE_TEXT) return report_range(attribute, "a function's name", diags);
  if (rl_choice_find(rule, value->text, out)) return RL_OK;
  const char *choices = rl_choices_print(diags->arena, rule);
  if (choices == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, UNKNOWN_ACTIVATION, attribute->value->loc, value->text, choices);
}

static rl_status set_expression(const rl_attribute *attribute, const rl_attribute_rule *rule,
                                const rl_value *value, void *place, rl_diags *diags) {
  bool absent = value->kind == RL_VALUE_NULL && rule->nullable;
  switch (rule->form) {
    case RL_FORM_INTEGER:
      return absent ? RL_OK : set_integer(attribute, rule, value, place, diags);
    case RL_FORM_NUMBER:
      return absent ? RL_OK : set_number(attribute, rule, value, place, diags);
    case RL_FORM_TRUTH:
      *(bool *)place = rl_value_is_true(value);
      return RL_OK;
    case RL_FORM_SCALING:
      return set_scaling(attribute, value, place, diags);
    case RL_FORM_ACTIVATION:
      return set_activation(attribute, rule, value, place, diags);
    default:
      return RL_OK;
  }
}

/* Attributes whose text is their value. True when this was one. */
static bool set_text(const rl_attribute *attribute, const rl_attribute_rule *rule, void *place) {
  const char *text = attribute->value->text;
  switch (rule->form) {
    case RL_FORM_INPUTS:
    case RL_FORM_TENSOR:
      return true;
    case RL_FORM_NAME:
    case RL_FORM_TEMPLATE:
      *(const char **)place = text;
      return true;
    case RL_FORM_WORD:
    case RL_FORM_ACTIVATION:
      return rl_choice_find(rule, text, place);
    default:
      return false;
  }
}

rl_status rl_statement_evaluate(const rl_statement *statement, const rl_layer_scope *scope,
                                rl_arena *arena, rl_evaluated *out, rl_diags *diags) {
  rl_op_kind kind = RL_OP_FUSED;
  rl_status status = RL_OK;
  *out = (rl_evaluated){.has_bias = rl_attribute_find(statement, "bias") != NULL,
                        .tied = rl_attribute_find(statement, "tied_to") != NULL};
  (void)rl_operator_find(statement->op, &kind);
  for (size_t i = 0; i < statement->attribute_count && status == RL_OK; i++) {
    const rl_attribute *attribute = &statement->attributes[i];
    const rl_attribute_rule *rule = rl_attribute_rule_find(kind, attribute->key);
    rl_attribute_rule seen = *rule;
    rl_layer_scope part = *scope;
    void *place = (char *)out + rule->place;
    rl_value value;
    if (set_text(attribute, rule, place)) continue;
    if (!rule->split) part.part = RL_PART_WHOLE;
    if (part.part == RL_PART_BEFORE) seen.positive = false; /* nothing stands before the first rank */
    status = rl_attribute_value(attribute, &part, arena, &value, diags);
    if (status == RL_OK) status = set_expression(attribute, &seen, &value, place, diags);
  }
  out->name = rl_statement_name(statement);
  return status;
}

rl_activation_kind rl_activation_of_choice(int choice) {
  /* silu, swish, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, relu2, tanh, quick_gelu */
  static const rl_activation_kind kinds[] = {
      RL_SILU,      RL_SILU,      RL_GELU, RL_GELU_TANH,    RL_GELU_TANH,
      RL_GELU_TANH, RL_RELU,      RL_RELU_SQUARED, RL_TANH, RL_QUICK_GELU};
  return kinds[choice];
}
