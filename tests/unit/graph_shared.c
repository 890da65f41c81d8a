/* Weights that several layers read, and weights that both phases of a layer read: stored once. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

/* Layers 1, 2 and 4 of five apply blocks 0, 1 and 0. */
static const char SHARED[] =
    "kind: family\n"
    "match: {model_type: t}\n"
    "dims: {d: 4, L: 5, ids: hybrids}\n"
    "graph:\n"
    "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
    "  - repeat: L\n"
    "    body:\n"
    "      - concat: {in: [x, x], out: s, when: 'index_of(ids, l) != null'}\n"
    "      - linear: {name: block, in: s, out: y, rows: d, weights: 'b.{l}.w', bias: 'b.{l}.b',\n"
    "                 shared: 'index_of(ids, l) % 2', when: 'index_of(ids, l) != null'}\n"
    "      - linear: {name: own, in: x, out: z, rows: d, weights: 'o.{l}.w'}\n"
    "      - add: {in: [x, z], out: x}\n"
    "  - linear: {name: lm_head, in: x, out: g, rows: 10, tokens: last, weights: h}\n";

/* Parameters: table and head 40 each, two blocks of 4 8 + 4, five own of 16. A block's source names
 * the first layer that reads it. */
static void test_layers(void) {
  graph_case c;
  uint64_t values;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, SHARED));
  CU_ASSERT_FATAL(graph_config(&c, "{model_type: t, hybrids: [1, 2, 4]}"));
  graph_profile(&c, "unfused");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 3] own add\n"
             "[1 4] concat block own add\n"
             "[2] concat block own add\n"
             "[] lm_head\n");
  graph_same(graph_operands(&c, graph_op(&c, 2, "block")),
             "block: s block_0.weight block_0.bias -> y");
  graph_same(graph_operands(&c, graph_op(&c, 3, "block")),
             "block: s block_1.weight block_1.bias -> y");
  CU_ASSERT_EQUAL(graph_tensor(&c, "s")->cols, 8);
  CU_ASSERT_EQUAL(graph_tensor(&c, "block_0.weight")->run, RL_NONE);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "block_0.weight")->source, "b.1.w");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "block_1.bias")->source, "b.2.b");
  CU_ASSERT(rl_program_parameters(c.program, &values) && values == 40 + 40 + 2 * 36 + 5 * 16);
  graph_close(&c);
}

/* Both forms name one matrix: 16 values, not 32; other rows of it are others. */
static void test_phases(void) {
  graph_case c;
  uint64_t values;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(
      graph_family(&c,
                   "kind: family\n"
                   "match: {model_type: t}\n"
                   "dims: {d: 4, L: 1}\n"
                   "graph:\n"
                   "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
                   "  - repeat: L\n"
                   "    body:\n"
                   "      - linear: {name: a, in: x, out: y, rows: d, weights: w, phase: decode}\n"
                   "      - linear: {name: b, in: x, out: y, rows: d, weights: w, phase: prefill}\n"
                   "      - linear: {name: c, in: x, out: z, rows: d, weights: w, row_offset: 4, "
                   "phase: decode}\n"
                   "      - linear: {name: d, in: x, out: z, rows: d, weights: v, phase: prefill}\n"
                   "      - add: {in: [y, z], out: x}\n"));
  CU_ASSERT_FATAL(graph_config(&c, "{model_type: t}"));
  graph_profile(&c, "unfused");
  graph_must(&c);
  graph_same(graph_operands(&c, graph_op(&c, 1, "b")), "b: x a.weight -> y");
  graph_same(graph_operands(&c, graph_op(&c, 1, "d")), "d: x d.weight -> z");
  CU_ASSERT(rl_program_parameters(c.program, &values) && values == 40 + 3 * 16);
  graph_close(&c);
}

RL_SUITE("weights stored once", {"layers", test_layers}, {"phases", test_phases})
