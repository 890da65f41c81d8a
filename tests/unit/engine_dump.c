/* Tensors gathered by name, value by value, and written behind a head. What rows and values of a
 * fused tensor are is read from the program; how codes are packed is written out here. */
#include "engine_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "gguf_help.h"
#include "kernels-ref/cpu/store.h"
#include "safetensors_help.h"
#include "unit.h"

enum { NAMES = 200, NAME = 128, DATA = 1 << 23, F32 = 0, F16 = 1, BF16 = 30 };

/* One tensor of the file: `experts` matrices of rows of so many bytes. */
typedef struct collected {
  char name[NAME];
  const rl_store *store; /* of the first weight in it */
  uint64_t rows, cols, experts;
  bool transposed;
  uint8_t *bytes;
  uint64_t size; /* of a value, or of a whole row of codes */
} collected;

typedef struct collection {
  const dump *what;
  bool gguf;
  collected items[NAMES];
  size_t count;
} collection;

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_value_list(const rl_tensor *w) {
  return ends_with(w->name, ".bias");
}

/* {l} and {e} become numbers. */
static void spell(const char *template, uint32_t layer, uint64_t expert, char out[NAME]) {
  size_t n = 0;
  for (const char *at = template; *at != '\0'; at++) {
    const bool slot = at[0] == '{' && at[2] == '}';
    CU_ASSERT_FATAL(n + 12 < NAME);
    if (slot) {
      n += (size_t)snprintf(out + n, NAME - n, "%llu",
                            at[1] == 'l' ? (unsigned long long)layer : (unsigned long long)expert);
      at += 2;
    } else {
      out[n++] = *at;
    }
  }
  out[n] = '\0';
}

/* Pair p of a head, rows p and p + n / 2 of it, becomes rows 2 p and 2 p + 1. */
static uint64_t paired(uint64_t row, uint64_t n) {
  uint64_t pair = 0;
  while (row % n != pair && row % n != pair + n / 2) pair++;
  return row / n * n + 2 * pair + (row % n == pair ? 0 : 1);
}

/* Row i of the weight, or value i of a bias, in the tensor of that name, as docs/families.md says
 * it; of a GGUF file as converters lay rows. */
static uint64_t row_in_file(const collection *c, const rl_tensor *w, uint64_t i) {
  const uint64_t fused = c->what->fused;
  const bool q = strncmp(w->name, "q_proj", 6) == 0, k = strncmp(w->name, "k_proj", 6) == 0;
  if (c->gguf && fused > 0 && strstr(w->gguf, "attn_qkv") != NULL) {
    return i + (q ? 0 : k ? fused : 2 * fused);
  }
  if (c->gguf && c->what->pairs > 0 && (q || k)) return paired(i, c->what->pairs);
  if (w->row_block == 0) return w->row_offset + i;
  return w->row_offset + i / w->row_block * w->row_stride + i % w->row_block;
}

/* Gains are fp32 in GGUF files. */
static bool is_gain(const collection *c, const rl_tensor *w) {
  return c->gguf && w->rows == 1;
}

static uint64_t value_size(const collection *c, const rl_tensor *w, const rl_store *store) {
  if (is_gain(c, w) || (c->gguf && is_value_list(w))) return sizeof(float);
  return RL_TYPES[store->format->stack[0].type].bits / 8;
}

static collected *tensor_of(collection *c, const char *name) {
  for (size_t i = 0; i < c->count; i++) {
    if (strcmp(c->items[i].name, name) == 0) return &c->items[i];
  }
  CU_ASSERT_FATAL(c->count < NAMES);
  collected *t = &c->items[c->count++];
  memset(t, 0, sizeof *t);
  snprintf(t->name, NAME, "%s", name);
  return t;
}

/* One weight's place: grows the tensor to hold it. */
static collected *grow(collection *c, const rl_tensor *w, const rl_store *store, uint32_t layer,
                       uint64_t expert) {
  char name[NAME];
  const char *template = c->gguf ? w->gguf : w->source;
  const bool list = is_value_list(w), each = strstr(template, "{e}") != NULL;
  spell(template, layer, expert, name);
  collected *t = tensor_of(c, name);
  const uint64_t pieces = rl_max_u64(w->experts, 1), rows = list ? w->cols : w->rows / pieces;
  t->transposed = w->transposed && !c->gguf && !list;
  if (t->store == NULL) t->store = store;
  t->experts = each ? 1 : pieces;
  t->cols = list ? 1 : w->cols;
  t->size = rl_store_is_dense(store) ? value_size(c, w, store) : store->row_bytes;
  for (uint64_t i = 0; i < rows; i++) t->rows = rl_max_u64(t->rows, row_in_file(c, w, i) + 1);
  return t;
}

