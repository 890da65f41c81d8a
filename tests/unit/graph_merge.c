/* Layers share a run only when every attribute is the same, and several position tables bound a
 * sequence together. */
#include "graph_help.h"
#include "unit.h"

/* 1/2, 1/3, 1/4: equal numerators are no equal values. */
static void test_denominators(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c,
                               "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
                               "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
                               "  - repeat: 3\n    body:\n"
                               "      - softcap: {in: x, out: x, cap: 1 / (l + 2)}\n"));
  graph_must(&c);
  CU_ASSERT_EQUAL_FATAL(c.program->run_count, 4);
  graph_same(graph_runs(&c), "[] embed\n[0] softcap\n[1] softcap\n[2] softcap\n");
  for (uint32_t run = 1; run < 4; run++) {
    CU_ASSERT_DOUBLE_EQUAL(graph_op(&c, run, "softcap")->at.softcap, 1.0 / (run + 1), 1e-15);
  }
  graph_close(&c);
}

/* 40 and 100 - 70 = 30 positions: 30 can be told apart, whichever table comes first. */
static void test_position_tables(void) {
  static const char *const orders[] = {
      "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
      "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
      "  - embed: {name: p1, out: p, rows: 40, cols: d, "
      "index: positions, weights: p}\n"
      "  - embed: {name: p2, out: q, rows: 100, cols: d, "
      "index: positions, offset: 70, weights: q}\n"
      "  - repeat: 1\n    body:\n"
      "      - add: {in: [p, q], out: x}\n",
      "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
      "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
      "  - embed: {name: p2, out: q, rows: 100, cols: d, "
      "index: positions, offset: 70, weights: q}\n"
      "  - embed: {name: p1, out: p, rows: 40, cols: d, "
      "index: positions, weights: p}\n"
      "  - repeat: 1\n    body:\n"
      "      - add: {in: [p, q], out: x}\n"};
  for (int order = 0; order < 2; order++) {
    graph_case c;
    graph_open(&c, NULL);
    CU_ASSERT_FATAL(graph_family(&c, orders[order]));
    graph_must(&c);
    CU_ASSERT_EQUAL(c.program->positions, 30);
    graph_close(&c);
  }
}

RL_SUITE("merging", {"denominators", test_denominators}, {"position tables", test_position_tables})
