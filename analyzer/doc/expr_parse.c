/* The expression parser: precedence climbing (Pratt, "Top Down Operator Precedence", POPL 1973).
 * From loose to tight: ?:  ||  &&  == !=  < <= > >=  ??  + -  * / %  ! -  []. */
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "doc/excerpt.h"
#include "doc/expr_term.h"
#include "doc/rational.h"

typedef struct parser {
  rl_arena *arena;
  const rl_node *node;
  rl_diags *diags;
  const char *text;
  size_t length, at;
  unsigned depth;
} parser;

typedef struct operator{
  const char *symbol;
  rl_term_op op;
  int binds; /* tighter is larger */
  bool chains;
}
operator;

enum { BINDS_CHOOSE = 1, BINDS_COMPARE_LOOSE = 4, BINDS_DEFAULT = 6, BINDS_UNARY = 9 };

/* Longer symbols come before their beginnings. */
static const operator operators[] = {
    {"||", RL_TERM_OR, 2, true},
    {"&&", RL_TERM_AND, 3, true},
    {"==", RL_TERM_EQUAL, BINDS_COMPARE_LOOSE, false},
    {"!=", RL_TERM_UNEQUAL, BINDS_COMPARE_LOOSE, false},
    {"<=", RL_TERM_LESS_EQUAL, 5, false},
    {">=", RL_TERM_GREATER_EQUAL, 5, false},
    {"<", RL_TERM_LESS, 5, false},
    {">", RL_TERM_GREATER, 5, false},
    {"??", RL_TERM_DEFAULT, BINDS_DEFAULT, true},
    {"?", RL_TERM_CHOOSE, BINDS_CHOOSE, true},
    {"+", RL_TERM_ADD, 7, true},
    {"-", RL_TERM_SUB, 7, true},
    {"*", RL_TERM_MUL, 8, true},
    {"/", RL_TERM_DIV, 8, true},
    {"%", RL_TERM_MOD, 8, true},
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static const struct {
  const char *name;
  rl_term_op op;
  size_t least, most;
} functions[] = {
    {"ceil_div", RL_TERM_CEIL_DIV, 2, 2},
    {"index_of", RL_TERM_INDEX_OF, 2, 2},
    {"min", RL_TERM_MIN, 1, RL_EXPR_BYTES},
    {"max", RL_TERM_MAX, 1, RL_EXPR_BYTES},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

const char *rl_term_symbol(rl_term_op op) {
  for (size_t i = 0; i < OPERATORS; i++) {
    if (operators[i].op == op) return operators[i].symbol;
  }
  for (size_t i = 0; i < FUNCTIONS; i++) {
    if (functions[i].op == op) return functions[i].name;
  }
  return op == RL_TERM_NOT ? "!" : op == RL_TERM_NEGATE ? "-" : "[]";
}

/* In a quoted text the quotes take columns, the outer one and those that had to be escaped. A block
 * scalar begins on another line than its text, so its own place has to do. */
rl_loc rl_expr_position(const rl_node *node, size_t at) {
  rl_loc loc = node->loc;
  if (node->style == '|') return loc;
  if (node->style != 0) loc.column++;
  for (size_t i = 0; i < at && i < node->length; i++) {
    char c = node->text[i];
    bool escaped =
        (node->style == '\'' && c == '\'') || (node->style == '"' && (c == '"' || c == '\\'));
    if (((unsigned char)c & 0xC0) != 0x80) loc.column += escaped ? 2 : 1;
  }
  return loc;
}

static rl_status syntax(parser *p, size_t at, const char *words, const char *hint) {
  return RL_REPORT(p->diags, EXPR_SYNTAX, rl_expr_position(p->node, at), words, hint);
}

static void skip_blanks(parser *p) {
  while (p->at < p->length && strchr(" \t\n", p->text[p->at]) != NULL) p->at++;
}

/* The text is NUL-terminated, so the byte at the end may be looked at. */
static bool accept(parser *p, char c) {
  skip_blanks(p);
  if (p->at >= p->length || p->text[p->at] != c) return false;
  p->at++;
  return true;
}

static bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Letters, digits, _ and inner points: text_config.hidden_size */
static size_t name_span(const char *text) {
  size_t length = 0;
  if (!is_name_start(text[0])) return 0;
  for (;; length++) {
    char c = text[length];
    bool point = c == '.' && is_name_start(text[length + 1]);
    if (!is_name_start(c) && !(c >= '0' && c <= '9') && !point) return length;
  }
}

static rl_term *new_term(parser *p, rl_term_op op, size_t at) {
  rl_term *term = RL_NEW(p->arena, rl_term);
  if (term == NULL) {
    rl_diag_oom(p->diags);
    return NULL;
  }
  *term = (rl_term){.op = op, .at = at};
  return term;
}

static rl_status new_value(parser *p, size_t at, rl_value value, rl_term **out) {
  *out = new_term(p, RL_TERM_VALUE, at);
  if (*out == NULL) return RL_ENVIRONMENT;
  (*out)->value = value;
  return RL_OK;
}

static rl_status parse_level(parser *p, int least, rl_term **out);

static rl_status parse_number(parser *p, rl_term **out) {
  size_t at = p->at, length = rl_number_prefix(p->text + at, p->length - at);
  rl_value value;
  char after = p->text[at + length];
  if (is_name_start(after) || after == '.') {
    return syntax(p, at, "a malformed number", "names do not begin with digits");
  }
  if (!rl_rational_scan(p->text + at, length, &value)) {
    return RL_REPORT(p->diags, EXPR_OVERFLOW, rl_expr_position(p->node, at), "the number");
  }
  p->at += length;
  return new_value(p, at, value, out);
}

static rl_status parse_text(parser *p, rl_term **out) {
  size_t at = p->at++;
  const char *end = memchr(p->text + p->at, '\'', p->length - p->at);
  if (end == NULL)
    return syntax(p, at, "a text that is not closed", "texts stand in single quotes");
  size_t length = (size_t)(end - (p->text + p->at));
  rl_value value = {.kind = RL_VALUE_TEXT, .text = rl_strndup(p->arena, p->text + p->at, length)};
  if (value.text == NULL) return rl_diag_oom(p->diags);
  p->at += length + 1;
  return new_value(p, at, value, out);
}

/* The operands of a call behind its '('. */
static rl_status parse_arguments(parser *p, rl_term *call, size_t *count) {
  rl_term **slot = &call->operands;
  *count = 0;
  do {
    rl_status status = parse_level(p, BINDS_CHOOSE, slot);
    if (status != RL_OK) return status;
    slot = &(*slot)->next;
    ++*count;
  } while (accept(p, ','));
  if (accept(p, ')')) return RL_OK;
  return syntax(p, p->at, "a ',' or ')' was expected", NULL);
}

static rl_status parse_call(parser *p, const char *name, size_t at, rl_term **out) {
  const char *names[FUNCTIONS];
  size_t found = FUNCTIONS, count = 0;
  for (size_t i = 0; i < FUNCTIONS; i++) {
    names[i] = functions[i].name;
    if (strcmp(name, functions[i].name) == 0) found = i;
  }
  if (found == FUNCTIONS) {
    return RL_REPORT(p->diags, EXPR_NAME_UNKNOWN, rl_expr_position(p->node, at), name,
                     rl_did_you_mean(name, names, FUNCTIONS));
  }
  *out = new_term(p, functions[found].op, at);
  if (*out == NULL) return RL_ENVIRONMENT;
  rl_status status = parse_arguments(p, *out, &count);
  if (status != RL_OK) return status;
  if (count >= functions[found].least && count <= functions[found].most) return RL_OK;
  return syntax(p, at, "a wrong number of arguments", "ceil_div takes two");
}

/* A word: literal, function or name. */
static rl_status parse_word(parser *p, rl_term **out) {
  size_t at = p->at, length = name_span(p->text + at);
  const char *name = rl_strndup(p->arena, p->text + at, length);
  if (name == NULL) return rl_diag_oom(p->diags);
  p->at += length;
  if (strcmp(name, "true") == 0) return new_value(p, at, rl_rational_integer(1), out);
  if (strcmp(name, "false") == 0) return new_value(p, at, rl_rational_integer(0), out);
  if (strcmp(name, "null") == 0) return new_value(p, at, (rl_value){.kind = RL_VALUE_NULL}, out);
  if (accept(p, '(')) return parse_call(p, name, at, out);
  *out = new_term(p, RL_TERM_NAME, at);
  if (*out == NULL) return RL_ENVIRONMENT;
  (*out)->name = name;
  return RL_OK;
}

static rl_status parse_group(parser *p, rl_term **out) {
  p->at++;
  rl_status status = parse_level(p, BINDS_CHOOSE, out);
  if (status != RL_OK) return status;
  return accept(p, ')') ? RL_OK : syntax(p, p->at, "a ')' was expected", NULL);
}

static rl_status parse_unary(parser *p, rl_term_op op, rl_term **out) {
  size_t at = p->at++;
  rl_term *term = new_term(p, op, at);
  if (term == NULL) return RL_ENVIRONMENT;
  rl_status status = parse_level(p, BINDS_UNARY, &term->operands);
  *out = term;
  return status;
}

static rl_status parse_first(parser *p, rl_term **out) {
  skip_blanks(p);
  char c = p->at < p->length ? p->text[p->at] : '\0';
  if (c == '(') return parse_group(p, out);
  if (c == '-') return parse_unary(p, RL_TERM_NEGATE, out);
  if (c == '!') return parse_unary(p, RL_TERM_NOT, out);
  if (c == '\'') return parse_text(p, out);
  if (c >= '0' && c <= '9') return parse_number(p, out);
  if (is_name_start(c)) return parse_word(p, out);
  if (c == '\0') return syntax(p, p->at, "a value was expected at its end", NULL);
  return syntax(p, p->at, "a value was expected", c == '"' ? "texts stand in single quotes" : NULL);
}

/* list[index], any number of times. */
static rl_status parse_elements(parser *p, rl_term **term) {
  for (;;) {
    if (!accept(p, '[')) return RL_OK;
    rl_term *element = new_term(p, RL_TERM_INDEX, p->at - 1);
    if (element == NULL) return RL_ENVIRONMENT;
    element->operands = *term;
    rl_status status = parse_level(p, BINDS_CHOOSE, &(*term)->next);
    if (status != RL_OK) return status;
    if (!accept(p, ']')) return syntax(p, p->at, "a ']' was expected", NULL);
    *term = element;
  }
}

static const operator* peek_operator(parser *p) {
  skip_blanks(p);
  for (size_t i = 0; i < OPERATORS; i++) {
    size_t length = strlen(operators[i].symbol);
    if (strncmp(p->text + p->at, operators[i].symbol, length) == 0) return &operators[i];
  }
  return NULL;
}

/* What stands right of an operator: ?: and ?? lean to the right, the others to the left. */
static rl_status parse_right(parser *p, const operator* o, rl_term *left) {
  if (o->op == RL_TERM_DEFAULT) return parse_level(p, BINDS_DEFAULT, &left->next);
  if (o->op != RL_TERM_CHOOSE) return parse_level(p, o->binds + 1, &left->next);
  rl_status status = parse_level(p, BINDS_CHOOSE, &left->next);
  if (status != RL_OK) return status;
  if (!accept(p, ':')) return syntax(p, p->at, "a ':' was expected", "write condition ? a : b");
  return parse_level(p, BINDS_CHOOSE, &left->next->next);
}

static rl_status parse_operators(parser *p, int least, rl_term **term) {
  const operator* before = NULL;
  for (;;) {
    const operator* o = peek_operator(p);
    if (o == NULL || o->binds < least) return RL_OK;
    if (before != NULL && !o->chains && before->binds == o->binds) {
      return syntax(p, p->at, "comparisons do not chain", "join two of them with &&");
    }
    rl_term *joined = new_term(p, o->op, p->at);
    if (joined == NULL || *term == NULL) return RL_ENVIRONMENT;
    joined->operands = *term;
    p->at += strlen(o->symbol);
    rl_status status = parse_right(p, o, *term);
    if (status != RL_OK) return status;
    *term = joined;
    before = o;
  }
}

/* An expression whose operators bind at least as tightly as `least`. */
static rl_status parse_level(parser *p, int least, rl_term **out) {
  char number[RL_NUMBER_TEXT];
  if (p->depth >= RL_EXPR_DEPTH) {
    skip_blanks(p);
    rl_print_u64(RL_EXPR_DEPTH, number);
    return RL_REPORT(p->diags, EXPR_DEPTH, rl_expr_position(p->node, p->at), number);
  }
  p->depth++;
  rl_status status = parse_first(p, out);
  if (status == RL_OK) status = parse_elements(p, out);
  if (status == RL_OK) status = parse_operators(p, least, out);
  p->depth--;
  return status;
}

/* Something is left behind a complete expression. */
static rl_status check_end(parser *p) {
  skip_blanks(p);
  if (p->at >= p->length) return RL_OK;
  const char *hint = NULL;
  if (p->text[p->at] == '=') hint = "write == to compare";
  if (p->text[p->at] == '&') hint = "write && for and";
  if (p->text[p->at] == '|') hint = "write || for or";
  return syntax(p, p->at, "an operator was expected", hint);
}

rl_status rl_expr_parse(rl_arena *arena, const rl_node *node, const rl_expr **out,
                        rl_diags *diags) {
  char shown[RL_EXCERPT];
  rl_term *root = NULL;
  *out = NULL;
  if (node->kind != RL_SCALAR || rl_node_is_null(node)) {
    const char *words = rl_excerpt_node(node, shown);
    return RL_REPORT(diags, VALUE_KIND, node->loc, "expression", "a text", words, NULL);
  }
  if (node->length > RL_EXPR_BYTES) {
    return RL_REPORT(diags, EXPR_LENGTH, node->loc, rl_print_u64(RL_EXPR_BYTES, shown));
  }
  parser p = {
      .arena = arena, .node = node, .diags = diags, .text = node->text, .length = node->length};
  rl_status status = parse_level(&p, BINDS_CHOOSE, &root);
  if (status == RL_OK) status = check_end(&p);
  if (status != RL_OK) return status;
  rl_expr *expr = RL_NEW(arena, rl_expr);
  if (expr == NULL) return rl_diag_oom(diags);
  *expr = (rl_expr){.node = node, .root = root};
  *out = expr;
  return RL_OK;
}
