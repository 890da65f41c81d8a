/* Walks the head of a GGUF file: counts, facts, tensors. Nothing is trusted: lengths are checked
 * against the file, memory grows with what was read and not with what was promised. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "base/utf8.h"
#include "doc/binary.h"
#include "spec/gguf.h"
#include "spec/gguf_places.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

enum {
  NAME_BYTES = 256,
  TEXT_BYTES = 1024, /* longer texts (templates of prompts) are left out */
  LIST_ITEMS = 4096,
  FACTS_MAX = 4096,
  NODES_MAX = 200000,
  TENSORS_MAX = 1 << 20,
  PARTS_MAX = 999,
  ALIGNMENT = 32 /* of the data where the file does not say another */
};

/* Types of values, by their number in the file. */
typedef enum value_type {
  VALUE_U8,
  VALUE_I8,
  VALUE_U16,
  VALUE_I16,
  VALUE_U32,
  VALUE_I32,
  VALUE_F32,
  VALUE_BOOL,
  VALUE_TEXT,
  VALUE_LIST,
  VALUE_U64,
  VALUE_I64,
  VALUE_F64,
  VALUE_TYPES
} value_type;

static const struct {
  uint8_t bytes;
  bool is_signed, real;
} value_facts[VALUE_TYPES] = {[VALUE_U8] = {1, false, false},  [VALUE_I8] = {1, true, false},
                              [VALUE_U16] = {2, false, false}, [VALUE_I16] = {2, true, false},
                              [VALUE_U32] = {4, false, false}, [VALUE_I32] = {4, true, false},
                              [VALUE_F32] = {4, false, true},  [VALUE_BOOL] = {1, false, false},
                              [VALUE_U64] = {8, false, false}, [VALUE_I64] = {8, true, false},
                              [VALUE_F64] = {8, false, true}};

typedef RL_LIST(rl_node *) node_list;
typedef RL_LIST(rl_stored_tensor) tensor_list;

/* One file being read. */
typedef struct reader {
  const rl_load *load;
  rl_binary *file;
  node_list keys, items;
  tensor_list *tensors;
  size_t first;          /* of this file among them */
  rl_gguf_places places; /* of this file's tensors */
  uint64_t alignment;    /* of the data */
  uint32_t nodes;        /* made so far: they take more memory than their bytes in the file */
} reader;

/* --- nodes --- */

static rl_node *scalar_node(reader *r, const char *text, bool quoted) {
  if (r->nodes++ == NODES_MAX) {
    rl_binary_fail(r->file, "more values than a model has");
    return NULL;
  }
  rl_node *node = RL_NEW(r->load->arena, rl_node);
  const char *kept = rl_strdup(r->load->arena, text);
  if (node == NULL || kept == NULL) {
    rl_diag_oom(r->load->diags);
    r->file->status = RL_ENVIRONMENT;
    return NULL;
  }
  *node = (rl_node){.kind = RL_SCALAR,
                    .quoted = quoted,
                    .loc = {.file = r->file->path},
                    .text = kept,
                    .length = strlen(kept),
                    .weight = 1};
  return node;
}

static rl_node *list_node(const reader *r, rl_node_kind kind, const node_list *keys,
                          const node_list *items) {
  rl_node *node = RL_NEW(r->load->arena, rl_node);
  if (node == NULL) {
    rl_diag_oom(r->load->diags);
    r->file->status = RL_ENVIRONMENT;
    return NULL;
  }
  *node = (rl_node){.kind = kind,
                    .loc = {.file = r->file->path},
                    .count = items->count,
                    .keys = keys == NULL ? NULL : keys->items,
                    .items = items->items,
                    .weight = 1};
  return node;
}

/* --- values --- */

static bool valid_text(const char *text, size_t length) {
  uint32_t code;
  for (size_t at = 0; at < length;) {
    size_t step = text[at] == '\0' ? 0 : rl_utf8_decode(text + at, length - at, &code);
    if (step == 0) return false;
    at += step;
  }
  return true;
}

