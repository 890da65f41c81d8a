/* GGUF files of further families, with the tensors that llama.cpp's converter gives each
 * architecture (gguf-py/gguf/constants.py and tensor_mapping.py): each file is counted to the last
 * byte, and nothing of it is left over. */
#include <stdio.h>
#include <string.h>

#include "api/analysis.h"
#include "gguf_help.h"
#include "graph/lower.h"
#include "spec_help.h"
#include "unit.h"

enum { FACTS = 24, TENSORS = 40, LAYERS = 2, F16 = 1 };

/* The tensors of each of two layers, from layer `from` to before `to` (0: both). Vectors (rows 0)
 * are fp32, as is `plain`; matrices are fp16. */
typedef struct layer_tensor {
  const char *name;
  uint32_t cols, rows, depth;
  uint32_t from, to;
  uint32_t only; /* layers as bits, 0: all */
  bool plain;
} layer_tensor;

typedef struct fact {
  const char *key;
  uint32_t value;
} fact;

typedef struct family_case {
  const char *architecture, *family;
  fact facts[FACTS];
  layer_tensor whole[10], layer[TENSORS];
  uint32_t layers;   /* 0: LAYERS */
  uint32_t kv_layer; /* the only one with heads of KV, which are then a list; 0: not so */
} family_case;

/* d = 64, 4 heads of 16, 2 of KV, 96 values between the matrices of the network, 40 tokens. */
#define USUAL                                                                \
  {"block_count", 2}, {"embedding_length", 64}, {"feed_forward_length", 96}, \
      {"context_length", 128}, {                                             \
    "attention.head_count", 4                                                \
  }
#define SPLIT_QKV                                         \
  {"attn_q.weight", 64, 64}, {"attn_k.weight", 64, 32}, { \
    "attn_v.weight", 64, 32                               \
  }
#define OUTPUT \
  { "attn_output.weight", 64, 64 }
#define GATED                                               \
  {"ffn_gate.weight", 64, 96}, {"ffn_up.weight", 64, 96}, { \
    "ffn_down.weight", 96, 64                               \
  }
#define ENDS                       \
  {"token_embd.weight", 64, 40}, { \
    "output_norm.weight", 64       \
  }
#define BIASED_UP_DOWN                                                           \
  {"ffn_up.weight", 64, 96}, {"ffn_up.bias", 96}, {"ffn_down.weight", 96, 64}, { \
    "ffn_down.bias", 64                                                          \
  }
/* Four experts of 32 values between their matrices. */
#define EXPERTS(dense)                                                     \
  {"ffn_gate_inp.weight", 64, 4, .from = (dense), .to = 2, .plain = true}, \
      {"ffn_gate_exps.weight", 64, 32, 4, .from = (dense), .to = 2},       \
      {"ffn_up_exps.weight", 64, 32, 4, .from = (dense), .to = 2}, {       \
    "ffn_down_exps.weight", 32, 64, 4, .from = (dense), .to = 2            \
  }
#define SHARED(dense)                                              \
  {"ffn_gate_shexp.weight", 64, 32, .from = (dense), .to = 2},     \
      {"ffn_up_shexp.weight", 64, 32, .from = (dense), .to = 2}, { \
    "ffn_down_shexp.weight", 32, 64, .from = (dense), .to = 2      \
  }
#define DENSE_FIRST                                                           \
  {"ffn_gate.weight", 64, 96, .to = 1}, {"ffn_up.weight", 64, 96, .to = 1}, { \
    "ffn_down.weight", 96, 64, .to = 1                                        \
  }
/* Latents of 24 and 8 rotated values, heads of 16 + 8 and 12. */
#define LATENT                                                                         \
  {"attn_norm.weight", 64}, {"attn_q_a.weight", 64, 40}, {"attn_q_a_norm.weight", 40}, \
      {"attn_q_b.weight", 40, 96}, {"attn_kv_a_mqa.weight", 64, 32},                   \
      {"attn_kv_a_norm.weight", 24}, {"attn_output.weight", 48, 64}, {                 \
    "ffn_norm.weight", 64                                                              \
  }
