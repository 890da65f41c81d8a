/* Where rotations come to stand, what they read and write, and which formats cannot ask for them.
 */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define TINY                                                                           \
  "{model_type: llama, hidden_size: 12, intermediate_size: 24, num_hidden_layers: 2, " \
  "num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 40, rms_norm_eps: 1e-5"

static void open_tiny(graph_case *c, const char *config, const char *weights) {
  graph_open(c, NULL);
  graph_shipped(c, "llama");
  CU_ASSERT_FATAL(graph_config(c, config));
  c->scenario.weights = graph_format(c, weights);
}

/* One vector of signs and one rotation an input; the matrices of q, k and v still become one. Signs
 * are no parameters: a layer has 2 norms of 12, 12 * (12 + 6 + 6 + 12) and 3 * 12 * 24; embedding
 * and head 480 each, a norm of 12. */
static void test_inputs(void) {
  graph_case c;
  uint64_t parameters = 0;
  open_tiny(&c, TINY "}", "tcq-2");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm rotate_q_proj qkv_proj rope_append attention rotate_o_proj o_proj "
             "add_norm rotate_gate_proj gate_up_proj silu_mul rotate_down_proj down_proj "
             "mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *rotation = graph_op(&c, 1, "rotate_q_proj");
  graph_same(graph_operands(&c, rotation), "rotate_q_proj: h q_proj.signs -> h_rotated");
  CU_ASSERT(rotation->at.base == 12 && !rotation->at.rotates_back);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "rotate_down_proj")->at.base, 12); /* 24 = 12 * 2 */
  const rl_tensor *signs = graph_tensor(&c, "q_proj.signs");
  CU_ASSERT(signs->rows == 1 && signs->cols == 12 && signs->derived);
  CU_ASSERT_STRING_EQUAL(signs->format->name, "fp16");
  CU_ASSERT(rl_program_parameters(c.program, &parameters));
  CU_ASSERT_EQUAL(parameters, 2 * (24 + 12 * 36 + 3 * 288) + 960 + 12);
  graph_close(&c);
}

/* Outputs are turned back where they stand, each by itself: no two matrices become one. */
static void test_both(void) {
  graph_case c;
  open_tiny(&c,
            "{model_type: llama, hidden_size: 24, intermediate_size: 24, num_hidden_layers: 1, "
            "num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 40, rms_norm_eps: 1e-5}",
            "qtip-2");
  graph_must(&c);
  graph_same(
      graph_runs(&c),
      "[] embed\n"
      "[0] input_norm rotate_q_proj q_proj rotate_q_proj_back k_proj rotate_k_proj_back v_proj "
      "rotate_v_proj_back rope_append attention rotate_o_proj o_proj rotate_o_proj_back "
      "add_norm rotate_gate_proj gate_proj rotate_gate_proj_back up_proj rotate_up_proj_back "
      "silu_mul rotate_down_proj down_proj rotate_down_proj_back mlp_residual\n"
      "[] final_norm lm_head sample\n");
  const rl_op *back = graph_op(&c, 1, "rotate_k_proj_back");
  graph_same(graph_operands(&c, back), "rotate_k_proj_back: k k_proj.signs_back -> k");
  CU_ASSERT(back->at.base == 12 && back->at.rotates_back);
  graph_close(&c);
}

static void expect_refusal(const char *config, const char *weights, const char *message) {
  graph_case c;
  open_tiny(&c, config, weights);
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
  CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].message, message);
  graph_close(&c);
}

/* 6 outputs of k, and a bias that would be turned with the outputs. */
static void test_refused(void) {
  expect_refusal(TINY "}", "qtip-2",
                 "format qtip-2 rotates 'k', and no Hadamard matrix of its 6 values is known");
  expect_refusal(TINY ", attention_bias: true}", "qtip-2",
                 "format qtip-2 cannot be the format of 'q_proj', which adds a bias before its "
                 "outputs are rotated back");
}

RL_SUITE("rotation", {"inputs", test_inputs}, {"both", test_both}, {"refused", test_refused})