/* A text of at most `most` bytes into `out`, which has one more; false for a longer one, which is
 * passed over. */
static bool read_text(rl_binary *file, char *out, size_t most) {
  uint64_t length = rl_binary_number(file, 8);
  out[0] = '\0';
  if (length > most) {
    rl_binary_skip(file, length);
    return false;
  }
  rl_binary_bytes(file, out, (size_t)length);
  out[length] = '\0';
  if (file->status == RL_OK && !valid_text(out, (size_t)length)) {
    rl_binary_fail(file, "a text is not UTF-8");
  }
  return file->status == RL_OK;
}

static double real_of(uint64_t bits, value_type type) {
  float narrow;
  double wide;
  uint32_t low = (uint32_t)bits;
  memcpy(&narrow, &low, sizeof narrow);
  memcpy(&wide, &bits, sizeof wide);
  return type == VALUE_F32 ? (double)narrow : wide;
}

static uint64_t sign_extended(uint64_t bits, unsigned bytes) {
  unsigned unused = 64 - 8 * bytes;
  bool negative = bits >> (8 * bytes - 1) & 1;
  return negative && unused > 0 ? bits | UINT64_MAX << (64 - unused) : bits;
}

/* The shortest text that a float of 4 bytes needs: 1e-05, not 9.999999747378752e-06. */
static const char *print_real(double value, value_type type, char out[RL_NUMBER_TEXT]) {
  enum { FLOAT_DIGITS = 9 };
  double back;
  for (int digits = 6; type == VALUE_F32 && digits < FLOAT_DIGITS; digits++) {
    const char *text = rl_print_digits(value, digits, out);
    if (rl_scan_double(text, strlen(text), &back) && (float)back == (float)value) return text;
  }
  return rl_print_double(value, out);
}

static rl_node *number_node(reader *r, value_type type) {
  char text[RL_NUMBER_TEXT + 1];
  uint64_t bits = rl_binary_number(r->file, value_facts[type].bytes);
  if (r->file->status != RL_OK) return NULL;
  if (type == VALUE_BOOL) return scalar_node(r, bits != 0 ? "true" : "false", false);
  if (value_facts[type].real) {
    return scalar_node(r, print_real(real_of(bits, type), type, text), false);
  }
  if (value_facts[type].is_signed) bits = sign_extended(bits, value_facts[type].bytes);
  bool negative = value_facts[type].is_signed && bits >> 63;
  text[0] = '-';
  rl_print_u64(negative ? 0 - bits : bits, text + 1);
  return scalar_node(r, negative ? text : text + 1, false);
}

static rl_node *text_node(reader *r) {
  char text[TEXT_BYTES + 1];
  return read_text(r->file, text, TEXT_BYTES) ? scalar_node(r, text, true) : NULL;
}

/* Texts of a list are passed over one by one: none says how long all are. */
static rl_node *count_texts(reader *r, uint64_t count) {
  char text[RL_NUMBER_TEXT];
  for (uint64_t i = 0; i < count && r->file->status == RL_OK; i++) {
    rl_binary_skip(r->file, rl_binary_number(r->file, 8));
  }
  return r->file->status == RL_OK ? scalar_node(r, rl_print_u64(count, text), false) : NULL;
}

static bool all_same(const node_list *items) {
  for (size_t i = 1; i < items->count; i++) {
    if (strcmp(items->items[0]->text, items->items[i]->text) != 0) return false;
  }
  return items->count > 0;
}

