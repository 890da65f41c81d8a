/* Expressions: values, exactness, precedence, laziness, located errors, definitions. */
#include "doc/expr.h"

#include <stdio.h>
#include <string.h>

#include "doc_help.h"
#include "unit.h"

/* The tests' configuration. */
static const char config_text[] =
    "{\"hidden_size\": 4096, \"heads\": 32, \"kv\": null, \"theta\": 1e4, \"eps\": 1e-06,\n"
    " \"act\": \"silu\", \"empty\": \"\", \"tie\": false, \"bits\": \"4\",\n"
    " \"layers\": [\"full\", \"sliding\", 7], \"scaling\": {\"factor\": 8.0}}";

typedef struct config_scope {
  rl_scope scope;
  const rl_node *map;
} config_scope;

static int asked; /* how often a name was looked up */

static bool resolve(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                    rl_diags *diags) {
  const config_scope *c = (const config_scope *)scope;
  (void)status;
  (void)diags;
  asked++;
  const rl_node *node = rl_node_get(c->map, name);
  if (node == NULL && strcmp(name, "head_dim") != 0) return false;
  *out = node != NULL ? rl_value_from_node(node) : (rl_value){.kind = RL_VALUE_NULL};
  return true;
}

static const char *const names[] = {"hidden_size", "heads", "kv", "act", "layers", "head_dim"};

typedef struct expr_case {
  doc_case doc, config;
  config_scope scope;
} expr_case;

static void open_case(expr_case *c, const char *yaml) {
  doc_yaml(&c->doc, yaml);
  doc_json(&c->config, config_text);
  CU_ASSERT_FATAL(c->doc.root != NULL && c->config.root != NULL);
  c->scope = (config_scope){.scope = {.resolve = resolve, .names = names, .name_count = 6},
                            .map = c->config.root};
  asked = 0;
}

static void close_case(expr_case *c) {
  doc_close(&c->doc);
  doc_close(&c->config);
}

static rl_status run(expr_case *c, const rl_node *node, rl_value *out) {
  const rl_expr *expr = NULL;
  rl_status status = rl_expr_parse(&c->doc.arena, node, &expr, &c->doc.diags);
  CU_ASSERT_EQUAL(status == RL_OK, expr != NULL);
  return status == RL_OK ? rl_expr_eval(expr, &c->scope.scope, out, &c->doc.diags) : status;
}

/* Evaluates "text", a double-quoted YAML scalar without anything to escape. */
static void check(const char *text, bool negative, uint64_t num, uint64_t den) {
  char yaml[600];
  snprintf(yaml, sizeof yaml, "\"%s\"", text);
  expr_case c;
  rl_value value = {.kind = RL_VALUE_NULL};
  open_case(&c, yaml);
  rl_status status = run(&c, c.doc.root, &value);
  bool good = status == RL_OK && value.kind == RL_VALUE_NUMBER && value.negative == negative &&
              value.num == num && value.den == den;
  if (!good) {
    fprintf(stderr, "\n%s = %s%llu/%llu, status %d\n", text, value.negative ? "-" : "",
            (unsigned long long)value.num, (unsigned long long)value.den, (int)status);
  }
  CU_ASSERT(good);
  close_case(&c);
}

static void test_arithmetic(void) {
  check("1 + 2 * 3", false, 7, 1);
  check("(1 + 2) * 3", false, 9, 1);
  check("7 - 2 - 1", false, 4, 1);
  check("2 - 7", true, 5, 1);
  check("8 / 4 / 2", false, 1, 1);
  check("1 / 3 + 1 / 6", false, 1, 2);
  check("0.1 + 0.2", false, 3, 10);
  check("-3 * -0.5", false, 3, 2);
  check("- -3", false, 3, 1);
  check("0 * -1", false, 0, 1);
  check("10 % 4 * 2", false, 4, 1);
  check("1e3 + 2.50", false, 2005, 2);
  check("ceil_div(7, 2)", false, 4, 1);
  check("ceil_div(8, 2)", false, 4, 1);
  check("ceil_div(0, 5)", false, 0, 1);
  check("ceil_div(1 / 2, 1 / 3)", false, 2, 1); /* 3/2 */
  check("ceil_div(-3, 2)", true, 1, 1);
  check("min(3, 2, 5)", false, 2, 1);
  check("max(1 / 3, 1 / 4)", false, 1, 3);
  check("max(-1, -2)", true, 1, 1);
  check("min(7)", false, 7, 1);
}