#define LATENT_FACTS                                                                          \
  {"attention.q_lora_rank", 40}, {"attention.kv_lora_rank", 24}, {"rope.dimension_count", 8}, \
      {"expert_count", 4}, {"expert_used_count", 2}, {"expert_feed_forward_length", 32},      \
      {"expert_shared_count", 1}, {                                                           \
    "leading_dense_block_count", 1                                                            \
  }

#define BIASED(name, rows)      \
  {name ".weight", 64, rows}, { \
    name ".bias", rows          \
  }
#define NORM(name)        \
  {name ".weight", 64}, { \
    name ".bias", 64      \
  }
#define BERT_LAYER                                                                             \
  BIASED("attn_q", 64), BIASED("attn_k", 64), BIASED("attn_v", 64), BIASED("attn_output", 64), \
      NORM("attn_output_norm"), BIASED_UP_DOWN, NORM("layer_output_norm")
#define BERT_ENDS                                                              \
  {"token_embd.weight", 64, 40}, {"token_types.weight", 64, 2, .plain = true}, \
      {"position_embd.weight", 64, 128, .plain = true}, NORM("token_embd_norm")
#define FUSED_LAYER \
  NORM("attn_norm"), BIASED("attn_qkv", 192), BIASED("attn_output", 64), NORM("ffn_norm")
#define NORMED_LAYER                                                                           \
  {"attn_norm.weight", 64}, SPLIT_QKV, {"attn_q_norm.weight", 16}, {"attn_k_norm.weight", 16}, \
      OUTPUT, {                                                                                \
    "ffn_norm.weight", 64                                                                      \
  }
#define MAMBA(first, behind)                                                             \
  {"attn_norm.weight", 64}, {"ssm_in.weight", 64, 256, .from = (first), .to = (behind)}, \
      {"ssm_conv1d.weight", 4, 128, .from = (first), .to = (behind), .plain = true},     \
      {"ssm_conv1d.bias", 128, .from = (first), .to = (behind)},                         \
      {"ssm_x.weight", 128, 20, .from = (first), .to = (behind)},                        \
      {"ssm_dt.weight", 4, 128, .from = (first), .to = (behind)},                        \
      {"ssm_dt.bias", 128, .from = (first), .to = (behind)},                             \
      {"ssm_a", 8, 128, .from = (first), .to = (behind), .plain = true},                 \
      {"ssm_d", 128, .from = (first), .to = (behind)}, {                                 \
    "ssm_out.weight", 128, 64, .from = (first), .to = (behind)                           \
  }
#define T5_ATTENTION(name)                                                              \
  {name "_q.weight", 64, 48}, {name "_k.weight", 64, 48}, {name "_v.weight", 64, 48}, { \
    name "_o.weight", 48, 64                                                            \
  }

