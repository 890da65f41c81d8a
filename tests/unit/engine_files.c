/* Weights out of files: an engine whose weights were drawn, and one that reads the same from
 * safetensors and GGUF files, must give the same logits to the last bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "engine_dump.h"
#include "gguf_help.h"
#include "graph/lower.h"
#include "kernels-ref/engine/file_weights.h"
#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

enum { PROMPT = 9, ROOM = 12, LOGITS = 128 };
static const uint64_t SEED = 11;
static const uint32_t IDS[PROMPT] = {3, 17, 39, 0, 8, 22, 31, 5, 12};

/* A model under a pass of a prompt and one more token. */
typedef struct side {
  spec_case c;
  rl_scenario *scenario;
  const rl_program *program;
  rl_engine_state *engine;
  rl_file_weights *files;
  float logits[LOGITS], next[LOGITS];
  uint64_t width;
  rl_status status;
} side;

static void open_side(side *s, const char *model, const char *weights) {
  rl_request request = {.model.text = model, .weights.text = weights, .activations.text = "bf16"};
  memset(s, 0, sizeof *s);
  spec_open(&s->c, NULL);
  s->status = rl_scenario_resolve(&s->c.arena, s->c.db, &request, &s->scenario, &s->c.diags);
  if (s->status == RL_OK) {
    s->status = rl_lower(&s->c.arena, s->scenario, &s->program, &s->c.diags);
  }
}

static void make_engine(side *s, const rl_weight_source *source) {
  static const uint64_t CAPACITY[] = {ROOM};
  const rl_engine_limits limits = {
      .sequences = 1, .capacity = CAPACITY, .tokens = ROOM, .logit_rows = 1};
  s->status = rl_engine_new(&s->c.arena, s->program, &limits, source, &s->engine, &s->c.diags);
}

static void draw_side(side *s, const char *model, const char *weights) {
  const rl_weight_source source = rl_random_weights(&SEED);
  open_side(s, model, weights);
  if (s->status == RL_OK) make_engine(s, &source);
  if (s->status != RL_OK) spec_print(&s->c);
  CU_ASSERT_EQUAL_FATAL(s->status, RL_OK);
}

/* Leaves the status where something is wrong. */
static void read_side(side *s, const char *model, const char *weights) {
  open_side(s, model, weights);
  if (s->status != RL_OK) return;
  s->status = rl_file_weights_open(&s->c.arena, s->scenario->model->stored, s->program, &s->files,
                                   &s->c.diags);
  if (s->status != RL_OK) return;
  const rl_weight_source source = rl_file_weights_source(s->files);
  make_engine(s, &source);
}

static void close_side(side *s) {
  if (s->files != NULL) rl_file_weights_close(s->files);
  spec_close(&s->c);
}

