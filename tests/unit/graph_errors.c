/* Every diagnostic of the room, with the place it points at. Statements stand in a small family
 * whose lines are counted from its head: the prologue begins in line 5, the body in line 9. */
#include <stdio.h>
#include <string.h>

#include "diag_line.h"
#include "graph/statement.h"
#include "graph_help.h"
#include "unit.h"

#define HEAD                                                                     \
  "kind: family\nmatch: {model_type: t}\ndims: {d: 8, L: layers ?? 2}\ngraph:\n" \
  "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
#define LOOP "  - repeat: L\n    body:\n"
#define PASS "      - add: {in: [x, x], out: x}\n"
/* Lines 5, 6, 7: embed, repeat, body. The statement under test is line 8. */
#define BODY(statement) HEAD LOOP "      - " statement "\n"
/* The statement under test is line 6. */
#define BEFORE(statement) HEAD "  - " statement "\n" LOOP PASS
/* Keys and values that a cache needs, in lines 8 and 9; what follows begins in line 10. */
#define QKV                                                             \
  HEAD LOOP                                                             \
      "      - linear: {name: k, in: x, out: k, rows: 8, weights: a}\n" \
      "      - kv_append: {in: [k, k], heads: 2, head_dim: 4}\n"

typedef struct mistake {
  const char *yaml, *config;
  rl_diag_code code;
  uint32_t line, column;
  const char *message; /* part of it */
} mistake;