/* Nothing is lost on the way to a result that fits. */
static void test_exact(void) {
  check("18446744073709551615", false, UINT64_MAX, 1);
  check("9007199254740993 - 9007199254740992", false, 1, 1);
  check("4294967296 * 4294967295", false, UINT64_C(18446744069414584320), 1); /* 2^64 - 2^32 */
  check("18446744073709551615 / 3 * 2", false, UINT64_C(12297829382473034410), 1);
  check("1 / 18446744073709551615 - 1 / 18446744073709551615", false, 0, 1);
  /* Twice (2^64 - 1)/(2^64 - 2): over the product of the denominators it would pass 2^128. */
  check("18446744073709551615 / 18446744073709551614 + 18446744073709551615 / 18446744073709551614",
        false, UINT64_MAX, UINT64_C(9223372036854775807));
  check("0.0000000000000000001", false, 1, UINT64_C(10000000000000000000)); /* 1e-19 */
}

static void test_logic(void) {
  check("1 < 2", false, 1, 1);
  check("2 <= 2 && 2 >= 2", false, 1, 1);
  check("2 < 2 || 2 > 2", false, 0, 1);
  check("1 / 3 > 0.3333333333", false, 1, 1);
  check("-1 < 0", false, 1, 1);
  check("-2 < -1", false, 1, 1);
  check("!0", false, 1, 1);
  check("!'x'", false, 0, 1);
  check("!!''", false, 0, 1);
  check("true || true && false", false, 1, 1);
  check("true && false || true", false, 1, 1);
  check("(1 == 1) != 0", false, 1, 1);
  check("1 < 2 == 2 < 3", false, 1, 1);
  check("'a' == 'a'", false, 1, 1);
  check("'a' != 'a'", false, 0, 1);
  check("null == null", false, 1, 1);
  check("0 == null", false, 0, 1);
  check("null && 1", false, 0, 1);
}

static void test_choose_default(void) {
  check("1 ? 2 : 3", false, 2, 1);
  check("0 ? 2 : 1 ? 4 : 5", false, 4, 1);
  check("1 ? 0 ? 7 : 8 : 9", false, 8, 1);
  check("1 > 2 ? 10 : 20", false, 20, 1);
  check("null ?? 5", false, 5, 1);
  check("null ?? null ?? 6", false, 6, 1);
  check("0 ?? 5", false, 0, 1);
  check("1 ?? 2 + 3", false, 1, 1);
  check("1 ?? 2 * 3", false, 1, 1);
  check("1 ?? 2 == 2", false, 0, 1);
  check("null ?? 2 + 3", false, 5, 1);  /* looser than + */
  check("null ?? 2 == 2", false, 1, 1); /* tighter than == */
  check("false || null ?? 1", false, 1, 1);
  check("head_dim ?? hidden_size / heads", false, 128, 1);
}

static void test_names(void) {
  check("hidden_size", false, 4096, 1);
  check("theta", false, 10000, 1);
  check("eps", false, 1, 1000000);
  check("kv ?? heads", false, 32, 1);
  check("tie", false, 0, 1);
  check("act == 'silu'", false, 1, 1);
  check("empty == ''", false, 1, 1);
  check("bits == '4'", false, 1, 1);
  check("layers[1] == 'sliding'", false, 1, 1);
  check("index_of(layers, 'sliding')", false, 1, 1);
  check("index_of(layers, 7)", false, 2, 1);
  check("index_of(layers, '7') == null", false, 1, 1);
  check("index_of(layers, 8) ?? 5", false, 5, 1);
  check("layers[1 + 1] * 2", false, 14, 1);
  check("scaling != null", false, 1, 1);
}

/* What is not needed is not looked at: names there may be unknown, divisors zero. */
static void test_lazy(void) {
  check("false && nowhere", false, 0, 1);
  check("true || 1 / 0", false, 1, 1);
  check("true ? 1 : nowhere", false, 1, 1);
  check("false ? nowhere : 2", false, 2, 1);
  check("3 ?? nowhere", false, 3, 1);
}