static uint64_t bytes_of(const collected *t) {
  return t->experts * t->rows * t->size * (rl_store_is_dense(t->store) ? t->cols : 1);
}

static void put_value(const collection *c, const rl_tensor *w, const rl_store *store, rl_span at,
                      uint8_t *to) {
  float value;
  rl_store_read(store, at, &value, NULL);
  if (is_gain(c, w) && !is_value_list(w)) value += c->what->gain;
  if (value_size(c, w, store) == sizeof value) {
    memcpy(to, &value, sizeof value);
  } else {
    const uint64_t size = value_size(c, w, store);
    memcpy(to, store->bytes + at.row * store->row_bytes + at.first * size, size);
  }
}

static void copy(const collection *c, collected *t, const rl_tensor *w, const rl_store *store,
                 uint64_t expert) {
  const uint64_t pieces = rl_max_u64(w->experts, 1), rows = w->rows / pieces;
  const uint64_t base = t->experts > 1 ? expert * (bytes_of(t) / t->experts) : 0;
  for (uint64_t i = 0; i < rows; i++) {
    const uint64_t row = expert * rows + i, to = row_in_file(c, w, i);
    if (!rl_store_is_dense(store)) {
      memcpy(t->bytes + base + to * t->size, store->bytes + row * store->row_bytes, t->size);
      continue;
    }
    for (uint64_t col = 0; col < w->cols; col++) {
      uint64_t at = to * t->cols + col;
      if (is_value_list(w)) at = row_in_file(c, w, col);
      if (t->transposed) at = col * t->rows + to;
      put_value(c, w, store, (rl_span){row, col, 1}, t->bytes + base + at * t->size);
    }
  }
}

/* Calls for every weight in every layer and expert, first to find sizes, then to copy. */
static void visit(collection *c, bool copies) {
  const rl_program *p = c->what->program;
  for (uint32_t t = 0; t < p->tensor_count; t++) {
    const rl_tensor *w = &p->tensors[t];
    if (w->role != RL_ROLE_WEIGHT || w->alias_of != RL_NONE) continue;
    for (uint32_t i = 0; i < rl_tensor_instances(p, w); i++) {
      const rl_store *store = rl_engine_store(c->what->engine, t, i);
      const uint32_t layer =
          w->run == RL_NONE || p->runs[w->run].layers == NULL ? 0 : p->runs[w->run].layers[i];
      for (uint64_t e = 0; store != NULL && e < rl_max_u64(w->experts, 1); e++) {
        collected *tensor = grow(c, w, store, layer, e);
        if (copies) copy(c, tensor, w, store, e);
      }
    }
  }
  for (size_t n = 0; !copies && n < c->count; n++) {
    c->items[n].bytes = calloc(1, bytes_of(&c->items[n]));
    CU_ASSERT_PTR_NOT_NULL_FATAL(c->items[n].bytes);
  }
}

static collection *collect(const dump *what, bool gguf) {
  collection *c = calloc(1, sizeof *c);
  if (c == NULL) abort();
  c->what = what;
  c->gguf = gguf;
  visit(c, false);
  visit(c, true);
  return c;
}

static void release(collection *c) {
  for (size_t n = 0; n < c->count; n++) free(c->items[n].bytes);
  free(c);
}

/* --- GGUF --- */

static uint32_t gguf_type(const collected *t) {
  const rl_component *first = &t->store->format->stack[0];
  if (first->kind == RL_BLOCK) return RL_BLOCK_INFO[first->block].number;
  if (t->size == sizeof(float)) return F32;
  return first->type == RL_BF16 ? BF16 : F16;
}

void dump_gguf(const dump *what, gguf_file *file, const char *folder) {
  static uint8_t data[DATA], head[2 * GGUF_BYTES + 64];
  char path[GGUF_PATH];
  collection *c = collect(what, true);
  for (size_t n = 0; n < c->count; n++) {
    const collected *t = &c->items[n];
    const bool row = t->rows == 1 || t->cols == 1;
    CU_ASSERT_FATAL(file->data + bytes_of(t) <= DATA);
    memcpy(data + file->data, t->bytes, bytes_of(t));
    gguf_tensor(file, t->name,
                (gguf_shape){gguf_type(t),
                             t->rows == 1 ? t->cols
                             : row        ? t->rows
                                          : t->cols,
                             row ? 0 : t->rows, bytes_of(t), t->experts > 1 ? t->experts : 0});
  }
  release(c);
  gguf_write(file, folder, "model.gguf", path);
  FILE *out = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  CU_ASSERT_EQUAL(fseek(out, (long)((gguf_head(file, head) + 31) / 32 * 32), SEEK_SET), 0);
  CU_ASSERT_EQUAL(fwrite(data, 1, file->data, out), file->data);
  CU_ASSERT_EQUAL(fclose(out), 0);
}

