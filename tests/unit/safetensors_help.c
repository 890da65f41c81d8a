/* The layout of a safetensors file: length, head in JSON, data. */
#include "safetensors_help.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

void safe_text(safe_file *f, const char *text) {
  CU_ASSERT_FATAL(f->length + strlen(text) + 4 < SAFE_BYTES);
  f->length += (size_t)snprintf(f->head + f->length, SAFE_BYTES - f->length, "%s%s",
                                f->length > 0 ? ", " : "", text);
}

static uint64_t bytes_of(const char *type, const char *shape) {
  static const struct {
    const char *name;
    uint64_t bytes;
  } types[] = {{"BF16", 2}, {"F16", 2}, {"F32", 4}, {"I32", 4}, {"I64", 8}};
  uint64_t bytes = 1;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(types[i].name, type) == 0) bytes = types[i].bytes;
  }
  for (const char *at = shape; *at != '\0'; at += strcspn(at, "0123456789")) {
    char *end;
    bytes *= strtoull(at, &end, 10);
    at = end;
  }
  return bytes;
}

void safe_tensor(safe_file *f, const char *name, const char *type, const char *shape) {
  char text[512];
  uint64_t bytes = bytes_of(type, shape);
  snprintf(text, sizeof text,
           "\"%s\": {\"dtype\": \"%s\", \"shape\": [%s], \"data_offsets\": [%llu, %llu]}", name,
           type, shape, (unsigned long long)f->data, (unsigned long long)(f->data + bytes));
  f->data += bytes;
  safe_text(f, text);
}

/* A tensor of the weight `name`, whose name ends in `end`; shape as printf makes it. */
static void add(safe_file *f, const char *name, const char *end, const char *type,
                const char *shape, ...) __attribute__((format(printf, 5, 6)));
static void add(safe_file *f, const char *name, const char *end, const char *type,
                const char *shape, ...) {
  char whole[256], sizes[64];
  va_list values;
  va_start(values, shape);
  vsnprintf(sizes, sizeof sizes, shape, values);
  va_end(values);
  snprintf(whole, sizeof whole, "%s%s", name, end);
  safe_tensor(f, whole, type, sizes);
}

/* Whole rows of 8-bit integers with a scale each, and a zero point each or one for all. */
static void add_int8(safe_file *f, safe_layout layout, const char *name, int out, int in) {
  if (layout == SAFE_INT8_ASYM) add(f, name, ".weight_zero_point", "I8", "%d, 1", out);
  if (layout == SAFE_INT8_ODD) add(f, name, ".weight_zero_point", "I8", "1");
  add(f, name, ".weight", "I8", "%d, %d", out, in);
  add(f, name, ".weight_scale", "BF16", "%d, 1", out);
}


/* Those of bitsandbytes and ModelOpt, and dense ones. */
static void add_small(safe_file *f, safe_layout layout, const char *name, int out, int in) {
  switch (layout) {
    case SAFE_NVFP4:
      add(f, name, ".weight", "U8", "%d, %d", out, in / 2);
      add(f, name, ".weight_scale", "F8_E4M3", "%d, %d", out, in / 16);
      add(f, name, ".weight_scale_2", "F32", "1");
      add(f, name, ".input_scale", "F32", "1");
      break;
    case SAFE_NF4:
      add(f, name, ".weight", "U8", "%d, 1", out * in / 2);
      add(f, name, ".weight.absmax", "F32", "%d", out * in / 64);
      add(f, name, ".weight.quant_map", "F32", "16");
      add(f, name, ".weight.quant_state.bitsandbytes__nf4", "U8", "90");
      break;
    case SAFE_FP4_DOUBLE:
      add(f, name, ".weight", "U8", "%d, 1", out * in / 2);
      add(f, name, ".weight.absmax", "U8", "%d", out * in / 64);
      add(f, name, ".weight.nested_absmax", "F32", "%d", out * in / 64 / 256);
      add(f, name, ".weight.nested_quant_map", "F32", "256");
      add(f, name, ".weight.quant_map", "F32", "16");
      add(f, name, ".weight.quant_state.bitsandbytes__fp4", "U8", "190");
      break;
    default:
      add(f, name, ".weight", "BF16", "%d, %d", out, in);
  }
}