static void test_evaluates_without_memory(void) {
  expr_case c;
  rl_value value;
  const rl_expr *expr = NULL;
  open_case(&c, "\"kv ?? heads * 2 + layers[2]\"");
  CU_ASSERT_EQUAL(rl_expr_parse(&c.doc.arena, c.doc.root, &expr, &c.doc.diags), RL_OK);
  CU_ASSERT_FATAL(expr != NULL);
  size_t before = c.doc.arena.used;
  CU_ASSERT_EQUAL(rl_expr_eval(expr, &c.scope.scope, &value, &c.doc.diags), RL_OK);
  CU_ASSERT(value.num == 71 && c.doc.arena.used == before);
  CU_ASSERT(rl_expr_mentions(expr, "heads") && rl_expr_mentions(expr, "layers"));
  CU_ASSERT(!rl_expr_mentions(expr, "head") && !rl_expr_mentions(expr, "hidden_size"));
  CU_ASSERT(rl_expr_loc(expr).line == 1 && rl_expr_loc(expr).column == 1);
  close_case(&c);
}

/* The value of key e of a YAML map and the diagnostic it gives. */
#define BAD(code, line, column, message, hint) \
  { RL_D_##code, line, column, message, hint }
#define SYNTAX(line, column, words, hint) \
  BAD(EXPR_SYNTAX, line, column, "in the expression: " words, hint)

static void check_failures(const doc_failure *failures, size_t count) {
  for (size_t i = 0; i < count; i++) {
    expr_case c;
    rl_value value;
    open_case(&c, failures[i].text);
    CU_ASSERT_EQUAL(run(&c, rl_node_get(c.doc.root, "e"), &value), RL_BAD_INPUT);
    CU_ASSERT_EQUAL(c.doc.diags.list.count, 1);
    doc_expect(&c.doc, 0, &failures[i].expected);
    close_case(&c);
  }
}

static void test_syntax_errors(void) {
  static const doc_failure failures[] = {
      {"e: 1 +", SYNTAX(1, 7, "a value was expected at its end", NULL)},
      {"e: ' '", SYNTAX(1, 6, "a value was expected at its end", NULL)},
      {"e: 1 * * 2", SYNTAX(1, 8, "a value was expected", NULL)},
      {"e: 1 2", SYNTAX(1, 6, "an operator was expected", NULL)},
      {"e: a = 2", SYNTAX(1, 6, "an operator was expected", "write == to compare")},
      {"e: 1 & 2", SYNTAX(1, 6, "an operator was expected", "write && for and")},
      {"e: 1 | 2", SYNTAX(1, 6, "an operator was expected", "write || for or")},
      {"e: (1 + 2", SYNTAX(1, 10, "a ')' was expected", NULL)},
      {"e: layers[1", SYNTAX(1, 12, "a ']' was expected", NULL)},
      {"e: min(1; 2)", SYNTAX(1, 9, "a ',' or ')' was expected", NULL)},
      {"e: min()", SYNTAX(1, 8, "a value was expected", NULL)},
      {"e: ceil_div(1)", SYNTAX(1, 4, "a wrong number of arguments", "ceil_div takes two")},
      {"e: ceil_div(1, 2, 3)", SYNTAX(1, 4, "a wrong number of arguments", "ceil_div takes two")},
      {"e: 1 ? 2", SYNTAX(1, 9, "a ':' was expected", "write condition ? a : b")},
      {"e: 1 < 2 < 3", SYNTAX(1, 10, "comparisons do not chain", "join two of them with &&")},
      {"e: 1 == 2 == 3", SYNTAX(1, 11, "comparisons do not chain", "join two of them with &&")},
      {"e: 2heads", SYNTAX(1, 4, "a malformed number", "names do not begin with digits")},
      {"e: 1.", SYNTAX(1, 4, "a malformed number", "names do not begin with digits")},
      {"e: 0x1p3", SYNTAX(1, 4, "a malformed number", "names do not begin with digits")},
      {"e: 1_000", SYNTAX(1, 4, "a malformed number", "names do not begin with digits")},
      {"e: act == \"silu\"", SYNTAX(1, 11, "a value was expected", "texts stand in single quotes")},
      {"e: act == 'silu",
       SYNTAX(1, 11, "a text that is not closed", "texts stand in single quotes")},
      {"e: $HOME", SYNTAX(1, 4, "a value was expected", NULL)},
  };
  check_failures(failures, sizeof failures / sizeof *failures);
}

static void test_columns(void) {
  static const doc_failure failures[] = {
      {"x: 1\ne:   1 / 0", BAD(EXPR_DIVISION, 2, 8, "the divisor of / is zero", NULL)},
      {"e: \"1 / 0\"", BAD(EXPR_DIVISION, 1, 7, "the divisor of / is zero", NULL)},
      {"e: '1 / 0'", BAD(EXPR_DIVISION, 1, 7, "the divisor of / is zero", NULL)},
      /* Each '' of the file is one ' of the text: two columns for one byte. */
      {"e: 'act == ''x'' || 1 / 0'", BAD(EXPR_DIVISION, 1, 23, "the divisor of / is zero", NULL)},
      /* é is one column, two bytes. */
      {"e: act == '\xC3\xA9' || 1 % 0",
       BAD(EXPR_DIVISION, 1, 20, "the divisor of % is zero", NULL)},
      {"\xC3\xA9: 1\ne: {a: 1}\n",
       BAD(VALUE_KIND, 2, 4, "expression: expected a text, got a map", NULL)},
      {"e: |\n  1 / 0\n", BAD(EXPR_DIVISION, 1, 4, "the divisor of / is zero", NULL)},
      {"e:", BAD(VALUE_KIND, 1, 3, "expression: expected a text, got nothing", NULL)},
  };
  check_failures(failures, sizeof failures / sizeof *failures);
}

static void test_value_errors(void) {
  static const doc_failure failures[] = {
      {"e: hiden_size * 2",
       BAD(EXPR_NAME_UNKNOWN, 1, 4, "unknown name 'hiden_size'", "did you mean 'hidden_size'?")},
      {"e: zzzz", BAD(EXPR_NAME_UNKNOWN, 1, 4, "unknown name 'zzzz'", NULL)},
      {"e: 1 + celi_div(1, 2)",
       BAD(EXPR_NAME_UNKNOWN, 1, 8, "unknown name 'celi_div'", "did you mean 'ceil_div'?")},
      {"e: 1 + kv", BAD(EXPR_KIND, 1, 8, "+ needs a number, got nothing from kv",
                        "give a default: name ?? value")},
      {"e: act * 2", BAD(EXPR_KIND, 1, 4, "* needs a number, got a text from act", NULL)},
      {"e: 2 < 'x'", BAD(EXPR_KIND, 1, 8, "< needs a number, got a text", NULL)},
      {"e: -layers", BAD(EXPR_KIND, 1, 5, "- needs a number, got a list from layers", NULL)},
      {"e: 'scaling ? 1 : 2'",
       BAD(EXPR_KIND, 1, 5, "? needs a number or text, got a map from scaling", NULL)},
      {"e: \"!scaling\"",
       BAD(EXPR_KIND, 1, 6, "! needs a number or text, got a map from scaling", NULL)},
      {"e: bits == 4", BAD(EXPR_KIND, 1, 12, "== needs a text, got a number", NULL)},
      {"e: 4 != bits", BAD(EXPR_KIND, 1, 9, "!= needs a number, got a text from bits", NULL)},
      {"e: layers == 4",
       BAD(EXPR_KIND, 1, 4, "== needs numbers or texts, got a list from layers", NULL)},
      {"e: index_of(heads, 1)",
       BAD(EXPR_KIND, 1, 13, "index_of needs a list, got a number from heads", NULL)},
      {"e: heads[0]", BAD(EXPR_KIND, 1, 4, "[] needs a list, got a number from heads", NULL)},
      {"e: scaling[0]", BAD(EXPR_KIND, 1, 4, "[] needs a list, got a map from scaling", NULL)},
      {"e: 7 % 0.5",
       BAD(EXPR_KIND, 1, 8, "% needs whole numbers that are not negative, got a number", NULL)},
      {"e: (2 - 7) % 2",
       BAD(EXPR_KIND, 1, 7, "% needs whole numbers that are not negative, got a number", NULL)},
      {"e: layers[3]",
       BAD(EXPR_INDEX, 1, 11, "no element 3: the list has 3", "the first element is 0")},
      {"e: layers[0 - 1]",
       BAD(EXPR_INDEX, 1, 13, "no element -1: the list has 3", "the first element is 0")},
      {"e: layers[1 / 2]",
       BAD(EXPR_INDEX, 1, 13, "no element 1/2: the list has 3", "the first element is 0")},
      {"e: 18446744073709551615 + 1",
       BAD(EXPR_OVERFLOW, 1, 25, "the value of + does not fit 64 bits", NULL)},
      {"e: 4294967296 * 4294967296",
       BAD(EXPR_OVERFLOW, 1, 15, "the value of * does not fit 64 bits", NULL)},
      {"e: 1 / 18446744073709551615 / 2",
       BAD(EXPR_OVERFLOW, 1, 29, "the value of / does not fit 64 bits", NULL)},
      {"e: 1 / 18446744073709551615 - 1 / 18446744073709551614",
       BAD(EXPR_OVERFLOW, 1, 29, "the value of - does not fit 64 bits", NULL)},
      {"e: 1 + 18446744073709551616",
       BAD(EXPR_OVERFLOW, 1, 8, "the value of the number does not fit 64 bits", NULL)},
      {"e: 1e400", BAD(EXPR_OVERFLOW, 1, 4, "the value of the number does not fit 64 bits", NULL)},
      {"e: ceil_div(3, heads - 32)",
       BAD(EXPR_DIVISION, 1, 4, "the divisor of ceil_div is zero", NULL)},
  };
  check_failures(failures, sizeof failures / sizeof *failures);
}

static void fill(char *out, const char *piece, size_t count) {
  size_t length = strlen(piece);
  for (size_t i = 0; i < count; i++) memcpy(out + i * length, piece, length);
  out[count * length] = '\0';
}

static rl_status run_text(expr_case *c, const char *text) {
  static char yaml[1024];
  rl_value value;
  snprintf(yaml, sizeof yaml, "\"%s\"", text);
  open_case(c, yaml);
  return run(c, c->doc.root, &value);
}

static void test_limits(void) {
  char text[600];
  expr_case c;
  fill(text, "1+", 127);
  memcpy(text + 254, "11", 3); /* 256 bytes */
  CU_ASSERT_EQUAL(run_text(&c, text), RL_OK);
  close_case(&c);
  memcpy(text + 254, "111", 4);
  CU_ASSERT_EQUAL(run_text(&c, text), RL_BAD_INPUT);
  doc_expect(&c.doc, 0,
             &(doc_expected)BAD(EXPR_LENGTH, 1, 1, "an expression of more than 256 bytes",
                                "split it into named parts"));
  close_case(&c);
  fill(text, "(", 31);
  memcpy(text + 31, "7", 2);
  fill(text + 32, ")", 31);
  CU_ASSERT_EQUAL(run_text(&c, text), RL_OK);
  close_case(&c);
  fill(text, "(", 32);
  memcpy(text + 32, "7", 2);
  fill(text + 33, ")", 32);
  CU_ASSERT_EQUAL(run_text(&c, text), RL_BAD_INPUT);
  /* 33 levels: the 33rd begins behind the quote and 32 parentheses. */
  doc_expect(&c.doc, 0,
             &(doc_expected)BAD(EXPR_DEPTH, 1, 34, "an expression nested deeper than 32 levels",
                                "split it into named parts"));
  close_case(&c);
  static const char *const nests[] = {"-", "!", "1+(", "layers[", "min(", "1?1:", "1?"};
  for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
    fill(text, nests[i], 250 / strlen(nests[i]));
    CU_ASSERT_EQUAL(run_text(&c, text), RL_BAD_INPUT);
    CU_ASSERT_EQUAL(c.doc.diags.list.items[0].code, RL_D_EXPR_DEPTH);
    close_case(&c);
  }
}

