/* Heads of safetensors files and their index: what is cut, changed or promised in them ends in a
 * diagnostic with its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

static safe_file file;
static const char *folder;

/* Loads folder/name and answers the last message. */
static rl_status load(const char *name, char *message, size_t room) {
  char path[SAFE_PATH];
  const rl_model *model;
  spec_case c;
  spec_open(&c, NULL);
  snprintf(path, sizeof path, "%s%s%s", folder, name[0] == '\0' ? "" : "/", name);
  rl_status status = rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags);
  safe_last_line(&c.diags, message, room);
  spec_close(&c);
  return status;
}

static void begin(safe_layout layout) {
  folder = safe_folder();
  safe_write_config(folder, "null");
  safe_make_llama(&file, layout, "model.");
}

static void set_length(uint64_t size) {
  char path[SAFE_PATH];
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  CU_ASSERT_EQUAL(truncate(path, (off_t)size), 0);
}

static void set_byte(uint64_t at, uint8_t byte) {
  char path[SAFE_PATH];
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  FILE *stream = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
  CU_ASSERT_EQUAL(fseek(stream, (long)at, SEEK_SET), 0);
  CU_ASSERT_EQUAL(fputc(byte, stream), byte);
  CU_ASSERT_EQUAL(fclose(stream), 0);
}

/* A file cut anywhere is refused, in the head or in the data. */
static void test_cut(void) {
  char message[512];
  begin(SAFE_BF16);
  size_t head = safe_write(&file, folder, "model.safetensors");
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_OK);
  for (size_t cut = head; cut-- > 0;) {
    if (cut % 61 != 0 && cut > 9) continue;
    set_length(cut);
    CU_ASSERT_EQUAL(load("model.safetensors", message, sizeof message), RL_BAD_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "(at byte "));
  }
  safe_write(&file, folder, "model.safetensors");
  set_length(head + file.data - 1);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(message, "the tensors end behind the end of the file"));
  set_length(head + file.data + 1);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(message, "there is more data than the tensors take"));
  safe_folder_end();
}

/* Every byte of the length and bytes of the head at random changed: a model, or a diagnostic with a
 * place. */
static void test_changed(void) {
  char message[1024];
  uint32_t state = 7;
  size_t refused = 0;
  begin(SAFE_GPTQ);
  for (uint32_t trial = 0; trial < 300; trial++) {
    size_t head = safe_write(&file, folder, "model.safetensors");
    state = state * 1664525u + 1013904223u;
    bool length = trial < 40;
    set_byte(length ? trial / 5 : 8 + (state >> 8) % (head - 8), (uint8_t)(state >> 24));
    rl_status status = load("", message, sizeof message);
    CU_ASSERT(status == RL_OK || status == RL_BAD_INPUT);
    if (status == RL_BAD_INPUT) CU_ASSERT_PTR_NOT_NULL(strstr(message, "model.safetensors"));
    refused += status != RL_OK;
  }
  CU_ASSERT(refused > 60);
  safe_folder_end();
}

/* What stands between the braces of the head, bytes of data, and what is said of it. */
static const struct {
  const char *head;
  uint64_t data;
  const char *line;
} wrong[] = {
    {"\"a\": {\"dtype\": \"BF17\", \"shape\": [2], \"data_offsets\": [0, 4]}", 4,
     "model.safetensors:1:17: error: safetensors has no type 'BF17' — did you mean 'BF16'?"},
    {"\"a\": {\"dtype\": \"BF16\", \"shape\": [3], \"data_offsets\": [0, 4]}", 4,
     "model.safetensors:1:2: error: tensor 'a' has other bytes than its shape and type take — "
     "download the file again"},
    {"\"a\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [4, 0]}", 4,
     "model.safetensors:1:2: error: tensor 'a' ends before it begins — download the file again"},
    {"\"a\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [0, 4, 8]}", 4,
     "model.safetensors:1:2: error: tensor 'a' has other than two data_offsets — download the file "
     "again"},
    {"\"a\": {\"dtype\": \"BF16\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 4]}",
     4,
     "model.safetensors:1:2: error: tensor 'a' is larger than any file — download the file again"},
    {"\"a\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [0, 4]}, "
     "\"b\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [3, 7]}",
     7,
     "model.safetensors:1:62: error: tensor 'b' begins before the one in front of it ends — "
     "download the file again"},
    {"\"a\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [0, 4]}, "
     "\"b\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [5, 9]}",
     9,
     "model.safetensors:1:62: error: tensor 'b' leaves a gap behind the one in front of it — "
     "download the file again"},
    {"\"a.weight\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [0, 4]}, "
     "\"a.qweight\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [4, 8]}",
     8, "model.safetensors:1:2: error: tensor 'a.weight' is given twice"},
    {"\"a\": {\"dtype\": \"U8\", \"shape\": 4, \"data_offsets\": [0, 4]}", 4,
     "model.safetensors:1:32: error: shape: expected a list, got a single value"},
    {"\"a\": {\"dtype\": \"U8\", \"data_offsets\": [0, 4]}", 4,
     "model.safetensors:1:7: error: tensor has no shape"},
};