static void add_product(safe_file *f, safe_layout layout, const char *name, int out, int in) {
  switch (layout) {
    case SAFE_FP8:
      add(f, name, ".weight", "F8_E4M3", "%d, %d", out, in);
      add(f, name, ".weight_scale", "F32", "1");
      add(f, name, ".input_scale", "F32", "1");
      break;
    case SAFE_FP8_HALF:
      add(f, name, ".weight", "F8_E4M3", "%d, %d", out, in);
      add(f, name, ".weight_scale", "BF16", "1");
      break;
    case SAFE_FP8_ROW:
      add(f, name, ".weight", "F8_E4M3", "%d, %d", out, in);
      add(f, name, ".weight_scale", "F32", "%d, 1", out);
      break;
    case SAFE_FP8_ODD:
      add(f, name, ".weight", "F8_E4M3", "%d, %d", out, in);
      add(f, name, ".weight_scale", "F32", "3");
      break;
    case SAFE_GPTQ:
      add(f, name, ".qweight", "I32", "%d, %d", in / 8, out);
      add(f, name, ".qzeros", "I32", "%d, %d", in / 128, out / 8);
      add(f, name, ".scales", "F16", "%d, %d", in / 128, out);
      add(f, name, ".g_idx", "I32", "%d", in);
      break;
    case SAFE_GPTQ_256:
      add(f, name, ".qweight", "I32", "%d, %d", in / 8, out);
      add(f, name, ".qzeros", "I32", "%d, %d", in / 256, out / 8);
      add(f, name, ".scales", "F16", "%d, %d", in / 256, out);
      break;
    case SAFE_AWQ:
      add(f, name, ".qweight", "I32", "%d, %d", in, out / 8);
      add(f, name, ".qzeros", "I32", "%d, %d", in / 128, out / 8);
      add(f, name, ".scales", "F16", "%d, %d", in / 128, out);
      break;
    case SAFE_PACKED:
    case SAFE_PACKED_ORDER:
      add(f, name, ".weight_packed", "I32", "%d, %d", out, in / 8);
      add(f, name, ".weight_scale", "BF16", "%d, %d", out, in / 128);
      add(f, name, ".weight_shape", "I64", "2");
      if (layout == SAFE_PACKED_ORDER) add(f, name, ".weight_g_idx", "I32", "%d", in);
      break;
    case SAFE_PACKED_8_4:
      add(f, name, ".weight_packed", "I32", "%d, %d", out, strstr(name, "mlp") ? in / 8 : in / 4);
      add(f, name, ".weight_scale", "BF16", "%d, %d", out, in / 128);
      break;
    case SAFE_INT8:
    case SAFE_INT8_ASYM:
    case SAFE_INT8_ODD:
      add_int8(f, layout, name, out, in);
      break;
    case SAFE_INT8_WIDE:
      add(f, name, ".weight", "I8", "%d, %d", out, in);
      add(f, name, ".SCB", "F32", "%d", out);
      break;
    default:
      add_small(f, layout, name, out, in);
  }
}

static void add_layer(safe_file *f, safe_layout layout, const char *prefix, int layer) {
  static const struct {
    const char *name;
    int out, in;
  } products[] = {{"self_attn.q_proj", 256, 256}, {"self_attn.k_proj", 128, 256},
                  {"self_attn.v_proj", 128, 256}, {"self_attn.o_proj", 256, 256},
                  {"mlp.gate_proj", 512, 256},    {"mlp.up_proj", 512, 256},
                  {"mlp.down_proj", 256, 512}};
  char name[128];
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    snprintf(name, sizeof name, "%slayers.%d.%s", prefix, layer, products[i].name);
    add_product(f, layout, name, products[i].out, products[i].in);
  }
  snprintf(name, sizeof name, "%slayers.%d.input_layernorm.weight", prefix, layer);
  safe_tensor(f, name, "BF16", "256");
  snprintf(name, sizeof name, "%slayers.%d.post_attention_layernorm.weight", prefix, layer);
  safe_tensor(f, name, "BF16", "256");
}

void safe_make_llama(safe_file *f, safe_layout layout, const char *prefix) {
  memset(f, 0, sizeof *f);
  safe_text(f, "\"__metadata__\": {\"format\": \"pt\"}");
  add(f, prefix, "embed_tokens.weight", "BF16", "40, 256");
  for (int layer = 0; layer < 2; layer++) add_layer(f, layout, prefix, layer);
  add(f, prefix, "norm.weight", "BF16", "256");
  safe_tensor(f, "lm_head.weight", "BF16", "40, 256");
}

static char test_folder[] = "/tmp/rooflinectl-safe-XXXXXX";

const char *safe_folder(void) {
  memcpy(test_folder + sizeof test_folder - 7, "XXXXXX", 6);
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(test_folder));
  return test_folder;
}

void safe_folder_end(void) {
  char path[SAFE_PATH + 256];
  DIR *stream = opendir(test_folder);
  CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
  for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream)) {
    snprintf(path, sizeof path, "%s/%s", test_folder, item->d_name);
    if (item->d_name[0] != '.') unlink(path);
  }
  closedir(stream);
  rmdir(test_folder);
}

void safe_write_text(const char *folder, const char *name, const char *text) {
  char path[SAFE_PATH];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT(fputs(text, file) >= 0);
  CU_ASSERT_EQUAL(fclose(file), 0);
}

void safe_write_config(const char *folder, const char *quantization) {
  char text[2048];
  snprintf(text, sizeof text,
           "{\"model_type\": \"llama\", \"num_hidden_layers\": 2, \"hidden_size\": 256, "
           "\"intermediate_size\": 512, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
           "\"vocab_size\": 40, \"rms_norm_eps\": 1e-05, \"torch_dtype\": \"bfloat16\", "
           "\"quantization_config\": %s}\n",
           quantization);
  safe_write_text(folder, "config.json", text);
}

size_t safe_write(const safe_file *f, const char *folder, const char *name) {
  char path[SAFE_PATH];
  uint8_t length[8];
  size_t count = f->length + 2;
  for (size_t i = 0; i < sizeof length; i++) length[i] = (uint8_t)((uint64_t)count >> (8 * i));
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_EQUAL(fwrite(length, 1, sizeof length, file), sizeof length);
  CU_ASSERT(fprintf(file, "{%s}", f->head) > 0);
  CU_ASSERT_EQUAL(fclose(file), 0);
  CU_ASSERT_EQUAL(truncate(path, (off_t)(sizeof length + count + f->data)), 0);
  return sizeof length + count;
}

void safe_last_line(const rl_diags *diags, char *out, size_t room) {
  rl_buf line;
  out[0] = '\0';
  if (diags->list.count == 0) return;
  rl_diag shown = diags->list.items[diags->list.count - 1];
  const char *slash = shown.loc.file == NULL ? NULL : strrchr(shown.loc.file, '/');
  if (slash != NULL) shown.loc.file = slash + 1;
  rl_buf_init(&line, diags->arena, room);
  rl_diag_print(&line, &shown);
  snprintf(out, room, "%.*s", (int)line.length - 1, line.text);
}