static rl_node *read_list(reader *r) {
  uint64_t type = rl_binary_number(r->file, 4), count = rl_binary_number(r->file, 8), bytes;
  node_list items = {0};
  if (type == VALUE_TEXT) return count_texts(r, count);
  if (type >= VALUE_TYPES || value_facts[type].bytes == 0) {
    rl_binary_fail(r->file, "a list of a type that lists do not have");
    return NULL;
  }
  if (count > LIST_ITEMS) {
    bool fits = rl_mul_u64(count, value_facts[type].bytes, &bytes);
    rl_binary_skip(r->file, fits ? bytes : UINT64_MAX);
    return NULL;
  }
  for (uint64_t i = 0; i < count; i++) {
    rl_node *item = number_node(r, (value_type)type);
    rl_node **slot = item == NULL ? NULL : RL_PUSH(r->load->arena, &items);
    if (slot == NULL && r->file->status == RL_OK) r->file->status = rl_diag_oom(r->load->diags);
    if (slot == NULL) return NULL;
    *slot = item;
  }
  return all_same(&items) ? items.items[0] : list_node(r, RL_SEQUENCE, NULL, &items);
}

static rl_node *read_value(reader *r) {
  uint64_t type = rl_binary_number(r->file, 4);
  if (r->file->status != RL_OK) return NULL;
  if (type == VALUE_TEXT) return text_node(r);
  if (type == VALUE_LIST) return read_list(r);
  if (type < VALUE_TYPES) return number_node(r, (value_type)type);
  rl_binary_fail(r->file, "a value of an unknown type");
  return NULL;
}

/* A power of two in 32 bits without a sign (ggml, docs/gguf.md, "general.alignment"). */
static void read_alignment(reader *r) {
  char text[RL_NUMBER_TEXT];
  const rl_loc loc = {.file = r->file->path};
  if (rl_binary_number(r->file, 4) != VALUE_U32) {
    r->file->status = RL_REPORT(r->load->diags, GGUF_ALIGNMENT, loc, "of another type");
    return;
  }
  r->alignment = rl_binary_number(r->file, 4);
  if (r->file->status != RL_OK) return;
  if (r->alignment != 0 && (r->alignment & (r->alignment - 1)) == 0) return;
  r->file->status =
      RL_REPORT(r->load->diags, GGUF_ALIGNMENT, loc, rl_print_u64(r->alignment, text));
}

static void read_fact(reader *r) {
  char key[NAME_BYTES + 1];
  if (!read_text(r->file, key, NAME_BYTES)) {
    rl_binary_fail(r->file, "the name of a value is too long");
    return;
  }
  if (strcmp(key, "general.alignment") == 0) {
    read_alignment(r);
    return;
  }
  rl_node *value = read_value(r);
  if (value == NULL || r->file->status != RL_OK) return;
  rl_node *name = scalar_node(r, key, true);
  rl_node **key_slot = name == NULL ? NULL : RL_PUSH(r->load->arena, &r->keys);
  rl_node **item_slot = key_slot == NULL ? NULL : RL_PUSH(r->load->arena, &r->items);
  if (item_slot == NULL) {
    if (r->file->status == RL_OK) r->file->status = rl_diag_oom(r->load->diags);
    return;
  }
  *key_slot = name;
  *item_slot = value;
}

/* --- tensors --- */

/* The types that are no blocks: what they are called, bytes a value, the format of weights. */
static const struct {
  uint32_t number;
  const char *type, *format;
  uint32_t bytes;
} plain_types[] = {{0, "f32", "fp32", 4}, {1, "f16", "fp16", 2}, {30, "bf16", "bf16", 2},
                   {24, "i8", NULL, 1},   {25, "i16", NULL, 2},  {26, "i32", NULL, 4},
                   {27, "i64", NULL, 8},  {28, "f64", NULL, 8}};

/* The 4-bit floats exist in two layouts; the file has blocks. */
static const char *format_name(rl_block block) {
  if (block == RL_BLOCK_MXFP4) return "mxfp4-gguf";
  return block == RL_BLOCK_NVFP4 ? "nvfp4-gguf" : RL_BLOCK_INFO[block].name;
}

/* The status of a file of which a tensor is no tensor, whatever was reported of it. */
static bool stop(const reader *r, rl_status status) {
  r->file->status = status;
  return false;
}

static bool wrong_tensor(const reader *r, const rl_stored_tensor *tensor, const char *what) {
  rl_loc loc = {.file = r->file->path};
  return stop(r, RL_REPORT(r->load->diags, GGUF_TENSOR, loc, tensor->name, what));
}

