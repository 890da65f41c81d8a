/* The layout of a GGUF file: magic, version, counts, facts, tensors, padding, data. */
#include "gguf_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { TYPE_U32 = 4, TYPE_F32 = 6, TYPE_TEXT = 8, TYPE_LIST = 9, ALIGNMENT = 32 };

/* One of the two growing parts. */
typedef struct part {
  uint8_t *bytes;
  size_t *count;
} part;

static void put(part p, const void *bytes, size_t count) {
  CU_ASSERT_FATAL(*p.count + count <= GGUF_BYTES);
  memcpy(p.bytes + *p.count, bytes, count);
  *p.count += count;
}

static void put_number(part p, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++, value >>= 8) {
    uint8_t byte = (uint8_t)(value & 255);
    put(p, &byte, 1);
  }
}

static void put_text(part p, const char *text) {
  put_number(p, strlen(text), 8);
  put(p, text, strlen(text));
}

static part facts_of(gguf_file *f) {
  return (part){f->facts, &f->fact_bytes};
}

static part begin_fact(gguf_file *f, const char *key, uint32_t type) {
  f->fact_count++;
  put_text(facts_of(f), key);
  put_number(facts_of(f), type, 4);
  return facts_of(f);
}

void gguf_number(gguf_file *f, const char *key, uint32_t value) {
  put_number(begin_fact(f, key, TYPE_U32), value, 4);
}

void gguf_value(gguf_file *f, const char *key, uint32_t type, uint64_t bits, size_t bytes) {
  put_number(begin_fact(f, key, type), bits, bytes);
}

void gguf_real(gguf_file *f, const char *key, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_number(begin_fact(f, key, TYPE_F32), bits, 4);
}

void gguf_text(gguf_file *f, const char *key, const char *value) {
  put_text(begin_fact(f, key, TYPE_TEXT), value);
}

void gguf_texts(gguf_file *f, const char *key, uint64_t count) {
  part p = begin_fact(f, key, TYPE_LIST);
  put_number(p, TYPE_TEXT, 4);
  put_number(p, count, 8);
  for (uint64_t i = 0; i < count; i++) put_text(p, "t");
}

void gguf_list(gguf_file *f, const char *key, const uint32_t *values, uint64_t count) {
  part p = begin_fact(f, key, TYPE_LIST);
  put_number(p, TYPE_U32, 4);
  put_number(p, count, 8);
  for (uint64_t i = 0; i < count; i++) put_number(p, values[i], 4);
}

void gguf_tensor(gguf_file *f, const char *name, gguf_shape shape) {
  part p = {f->tensors, &f->tensor_bytes};
  f->tensor_count++;
  put_text(p, name);
  put_number(p, shape.depth > 0 ? 3 : shape.rows > 0 ? 2 : 1, 4);
  put_number(p, shape.cols, 8);
  if (shape.rows > 0) put_number(p, shape.rows, 8);
  if (shape.depth > 0) put_number(p, shape.depth, 8);
  put_number(p, shape.type, 4);
  put_number(p, f->data, 8);
  f->data += (shape.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* rows of cols values in q4_k or q6_k */
static gguf_shape blocks(uint32_t type, uint64_t cols, uint64_t rows) {
  uint64_t bytes = type == GGUF_Q6_K ? 210 : 144;
  return (gguf_shape){type, cols, rows, rows * (cols / 256) * bytes};
}

static void layer_tensor(gguf_file *f, int layer, const char *what, gguf_shape shape) {
  char name[64];
  snprintf(name, sizeof name, "blk.%d.%s.weight", layer, what);
  gguf_tensor(f, name, shape);
}

static void add_layer(gguf_file *f, int layer, uint32_t down) {
  const gguf_shape norm = {GGUF_F32, 256, 0, 1024};
  layer_tensor(f, layer, "attn_norm", norm);
  layer_tensor(f, layer, "attn_q", blocks(GGUF_Q4_K, 256, 256));
  layer_tensor(f, layer, "attn_k", blocks(GGUF_Q4_K, 256, 128));
  layer_tensor(f, layer, "attn_v", blocks(GGUF_Q4_K, 256, 128));
  layer_tensor(f, layer, "attn_output", blocks(GGUF_Q4_K, 256, 256));
  layer_tensor(f, layer, "ffn_norm", norm);
  layer_tensor(f, layer, "ffn_gate", blocks(GGUF_Q4_K, 256, 512));
  layer_tensor(f, layer, "ffn_up", blocks(GGUF_Q4_K, 256, 512));
  layer_tensor(f, layer, "ffn_down", blocks(down, 512, 256));
}

void gguf_make_llama(gguf_file *f, gguf_llama what) {
  static const uint32_t kv_heads[] = {2, 2};
  memset(f, 0, sizeof *f);
  gguf_text(f, "general.architecture", "llama");
  gguf_text(f, "general.name", "a llama of two layers");
  gguf_number(f, "llama.block_count", 2);
  gguf_number(f, "llama.embedding_length", 256);
  gguf_number(f, "llama.feed_forward_length", 512);
  gguf_number(f, "llama.attention.head_count", 4);
  gguf_list(f, "llama.attention.head_count_kv", kv_heads, 2);
  gguf_real(f, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
  gguf_real(f, "llama.rope.freq_base", 500000);
  gguf_texts(f, "tokenizer.ggml.tokens", 40);
  gguf_tensor(f, "token_embd.weight", blocks(GGUF_Q4_K, 256, 40));
  add_layer(f, 0, GGUF_Q4_K);
  add_layer(f, 1, what.down);
  gguf_tensor(f, "output_norm.weight", (gguf_shape){GGUF_F32, 256, 0, 1024});
  if (what.head) gguf_tensor(f, "output.weight", blocks(GGUF_Q6_K, 256, 40));
}

static char test_folder[] = "/tmp/rooflinectl-gguf-XXXXXX";

const char *gguf_folder(void) {
  memcpy(test_folder + sizeof test_folder - 7, "XXXXXX", 6);
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(test_folder));
  return test_folder;
}

void gguf_folder_end(const char *path) {
  if (path != NULL) unlink(path);
  rmdir(test_folder);
}

size_t gguf_head(const gguf_file *f, uint8_t *out) {
  size_t count = 0;
  part p = {out, &count};
  put(p, "GGUF", 4);
  put_number(p, 3, 4);
  put_number(p, f->tensor_count, 8);
  put_number(p, f->fact_count, 8);
  put(p, f->facts, f->fact_bytes);
  put(p, f->tensors, f->tensor_bytes);
  return count;
}

void gguf_write_bytes(const uint8_t *bytes, size_t count, uint64_t size, const char *path) {
  FILE *file = fopen(path, "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
  CU_ASSERT_EQUAL(fclose(file), 0);
  CU_ASSERT_EQUAL(truncate(path, (off_t)size), 0);
}

void gguf_write(const gguf_file *f, const char *folder, const char *name, char path[GGUF_PATH]) {
  static uint8_t head[2 * GGUF_BYTES];
  size_t count = gguf_head(f, head);
  snprintf(path, GGUF_PATH, "%s/%s", folder, name);
  gguf_write_bytes(head, count, (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + f->data, path);
}

void gguf_last_line(const rl_diags *diags, char *out, size_t room) {
  rl_buf line;
  out[0] = '\0';
  if (diags->list.count == 0) return;
  rl_diag shown = diags->list.items[diags->list.count - 1];
  shown.loc.file = "x.gguf";
  rl_buf_init(&line, diags->arena, room);
  rl_diag_print(&line, &shown);
  snprintf(out, room, "%.*s", (int)line.length - 1, line.text);
}