static const mistake MISTAKES[] = {
    {BODY("liner: {in: x, out: y}"), NULL, RL_D_UNKNOWN_OPERATOR, 8, 9, "'liner'"},
    {BODY("softmax: {in: x}"), NULL, RL_D_UNKNOWN_OPERATOR, 8, 9, "'softmax'"},
    {BODY("refuse: {when: 1, because: b}"), NULL, RL_D_UNKNOWN_OPERATOR, 8, 9, "'refuse'"},
    {BODY("add: {in: [x, x], out: x, rows: 4}"), NULL, RL_D_UNKNOWN_ATTRIBUTE, 8, 35, "'rows'"},
    {BEFORE("refuse: {when: 0, because: b, unless: 1}"), NULL, RL_D_UNKNOWN_ATTRIBUTE, 6, 35,
     "'unless'"},
    {BODY("add: {in: [x, x]}"), NULL, RL_D_MISSING_ATTRIBUTE, 8, 9, "'out'"},
    {BODY("linear: {name: n, in: x, out: y, rows: d, weights: w, has_bias: 0}"), NULL,
     RL_D_MISSING_ATTRIBUTE, 8, 9, "'bias'"},
    {BODY("linear: {name: n, in: x, out: y, rows: d, weights: w, tied: 1}"), NULL,
     RL_D_MISSING_ATTRIBUTE, 8, 9, "'tied_to'"},
    {HEAD LOOP "      - activation: {in: x, out: y, kind: relu, when: l == 0}\n"
               "      - add: {in: [x, y], out: x, when: l == 1}\n",
     NULL, RL_D_UNKNOWN_TENSOR, 9, 19, "'y'"},
    {BEFORE("refuse: {when: 0}"), NULL, RL_D_MISSING_ATTRIBUTE, 6, 5, "'because'"},
    {BODY("add: {in: x, out: x}"), NULL, RL_D_ATTRIBUTE_FORM, 8, 19, "a list of two"},
    {BODY("add: {in: [x, x, x], out: x}"), NULL, RL_D_ATTRIBUTE_FORM, 8, 19, "a list of two"},
    {BODY("softcap: {in: [x, x], out: x, cap: 1}"), NULL, RL_D_ATTRIBUTE_FORM, 8, 23,
     "a tensor name"},
    {BODY("softcap: {in: x, out: [x], cap: 1}"), NULL, RL_D_ATTRIBUTE_FORM, 8, 31, "a name"},
    {BODY("softcap: {in: x, out: x, cap: [1]}"), NULL, RL_D_ATTRIBUTE_FORM, 8, 39, "an expression"},
    {BODY("softcap: {in: x, out: x, cap: d +}"), NULL, RL_D_EXPR_SYNTAX, 8, 42, ""},
    {BODY("norm: {in: x, out: x, kind: [rms], eps: 0, weights: w}"), NULL, RL_D_ATTRIBUTE_FORM, 8,
     37, "a word"},
    {BODY("norm: {in: x, out: x, kind: rms, eps: 0, weights: 'w.{k}'}"), NULL, RL_D_ATTRIBUTE_FORM,
     8, 59, "{l}"},
    {BODY("norm: {in: x, out: x, kind: rms, eps: 0, weights: [w]}"), NULL, RL_D_ATTRIBUTE_FORM, 8,
     59, "a weight name"},
    {BEFORE("refuse: {when: 0, because: [b]}"), NULL, RL_D_ATTRIBUTE_FORM, 6, 32, "a text"},
    {BODY("norm: {in: x, out: x, kind: rmsnorm, eps: 0, weights: w}"), NULL, RL_D_UNKNOWN_CHOICE, 8,
     37, "'rmsnorm'"},
    {BODY("activation: {in: x, out: x, kind: d}"), NULL, RL_D_ATTRIBUTE_RANGE, 8, 43, "'kind'"},
    {BODY("softcap: {in: x, out: x, cap: 0}"), NULL, RL_D_ATTRIBUTE_RANGE, 8, 39, "above 0"},
    {BODY("softcap: {in: x, out: x, cap: 1 - 2}"), NULL, RL_D_ATTRIBUTE_RANGE, 8, 39, "above 0"},
    {BODY("norm: {in: x, out: x, kind: rms, eps: 0 - 1, weights: w}"), NULL, RL_D_ATTRIBUTE_RANGE,
     8, 47, "from 0"},
    {BODY("norm: {in: x, out: x, kind: rms, eps: missing, weights: w}"), NULL, RL_D_ATTRIBUTE_RANGE,
     8, 47, "'eps'"},
    {BODY("linear: {name: n, in: x, out: y, rows: 1 / 2, weights: w}"), NULL, RL_D_ATTRIBUTE_RANGE,
     8, 48, "a whole number from 1"},
    {BODY("linear: {name: n, in: x, out: y, rows: missing, weights: w}"), NULL,
     RL_D_ATTRIBUTE_RANGE, 8, 48, "a whole number from 1"},
    {BODY("linear: {name: n, in: x, out: y, rows: d, row_offset: 0 - 1, weights: w}"), NULL,
     RL_D_ATTRIBUTE_RANGE, 8, 63, "a whole number from 0"},
    {BEFORE("scale: {in: x, out: x}"), NULL, RL_D_MISSING_ATTRIBUTE, 6, 5, "'factor'"},
    {BEFORE("clamp: {in: x, out: x, limit: 0}"), NULL, RL_D_ATTRIBUTE_RANGE, 6, 35, "above 0"},
    {BEFORE("scale: {in: x, out: x, root: l + 1}"), NULL, RL_D_NO_LAYER_HERE, 6, 34, "'l'"},
    {BEFORE("norm: {in: x, out: x, kind: rms, eps: 0, weights: 'w.{l}'}"), NULL, RL_D_NO_LAYER_HERE,
     6, 55, "'{l}'"},
    {HEAD, NULL, RL_D_FAMILY_SHAPE, 0, 0, "no `repeat`"},
    {BODY("add: {in: [x, y], out: x}"), NULL, RL_D_UNKNOWN_TENSOR, 8, 19, "'y'"},
    {HEAD LOOP "      - activation: {in: x, out: y, kind: relu}\n"
               "  - activation: {in: y, out: x, kind: relu}\n",
     NULL, RL_D_UNKNOWN_TENSOR, 9, 22, "'y'"},
    {HEAD LOOP "      - activation: {in: x, out: y, kind: relu, when: l > 0}\n"
               "      - add: {in: [x, y], out: x}\n",
     NULL, RL_D_UNKNOWN_TENSOR, 9, 19, "'y'"},
    {BODY("linear: {name: n, in: x, out: x, rows: d, weights: w}"), NULL, RL_D_NOT_IN_PLACE, 8, 39,
     "'x'"},
    {HEAD LOOP "      - linear: {name: n, in: x, out: y, rows: 4, weights: w}\n"
               "      - activation: {in: y, out: x, kind: relu}\n",
     NULL, RL_D_TENSOR_RESHAPED, 9, 34, "8 values a token and is written with 4"},
    {HEAD LOOP PASS "  - linear: {name: n, in: x, out: y, rows: d, weights: w, tokens: last}\n"
                    "  - add: {in: [x, y], out: z}\n",
     NULL, RL_D_TENSOR_EXTENT, 10, 5, "'y'"},
    {HEAD LOOP "      - linear: {name: n, in: x, out: y, rows: d, weights: w, tokens: last}\n"
               "      - activation: {in: y, out: x, kind: relu}\n",
     NULL, RL_D_TENSOR_EXTENT, 9, 34, "'x'"},
    {HEAD LOOP "      - linear: {name: n, in: x, out: y, rows: 4, weights: w}\n"
               "      - add: {in: [x, y], out: x}\n",
     NULL, RL_D_TENSOR_WIDTH, 9, 9, "'y' has 4 values a token, 'add' needs 8"},
    {BODY("norm: {in: x, out: x, kind: rms, eps: 0, width: 3, weights: w}"), NULL,
     RL_D_TENSOR_WIDTH, 8, 9, "'norm' needs 3"},
    {BODY("kv_append: {in: [x, x], heads: 3, head_dim: 4}"), NULL, RL_D_TENSOR_WIDTH, 8, 9,
     "needs 12"},
    {BODY("kv_append: {in: [x, x], heads: 4294967296, head_dim: 4294967296}"), NULL,
     RL_D_SIZE_OVERFLOW, 8, 9, "'kv_append'"},
    {BODY("linear: {name: n, in: x, out: y, rows: 9223372036854775807, weights: w}"), NULL,
     RL_D_SIZE_OVERFLOW, 8, 9, "'n.weight'"},
    {HEAD LOOP PASS, "{layers: 0}", RL_D_LAYER_COUNT, 6, 5, "0 layers"},
    {HEAD LOOP PASS, "{layers: 4097}", RL_D_LAYER_COUNT, 6, 5, "4,097 layers"},
    {HEAD LOOP PASS, "{layers: 18446744073709551615}", RL_D_LAYER_COUNT, 6, 5, "layers"},
    {BEFORE("embed: {out: p, rows: 2, cols: d, index: positions, offset: 2, weights: w}"), NULL,
     RL_D_POSITIONS_EMPTY, 6, 5, "'embed'"},
    {BEFORE("linear: {name: n, in: x, out: y, rows: 10, weights: w, tied_to: embd}"), NULL,
     RL_D_TIED_UNKNOWN, 6, 69, "'embd'"},
    {BEFORE("linear: {name: n, in: x, out: y, rows: 9, weights: w, tied_to: embed}"), NULL,
     RL_D_TIED_SHAPE, 6, 68, "'embed'"},
    {BEFORE("sample: {in: x, out: y}"), NULL, RL_D_NO_LOGITS, 6, 5, "'x'"},
    {BODY("rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, dims: 6, base: 1}"), NULL,
     RL_D_ROPE_DIMS, 8, 9, ""},
    {BODY("rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, dims: 3, base: 1}"), NULL,
     RL_D_ROPE_DIMS, 8, 9, ""},
    {BODY("conv: {in: x, out: y, taps: 1, state: s, weights: w}"), NULL, RL_D_ATTRIBUTE_RANGE, 8,
     37, "a whole number from 2"},
    {HEAD LOOP "      - conv: {in: x, out: y, taps: 4, state: s, weights: w}\n"
               "      - conv: {in: x, out: y, taps: 3, state: s, weights: w}\n",
     NULL, RL_D_STATE_SHAPE, 9, 47,
     "has 24 values a sequence for one statement and 16 for another"},
    {QKV "      - kv_append: {in: [k, k], heads: 2, head_dim: 4}\n", NULL, RL_D_CACHE_UNREAD, 10, 9,
     ""},
    {BODY("attention: {in: x, out: a, heads: 2, kv_heads: 2, head_dim: 4}"), NULL, RL_D_NO_CACHE, 8,
     9, ""},
    {QKV "      - attention: {in: x, out: a, heads: 8, kv_heads: 8, head_dim: 1}\n", NULL,
     RL_D_CACHE_SHAPE, 10, 9, ""},
    {QKV "      - attention: {in: x, out: a, heads: 3, kv_heads: 2, head_dim: 4}\n", NULL,
     RL_D_HEADS_PER_KV, 10, 9, " heads are no multiple of "},
    {QKV "      - attention: {in: x, out: a, heads: 4, kv_heads: 2, head_dim: 4}\n", NULL,
     RL_D_TENSOR_WIDTH, 10, 9, "'attention' needs 16"},
};

