/* Configs as the models' publishers write them: read without a word of warning, lowered to as many
 * parameters as the published weights have. The files hold the keys and values of the models'
 * config.json on the Hugging Face hub. */
#include <stdio.h>
#include <string.h>

#include "graph_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

/* Totals by the sums of graph_families.c, from other dims:
 *   Llama-3.1-8B    as Llama-3-8B
 *   Mistral-7B-v0.3 2*32768*4096 + 32*218112000 + 4096
 *   Qwen2.5-0.5B    151936*896 + 24*(896*(2*896 + 2*128 + 3*4864 + 2) + 896 + 256) + 896
 *   Qwen3-0.6B      151936*1024 + 28*(1024*(2*2048 + 2*1024 + 3*3072 + 2) + 256) + 1024
 *   Gemma-2-2B      256000*2304 + 26*2304*(2*2048 + 2*1024 + 3*9216 + 4) + 2304
 *   Gemma-3-27B     text only; Gemma-3-4B 262208*2560
 *                   + 34*(2560*(2*2048 + 2*1024 + 3*10240 + 4) + 512) + 2560
 *   OPT-125M        (50272 + 2050)*768 + 12*(4*(768*768 + 768) + 2*768*3072 + 3072 + 5*768)
 *                   + 2*768
 *   Gemma-3-270M    262144*640 + 18*(640*(2*1024 + 2*256 + 3*2048 + 4) + 512) + 640
 *   OPT-350M        50272*512 + 2050*1024 + 2*512*1024 + 24*(4*(1024*1024 + 1024) + 2*1024*4096
 *                   + 4096 + 5*1024), and no norm at the end
 *   Mistral-Small-3.1  text only: 2*131072*5120 + 40*5120*(2*4096 + 2*1024 + 3*32768 + 2) + 5120
 *   Ministral-3-8B     text only: 2*131072*4096 + 34*218112000 + 4096
 *   Qwen3-VL        text only: as Qwen3-8B and Qwen3-30B-A3B; of the latter with a dense layer in
 *                   place of the first mixture 128*(1 + 3*768) - 3*6144 times 2048 less
 *   LLaVA-1.5-7B    its sum is that of models/dims/llava-1.5-7b.yaml, without what is not read
 *   Qwen2-VL-7B     1280*1176 + 32*19677440 + 44575744 (models/dims/qwen2-vl-7b.yaml) + Qwen2-7B
 *   Qwen2.5-VL-7B   1280*1176 + 32*19702200 + 44574464 (models/dims/qwen2.5-vl-7b.yaml) + Qwen2-7B
 *   Qwen2-VL-2B     Qwen2-VL's tower, its merger to 1536: 2*1280 + 5120*5121 + 5121*1536, and
 *                   151936*1536 + 28*(1536*(2*1536 + 2*256 + 3*8960 + 2) + 1536 + 512) + 1536 */
static const struct {
  const char *file;
  uint64_t parameters;
} CONFIGS[] = {
    {"llama-3.1-8b", 8030261248},
    {"mistral-7b-v0.3", 7248023552},
    {"qwen2.5-0.5b", 494032768},
    {"qwen3-0.6b", 596049920},
    {"gemma-2-2b", 2614341888},
    {"gemma-3-27b-it", 27009346304},
    {"gemma-3-4b-it", 3880263168},
    {"gemma-3-270m", 268098176},
    {"gpt2", 124439808},
    {"mistral-small-3.1-24b-instruct", 23572403200},
    {"ministral-3-8b-instruct", 8489553920},
    {"qwen3-vl-8b-instruct", 8190735360},
    {"qwen3-vl-30b-a3b-instruct", 30532122624},
    {"qwen3-moe-listed-layers", 29965629440},
    {"opt-350m", 331196416},
    {"opt-125m", 125239296},
    {"llava-1.5-7b-hf", 7050828800},
    {"qwen2-vl-7b-instruct", 8291375616},
    {"qwen2-vl-2b-nested", 2208985600},
    {"qwen2.5-vl-7b-instruct", 8292166656},
};

/* Which the family leaves out. */
static bool has_tower(const char *file) {
  static const char *const files[] = {
      "gemma-3-27b-it",          "gemma-3-4b-it",        "mistral-small-3.1-24b-instruct",
      "ministral-3-8b-instruct", "qwen3-vl-8b-instruct", "qwen3-vl-30b-a3b-instruct"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (strcmp(files[i], file) == 0) return true;
  }
  return false;
}