static const family_case cases[] = {
    /* an encoder for embeddings; then one with the head that ranks pairs */
    {"bert", "bert", {USUAL}, {BERT_ENDS}, {BERT_LAYER}},
    {"bert",
     "bert",
     {USUAL},
     {BERT_ENDS,
      {"cls.weight", 64, 64},
      {"cls.bias", 64},
      {"cls.output.weight", 64, 2},
      {"cls.output.bias", 2}},
     {BERT_LAYER}},
    /* 128 channels of 8 states, steps through 4 values; then 4 heads of 32 in 2 groups of 8 states
     */
    {"mamba",
     "mamba",
     {USUAL,
      {"ssm.inner_size", 128},
      {"ssm.state_size", 8},
      {"ssm.conv_kernel", 4},
      {"ssm.time_step_rank", 4}},
     {ENDS},
     {MAMBA(0, 0)}},
    /* the fifth layer attends, the second and fourth have experts */
    {"jamba",
     "jamba",
     {{"block_count", 5},
      {"embedding_length", 64},
      {"feed_forward_length", 32},
      {"attention.head_count", 4},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"ssm.inner_size", 128},
      {"ssm.state_size", 8},
      {"ssm.conv_kernel", 4},
      {"ssm.time_step_rank", 4}},
     {ENDS, {"output.weight", 64, 40}},
     {MAMBA(0, 4),
      {"ssm_dt_norm.weight", 4, .to = 4},
      {"ssm_b_norm.weight", 8, .to = 4},
      {"ssm_c_norm.weight", 8, .to = 4},
      {"attn_q.weight", 64, 64, .from = 4},
      {"attn_k.weight", 64, 32, .from = 4},
      {"attn_v.weight", 64, 32, .from = 4},
      {"attn_output.weight", 64, 64, .from = 4},
      {"ffn_norm.weight", 64},
      {"ffn_gate.weight", 64, 32, .only = 21},
      {"ffn_up.weight", 64, 32, .only = 21},
      {"ffn_down.weight", 32, 64, .only = 21},
      {"ffn_gate_inp.weight", 64, 4, .only = 10, .plain = true},
      {"ffn_gate_exps.weight", 64, 32, 4, .only = 10},
      {"ffn_up_exps.weight", 64, 32, 4, .only = 10},
      {"ffn_down_exps.weight", 32, 64, 4, .only = 10}},
     .layers = 5,
     .kv_layer = 4},
    {"mamba2",
     "mamba2",
     {USUAL,
      {"ssm.inner_size", 128},
      {"ssm.state_size", 8},
      {"ssm.conv_kernel", 4},
      {"ssm.time_step_rank", 4},
      {"ssm.group_count", 2}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      {"ssm_in.weight", 64, 128 + 160 + 4},
      {"ssm_conv1d.weight", 4, 160, .plain = true},
      {"ssm_conv1d.bias", 160},
      {"ssm_dt.bias", 4},
      {"ssm_a", 1, 4, .plain = true},
      {"ssm_d", 1, 4, .plain = true},
      {"ssm_norm.weight", 64, 2, .plain = true},
      {"ssm_out.weight", 128, 64}}},
    /* 2 heads of keys, 4 of values, both of 16; the second layer attends in full */
    {"qwen3next",
     "qwen3-next",
     {{"block_count", 2},
      {"embedding_length", 64},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 2},
      {"attention.key_length", 16},
      {"rope.dimension_count", 4},
      {"ssm.inner_size", 64},
      {"ssm.state_size", 16},
      {"ssm.conv_kernel", 4},
      {"ssm.time_step_rank", 4},
      {"ssm.group_count", 2},
      {"full_attention_interval", 2},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"expert_feed_forward_length", 32},
      {"expert_shared_feed_forward_length", 32},
      {"feed_forward_length", 96}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      {"post_attention_norm.weight", 64},
      EXPERTS(0),
      SHARED(0),
      {"ffn_gate_inp_shexp.weight", 64},
      {"attn_qkv.weight", 64, 128, .to = 1},
      {"attn_gate.weight", 64, 64, .to = 1},
      {"ssm_conv1d.weight", 4, 128, .to = 1, .plain = true},
      {"ssm_dt.bias", 4, .to = 1},
      {"ssm_a", 4, .to = 1},
      {"ssm_ba.weight", 64, 8, .to = 1},
      {"ssm_norm.weight", 16, .to = 1},
      {"ssm_out.weight", 64, 64, .to = 1},
      {"attn_q.weight", 64, 128, .from = 1, .to = 2},
      {"attn_k.weight", 64, 32, .from = 1, .to = 2},
      {"attn_v.weight", 64, 32, .from = 1, .to = 2},
      {"attn_q_norm.weight", 16, .from = 1, .to = 2},
      {"attn_k_norm.weight", 16, .from = 1, .to = 2},
      {"attn_output.weight", 64, 64, .from = 1, .to = 2}}},
    /* 4 heads of 16, small networks of 8 and 12 values */
    {"rwkv6",
     "rwkv",
     {{"block_count", 2},
      {"embedding_length", 64},
      {"feed_forward_length", 96},
      {"wkv.head_size", 16},
      {"time_mix_extra_dim", 8},
      {"time_decay_extra_dim", 12}},
     {ENDS, {"output.weight", 64, 40}, {"output_norm.bias", 64}, NORM("token_embd_norm")},
     {NORM("attn_norm"),
      NORM("attn_norm_2"),
      {"time_mix_w1.weight", 64, 40},
      {"time_mix_w2.weight", 8, 64, 5},
      {"time_mix_lerp_x.weight", 64},
      {"time_mix_lerp_fused.weight", 320},
      {"time_mix_first.weight", 16, 4, .plain = true},
      {"time_mix_decay.weight", 64},
      {"time_mix_decay_w1.weight", 64, 12},
      {"time_mix_decay_w2.weight", 12, 64},
      {"time_mix_key.weight", 64, 64},
      {"time_mix_value.weight", 64, 64},
      {"time_mix_receptance.weight", 64, 64},
      {"time_mix_gate.weight", 64, 64},
      NORM("time_mix_ln"),
      {"time_mix_output.weight", 64, 64},
      {"channel_mix_lerp_k.weight", 64},
      {"channel_mix_lerp_r.weight", 64},
      {"channel_mix_key.weight", 64, 96},
      {"channel_mix_value.weight", 96, 64},
      {"channel_mix_receptance.weight", 64, 64}}},
    /* gated, with a head of its own */
    {"t5",
     "t5",
     {USUAL,
      {"decoder_block_count", 2},
      {"attention.key_length", 12},
      {"attention.relative_buckets_count", 8}},
     {{"token_embd.weight", 64, 40},
      {"output.weight", 64, 40},
      {"enc.output_norm.weight", 64},
      {"dec.output_norm.weight", 64},
      {"enc.blk.0.attn_rel_b.weight", 4, 8, .plain = true},
      {"dec.blk.0.attn_rel_b.weight", 4, 8, .plain = true}},
     {{"enc.attn_norm.weight", 64},
      T5_ATTENTION("enc.attn"),
      {"enc.ffn_norm.weight", 64},
      {"enc.ffn_gate.weight", 64, 96},
      {"enc.ffn_up.weight", 64, 96},
      {"enc.ffn_down.weight", 96, 64},
      {"dec.attn_norm.weight", 64},
      T5_ATTENTION("dec.attn"),
      {"dec.cross_attn_norm.weight", 64},
      T5_ATTENTION("dec.cross_attn"),
      {"dec.ffn_norm.weight", 64},
      {"dec.ffn_gate.weight", 64, 96},
      {"dec.ffn_up.weight", 64, 96},
      {"dec.ffn_down.weight", 96, 64}}},
    {"deepseek2",
     "deepseek",
     {USUAL,
      LATENT_FACTS,
      {"expert_gating_func", 2},
      {"attention.key_length_mla", 24},
      {"attention.value_length_mla", 12},
      {"attention.key_length", 32},
      {"attention.value_length", 24}},
     {ENDS, {"output.weight", 64, 40}},
     {LATENT,
      DENSE_FIRST,
      EXPERTS(1),
      SHARED(1),
      {"attn_k_b.weight", 16, 24, 4},
      {"attn_v_b.weight", 24, 12, 4},
      {"exp_probs_b.bias", 4, .from = 1, .to = 2}}},
    {"deepseek2",
     "deepseek",
     {USUAL, LATENT_FACTS, {"attention.key_length", 24}, {"attention.value_length", 12}},
     {ENDS, {"output.weight", 64, 40}},
     {LATENT, DENSE_FIRST, EXPERTS(1), SHARED(1), {"attn_kv_b.weight", 24, 112}}},
    {"llama4",
     "llama4",
     {USUAL,
      {"attention.head_count_kv", 2},
      {"expert_count", 4},
      {"expert_used_count", 1},
      {"expert_feed_forward_length", 32},
      {"interleave_moe_layer_step", 2}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      SPLIT_QKV,
      OUTPUT,
      {"ffn_norm.weight", 64},
      DENSE_FIRST,
      EXPERTS(1),
      SHARED(1)}},
    {"glm4",
     "glm",
     {USUAL, {"attention.head_count_kv", 2}, {"rope.dimension_count", 8}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      SPLIT_QKV,
      OUTPUT,
      {"post_attention_norm.weight", 64},
      {"ffn_norm.weight", 64},
      {"ffn_up.weight", 64, 192},
      {"ffn_down.weight", 96, 64},
      {"post_ffw_norm.weight", 64}}},
    {"glm4moe",
     "glm-moe",
     {USUAL,
      {"attention.head_count_kv", 2},
      {"rope.dimension_count", 8},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"expert_feed_forward_length", 32},
      {"expert_shared_count", 1},
      {"leading_dense_block_count", 1}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      BIASED("attn_q", 64),
      BIASED("attn_k", 32),
      BIASED("attn_v", 32),
      {"attn_q_norm.weight", 16},
      {"attn_k_norm.weight", 16},
      OUTPUT,
      {"post_attention_norm.weight", 64},
      DENSE_FIRST,
      EXPERTS(1),
      SHARED(1),
      {"exp_probs_b.bias", 4, .from = 1, .to = 2}}},
    {"command-r",
     "cohere",
     {USUAL, {"attention.head_count_kv", 2}},
     {ENDS},
     {{"attn_norm.weight", 64}, SPLIT_QKV, OUTPUT, GATED}},
    {"cohere2",
     "cohere",
     {USUAL, {"attention.head_count_kv", 2}, {"attention.sliding_window", 32}},
     {ENDS},
     {{"attn_norm.weight", 64}, SPLIT_QKV, OUTPUT, GATED}},
    /* one head of KV, one norm; then two of each */
    {"falcon",
     "falcon",
     {USUAL, {"attention.head_count_kv", 1}},
     {ENDS, {"output_norm.bias", 64}, {"output.weight", 64, 40}},
     {NORM("attn_norm"),
      {"attn_qkv.weight", 64, 96},
      OUTPUT,
      {"ffn_up.weight", 64, 96},
      {"ffn_down.weight", 96, 64}}},
    {"falcon",
     "falcon",
     {USUAL, {"attention.head_count_kv", 2}},
     {ENDS, {"output_norm.bias", 64}},
     {NORM("attn_norm"),
      NORM("attn_norm_2"),
      {"attn_qkv.weight", 64, 128},
      OUTPUT,
      {"ffn_up.weight", 64, 96},
      {"ffn_down.weight", 96, 64}}},
    {"phi2",
     "phi",
     {USUAL, {"attention.head_count_kv", 4}, {"rope.dimension_count", 8}},
     {ENDS, {"output_norm.bias", 64}, {"output.weight", 64, 40}, {"output.bias", 40}},
     {NORM("attn_norm"), BIASED("attn_q", 64), BIASED("attn_k", 64), BIASED("attn_v", 64),
      BIASED("attn_output", 64), BIASED_UP_DOWN}},
    /* as the first converters wrote it */
    {"phi2",
     "phi",
     {USUAL, {"attention.head_count_kv", 4}, {"rope.dimension_count", 8}},
     {ENDS, {"output_norm.bias", 64}, {"output.weight", 64, 40}, {"output.bias", 40}},
     {NORM("attn_norm"), BIASED("attn_qkv", 192), BIASED("attn_output", 64), BIASED_UP_DOWN}},
    /* text models of Mistral 3 and of Qwen 2 VL, 2.5 VL and 3 VL */
    {"mistral3",
     "mistral3",
     {USUAL, {"attention.head_count_kv", 2}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64}, SPLIT_QKV, OUTPUT, {"ffn_norm.weight", 64}, GATED}},
    {"qwen2vl",
     "qwen2",
     {USUAL, {"attention.head_count_kv", 2}},
     {ENDS},
     {{"attn_norm.weight", 64},
      BIASED("attn_q", 64),
      BIASED("attn_k", 32),
      BIASED("attn_v", 32),
      OUTPUT,
      {"ffn_norm.weight", 64},
      GATED}},
    {"qwen3vl",
     "qwen3",
     {USUAL, {"attention.head_count_kv", 2}, {"attention.key_length", 16}},
     {ENDS, {"output.weight", 64, 40}},
     {NORMED_LAYER, GATED}},
    {"qwen3vlmoe",
     "qwen3-moe",
     {USUAL,
      {"attention.head_count_kv", 2},
      {"attention.key_length", 16},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"expert_feed_forward_length", 32}},
     {ENDS, {"output.weight", 64, 40}},
     {NORMED_LAYER, EXPERTS(0)}},
    {"gpt2",
     "gpt2",
     {USUAL},
     {ENDS, {"output_norm.bias", 64}, {"position_embd.weight", 64, 128}},
     {FUSED_LAYER, BIASED_UP_DOWN}},
    {"gptneox",
     "gpt-neox",
     {USUAL, {"rope.dimension_count", 4}},
     {ENDS, {"output_norm.bias", 64}, {"output.weight", 64, 40}},
     {FUSED_LAYER, BIASED_UP_DOWN}},
    {"mpt",
     "mpt",
     {USUAL},
     {ENDS},
     {{"attn_norm.weight", 64},
      {"attn_qkv.weight", 64, 192},
      OUTPUT,
      {"ffn_norm.weight", 64},
      {"ffn_up.weight", 64, 96},
      {"ffn_down.weight", 96, 64}}},
    {"bloom",
     "bloom",
     {{"block_count", 2},
      {"embedding_length", 64},
      {"feed_forward_length", 256},
      {"attention.head_count", 4}},
     {ENDS, {"output_norm.bias", 64}, {"token_embd_norm.weight", 64}, {"token_embd_norm.bias", 64}},
     {FUSED_LAYER,
      {"ffn_up.weight", 64, 256},
      {"ffn_up.bias", 256},
      {"ffn_down.weight", 256, 64},
      {"ffn_down.bias", 64}}},
    {"dbrx",
     "dbrx",
     {{"block_count", 2},
      {"embedding_length", 64},
      {"feed_forward_length", 32},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 2},
      {"expert_count", 4},
      {"expert_used_count", 2},
      {"attention.clamp_kqv", 8}},
     {ENDS, {"output.weight", 64, 40}},
     {{"attn_norm.weight", 64},
      {"attn_qkv.weight", 64, 128},
      OUTPUT,
      {"attn_output_norm.weight", 64},
      EXPERTS(0)}},
    {"granitemoe",
     "granite-moe",
     {{"block_count", 2},
      {"embedding_length", 64},
      {"feed_forward_length", 32},
      {"attention.head_count", 4},
      {"attention.head_count_kv", 2},
      {"expert_count", 4},
      {"expert_used_count", 2}},
     {ENDS},
     {{"attn_norm.weight", 64}, SPLIT_QKV, OUTPUT, {"ffn_norm.weight", 64}, EXPERTS(0)}},
};