static bool is_mistake(const graph_case *c, const mistake *m, size_t index) {
  if (index >= c->diags.list.count) return false;
  const rl_diag *got = &c->diags.list.items[index];
  return got->code == m->code && got->loc.line == m->line && got->loc.column == m->column &&
         strcmp(got->loc.file, "family.yaml") == 0 && strstr(got->message, m->message) != NULL;
}

static void test_mistakes(void) {
  for (size_t i = 0; i < sizeof MISTAKES / sizeof *MISTAKES; i++) {
    const mistake *m = &MISTAKES[i];
    graph_case c;
    graph_open(&c, NULL);
    if (m->config != NULL) CU_ASSERT(graph_config(&c, m->config));
    CU_ASSERT_FATAL(graph_family(&c, m->yaml));
    CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
    CU_ASSERT_PTR_NULL(c.program);
    bool right = is_mistake(&c, m, 0) && c.diags.list.count == 1;
    if (!right) fprintf(stderr, "\n%s\nexpected %u:%u", m->yaml, m->line, m->column);
    if (!right) graph_print(&c);
    CU_ASSERT(right);
    graph_close(&c);
  }
}

/* What only this config makes wrong: told there at the value, then where the family asks. Of a dim
 * with several keys the first that is there. */
static const struct {
  const char *yaml, *config;
  rl_diag_code code;
  uint32_t column, line, family_column;
  const char *message;
} BLAMED[] = {
    {BODY("activation: {in: x, out: x, kind: act}"), "{act: mish}", RL_D_UNKNOWN_ACTIVATION, 7, 8,
     43, "'mish'"},
    {BEFORE("refuse: {when: layers > 1, because: too deep}"), "{layers: 2}", RL_D_FAMILY_REFUSES,
     10, 6, 5, "too deep"},
    {BODY("rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, dims: odd ?? layers, base: 1}"),
     "{layers: 2, odd: 3}", RL_D_ROPE_DIMS, 18, 8, 9, ""},
    {BODY("rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, dims: odd ?? layers, base: 1}"),
     "{layers: 3}", RL_D_ROPE_DIMS, 10, 8, 9, ""},
};

