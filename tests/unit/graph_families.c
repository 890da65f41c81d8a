/* The shipped families: which operators they become, which layers run together, how many
 * parameters they have, what their attributes are. Dims are small and written by hand. */
#include "graph_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

static void lower_tiny(graph_case *c, const char *family, const char *config, const char *profile) {
  graph_open(c, NULL);
  graph_shipped(c, family);
  CU_ASSERT(graph_config(c, config));
  graph_profile(c, profile);
  graph_must(c);
}

/* Totals from the dims alone. With d the width, kv = H_kv d_h, a layer of the Llama kind has
 *   d (H d_h) + 2 d kv + (H d_h) d + 3 d d_ff + 2 d
 * values, plus H d_h + 2 kv biases (Qwen 2) or 2 d_h q and k norms (Qwen 3); Gemma has 4 d norms a
 * layer; GPT-2 and OPT have 4 (d d + d) + 2 d d_ff + d_ff + d + 4 d. `rest` is the final norm, the
 * head when it is not tied, and position tables.
 *   Llama-2-7B    4096*(4*4096 + 3*11008 + 2)                    = 202,383,360 a layer
 *   Llama-3-8B    4096*(2*4096 + 2*1024 + 3*14336 + 2)           = 218,112,000
 *   Llama-3-70B   8192*(2*8192 + 2*1024 + 3*28672 + 2)           = 855,654,400
 *   Llama-3.2-1B  2048*(2*2048 + 2*512 + 3*8192 + 2)             =  60,821,504
 *   Mistral-7B    as Llama-3-8B
 *   Qwen2.5-7B    3584*(2*3584 + 2*512 + 3*18944 + 2) + 4608     = 233,057,792
 *   Qwen3-8B      4096*(2*4096 + 2*1024 + 3*12288 + 2) + 256     = 192,946,432
 *   Gemma-2-9B    3584*(2*4096 + 2*2048 + 3*14336 + 4)           = 198,195,200
 *   Gemma-3-27B   5376*(2*4096 + 2*2048 + 3*21504 + 4) + 256     = 412,898,560
 * Mixtures of E experts of width d_e have E d + 3 E d d_e in place of 3 d d_ff:
 *   Mixtral-8x7B  4096*(2*4096 + 2*1024 + 2 + 8*(1 + 3*14336))   = 1,451,270,144
 *   Mixtral-8x22B 6144*(2*6144 + 2*1024 + 2 + 8*(1 + 3*16384))   = 2,504,060,928
 *   Qwen3-30B     2048*(2*4096 + 2*512 + 2 + 128*(1 + 3*768)) + 256  =   623,120,640
 *   Qwen3-235B    4096*(2*8192 + 2*512 + 2 + 128*(1 + 3*1536)) + 256 = 2,487,755,008
 *   GPT-2         4*(768*768 + 768) + 2*768*3072 + 3072 + 768*5  =   7,087,872
 *   OPT-6.7B      4*(4096*4096 + 4096) + 2*4096*16384 + 16384 + 4096*5 = 201,379,840 */
static const struct {
  const char *model;
  uint64_t embedding, layer, layers, rest, total;
} TOTALS[] = {
    {"llama-2-7b", 32000ull * 4096, 202383360, 32, 32000ull * 4096 + 4096, 6738415616},
    {"llama-3-8b", 128256ull * 4096, 218112000, 32, 128256ull * 4096 + 4096, 8030261248},
    {"llama-3-70b", 128256ull * 8192, 855654400, 80, 128256ull * 8192 + 8192, 70553706496},
    {"llama-3.2-1b", 128256ull * 2048, 60821504, 16, 2048, 1235814400},
    {"mistral-7b", 32000ull * 4096, 218112000, 32, 32000ull * 4096 + 4096, 7241732096},
    {"qwen2.5-7b", 152064ull * 3584, 233057792, 28, 152064ull * 3584 + 3584, 7615616512},
    {"qwen3-8b", 151936ull * 4096, 192946432, 36, 151936ull * 4096 + 4096, 8190735360},
    {"mixtral-8x7b", 32000ull * 4096, 1451270144, 32, 32000ull * 4096 + 4096, 46702792704},
    {"mixtral-8x22b", 32000ull * 6144, 2504060928, 56, 32000ull * 6144 + 6144, 140620634112},
    {"qwen3-30b-a3b", 151936ull * 2048, 623120640, 48, 151936ull * 2048 + 2048, 30532122624},
    {"qwen3-235b-a22b", 151936ull * 4096, 2487755008, 94, 151936ull * 4096 + 4096, 235093634560},
    {"gemma-2-9b", 256000ull * 3584, 198195200, 42, 3584, 9241705984},
    {"gemma-3-27b", 262208ull * 5376, 412898560, 62, 5376, 27009346304},
    {"gpt2", 50257ull * 768, 7087872, 12, 1024 * 768 + 2 * 768, 124439808},
    {"opt-6.7b", 50272ull * 4096, 201379840, 32, 2050 * 4096 + 2 * 4096, 6658473984},
};