static void test_u64(void) {
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"7 / 2", "rows: 7/2 is not a whole number that fits 64 bits"},
      {"2 - 7", "rows: -5 is not a whole number that fits 64 bits"},
      {"act", "rows: a text is not a whole number that fits 64 bits"},
      {"null", "rows: nothing is not a whole number that fits 64 bits"},
  };
  uint64_t value = 0;
  const rl_expr *expr = NULL;
  expr_case c;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char yaml[64];
    snprintf(yaml, sizeof yaml, "\n  \"%s\"", cases[i].text);
    open_case(&c, yaml);
    rl_expr_parse(&c.doc.arena, c.doc.root, &expr, &c.doc.diags);
    CU_ASSERT_EQUAL(rl_expr_u64(expr, &c.scope.scope, "rows", &value, &c.doc.diags), RL_BAD_INPUT);
    doc_expect(&c.doc, 0, &(doc_expected){RL_D_EXPR_WHOLE, 2, 3, cases[i].message, NULL});
    close_case(&c);
  }
  open_case(&c, "hidden_size * 3 / 2");
  rl_expr_parse(&c.doc.arena, c.doc.root, &expr, &c.doc.diags);
  CU_ASSERT_EQUAL(rl_expr_u64(expr, &c.scope.scope, "rows", &value, &c.doc.diags), RL_OK);
  CU_ASSERT_EQUAL(value, 6144);
  close_case(&c);
}

