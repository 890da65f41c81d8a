/* What a Hugging Face config means: formats of quantization_config, number types, wrapped configs,
 * classes of keys. Refusals are golden failures (tests/fail/config). */
#include <stdio.h>
#include <string.h>

#include "spec_help.h"
#include "unit.h"

/* Loads a config of the toy family with further keys through a file, as a user gives it. */
static const rl_model *load(spec_case *c, const char *more) {
  static const char path[] = "./spec-config.json";
  const rl_model *model;
  FILE *file = fopen(path, "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fprintf(file,
          "{\"model_type\": \"toy\", \"hidden_size\": 64, \"intermediate_size\": 128,"
          "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"vocab_size\": 100%s%s}\n",
          strstr(more, "dtype") == NULL ? ", \"torch_dtype\": \"bfloat16\"" : "", more);
  fclose(file);
  spec_open(c, "tests/fail/db");
  rl_status status = rl_db_model(c->db, path, (rl_loc){0}, &model, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  CU_ASSERT_EQUAL(remove(path), 0);
  return model;
}

typedef struct quantization_case {
  const char *config;
  const char *format; /* NULL: none */
} quantization_case;

static const quantization_case quantizations[] = {
    {"", NULL},
    {", \"quantization_config\": null", NULL},
    {", \"quantization_config\": {\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, "
     "\"zero_point\": true, \"version\": \"gemm\"}",
     "w4a16-g128-asym"},
    /* AWQ stores zero points unless it says that it does not; GPTQ is symmetric unless it says. */
    {", \"quantization_config\": {\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 64}",
     "w4a16-g64-asym"},
    {", \"quantization_config\": {\"quant_method\": \"awq\", \"w_bit\": 4, \"q_group_size\": 64, "
     "\"zero_point\": false}",
     "w4a16-g64"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 32}",
     "w4a16-g32"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, "
     "\"sym\": false, \"desc_act\": false, \"damp_percent\": 0.01}",
     "w4a16-g128-asym"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": -1, "
     "\"sym\": true}",
     "w8a16"},
    {", \"quantization_config\": {\"quant_method\": \"fp8\", \"activation_scheme\": \"static\"}",
     "w8a8-fp8"},
    {", \"quantization_config\": {\"quant_method\": \"fp8\", \"activation_scheme\": \"dynamic\", "
     "\"fmt\": \"e4m3\", \"weight_block_size\": null}",
     "w8a8-fp8"},
    {", \"quantization_config\": {\"quant_method\": \"fp8\", \"fmt\": \"float8_e4m3fn\", "
     "\"scale_fmt\": \"ue8m0\", \"weight_block_size\": [128, 128]}",
     "fp8-block128"},
    {", \"quantization_config\": {\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128]}",
     "fp8-block128"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, "
     "\"desc_act\": true}",
     "gptq-g128-act"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 32, "
     "\"sym\": false, \"desc_act\": true}",
     "gptq-g32-asym-act"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": -1, "
     "\"desc_act\": true}",
     "w4a16-row"},
    {", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true, "
     "\"bnb_4bit_quant_type\": \"nf4\", \"bnb_4bit_use_double_quant\": true}",
     "bnb-nf4-double"},
    {", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true, "
     "\"bnb_4bit_quant_type\": \"nf4\"}",
     "bnb-nf4"},
    {", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}",
     "bnb-fp4"},
    {", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true, "
     "\"bnb_4bit_quant_type\": \"fp4\", \"bnb_4bit_use_double_quant\": true}",
     "bnb-fp4-double"},
    {", \"quantization_config\": {\"quant_method\": \"fbgemm_fp8\", \"activation_scale_ub\": "
     "1200.0, "
     "\"modules_to_not_convert\": [\"lm_head\"]}",
     "w8a8-fp8-row-scale32"},
    {", \"quantization_config\": {\"quant_method\": \"auto-round\", \"bits\": 4, \"group_size\": "
     "128, "
     "\"sym\": true, \"data_type\": \"int\", \"packing_format\": \"auto_round:auto_gptq\"}",
     "w4a16-g128"},
    /* what inputs are quantized to tells schemes with the same weights apart; int and 8 are meant
     * where nothing is said */
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, "
     "\"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 8, \"type\": \"int\", \"strategy\": "
     "\"token\"}}}}",
     "w4a8-g128"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, "
     "\"strategy\": \"group\", \"group_size\": 32, \"symmetric\": true}, "
     "\"input_activations\": {\"strategy\": \"token\"}}}}",
     "w4a8-g32"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, "
     "\"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 8, \"type\": \"float\"}}}}",
     "w4a8-fp8-g128"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, "
     "\"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 4, \"type\": \"int\"}}}}",
     "w4a4-int4-g128"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"format\": "
     "\"pack-quantized\", \"config_groups\": {\"group_0\": {\"weights\": {\"type\": "
     "\"int\", \"num_bits\": 4, \"strategy\": \"channel\", \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 4, \"type\": \"int\"}}}}",
     "w4a4-int4"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, "
     "\"strategy\": \"channel\", \"symmetric\": true}, \"input_activations\": "
     "{\"num_bits\": 8, \"type\": \"int\"}}}}",
     "w4a8-row"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 2, "
     "\"strategy\": \"group\", \"group_size\": 64, \"symmetric\": true}, "
     "\"input_activations\": null}}}",
     "w2a16-g64"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 8, "
     "\"strategy\": \"group\", \"group_size\": 32, \"symmetric\": true}, "
     "\"input_activations\": null}}}",
     "w8a16-g32"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"float\", \"num_bits\": 4, "
     "\"strategy\": \"group\", \"group_size\": 32, \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 4, \"type\": \"float\"}}}}",
     "w4a4-mxfp4"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"format\": "
     "\"mxfp8-quantized\", \"config_groups\": {\"group_0\": {\"weights\": {\"type\": "
     "\"float\", \"num_bits\": 8, \"strategy\": \"group\", \"group_size\": 32, "
     "\"symmetric\": true}, \"input_activations\": {\"num_bits\": 8, \"type\": "
     "\"float\"}}}}",
     "w8a8-mxfp8"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"float\", \"num_bits\": 8, "
     "\"strategy\": \"group\", \"group_size\": 32, \"symmetric\": true}, "
     "\"input_activations\": null}}}",
     "mxfp8"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
     "\"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"float\", \"num_bits\": 4, "
     "\"strategy\": \"tensor_group\", \"group_size\": 16, \"symmetric\": true}, "
     "\"input_activations\": {\"num_bits\": 4, \"type\": \"float\", \"dynamic\": "
     "\"local\"}}}}",
     "w4a4-nvfp4"},
    /* groups of 2 and 8 bits; 8 bits in groups of 128 have had a name before */
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": "
     "32, \"desc_act\": true}",
     "gptq8-g32-act"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": "
     "128, \"desc_act\": true}",
     "gptq8-g128-act"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": "
     "64}",
     "w8a16-g64"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 2, \"group_size\": "
     "128, \"sym\": false}",
     "w2a16-g128-asym"},
    {", \"quantization_config\": {\"quant_method\": \"auto-round\", \"bits\": 2, "
     "\"group_size\": 32, \"sym\": true}",
     "w2a16-g32"},
    {", \"quantization_config\": {\"quant_method\": \"hqq\", \"quant_config\": "
     "{\"weight_quant_params\": {\"nbits\": 4, \"group_size\": 64, \"axis\": 1, "
     "\"round_zero\": true}, \"scale_quant_params\": null, \"zero_quant_params\": null}, "
     "\"skip_modules\": [\"lm_head\"]}",
     "w4a16-g64-zero16"},
    {", \"quantization_config\": {\"quant_method\": \"hqq\", \"quant_config\": "
     "{\"weight_quant_params\": {\"nbits\": 2, \"group_size\": 16}}}",
     "w2a16-g16-zero16"},
    {", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": 128}",
     "int8-g128"},
    {", \"quantization_config\": {\"quant_method\": \"mxfp4\", \"modules_to_not_convert\": "
     "[\"model.layers.*.self_attn\", \"lm_head\"]}",
     "mxfp4"},
    {", \"quantization_config\": {\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\", "
     "\"kv_cache_quant_algo\": \"FP8\", \"exclude_modules\": [\"lm_head\"], \"producer\": "
     "{\"name\": "
     "\"modelopt\"}}",
     "w4a4-nvfp4"},
    {", \"quantization_config\": {\"quant_method\": \"modelopt\", \"quant_algo\": \"FP8\"}",
     "w8a8-fp8"},
    {", \"quantization_config\": {\"quant_method\": \"modelopt\", \"config_groups\": {\"group_0\": "
     "{\"targets\": [\"Linear\"], \"input_activations\": {\"num_bits\": 4}, \"weights\": "
     "{\"dynamic\": "
     "false, \"num_bits\": 4, \"type\": \"float\", \"group_size\": 16}}}, \"ignore\": "
     "[\"lm_head\"]}",
     "w4a4-nvfp4"},
    {", \"quantization_config\": {\"quant_method\": \"modelopt\", \"config_groups\": {\"group_0\": "
     "{\"input_activations\": {\"num_bits\": 8}, \"weights\": {\"num_bits\": 8, \"type\": "
     "\"float\"}}}}",
     "w8a8-fp8"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"sparsity_config\": "
     "{}, "
     "\"transform_config\": {}, \"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", "
     "\"num_bits\": 4, \"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true, "
     "\"actorder\": "
     "\"group\"}}}}",
     "gptq-g128-act"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"sparsity_config\": "
     "{\"format\": \"dense\"}, \"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", "
     "\"num_bits\": 4, \"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true, "
     "\"actorder\": "
     "\"weight\"}}}}",
     "w4a16-g128"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"format\": "
     "\"marlin-24\", \"config_groups\": {\"group_0\": {\"weights\": {\"type\": \"int\", "
     "\"num_bits\": 4, \"strategy\": \"group\", \"group_size\": 128, \"symmetric\": true}}}}",
     "sparse-2-4-w4a16-g128"},
    {", \"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true}",
     "w8a8-int8-scale32"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"config_groups\": "
     "{\"group_0\": {\"weights\": {\"type\": \"int\", \"num_bits\": 4, \"strategy\": \"group\", "
     "\"group_size\": 128, \"symmetric\": false}, \"input_activations\": null}}}",
     "w4a16-g128-asym"},
    {", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"config_groups\": "
     "{\"group_0\": {\"weights\": {\"type\": \"float\", \"num_bits\": 8, \"strategy\": "
     "\"channel\", "
     "\"symmetric\": true}, \"input_activations\": {\"dynamic\": true}}}}",
     "w8a8-fp8-row"},
};

