/* gpt-oss out of its files: sinks, and biases of experts whose values alternate in one tensor, are
 * found and counted once.
 *
 * One layer, d = 64, 4 heads of 16 and 2 of KV, 3 experts of 32, 40 tokens. By hand, values: two
 * tables 2 * 40 * 64 = 5,120; three norms 192; 4 sinks; q and o 64 * 64 + 64 = 4,160 each, k and v
 * 32 * 64 + 32 = 2,080 each; router 3 * 64 + 3 = 195: 17,991 in all; biases of experts 3 * (32 + 32
 * + 64) = 384, their matrices 3 * 3 * 64 * 32 = 18,432. */
#include <stdio.h>
#include <string.h>

#include "api/analysis.h"
#include "gguf_help.h"
#include "graph/lower.h"
#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

enum { OTHERS = 17991, BIASES = 384, MATRICES = 18432 };

static void expect_bytes(const char *path, uint64_t expected) {
  spec_case c;
  rl_scenario *scenario;
  const rl_program *program = NULL;
  const rl_request request = {.model.text = path, .hardware.text = "h100-sxm"};
  uint64_t bytes = 0, values = 0;
  spec_open(&c, NULL);
  rl_status status = rl_scenario_resolve(&c.arena, c.db, &request, &scenario, &c.diags);
  if (status == RL_OK) status = rl_lower(&c.arena, scenario, &program, &c.diags);
  if (status == RL_OK) status = rl_stored_check(&c.arena, scenario, program, &c.diags);
  for (size_t i = 0; i < c.diags.list.count; i++) {
    fprintf(stderr, "\n%s\n", c.diags.list.items[i].message);
  }
  CU_ASSERT_EQUAL(status, RL_OK);
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  if (status == RL_OK) {
    CU_ASSERT(rl_program_weight_bytes(program, &bytes) && bytes == expected);
    CU_ASSERT(rl_program_parameters(program, &values) && values == OTHERS + BIASES + MATRICES);
  }
  spec_close(&c);
}

/* --- GGUF --- */

static gguf_file file;

static void add(const char *name, uint64_t cols, uint64_t rows, uint64_t depth) {
  const uint64_t values = cols * (rows == 0 ? 1 : rows) * (depth == 0 ? 1 : depth);
  gguf_tensor(&file, name, (gguf_shape){GGUF_F32, cols, rows, 4 * values, depth});
}

static void add_facts(void) {
  static const struct {
    const char *key;
    uint32_t value;
  } facts[] = {{"gpt-oss.block_count", 1},
               {"gpt-oss.embedding_length", 64},
               {"gpt-oss.feed_forward_length", 32},
               {"gpt-oss.attention.head_count", 4},
               {"gpt-oss.attention.head_count_kv", 2},
               {"gpt-oss.attention.key_length", 16},
               {"gpt-oss.expert_count", 3},
               {"gpt-oss.expert_used_count", 2}};
  memset(&file, 0, sizeof file);
  gguf_text(&file, "general.architecture", "gpt-oss");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    gguf_number(&file, facts[i].key, facts[i].value);
  }
  gguf_texts(&file, "tokenizer.ggml.tokens", 40);
}

static void add_product(const char *name, uint64_t cols, uint64_t rows, uint64_t experts) {
  char whole[64];
  snprintf(whole, sizeof whole, "blk.0.%s.weight", name);
  add(whole, cols, rows, experts);
  snprintf(whole, sizeof whole, "blk.0.%s.bias", name);
  add(whole, rows, experts, 0);
}

static void test_gguf(void) {
  char path[GGUF_PATH];
  add_facts();
  add("token_embd.weight", 64, 40, 0);
  add("output.weight", 64, 40, 0);
  add("output_norm.weight", 64, 0, 0);
  add("blk.0.attn_norm.weight", 64, 0, 0);
  add("blk.0.post_attention_norm.weight", 64, 0, 0);
  add("blk.0.attn_sinks.weight", 4, 0, 0);
  add_product("attn_q", 64, 64, 0);
  add_product("attn_k", 64, 32, 0);
  add_product("attn_v", 64, 32, 0);
  add_product("attn_output", 64, 64, 0);
  add_product("ffn_gate_inp", 64, 3, 0);
  add_product("ffn_gate_exps", 64, 32, 3);
  add_product("ffn_up_exps", 64, 32, 3);
  add_product("ffn_down_exps", 32, 64, 3);
  gguf_write(&file, gguf_folder(), "m.gguf", path);
  expect_bytes(path, UINT64_C(4) * (OTHERS + BIASES + MATRICES));
  gguf_folder_end(path);
}

/* --- safetensors --- */

static safe_file safe;

static void add_bf16(const char *name, const char *shape) {
  char whole[96];
  snprintf(whole, sizeof whole, "model.layers.0.%s", name);
  safe_tensor(&safe, whole, "BF16", shape);
}

static void add_experts(void) {
  safe_tensor(&safe, "model.layers.0.mlp.experts.gate_up_proj_blocks", "U8", "3, 64, 2, 16");
  safe_tensor(&safe, "model.layers.0.mlp.experts.gate_up_proj_scales", "U8", "3, 64, 2");
  safe_tensor(&safe, "model.layers.0.mlp.experts.down_proj_blocks", "U8", "3, 64, 1, 16");
  safe_tensor(&safe, "model.layers.0.mlp.experts.down_proj_scales", "U8", "3, 64, 1");
  add_bf16("mlp.experts.gate_up_proj_bias", "3, 64");
  add_bf16("mlp.experts.down_proj_bias", "3, 64");
}

/* Published: 4-bit floats with a scale of a byte for 32, gate and up row by row in turn. */
static void test_safetensors(void) {
  static const char *const products[][3] = {{"self_attn.q_proj", "64, 64", "64"},
                                            {"self_attn.k_proj", "32, 64", "32"},
                                            {"self_attn.v_proj", "32, 64", "32"},
                                            {"self_attn.o_proj", "64, 64", "64"},
                                            {"mlp.router", "3, 64", "3"}};
  const char *folder = safe_folder();
  char name[64];
  memset(&safe, 0, sizeof safe);
  safe_write_text(
      folder, "config.json",
      "{\"model_type\": \"gpt_oss\", \"hidden_size\": 64, \"num_hidden_layers\": 1, "
      "\"intermediate_size\": 32, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
      "\"head_dim\": 16, \"num_local_experts\": 3, \"num_experts_per_tok\": 2, \"vocab_size\": 40, "
      "\"torch_dtype\": \"bfloat16\", \"quantization_config\": {\"quant_method\": \"mxfp4\"}}");
  safe_tensor(&safe, "model.embed_tokens.weight", "BF16", "40, 64");
  safe_tensor(&safe, "lm_head.weight", "BF16", "40, 64");
  safe_tensor(&safe, "model.norm.weight", "BF16", "64");
  add_bf16("input_layernorm.weight", "64");
  add_bf16("post_attention_layernorm.weight", "64");
  add_bf16("self_attn.sinks", "4");
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    snprintf(name, sizeof name, "%s.weight", products[i][0]);
    add_bf16(name, products[i][1]);
    snprintf(name, sizeof name, "%s.bias", products[i][0]);
    add_bf16(name, products[i][2]);
  }
  add_experts();
  safe_write(&safe, folder, "model.safetensors");
  expect_bytes(folder, UINT64_C(2) * (OTHERS + BIASES) + MATRICES / 2 + MATRICES / 32);
  safe_folder_end();
}

RL_SUITE("api gpt-oss", {"gguf", test_gguf}, {"safetensors", test_safetensors})
