/* The evaluator: a walk over the terms that allocates nothing and knows no rounding. */
#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "doc/excerpt.h"
#include "doc/expr_term.h"
#include "doc/rational.h"

typedef struct evaluator {
  const rl_expr *expr;
  const rl_scope *scope;
  rl_diags *diags;
} evaluator;

static rl_status eval(const evaluator *e, const rl_term *term, rl_value *out);

static rl_loc term_loc(const evaluator *e, const rl_term *term) {
  return rl_expr_position(e->expr->node, term->at);
}

static const char *kind_words(const rl_value *value) {
  switch (value->kind) {
    case RL_VALUE_NULL:
      return "nothing";
    case RL_VALUE_NUMBER:
      return "a number";
    case RL_VALUE_TEXT:
      return "a text";
    case RL_VALUE_NODE:
      break;
  }
  return value->node->kind == RL_MAP ? "a map" : "a list";
}

/* `user` needs something else than what the operand is. */
static rl_status report_kind(const evaluator *e, const rl_term *user, const rl_term *operand,
                             const rl_value *value, const char *needs) {
  char shown[RL_EXCERPT], got[2 * RL_EXCERPT];
  const char *words = kind_words(value);
  size_t length = strlen(words);
  memcpy(got, words, length + 1);
  if (operand->op == RL_TERM_NAME) {
    rl_excerpt(operand->name, strlen(operand->name), shown);
    memcpy(got + length, " from ", 6);
    memcpy(got + length + 6, shown, strlen(shown) + 1);
  }
  const char *hint = value->kind == RL_VALUE_NULL ? "give a default: name ?? value" : NULL;
  return RL_REPORT(e->diags, EXPR_KIND, term_loc(e, operand), rl_term_symbol(user->op), needs, got,
                   hint);
}

static rl_status eval_number(const evaluator *e, const rl_term *user, const rl_term *operand,
                             rl_value *out) {
  rl_status status = eval(e, operand, out);
  if (status != RL_OK || out->kind == RL_VALUE_NUMBER) return status;
  return report_kind(e, user, operand, out, "a number");
}

/* Truth is a non-zero number or a non-empty text; nothing is false. */
static rl_status eval_truth(const evaluator *e, const rl_term *user, const rl_term *operand,
                            bool *out) {
  rl_value value;
  rl_status status = eval(e, operand, &value);
  if (status != RL_OK) return status;
  switch (value.kind) {
    case RL_VALUE_NULL:
      *out = false;
      return RL_OK;
    case RL_VALUE_NUMBER:
      *out = value.num != 0;
      return RL_OK;
    case RL_VALUE_TEXT:
      *out = value.text[0] != '\0';
      return RL_OK;
    case RL_VALUE_NODE:
      break;
  }
  return report_kind(e, user, operand, &value, "a number or text");
}

static rl_status report_overflow(const evaluator *e, const rl_term *term) {
  return RL_REPORT(e->diags, EXPR_OVERFLOW, term_loc(e, term), rl_term_symbol(term->op));
}

static rl_status eval_value(const evaluator *e, const rl_term *term, rl_value *out) {
  (void)e;
  *out = term->value;
  return RL_OK;
}

static rl_status eval_name(const evaluator *e, const rl_term *term, rl_value *out) {
  char shown[RL_EXCERPT];
  rl_status status = RL_OK;
  const rl_scope *scope = e->scope;
  *out = (rl_value){.kind = RL_VALUE_NULL};
  if (scope != NULL && scope->resolve(scope, term->name, out, &status, e->diags)) return status;
  const char *guess = NULL;
  if (scope != NULL && scope->names != NULL) {
    guess = rl_did_you_mean(term->name, scope->names, scope->name_count);
  }
  rl_excerpt(term->name, strlen(term->name), shown);
  return RL_REPORT(e->diags, EXPR_NAME_UNKNOWN, term_loc(e, term), shown, guess);
}

