/* Families with several loops: each has its own layers, runs and visits; what was made outside of
 * them is there in all of them, what a layer makes ends with it. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define HEAD                   \
  "kind: family\n"             \
  "match: {model_type: t}\n"   \
  "dims: {d: 8, L: 3, M: 2}\n" \
  "graph:\n"                   \
  "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
#define LINEAR(in, out, name) \
  "      - linear: {name: " name ", in: " in ", out: " out ", rows: d, weights: '" name ".{l}'}\n"

/* x and e are there from the start; u is made between the loops and read in the second. */
static const char TWO_LOOPS[] = HEAD
    "  - activation: {in: x, out: e, kind: relu}\n"
    "  - repeat: L\n    body:\n" LINEAR("x", "y", "a")
    "      - add: {in: [x, y], out: x, when: 'l != 1'}\n"
    "  - activation: {name: between, in: x, out: u, kind: relu}\n"
    "  - repeat: M\n    body:\n" LINEAR("u", "y", "b")
    "      - add: {in: [y, e], out: x}\n"
    "  - repeat: 1\n    body:\n"
    "      - add: {in: [x, u], out: x}\n"
    "  - linear: {name: head, in: x, out: logits, rows: 10, tokens: last, weights: h}\n";

static void lower(graph_case *c, const char *yaml) {
  graph_open(c, NULL);
  CU_ASSERT_TRUE_FATAL(graph_family(c, yaml));
  CU_ASSERT_TRUE_FATAL(graph_config(c, "{hidden_size: 8}"));
}

static const rl_tensor *named(const graph_case *c, const char *name) {
  for (uint32_t t = 0; t < c->program->tensor_count; t++) {
    if (strcmp(c->program->tensors[t].name, name) == 0) return &c->program->tensors[t];
  }
  CU_FAIL_FATAL("no tensor of that name");
  return NULL;
}

static void test_runs(void) {
  graph_case c;
  lower(&c, TWO_LOOPS);
  graph_must(&c);
  CU_ASSERT_STRING_EQUAL(graph_runs(&c),
                         "[] embed activation\n[0 2] a add\n[1] a\n[] between\n[0 1] b add\n"
                         "[0] add\n[] head\n");
  CU_ASSERT_EQUAL(c.program->layer_count, 6);
  static const rl_visit order[] = {{0, 0}, {1, 0}, {2, 0}, {1, 1}, {3, 0},
                                   {4, 0}, {4, 1}, {5, 0}, {6, 0}};
  CU_ASSERT_EQUAL_FATAL(c.program->visit_count, sizeof order / sizeof *order);
  for (uint32_t v = 0; v < c.program->visit_count; v++) {
    CU_ASSERT_EQUAL(c.program->visits[v].run, order[v].run);
    CU_ASSERT_EQUAL(c.program->visits[v].instance, order[v].instance);
  }
  graph_close(&c);
}

/* e lives through the first loop until the second has ended, u until the third has: neither may
 * share its buffer with what is made meanwhile. */
static void test_buffers(void) {
  graph_case c;
  lower(&c, TWO_LOOPS);
  graph_must(&c);
  const uint32_t x = named(&c, "x")->slot, e = named(&c, "e")->slot, u = named(&c, "u")->slot;
  CU_ASSERT_TRUE(x != e && x != u && e != u);
  for (uint32_t t = 0; t < c.program->tensor_count; t++) {
    const rl_tensor *tensor = &c.program->tensors[t];
    if (strcmp(tensor->name, "y") != 0) continue;
    CU_ASSERT_TRUE(tensor->slot != x && tensor->slot != e);
  }
  graph_close(&c);
}

/* The last add of the first loop feeds the norm between the loops: what the loops carry is written,
 * in whichever loop it is read again. */
static void test_written(void) {
  graph_case c;
  lower(&c, HEAD
        "  - repeat: L\n    body:\n"
        "      - add: {in: [x, x], out: x}\n"
        "      - norm: {in: x, out: h, kind: rms, eps: 0, weights: 'n.{l}'}\n"
        "      - add: {name: second, in: [x, h], out: x}\n"
        "  - repeat: M\n    body:\n"
        "      - add: {in: [x, x], out: z}\n"
        "      - norm: {in: z, out: h, kind: rms, eps: 0, weights: 'm.{l}'}\n"
        "      - add: {name: second, in: [x, h], out: x}\n"
        "  - linear: {name: head, in: x, out: logits, rows: 10, tokens: last, weights: h}\n");
  graph_must(&c);
  const rl_op *first = graph_op(&c, 1, "add_norm"), *second = graph_op(&c, 2, "add_norm");
  CU_ASSERT_PTR_NOT_NULL_FATAL(first);
  CU_ASSERT_PTR_NOT_NULL_FATAL(second);
  CU_ASSERT_STRING_EQUAL(graph_operands(&c, first), "add_norm: x norm.weight -> x h");
  CU_ASSERT_STRING_EQUAL(graph_operands(&c, second), "add_norm: x norm.weight -> h");
  graph_close(&c);
}

/* A name of a layer ends with its loop. */
static void test_names_end(void) {
  graph_case c;
  lower(&c, HEAD "  - repeat: L\n    body:\n" LINEAR(
                "x", "y", "a") "  - repeat: M\n    body:\n" LINEAR("y", "x", "b"));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_UNKNOWN_TENSOR);
  graph_close(&c);
}

/* A loop may begin at another layer, and may be left out: what stands around it is one run then. */
static void test_first_and_when(void) {
  static const char *const present[] = {"M - 2", "M"};
  static const char *const runs[] = {"[] embed\n[0 1 2] a add\n[] between last head\n",
                                     "[] embed\n[0 1 2] a add\n[] between\n[3 4] b add\n"
                                     "[] last head\n"};
  for (int i = 0; i < 2; i++) {
    graph_case c;
    graph_open(&c, NULL);
    const char *yaml = rl_textf(
        &c.arena,
        "%s  - repeat: L\n    body:\n%s      - add: {in: [x, y], out: x}\n"
        "  - activation: {name: between, in: x, out: x, kind: relu}\n"
        "  - repeat: M\n    first: L\n    when: %s\n    body:\n%s"
        "      - add: {in: [x, y], out: x}\n"
        "  - activation: {name: last, in: x, out: x, kind: relu}\n"
        "  - linear: {name: head, in: x, out: logits, rows: 10, tokens: last, weights: h}\n",
        HEAD, LINEAR("x", "y", "a"), present[i], LINEAR("x", "y", "b"));
    CU_ASSERT_TRUE_FATAL(graph_family(&c, yaml));
    CU_ASSERT_TRUE_FATAL(graph_config(&c, "{hidden_size: 8}"));
    graph_must(&c);
    CU_ASSERT_STRING_EQUAL(graph_runs(&c), runs[i]);
    graph_close(&c);
  }
}

RL_SUITE("loops", {"first layer and condition", test_first_and_when}, {"runs", test_runs},
         {"buffers", test_buffers}, {"written", test_written}, {"names end", test_names_end})