static void test_blamed(void) {
  for (size_t i = 0; i < sizeof BLAMED / sizeof *BLAMED; i++) {
    graph_case c;
    graph_open(&c, NULL);
    CU_ASSERT(graph_config(&c, BLAMED[i].config));
    CU_ASSERT_FATAL(graph_family(&c, BLAMED[i].yaml));
    CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
    const bool blamed = BLAMED[i].column != 0;
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, blamed ? 2 : 1);
    const rl_diag *error = &c.diags.list.items[0], *last = &c.diags.list.items[blamed];
    CU_ASSERT_EQUAL(error->code, BLAMED[i].code);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, BLAMED[i].message));
    if (blamed) {
      CU_ASSERT(strcmp(error->loc.file, "config.yaml") == 0 && error->loc.line == 1);
      CU_ASSERT_EQUAL(error->loc.column, BLAMED[i].column);
      CU_ASSERT_EQUAL(last->code, RL_D_LOWERED_HERE);
    }
    CU_ASSERT(strcmp(last->loc.file, "family.yaml") == 0 && last->loc.line == BLAMED[i].line);
    CU_ASSERT_EQUAL(last->loc.column, BLAMED[i].family_column);
    graph_close(&c);
  }
}

/* Hints name what was meant. */
static void check_hint(const char *yaml, const char *hint) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, yaml));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_PTR_NOT_NULL_FATAL(c.diags.list.items[0].hint);
  graph_same(c.diags.list.items[0].hint, hint);
  graph_close(&c);
}

static void test_hints(void) {
  check_hint(BODY("liner: {in: x, out: y}"), "did you mean 'linear'?");
  check_hint(BEFORE("refus: {when: 0, because: b}"), "did you mean 'refuse'?");
  check_hint(BODY("linear: {name: n, in: x, out: y, rows: d, wieghts: w, weights: w}"),
             "did you mean 'weights'?");
  check_hint(BODY("rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, base: 1, style: half}"),
             "choices are halves, pairs");
  check_hint(HEAD LOOP
             "      - activation: {in: x, out: gate, kind: relu}\n"
             "      - mul: {in: [x, gat], out: x}\n",
             "did you mean 'gate'?");
}

