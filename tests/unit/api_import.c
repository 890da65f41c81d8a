/* What import writes is read as what it was written from: every published config, a GGUF file, and
 * safetensors with formats of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf_help.h"
#include "graph/lower.h"
#include "safetensors_help.h"
#include "spec/model_write.h"
#include "spec_help.h"
#include "unit.h"

static const char out_path[] = "./imported.yaml";

/* What a program counts of a model. */
typedef struct counts {
  uint64_t weights, parameters, active, kv, state;
  uint32_t ops, runs;
} counts;

static counts count(spec_case *c, const char *name, const rl_model **model) {
  const rl_request request = {.model.text = name};
  counts k = {0};
  rl_scenario *scenario;
  const rl_program *program;
  rl_status status = rl_scenario_resolve(&c->arena, c->db, &request, &scenario, &c->diags);
  if (status == RL_OK) status = rl_lower(&c->arena, scenario, &program, &c->diags);
  if (status == RL_OK) status = rl_stored_check(&c->arena, scenario, program, &c->diags);
  if (status != RL_OK) {
    spec_print(c);
    exit(1); /* nothing below has a meaning */
  }
  CU_ASSERT(rl_program_weight_bytes(program, &k.weights));
  CU_ASSERT(rl_program_parameters(program, &k.parameters));
  CU_ASSERT(rl_program_active_parameters(program, &k.active));
  CU_ASSERT(rl_program_kv_written_bytes(program, &k.kv));
  CU_ASSERT(rl_program_state_bytes(program, &k.state));
  k.ops = program->op_count;
  k.runs = program->run_count;
  *model = scenario->model;
  return k;
}

/* The description without the line that says where it was read. */
static const char *described(spec_case *c, const rl_model *model, uint64_t parameters, bool save) {
  rl_buf text;
  rl_buf_init(&text, &c->arena, (size_t)1 << 22);
  rl_model_write(&text, model, parameters);
  CU_ASSERT_FALSE_FATAL(text.failed);
  if (save) {
    FILE *file = fopen(out_path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text.text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
  }
  char *from = strstr(text.text, "\nsource: ");
  CU_ASSERT_PTR_NOT_NULL_FATAL(from);
  if (from == NULL) return text.text;
  memset(from + 1, '#', strcspn(from + 1, "\n"));
  return strrchr(from, '#');
}

/* Written, read and written again: one text, one count of everything. */
static void round_trip(const char *name) {
  spec_case c;
  const rl_model *model, *again;
  spec_open(&c, NULL);
  counts before = count(&c, name, &model);
  const char *text = described(&c, model, before.parameters, true);
  counts after = count(&c, out_path, &again);
  CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof before), 0);
  CU_ASSERT_STRING_EQUAL(described(&c, again, after.parameters, false), text);
  CU_ASSERT(again->type == model->type && again->state_type == model->state_type);
  CU_ASSERT_PTR_EQUAL(again->family, model->family);
  CU_ASSERT_EQUAL(again->parameters_exact, before.parameters);
  CU_ASSERT_EQUAL(unlink(out_path), 0);
  spec_close(&c);
}

static void test_configs(void) {
  static const char *const names[] = {"bert-base-uncased",  "dbrx",          "deepseek-v2",
                                      "gemma-3-27b",        "gpt-oss-20b",   "jamba-v0.1",
                                      "llama-3.2-1b",       "llama-4-scout", "minimax-text-01",
                                      "qwen3-next-80b-a3b", "t5-base",       "whisper-large-v3"};
  char path[SAFE_PATH];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/tests/configs/%s.json", RL_SOURCE_DIR, names[i]);
    round_trip(path);
  }
  round_trip("llama-3-8b"); /* a description itself, with its ids */
}

static void test_gguf(void) {
  static gguf_file file;
  char path[GGUF_PATH];
  gguf_make_llama(&file, (gguf_llama){.down = GGUF_Q6_K, .head = 1});
  gguf_tensor(&file, "rope_factors.weight", (gguf_shape){GGUF_I32, 256, 40, 40960});
  gguf_write(&file, gguf_folder(), "m.gguf", path);
  round_trip(path);
  gguf_folder_end(path);
}

static void test_safetensors(void) {
  static const struct {
    safe_layout layout;
    const char *quantization;
  } cases[] = {
      {SAFE_BF16, "null"},
      {SAFE_FP8_ROW, "{\"quant_method\": \"fbgemm_fp8\"}"},
      {SAFE_INT8_WIDE, "{\"quant_method\": \"bitsandbytes\", \"list\": [1, \"x y\", true]}"},
      {SAFE_FP4_DOUBLE, "null"},
      {SAFE_PACKED_8_4, "{\"bits\": 4, \"extra_config\": {\".*self_attn.*\": {\"bits\": 8}}}"},
      {SAFE_GPTQ, "{\"bits\": 4, \"desc_act\": true}"},
      {SAFE_GPTQ_256, "{\"bits\": 4, \"a key\": \"3\"}"}};
  static safe_file file;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *folder = safe_folder();
    safe_make_llama(&file, cases[i].layout, "model.");
    safe_write_config(folder, cases[i].quantization);
    safe_write(&file, folder, "model.safetensors");
    round_trip(folder);
    safe_folder_end();
  }
}

RL_SUITE("api import", {"configs", test_configs}, {"gguf", test_gguf},
         {"safetensors", test_safetensors})