static void step(side *s, uint64_t q, const uint32_t *ids, float *logits) {
  rl_engine_result result;
  const rl_engine_entry entry = {0, q, ids, NULL, RL_LOGITS_LAST};
  const rl_status status = rl_engine_step(s->engine, &entry, 1, NULL, &result, &s->c.diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  CU_ASSERT_FATAL(result.logit_width <= LOGITS);
  s->width = result.logit_width;
  memcpy(logits, result.logits, result.logit_width * sizeof *logits);
}

static void run_side(side *s) {
  step(s, PROMPT - 1, IDS, s->logits);
  step(s, 1, IDS + PROMPT - 1, s->next);
}

static void check_same(side *drawn, side *read, const char *what) {
  if (read->status != RL_OK) fprintf(stderr, "\n%s\n", what);
  if (read->status != RL_OK) spec_print(&read->c);
  CU_ASSERT_EQUAL_FATAL(read->status, RL_OK);
  run_side(drawn);
  run_side(read);
  const size_t bytes = drawn->width * sizeof *drawn->logits;
  const bool same = drawn->width == read->width && drawn->logits[0] != drawn->logits[1] &&
                    memcmp(drawn->logits, read->logits, bytes) == 0 &&
                    memcmp(drawn->next, read->next, bytes) == 0;
  if (!same) fprintf(stderr, "\n%s: other logits\n", what);
  CU_ASSERT(same);
}

static const char *path_in(const char *folder, const char *name) {
  static char path[SAFE_PATH];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* --- the llama of gguf_help.h: d = 256, 4 heads of 64 --- */

static void llama_facts(gguf_file *f) {
  memset(f, 0, sizeof *f);
  gguf_text(f, "general.architecture", "llama");
  gguf_number(f, "llama.block_count", 2);
  gguf_number(f, "llama.embedding_length", 256);
  gguf_number(f, "llama.feed_forward_length", 512);
  gguf_number(f, "llama.attention.head_count", 4);
  gguf_number(f, "llama.attention.head_count_kv", 2);
  gguf_real(f, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
  gguf_real(f, "llama.rope.freq_base", 10000);
  gguf_texts(f, "tokenizer.ggml.tokens", 40);
}

static gguf_file file;

static void test_gguf(void) {
  static const char *const FORMATS[] = {"fp32",   "fp16",  "bf16",    "q4_0",  "q8_0",  "q4_k",
                                        "q6_k",   "q5_1",  "iq4_nl",  "iq1_s", "iq1_m", "iq2_xxs",
                                        "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s"};
  for (size_t f = 0; f < sizeof FORMATS / sizeof *FORMATS; f++) {
    const char *folder = safe_folder();
    side drawn, read;
    safe_write_config(folder, "null");
    draw_side(&drawn, path_in(folder, "config.json"), FORMATS[f]);
    const dump what = {.program = drawn.program, .engine = drawn.engine, .pairs = 64};
    llama_facts(&file);
    dump_gguf(&what, &file, folder);
    read_side(&read, path_in(folder, "model.gguf"), NULL);
    check_same(&drawn, &read, FORMATS[f]);
    close_side(&drawn);
    close_side(&read);
    safe_folder_end();
  }
}

static void test_safetensors(void) {
  static const struct {
    const char *weights, *quantization;
    dump_layout layout;
  } CASES[] = {
      {"fp32", "null", DUMP_PLAIN},
      {"fp16", "null", DUMP_PLAIN},
      {"bf16", "null", DUMP_PLAIN},
      {"w8a8-fp8", "{\"quant_method\": \"fp8\"}", DUMP_PLAIN},
      {"w8a16", "{\"quant_method\": \"compressed-tensors\"}", DUMP_PLAIN},
      {"w4a16-g128", "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": true}", DUMP_GPTQ},
      {"w4a16-g128-asym", "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": false}", DUMP_GPTQ},
      {"w4a16-g128-asym", "{\"quant_method\": \"awq\", \"w_bit\": 4, \"zero_point\": true}",
       DUMP_AWQ},
      {"w4a16-g128", "{\"quant_method\": \"compressed-tensors\"}", DUMP_PACKED},
      {"w4a16-g128-asym", "{\"quant_method\": \"compressed-tensors\"}", DUMP_PACKED}};
  for (size_t f = 0; f < sizeof CASES / sizeof *CASES; f++) {
    const char *folder = safe_folder();
    side drawn, read;
    safe_write_config(folder, "null");
    draw_side(&drawn, path_in(folder, "config.json"), CASES[f].weights);
    const dump what = {.program = drawn.program, .engine = drawn.engine, .layout = CASES[f].layout};
    dump_safetensors(&what, folder);
    safe_write_config(folder, CASES[f].quantization);
    read_side(&read, folder, NULL);
    check_same(&drawn, &read, CASES[f].weights);
    close_side(&drawn);
    close_side(&read);
    safe_folder_end();
  }
}

/* Another format than the file's: the same rounding as that of drawn values. */
static void test_converted(void) {
  static const char *const FORMATS[] = {"w8a16", "bf16", "q4_0", "lut2-tensor"};
  const char *folder = safe_folder();
  side drawn, read;
  safe_write_config(folder, "null");
  draw_side(&drawn, path_in(folder, "config.json"), "fp32");
  const dump what = {.program = drawn.program, .engine = drawn.engine};
  dump_safetensors(&what, folder);
  close_side(&drawn);
  for (size_t f = 0; f < sizeof FORMATS / sizeof *FORMATS; f++) {
    draw_side(&drawn, path_in(folder, "config.json"), FORMATS[f]);
    read_side(&read, folder, FORMATS[f]);
    check_same(&drawn, &read, FORMATS[f]);
    close_side(&drawn);
    close_side(&read);
  }
  safe_folder_end();
}

/* --- families whose files hold their matrices otherwise --- */

static void facts_of(gguf_file *f, const char *architecture, const char *const *numbers,
                     uint64_t tokens) {
  char key[96];
  memset(f, 0, sizeof *f);
  gguf_text(f, "general.architecture", architecture);
  for (; *numbers != NULL; numbers += 2) {
    snprintf(key, sizeof key, "%s.%s", architecture, numbers[0]);
    gguf_number(f, key, (uint32_t)strtoul(numbers[1], NULL, 10));
  }
  snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", architecture);
  gguf_real(f, key, strcmp(architecture, "gemma") == 0 ? 1e-6f : 1e-5f);
  snprintf(key, sizeof key, "%s.attention.layer_norm_epsilon", architecture);
  gguf_real(f, key, 1e-5f);
  snprintf(key, sizeof key, "%s.rope.freq_base", architecture);
  gguf_real(f, key, strcmp(architecture, "llama") == 0 ? 1e6f : 1e4f);
  snprintf(key, sizeof key, "%s.use_parallel_residual", architecture);
  gguf_value(f, key, 7, 1, 1);
  gguf_texts(f, "tokenizer.ggml.tokens", tokens);
}

typedef struct family_case {
  const char *twin, *architecture, *config;
  const char *numbers[24];
  uint64_t tokens;
  dump what;
} family_case;

/* Conv1D matrices lie [in, out], fused, in safetensors files and [out, in] in GGUF files, with
 * biases that are as fused; experts have files of their own, and in GGUF files lie in one; GPT-NeoX
 * alternates q, k and v head by head, its GGUF twin does not; gains of Gemma count from 1 on, those
 * of its GGUF twin from 0. */
static const family_case FAMILIES[] = {
    {.twin = "gpt2-twin",
     .architecture = "gpt2",
     .tokens = 61,
     .config = "{\"model_type\": \"gpt2\", \"n_embd\": 51, \"n_layer\": 2, \"n_head\": 3, "
               "\"n_inner\": 77, \"n_positions\": 40, \"vocab_size\": 61, "
               "\"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-05, "
               "\"torch_dtype\": \"float32\"}",
     .numbers = {"block_count", "2", "embedding_length", "51", "feed_forward_length", "77",
                 "context_length", "40", "attention.head_count", "3"}},
    {.twin = "mixtral-twin",
     .architecture = "llama",
     .tokens = 61,
     .config = "{\"model_type\": \"mixtral\", \"hidden_size\": 54, \"intermediate_size\": 37, "
               "\"num_hidden_layers\": 2, \"num_attention_heads\": 6, \"num_key_value_heads\": "
               "2, \"head_dim\": 10, \"num_local_experts\": 5, \"num_experts_per_tok\": 2, "
               "\"vocab_size\": 61, \"sliding_window\": null, \"hidden_act\": \"silu\", "
               "\"rms_norm_eps\": 1e-05, \"rope_theta\": 1000000.0, \"tie_word_embeddings\": "
               "false, \"torch_dtype\": \"bfloat16\"}",
     .numbers = {"block_count", "2", "embedding_length", "54", "feed_forward_length", "37",
                 "attention.head_count", "6", "attention.head_count_kv", "2",
                 "attention.key_length", "10", "expert_count", "5", "expert_used_count", "2"},
     .what = {.pairs = 10}},
    {.twin = "gpt-neox-twin",
     .architecture = "gptneox",
     .tokens = 61,
     .config = "{\"model_type\": \"gpt_neox\", \"hidden_size\": 48, \"intermediate_size\": 77, "
               "\"num_hidden_layers\": 2, \"num_attention_heads\": 3, \"vocab_size\": 61, "
               "\"rotary_pct\": 0.25, \"rotary_emb_base\": 10000, \"hidden_act\": \"gelu\", "
               "\"layer_norm_eps\": 1e-05, \"use_parallel_residual\": true, \"torch_dtype\": "
               "\"float16\"}",
     .numbers = {"block_count", "2", "embedding_length", "48", "feed_forward_length", "77",
                 "attention.head_count", "3", "rope.dimension_count", "4"},
     .what = {.fused = 48}},
    {.twin = "gemma-twin",
     .architecture = "gemma",
     .tokens = 63,
     .config = "{\"model_type\": \"gemma\", \"hidden_size\": 50, \"intermediate_size\": 71, "
               "\"num_hidden_layers\": 2, \"num_attention_heads\": 3, \"num_key_value_heads\": "
               "1, \"head_dim\": 14, \"vocab_size\": 63, \"rms_norm_eps\": 1e-06, "
               "\"rope_theta\": 10000.0, \"torch_dtype\": \"bfloat16\"}",
     .numbers = {"block_count", "2", "embedding_length", "50", "feed_forward_length", "71",
                 "attention.head_count", "3", "attention.head_count_kv", "1",
                 "attention.key_length", "14"},
     .what = {.gain = 1}}};

static void check_family(const family_case *f, bool gguf) {
  const char *folder = safe_folder();
  side drawn, read;
  char twin[256], told[96];
  snprintf(twin, sizeof twin, "%s/tests/twins/%s.yaml", RL_SOURCE_DIR, f->twin);
  snprintf(told, sizeof told, "%s, %s", f->twin, gguf ? "GGUF" : "safetensors");
  draw_side(&drawn, twin, "bf16");
  dump what = f->what;
  what.program = drawn.program;
  what.engine = drawn.engine;
  if (gguf) {
    facts_of(&file, f->architecture, f->numbers, f->tokens);
    dump_gguf(&what, &file, folder);
  } else {
    safe_write_text(folder, "config.json", f->config);
    dump_safetensors(&what, folder);
  }
  read_side(&read, gguf ? path_in(folder, "model.gguf") : folder, NULL);
  check_same(&drawn, &read, told);
  close_side(&drawn);
  close_side(&read);
  safe_folder_end();
}

static void test_families(void) {
  for (size_t f = 0; f < sizeof FAMILIES / sizeof *FAMILIES; f++) {
    check_family(&FAMILIES[f], false);
    check_family(&FAMILIES[f], true);
  }
}

/* --- what is wrong with a file --- */

/* One damage to a file of the llama, and the whole line that is said of it. */
typedef struct damage {
  const char *weights, *quantization; /* quantization NULL: a GGUF file */
  dump_layout layout;
  const char *tensor;  /* whose bytes are damaged, */
  rl_stored_role role; /* of it that part, */
  uint64_t at;         /* from this byte on, */
  const char *bytes;
  size_t count;
  rl_status status;
  const char *line; /* %llu: the byte of the file */
} damage;

/* Half a block of iq1_m, whose scale is in four of its last bytes. */
#define ONES                                                 \
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

static const damage DAMAGES[] = {
    {"bf16", "null", DUMP_PLAIN, "model.layers.1.self_attn.k_proj.weight", RL_STORED_PLAIN, 1550,
     "\xc0\x7f", 2, RL_BAD_INPUT,
     "model.safetensors: error: tensor 'model.layers.1.self_attn.k_proj.weight' holds what is no "
     "finite number, in row 3 (at byte %s) — download or convert the file again"},
    {"fp32", NULL, DUMP_PLAIN, "output_norm.weight", RL_STORED_PLAIN, 800, "\0\0\x80\xff", 4,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'output_norm.weight' holds what is no finite number, in row 0 (at "
     "byte %s) — download or convert the file again"},
    {"q4_k", NULL, DUMP_PLAIN, "blk.1.ffn_down.weight", RL_STORED_PLAIN, 1586, "\0\x7c", 2,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'blk.1.ffn_down.weight' holds what is no finite number, in row 5 "
     "(at byte %s) — download or convert the file again"},
    {"q6_k", NULL, DUMP_PLAIN, "blk.0.attn_v.weight", RL_STORED_PLAIN, 2098, "\1\x7e", 2,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'blk.0.attn_v.weight' holds what is no finite number, in row 9 (at "
     "byte %s) — download or convert the file again"},
    {"iq4_nl", NULL, DUMP_PLAIN, "blk.0.attn_v.weight", RL_STORED_PLAIN, 306, "\1\x7e", 2,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'blk.0.attn_v.weight' holds what is no finite number, in row 2 (at "
     "byte %s) — download or convert the file again"},
    {"iq2_xs", NULL, DUMP_PLAIN, "blk.0.attn_v.weight", RL_STORED_PLAIN, 222, "\0\x7c", 2,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'blk.0.attn_v.weight' holds what is no finite number, in row 3 (at "
     "byte %s) — download or convert the file again"},
    {"iq1_m", NULL, DUMP_PLAIN, "blk.0.attn_v.weight", RL_STORED_PLAIN, 112, ONES ONES, 56,
     RL_BAD_INPUT,
     "model.gguf: error: tensor 'blk.0.attn_v.weight' holds what is no finite number, in row 2 (at "
     "byte %s) — download or convert the file again"},
    {"w8a8-fp8", "{\"quant_method\": \"fp8\"}", DUMP_PLAIN, "model.layers.0.mlp.up_proj.weight",
     RL_STORED_PLAIN, 1025, "\x7f", 1, RL_BAD_INPUT,
     "model.safetensors: error: tensor 'model.layers.0.mlp.up_proj.weight' holds what is no finite "
     "number, in row 4 (at byte %s) — download or convert the file again"},
    {"w4a16-g128", "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": true}", DUMP_GPTQ,
     "model.layers.0.mlp.up_proj.weight", RL_STORED_SCALES, 1036, "\0\x7c", 2, RL_BAD_INPUT,
     "model.safetensors: error: tensor 'model.layers.0.mlp.up_proj.scales' holds what is no finite "
     "number, in row 6 (at byte %s) — download or convert the file again"},
    {"w4a16-g128-asym", "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": false}", DUMP_GPTQ,
     "model.layers.0.mlp.up_proj.weight", RL_STORED_ZEROS, 4, "\x0f", 1, RL_BAD_INPUT,
     "model.safetensors: error: tensor 'model.layers.0.mlp.up_proj.qzeros' holds a zero point "
     "beyond its codes, in row 8 (at byte %s) — download or convert the file again"},
    {"w4a16-g128", "{\"quant_method\": \"gptq\", \"bits\": 4, \"sym\": true, \"desc_act\": true}",
     DUMP_GPTQ, "model.layers.0.mlp.up_proj.weight", RL_STORED_ORDER, 308, "\2", 1, RL_BAD_INPUT,
     "model.safetensors: error: tensor 'model.layers.0.mlp.up_proj.g_idx' holds a group that there "
     "is not, of column 77 (at byte %s) — download or convert the file again"}};

static void patch(const char *path, uint64_t at, const char *bytes, size_t count) {
  FILE *out = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  CU_ASSERT_EQUAL(fseek(out, (long)at, SEEK_SET), 0);
  CU_ASSERT_EQUAL(fwrite(bytes, 1, count, out), count);
  CU_ASSERT_EQUAL(fclose(out), 0);
}

/* The llama in files of its own folder; answers the model's path. */
static const char *write_llama(const char *folder, const char *weights, const char *quantization,
                               dump_layout layout) {
  side drawn;
  safe_write_config(folder, "null");
  draw_side(&drawn, path_in(folder, "config.json"), weights);
  const dump what = {
      .program = drawn.program, .engine = drawn.engine, .layout = layout, .pairs = 64};
  if (quantization == NULL) {
    llama_facts(&file);
    dump_gguf(&what, &file, folder);
  } else {
    dump_safetensors(&what, folder);
    safe_write_config(folder, quantization);
  }
  close_side(&drawn);
  return quantization == NULL ? path_in(folder, "model.gguf") : folder;
}

static const rl_stored_part *part_of(const side *s, const char *name, rl_stored_role role) {
  const rl_stored_tensor *tensor = rl_stored_find(s->scenario->model->stored, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
  if (tensor == NULL) return NULL;
  for (size_t p = 0; p < tensor->part_count; p++) {
    if (tensor->parts[p].role == role) return &tensor->parts[p];
  }
  CU_FAIL_FATAL("no such part");
  return NULL;
}

/* The last line said, of files without their folder. */
static void check_line(const side *s, const char *line) {
  char got[1024];
  safe_last_line(&s->c.diags, got, sizeof got);
  if (strcmp(got, line) != 0) fprintf(stderr, "\ngot      %s\nexpected %s\n", got, line);
  CU_ASSERT_STRING_EQUAL(got, line);
}

static void check_damage(const damage *d) {
  const char *folder = safe_folder(), *model;
  char file_path[SAFE_PATH], byte[RL_NUMBER_TEXT], line[1024];
  side s;
  model = write_llama(folder, d->weights, d->quantization, d->layout);
  open_side(&s, model, NULL);
  const rl_stored_part *part = part_of(&s, d->tensor, d->role);
  if (part == NULL) return;
  const uint64_t at = part->at + d->at;
  snprintf(file_path, sizeof file_path, "%s", part->file);
  close_side(&s);
  patch(file_path, at, d->bytes, d->count);
  read_side(&s, model, NULL);
  CU_ASSERT_EQUAL(s.status, d->status);
  const char *slot = strstr(d->line, "%s");
  snprintf(line, sizeof line, "%.*s%s%s", (int)(slot - d->line), d->line,
           rl_print_grouped(at, byte), slot + 2);
  check_line(&s, line);
  close_side(&s);
  safe_folder_end();
}

static void test_damaged(void) {
  for (size_t i = 0; i < sizeof DAMAGES / sizeof *DAMAGES; i++) check_damage(&DAMAGES[i]);
}

/* A tensor with another name; a config of another size; a file that ends early. */
static void test_absent(void) {
  const char *folder = safe_folder();
  side s;
  char path[SAFE_PATH];
  write_llama(folder, "bf16", "null", DUMP_PLAIN);
  snprintf(path, sizeof path, "%s", path_in(folder, "model.safetensors"));
  open_side(&s, folder, NULL);
  const rl_stored_part *last = part_of(&s, "lm_head.weight", RL_STORED_PLAIN);
  const uint64_t end = last == NULL ? 0 : last->at;
  close_side(&s);
  safe_write_text(folder, "config.json",
                  "{\"model_type\": \"llama\", \"num_hidden_layers\": 2, \"hidden_size\": 256, "
                  "\"intermediate_size\": 500, \"num_attention_heads\": 4, "
                  "\"num_key_value_heads\": 2, \"vocab_size\": 40, \"rms_norm_eps\": 1e-05}");
  read_side(&s, folder, "fp16"); /* its own formats are held against it when it is lowered */
  CU_ASSERT_EQUAL(s.status, RL_BAD_INPUT);
  check_line(&s,
             "model.safetensors: error: tensor 'model.layers.0.mlp.down_proj.weight' of the "
             "file has 256 rows of 512 values, of which down_proj.weight cannot take 256 of "
             "500 — the family, or its dims, are not those of the file");
  close_side(&s);
  safe_write_config(folder, "null");
  patch(path, 8 + 2, "x", 1); /* the first name of the head */
  read_side(&s, folder, "fp16");
  CU_ASSERT_EQUAL(s.status, RL_BAD_INPUT);
  check_line(&s,
             "model.safetensors: error: the file has no tensor 'model.embed_tokens.weight', "
             "which embed.weight is made of");
  close_side(&s);
  patch(path, 8 + 2, "m", 1);
  CU_ASSERT_EQUAL(truncate(path, (off_t)end), 0);
  read_side(&s, folder, NULL);
  CU_ASSERT_EQUAL(s.status, RL_BAD_INPUT);
  close_side(&s);
  safe_folder_end();
}

/* Parts that nothing puts together; operators for which GGUF files hold other values. */
static void test_unread(void) {
  static safe_file head;
  static const char *const NUMBERS[] = {"block_count",
                                        "3",
                                        "embedding_length",
                                        "27",
                                        "ssm.inner_size",
                                        "54",
                                        "ssm.state_size",
                                        "5",
                                        "ssm.time_step_rank",
                                        "3",
                                        "ssm.conv_kernel",
                                        "4",
                                        NULL};
  const char *folder = safe_folder();
  char twin[256];
  side drawn, s;
  safe_make_llama(&head, SAFE_NVFP4, "model.");
  safe_write(&head, folder, "model.safetensors");
  safe_write_config(folder, "{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\"}");
  read_side(&s, folder, NULL);
  CU_ASSERT_EQUAL(s.status, RL_ENVIRONMENT);
  check_line(&s,
             "model.safetensors: error: weights cannot be loaded from tensor "
             "'model.layers.0.self_attn.q_proj.weight': the engine does not put its parts "
             "together — analyze counts it; take the model in bf16, or in another "
             "quantization");
  close_side(&s);
  snprintf(twin, sizeof twin, "%s/tests/twins/mamba-twin.yaml", RL_SOURCE_DIR);
  draw_side(&drawn, twin, "bf16");
  const dump what = {.program = drawn.program, .engine = drawn.engine};
  facts_of(&file, "mamba", NUMBERS, 47);
  dump_gguf(&what, &file, folder);
  read_side(&s, path_in(folder, "model.gguf"), NULL);
  CU_ASSERT_EQUAL(s.status, RL_ENVIRONMENT);
  check_line(&s,
             "model.gguf: error: weights cannot be loaded from tensor 'blk.0.ssm_conv1d.weight': "
             "GGUF files hold other values for its operator — analyze counts it; take the "
             "model in bf16, or in another quantization");
  close_side(&drawn);
  close_side(&s);
  safe_folder_end();
}

RL_SUITE("files", {"gguf", test_gguf}, {"safetensors", test_safetensors},
         {"converted", test_converted}, {"families", test_families}, {"damaged", test_damaged},
         {"absent", test_absent}, {"unread", test_unread})