static void test_wrong(void) {
  char message[512];
  begin(SAFE_BF16);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memset(&file, 0, sizeof file);
    safe_text(&file, wrong[i].head);
    file.data = wrong[i].data;
    safe_write(&file, folder, "model.safetensors");
    CU_ASSERT_EQUAL(load("model.safetensors", message, sizeof message), RL_BAD_INPUT);
    if (strcmp(message, wrong[i].line) != 0) fprintf(stderr, "\n%s\n", message);
    CU_ASSERT_STRING_EQUAL(message, wrong[i].line);
  }
  safe_folder_end();
}

/* An index of two files: whole, of one file too few, with another name, without any file. */
static void test_index(void) {
  static const char whole[] =
      "{\"metadata\": {\"total_size\": 12}, \"weight_map\": {\"a\": \"x-1.safetensors\", "
      "\"b\": \"x-2.safetensors\"}}";
  static const char more[] =
      "{\"weight_map\": {\"a\": \"x-1.safetensors\", \"c\": \"x-2.safetensors\"}}";
  static const char fewer[] = "{\"weight_map\": {\"a\": \"x-1.safetensors\"}}";
  static const char outside[] = "{\"weight_map\": {\"a\": \"../x.safetensors\"}}";
  static const char name[] = "x.safetensors.index.json";
  char message[512], path[SAFE_PATH];
  begin(SAFE_BF16);
  safe_write_text(folder, name, whole);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_OK);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json: note: none of the files that the index names "
                         "is there: it says 12 bytes in all — weights are counted by the config's "
                         "number type and quantization");
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "a", "BF16", "4");
  safe_write(&file, folder, "x-1.safetensors");
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(message, "x-2.safetensors: error: cannot be opened: no such file");
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "b", "F32", "1");
  safe_write(&file, folder, "x-2.safetensors");
  CU_ASSERT_EQUAL(load(name, message, sizeof message), RL_OK);
  CU_ASSERT_STRING_EQUAL(message, "");
  safe_write_text(folder, name, more);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json:1:41: error: tensor 'c' is in none of the files "
                         "that the index names — download the file again");
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "a", "BF16", "2");
  safe_tensor(&file, "b", "BF16", "2");
  safe_write(&file, folder, "x-1.safetensors");
  safe_write_text(folder, name, fewer);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json: error: the index names 1 tensors, its files "
                         "have 2 — download the files again");
  safe_write_text(folder, name, outside);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  snprintf(path, sizeof path, "%s/config.json", folder);
  unlink(path);
  CU_ASSERT_EQUAL(load(name, message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json: error: there is no config.json beside it — it "
                         "says what the tensors are multiplied into");
  safe_folder_end();
}

/* What the index says beside the truth: another sum of bytes, and a tensor in the wrong file. */
static void test_index_beside(void) {
  static const char swapped[] =
      "{\"weight_map\": {\"a\": \"x-1.safetensors\", \"b\": \"x-1.safetensors\", \"c\": "
      "\"x-2.safetensors\"}}";
  static const char other[] =
      "{\"metadata\": {\"total_size\": 13}, \"weight_map\": {\"a\": \"x-1.safetensors\", "
      "\"b\": \"x-2.safetensors\"}}";
  static const char name[] = "x.safetensors.index.json";
  char message[512];
  begin(SAFE_BF16);
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "a", "BF16", "4");
  safe_write(&file, folder, "x-1.safetensors");
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "b", "F32", "1");
  safe_write(&file, folder, "x-2.safetensors");
  safe_write_text(folder, name, other);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_OK);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json:1:29: warning: total_size is 13 bytes, the "
                         "tensors of the files take 12 — the second is counted");
  safe_write_text(folder, name, swapped);
  CU_ASSERT_EQUAL(load("", message, sizeof message), RL_BAD_INPUT);
  CU_ASSERT_STRING_EQUAL(message,
                         "x.safetensors.index.json:1:46: error: tensor 'b' is said to be in "
                         "x-1.safetensors, and is in x-2.safetensors — download the file again");
  safe_folder_end();
}