/* --- safetensors --- */

typedef struct writer {
  safe_file head;
  uint8_t data[DATA];
} writer;

/* Adds a tensor and answers where its bytes go. */
static uint8_t *add(writer *w, const char *name, const char *type, const char *shape) {
  const uint64_t at = w->head.data;
  safe_tensor(&w->head, name, type, shape);
  CU_ASSERT_FATAL(w->head.data <= DATA);
  return w->data + at;
}

static uint32_t code(const collected *t, uint64_t row, uint64_t col) {
  return t->bytes[row * t->size + col / 2] >> col % 2 * 4 & 15;
}

static void put_code(uint8_t *words, uint64_t word, uint64_t place, uint32_t value) {
  words[word * 4 + place / 2] |= (uint8_t)(value << place % 2 * 4);
}

/* Of a group of 128: the scale's two bytes behind the codes, the zero point behind those. */
static const uint8_t *scale_at(const collected *t, uint64_t row, uint64_t group) {
  return t->bytes + row * t->size + t->cols / 2 + 2 * group;
}

static uint32_t zero_of(const collected *t, uint64_t row, uint64_t group) {
  const uint64_t groups = t->cols / 128;
  return t->bytes[row * t->size + t->cols / 2 + 2 * groups + group / 2] >> group % 2 * 4 & 15;
}

static void part_name(const collected *t, const char *end, char out[NAME]) {
  snprintf(out, NAME, "%.*s%s", (int)(strlen(t->name) - strlen(".weight")), t->name, end);
}

static const char *shape_of(uint64_t rows, uint64_t cols) {
  static char text[64];
  snprintf(text, sizeof text, "%llu, %llu", (unsigned long long)rows, (unsigned long long)cols);
  return text;
}

/* Words along the inputs, [in / 8, out]; zero points less one. */
static void put_gptq(writer *w, const collected *t, bool zeros) {
  char name[NAME];
  const uint64_t groups = t->cols / 128;
  part_name(t, ".qweight", name);
  uint8_t *words = add(w, name, "I32", shape_of(t->cols / 8, t->rows));
  for (uint64_t r = 0; r < t->rows; r++) {
    for (uint64_t c = 0; c < t->cols; c++)
      put_code(words, c / 8 * t->rows + r, c % 8, code(t, r, c));
  }
  part_name(t, ".qzeros", name);
  uint8_t *zero = add(w, name, "I32", shape_of(groups, t->rows / 8));
  part_name(t, ".scales", name);
  uint8_t *scales = add(w, name, "F16", shape_of(groups, t->rows));
  part_name(t, ".g_idx", name);
  uint8_t *order = add(w, name, "I32", shape_of(1, t->cols));
  for (uint64_t c = 0; c < t->cols; c++) order[4 * c] = (uint8_t)(c / 128);
  for (uint64_t g = 0; g < groups; g++) {
    for (uint64_t r = 0; r < t->rows; r++) {
      memcpy(scales + 2 * (g * t->rows + r), scale_at(t, r, g), 2);
      put_code(zero, g * (t->rows / 8) + r / 8, r % 8, zeros ? zero_of(t, r, g) - 1 : 7);
    }
  }
}

/* Words along the outputs, [in, out / 8], whose rows 0, 2, 4, 6, 1, 3, 5, 7 follow each other. */
static void put_awq(writer *w, const collected *t) {
  static const uint64_t ORDER[] = {0, 2, 4, 6, 1, 3, 5, 7};
  char name[NAME];
  const uint64_t groups = t->cols / 128, words = t->rows / 8;
  part_name(t, ".qweight", name);
  uint8_t *codes = add(w, name, "I32", shape_of(t->cols, words));
  part_name(t, ".qzeros", name);
  uint8_t *zero = add(w, name, "I32", shape_of(groups, words));
  part_name(t, ".scales", name);
  uint8_t *scales = add(w, name, "F16", shape_of(groups, t->rows));
  for (uint64_t word = 0; word < words; word++) {
    for (uint64_t place = 0; place < 8; place++) {
      const uint64_t row = word * 8 + ORDER[place];
      for (uint64_t c = 0; c < t->cols; c++)
        put_code(codes, c * words + word, place, code(t, row, c));
      for (uint64_t g = 0; g < groups; g++) {
        put_code(zero, g * words + word, place, zero_of(t, row, g));
        memcpy(scales + 2 * (g * t->rows + row), scale_at(t, row, g), 2);
      }
    }
  }
}

