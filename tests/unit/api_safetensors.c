/* A model out of safetensors, counted: each weight in the format that its tensors' shapes say, each
 * byte that products read once; what no format describes is named. */
#include <stdio.h>
#include <string.h>

#include "api/analysis.h"
#include "graph/lower.h"
#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

static safe_file file;

typedef struct counted {
  spec_case c;
  rl_scenario *scenario;
  const rl_program *program;
  rl_status status;
} counted;

/* The model of the folder, or of the file in it, as it stands. */
static void begin(counted *k, const char *folder, const char *weights) {
  spec_open(&k->c, NULL);
  rl_request request = {.model.text = folder, .hardware.text = "h100-sxm", .weights.text = weights};
  k->program = NULL;
  k->status = rl_scenario_resolve(&k->c.arena, k->c.db, &request, &k->scenario, &k->c.diags);
  if (k->status == RL_OK) {
    k->status = rl_lower(&k->c.arena, k->scenario, &k->program, &k->c.diags);
  }
  if (k->status == RL_OK) {
    k->status = rl_stored_check(&k->c.arena, k->scenario, k->program, &k->c.diags);
  }
}

static void expect(const counted *k, const char *line) {
  char said[512];
  safe_last_line(&k->c.diags, said, sizeof said);
  if (strcmp(said, line) != 0) fprintf(stderr, "\n%s\n", said);
  CU_ASSERT_STRING_EQUAL(said, line);
}

/* By hand. A layer has 2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256 = 589,824 values in products
 * of 256 + 128 + 128 + 256 + 512 + 512 + 256 = 2,048 rows, and 512 in norms; the two tables 2 * 40
 * * 256 and the last norm 256: 2 * (2 * 512 + 20,480 + 256) = 43,520 bytes that are always bf16.
 * Groups of 128: 256 / 128 a row of the six with 256 inputs, 4 a row of down_proj: 2 * 1792 + 4 *
 * 256 = 4,608 a layer. Zero points of 4 bits: 1 byte a row of 2 groups, 2 a row of 4: 2,304. */
