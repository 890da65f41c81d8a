/* Arrangements of tensors in safetensors files, one weight each: what a shipped format says is
 * taken by its name, another becomes a format of its own, and what none describes is named and has
 * none. */
#include <stdio.h>
#include <string.h>

#include "safetensors_help.h"
#include "spec_help.h"
#include "unit.h"

typedef struct part {
  const char *name, *type, *shape;
} part;

typedef struct arrangement {
  const char *quantization; /* of config.json */
  part parts[4];
  const char *format, *type; /* either */
  uint64_t cols, rows, bytes;
} arrangement;

/* Bytes are those of codes and of scales; zero points that are not read stand beside them. */
static const arrangement ARRANGEMENTS[] = {
    {"null", {{"m.weight", "I32", "2, 4"}}, NULL, "I32", 4, 2, 32},
    /* floats of 8 bits: no scales, scales of another type, of none of the spans, of blocks */
    {"null", {{"m.weight", "F8_E4M3", "2, 4"}}, NULL, "F8_E4M3", 4, 2, 8},
    {"null",
     {{"m.weight", "F8_E4M3", "2, 4"}, {"m.weight_scale", "U8", "2, 1"}},
     NULL,
     "F8_E4M3",
     4,
     2,
     10},
    {"null",
     {{"m.weight", "F8_E4M3", "2, 4"}, {"m.weight_scale", "F32", "3"}},
     NULL,
     "8-bit floats with scales in another arrangement",
     4,
     2,
     20},
    {"null",
     {{"m.weight", "F8_E4M3", "200, 300"}, {"m.weight_scale_inv", "F32", "2, 3"}},
     "fp8-block128",
     NULL,
     300,
     200,
     60024},
    /* integers of 8 bits: a scale a row and any other number */
    {"null",
     {{"m.weight", "I8", "2, 4"}, {"m.weight_scale", "F16", "2, 1"}},
     "w8a16",
     NULL,
     4,
     2,
     12},
    {"null",
     {{"m.weight", "I8", "2, 4"}, {"m.weight_scale", "F16", "3"}},
     NULL,
     "8-bit integers with scales in another arrangement",
     4,
     2,
     14},
    {"null", {{"m.weight", "I8", "2, 4"}, {"m.weight_scale", "U8", "2"}}, NULL, "I8", 4, 2, 10},
    {"{\"config_groups\": {\"a\": {\"weights\": {\"num_bits\": 8}, \"input_activations\": "
     "{\"num_bits\": 8}}}}",
     {{"m.weight", "I8", "2, 4"}, {"m.weight_scale", "F16", "2, 1"}},
     "w8a8-int8",
     NULL,
     4,
     2,
     12},
    /* words: 32 inputs of 4 bits in 4 words for 8 outputs, one group or two of 16 */
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}},
     "w4a16-g16",
     NULL,
     32,
     8,
     160},
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}, {"m.qzeros", "I32", "2, 1"}},
     "w4a16-g16-asym",
     NULL,
     32,
     8,
     168},
    {"{\"bits\": 4, \"sym\": true}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}, {"m.qzeros", "I32", "2, 1"}},
     "w4a16-g16",
     NULL,
     32,
     8,
     160},
    {"{\"w_bit\": 4, \"zero_point\": false}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}, {"m.qzeros", "I32", "2, 1"}},
     "w4a16-g16",
     NULL,
     32,
     8,
     160},
    /* one group with zero points is no row */
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}, {"m.qzeros", "I32", "1, 1"}},
     "w4a16-g32-asym",
     NULL,
     32,
     8,
     148},
    /* 16 inputs of 8 bits in 4 words */
    {"{\"bits\": 8}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}},
     "w8a16-g8",
     NULL,
     16,
     8,
     160},
    {"{\"bits\": 8}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F32", "1, 8"}},
     "w8a16-scale32",
     NULL,
     16,
     8,
     160},
    /* numbers of bits that are none: 4 is taken */
    {"{\"bits\": 0}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"bits\": 16}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"bits\": [4]}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"null",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"config_groups\": [8], \"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"config_groups\": {}, \"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    {"{\"config_groups\": {\"a\": {\"targets\": 1}}}",
     {{"m.weight_packed", "I32", "8, 4"}, {"m.weight_scale", "F16", "8, 2"}},
     "w4a16-g16",
     NULL,
     32,
     8,
     160},
    /* 64 inputs of 2 bits in 4 words; in two groups in an order of their own, 4 bytes an input */
    {"{\"bits\": 2}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}},
     "w2a16-g32",
     NULL,
     64,
     8,
     160},
    {"{\"bits\": 4, \"desc_act\": true}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}, {"m.g_idx", "I32", "32"}},
     "gptq-g16-act",
     NULL,
     32,
     8,
     128 + 32 + 128},
    {"{\"bits\": 8, \"desc_act\": true}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}, {"m.g_idx", "I32", "16"}},
     "gptq8-g8-act",
     NULL,
     16,
     8,
     128 + 32 + 64},
    /* one group has no order */
    {"{\"bits\": 4, \"desc_act\": true}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "1, 8"}, {"m.g_idx", "I32", "32"}},
     "w4a16-row",
     NULL,
     32,
     8,
     144},
    /* codes of 3 bits, 42 in 4 words; groups that do not divide; scales of bytes; other orders */
    {"{\"bits\": 3}",
     {{"m.qweight", "I32", "3, 8"}, {"m.scales", "F16", "2, 8"}},
     NULL,
     "3-bit integers in groups of 16",
     32,
     8,
     128},
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "5, 8"}},
     NULL,
     "4-bit integers in groups of 0",
     32,
     8,
     208},
    {"{\"bits\": 4}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "U8", "2, 8"}},
     NULL,
     "4-bit integers in groups of 16",
     32,
     8,
     144},
    {"{\"bits\": 4, \"desc_act\": true}",
     {{"m.qweight", "I32", "4, 8"}, {"m.scales", "F16", "2, 8"}},
     NULL,
     "integers whose rows are in another order, which is not stored",
     32,
     8,
     160},
    {"{\"bits\": 4}",
     {{"m.weight_packed", "I32", "8, 4"}, {"m.weight_scale", "F16", "7, 2"}},
     NULL,
     "integers with scales in another arrangement",
     32,
     8,
     156},
    /* floats of 4 bits: 2 rows of 64 columns with scales a 32, a 16, of neither number */
    {"null",
     {{"m.weight_packed", "U8", "2, 32"}, {"m.weight_scale", "U8", "2, 2"}},
     "mxfp4",
     NULL,
     64,
     2,
     68},
    {"null",
     {{"m.weight_packed", "U8", "2, 32"}, {"m.weight_scale", "F8_E4M3", "2, 4"}},
     "nvfp4",
     NULL,
     64,
     2,
     72},
    {"null",
     {{"m.weight_packed", "U8", "2, 32"}, {"m.weight_scale", "U8", "2, 3"}},
     NULL,
     "4-bit floats in another arrangement",
     64,
     2,
     70},
    {"null",
     {{"m.weight_packed", "U8", "2, 32"}, {"m.weight_scale", "F8_E4M3", "2, 3"}},
     NULL,
     "4-bit floats in another arrangement",
     64,
     2,
     70},
    {"null",
     {{"m.weight_packed", "I64", "2, 32"}, {"m.weight_scale", "F16", "2, 2"}},
     NULL,
     "I64",
     32,
     2,
     520},
    /* bitsandbytes: 256 codes in 128 bytes, words of two bytes or one, a scale for 64 or for 128 */
    {"null",
     {{"m.weight", "BF16", "64, 1"},
      {"m.weight.absmax", "F32", "4"},
      {"m.weight.quant_map", "F32", "16"},
      {"m.weight.quant_state.bitsandbytes__fp4", "U8", "90"}},
     "bnb-fp4",
     NULL,
     256,
     1,
     128 + 16 + 64},
    {"null",
     {{"m.weight", "U8", "128, 1"},
      {"m.weight.absmax", "F32", "2"},
      {"m.weight.quant_map", "F32", "16"},
      {"m.weight.quant_state.bitsandbytes__nf4", "U8", "90"}},
     "bnb-nf4-g128",
     NULL,
     256,
     1,
     128 + 8 + 64},
    /* neither of 64 nor of 128; without what says the type of codes */
    {"null",
     {{"m.weight", "U8", "128, 1"},
      {"m.weight.absmax", "F32", "3"},
      {"m.weight.quant_map", "F32", "16"},
      {"m.weight.quant_state.bitsandbytes__nf4", "U8", "90"}},
     NULL,
     "4-bit codes of a table in blocks (bitsandbytes)",
     256,
     1,
     128 + 12 + 64},
    {"null",
     {{"m.weight", "U8", "128, 1"},
      {"m.weight.absmax", "F32", "4"},
      {"m.weight.quant_map", "F32", "16"}},
     NULL,
     "4-bit codes of a table in blocks (bitsandbytes)",
     256,
     1,
     128 + 16 + 64},
    /* a scale of the whole, and one of the inputs */
    {"null",
     {{"m.weight", "U8", "2, 32"},
      {"m.weight_scale", "F8_E4M3", "2, 4"},
      {"m.weight_scale_2", "F32", ""},
      {"m.input_scale", "F32", ""}},
     "w4a4-nvfp4",
     NULL,
     64,
     2,
     76},
    /* codes of a table, 128 of them with scales a 64; bytes without one */
    {"null", {{"m.weight", "U8", "64, 1"}, {"m.weight.absmax", "F32", "2"}}, NULL, "U8", 1, 64, 72},
};