static bool unknown_type(const reader *r, const rl_stored_tensor *tensor, uint32_t number) {
  char digits[RL_NUMBER_TEXT];
  rl_loc loc = {.file = r->file->path};
  return stop(
      r, RL_REPORT(r->load->diags, GGUF_TYPE, loc, tensor->name, rl_print_u64(number, digits)));
}

/* Type and bytes of a tensor of so many rows. */
static bool size_tensor(const reader *r, uint32_t number, uint64_t rows, rl_stored_tensor *tensor) {
  const char *format = NULL;
  uint64_t row = 0;
  rl_block block;
  if (rl_block_of_number(number, &block)) {
    const rl_block_info *info = &RL_BLOCK_INFO[block];
    tensor->type = info->name;
    format = format_name(block);
    if (tensor->dims[0] % info->values != 0) {
      return wrong_tensor(r, tensor, "has rows that are no whole number of blocks");
    }
    if (!rl_mul_u64(tensor->dims[0] / info->values, info->bytes, &row)) row = UINT64_MAX;
  }
  for (size_t i = 0; i < RL_COUNT(plain_types) && tensor->type == NULL; i++) {
    if (plain_types[i].number != number) continue;
    tensor->type = plain_types[i].type;
    format = plain_types[i].format;
    if (!rl_mul_u64(tensor->dims[0], plain_types[i].bytes, &row)) row = UINT64_MAX;
  }
  if (tensor->type == NULL) return unknown_type(r, tensor, number);
  if (!rl_mul_u64(row, rows, &tensor->bytes)) {
    return wrong_tensor(r, tensor, "is larger than any file");
  }
  if (format == NULL) return true;
  rl_loc loc = {.file = r->file->path};
  return rl_db_format(r->load->db, format, loc, &tensor->format, r->load->diags) == RL_OK;
}

static bool read_dims(const reader *r, rl_stored_tensor *tensor, uint64_t *rows) {
  uint64_t count = rl_binary_number(r->file, 4);
  *rows = 1;
  if (count > RL_STORED_DIMS) return wrong_tensor(r, tensor, "has more than 4 dimensions");
  for (size_t d = 0; d < RL_STORED_DIMS; d++) {
    tensor->dims[d] = d < count ? rl_binary_number(r->file, 8) : 1;
    if (d > 0 && !rl_mul_u64(*rows, tensor->dims[d], rows)) {
      return wrong_tensor(r, tensor, "is larger than any file");
    }
  }
  return r->file->status == RL_OK;
}

static void read_tensor(reader *r) {
  char name[NAME_BYTES + 1];
  rl_stored_tensor tensor = {0};
  uint64_t rows;
  if (!read_text(r->file, name, NAME_BYTES)) {
    rl_binary_fail(r->file, "the name of a tensor is too long");
    return;
  }
  tensor.name = rl_strdup(r->load->arena, name);
  if (tensor.name == NULL) stop(r, rl_diag_oom(r->load->diags));
  if (tensor.name == NULL || !read_dims(r, &tensor, &rows)) return;
  uint32_t number = (uint32_t)rl_binary_number(r->file, 4);
  uint64_t offset = rl_binary_number(r->file, 8);
  if (r->file->status != RL_OK || !size_tensor(r, number, rows, &tensor)) return;
  rl_stored_tensor *slot = RL_PUSH(r->load->arena, r->tensors);
  rl_gguf_place *place = slot == NULL ? NULL : RL_PUSH(r->load->arena, &r->places);
  rl_stored_part *part = place == NULL ? NULL : RL_NEW(r->load->arena, rl_stored_part);
  if (part == NULL) {
    stop(r, rl_diag_oom(r->load->diags));
    return;
  }
  *part = (rl_stored_part){.file = r->file->path,
                           .name = tensor.name,
                           .type = tensor.type,
                           .at = offset,
                           .bytes = tensor.bytes};
  memcpy(part->dims, tensor.dims, sizeof part->dims);
  tensor.parts = part;
  tensor.part_count = 1;
  *slot = tensor;
  *place = (rl_gguf_place){tensor.name, offset, tensor.bytes};
}