static void test_parameters(void) {
  for (size_t i = 0; i < sizeof TOTALS / sizeof *TOTALS; i++) {
    graph_case c;
    uint64_t values = 0, bytes = 0;
    graph_open(&c, NULL);
    CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, TOTALS[i].model, nowhere, &c.scenario.model, &c.diags),
                          RL_OK);
    graph_must(&c);
    CU_ASSERT_EQUAL(TOTALS[i].embedding + TOTALS[i].layers * TOTALS[i].layer + TOTALS[i].rest,
                    TOTALS[i].total);
    CU_ASSERT(rl_program_parameters(c.program, &values));
    CU_ASSERT_EQUAL(values, TOTALS[i].total);
    CU_ASSERT(rl_program_weight_bytes(c.program, &bytes));
    CU_ASSERT_EQUAL(bytes, 2 * TOTALS[i].total); /* bf16 */
    CU_ASSERT_EQUAL(c.program->layer_count, TOTALS[i].layers);
    CU_ASSERT_EQUAL(c.program->vocabulary * c.program->width, TOTALS[i].embedding);
    CU_ASSERT_EQUAL(c.diags.list.count, 0);
    graph_close(&c);
  }
}

#define TINY_LLAMA                                                                       \
  "{model_type: llama, hidden_size: 12, intermediate_size: 20, num_hidden_layers: 3, "   \
  "num_attention_heads: 3, num_key_value_heads: 1, vocab_size: 40, rms_norm_eps: 1e-5, " \
  "rope_theta: 500000.0}"

static void test_llama(void) {
  graph_case c;
  lower_tiny(&c, "llama", TINY_LLAMA, "reference");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] input_norm qkv_proj rope_append attention o_proj add_norm gate_up_proj "
             "silu_mul down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  CU_ASSERT_EQUAL(c.program->visit_count, 5);
  for (uint32_t v = 0; v < 5; v++) {
    static const rl_visit expected[] = {{0, 0}, {1, 0}, {1, 1}, {1, 2}, {2, 0}};
    CU_ASSERT(c.program->visits[v].run == expected[v].run &&
              c.program->visits[v].instance == expected[v].instance);
  }
  CU_ASSERT(c.program->positions == 0 && c.program->vocabulary == 40 && c.program->width == 12);
  graph_close(&c);
}

static void test_llama_attributes(void) {
  graph_case c;
  lower_tiny(&c, "llama", TINY_LLAMA, "reference");
  const rl_op *attention = graph_op(&c, 1, "attention");
  CU_ASSERT(attention->kind == RL_OP_ATTENTION && attention->at.window == 0);
  CU_ASSERT(attention->at.heads == 3 && attention->at.kv_heads == 1 && attention->at.head_dim == 4);
  CU_ASSERT(attention->at.score_scale == 0.5 && attention->at.softcap == 0);
  const rl_op *norm = graph_op(&c, 1, "input_norm");
  CU_ASSERT(norm->at.norm == RL_NORM_RMS && norm->at.eps == 1e-5 && norm->at.weight_offset == 0);
  const rl_op *rope = &c.program->parts[graph_op(&c, 1, "rope_append")->first_part];
  CU_ASSERT(rope->kind == RL_OP_ROPE && rope->at.rope_base == 500000 && rope->at.rotary_dims == 4);
  CU_ASSERT(rope->at.rope_style == RL_ROPE_HALVES && rope->at.rope_scaling == RL_ROPE_PLAIN);
  CU_ASSERT(graph_op(&c, 2, "lm_head")->at.last_tokens);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q_proj.weight")->source,
                         "model.layers.{l}.self_attn.q_proj.weight");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q_proj.weight")->gguf, "blk.{l}.attn_q.weight");
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "q_proj.bias"));
  CU_ASSERT_EQUAL(rl_tensor_instances(c.program, graph_tensor(&c, "q_proj.weight")), 3);
  CU_ASSERT_EQUAL(rl_tensor_instances(c.program, graph_tensor(&c, "lm_head.weight")), 1);
  CU_ASSERT_EQUAL(graph_tensor(&c, "lm_head.weight")->alias_of, RL_NONE);
  graph_close(&c);
}