/* All mistakes of a family are reported, not only the first. */
static void test_all_reported(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, HEAD LOOP "      - add: {in: [x, x]}\n"
                                             "      - mul: {in: x, out: x}\n"
                                             "      - soft: {in: x}\n"));
  CU_ASSERT_EQUAL(rl_family_check(c.model.family, &c.arena, &c.diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.diags.list.count, 3);
  graph_close(&c);
}

/* --- diagnostics about the config and the scenario --- */

#define ROPE                                                                               \
  BODY(                                                                                    \
      "rope: {in: [x, x], heads: 2, kv_heads: 2, head_dim: 4, base: 1, scaling: scaling, " \
      "context: context, original: original}")

static void check_scaling(const char *config, rl_diag_code code, uint32_t column,
                          const char *message) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT(graph_config(&c, config));
  CU_ASSERT_FATAL(graph_family(&c, ROPE));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  graph_blamed(&c);
  const rl_diag *got = &c.diags.list.items[0];
  bool right = got->code == code && got->loc.column == column && strstr(got->message, message);
  if (!right) graph_print(&c);
  CU_ASSERT(right);
  graph_close(&c);
}

static void test_rope_scaling(void) {
  check_scaling("{scaling: {rope_type: ntk, factor: 4}}", RL_D_ROPE_SCALING_TYPE, 23, "'ntk'");
  check_scaling("{scaling: {rope_type: yarn, factor: 4}}", RL_D_ROPE_SCALING_KEY, 11, "'original");
  check_scaling("{scaling: {type: yarn, original_max_position_embeddings: 8}}",
                RL_D_ROPE_SCALING_KEY, 11, "'factor'");
  check_scaling(
      "{scaling: {type: yarn, factor: 4, original_max_position_embeddings: 8, beta_fast: 0.5}}",
      RL_D_ROPE_YARN, 11, "");
  check_scaling("{scaling: {factor: 4}}", RL_D_ROPE_SCALING_KEY, 11, "'rope_type'");
  check_scaling("{scaling: {type: linear}}", RL_D_ROPE_SCALING_KEY, 11, "'factor'");
  check_scaling("{scaling: {type: llama3, factor: 8}}", RL_D_ROPE_SCALING_KEY, 11, "'original");
  check_scaling(
      "{scaling: {type: llama3, factor: 8, original_max_position_embeddings: 8, "
      "low_freq_factor: 1}}",
      RL_D_ROPE_SCALING_KEY, 11, "'high_freq_factor'");
  check_scaling(
      "{scaling: {type: llama3, factor: 8, original_max_position_embeddings: 8, "
      "low_freq_factor: 2, high_freq_factor: 1}}",
      RL_D_ROPE_FREQUENCIES, 11, "");
  check_scaling("{scaling: {type: divisors}}", RL_D_ROPE_SCALING_KEY, 11, "'divisors'");
  check_scaling("{scaling: {type: divisors, divisors: [1, 2, 3]}}", RL_D_ROPE_DIVISORS, 38,
                "divisors must list 2 numbers");
  check_scaling("{scaling: {type: longrope}, context: 8}", RL_D_ROPE_SCALING_KEY, 11,
                "'original_max_position_embeddings'");
  check_scaling("{scaling: {type: longrope}, context: 8, original: 4}", RL_D_ROPE_SCALING_KEY, 11,
                "'long_factor'");
  check_scaling("{scaling: {type: su, short_factor: 1}, context: 4, original: 4}",
                RL_D_ROPE_DIVISORS, 36, "short_factor must list 2 numbers");
  check_scaling("{scaling: {type: su, long_factor: [1, 2, 3]}, context: 8, original: 4}",
                RL_D_ROPE_DIVISORS, 35, "long_factor must list 2 numbers");
  check_scaling("{scaling: {type: su, long_factor: [1, 0]}, context: 8, original: 4}",
                RL_D_VALUE_RANGE, 39, "long_factor");
  check_scaling("{scaling: linear}", RL_D_ATTRIBUTE_RANGE, 11, "'scaling'");
}

static void test_tied_formats(void) {
  graph_case c;
  rl_format_rule rule = {.pattern = "embed"};
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(
      &c, BEFORE("linear: {name: n, in: x, out: y, rows: 10, weights: w, tied_to: embed}")));
  rule.format = graph_format(&c, "fp32");
  c.scenario.rules = &rule;
  c.scenario.rule_count = 1;
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
  CU_ASSERT(c.diags.list.items[0].code == RL_D_TIED_FORMAT && c.diags.list.items[0].loc.line == 6);
  graph_close(&c);
}