static gguf_file file;

static uint64_t add_tensor(const layer_tensor *tensor, const char *name) {
  bool matrix = tensor->rows > 0 && !tensor->plain;
  uint64_t rows = tensor->rows > 0 ? tensor->rows : 1;
  uint64_t depth = tensor->depth > 0 ? tensor->depth : 1;
  uint64_t bytes = tensor->cols * rows * depth * (matrix ? 2 : 4);
  gguf_tensor(&file, name,
              (gguf_shape){matrix ? F16 : GGUF_F32, tensor->cols, tensor->rows, bytes,
                           .depth = tensor->depth});
  return bytes;
}

/* The facts of a case, with heads of KV in one layer alone where it says so. */
static void add_facts(const family_case *c, uint32_t layers) {
  char name[96];
  uint32_t kv_heads[8] = {0};
  gguf_text(&file, "general.architecture", c->architecture);
  gguf_texts(&file, "tokenizer.ggml.tokens", 40);
  for (size_t i = 0; i < FACTS && c->facts[i].key != NULL; i++) {
    snprintf(name, sizeof name, "%s.%s", c->architecture, c->facts[i].key);
    gguf_number(&file, name, c->facts[i].value);
  }
  if (c->kv_layer == 0) return;
  kv_heads[c->kv_layer] = 2;
  snprintf(name, sizeof name, "%s.attention.head_count_kv", c->architecture);
  gguf_list(&file, name, kv_heads, layers);
}