static void test_quantization(void) {
  for (size_t i = 0; i < sizeof quantizations / sizeof *quantizations; i++) {
    spec_case c;
    const rl_model *model = load(&c, quantizations[i].config);
    const char *expected = quantizations[i].format;
    bool same = expected == NULL
                    ? model->quantization == NULL
                    : model->quantization != NULL && strcmp(model->quantization, expected) == 0;
    if (!same) fprintf(stderr, "\n%s: %s\n", quantizations[i].config, model->quantization);
    CU_ASSERT(same);
    CU_ASSERT_EQUAL(c.diags.list.count, 0);
    if (expected != NULL) spec_format(&c, expected);
    spec_close(&c);
  }
}

/* Modules left out are matched as parts of the weights' names: one operator, or all of a block. */
static void test_unquantized(void) {
  spec_case c;
  const rl_model *model =
      load(&c,
           ", \"quantization_config\": {\"quant_method\": \"fp8\", \"ignored_layers\": "
           "[\"lm_head\", \"down_proj\", \"vision_tower\"]}");
  CU_ASSERT_EQUAL_FATAL(model->unquantized_count, 2);
  CU_ASSERT_STRING_EQUAL(model->unquantized[0], "down_proj");
  CU_ASSERT_STRING_EQUAL(model->unquantized[1], "lm_head");
  spec_close(&c);
  model = load(&c,
               ", \"quantization_config\": {\"quant_method\": \"awq\", \"bits\": 4, "
               "\"group_size\": 128, \"modules_to_not_convert\": [\"self_attn\"]}");
  CU_ASSERT_EQUAL_FATAL(model->unquantized_count, 2);
  CU_ASSERT_STRING_EQUAL(model->unquantized[0], "q_proj");
  CU_ASSERT_STRING_EQUAL(model->unquantized[1], "o_proj");
  spec_close(&c);
}

