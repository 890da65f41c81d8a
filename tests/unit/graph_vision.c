/* The families with vision tower: which operators they become, which layer of the tower is the last
 * that runs, where q, k and v stand in one source, how pairs turn, what is refused. Dims are small
 * and typed by hand. */
#include "graph_help.h"
#include "unit.h"

static void lower_tiny(graph_case *c, const char *family, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, family);
  CU_ASSERT(graph_config(c, config));
  graph_must(c);
}

static void refused(const char *family, const char *config, rl_diag_code code) {
  graph_case c;
  graph_open(&c, NULL);
  graph_shipped(&c, family);
  CU_ASSERT(graph_config(&c, config));
  CU_ASSERT_NOT_EQUAL(graph_lower(&c), RL_OK);
  CU_ASSERT_FATAL(c.diags.list.count > 0);
  if (c.diags.list.items[0].code != code) graph_print(&c);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, code);
  graph_close(&c);
}

#define LLAMA                                                                             \
  "hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2, " \
  "vocab_size: 40, image_token_index: 7, "
#define CLIP                                                                                       \
  "vision_config: {hidden_size: 6, intermediate_size: 10, num_attention_heads: 2, image_size: 6, " \
  "patch_size: 2, num_hidden_layers: "

static void test_llava(void) {
  graph_case c;
  lower_tiny(&c, "llava", "{" LLAMA CLIP "3}}");
  graph_same(
      graph_runs(&c),
      "[] patches tower_positions add_norm\n"
      "[0 1] tower_input_norm tower_qkv_proj tower_attention tower_o_proj add_norm "
      "tower_up_proj tower_activation tower_down_proj tower_mlp_residual\n"
      "[] projector_1 projector_activation projector_2 embed insert\n"
      "[0 1] input_norm qkv_proj rope_append attention o_proj add_norm gate_up_proj silu_mul "
      "down_proj mlp_residual\n"
      "[] final_norm lm_head sample\n");
  CU_ASSERT_EQUAL(c.program->source.lead, 1);
  CU_ASSERT_EQUAL(c.program->source.merge, 1);
  CU_ASSERT_EQUAL(c.program->source.most, 9);
  CU_ASSERT_EQUAL(c.program->source.token, 7);
  CU_ASSERT_EQUAL(graph_tensor(&c, "tower_positions.weight")->rows, 10);
  CU_ASSERT_EQUAL(graph_tensor(&c, "patches.weight")->cols, 12);
  graph_close(&c);
}

/* The layers of the tower that stand before what is read of it: hidden states are counted from its
 * input, 0, or backwards from that behind the last layer, -1. */
static void test_layers(void) {
  static const struct {
    const char *config;
    uint32_t layers;
  } cases[] = {{"{" LLAMA "vision_feature_layer: -1, " CLIP "5}}", 5},
               {"{" LLAMA "vision_feature_layer: -2, " CLIP "5}}", 4},
               {"{" LLAMA CLIP "5}}", 4},
               {"{" LLAMA "vision_feature_layer: 3, " CLIP "5}}", 3}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    graph_case c;
    lower_tiny(&c, "llava", cases[i].config);
    CU_ASSERT_EQUAL(c.program->runs[1].repeat, cases[i].layers);
    graph_close(&c);
  }
}

#define QWEN                                                                               \
  "hidden_size: 16, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2, " \
  "num_key_value_heads: 1, vocab_size: 40, image_token_id: 7, vision_config: {depth: 3, "  \
  "embed_dim: 8, num_heads: 2, hidden_size: 16}, "

static void test_qwen2_vl(void) {
  graph_case c;
  lower_tiny(&c, "qwen2-vl", "{" QWEN "rope_scaling: {type: mrope, mrope_section: [1, 1, 2]}}");
  graph_same(
      graph_runs(&c),
      "[] patches\n"
      "[0 1 2] tower_input_norm tower_qkv_proj tower_rope tower_attention tower_o_proj "
      "add_norm tower_up_proj tower_activation tower_down_proj tower_mlp_residual\n"
      "[] merger_norm merger_1 merger_activation merger_2 embed insert\n"
      "[0 1] input_norm qkv_proj rope_append attention o_proj add_norm gate_up_proj silu_mul "
      "down_proj mlp_residual\n"
      "[] final_norm lm_head sample\n");
  CU_ASSERT_EQUAL(c.program->source.lead, 0);
  CU_ASSERT_EQUAL(c.program->source.merge, 4);
  CU_ASSERT_EQUAL(graph_tensor(&c, "tower_k_proj.weight")->row_offset, 8);
  CU_ASSERT_EQUAL(graph_tensor(&c, "tower_v_proj.weight")->row_offset, 16);
  CU_ASSERT_EQUAL(graph_tensor(&c, "tower_v_proj.bias")->row_offset, 16);
  CU_ASSERT_EQUAL(graph_tensor(&c, "patches.weight")->cols, 3 * 2 * 14 * 14);
  CU_ASSERT_EQUAL(graph_tensor(&c, "merger_1.weight")->cols, 32);
  graph_close(&c);
}