/* Without fusions every statement is an operator, and attention becomes three. */
static void test_unfused(void) {
  graph_case c;
  lower_tiny(&c, "llama", TINY_LLAMA, "unfused");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] input_norm q_proj k_proj v_proj rope kv_append scores softmax mix o_proj "
             "attn_residual post_attention_norm gate_proj up_proj activation mul down_proj "
             "mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_tensor *scores = graph_tensor(&c, "scores");
  CU_ASSERT(scores->extent == RL_EXTENT_SCORES && scores->rows == 3 && scores->cols == 1);
  graph_same(graph_operands(&c, graph_op(&c, 1, "scores")), "scores: q k_cache -> scores");
  graph_same(graph_operands(&c, graph_op(&c, 1, "softmax")), "softmax: scores -> scores");
  graph_same(graph_operands(&c, graph_op(&c, 1, "mix")), "mix: scores v_cache -> a");
  CU_ASSERT(graph_op(&c, 1, "softmax")->at.heads == 3);
  graph_close(&c);
}

static void test_llama_options(void) {
  graph_case c;
  lower_tiny(&c, "llama",
             "{model_type: mistral, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, "
             "num_attention_heads: 2, head_dim: 6, vocab_size: 10, sliding_window: 5, "
             "attention_bias: true, mlp_bias: true, tie_word_embeddings: true, rope_scaling: "
             "{rope_type: llama3, factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, "
             "original_max_position_embeddings: 8192}}",
             "reference");
  const rl_op *attention = graph_op(&c, 1, "attention");
  CU_ASSERT(attention->at.window == 5 && attention->at.kv_heads == 2);
  CU_ASSERT(graph_tensor(&c, "k_cache")->window == 5 && graph_tensor(&c, "v_cache")->window == 5);
  CU_ASSERT(graph_tensor(&c, "o_proj.bias")->cols == 8);
  CU_ASSERT(graph_tensor(&c, "q_proj.bias")->cols == 12 &&
            graph_tensor(&c, "q_proj.bias")->rows == 1);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q_proj.bias")->gguf, "blk.{l}.attn_q.bias");
  CU_ASSERT(graph_tensor(&c, "down_proj.bias")->cols == 8);
  const rl_tensor *head = graph_tensor(&c, "lm_head.weight");
  CU_ASSERT_STRING_EQUAL(c.program->tensors[head->alias_of].name, "embed.weight");
  CU_ASSERT_STRING_EQUAL(head->source, "model.embed_tokens.weight");
  const rl_op *rope = &c.program->parts[graph_op(&c, 1, "rope_append")->first_part];
  CU_ASSERT(rope->at.rope_scaling == RL_ROPE_LLAMA3 && rope->at.rope_factor == 8);
  CU_ASSERT(rope->at.rope_low == 1 && rope->at.rope_high == 4 && rope->at.rope_original == 8192);
  graph_close(&c);
  /* Llama itself ignores the key. */
  lower_tiny(&c, "llama",
             "{model_type: llama, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, "
             "num_attention_heads: 2, vocab_size: 10, sliding_window: 5, "
             "rope_scaling: {type: linear, factor: 2.5}}",
             "reference");
  CU_ASSERT(graph_op(&c, 1, "attention")->at.window == 0);
  rope = &c.program->parts[graph_op(&c, 1, "rope_append")->first_part];
  CU_ASSERT(rope->at.rope_scaling == RL_ROPE_LINEAR && rope->at.rope_factor == 2.5);
  graph_close(&c);
}

#define TINY_QWEN                                                  \
  "hidden_size: 12, intermediate_size: 20, num_hidden_layers: 4, " \
  "num_attention_heads: 6, num_key_value_heads: 2, vocab_size: 40, "