/* --- the file --- */

uint64_t rl_gguf_number(const rl_node *facts, const char *key, uint64_t otherwise) {
  const rl_node *node = rl_node_get(facts, key);
  uint64_t value;
  bool whole = node != NULL && node->kind == RL_SCALAR && !node->quoted &&
               rl_scan_u64(node->text, node->length, &value);
  return whole ? value : otherwise;
}

/* How many tensors, or values, the head has. */
static uint64_t read_count(rl_binary *file, uint64_t most) {
  const uint64_t at = file->at, count = rl_binary_number(file, 8);
  if (count > most) rl_binary_fail_at(file, at, "more tensors or values than a model has");
  return count;
}

/* Data begin behind the head, at the next multiple of the alignment. */
static void check_data(reader *r) {
  rl_binary *file = r->file;
  const uint64_t start = rl_ceil_div(file->at, r->alignment) * r->alignment;
  const rl_gguf_data data = {.path = file->path,
                             .alignment = r->alignment,
                             .bytes = start < file->size ? file->size - start : 0};
  file->status = rl_gguf_places_check(r->load, &data, &r->places);
  if (file->status != RL_OK) return;
  for (size_t i = r->first; i < r->tensors->count; i++) r->tensors->items[i].parts->at += start;
}

static void check_begin(rl_binary *file) {
  char magic[4] = {0};
  rl_binary_bytes(file, magic, sizeof magic);
  if (memcmp(magic, "GGUF", sizeof magic) != 0) {
    rl_binary_fail_at(file, 0, "no GGUF file, which would begin with the letters GGUF");
  }
  const uint64_t at = file->at, version = rl_binary_number(file, 4);
  if (version != 2 && version != 3) {
    rl_binary_fail_at(file, at,
                      "a version other than 2 and 3, or numbers in the other order of bytes");
  }
}

static int by_text(const void *a, const void *b) {
  return strcmp((*(rl_node *const *)a)->text, (*(rl_node *const *)b)->text);
}

/* Readers differ in which of two they take. False after a diagnostic. */
static bool check_keys(const reader *r, const rl_node *map) {
  const rl_node **sorted = RL_NEW_ARRAY(r->load->arena, const rl_node *, map->count);
  if (map->count > 0 && sorted == NULL) return rl_diag_oom(r->load->diags) == RL_OK;
  for (size_t i = 0; i < map->count; i++) sorted[i] = map->keys[i];
  if (map->count > 1) qsort(sorted, map->count, sizeof *sorted, by_text);
  for (size_t i = 1; i < map->count; i++) {
    if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0) continue;
    RL_REPORT(r->load->diags, GIVEN_TWICE, (rl_loc){.file = r->file->path}, "key", sorted[i]->text);
    return false;
  }
  return true;
}

static const rl_node *read_head(reader *r) {
  rl_binary *file = r->file;
  check_begin(file);
  const uint64_t tensors = read_count(file, TENSORS_MAX), facts = read_count(file, FACTS_MAX);
  for (uint64_t i = 0; i < facts && file->status == RL_OK; i++) read_fact(r);
  for (uint64_t i = 0; i < tensors && file->status == RL_OK; i++) read_tensor(r);
  if (file->status != RL_OK) return NULL;
  rl_node *map = list_node(r, RL_MAP, &r->keys, &r->items);
  if (map == NULL || !check_keys(r, map)) return NULL;
  check_data(r);
  return file->status == RL_OK ? map : NULL;
}

