/* The dense families beyond the start ones: which operators their variants become, where q, k and v
 * stand inside fused sources, how rotations are scaled, what is refused. Dims are small and typed
 * by hand. */
#include <math.h>

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
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  graph_blamed(&c);
  if (c.diags.list.items[0].code != code) graph_print(&c);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, code);
  graph_close(&c);
}

static const rl_op *rotation(const graph_case *c, uint32_t run) {
  return &c->program->parts[graph_op(c, run, "rope_append")->first_part];
}

/* First row, rows together, rows from one block to the next. */
static void check_rows(const graph_case *c, const char *name, uint64_t offset, uint64_t block,
                       uint64_t stride) {
  const rl_tensor *tensor = graph_tensor(c, name);
  CU_ASSERT(tensor->row_offset == offset && tensor->row_block == block);
  CU_ASSERT_EQUAL(tensor->row_stride, stride);
}

#define FALCON                                                                  \
  "model_type: falcon, hidden_size: 24, num_hidden_layers: 2, vocab_size: 40, " \
  "num_attention_heads: 6, "

static void test_falcon(void) {
  graph_case c;
  lower_tiny(&c, "falcon", "{" FALCON "multi_query: true}");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm qkv_proj rope_append attention o_proj up_proj activation down_proj "
             "parallel_add residual\n"
             "[] final_norm lm_head sample\n");
  /* six query heads of 4, then one key, one value */
  check_rows(&c, "q_proj.weight", 0, 24, 32);
  check_rows(&c, "k_proj.weight", 24, 4, 32);
  check_rows(&c, "v_proj.weight", 28, 4, 32);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.kv_heads, 1);
  graph_close(&c);
  lower_tiny(&c, "falcon", "{" FALCON "new_decoder_architecture: true, num_kv_heads: 2}");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm qkv_proj rope_append attention o_proj mlp_norm up_proj activation "
             "down_proj parallel_add residual\n"
             "[] final_norm lm_head sample\n");
  /* for each of two KV heads three query heads, a key, a value */
  check_rows(&c, "q_proj.weight", 0, 12, 20);
  check_rows(&c, "k_proj.weight", 12, 4, 20);
  check_rows(&c, "v_proj.weight", 16, 4, 20);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "mlp_norm.weight")->source,
                         "transformer.h.{l}.ln_mlp.weight");
  graph_close(&c);
}

static void test_falcon_alibi(void) {
  graph_case c;
  lower_tiny(&c, "falcon",
             "{" FALCON "multi_query: false, parallel_attn: false, alibi: true, bias: true}");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm qkv_proj kv_append attention o_proj add_norm up_proj activation "
             "down_proj residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op_attributes *at = &graph_op(&c, 1, "attention")->at;
  CU_ASSERT(at->alibi == 8 && at->alibi_scaled && at->kv_heads == 6);
  check_rows(&c, "k_proj.bias", 4, 4, 12);
  graph_close(&c);
}

#define GPT_NEOX                                                                         \
  "model_type: gpt_neox, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 1, " \
  "num_attention_heads: 3, vocab_size: 40, rotary_pct: 0.25"

static void test_gpt_neox(void) {
  graph_case c;
  lower_tiny(&c, "gpt-neox", "{" GPT_NEOX "}");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0] input_norm qkv_proj rope_append attention o_proj mlp_norm up_proj activation "
             "down_proj parallel_add residual\n"
             "[] final_norm lm_head sample\n");
  /* q, k and v of 8 rows each for every head */
  check_rows(&c, "q_proj.weight", 0, 8, 24);
  check_rows(&c, "k_proj.weight", 8, 8, 24);
  check_rows(&c, "v_proj.bias", 16, 8, 24);
  CU_ASSERT_EQUAL(rotation(&c, 1)->at.rotary_dims, 2);
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "lm_head.bias"));
  graph_close(&c);
  lower_tiny(&c, "gpt-neox", "{" GPT_NEOX ", use_parallel_residual: false}");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0] input_norm qkv_proj rope_append attention o_proj add_norm up_proj activation "
             "down_proj residual\n"
             "[] final_norm lm_head sample\n");
  graph_close(&c);
}