static rl_status eval_negate(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_status status = eval_number(e, term, term->operands, out);
  if (status == RL_OK) out->negative = !out->negative && out->num != 0;
  return status;
}

static rl_status eval_not(const evaluator *e, const rl_term *term, rl_value *out) {
  bool truth = false;
  rl_status status = eval_truth(e, term, term->operands, &truth);
  *out = rl_rational_integer(!truth);
  return status;
}

/* The two operands of a term as numbers. */
static rl_status eval_pair(const evaluator *e, const rl_term *term, rl_value *a, rl_value *b) {
  rl_status status = eval_number(e, term, term->operands, a);
  return status == RL_OK ? eval_number(e, term, term->operands->next, b) : status;
}

/* Divisions need a divisor; % and its kin need whole numbers. */
static rl_status modulo(const evaluator *e, const rl_term *term, const rl_value *a,
                        const rl_value *b, rl_value *out) {
  const rl_value *operands[] = {a, b};
  for (size_t i = 0; i < 2; i++) {
    const rl_term *operand = i == 0 ? term->operands : term->operands->next;
    if (operands[i]->den == 1 && !operands[i]->negative) continue;
    return report_kind(e, term, operand, operands[i], "whole numbers that are not negative");
  }
  *out = rl_rational_integer(a->num % b->num);
  return RL_OK;
}

static bool divide_up(const rl_value *a, const rl_value *b, rl_value *out) {
  rl_value quotient;
  return rl_rational_div(a, b, &quotient) && rl_rational_ceil(&quotient, out);
}

static rl_status eval_arithmetic(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_value a, b;
  rl_status status = eval_pair(e, term, &a, &b);
  if (status != RL_OK) return status;
  bool divides = term->op == RL_TERM_DIV || term->op == RL_TERM_MOD || term->op == RL_TERM_CEIL_DIV;
  if (divides && b.num == 0) {
    return RL_REPORT(e->diags, EXPR_DIVISION, term_loc(e, term), rl_term_symbol(term->op));
  }
  bool fits = false;
  switch (term->op) {
    case RL_TERM_ADD:
      fits = rl_rational_add(&a, &b, out);
      break;
    case RL_TERM_SUB:
      fits = rl_rational_sub(&a, &b, out);
      break;
    case RL_TERM_MUL:
      fits = rl_rational_mul(&a, &b, out);
      break;
    case RL_TERM_DIV:
      fits = rl_rational_div(&a, &b, out);
      break;
    case RL_TERM_CEIL_DIV:
      fits = divide_up(&a, &b, out);
      break;
    default:
      return modulo(e, term, &a, &b, out);
  }
  return fits ? RL_OK : report_overflow(e, term);
}

/* Equality holds between values of one kind; nothing equals only nothing. */
static rl_status eval_equality(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_value a, b;
  rl_status status = eval(e, term->operands, &a);
  if (status == RL_OK) status = eval(e, term->operands->next, &b);
  if (status != RL_OK) return status;
  bool equal = false;
  if (a.kind == RL_VALUE_NULL || b.kind == RL_VALUE_NULL) {
    equal = a.kind == b.kind;
  } else if (a.kind == RL_VALUE_NODE) {
    return report_kind(e, term, term->operands, &a, "numbers or texts");
  } else if (a.kind != b.kind) {
    return report_kind(e, term, term->operands->next, &b, kind_words(&a));
  } else {
    equal =
        a.kind == RL_VALUE_TEXT ? strcmp(a.text, b.text) == 0 : rl_rational_compare(&a, &b) == 0;
  }
  *out = rl_rational_integer(equal == (term->op == RL_TERM_EQUAL));
  return RL_OK;
}