static void test_value_double(void) {
  static const struct {
    uint64_t num, den;
    double expected;
  } cases[] = {
      {1, 3, 1.0 / 3},
      {UINT64_MAX, 1, 18446744073709551616.0},
      {UINT64_C(9007199254740993), 1, 9007199254740992.0}, /* tie to even */
      {UINT64_C(9007199254740995), 1, 9007199254740996.0},
      {1, UINT64_MAX, 0x1p-64},
      /* (2^53 + 1) / 3 = 3002399751580331 exactly. */
      {UINT64_C(9007199254740993), 3, 3002399751580331.0},
      /* 1 + 1/(2^53 - 1) is above the midpoint 1 + 2^-53 by 2^-106 only. */
      {UINT64_C(1) << 53, (UINT64_C(1) << 53) - 1, 1 + 0x1p-52},
      {0, 1, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_value value = {.kind = RL_VALUE_NUMBER, .num = cases[i].num, .den = cases[i].den};
    CU_ASSERT(rl_value_double(&value) == cases[i].expected);
    value.negative = true;
    CU_ASSERT(rl_value_double(&value) == -cases[i].expected);
  }
}

static rl_status define(expr_case *c, const char *yaml, rl_definitions **out) {
  open_case(c, yaml);
  return rl_definitions_new(&c->doc.arena, c->doc.root, &c->scope.scope, out, &c->doc.diags);
}

/* Resolves a name among the definitions. */
static rl_status ask(expr_case *c, const rl_definitions *d, const char *name, uint64_t *out) {
  const rl_scope *scope = rl_definitions_scope(d);
  rl_status status = RL_OK;
  rl_value value = {.kind = RL_VALUE_NULL};
  CU_ASSERT(scope->resolve(scope, name, &value, &status, &c->doc.diags));
  *out = value.num;
  return status;
}

static void test_definitions(void) {
  expr_case c;
  rl_definitions *d = NULL;
  uint64_t value = 0;
  CU_ASSERT_EQUAL(define(&c, "q: H * d_h\nd: hidden_size\nd_h: head_dim ?? d / H\nH: heads\n", &d),
                  RL_OK);
  CU_ASSERT_FATAL(d != NULL);
  CU_ASSERT(ask(&c, d, "q", &value) == RL_OK && value == 4096);
  CU_ASSERT_EQUAL(asked, 3); /* heads, head_dim, hidden_size: each once */
  CU_ASSERT(ask(&c, d, "d_h", &value) == RL_OK && value == 128);
  CU_ASSERT(ask(&c, d, "theta", &value) == RL_OK && value == 10000); /* from outside */
  CU_ASSERT_EQUAL(asked, 4);
  const rl_scope *scope = rl_definitions_scope(d);
  CU_ASSERT(scope->name_count == 10 && strcmp(scope->names[0], "q") == 0 &&
            strcmp(scope->names[4], "hidden_size") == 0);
  close_case(&c);
}

static void test_cycles(void) {
  expr_case c;
  rl_definitions *d = NULL;
  uint64_t value = 0;
  CU_ASSERT_EQUAL(define(&c, "x: a + 1\na: b\nb: 2 * c\nc: a ?? 1\nself: self + 1\n", &d), RL_OK);
  CU_ASSERT_EQUAL(ask(&c, d, "x", &value), RL_BAD_INPUT);
  doc_expect(&c.doc, 0,
             &(doc_expected)BAD(EXPR_CYCLE, 2, 4,
                                "definitions go round in a circle: a -> b -> c -> a", NULL));
  CU_ASSERT_EQUAL(ask(&c, d, "b", &value), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.doc.diags.list.count, 1); /* said once */
  CU_ASSERT_EQUAL(ask(&c, d, "self", &value), RL_BAD_INPUT);
  doc_expect(
      &c.doc, 1,
      &(doc_expected)BAD(EXPR_CYCLE, 5, 7, "definitions go round in a circle: self -> self", NULL));
  close_case(&c);
}

static void test_definition_errors(void) {
  expr_case c;
  rl_definitions *d = NULL;
  CU_ASSERT_EQUAL(define(&c, "a: 1 +\nd-h: 2\n2x: 3\ntrue: 4\nb: [1]\n", &d), RL_BAD_INPUT);
  CU_ASSERT(d == NULL && c.doc.diags.list.count == 5);
  static const doc_expected expected[] = {
      SYNTAX(1, 7, "a value was expected at its end", NULL),
      BAD(EXPR_IDENTIFIER, 2, 1, "'d-h' cannot be named in an expression",
          "letters, digits and _, not beginning with a digit"),
      BAD(EXPR_IDENTIFIER, 3, 1, "'2x' cannot be named in an expression",
          "letters, digits and _, not beginning with a digit"),
      BAD(EXPR_IDENTIFIER, 4, 1, "'true' cannot be named in an expression",
          "letters, digits and _, not beginning with a digit"),
      BAD(VALUE_KIND, 5, 4, "expression: expected a text, got a list", NULL)};
  for (size_t i = 0; i < 5; i++) doc_expect(&c.doc, i, &expected[i]);
  close_case(&c);
  CU_ASSERT_EQUAL(define(&c, "[1]", &d), RL_BAD_INPUT);
  doc_expect(&c.doc, 0,
             &(doc_expected)BAD(VALUE_KIND, 1, 1, "definitions: expected a map, got a list", NULL));
  close_case(&c);
}

/* n definitions, each the next one; the last is 1. */
static void chain(char *out, size_t size, int n) {
  size_t length = 0;
  for (int i = 0; i < n; i++) {
    bool last = i + 1 == n;
    int wrote = snprintf(out + length, size - length, last ? "x%d: 1\n" : "x%d: x%d\n", i, i + 1);
    length += (size_t)wrote;
  }
}

/* Many definitions asked for one after another are no chain. */
static void test_many_definitions(void) {
  char yaml[2048], name[8];
  size_t length = 0;
  expr_case c;
  rl_definitions *d = NULL;
  uint64_t value = 0;
  for (int i = 0; i < 150; i++) {
    length += (size_t)snprintf(yaml + length, sizeof yaml - length, "x%d: %d\n", i, i);
  }
  CU_ASSERT_EQUAL(define(&c, yaml, &d), RL_OK);
  for (unsigned i = 0; i < 150; i++) {
    snprintf(name, sizeof name, "x%u", i);
    CU_ASSERT(ask(&c, d, name, &value) == RL_OK && value == i);
  }
  close_case(&c);
}

static void test_chain_limits(void) {
  static char yaml[32768];
  expr_case c;
  rl_definitions *d = NULL;
  uint64_t value = 0;
  chain(yaml, sizeof yaml, 64);
  CU_ASSERT_EQUAL(define(&c, yaml, &d), RL_OK);
  CU_ASSERT(ask(&c, d, "x0", &value) == RL_OK && value == 1);
  close_case(&c);
  chain(yaml, sizeof yaml, 65);
  CU_ASSERT_EQUAL(define(&c, yaml, &d), RL_OK);
  CU_ASSERT_EQUAL(ask(&c, d, "x0", &value), RL_BAD_INPUT);
  doc_expect(
      &c.doc, 0,
      &(doc_expected)BAD(EXPR_CHAIN, 65, 6,
                         "definitions refer to each other through more than 64 steps", NULL));
  close_case(&c);
  chain(yaml, sizeof yaml, 1000);
  CU_ASSERT_EQUAL(define(&c, yaml, &d), RL_OK);
  close_case(&c);
  chain(yaml, sizeof yaml, 1001);
  CU_ASSERT_EQUAL(define(&c, yaml, &d), RL_BAD_INPUT);
  doc_expect(&c.doc, 0, &(doc_expected)BAD(EXPR_COUNT, 1, 1, "more than 1000 definitions", NULL));
  close_case(&c);
}

RL_SUITE("expressions", {"arithmetic", test_arithmetic}, {"exact", test_exact},
         {"logic", test_logic}, {"choose and default", test_choose_default}, {"names", test_names},
         {"lazy", test_lazy}, {"evaluates without memory", test_evaluates_without_memory},
         {"syntax errors", test_syntax_errors}, {"columns", test_columns},
         {"value errors", test_value_errors}, {"limits", test_limits}, {"u64", test_u64},
         {"value to double", test_value_double}, {"definitions", test_definitions},
         {"cycles", test_cycles}, {"definition errors", test_definition_errors},
         {"many definitions", test_many_definitions}, {"chain limits", test_chain_limits})