/* Layers with windows are a run of their own; windows are given in pixels. */
static void test_windows(void) {
  graph_case c;
  lower_tiny(
      &c, "qwen2.5-vl",
      "{hidden_size: 16, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2, "
      "num_key_value_heads: 1, vocab_size: 40, image_token_id: 7, vision_config: {depth: 3, "
      "hidden_size: 8, num_heads: 2, out_hidden_size: 16, intermediate_size: 11, patch_size: "
      "14, window_size: 112, fullatt_block_indexes: [1]}}");
  graph_same(
      graph_runs(&c),
      "[] patches\n"
      "[0 2] tower_input_norm tower_qkv_proj tower_rope tower_attention tower_o_proj add_norm "
      "tower_gate_up_proj silu_mul tower_down_proj tower_mlp_residual\n"
      "[1] tower_input_norm tower_qkv_proj tower_rope tower_attention tower_o_proj add_norm "
      "tower_gate_up_proj silu_mul tower_down_proj tower_mlp_residual\n"
      "[] merger_norm merger_1 merger_activation merger_2 embed insert\n"
      "[0 1] input_norm qkv_proj rope_append attention o_proj add_norm gate_up_proj silu_mul "
      "down_proj mlp_residual\n"
      "[] final_norm lm_head sample\n");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "tower_attention")->at.within, 8);
  CU_ASSERT_EQUAL(graph_op(&c, 2, "tower_attention")->at.within, 0);
  graph_close(&c);
}

/* Images in rows and columns of squares, and the pairs that meet in windows of them. */
static void test_grids(void) {
  const rl_encoder_source image = {24, 1, 6}, row = {24, 1, 0};
  uint64_t pairs;
  CU_ASSERT(rl_source_grid_fits(&image, 2));
  CU_ASSERT_FALSE(rl_source_grid_fits(&image, 4));
  CU_ASSERT_FALSE(rl_source_grid_fits(&(rl_encoder_source){24, 1, 8}, 2));
  CU_ASSERT_FALSE(rl_source_grid_fits(&(rl_encoder_source){24, 1, 5}, 1));
  CU_ASSERT_EQUAL(rl_squarest_columns(24, 2), 6);
  CU_ASSERT_EQUAL(rl_squarest_columns(576, 1), 24);
  CU_ASSERT_EQUAL(rl_squarest_columns(4784, 2), 92);
  CU_ASSERT_EQUAL(rl_merged_side(4), 2);
  CU_ASSERT_EQUAL(rl_merged_side(0), 1);
  /* 4 rows in one piece, columns in 4 + 2: 16 * (16 + 4) */
  CU_ASSERT(rl_square_pairs(&image, 2, 4, &pairs));
  CU_ASSERT_EQUAL(pairs, 320);
  CU_ASSERT(rl_square_pairs(&image, 2, 8, &pairs));
  CU_ASSERT_EQUAL(pairs, 576);
  /* one row of squares, 2 x 12: 4 * (16 + 16 + 16) */
  CU_ASSERT_EQUAL(rl_source_columns(&row, 2), 12);
  CU_ASSERT(rl_square_pairs(&row, 2, 4, &pairs));
  CU_ASSERT_EQUAL(pairs, 192);
  CU_ASSERT_FALSE(rl_square_pairs(&(rl_encoder_source){UINT64_MAX - 1, 1, 2}, 2, 8, &pairs));
}

/* Sections are read from either spelling of the map. */
static void test_sections(void) {
  static const char *const maps[] = {
      "rope_scaling: {type: mrope, mrope_section: [1, 1, 2]}",
      "rope_scaling: {rope_type: default, mrope_section: [1, 1, 2]}",
      "rope_parameters: {rope_type: default, rope_theta: 500, mrope_section: [1, 1, 2]}"};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    graph_case c;
    graph_open(&c, NULL);
    graph_shipped(&c, "qwen2-vl");
    CU_ASSERT(graph_config(&c, rl_textf(&c.arena, "{" QWEN "%s}", maps[i])));
    graph_must(&c);
    const rl_op *rope = &c.program->parts[graph_op(&c, 3, "rope_append")->first_part];
    CU_ASSERT_EQUAL(rope->at.rope_sections[0], 1);
    CU_ASSERT_EQUAL(rope->at.rope_sections[1], 1);
    CU_ASSERT_EQUAL(rope->at.rope_sections[2], 2);
    CU_ASSERT_EQUAL(rope->at.rope_base, i == 2 ? 500 : 10000);
    graph_close(&c);
  }
}

static void test_refused(void) {
  refused("llava", "{model_type: mistral, " LLAMA CLIP "3}}", RL_D_FAMILY_REFUSES);
  refused("llava", "{" LLAMA "vision_feature_select_strategy: full, " CLIP "3}}",
          RL_D_FAMILY_REFUSES);
  refused("llava", "{" LLAMA CLIP "3, model_type: siglip_vision_model}}", RL_D_FAMILY_REFUSES);
  refused("llava", "{" LLAMA "vision_feature_layer: [-2, -5], " CLIP "3}}", RL_D_EXPR_KIND);
  refused("qwen2-vl", "{" QWEN "rope_scaling: {type: mrope, mrope_section: [1, 1, 1]}}",
          RL_D_ROPE_SECTIONS);
}

RL_SUITE("vision families", {"llava", test_llava}, {"layers", test_layers},
         {"qwen2-vl", test_qwen2_vl}, {"windows", test_windows}, {"grids", test_grids},
         {"sections", test_sections}, {"refused", test_refused})
