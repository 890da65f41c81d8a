/* Families with linear attention: what they become, how many parameters they have, and what the
 * operators may not be told. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

static void open_tiny(graph_case *c, const char *family, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, family);
  CU_ASSERT_FATAL(graph_config(c, config));
}

static void expect_parameters(const graph_case *c, uint64_t expected) {
  uint64_t values = 0;
  CU_ASSERT(rl_program_parameters(c->program, &values));
  CU_ASSERT_EQUAL(values, expected);
}

#define TINY_QWEN3_NEXT                                                                        \
  "model_type: qwen3_next, hidden_size: 12, intermediate_size: 20, moe_intermediate_size: 7, " \
  "shared_expert_intermediate_size: 9, num_attention_heads: 3, num_key_value_heads: 1, "       \
  "head_dim: 8, linear_num_key_heads: 2, linear_num_value_heads: 4, linear_key_head_dim: 3, "  \
  "linear_value_head_dim: 5, num_experts: 6, num_experts_per_tok: 3, vocab_size: 40"

#define MIXTURE(gated, shared)                                                          \
  "add_norm router route expert_gate_up_proj " gated " expert_down_proj combine "       \
  "shared_gate_up_proj " shared " shared_down_proj shared_gate shared_gated shared_add " \
  "mlp_residual\n"

/* A layer of either kind has 2 norms of 12 and a mixture of 6 12 + 6 3 12 7 + 3 12 9 + 12 = 1920.
 * Delta: q and k 6 12 each, v and z 20 12 each, gates 8 12, taps 4 (6 + 6 + 20), A and bias 4 each,
 * norm 5, out 12 20: 1101. Full: q and gate 24 12 each, k and v 8 12 each, norms 8 each, out 12 24:
 * 1072. Embedding and head 40 12 each, a norm of 12. */
static void test_qwen3_next(void) {
  graph_case c;
  open_tiny(&c, "qwen3-next", "{" TINY_QWEN3_NEXT ", num_hidden_layers: 4}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] input_norm delta_qkv_proj q_conv k_conv v_conv gates_proj gated_delta delta_norm "
             "z_proj silu_mul delta_out_proj " MIXTURE("silu_mul_2", "silu_mul_3")
             "[3] input_norm qkv_proj q_norm k_norm rope_append attention attention_gate_proj "
             "attention_gated o_proj " MIXTURE("silu_mul", "silu_mul_2")
             "[] final_norm lm_head sample\n");
  const rl_op *delta = graph_op(&c, 1, "gated_delta");
  graph_same(graph_operands(&c, delta),
             "gated_delta: q_c k_c v_c ba memory gated_delta.decay gated_delta.bias -> memory y");
  CU_ASSERT(delta->at.heads == 4 && delta->at.key_heads == 2);
  CU_ASSERT(delta->at.key_dim == 3 && delta->at.value_dim == 5);
  CU_ASSERT_DOUBLE_EQUAL(delta->at.score_scale * delta->at.score_scale, 1.0 / 3, 1e-12);
  const rl_tensor *memory = graph_tensor(&c, "memory"),
                  *v = graph_tensor(&c, "delta_v_proj.weight");
  CU_ASSERT(memory->role == RL_ROLE_STATE && memory->rows == 12 && memory->cols == 5);
  CU_ASSERT_STRING_EQUAL(memory->format->name, "fp32");
  CU_ASSERT(v->row_offset == 6 && v->row_block == 10 && v->row_stride == 26);
  CU_ASSERT_EQUAL(graph_tensor(&c, "v_conv.weight")->row_offset, 12);
  expect_parameters(&c, 3 * (1920 + 24 + 1101) + (1920 + 24 + 1072) + 2 * 480 + 12);
  graph_close(&c);
}

/* Layers may also be listed; the types of the list count, not the interval. */
static void test_layer_types(void) {
  graph_case c;
  open_tiny(&c, "qwen3-next",
            "{" TINY_QWEN3_NEXT
            ", num_hidden_layers: 2, layer_types: [full_attention, linear_attention]}");
  graph_must(&c);
  CU_ASSERT_PTR_NOT_NULL(graph_op(&c, 1, "attention"));
  CU_ASSERT_PTR_NOT_NULL(graph_op(&c, 2, "gated_delta"));
  graph_close(&c);
}