/* compressed-tensors: words along the inputs of each row, zero points along the rows of a group. */
static void put_packed(writer *w, const collected *t, bool zeros) {
  char name[NAME];
  const uint64_t groups = t->cols / 128;
  part_name(t, ".weight_packed", name);
  uint8_t *codes = add(w, name, "I32", shape_of(t->rows, t->cols / 8));
  part_name(t, ".weight_scale", name);
  uint8_t *scales = add(w, name, "F16", shape_of(t->rows, groups));
  part_name(t, ".weight_zero_point", name);
  uint8_t *zero = zeros ? add(w, name, "I32", shape_of(t->rows / 8, groups)) : NULL;
  for (uint64_t r = 0; r < t->rows; r++) {
    for (uint64_t c = 0; c < t->cols; c++)
      put_code(codes, r * (t->cols / 8) + c / 8, c % 8, code(t, r, c));
    for (uint64_t g = 0; g < groups; g++) {
      memcpy(scales + 2 * (r * groups + g), scale_at(t, r, g), 2);
      if (zeros) put_code(zero, r / 8 * groups + g, r % 8, zero_of(t, r, g));
    }
  }
}

/* A byte a code; scales of 2 bytes a row, or one of 4 behind the rows. */
static void put_bytes(writer *w, const collected *t, bool integer) {
  char name[NAME];
  uint8_t *codes = add(w, t->name, integer ? "I8" : "F8_E4M3", shape_of(t->rows, t->cols));
  part_name(t, ".weight_scale", name);
  uint8_t *scales = add(w, name, integer ? "F16" : "F32", integer ? shape_of(t->rows, 1) : "");
  for (uint64_t r = 0; r < t->rows; r++) {
    for (uint64_t c = 0; c < t->cols; c++) { /* ours count from -128 on */
      const uint8_t own = t->bytes[r * t->size + c];
      codes[r * t->cols + c] = integer ? (uint8_t)(own - 128) : own;
    }
    if (integer) memcpy(scales + 2 * r, t->bytes + r * t->size + t->cols, 2);
  }
  if (!integer) memcpy(scales, t->store->bytes + t->rows * t->size, 4);
}

static void put_dense(writer *w, const collected *t) {
  static const struct {
    rl_type type;
    const char *name;
  } names[] = {{RL_F32, "F32"}, {RL_F16, "F16"}, {RL_BF16, "BF16"}};
  char shape[64];
  const char *type = NULL;
  const unsigned long long rows = t->transposed ? t->cols : t->rows, experts = t->experts;
  const unsigned long long cols = t->transposed ? t->rows : t->cols;
  for (size_t i = 0; i < 3; i++) {
    if (names[i].type == t->store->format->stack[0].type) type = names[i].name;
  }
  if (t->cols == 1 || t->rows == 1) {
    snprintf(shape, sizeof shape, "%llu", rows * cols);
  } else if (t->experts > 1) {
    snprintf(shape, sizeof shape, "%llu, %llu, %llu", experts, rows, cols);
  } else {
    snprintf(shape, sizeof shape, "%llu, %llu", rows, cols);
  }
  memcpy(add(w, t->name, type, shape), t->bytes, bytes_of(t));
}

static void put_tensor(writer *w, const collected *t, dump_layout layout) {
  const rl_component *c = &t->store->format->stack[0];
  const bool zeros = c->zero == RL_ZERO_CODE;
  if (c->kind == RL_DENSE) {
    put_dense(w, t);
  } else if (layout == DUMP_GPTQ) {
    put_gptq(w, t, zeros);
  } else if (layout == DUMP_AWQ) {
    put_awq(w, t);
  } else if (layout == DUMP_PACKED) {
    put_packed(w, t, zeros);
  } else {
    put_bytes(w, t, RL_TYPES[c->type].integer);
  }
}

void dump_safetensors(const dump *what, const char *folder) {
  static writer w;
  char path[SAFE_PATH];
  collection *c = collect(what, false);
  memset(&w, 0, sizeof w);
  for (size_t n = 0; n < c->count; n++) put_tensor(&w, &c->items[n], what->layout);
  release(c);
  const size_t head = safe_write(&w.head, folder, "model.safetensors");
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  FILE *out = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  CU_ASSERT_EQUAL(fseek(out, (long)head, SEEK_SET), 0);
  CU_ASSERT_EQUAL(fwrite(w.data, 1, w.head.data, out), w.head.data);
  CU_ASSERT_EQUAL(fclose(out), 0);
}