static void test_unsupported(void) {
  graph_case c;
  rl_method method = {.name = "eagle9", .file = "eagle9.yaml"};
  const rl_method *methods[] = {&method};
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, HEAD LOOP PASS));
  c.scenario.parallel =
      (rl_parallel){.tensor = 1, .expert = 2, .data = 1, .loc = {"scenario.yaml", 3, 11}};
  c.scenario.methods = methods;
  c.scenario.method_count = 1;
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 2);
  const rl_diag *got = c.diags.list.items;
  CU_ASSERT(got[0].code == RL_D_NO_PARALLELISM && strstr(got[0].message, "expert") != NULL);
  CU_ASSERT(got[0].loc.line == 3 && got[0].loc.column == 11);
  diag_is(&c.diags, 0, "scenario.yaml:3:11: error: expert parallelism (2) is not supported yet");
  diag_is(
      &c.diags, 1,
      "eagle9.yaml: error: method 'eagle9' is not supported yet: its primitives have no lowering");
  CU_ASSERT(got[1].code == RL_D_NO_METHODS && strcmp(got[1].loc.file, "eagle9.yaml") == 0);
  graph_close(&c);
}

/* More stages than layers. */
static void test_stages(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, HEAD LOOP PASS));
  c.scenario.parallel = (rl_parallel){.tensor = 1, .pipeline = 4, .loc = {"scenario.yaml", 3, 11}};
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
  diag_is(&c.diags, 0,
          "scenario.yaml:3:11: error: tiny has 2 layers, too few for 4 stages — each needs one");
  graph_close(&c);
}

/* A family of more than 1024 statements, and layers that all differ in many statements: both are
 * refused before they cost much. */
static void test_too_large(void) {
  graph_case c;
  rl_buf text;
  graph_open(&c, NULL);
  rl_buf_init(&text, &c.arena, (size_t)1 << 20);
  rl_buf_add(&text, HEAD LOOP);
  for (int i = 0; i < 1100; i++) rl_buf_add(&text, PASS);
  CU_ASSERT_FATAL(graph_family(&c, text.text));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_FAMILY_SHAPE);
  graph_close(&c);

  static const char *const lines[] = {
      "      - softcap: {in: x, out: x, cap: l + 1}\n", /* 100 of them differ in 2000 layers */
      "      - scale: {in: x, out: x, root: l + 1, when: l > 1}\n"};
  for (int which = 0; which < 2; which++) {
    graph_open(&c, NULL);
    rl_buf_init(&text, &c.arena, (size_t)1 << 20);
    rl_buf_add(&text, HEAD LOOP);
    for (int i = 0; i < 100; i++) rl_buf_add(&text, i == 0 || which == 0 ? lines[which] : PASS);
    CU_ASSERT(graph_config(&c, "{layers: 2000}"));
    CU_ASSERT_FATAL(graph_family(&c, text.text));
    CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
    CU_ASSERT(c.diags.list.items[0].code == RL_D_TOO_MANY_OPS);
    CU_ASSERT(c.diags.list.items[0].loc.line > 0);
    graph_close(&c);
  }
}

/* The words that op_kinds.def lists are those that statement.c knows. */
static void test_fields_known(void) {
  graph_case c;
  graph_open(&c, NULL);
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    const char *fields = RL_OP_INFO[kind].fields;
    CU_ASSERT(RL_OP_INFO[kind].name[0] != '\0' && RL_OP_INFO[kind].doc[0] != '\0');
    CU_ASSERT(RL_OP_INFO[kind].source[0] != '\0');
    while (*(fields += strspn(fields, " []")) != '\0') {
      size_t length = strcspn(fields, " []");
      const char *key = rl_strndup(&c.arena, fields, length);
      const rl_attribute_rule *rule = rl_attribute_rule_find((rl_op_kind)kind, key);
      CU_ASSERT_PTR_NOT_NULL_FATAL(rule);
      CU_ASSERT_STRING_EQUAL(rule->key, key);
      fields += length;
    }
  }
  graph_close(&c);
}

RL_SUITE("graph errors", {"mistakes", test_mistakes}, {"blamed", test_blamed},
         {"hints", test_hints}, {"all reported", test_all_reported},
         {"rope scaling", test_rope_scaling}, {"tied formats", test_tied_formats},
         {"unsupported", test_unsupported}, {"stages", test_stages}, {"too large", test_too_large},
         {"fields known", test_fields_known})