static rl_status eval_order(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_value a, b;
  rl_status status = eval_pair(e, term, &a, &b);
  if (status != RL_OK) return status;
  int order = rl_rational_compare(&a, &b);
  bool holds = false;
  switch (term->op) {
    case RL_TERM_LESS:
      holds = order < 0;
      break;
    case RL_TERM_LESS_EQUAL:
      holds = order <= 0;
      break;
    case RL_TERM_GREATER:
      holds = order > 0;
      break;
    default:
      holds = order >= 0;
      break;
  }
  *out = rl_rational_integer(holds);
  return RL_OK;
}

/* The right operand is looked at only when the left one leaves the answer open. */
static rl_status eval_logic(const evaluator *e, const rl_term *term, rl_value *out) {
  bool truth = false;
  rl_status status = eval_truth(e, term, term->operands, &truth);
  if (status == RL_OK && truth == (term->op == RL_TERM_AND)) {
    status = eval_truth(e, term, term->operands->next, &truth);
  }
  *out = rl_rational_integer(truth);
  return status;
}

static rl_status eval_default(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_status status = eval(e, term->operands, out);
  if (status != RL_OK || out->kind != RL_VALUE_NULL) return status;
  return eval(e, term->operands->next, out);
}

static rl_status eval_choose(const evaluator *e, const rl_term *term, rl_value *out) {
  bool truth = false;
  const rl_term *yes = term->operands->next;
  rl_status status = eval_truth(e, term, term->operands, &truth);
  return status == RL_OK ? eval(e, truth ? yes : yes->next, out) : status;
}

static rl_status eval_index(const evaluator *e, const rl_term *term, rl_value *out) {
  char shown[RL_NUMBER_TEXT], count[RL_NUMBER_TEXT];
  rl_value list, index;
  rl_status status = eval(e, term->operands, &list);
  if (status != RL_OK) return status;
  bool empty = list.kind == RL_VALUE_NODE && list.node->kind == RL_SEQUENCE && list.node->count == 0;
  if (list.kind == RL_VALUE_NULL || empty) {
    *out = (rl_value){.kind = RL_VALUE_NULL};
    return RL_OK;
  }
  if (list.kind != RL_VALUE_NODE || list.node->kind != RL_SEQUENCE) {
    return report_kind(e, term, term->operands, &list, "a list");
  }
  status = eval_number(e, term, term->operands->next, &index);
  if (status != RL_OK) return status;
  if (index.negative || index.den != 1 || index.num >= list.node->count) {
    return RL_REPORT(e->diags, EXPR_INDEX, term_loc(e, term->operands->next),
                     rl_rational_print(&index, shown), rl_print_u64(list.node->count, count));
  }
  *out = rl_value_from_node(list.node->items[index.num]);
  return RL_OK;
}

static bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == RL_VALUE_TEXT) return strcmp(a->text, b->text) == 0;
  return a->kind == RL_VALUE_NUMBER && rl_rational_compare(a, b) == 0;
}

static rl_status eval_index_of(const evaluator *e, const rl_term *term, rl_value *out) {
  rl_value list, value;
  rl_status status = eval(e, term->operands, &list);
  if (status == RL_OK) status = eval(e, term->operands->next, &value);
  if (status != RL_OK) return status;
  if (list.kind != RL_VALUE_NODE || list.node->kind != RL_SEQUENCE) {
    return report_kind(e, term, term->operands, &list, "a list");
  }
  *out = (rl_value){.kind = RL_VALUE_NULL};
  for (size_t i = 0; i < list.node->count; i++) {
    rl_value item = rl_value_from_node(list.node->items[i]);
    if (!same_value(&item, &value)) continue;
    *out = rl_rational_integer(i);
    break;
  }
  return RL_OK;
}

static rl_status eval_extreme(const evaluator *e, const rl_term *term, rl_value *out) {
  int wanted = term->op == RL_TERM_MIN ? -1 : 1;
  rl_status status = eval_number(e, term, term->operands, out);
  for (const rl_term *t = term->operands->next; status == RL_OK && t != NULL; t = t->next) {
    rl_value value;
    status = eval_number(e, term, t, &value);
    if (status == RL_OK && rl_rational_compare(&value, out) == wanted) *out = value;
  }
  return status;
}