static const struct {
  safe_layout layout;
  const char *quantization, *format;
  uint64_t bytes;
  const char *line; /* the last message, "" for none */
} cases[] = {
    {SAFE_BF16, "null", "bf16", 43520 + 2 * 2 * 589824, ""},
    {SAFE_FP8, "{\"quant_method\": \"fp8\"}", "w8a8-fp8", 43520 + 2 * (589824 + 7 * 4),
     "model.safetensors: note: no product reads 14 further tensors (56.0 B) that are there for "
     "loading or activations — these bytes are not counted"},
    {SAFE_FP8_ROW, "{\"quant_method\": \"fbgemm_fp8\"}", "w8a8-fp8-row-scale32",
     43520 + 2 * (589824 + 4 * 2048), ""},
    {SAFE_GPTQ, "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"sym\": true}",
     "w4a16-g128", 43520 + 2 * (589824 / 2 + 2 * 4608),
     /* zero points 2 * 2,304, g_idx 2 * 4 * (6 * 256 + 512): 28 tensors of 20,992 bytes */
     "model.safetensors: note: no product reads 28 further tensors (21.0 kB) that are there for "
     "loading or activations — these bytes are not counted"},
    {SAFE_AWQ, "{\"quant_method\": \"awq\", \"w_bit\": 4, \"zero_point\": true}", "w4a16-g128-asym",
     43520 + 2 * (589824 / 2 + 2 * 4608 + 2304), ""},
    {SAFE_PACKED, "{\"config_groups\": {\"group_0\": {\"weights\": {\"num_bits\": 4}}}}",
     "w4a16-g128", 43520 + 2 * (589824 / 2 + 2 * 4608),
     "model.safetensors: note: no product reads 14 further tensors (224 B) that are there for "
     "loading or activations — these bytes are not counted"},
    {SAFE_INT8, "{\"config_groups\": {\"group_0\": {\"input_activations\": {\"num_bits\": 8}}}}",
     "w8a8-int8", 43520 + 2 * (589824 + 2 * 2048), ""},
    {SAFE_INT8, "null", "w8a16", 43520 + 2 * (589824 + 2 * 2048), ""},
    /* a zero point of 1 byte for each of 2,048 rows of a layer; one that is always 0 is not read */
    {SAFE_INT8_ASYM,
     "{\"config_groups\": {\"group_0\": {\"input_activations\": {\"num_bits\": 8}}}}",
     "w8a8-int8-asym", 43520 + 2 * (589824 + 3 * 2048), ""},
    {SAFE_INT8_ASYM, "null", "w8a16-asym", 43520 + 2 * (589824 + 3 * 2048), ""},
    {SAFE_INT8_ASYM, "{\"config_groups\": {\"group_0\": {\"weights\": {\"symmetric\": true}}}}",
     "w8a16", 43520 + 2 * (589824 + 2 * 2048),
     "model.safetensors: note: no product reads 14 further tensors (4.10 kB) that are there for "
     "loading or activations — these bytes are not counted"},
    /* act-order: 4 bytes for each of 6 * 256 + 512 columns of a layer; zero points are all the same
     */
    {SAFE_GPTQ, "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": true, \"desc_act\": true}",
     "gptq-g128-act", 43520 + 2 * (589824 / 2 + 2 * 4608 + 4 * 2048),
     "model.safetensors: note: no product reads 14 further tensors (4.61 kB) that are there for "
     "loading or activations — these bytes are not counted"},
    {SAFE_GPTQ, "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": false, \"desc_act\": true}",
     "gptq-g128-asym-act", 43520 + 2 * (589824 / 2 + 2 * 4608 + 2304 + 4 * 2048), ""},
    {SAFE_PACKED_ORDER,
     "{\"config_groups\": {\"group_0\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 4, "
     "\"actorder\": \"group\"}}}, \"ignore\": [\"lm_head\"]}",
     "gptq-g128-act", 43520 + 2 * (589824 / 2 + 2 * 4608 + 4 * 2048),
     "model.safetensors: note: no product reads 14 further tensors (224 B) that are there for "
     "loading or activations — these bytes are not counted"},
    /* attention: 2 * 256 * 256 + 2 * 128 * 256 = 196,608 values in 8 bits, 768 rows of 2 groups;
     * the rest: 393,216 values in 4 bits, 4,608 - 2 * 768 = 3,072 groups */
    {SAFE_PACKED_8_4,
     "{\"config_groups\": {\"group_0\": {\"targets\": [\"re:.*self_attn\\\\.(q|k|v|o)_proj$\"], "
     "\"weights\": {\"num_bits\": 8}}, \"group_1\": {\"targets\": [\"Linear\"], \"weights\": "
     "{\"num_bits\": 4}}}, \"ignore\": [\"lm_head\"]}",
     "w4a16-g128", 43520 + 2 * (196608 + 2 * 2 * 768 + 393216 / 2 + 2 * 3072), ""},
    {SAFE_PACKED_8_4,
     "{\"quant_method\": \"auto-round\", \"bits\": 4, \"sym\": true, \"extra_config\": "
     "{\".*self_attn.*\": {\"bits\": 8}}}",
     "w4a16-g128", 43520 + 2 * (196608 + 2 * 2 * 768 + 393216 / 2 + 2 * 3072), ""},
    /* bitsandbytes: a scale for 64 values, 589,824 / 64 = 9,216 of them; 7 tables of 16 values */
    {SAFE_NF4, "{\"quant_method\": \"bitsandbytes\"}", "bnb-nf4",
     43520 + 2 * (589824 / 2 + 4 * 9216 + 7 * 64),
     "model.safetensors: note: no product reads 14 further tensors (1.26 kB) that are there for "
     "loading or activations — these bytes are not counted"},
    /* a byte for each of them, 4 for 256 of them: 9,216 / 256 = 36; 7 tables of 16 values, of 256
     * values, and 7 offsets, which stand in the states: 14 * (190 - 4) bytes of these are left */
    {SAFE_FP4_DOUBLE, "{\"quant_method\": \"bitsandbytes\"}", "bnb-fp4-double",
     43520 + 2 * (589824 / 2 + 9216 + 4 * 36 + 7 * (64 + 1024 + 4)),
     "model.safetensors: note: no product reads 14 further tensors (2.60 kB) that are there for "
     "loading or activations — these bytes are not counted"},
    /* a byte for 16 values, and 7 * 4 */
    {SAFE_NVFP4, "{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\"}", "w4a4-nvfp4",
     43520 + 2 * (589824 / 2 + 589824 / 16 + 7 * 4),
     "model.safetensors: note: no product reads 14 further tensors (56.0 B) that are there for "
     "loading or activations — these bytes are not counted"},
};

static void test_layouts(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *folder = safe_folder();
    counted k;
    uint64_t bytes = 0, values = 0;
    safe_make_llama(&file, cases[i].layout, "model.");
    safe_write_config(folder, cases[i].quantization);
    safe_write(&file, folder, "model.safetensors");
    begin(&k, folder, NULL);
    if (k.status != RL_OK) spec_print(&k.c);
    CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
    CU_ASSERT(rl_program_weight_bytes(k.program, &bytes));
    CU_ASSERT_EQUAL(bytes, cases[i].bytes);
    CU_ASSERT_EQUAL(k.scenario->model->stored->bytes, cases[i].bytes);
    CU_ASSERT(rl_program_parameters(k.program, &values) && values == 1201408);
    CU_ASSERT_STRING_EQUAL(k.scenario->weights->name, cases[i].format);
    expect(&k, cases[i].line);
    spec_close(&k.c);
    safe_folder_end();
  }
}

