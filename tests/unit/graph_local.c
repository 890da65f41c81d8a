/* Local linear attention: what the family becomes, and what the statement may not be told. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define LLA                                                                         \
  "model_type: lla, hidden_size: 12, intermediate_size: 20, num_hidden_layers: 3, " \
  "num_attention_heads: 3, num_key_value_heads: 1, head_dim: 8, vocab_size: 40"

static void open_family(graph_case *c, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, "lla");
  CU_ASSERT_FATAL(graph_config(c, config));
}

/* A layer has 24 12 + 2 8 12 + 12 24 (attention), 3 20 12 (MLP) and 2 12 (norms): 1512. */
static void test_family(void) {
  graph_case c;
  uint64_t values = 0;
  open_family(&c, "{" LLA "}");
  graph_must(&c);
  graph_same(
      graph_runs(&c),
      "[] embed\n"
      "[0 1 2] input_norm qkv_proj rope_append attention o_proj add_norm gate_up_proj silu_mul "
      "down_proj mlp_residual\n"
      "[] final_norm lm_head sample\n");
  const rl_op *op = graph_op(&c, 1, "attention");
  graph_same(graph_operands(&c, op), "attention: q k_cache v_cache -> a");
  CU_ASSERT(op->kind == RL_OP_LOCAL_LINEAR && op->at.iterations == 32 && op->at.ridge == 10);
  CU_ASSERT_DOUBLE_EQUAL(op->at.score_scale * op->at.score_scale, 1.0 / 8, 1e-12);
  CU_ASSERT(rl_program_parameters(c.program, &values));
  CU_ASSERT_EQUAL(values, 3 * 1512 + 2 * 480 + 12);
  graph_close(&c);
}

static void test_settings(void) {
  graph_case c;
  open_family(&c, "{" LLA ", lla_ridge_lambda: 0.5, lla_cg_max_iters: 4}");
  graph_must(&c);
  const rl_op *op = graph_op(&c, 1, "attention");
  CU_ASSERT(op->at.iterations == 4 && op->at.ridge == 0.5);
  graph_close(&c);
  open_family(&c, "{" LLA ", lla_cg_use_preconditioner: true}");
  CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_FAMILY_REFUSES);
  graph_close(&c);
}

#define FAMILY(statements)                                                                 \
  "kind: family\ndoc: a test\nsources: [none]\nmatch: {model_type: [test]}\ndims: {d: "    \
  "hidden_size}\n"                                                                         \
  "graph:\n  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 1\n    body:\n" \
  "      - linear: {name: q, in: x, out: q, rows: 6, weights: w}\n" statements
#define FIT(heads)                                      \
  "      - local_linear: {in: q, out: y, heads: " heads \
  ", kv_heads: 1, head_dim: 3, "                        \
  "ridge: 1, iterations: 2, eps: 0}\n"

static void expect_error(const char *family, rl_diag_code code) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, family) && graph_config(&c, "{hidden_size: 6}"));
  CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
  CU_ASSERT_FATAL(c.diags.list.count > 0);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, code);
  if (c.diags.list.items[0].code != code) graph_print(&c);
  graph_close(&c);
}

static void test_errors(void) {
  static const char *const cached = FAMILY(
      "      - linear: {name: k, in: x, out: k, rows: 3, weights: w}\n"
      "      - kv_append: {in: [k, k], heads: 1, head_dim: 3}\n" FIT("3"));
  expect_error(FAMILY(FIT("2")), RL_D_NO_CACHE);
  expect_error(cached, RL_D_TENSOR_WIDTH);
}

RL_SUITE("local linear attention", {"family", test_family}, {"settings", test_settings},
         {"errors", test_errors})
