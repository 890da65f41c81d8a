/* Memories that sequences fetch blocks of: what the family becomes, how many parameters it has, and
 * what the statement may not be told. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define MEMORY                                                                         \
  "{model_type: openlm_memory, hidden_size: 12, intermediate_size: 20, head_dim: 6, "  \
  "num_hidden_layers: 2, num_attention_heads: 3, vocab_size: 40, memory_branches: 2, " \
  "memory_multipliers: [7, 0, 3, 0]"

static void open_family(graph_case *c, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, "hierarchical-memory");
  CU_ASSERT_FATAL(graph_config(c, config));
}

/* A layer has 4 12 18 (attention), 3 12 20 (MLP), 2 12 + 2 18 (norms): 1644. A neuron of a memory
 * has 3 12 values in each of 2 layers: 72. The bank: 7 neurons in 2 blocks, 3 in 8: 38; fetched are
 * 7 + 3. */
static void test_family(void) {
  graph_case c;
  uint64_t values = 0, active = 0;
  open_family(&c, MEMORY "}");
  graph_must(&c);
  const rl_op *fetch = graph_op(&c, 0, "fetch_3"), *down = graph_op(&c, 1, "memory_3_down");
  graph_same(graph_operands(&c, fetch), "fetch_3: clusters -> c3");
  CU_ASSERT(fetch->at.experts == 8 && fetch->at.clusters == 16);
  graph_same(graph_operands(&c, down), "memory_3_down: g3 c3 memory_3_down.weight -> m3");
  CU_ASSERT(down->at.by_sequence && down->at.experts == 8 && down->at.top_k == 1);
  const rl_tensor *bank = graph_tensor(&c, "memory_3_down.weight");
  CU_ASSERT(bank->rows == 8 * 12 && bank->cols == 3 && bank->placed == RL_CLASS_EXPERTS);
  CU_ASSERT_STRING_EQUAL(bank->source, "memories.3.{e}.layers.{l}.w3.weight");
  CU_ASSERT(rl_program_parameters(c.program, &values));
  CU_ASSERT(rl_program_active_parameters(c.program, &active));
  CU_ASSERT_EQUAL(values, 2 * 1644 + 2 * 480 + 12 + 72 * 38);
  CU_ASSERT_EQUAL(active, 2 * 1644 + 2 * 480 + 12 + 72 * 10);
  graph_close(&c);
  open_family(&c, MEMORY ", qk_norm: false}");
  CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_FAMILY_REFUSES);
  graph_close(&c);
}

#define FAMILY(fetch, rest)                                                             \
  "kind: family\ndoc: a test\nsources: [none]\nmatch: {model_type: [test]}\ndims: {d: " \
  "hidden_size}\n"                                                                      \
  "graph:\n  - embed: {out: x, rows: 10, cols: d, weights: e}\n"                        \
  "  - fetch: {chosen: c, " fetch                                                       \
  "}\n  - repeat: 1\n    body:\n"                                                       \
  "      - linear: {name: q, in: x, out: q, rows: 6, weights: w}\n" rest

static void expect_error(const char *family, rl_diag_code code, const char *words) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, family) && graph_config(&c, "{hidden_size: 6}"));
  CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
  CU_ASSERT_FATAL(c.diags.list.count > 0);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, code);
  if (strstr(c.diags.list.items[0].message, words) == NULL) graph_print(&c);
  CU_ASSERT_PTR_NOT_NULL(strstr(c.diags.list.items[0].message, words));
  graph_close(&c);
}

static void test_errors(void) {
  expect_error(FAMILY("experts: 3, clusters: 16", ""), RL_D_ATTRIBUTE_RANGE,
               "a divisor of clusters");
  expect_error(FAMILY("experts: 2097152, clusters: 2097152", ""), RL_D_ATTRIBUTE_RANGE,
               "a divisor of clusters");
  expect_error(FAMILY("experts: 1, clusters: 5000000000", ""), RL_D_ATTRIBUTE_RANGE,
               "a divisor of clusters");
  expect_error(FAMILY("experts: 2, clusters: 4", "      - add: {in: [q, c], out: q}\n"),
               RL_D_TENSOR_HOLDS, "a choice of experts");
}

RL_SUITE("fetched memories", {"family", test_family}, {"errors", test_errors})