/* What no format describes yet, and what can be said of it. */
static const struct {
  safe_layout layout;
  const char *quantization, *line;
} refused[] = {
    {SAFE_INT8_ODD, "null",
     "model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.weight' is stored as 8-bit "
     "integers with scales in another arrangement, which no format describes yet: 66,049 bytes — "
     "to "
     "count it in another one, give it by hand (--weights)"},
    {SAFE_FP8_ODD, "null",
     "model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.weight' is stored as 8-bit "
     "floats with scales in another arrangement, which no format describes yet: 65,548 bytes — to "
     "count it in another one, give it by hand (--weights)"},
    {SAFE_AWQ, "{\"bits\": 4, \"sym\": true, \"desc_act\": true}",
     "model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.weight' is stored as "
     "integers whose rows are in another order, which is not stored, which no format describes "
     "yet: 33,792 bytes — to count it in another one, give it by hand (--weights)"},
};

static void test_refused(void) {
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    const char *folder = safe_folder();
    counted k;
    uint64_t bytes;
    safe_make_llama(&file, refused[i].layout, "model.");
    safe_write_config(folder, refused[i].quantization);
    safe_write(&file, folder, "model.safetensors");
    begin(&k, folder, NULL);
    CU_ASSERT_EQUAL(k.status, RL_BAD_INPUT);
    expect(&k, refused[i].line);
    spec_close(&k.c);
    begin(&k, folder, "fp16");
    CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
    CU_ASSERT(rl_program_weight_bytes(k.program, &bytes));
    spec_close(&k.c);
    safe_folder_end();
  }
}

/* Names of other programs: a model inside another, or saved without its head. */
static void test_beginnings(void) {
  static const char *const prefixes[] = {"model.language_model.", "language_model.model.", ""};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    const char *folder = safe_folder();
    counted k;
    safe_make_llama(&file, SAFE_BF16, prefixes[i]);
    safe_write_config(folder, "null");
    safe_write(&file, folder, "model.safetensors");
    begin(&k, folder, NULL);
    CU_ASSERT_EQUAL(k.status, RL_OK);
    CU_ASSERT_EQUAL(k.c.diags.list.count, 0);
    spec_close(&k.c);
    safe_folder_end();
  }
}

/* Layer norms as TensorFlow calls them, of the names of Hugging Face alone. */
static void test_older_names(void) {
  rl_stored_tensor tensors[] = {{.name = "bert.embeddings.LayerNorm.beta"},
                                {.name = "bert.encoder.layer.1.output.LayerNorm.gamma"},
                                {.name = "bert.pooler.dense.gamma"}};
  rl_stored stored = {.by_source = true, .tensors = tensors, .count = 3};
  CU_ASSERT_PTR_EQUAL(rl_stored_of_layer(&stored, "bert.embeddings.LayerNorm.bias", 0), tensors);
  CU_ASSERT_PTR_EQUAL(
      rl_stored_of_layer(&stored, "bert.encoder.layer.{l}.output.LayerNorm.weight", 1),
      &tensors[1]);
  CU_ASSERT_PTR_NULL(
      rl_stored_of_layer(&stored, "bert.encoder.layer.{l}.output.LayerNorm.bias", 1));
  CU_ASSERT_PTR_NULL(rl_stored_of_layer(&stored, "bert.pooler.dense.weight", 0));
  stored.by_source = false;
  CU_ASSERT_PTR_NULL(rl_stored_of_layer(&stored, "bert.embeddings.LayerNorm.bias", 0));
}

/* A config that says another type than its files hold. */
static void test_other_type(void) {
  static const struct {
    const char *type, *line;
  } types[] = {
      {"bfloat16", ""},
      {"float32",
       "config.json:1:180: warning: torch_dtype is float32, and most bytes of the files are bf16: "
       "they "
       "are counted as stored — for a loader that converts them: --weights fp32"},
      {"float16",
       "config.json:1:180: warning: torch_dtype is float16, and most bytes of the files are bf16: "
       "they "
       "are counted as stored — for a loader that converts them: --weights fp16"},
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    const char *folder = safe_folder();
    char config[512];
    counted k;
    safe_make_llama(&file, SAFE_BF16, "model.");
    snprintf(config, sizeof config,
             "{\"model_type\": \"llama\", \"hidden_size\": 256, \"intermediate_size\": 512, "
             "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
             "\"vocab_size\": 40, \"torch_dtype\": \"%s\"}",
             types[i].type);
    safe_write_text(folder, "config.json", config);
    safe_write(&file, folder, "model.safetensors");
    begin(&k, folder, NULL);
    CU_ASSERT_EQUAL(k.status, RL_OK);
    CU_ASSERT_STRING_EQUAL(k.scenario->weights->name, "bf16");
    expect(&k, types[i].line);
    spec_close(&k.c);
    safe_folder_end();
  }
}