/* What layer `layer` of a weight is in: "-" where it stays as it was. */
static const char *format_at(const rl_model *model, const char *weights, uint32_t layer) {
  const rl_layer_format *said = rl_model_quantized(model, weights, layer);
  CU_ASSERT_PTR_NOT_NULL_FATAL(said);
  return said->format == NULL ? "-" : said->format->name;
}

/* One scale a tensor, said or not, is no byte of a token; one a token is. */
static void test_caches(void) {
  static const char *const caches[][2] = {
      {"\"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\"}", "fp8-e4m3-cast"},
      {"\"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"tensor\"}",
       "fp8-e4m3-cast"},
      {"\"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"token\"}",
       "fp8-token"},
      {"\"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"int\", \"strategy\": \"token\"}",
       "int8-token"},
      {"\"kv_cache_quant_algo\": \"FP8\"", "fp8-e4m3-cast"},
      {"\"kv_cache_quant_algo\": \"INT8\"", "int8-token"},
  };
  for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
    char text[400];
    spec_case c;
    snprintf(text, sizeof text,
             ", \"quantization_config\": {\"quant_method\": \"modelopt\", \"quant_algo\": "
             "\"FP8\", %s}",
             caches[i][0]);
    const rl_model *model = load(&c, text);
    CU_ASSERT_STRING_EQUAL(model->kv, caches[i][1]);
    spec_close(&c);
  }
}

