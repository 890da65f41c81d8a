/* Exact expressions over named values: 64-bit rationals, texts, lists of the config. Loose to tight:
 *   c ? a : b   a || b   a && b   == !=   < <= > >=   a ?? b   + -   * / %   !a -a   name[index]
 *   a ?? b is b where a is absent or null; an absent or empty list has null at every index; % is for integers; comparisons do not chain
 *   ceil_div(a, b)  min(a, b, ...)  max(a, b, ...)   names may have points: text_config.heads
 *   index_of(list, a): where a stands first in the list, counted from 0; null where it does not
 *   12  0.5  true  false  null  'text'
 * Truth is a non-zero number or non-empty text. Depth <= 32, length <= 256 bytes. */
#ifndef RL_DOC_EXPR_H
#define RL_DOC_EXPR_H

#include "doc/tree.h"

typedef enum rl_value_kind {
  RL_VALUE_NULL,
  RL_VALUE_NUMBER,
  RL_VALUE_TEXT,
  RL_VALUE_NODE
} rl_value_kind;

typedef struct rl_value {
  rl_value_kind kind;
  bool negative;       /* number */
  uint64_t num, den;   /* number = ±num/den in lowest terms, den >= 1 */
  const char *text;    /* RL_VALUE_TEXT */
  const rl_node *node; /* RL_VALUE_NODE: a map or sequence of the config */
} rl_value;

typedef struct rl_expr rl_expr; /* parsed expression in an arena, immutable */

/* Parses the text of a scalar node; positions inside it are reported at the right column. */
rl_status rl_expr_parse(rl_arena *arena, const rl_node *node, const rl_expr **out, rl_diags *diags);

/* What names mean. resolve answers true and fills *out when it knows the name (RL_VALUE_NULL for
 * an absent optional); false makes "unknown name" with a did-you-mean among `names`. */
typedef struct rl_scope rl_scope;
struct rl_scope {
  bool (*resolve)(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                  rl_diags *diags);
  const char *const *names; /* for did-you-mean; may be NULL */
  size_t name_count;
};

/* Overflow, division by zero, wrong kinds are located errors. Allocates nothing. */
rl_status rl_expr_eval(const rl_expr *expr, const rl_scope *scope, rl_value *out, rl_diags *diags);
/* Whole non-negative number out of an expression. */
rl_status rl_expr_u64(const rl_expr *expr, const rl_scope *scope, const char *what, uint64_t *out,
                      rl_diags *diags);
rl_loc rl_expr_loc(const rl_expr *expr);
/* True when the expression mentions the name, or a path that begins with it (name.key). */
bool rl_expr_mentions(const rl_expr *expr, const char *name);

/* Named definitions that may refer to each other (the dims of a family) and to an outer scope.
 * Evaluates each at most once; a cycle is reported as its chain "a -> b -> a". */
typedef struct rl_definitions rl_definitions;
rl_status rl_definitions_new(rl_arena *arena, const rl_node *map, const rl_scope *outer,
                             rl_definitions **out, rl_diags *diags);
const rl_scope *rl_definitions_scope(const rl_definitions *definitions);

rl_value rl_value_from_node(
    const rl_node *node);                      /* scalar -> number, true/false -> 1/0, null, text */
/* A non-zero number, a non-empty text, a list or map; null is not. */
bool rl_value_is_true(const rl_value *value);
double rl_value_double(const rl_value *value); /* number -> nearest double */

#endif