static void test_qwen2(void) {
  graph_case c;
  lower_tiny(&c, "qwen2",
             "{" TINY_QWEN "use_sliding_window: false, sliding_window: 7, max_window_layers: 2}",
             "reference");
  CU_ASSERT_EQUAL(c.program->run_count, 3);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, 0);
  CU_ASSERT_PTR_NOT_NULL(graph_tensor(&c, "v_proj.bias"));
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "o_proj.bias"));
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "gate_proj.bias"));
  graph_close(&c);
  /* Layers from max_window_layers on slide: 2 and 3 of 0..3. */
  lower_tiny(&c, "qwen2",
             "{" TINY_QWEN "use_sliding_window: true, sliding_window: 7, max_window_layers: 2}",
             "reference");
  CU_ASSERT_EQUAL_FATAL(c.program->run_count, 4);
  CU_ASSERT(c.program->runs[1].layers[0] == 0 && c.program->runs[1].layers[1] == 1);
  CU_ASSERT(c.program->runs[2].layers[0] == 2 && c.program->runs[2].layers[1] == 3);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, 0);
  CU_ASSERT_EQUAL(graph_op(&c, 2, "attention")->at.window, 7);
  graph_close(&c);
}

static void test_qwen3(void) {
  graph_case c;
  lower_tiny(&c, "qwen3", "{" TINY_QWEN "head_dim: 4}", "reference");
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2 3] input_norm qkv_proj q_norm k_norm rope_append attention o_proj add_norm "
             "gate_up_proj silu_mul down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  /* 6 heads of 4 are 24 values a token: the norm of q works on 6 rows of 4. */
  graph_same(graph_operands(&c, graph_op(&c, 1, "q_norm")), "q_norm: q q_norm.weight -> q");
  CU_ASSERT(graph_tensor(&c, "q")->cols == 24 && graph_tensor(&c, "q_norm.weight")->cols == 4);
  CU_ASSERT(graph_tensor(&c, "k")->cols == 8 && graph_tensor(&c, "o_proj.weight")->cols == 24);
  graph_close(&c);
}

#define TINY_GEMMA                                                                           \
  "hidden_size: 16, intermediate_size: 20, num_attention_heads: 4, num_key_value_heads: 2, " \
  "head_dim: 6, vocab_size: 40, sliding_window: 3, query_pre_attn_scalar: 9, "               \
  "hidden_activation: gelu_pytorch_tanh, "

static void test_gemma2(void) {
  graph_case c;
  lower_tiny(&c, "gemma2",
             "{" TINY_GEMMA
             "num_hidden_layers: 5, attn_logit_softcapping: 50.0, "
             "final_logit_softcapping: 30.0}",
             "reference");
  graph_same(graph_runs(&c),
             "[] embed embed_scale\n"
             "[0 2 4] input_norm qkv_proj rope_append attention o_proj post_attention_norm "
             "add_norm gate_up_proj silu_mul down_proj post_mlp_norm mlp_residual\n"
             "[1 3] input_norm qkv_proj rope_append attention o_proj post_attention_norm "
             "add_norm gate_up_proj silu_mul down_proj post_mlp_norm mlp_residual\n"
             "[] final_norm lm_head logits_softcap sample\n");
  for (uint32_t v = 0; v < 7; v++) {
    static const rl_visit expected[] = {{0, 0}, {1, 0}, {2, 0}, {1, 1}, {2, 1}, {1, 2}, {3, 0}};
    CU_ASSERT(c.program->visits[v].run == expected[v].run &&
              c.program->visits[v].instance == expected[v].instance);
  }
  const rl_op *local = graph_op(&c, 1, "attention"), *global = graph_op(&c, 2, "attention");
  CU_ASSERT(local->at.window == 3 && global->at.window == 0);
  CU_ASSERT(local->at.softcap == 50 && local->at.score_scale == 1.0 / 3);
  CU_ASSERT(graph_op(&c, 1, "input_norm")->at.weight_offset == 1);
  CU_ASSERT(graph_op(&c, 0, "embed_scale")->at.factor == 4);
  CU_ASSERT(graph_op(&c, 3, "logits_softcap")->at.softcap == 30);
  graph_same(graph_operands(&c, graph_op(&c, 3, "logits_softcap")),
             "logits_softcap: logits -> logits");
  const rl_op *act = &c.program->parts[graph_op(&c, 1, "silu_mul")->first_part];
  CU_ASSERT(act->at.activation == RL_GELU_TANH);
  CU_ASSERT(graph_tensor(&c, "lm_head.weight")->alias_of != RL_NONE);
  /* A kept token: K and V of 2 heads of 6 in bf16 = 48 bytes a layer; 3 layers keep 3, 2 keep all.
   */
  uint64_t bytes;
  CU_ASSERT(rl_program_kv_token_bytes(c.program, 3, &bytes) && bytes == 3 * 48);
  CU_ASSERT(rl_program_kv_token_bytes(c.program, 0, &bytes) && bytes == 2 * 48);
  CU_ASSERT(rl_program_kv_token_bytes(c.program, 4, &bytes) && bytes == 0);
  graph_close(&c);
}