/* Groups by pattern, by name and by class; names of a model inside another; single layers. */
static void test_modules(void) {
#define SCHEME(bits)                                     \
  "\"weights\": {\"type\": \"int\", \"num_bits\": " bits \
  ", \"strategy\": \"channel\", "                        \
  "\"symmetric\": true}"
  static const char q[] = "model.layers.{l}.self_attn.q_proj.weight",
                    down[] = "model.layers.{l}.mlp.down_proj.weight";
  spec_case c;
  const rl_model *model =
      load(&c,
           ", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", \"config_groups\": "
           "{\"a\": {\"targets\": [\"re:.*self_attn\\\\.[qo]_proj$\"], " SCHEME("8") "}, \"b\": "
           "{\"targets\": [\"Linear\"], " SCHEME("4") "}, \"c\": {\"targets\": "
           "[\"model.language_model.layers.1.self_attn.q_proj\"], " SCHEME("4") "}}, \"ignore\": "
           "[\"lm_head\", \"re:.*layers\\\\.0\\\\.mlp.*\"]}");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 0), "w8a16");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 1), "w4a16-row");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 0), "-");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 1), "w4a16-row");
  CU_ASSERT_STRING_EQUAL(format_at(model, "lm_head.weight", 0), "-");
  CU_ASSERT_STRING_EQUAL(model->quantization, "w8a16"); /* q of one layer, o of two */
  CU_ASSERT_PTR_NULL(rl_model_quantized(model, "model.embed_tokens.weight", 0));
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
  model = load(
      &c,
      ", \"quantization_config\": {\"quant_method\": \"modelopt\", \"quant_algo\": "
      "\"MIXED_PRECISION\", \"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\"}, "
      "\"quantized_layers\": {\"model.layers.0.self_attn.q_proj\": {\"quant_algo\": \"FP8\"}, "
      "\"model.layers.1.self_attn.q_proj\": {\"quant_algo\": \"NVFP4\", \"group_size\": 16}}}");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 0), "w8a8-fp8");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 1), "w4a4-nvfp4");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 1), "-");
  CU_ASSERT_STRING_EQUAL(model->kv, "fp8-e4m3-cast");
  spec_close(&c);
  model = load(
      &c,
      ", \"quantization_config\": {\"quant_method\": \"auto-round\", \"bits\": 4, "
      "\"group_size\": 64, \"sym\": false, \"extra_config\": {\"model.layers.0.mlp.down_proj\": "
      "{\"bits\": 16}, \".*q_proj\": {\"bits\": 8, \"group_size\": 128, \"sym\": true}}}");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 1), "int8-g128");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 0), "-");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 1), "w4a16-g64-asym");
  spec_close(&c);
  model =
      load(&c,
           ", \"quantization_config\": {\"quant_method\": \"mxfp4\", \"modules_to_not_convert\": "
           "[\"model.layers.*.self_attn\", \"layers.1.mlp.down\", \"lm_head\"]}");
  CU_ASSERT_STRING_EQUAL(format_at(model, q, 1), "-");
  CU_ASSERT_STRING_EQUAL(format_at(model, down, 1), "mxfp4"); /* "down" is no part of it */
  spec_close(&c);
}

static void test_types(void) {
  static const struct {
    const char *config;
    rl_type type;
  } cases[] = {
      {", \"torch_dtype\": null", RL_F32},
      {", \"torch_dtype\": null, \"quantization_config\": {\"quant_method\": "
       "\"bitsandbytes\", \"load_in_4bit\": false, \"load_in_8bit\": false}",
       RL_F32},
      {", \"torch_dtype\": null, \"quantization_config\": {\"quant_method\": \"mxfp4\"}", RL_BF16},
      {", \"torch_dtype\": \"float16\"", RL_F16},
      {", \"torch_dtype\": \"float32\"", RL_F32},
      {", \"dtype\": \"bfloat16\"", RL_BF16},
      {", \"dtype\": \"float16\"", RL_F16}};
  enum { GUESSED = 3 };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec_case c;
    const rl_model *model = load(&c, cases[i].config);
    CU_ASSERT_EQUAL(model->type, cases[i].type);
    CU_ASSERT_EQUAL(model->quantization != NULL, i == 2);
    /* The guess, and only the guess, is said: at the config. */
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, i < GUESSED);
    if (i < GUESSED) spec_expect(&c, 0, RL_D_CONFIG_TYPE_ABSENT, 1, 1);
    spec_close(&c);
  }
}

