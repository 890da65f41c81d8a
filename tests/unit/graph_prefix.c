/* Prefix linear attention: what the family becomes, how many parameters it has, and what the
 * statements may not be told. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define BARE                                                                              \
  "model_type: jrt, n_embd: 12, n_head: 3, n_layer: 3, n_inner: 20, mlp_multiple_of: 7, " \
  "vocab_size: 37, pad_vocab_size_multiple: 8, enc_length: 9, alt_mixer_layers: [1], "    \
  "alt_mixer_2_layers: [2], mixer: {expand_proj: 4}, alt_mixer: {feature_dim: 2}, "       \
  "alt_mixer_2: {window_size: 6}, activation_function: swiglu, "                          \
  "mlp_fc1_bias: false, mlp_fc2_bias: false, qkv_proj_bias: false, out_proj_bias: false"
#define JRT BARE ", rms_norm: true"

static void open_family(graph_case *c, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, "jrt");
  CU_ASSERT_FATAL(graph_config(c, config));
}

/* Width 12; an MLP of 21, the next multiple of 7, and two norms a layer: 3 21 12 + 24 = 780.
 * Convolution: 48 (12 + 1) + 24 3 + 12 (24 + 1) = 996. Linear attention, 3 heads of 2 keys and 4
 * values: 3 6 12 + 3 12 12 = 648. Window: 4 12 12 = 576. The table of 40 12 is the head, too; a
 * norm of 12. */
static void test_family(void) {
  graph_case c;
  uint64_t values = 0;
  open_family(&c, "{" JRT "}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0] input_norm conv_in+gate_proj conv conv_gate conv_out_proj add_norm gate_up_proj "
             "silu_mul "
             "down_proj mlp_residual\n"
             "[1] input_norm linear_qkv_proj prefix_k+v_proj prefix_attention o_proj add_norm "
             "gate_up_proj silu_mul down_proj mlp_residual\n"
             "[2] input_norm qkv_proj kv_append attention o_proj add_norm gate_up_proj silu_mul "
             "down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *linear = graph_op(&c, 2, "prefix_attention");
  graph_same(graph_operands(&c, linear), "prefix_attention: q k v pk pv memory -> memory a");
  const rl_tensor *memory = graph_tensor(&c, "memory"), *key = graph_tensor(&c, "pk");
  CU_ASSERT(memory->rows == 3 * (1 + 2 + 4) && memory->cols == 5);
  CU_ASSERT_STRING_EQUAL(memory->format->name, "fp32");
  CU_ASSERT_EQUAL(key->extent, RL_EXTENT_PREFIX);
  CU_ASSERT_EQUAL(c.program->prefix, 9);
  CU_ASSERT_EQUAL(graph_op(&c, 3, "attention")->at.window, 4);
  CU_ASSERT(rl_program_parameters(c.program, &values));
  CU_ASSERT_EQUAL(values, 3 * 780 + 996 + 648 + 576 + 480 + 12);
  graph_close(&c);
}

static void test_refused(void) {
  static const struct {
    const char *config, *because;
  } rows[] = {{"{" JRT ", max_position_embeddings: 8}", "learns positions"},
              {"{" BARE "}", "layer norms"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    graph_case c;
    open_family(&c, rows[i].config);
    CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
    CU_ASSERT_FATAL(c.diags.list.count > 0);
    graph_blamed(&c);
    const rl_diag *first = &c.diags.list.items[0];
    CU_ASSERT_EQUAL(first->code, RL_D_FAMILY_REFUSES);
    if (strstr(first->message, rows[i].because) == NULL) graph_print(&c);
    CU_ASSERT_PTR_NOT_NULL(strstr(first->message, rows[i].because));
    graph_close(&c);
  }
}

#define FAMILY(statements)                                                                   \
  "kind: family\ndoc: a test\nsources: [none]\nmatch: {model_type: [test]}\ndims: {d: "      \
  "hidden_size}\n"                                                                           \
  "graph:\n  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 1\n    body:\n"   \
  "      - linear: {name: q, in: x, out: q, rows: 6, weights: w}\n"                          \
  "      - linear: {name: pk, in: x, out: pk, rows: 6, weights: w, tokens: prefix, prefix: " \
  "3}\n" statements
#define ATTEND(inputs, more)                \
  "      - prefix_attention: {in: [" inputs \
  "], out: y, heads: 2, key_dim: 3, "       \
  "value_dim: 3, state: s, eps: 0" more "}\n"

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
  expect_error(
      FAMILY("      - linear: {name: v, in: x, out: v, rows: 6, weights: w, tokens: prefix}\n"),
      RL_D_ATTRIBUTE_RANGE, "given with tokens: prefix");
  expect_error(FAMILY("      - linear: {name: v, in: x, out: v, rows: 6, weights: w, prefix: 3}\n"),
               RL_D_ATTRIBUTE_RANGE, "given with tokens: prefix");
  expect_error(
      FAMILY("      - linear: {name: v, in: x, out: v, rows: 6, weights: w, tokens: prefix, "
             "prefix: 4}\n"),
      RL_D_ATTRIBUTE_RANGE, "the same in every statement");
  expect_error(
      FAMILY("      - linear: {name: v, in: pk, out: v, rows: 6, weights: w, tokens: prefix, "
             "prefix: 3}\n"),
      RL_D_TENSOR_EXTENT, "pk");
  expect_error(FAMILY(ATTEND("q, q, q, q, pk", "")), RL_D_TENSOR_EXTENT, "'q'");
  expect_error(FAMILY(ATTEND("q, q, pk, pk, pk", "")), RL_D_TENSOR_EXTENT, "'pk'");
  expect_error(FAMILY("      - linear: {name: v, in: x, out: v, rows: 8, weights: w}\n" ATTEND(
                   "q, q, v, pk, pk", "")),
               RL_D_TENSOR_WIDTH, "'v' has 8");
  expect_error(FAMILY("      - prefix_attention: {in: [q, q, q, pk, pk], out: y, heads: 1, "
                      "key_dim: 5000000000, value_dim: 6, state: s, eps: 0}\n"),
               RL_D_TENSOR_WIDTH, "'q' has 6");
}

RL_SUITE("prefix linear attention", {"family", test_family}, {"refused", test_refused},
         {"errors", test_errors})