/* 7 layers: 0 to 4 are local, 5 is global, 6 is local again. */
static void test_gemma3(void) {
  graph_case c;
  lower_tiny(&c, "gemma3",
             "{" TINY_GEMMA
             "num_hidden_layers: 7, rope_theta: 1000000.0, "
             "rope_scaling: {rope_type: linear, factor: 8.0}}",
             "reference");
  graph_same(graph_runs(&c),
             "[] embed embed_scale\n"
             "[0 1 2 3 4 6] input_norm qkv_proj q_norm k_norm rope_append attention o_proj "
             "post_attention_norm add_norm gate_up_proj silu_mul down_proj post_mlp_norm "
             "mlp_residual\n"
             "[5] input_norm qkv_proj q_norm k_norm rope_append attention o_proj "
             "post_attention_norm add_norm gate_up_proj silu_mul down_proj post_mlp_norm "
             "mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *local = &c.program->parts[graph_op(&c, 1, "rope_append")->first_part];
  const rl_op *global = &c.program->parts[graph_op(&c, 2, "rope_append")->first_part];
  CU_ASSERT(local->at.rope_base == 10000 && local->at.rope_scaling == RL_ROPE_PLAIN);
  CU_ASSERT(global->at.rope_base == 1000000 && global->at.rope_scaling == RL_ROPE_LINEAR);
  CU_ASSERT(global->at.rope_factor == 8);
  CU_ASSERT(graph_op(&c, 1, "attention")->at.window == 3);
  CU_ASSERT(graph_op(&c, 2, "attention")->at.window == 0);
  CU_ASSERT(graph_op(&c, 1, "attention")->at.softcap == 0);
  CU_ASSERT(c.program->visits[6].run == 2 && c.program->visits[6].instance == 0);
  CU_ASSERT(c.program->visits[7].run == 1 && c.program->visits[7].instance == 5);
  graph_close(&c);
  /* The list of newer configs says the same in other words, here: only layer 1 is local. */
  lower_tiny(&c, "gemma3",
             "{" TINY_GEMMA
             "num_hidden_layers: 3, "
             "layer_types: [full_attention, sliding_attention, full_attention]}",
             "reference");
  CU_ASSERT_EQUAL_FATAL(c.program->run_count, 4);
  CU_ASSERT(c.program->runs[1].repeat == 2 && c.program->runs[1].layers[1] == 2);
  CU_ASSERT(graph_op(&c, 1, "attention")->at.window == 0);
  CU_ASSERT(graph_op(&c, 2, "attention")->at.window == 3);
  graph_close(&c);
}

static void test_gpt2(void) {
  graph_case c;
  lower_tiny(&c, "gpt2", "{n_embd: 12, n_layer: 2, n_head: 3, n_positions: 17, vocab_size: 40}",
             "reference");
  graph_same(graph_runs(&c),
             "[] embed embed_positions add_positions\n"
             "[0 1] input_norm qkv_proj kv_append attention o_proj add_norm up_proj activation "
             "down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  graph_same(graph_operands(&c, graph_op(&c, 0, "embed")), "embed: ids embed.weight -> x");
  graph_same(graph_operands(&c, graph_op(&c, 0, "embed_positions")),
             "embed_positions: embed_positions.weight -> p");
  CU_ASSERT(c.program->positions == 17);
  const rl_tensor *v = graph_tensor(&c, "v_proj.weight"), *bias = graph_tensor(&c, "v_proj.bias");
  CU_ASSERT(v->row_offset == 24 && v->transposed && v->rows == 12 && v->cols == 12);
  CU_ASSERT(bias->row_offset == 24 && !bias->transposed && bias->cols == 12);
  CU_ASSERT_STRING_EQUAL(v->source, "h.{l}.attn.c_attn.weight");
  CU_ASSERT(graph_tensor(&c, "k_proj.weight")->row_offset == 12);
  CU_ASSERT(graph_tensor(&c, "up_proj.weight")->rows == 48);
  CU_ASSERT(graph_op(&c, 1, "input_norm")->at.norm == RL_NORM_LAYER);
  graph_same(graph_operands(&c, graph_op(&c, 1, "input_norm")),
             "input_norm: x input_norm.weight input_norm.bias -> h");
  CU_ASSERT(graph_op(&c, 1, "activation")->at.activation == RL_GELU_TANH);
  CU_ASSERT(graph_op(&c, 1, "o_proj")->at.has_bias);
  graph_close(&c);
}

#define TINY_OPT                                                                  \
  "{hidden_size: 12, ffn_dim: 20, num_hidden_layers: 2, num_attention_heads: 3, " \
  "max_position_embeddings: 30, vocab_size: 40"

static void test_opt(void) {
  graph_case c;
  lower_tiny(&c, "opt", TINY_OPT ", word_embed_proj_dim: 12, do_layer_norm_before: true}",
             "reference");
  /* 32 rows, the first two never reached */
  CU_ASSERT(c.program->positions == 30 && graph_tensor(&c, "embed_positions.weight")->rows == 32);
  CU_ASSERT(graph_op(&c, 0, "embed_positions")->at.offset == 2);
  CU_ASSERT(graph_op(&c, 0, "embed_positions")->at.index == RL_INDEX_POSITIONS);
  CU_ASSERT(graph_op(&c, 1, "activation")->at.activation == RL_RELU);
  CU_ASSERT_EQUAL(graph_tensor(&c, "embed.weight")->row_offset, 0);
  graph_close(&c);
}

/* As OPT-350M: another width of the embedding, norms behind the blocks and none at the end. */
static void test_opt_projected(void) {
  graph_case c;
  lower_tiny(&c, "opt", TINY_OPT ", word_embed_proj_dim: 8, do_layer_norm_before: false}",
             "unfused");
  graph_same(
      graph_runs(&c),
      "[] embed project_in embed_positions add_positions\n"
      "[0 1] q_proj k_proj v_proj kv_append scores softmax mix o_proj attn_residual attn_norm "
      "up_proj activation down_proj mlp_residual mlp_norm\n"
      "[] project_out lm_head sample\n");
  CU_ASSERT(graph_tensor(&c, "embed.weight")->cols == 8);
  CU_ASSERT(graph_tensor(&c, "project_in.weight")->rows == 12);
  CU_ASSERT(graph_tensor(&c, "project_in.weight")->cols == 8);
  CU_ASSERT(graph_tensor(&c, "project_out.weight")->rows == 8);
  CU_ASSERT(graph_tensor(&c, "project_out.weight")->cols == 12);
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "project_in.bias"));
  CU_ASSERT(graph_tensor(&c, "lm_head.weight")->cols == 8);
  CU_ASSERT_NOT_EQUAL(graph_tensor(&c, "lm_head.weight")->alias_of, RL_NONE);
  graph_same(graph_operands(&c, graph_op(&c, 1, "q_proj")),
             "q_proj: x q_proj.weight q_proj.bias -> q");
  graph_same(graph_operands(&c, graph_op(&c, 1, "mlp_norm")),
             "mlp_norm: x mlp_norm.weight mlp_norm.bias -> x");
  graph_close(&c);
  lower_tiny(&c, "opt", TINY_OPT ", word_embed_proj_dim: 8}", "unfused");
  graph_same(graph_operands(&c, graph_op(&c, 2, "project_out")),
             "project_out: h project_out.weight -> z");
  graph_close(&c);
  lower_tiny(&c, "opt", TINY_OPT ", do_layer_norm_before: false}", "unfused");
  graph_same(graph_operands(&c, graph_op(&c, 2, "lm_head")), "lm_head: x lm_head.weight -> logits");
  graph_close(&c);
}