/* Layers of seven and one; the slopes follow from the layer's number, so that layers are alike. */
static void test_minimax(void) {
  graph_case c;
  open_tiny(
      &c, "minimax",
      "{model_type: minimax_text_01, hidden_size: 12, intermediate_size: 7, num_hidden_layers: 3, "
      "num_attention_heads: 4, num_key_value_heads: 2, head_dim: 6, rotary_dim: 2, "
      "num_local_experts: 5, vocab_size: 40, postnorm: true, attn_type_list: [0, 1, 0], "
      "layernorm_mlp_alpha: 1.5, layernorm_linear_attention_alpha: 2}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 2] input_norm lightning_qkv_proj q_activation k_activation v_activation retention "
             "lightning_norm output_gate_proj output_gated lightning_out_proj attn_alpha add_norm "
             "router route gate_up_proj silu_mul down_proj combine mlp_alpha mlp_residual\n"
             "[1] input_norm qkv_proj rope_append attention o_proj add_norm router route "
             "gate_up_proj silu_mul down_proj combine mlp_alpha mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *retention = graph_op(&c, 1, "retention");
  graph_same(graph_operands(&c, retention), "retention: q k v memory -> memory y");
  CU_ASSERT(retention->at.decay == RL_DECAY_LIGHTNING && retention->at.score_scale == 1);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attn_alpha")->at.factor, 2);
  CU_ASSERT_EQUAL(graph_tensor(&c, "lightning_k_proj.weight")->row_stride, 18);
  graph_close(&c);
}

/* Key width 12 / 3, value width 24 / 3; two thirds of 2 times 12 are 16, in steps of 256. */
static void test_retnet(void) {
  graph_case c;
  open_tiny(
      &c, "retnet",
      "{model_type: retnet, hidden_size: 12, num_hidden_layers: 2, num_heads: 3, vocab_size: 40}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm qkv_proj rope retention head_norm g_proj silu_mul o_proj add_norm "
             "gate_up_proj silu_mul_2 down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *retention = graph_op(&c, 1, "retention");
  CU_ASSERT(retention->at.key_dim == 4 && retention->at.value_dim == 8);
  CU_ASSERT(retention->at.score_scale == 0.5 && retention->at.decay == RL_DECAY_RETNET);
  CU_ASSERT_EQUAL(graph_tensor(&c, "up_proj.weight")->rows, 256);
  graph_close(&c);
}

/* 3.5 times 20 is 70, in steps of 32 downwards. */
static void test_rwkv(void) {
  graph_case c;
  open_tiny(
      &c, "rwkv",
      "{model_type: rwkv6, hidden_size: 20, num_hidden_layers: 2, head_size: 5, vocab_size: 40}");
  graph_must(&c);
  graph_same(graph_operands(&c, graph_op(&c, 1, "wkv")),
             "wkv: r k v dd memory wkv.bonus -> memory y");
  graph_same(graph_operands(&c, graph_op(&c, 1, "attention_shift")),
             "attention_shift: h attention_tail -> attention_tail dx");
  graph_same(graph_operands(&c, graph_op(&c, 1, "mix_k")), "mix_k: h dx m_k -> x_k");
  CU_ASSERT_EQUAL(graph_tensor(&c, "channel_key_proj.weight")->rows, 64);
  CU_ASSERT_EQUAL(graph_tensor(&c, "mix_g_down.weight")->row_offset, 4 * 32);
  CU_ASSERT_EQUAL(graph_tensor(&c, "decay_down.weight")->rows, 64);
  CU_ASSERT_DOUBLE_EQUAL(graph_op(&c, 1, "head_norm")->at.eps, 64e-5, 1e-12);
  graph_close(&c);
}

#define FAMILY(statements)                                                                 \
  "kind: family\ndoc: a test\nsources: [none]\nmatch: {model_type: [test]}\ndims: {d: "    \
  "hidden_size}\n"                                                                         \
  "graph:\n  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 1\n    body:\n" \
  "      - linear: {name: q, in: x, out: q, rows: 6, weights: w}\n"                        \
  "      - linear: {name: v, in: x, out: v, rows: 8, weights: w}\n"                        \
  "      - linear: {name: g, in: x, out: g, rows: 4, weights: w}\n" statements

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
      FAMILY("      - retention: {in: [q, q, v], out: y, heads: 2, key_dim: 4, value_dim: 4, "
             "state: s, decay: retnet}\n"),
      RL_D_TENSOR_WIDTH, "'q' has 6");
  expect_error(
      FAMILY("      - retention: {in: [q, q, v], out: q, heads: 2, key_dim: 3, value_dim: 4, "
             "state: s, decay: retnet}\n"),
      RL_D_NOT_IN_PLACE, "q");
  expect_error(
      FAMILY("      - retention: {in: [q, q, v], out: y, heads: 2, key_dim: 3, value_dim: 4, "
             "state: s, decay: slow}\n"),
      RL_D_UNKNOWN_CHOICE, "slow");
  expect_error(
      FAMILY("      - gated_delta: {in: [q, q, v, g], out: y, heads: 2, key_heads: 3, key_dim: "
             "2, value_dim: 4, state: s, weights: a, bias: b}\n"),
      RL_D_ATTRIBUTE_RANGE, "a divisor of heads");
  expect_error(FAMILY("      - wkv: {in: [q, q, q, v], out: y, heads: 2, head_dim: 3, state: s, "
                      "weights: u}\n"),
               RL_D_TENSOR_WIDTH, "'v' has 8");
  expect_error(FAMILY("      - add: {in: [q, g], out: q}\n"), RL_D_TENSOR_WIDTH, "'g' has 4");
}

RL_SUITE("linear attention", {"qwen3-next", test_qwen3_next}, {"layer types", test_layer_types},
         {"minimax", test_minimax}, {"retnet", test_retnet}, {"rwkv", test_rwkv},
         {"errors", test_errors})