/* A config that says of its files that they are quantized, which they are not: what is stored is
 * counted, 43,520 + 2 * 2 * 589,824 bytes, and the other format is named where there is one. */
static void test_not_quantized(void) {
  static const struct {
    const char *quantization, *line;
  } said[] = {
      {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"sym\": true}",
       "config.json:1:255: note: quantization_config says gptq, and no tensor of the files is "
       "quantized: they are counted as stored, most of their bytes in bf16 — for a loader that "
       "quantizes them: --weights w4a16-g128"},
      {"{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128}",
       "config.json:1:255: note: quantization_config says awq, and no tensor of the files is "
       "quantized: they are counted as stored, most of their bytes in bf16 — for a loader that "
       "quantizes them: --weights w4a16-g128-asym"},
      {"{\"quant_method\": \"torchao\"}",
       "config.json:1:255: note: quantization_config says torchao, and no tensor of the files is "
       "quantized: they are counted as stored, most of their bytes in bf16"},
      {"{\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": false, \"load_in_8bit\": false}", ""},
  };
  for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
    const char *folder = safe_folder();
    counted k;
    uint64_t bytes = 0;
    safe_make_llama(&file, SAFE_BF16, "model.");
    safe_write_config(folder, said[i].quantization);
    safe_write(&file, folder, "model.safetensors");
    begin(&k, folder, NULL);
    CU_ASSERT_EQUAL_FATAL(k.status, RL_OK);
    CU_ASSERT(rl_program_weight_bytes(k.program, &bytes) && bytes == 43520 + 2 * 2 * 589824);
    expect(&k, said[i].line);
    spec_close(&k.c);
    safe_folder_end();
  }
}

/* The format has scales of 4 bytes, 14 tensors have 2: 43,520 + 2 * (589,824 + 7 * 2) bytes. What
 * the family does not use is named. */
static void test_bytes(void) {
  const char *folder = safe_folder();
  counted k;
  safe_make_llama(&file, SAFE_FP8_HALF, "model.");
  safe_write_config(folder, "null");
  safe_write(&file, folder, "model.safetensors");
  begin(&k, folder, NULL);
  CU_ASSERT_EQUAL(k.status, RL_OK);
  expect(&k,
         "model.safetensors: note: the weights take 1,223,224 bytes by their formats and 1,223,196 "
         "in the file — the first is counted");
  spec_close(&k.c);
  safe_make_llama(&file, SAFE_BF16, "model.");
  safe_tensor(&file, "vision_tower.patch.weight", "BF16", "4, 3, 2, 14, 14");
  safe_write(&file, folder, "model.safetensors");
  begin(&k, folder, NULL);
  CU_ASSERT_EQUAL(k.status, RL_OK);
  expect(&k,
         "model.safetensors: note: no weight of the family is made of vision_tower.patch.weight: 1 "
         "in the file, 9.41 kB — these bytes are not counted");
  spec_close(&k.c);
  safe_folder_end();
}

/* k_proj of the first layer, [128, 256] as the family has it, as [256, 128] of as many values. */
static void test_transposed(void) {
  const char *folder = safe_folder();
  counted k;
  safe_make_llama(&file, SAFE_BF16, "model.");
  char *shape = strstr(file.head, "[128, 256]");
  CU_ASSERT_PTR_NOT_NULL_FATAL(shape);
  memcpy(shape, "[256, 128]", 10);
  safe_write_config(folder, "null");
  safe_write(&file, folder, "model.safetensors");
  begin(&k, folder, NULL);
  CU_ASSERT_EQUAL(k.status, RL_BAD_INPUT);
  expect(
      &k,
      "model.safetensors: error: tensor 'model.layers.0.self_attn.k_proj.weight' of the file has "
      "rows of 128 values, k_proj.weight multiplies rows of 256 — its rows and columns seem to "
      "be exchanged");
  spec_close(&k.c);
  safe_folder_end();
}

RL_SUITE("api safetensors", {"layouts", test_layouts}, {"refused", test_refused},
         {"beginnings", test_beginnings}, {"bytes", test_bytes}, {"transposed", test_transposed},
         {"older names", test_older_names}, {"other type", test_other_type}, {"not quantized", test_not_quantized})