static const rl_node *read_file(const rl_load *load, const char *path, tensor_list *tensors) {
  rl_binary *file = RL_NEW(load->arena, rl_binary);
  reader r = {.load = load,
              .file = file,
              .tensors = tensors,
              .first = tensors->count,
              .alignment = ALIGNMENT};
  const rl_node *facts = NULL;
  if (file == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  if (rl_binary_open(file, path, load->diags) == RL_OK) facts = read_head(&r);
  rl_binary_close(file);
  return facts;
}

/* "model-00001-of-00003.gguf" -> the path of another part; NULL for a name of another form. */
static const char *part_path(const rl_load *load, const char *path, uint64_t part, uint64_t parts) {
  static const char form[] = "-00000-of-00000.gguf";
  size_t length = strlen(path), tail = sizeof form - 1;
  char number[RL_NUMBER_TEXT], total[RL_NUMBER_TEXT];
  if (length <= tail || strncmp(path + length - tail + 6, "-of-", 4) != 0) return NULL;
  rl_print_u64(100000 + part, number);
  rl_print_u64(100000 + parts, total);
  return rl_textf(load->arena, "%.*s-%s-of-%s.gguf", (int)(length - tail), path, number + 1,
                  total + 1);
}

static rl_status sort_tensors(const rl_load *load, const char *path, const tensor_list *tensors,
                              rl_gguf *out) {
  rl_stored *stored = RL_NEW(load->arena, rl_stored);
  rl_loc loc = {.file = path};
  if (stored == NULL) return rl_diag_oom(load->diags);
  *stored = (rl_stored){.file = path, .tensors = tensors->items, .count = tensors->count};
  const rl_stored_tensor *twice;
  if (!rl_stored_sort(stored, &twice)) {
    return RL_REPORT(load->diags, GIVEN_TWICE, loc, "tensor", twice->name);
  }
  for (size_t i = 0; i < stored->count; i++) {
    const rl_stored_tensor *tensor = &stored->tensors[i];
    if (!rl_add_u64(stored->bytes, tensor->bytes, &stored->bytes)) {
      return RL_REPORT(load->diags, BINARY_WRONG, loc, "tensors larger than any file", "0");
    }
  }
  out->stored = stored;
  return RL_OK;
}

/* The tensors of the other parts; what they say of the model stands in the first. */
static rl_status read_parts(const rl_load *load, const char *path, const rl_gguf *gguf,
                            tensor_list *tensors) {
  const char *named = gguf->parts > 1 ? part_path(load, path, 1, gguf->parts) : path;
  if (named == NULL || strcmp(named, path) != 0) {
    return RL_REPORT(load->diags, GGUF_PART, (rl_loc){.file = path}, NULL);
  }
  for (uint64_t number = 1; number < gguf->parts; number++) {
    const char *other = part_path(load, path, number + 1, gguf->parts);
    if (other == NULL) return rl_diag_oom(load->diags);
    const rl_gguf_part part = {other, read_file(load, other, tensors), number};
    if (part.facts == NULL) return rl_diags_status(load->diags);
    rl_status status = rl_gguf_check_part(load, gguf, &part);
    if (status != RL_OK) return status;
  }
  return rl_gguf_check_tensors(load, gguf, path, tensors->count);
}

rl_status rl_gguf_read(const rl_load *load, const char *path, rl_gguf *out) {
  tensor_list tensors = {0};
  rl_loc loc = {.file = path};
  *out = (rl_gguf){.facts = read_file(load, path, &tensors)};
  if (out->facts == NULL) return rl_diags_status(load->diags);
  out->tokens = rl_gguf_number(out->facts, "tokenizer.ggml.tokens", 0);
  out->parts = rl_gguf_number(out->facts, "split.count", 1);
  bool first = rl_gguf_number(out->facts, "split.no", 0) == 0;
  if (!first || out->parts > PARTS_MAX) return RL_REPORT(load->diags, GGUF_PART, loc, NULL);
  const rl_node *name = rl_node_get(out->facts, "general.architecture");
  if (name == NULL || name->kind != RL_SCALAR) {
    return RL_REPORT(load->diags, GGUF_NO_FACT, loc, "general.architecture");
  }
  out->architecture = name->text;
  rl_status status = read_parts(load, path, out, &tensors);
  return status == RL_OK ? sort_tensors(load, path, &tensors, out) : status;
}