#define PHI3                                                                         \
  "model_type: phi3, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 1, " \
  "num_attention_heads: 6, num_key_value_heads: 2, vocab_size: 40, "                 \
  "original_max_position_embeddings: 16, "
#define FACTORS "short_factor: [1, 2], long_factor: [3, 4]"

static void check_longrope(const char *config, double first, double magnitude) {
  graph_case c;
  lower_tiny(&c, "phi3", config);
  const rl_op_attributes *at = &rotation(&c, 1)->at;
  CU_ASSERT(at->rope_scaling == RL_ROPE_LONGROPE && at->rope_divisors[0] == first);
  CU_ASSERT_EQUAL(at->rope_divisors[1], first + 1);
  CU_ASSERT_DOUBLE_EQUAL(at->rope_magnitude, magnitude, 1e-12);
  graph_close(&c);
}

/* Long factors beyond the original context, times sqrt(1 + ln(256 / 16) / ln 16) = sqrt 2. */
static void test_phi3(void) {
  check_longrope("{" PHI3 "max_position_embeddings: 256, rope_scaling: {type: longrope, " FACTORS
                 "}}",
                 3, sqrt(2));
  check_longrope("{" PHI3 "max_position_embeddings: 16, rope_scaling: {type: su, " FACTORS "}}", 1,
                 1);
  check_longrope("{" PHI3
                 "max_position_embeddings: 256, rope_parameters: {rope_type: longrope, "
                 "rope_theta: 10000.0, attention_factor: 1.25, " FACTORS "}}",
                 3, 1.25);
  graph_case c;
  lower_tiny(&c, "phi3", "{" PHI3 "sliding_window: 7}");
  check_rows(&c, "k_proj.weight", 24, 0, 0);
  check_rows(&c, "v_proj.weight", 32, 0, 0);
  check_rows(&c, "up_proj.weight", 20, 0, 0);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, 7);
  CU_ASSERT_EQUAL(rotation(&c, 1)->at.rope_scaling, RL_ROPE_PLAIN);
  graph_close(&c);
}

#define COHERE2                                                                          \
  "{model_type: cohere2, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 4, " \
  "num_attention_heads: 6, num_key_value_heads: 2, vocab_size: 40, sliding_window: 5, "

/* Three layers with window and rotation, one with neither, by pattern or by list. */
static void test_cohere2(void) {
  static const char *const patterns[] = {
      "sliding_window_pattern: 4}",
      "layer_types: [sliding_attention, sliding_attention, sliding_attention, full_attention]}"};
  for (int p = 0; p < 2; p++) {
    graph_case c;
    graph_open(&c, NULL);
    graph_shipped(&c, "cohere");
    CU_ASSERT(graph_config(&c, rl_textf(&c.arena, COHERE2 "%s", patterns[p])));
    graph_must(&c);
    graph_same(graph_runs(&c),
               "[] embed\n"
               "[0 1 2] input_norm qkv_proj rope_append attention o_proj gate_up_proj silu_mul "
               "down_proj parallel_add residual\n"
               "[3] input_norm qkv_proj kv_append attention o_proj gate_up_proj silu_mul "
               "down_proj parallel_add residual\n"
               "[] final_norm lm_head logits_scale sample\n");
    CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, 5);
    CU_ASSERT_EQUAL(graph_op(&c, 2, "attention")->at.window, 0);
    CU_ASSERT_EQUAL(rotation(&c, 1)->at.rope_style, RL_ROPE_PAIRS);
    CU_ASSERT_EQUAL(graph_op(&c, 3, "logits_scale")->at.factor, 0.0625);
    graph_close(&c);
  }
}

static void test_cohere_norms(void) {
  graph_case c;
  lower_tiny(&c, "cohere",
             "{model_type: cohere, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 1, "
             "num_attention_heads: 6, num_key_value_heads: 2, vocab_size: 40, use_qk_norm: true}");
  const rl_tensor *q = graph_tensor(&c, "q_norm.weight"), *k = graph_tensor(&c, "k_norm.weight");
  CU_ASSERT(q->rows == 6 && q->cols == 4 && k->rows == 2 && k->cols == 4);
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "input_norm.bias"));
  graph_close(&c);
}