static void test_published(void) {
  for (size_t i = 0; i < sizeof CONFIGS / sizeof *CONFIGS; i++) {
    graph_case c;
    uint64_t values = 0;
    graph_open(&c, NULL);
    const char *path =
        rl_textf(&c.arena, "%s/tests/unit/configs/%s.json", RL_SOURCE_DIR, CONFIGS[i].file);
    rl_status status = rl_db_model(c.db, path, nowhere, &c.scenario.model, &c.diags);
    CU_ASSERT_EQUAL_FATAL(status, RL_OK);
    graph_must(&c);
    /* GPT-2's config is older than torch_dtype. */
    bool typed = strcmp(CONFIGS[i].file, "gpt2") != 0;
    /* The larger Gemmas 3, Mistral 3 and Qwen 3 VL have a vision tower, which is not described. */
    bool sees = c.diags.list.count == 1 && has_tower(CONFIGS[i].file) &&
                c.diags.list.items[0].code == RL_D_CONFIG_PART_LEFT_OUT;
    if (c.diags.list.count != !typed && !sees) graph_print(&c);
    CU_ASSERT(sees || (c.diags.list.count == !typed && !has_tower(CONFIGS[i].file)));
    CU_ASSERT(rl_program_parameters(c.program, &values));
    CU_ASSERT_EQUAL(values, CONFIGS[i].parameters);
    graph_close(&c);
  }
}

/* Queries of Ministral 3 grow with the position; Mistral's do not, and neither has a window. */
static void test_temperature(void) {
  static const char *const files[] = {"ministral-3-8b-instruct", "mistral-small-3.1-24b-instruct"};
  for (size_t i = 0; i < 2; i++) {
    graph_case c;
    graph_open(&c, NULL);
    const char *path = rl_textf(&c.arena, "%s/tests/unit/configs/%s.json", RL_SOURCE_DIR, files[i]);
    CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, path, nowhere, &c.scenario.model, &c.diags), RL_OK);
    graph_must(&c);
    const rl_op *scale = graph_op(&c, 1, "q_temperature");
    CU_ASSERT_EQUAL(scale != NULL, i == 0);
    if (scale != NULL) {
      CU_ASSERT(scale->at.factor == 0.1 && scale->at.floor == 16384 && scale->at.offset == 0);
    }
    CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, 0);
    graph_close(&c);
  }
}

#define TINY                                                                                     \
  "\"hidden_size\": 8, \"intermediate_size\": 12, \"head_dim\": 6, \"num_attention_heads\": 2, " \
  "\"num_key_value_heads\": 2, \"vocab_size\": 10, \"torch_dtype\": \"bfloat16\""

/* The program of a config of these keys and a model_type. */
static void lower_config(graph_case *c, const char *type, const char *keys) {
  static const char path[] = "./graph-config.json";
  FILE *file = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fprintf(file, "{\"model_type\": \"%s\", " TINY "%s}\n", type, keys);
  CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
  graph_open(c, NULL);
  rl_status status = rl_db_model(c->db, path, nowhere, &c->scenario.model, &c->diags);
  if (status != RL_OK) graph_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  graph_must(c);
  CU_ASSERT_EQUAL(remove(path), 0);
}

/* The part of a run that rotates. */
static const rl_op *rotation(const graph_case *c, uint32_t run) {
  return &c->program->parts[graph_op(c, run, "rope_append")->first_part];
}

/* The one map of transformers 5, in each family. */
static void test_rope_parameters(void) {
  static const char *const types[] = {"llama", "mistral", "qwen2", "qwen3", "gemma2"};
  graph_case c;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    lower_config(&c, types[i],
                 ", \"num_hidden_layers\": 1, \"rope_parameters\": "
                 "{\"rope_theta\": 500000.0, \"rope_type\": \"linear\", \"factor\": 2.5}");
    const rl_op_attributes *at = &rotation(&c, 1)->at;
    CU_ASSERT(at->rope_base == 500000 && at->rope_scaling == RL_ROPE_LINEAR);
    CU_ASSERT_EQUAL(at->rope_factor, 2.5);
    graph_close(&c);
  }
  /* Gemma 3 has one for each type of layer: 0 to 4 are local, 5 is global. */
  lower_config(&c, "gemma3_text",
               ", \"num_hidden_layers\": 6, \"rope_parameters\": {\"full_attention\": "
               "{\"rope_theta\": 3000000.0, \"rope_type\": \"linear\", \"factor\": 8.0}, "
               "\"sliding_attention\": {\"rope_theta\": 20000.0}}");
  CU_ASSERT_EQUAL(rotation(&c, 1)->at.rope_base, 20000);
  CU_ASSERT_EQUAL(rotation(&c, 1)->at.rope_scaling, RL_ROPE_PLAIN);
  CU_ASSERT_EQUAL(rotation(&c, 2)->at.rope_base, 3000000);
  CU_ASSERT_EQUAL(rotation(&c, 2)->at.rope_scaling, RL_ROPE_LINEAR);
  graph_close(&c);
}

/* MistralConfig: 4096 when the key is left out, none when it is null. */
static void test_window_absent(void) {
  static const struct {
    const char *type, *key;
    uint64_t window;
  } cases[] = {{"mistral", "", 4096},
               {"mistral", ", \"sliding_window\": null", 0},
               {"mistral", ", \"sliding_window\": 7", 7},
               {"llama", "", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    graph_case c;
    char keys[128];
    snprintf(keys, sizeof keys, ", \"num_hidden_layers\": 1%s", cases[i].key);
    lower_config(&c, cases[i].type, keys);
    CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->at.window, cases[i].window);
    graph_close(&c);
  }
}

RL_SUITE("published configs", {"published", test_published}, {"temperature", test_temperature},
         {"rope parameters", test_rope_parameters}, {"window absent", test_window_absent})