static rl_status load(const arrangement *a, const char *folder, spec_case *c,
                      const rl_model **model) {
  static safe_file file;
  char path[SAFE_PATH];
  safe_write_config(folder, a->quantization);
  memset(&file, 0, sizeof file);
  for (size_t i = 0; i < 4 && a->parts[i].name != NULL; i++) {
    safe_tensor(&file, a->parts[i].name, a->parts[i].type, a->parts[i].shape);
  }
  safe_write(&file, folder, "model.safetensors");
  spec_open(c, NULL);
  snprintf(path, sizeof path, "%s/", folder);
  return rl_db_model(c->db, path, (rl_loc){0}, model, &c->diags);
}

static bool is_as_said(const rl_stored_tensor *tensor, const arrangement *a) {
  if (tensor == NULL || tensor->dims[0] != a->cols || tensor->dims[1] != a->rows) return false;
  if (tensor->bytes != a->bytes || (tensor->format == NULL) != (a->format == NULL)) return false;
  return a->format == NULL ? strcmp(tensor->type, a->type) == 0
                           : strcmp(tensor->format->name, a->format) == 0;
}

static void test_arrangements(void) {
  for (size_t i = 0; i < sizeof ARRANGEMENTS / sizeof *ARRANGEMENTS; i++) {
    const rl_model *model = NULL;
    spec_case c;
    rl_status status = load(&ARRANGEMENTS[i], safe_folder(), &c, &model);
    if (status != RL_OK) spec_print(&c);
    CU_ASSERT_EQUAL_FATAL(status, RL_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model->stored);
    const rl_stored_tensor *tensor = rl_stored_find(model->stored, "m.weight");
    bool right = is_as_said(tensor, &ARRANGEMENTS[i]);
    if (!right && tensor != NULL) {
      fprintf(stderr, "\nrow %zu: %s %s, %llu x %llu, %llu bytes\n", i,
              tensor->format == NULL ? "-" : tensor->format->name, tensor->type,
              (unsigned long long)tensor->dims[0], (unsigned long long)tensor->dims[1],
              (unsigned long long)tensor->bytes);
    }
    CU_ASSERT(right);
    spec_close(&c);
    safe_folder_end();
  }
}

RL_SUITE("spec layouts", {"arrangements", test_arrangements})