static rl_status eval(const evaluator *e, const rl_term *term, rl_value *out) {
  static rl_status (*const by_op[RL_TERM_OPS])(const evaluator *, const rl_term *, rl_value *) = {
      [RL_TERM_VALUE] = eval_value,
      [RL_TERM_NAME] = eval_name,
      [RL_TERM_NEGATE] = eval_negate,
      [RL_TERM_NOT] = eval_not,
      [RL_TERM_ADD] = eval_arithmetic,
      [RL_TERM_SUB] = eval_arithmetic,
      [RL_TERM_MUL] = eval_arithmetic,
      [RL_TERM_DIV] = eval_arithmetic,
      [RL_TERM_MOD] = eval_arithmetic,
      [RL_TERM_EQUAL] = eval_equality,
      [RL_TERM_UNEQUAL] = eval_equality,
      [RL_TERM_LESS] = eval_order,
      [RL_TERM_LESS_EQUAL] = eval_order,
      [RL_TERM_GREATER] = eval_order,
      [RL_TERM_GREATER_EQUAL] = eval_order,
      [RL_TERM_AND] = eval_logic,
      [RL_TERM_OR] = eval_logic,
      [RL_TERM_DEFAULT] = eval_default,
      [RL_TERM_CHOOSE] = eval_choose,
      [RL_TERM_INDEX] = eval_index,
      [RL_TERM_CEIL_DIV] = eval_arithmetic,
      [RL_TERM_INDEX_OF] = eval_index_of,
      [RL_TERM_MIN] = eval_extreme,
      [RL_TERM_MAX] = eval_extreme,
  };
  return by_op[term->op](e, term, out);
}

rl_status rl_expr_eval(const rl_expr *expr, const rl_scope *scope, rl_value *out, rl_diags *diags) {
  evaluator e = {.expr = expr, .scope = scope, .diags = diags};
  return eval(&e, expr->root, out);
}

rl_status rl_expr_u64(const rl_expr *expr, const rl_scope *scope, const char *what, uint64_t *out,
                      rl_diags *diags) {
  char shown[RL_NUMBER_TEXT];
  rl_value value;
  rl_status status = rl_expr_eval(expr, scope, &value, diags);
  if (status != RL_OK) return status;
  if (value.kind == RL_VALUE_NUMBER && value.den == 1 && !value.negative) {
    *out = value.num;
    return RL_OK;
  }
  bool number = value.kind == RL_VALUE_NUMBER;
  const char *words = number ? rl_rational_print(&value, shown) : kind_words(&value);
  return RL_REPORT(diags, EXPR_WHOLE, rl_expr_loc(expr), what, words);
}

rl_loc rl_expr_loc(const rl_expr *expr) {
  return expr->node->loc;
}

static bool mentions(const rl_term *term, const char *name) {
  size_t length = strlen(name);
  for (; term != NULL; term = term->next) {
    bool named = term->op == RL_TERM_NAME && strncmp(term->name, name, length) == 0;
    if (named && (term->name[length] == '\0' || term->name[length] == '.')) return true;
    if (mentions(term->operands, name)) return true;
  }
  return false;
}

bool rl_expr_mentions(const rl_expr *expr, const char *name) {
  return mentions(expr->root, name);
}

rl_value rl_value_from_node(const rl_node *node) {
  rl_value value = {.kind = RL_VALUE_NODE, .node = node};
  if (node->kind != RL_SCALAR) return value;
  if (rl_node_is_null(node)) return (rl_value){.kind = RL_VALUE_NULL};
  if (!node->quoted) {
    if (strcmp(node->text, "true") == 0) return rl_rational_integer(1);
    if (strcmp(node->text, "false") == 0) return rl_rational_integer(0);
    if (rl_rational_scan(node->text, node->length, &value)) return value;
  }
  return (rl_value){.kind = RL_VALUE_TEXT, .text = node->text};
}