static void check_refused(const char *family, const char *config) {
  graph_case c;
  graph_open(&c, NULL);
  graph_shipped(&c, family);
  CU_ASSERT(graph_config(&c, config));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  graph_blamed(&c);
  CU_ASSERT(c.diags.list.items[0].code == RL_D_FAMILY_REFUSES && c.program == NULL);
  graph_close(&c);
}

static void test_refusals(void) {
  check_refused("opt", TINY_OPT ", layer_norm_elementwise_affine: false}");
  check_refused("opt", TINY_OPT ", _remove_final_layer_norm: true}");
  check_refused("gpt2",
                "{n_embd: 12, n_layer: 2, n_head: 3, n_positions: 17, vocab_size: 40, "
                "scale_attn_by_inverse_layer_idx: true}");
}

RL_SUITE("families", {"parameters", test_parameters}, {"llama", test_llama},
         {"llama attributes", test_llama_attributes}, {"unfused", test_unfused},
         {"llama options", test_llama_options}, {"qwen2", test_qwen2}, {"qwen3", test_qwen3},
         {"gemma2", test_gemma2}, {"gemma3", test_gemma3}, {"gpt2", test_gpt2}, {"opt", test_opt},
         {"opt projected", test_opt_projected}, {"refusals", test_refusals})