/* Experts are one tensor of a weight; those of other shapes, or of words of floats, none. */
static void test_experts(void) {
  char path[SAFE_PATH];
  const rl_model *model;
  spec_case c;
  begin(SAFE_BF16);
  memset(&file, 0, sizeof file);
  safe_tensor(&file, "m.experts.0.up.weight", "BF16", "4, 8");
  safe_tensor(&file, "m.experts.1.up.weight", "BF16", "4, 8");
  safe_tensor(&file, "m.experts.0.down.weight", "BF16", "4, 8");
  safe_tensor(&file, "m.experts.1.down.weight", "BF16", "8, 4");
  safe_tensor(&file, "m.experts.gate_up_proj_blocks", "U8", "3, 5, 2, 16");
  safe_tensor(&file, "m.experts.gate_up_proj_scales", "U8", "3, 5, 2");
  safe_tensor(&file, "m.experts.0.n.k_scale", "F32", "1");
  safe_tensor(&file, "m.experts.1.n.scales", "F32", "1");
  safe_tensor(&file, "scalar", "F32", "");
  safe_write(&file, folder, "model.safetensors");
  spec_open(&c, NULL);
  snprintf(path, sizeof path, "%s/", folder);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, path, (rl_loc){0}, &model, &c.diags), RL_OK);
  const rl_stored *stored = model->stored;
  CU_ASSERT_PTR_NOT_NULL_FATAL(stored);
  const rl_stored_tensor *up = rl_stored_find(stored, "m.experts.{e}.up.weight");
  CU_ASSERT_PTR_NOT_NULL_FATAL(up);
  CU_ASSERT_STRING_EQUAL(up->format->name, "bf16");
  CU_ASSERT(up->bytes == 128 && up->dims[0] == 8 && up->dims[1] == 4 && up->dims[3] == 2);
  const rl_stored_tensor *down = rl_stored_find(stored, "m.experts.{e}.down.weight");
  CU_ASSERT_PTR_NOT_NULL_FATAL(down);
  CU_ASSERT_PTR_NULL(down->format);
  CU_ASSERT_STRING_EQUAL(down->type, "experts of different shapes or types");
  /* 3 * 5 rows of 2 groups of 32 values: 16 bytes and a scale a group */
  const rl_stored_tensor *both = rl_stored_find(stored, "m.experts.gate_up_proj");
  CU_ASSERT_PTR_NOT_NULL_FATAL(both);
  CU_ASSERT_STRING_EQUAL(both->format->name, "mxfp4");
  CU_ASSERT(both->bytes == 510 && both->dims[0] == 64 && both->dims[1] == 5 && both->dims[2] == 3);
  CU_ASSERT_PTR_NOT_NULL(rl_stored_find(stored, "m.experts.{e}.n.scales"));
  spec_close(&c);
  safe_folder_end();
}

/* A config that does not say its number type has that of its files; of those that are quantized
 * nothing can be read but a guess. */
static void test_unsaid_type(void) {
  static const char config[] =
      "{\"model_type\": \"llama\", \"num_hidden_layers\": 2, \"hidden_size\": 256, "
      "\"intermediate_size\": 512, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
      "\"vocab_size\": 40, \"rms_norm_eps\": 1e-05}\n";
  static const safe_layout layouts[] = {SAFE_BF16, SAFE_FP8_ROW};
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    spec_case c;
    begin(layouts[i]);
    safe_write_text(folder, "config.json", config);
    safe_write(&file, folder, "model.safetensors");
    spec_open(&c, NULL);
    CU_ASSERT_EQUAL(spec_model(&c, folder)->type, RL_BF16);
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, i);
    if (i == 1)
      spec_message(
          &c, 0,
          "the config has no torch_dtype: its numbers are taken for bfloat16, as its loaders do");
    spec_close(&c);
    safe_folder_end();
  }
}

RL_SUITE("spec safetensors", {"cut", test_cut}, {"changed", test_changed}, {"wrong", test_wrong},
         {"index", test_index}, {"index beside", test_index_beside}, {"experts", test_experts},
         {"unsaid type", test_unsaid_type})