static bool has_layer(const layer_tensor *t, uint32_t layer) {
  if (layer < t->from || (t->to > 0 && layer >= t->to)) return false;
  return t->only == 0 || (t->only >> layer & 1) != 0;
}

/* "blk.1.ffn_up.weight"; of an encoder or a decoder "enc.blk.1.ffn_up.weight". */
static uint64_t add_layer_tensor(const layer_tensor *t, uint32_t layer) {
  char name[96];
  const bool stacked = strncmp(t->name, "enc.", 4) == 0 || strncmp(t->name, "dec.", 4) == 0;
  const int front = stacked ? 4 : 0;
  snprintf(name, sizeof name, "%.*sblk.%u.%s", front, t->name, layer, t->name + front);
  return add_tensor(t, name);
}

/* The file of a case; its bytes. */
static uint64_t make(const family_case *c) {
  const uint32_t layers = c->layers > 0 ? c->layers : LAYERS;
  uint64_t bytes = 0;
  memset(&file, 0, sizeof file);
  add_facts(c, layers);
  for (const layer_tensor *t = c->whole; t->name != NULL; t++) bytes += add_tensor(t, t->name);
  for (uint32_t layer = 0; layer < layers; layer++) {
    for (const layer_tensor *t = c->layer; t->name != NULL; t++) {
      if (has_layer(t, layer)) bytes += add_layer_tensor(t, layer);
    }
  }
  return bytes;
}