#define GRANITE                                                                          \
  "{model_type: granite, hidden_size: 16, intermediate_size: 20, num_hidden_layers: 1, " \
  "num_attention_heads: 4, vocab_size: 40, rms_norm_eps: 1e-5"

static void test_granite(void) {
  graph_case c;
  lower_tiny(&c, "granite",
             GRANITE
             ", embedding_multiplier: 12.0, attention_multiplier: 0.0078125, "
             "residual_multiplier: 0.22, logits_scaling: 16.0}");
  graph_same(graph_runs(&c),
             "[] embed embed_scale\n"
             "[0] input_norm qkv_proj rope_append attention o_proj attn_scale add_norm "
             "gate_up_proj silu_mul down_proj mlp_scale mlp_residual\n"
             "[] final_norm lm_head logits_scale sample\n");
  CU_ASSERT_EQUAL(graph_op(&c, 0, "embed_scale")->at.factor, 12);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.score_scale, 0.0078125);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "mlp_scale")->at.factor, 0.22);
  CU_ASSERT_EQUAL(graph_op(&c, 2, "logits_scale")->at.factor, 0.0625);
  graph_close(&c);
  lower_tiny(&c, "granite", GRANITE "}"); /* ones are no operators */
  CU_ASSERT_PTR_NULL(graph_op(&c, 1, "attn_scale"));
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.score_scale, 1);
  graph_close(&c);
}

/* The part of a head that turns, where transformers 5 puts it; MPT's clamps and factor of scores.
 */
static void test_places_of_keys(void) {
  graph_case c;
  lower_tiny(&c, "glm",
             "{model_type: glm4, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 1, "
             "num_attention_heads: 2, vocab_size: 40, rope_parameters: {rope_type: default, "
             "rope_theta: 500.0, partial_rotary_factor: 0.5}}");
  CU_ASSERT(rotation(&c, 1)->at.rotary_dims == 6 && rotation(&c, 1)->at.rope_base == 500);
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "q_proj.bias"));
  graph_close(&c);
  lower_tiny(&c, "mpt",
             "{model_type: mpt, d_model: 24, n_layers: 1, n_heads: 3, vocab_size: 40, attn_config: "
             "{clip_qkv: 6, alibi_bias_max: 16, softmax_scale: 0.25}}");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "clip_v")->at.limit, 6);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.alibi, 16);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.score_scale, 0.25);
  graph_close(&c);
}

#define MPT "{model_type: mpt, d_model: 24, n_layers: 1, n_heads: 3, vocab_size: 40, "

static void test_refused(void) {
  static const char *const mpt[] = {MPT "attn_config: {alibi: false}}",
                                    MPT "attn_config: {qk_ln: true}}",
                                    MPT "attn_config: {prefix_lm: true}}",
                                    MPT "no_bias: false}",
                                    MPT "attn_config: {attn_type: multiquery_attention}}",
                                    MPT "norm_type: rmsnorm}"};
  for (size_t i = 0; i < sizeof mpt / sizeof *mpt; i++) refused("mpt", mpt[i], RL_D_FAMILY_REFUSES);
  refused("bloom",
          "{model_type: bloom, hidden_size: 24, n_layer: 1, n_head: 3, vocab_size: 40, "
          "apply_residual_connection_post_layernorm: true}",
          RL_D_FAMILY_REFUSES);
  refused("phi",
          "{model_type: phi, hidden_size: 24, intermediate_size: 20, num_hidden_layers: 1, "
          "num_attention_heads: 3, vocab_size: 40, qk_layernorm: true}",
          RL_D_FAMILY_REFUSES);
  refused("falcon", "{" FALCON "rope_scaling: {rope_type: dynamic, factor: 2.0}}",
          RL_D_ROPE_SCALING_TYPE);
}

RL_SUITE("dense families", {"falcon", test_falcon}, {"falcon, alibi", test_falcon_alibi},
         {"gpt-neox", test_gpt_neox}, {"phi3", test_phi3}, {"cohere2", test_cohere2},
         {"cohere norms", test_cohere_norms}, {"granite", test_granite},
         {"places of keys", test_places_of_keys}, {"refused", test_refused})