/* Keys that are off cost nothing; neutral ones are silent; unknown ones give one warning. */
static void test_keys(void) {
  spec_case c;
  load(&c,
       ", \"num_experts\": 0, \"toy_gate\": false, \"sliding_window\": null, \"text_config\": {}");
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
  load(&c, ", \"bos_token_id\": 1, \"hidden_act\": \"silu\", \"rope_theta\": 10000.0");
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
  load(&c, ", \"odd\": 1, \"bos_token_id\": 1, \"strange\": [2], \"off\": false");
  CU_ASSERT_EQUAL(c.diags.list.count, 1);
  spec_expect(&c, 0, RL_D_CONFIG_KEYS_UNKNOWN, 0, 0);
  spec_message(&c, 0, "unknown config keys are ignored: odd, strange");
  spec_close(&c);
}

/* A message names the first twelve unknown keys. */
static void test_many_unknown(void) {
  spec_case c;
  load(&c,
       ", \"k1\":1,\"k2\":1,\"k3\":1,\"k4\":1,\"k5\":1,\"k6\":1,\"k7\":1,\"k8\":1,\"k9\":1,"
       "\"k10\":1,\"k11\":1,\"k12\":1,\"k13\":1,\"k14\":1");
  spec_message(&c, 0,
               "unknown config keys are ignored: k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, "
               "k12, ...");
  spec_close(&c);
}

/* The wrapped keys win over those at the top, which still count where the inner map is silent. */
static void test_text_config(void) {
  spec_case c;
  uint64_t value;
  const rl_model *model =
      load(&c,
           ", \"torch_dtype\": \"float16\", \"text_config\": {\"model_type\": \"toy_text\", "
           "\"num_hidden_layers\": 9, \"head_dim\": 24}");
  CU_ASSERT(rl_model_dim(model, "L", &value, &c.diags) == RL_OK && value == 9);
  CU_ASSERT(rl_model_dim(model, "d_h", &value, &c.diags) == RL_OK && value == 24);
  CU_ASSERT(rl_model_dim(model, "d", &value, &c.diags) == RL_OK && value == 64);
  CU_ASSERT_EQUAL(model->type, RL_F16);
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

static void test_dims(void) {
  spec_case c;
  uint64_t value;
  const rl_model *model = load(&c, "");
  /* H_kv falls back to the heads, d_h to 64 / 4. */
  CU_ASSERT(rl_model_dim(model, "H_kv", &value, &c.diags) == RL_OK && value == 4);
  CU_ASSERT(rl_model_dim(model, "d_h", &value, &c.diags) == RL_OK && value == 16);
  CU_ASSERT_EQUAL(rl_model_dim(model, "Q", &value, &c.diags), RL_BAD_INPUT);
  rl_buf line;
  rl_buf_init(&line, &c.arena, 1024);
  rl_diag_print(&line, &c.diags.list.items[0]);
  CU_ASSERT_PTR_NOT_NULL(strstr(line.text, "error: family toy has no dim Q"));
  spec_close(&c);
  /* 66 / 4 is no head size. */
  model = load(&c, ", \"head_dim\": null, \"text_config\": {\"hidden_size\": 66}");
  CU_ASSERT_EQUAL(rl_model_dim(model, "d_h", &value, &c.diags), RL_BAD_INPUT);
  spec_expect(&c, 0, RL_D_DIM_NOT_WHOLE, 0, 0);
  spec_close(&c);
}

static void test_description(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_model *model = spec_model(&c, "toy-1m");
  CU_ASSERT_EQUAL(model->parameters_exact, 1000);
  CU_ASSERT_STRING_EQUAL(model->parameters.source->text, "tensor shapes");
  CU_ASSERT_EQUAL(model->id_count, 2);
  CU_ASSERT_STRING_EQUAL(model->family->name, "toy");
  CU_ASSERT_PTR_EQUAL(model, spec_model(&c, "acme/Toy-1M"));
  spec_close(&c);
}

RL_SUITE("spec config", {"caches", test_caches}, {"quantization", test_quantization},
         {"unquantized", test_unquantized}, {"modules", test_modules}, {"types", test_types},
         {"keys", test_keys}, {"many unknown", test_many_unknown},
         {"text_config", test_text_config}, {"dims", test_dims}, {"description", test_description})