static void check_case(const family_case *which) {
  char path[GGUF_PATH], said[512];
  spec_case c;
  rl_scenario *scenario = NULL;
  const rl_program *program = NULL;
  uint64_t want = make(which), bytes = 0;
  spec_open(&c, NULL);
  gguf_write(&file, gguf_folder(), "m.gguf", path);
  rl_request request = {.model.text = path, .hardware.text = "h100-sxm"};
  rl_status status = rl_scenario_resolve(&c.arena, c.db, &request, &scenario, &c.diags);
  if (status == RL_OK) status = rl_lower(&c.arena, scenario, &program, &c.diags);
  if (status == RL_OK) status = rl_stored_check(&c.arena, scenario, program, &c.diags);
  gguf_last_line(&c.diags, said, sizeof said);
  if (said[0] != '\0') fprintf(stderr, "\n%s: %s\n", which->architecture, said);
  CU_ASSERT_EQUAL(status, RL_OK);
  CU_ASSERT_STRING_EQUAL(said, "");
  if (status == RL_OK) {
    CU_ASSERT_STRING_EQUAL(scenario->model->family->name, which->family);
    CU_ASSERT(rl_program_weight_bytes(program, &bytes));
    if (bytes != want) fprintf(stderr, "\n%s\n", which->architecture);
    CU_ASSERT_EQUAL(bytes, want);
    /* no window but that of the one that says it */
    for (uint32_t i = 0; i < program->op_count; i++) {
      CU_ASSERT(program->ops[i].at.window == 0 || strcmp(which->architecture, "cohere2") == 0);
    }
  }
  spec_close(&c);
  gguf_folder_end(path);
}

static void test_families(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i]);
}

RL_SUITE("api gguf families", {"families", test_families})
