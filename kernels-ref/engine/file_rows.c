/* Rows out of mapped files. Integers are stored as the format has them, without a sign and from the
 * lowest bits of a byte on, so that words of codes along the columns are copied as they are; zero
 * points and scales keep their values, and what a format cannot hold is an error. */
#include "kernels-ref/engine/file_rows.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/spans.h"
#include "kernels-ref/cpu/store.h"

enum { WORD_BITS = 32, WORD_BYTES = 4, HALF_BYTES = 2, SIGN_BIT = 0x80, BLOCK_BYTES_MAX = 512 };

static const struct {
  const char *name;
  rl_type type;
} types[] = {{"F32", RL_F32}, {"F16", RL_F16}, {"BF16", RL_BF16}};

/* Of the file's names for types that scales have. */
static bool find_type(const char *name, rl_type *out) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    *out = types[i].type;
    if (strcmp(types[i].name, name) == 0) return true;
  }
  return false;
}

static const rl_component *component_of(const rl_file_tensor *t) {
  return &t->stored->format->stack[0];
}

static uint64_t code_bits(const rl_file_tensor *t) {
  return RL_TYPES[component_of(t)->type].bits;
}

/* Groups of a row, and of tiles the rows of one. */
static uint64_t groups_of(const rl_file_tensor *t) {
  const rl_component *c = component_of(t);
  const bool grouped = c->span == RL_PER_GROUP || c->span == RL_PER_TILE;
  return grouped ? rl_ceil_div(t->cols, c->group) : 1;
}

static uint64_t scales_of(const rl_file_tensor *t) {
  const rl_component *c = component_of(t);
  if (c->span == RL_PER_TENSOR) return 1;
  const uint64_t rows = c->span == RL_PER_TILE ? rl_ceil_div(t->rows, c->tile) : t->rows;
  return rows * groups_of(t);
}

/* --- bytes --- */

/* Bytes of a part, and where in the file they are. */
typedef struct place {
  const rl_stored_part *part;
  const uint8_t *bytes;
  uint64_t at;
} place;

static const rl_mapped *file_of(const rl_file_tensor *t, const rl_stored_part *part) {
  for (size_t f = 0; f < t->files->count; f++) { /* tensors of one file share its path */
    if (t->files->items[f].path == part->file) return &t->files->items[f];
  }
  return NULL;
}

/* From a byte of an expert's share on. */
static place take(const rl_file_tensor *t, rl_stored_role role, uint64_t expert, uint64_t offset) {
  const bool apart = t->count[role] > 1;
  const rl_stored_part *part = &t->stored->parts[t->first[role] + (apart ? expert : 0)];
  const uint64_t share = apart ? 0 : expert * (part->bytes / t->experts);
  const uint64_t at = part->at + share + offset;
  return (place){part, file_of(t, part)->bytes + at, at};
}

static rl_status wrong(const place *p, uint64_t at, uint64_t row, const char *what,
                       rl_diags *diags) {
  char number[RL_NUMBER_TEXT], byte[RL_NUMBER_TEXT];
  return RL_REPORT(diags, FILE_VALUE, (rl_loc){.file = p->part->file}, p->part->name, what,
                   rl_print_grouped(row, number), rl_print_grouped(p->at + at, byte));
}

static rl_status strange(const place *p, uint64_t at, uint64_t row, rl_diags *diags) {
  return wrong(p, at, row, "what is no finite number", diags);
}

/* --- rows as they lie --- */

/* Where a block type keeps its scales in 16 bits: the first byte, and how many follow one another.
 */
typedef struct halves {
  uint8_t first, count;
} halves;
static const halves BLOCK_HALVES[RL_BLOCKS] = {
    [RL_BLOCK_Q4_0] = {0, 1},   [RL_BLOCK_Q4_1] = {0, 2},  [RL_BLOCK_Q5_0] = {0, 1},
    [RL_BLOCK_Q5_1] = {0, 2},   [RL_BLOCK_Q8_0] = {0, 1},  [RL_BLOCK_Q2_K] = {80, 2},
    [RL_BLOCK_Q3_K] = {108, 1}, [RL_BLOCK_Q4_K] = {0, 2},  [RL_BLOCK_Q5_K] = {0, 2},
    [RL_BLOCK_Q6_K] = {208, 1}, [RL_BLOCK_IQ1_S] = {0, 1}, [RL_BLOCK_IQ2_XXS] = {0, 1},
    [RL_BLOCK_IQ2_XS] = {0, 1}, [RL_BLOCK_IQ2_S] = {0, 1}, [RL_BLOCK_IQ3_XXS] = {0, 1},
    [RL_BLOCK_IQ3_S] = {0, 1}};

/* Of other types the values of a whole row are looked at. */
static rl_status check_decoded(const rl_file_tensor *t, const place *p, uint64_t row,
                               rl_diags *diags) {
  const rl_block_info *info = &RL_BLOCK_INFO[component_of(t)->block];
  float values[RL_BLOCK_VALUES_MAX];
  uint8_t bytes[BLOCK_BYTES_MAX];
  rl_store block;
  if (info->bytes > sizeof bytes) return RL_OK;
  if (!rl_store_init(&block, t->stored->format, 1, info->values)) return RL_OK;
  block.bytes = bytes;
  for (uint64_t at = 0; at < t->row_bytes; at += info->bytes) {
    memcpy(bytes, p->bytes + at, info->bytes);
    rl_store_read(&block, (rl_span){0, 0, info->values}, values, NULL);
    for (uint32_t v = 0; v < info->values; v++) {
      if (!isfinite(values[v])) return strange(p, at, row, diags);
    }
  }
  return RL_OK;
}

static rl_status check_blocks(const rl_file_tensor *t, const place *p, uint64_t row,
                              rl_diags *diags) {
  const rl_block block = component_of(t)->block;
  const halves scales = BLOCK_HALVES[block];
  if (scales.count == 0) return check_decoded(t, p, row, diags);
  for (uint64_t at = 0; at < t->row_bytes; at += RL_BLOCK_INFO[block].bytes) {
    const uint64_t found = rl_span_strange(RL_F16, p->bytes + at + scales.first, scales.count);
    if (found < scales.count) return strange(p, at + scales.first + found * HALF_BYTES, row, diags);
  }
  return RL_OK;
}

static rl_status check_dense(const rl_file_tensor *t, const place *p, uint64_t row,
                             rl_diags *diags) {
  const rl_type type = component_of(t)->type;
  const uint64_t at = rl_span_strange(type, p->bytes, t->cols);
  return at == t->cols ? RL_OK : strange(p, at * rl_encoding_bytes(type), row, diags);
}

static rl_status copy_row(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out,
                          rl_diags *diags) {
  const place p = take(t, RL_STORED_PLAIN, expert, row * t->row_bytes);
  const bool dense = component_of(t)->kind == RL_DENSE;
  memcpy(out, p.bytes, t->row_bytes);
  return dense ? check_dense(t, &p, row, diags) : check_blocks(t, &p, row, diags);
}

rl_status rl_file_value(const rl_file_tensor *t, uint64_t expert, uint64_t nth, float *out,
                        rl_diags *diags) {
  const rl_type type = component_of(t)->type;
  const uint32_t size = rl_encoding_bytes(type);
  const place p = take(t, RL_STORED_PLAIN, expert, nth * size);
  *out = rl_decode(type, rl_bits_load(p.bytes, size));
  return isfinite(*out) ? RL_OK : strange(&p, 0, nth / t->cols, diags);
}

/* --- codes, scales and zero points --- */

/* Which scale of an expert, and of which row or first row. */
typedef struct scale_place {
  uint64_t expert, nth, row;
} scale_place;

/* A scale in the type of the format; its value is kept. */
static rl_status put_scale(const rl_file_tensor *t, scale_place which, uint8_t *out,
                           rl_diags *diags) {
  const rl_type own = component_of(t)->scale;
  rl_type type = own;
  place p = take(t, RL_STORED_SCALES, which.expert, 0);
  find_type(p.part->type, &type);
  const uint32_t size = rl_encoding_bytes(type);
  p = take(t, RL_STORED_SCALES, which.expert, which.nth * size);
  const float scale = rl_decode(type, rl_bits_load(p.bytes, size));
  const uint32_t bits = rl_encode(own, scale);
  if (!isfinite(scale)) return strange(&p, 0, which.row, diags);
  if (rl_decode(own, bits) != scale) {
    return wrong(&p, 0, which.row, "a scale that is not kept in fewer bits", diags);
  }
  rl_bits_store(out, rl_encoding_bytes(own), bits);
  return RL_OK;
}

/* A word of 32 bits, and of it the code at such a place. */
static uint32_t code_in(const rl_file_tensor *t, const place *p, uint64_t at) {
  const uint64_t bits = code_bits(t);
  return rl_bits_load(p->bytes, WORD_BYTES) >> at * bits & ((1u << bits) - 1);
}

/* AWQ lays the even rows of eight first, then the odd ones (AutoAWQ, awq/utils/packing_utils.py).
 */
static uint64_t awq_place(uint64_t row) {
  static const uint8_t PLACES[] = {0, 4, 1, 5, 2, 6, 3, 7};
  return PLACES[row % 8];
}

/* Row after row a code is added behind those before it. */
static void put_code(const rl_file_tensor *t, uint8_t *out, uint64_t index, uint32_t code) {
  const uint64_t bits = code_bits(t), each = 8 / bits;
  uint8_t *byte = &out[index / each];
  if (index % each == 0) *byte = 0;
  *byte |= (uint8_t)(code << index % each * bits);
}

static rl_status put_bytes(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out,
                           rl_diags *diags) {
  const place p = take(t, RL_STORED_PLAIN, expert, row * t->cols);
  const bool integer = RL_TYPES[component_of(t)->type].integer;
  for (uint64_t c = 0; c < t->cols; c++) {
    out[c] = integer ? p.bytes[c] ^ SIGN_BIT : p.bytes[c];
    if (!integer && !isfinite(rl_decode(component_of(t)->type, out[c]))) {
      return strange(&p, c, row, diags);
    }
  }
  return RL_OK;
}

static void put_words(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out) {
  const uint64_t each = WORD_BITS / code_bits(t), words = rl_ceil_div(t->cols, each);
  const bool packed = t->order == RL_FILE_PACKED;
  const place p = take(t, RL_STORED_CODES, expert, 0);
  for (uint64_t w = 0; w < words; w++) {
    const uint64_t word = packed ? row * words + w : w * t->rows + row;
    const uint64_t left = t->layout.codes - w * WORD_BYTES;
    memcpy(out + w * WORD_BYTES, p.bytes + word * WORD_BYTES, rl_min_u64(WORD_BYTES, left));
  }
}

static void put_awq(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out) {
  const uint64_t stride = t->rows / 8 * WORD_BYTES;
  place p = take(t, RL_STORED_CODES, expert, row / 8 * WORD_BYTES);
  for (uint64_t c = 0; c < t->cols; c++, p.bytes += stride) {
    put_code(t, out, c, code_in(t, &p, awq_place(row)));
  }
}

/* The zero point of one group, as a code. */
static rl_status zero_of(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint64_t group,
                         uint32_t *zero, rl_diags *diags) {
  const uint64_t each = WORD_BITS / code_bits(t), groups = groups_of(t);
  const bool along = t->order == RL_FILE_PACKED; /* the rows of a column of words */
  const uint64_t across = rl_ceil_div(t->rows, each);
  const uint64_t word = along ? row / each * groups + group : group * across + row / each;
  if (t->order == RL_FILE_BYTES) {
    *zero = *take(t, RL_STORED_ZEROS, expert, row).bytes ^ SIGN_BIT;
    return RL_OK;
  }
  const place p = take(t, RL_STORED_ZEROS, expert, word * WORD_BYTES);
  *zero = code_in(t, &p, t->order == RL_FILE_AWQ ? awq_place(row) : row % each);
  *zero += t->order == RL_FILE_GPTQ && t->stored->zeros_less_one;
  if (*zero >> code_bits(t) == 0) return RL_OK;
  return wrong(&p, 0, row, "a zero point beyond its codes", diags);
}

static rl_status put_zeros(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out,
                           rl_diags *diags) {
  uint32_t zero = 0;
  if (component_of(t)->zero != RL_ZERO_CODE) return RL_OK;
  for (uint64_t g = 0; g < groups_of(t); g++) {
    const rl_status status = zero_of(t, expert, row, g, &zero, diags);
    if (status != RL_OK) return status;
    put_code(t, out, g, zero);
  }
  return RL_OK;
}

static rl_status put_scales(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out,
                            rl_diags *diags) {
  const uint64_t groups = groups_of(t), size = rl_encoding_bytes(component_of(t)->scale);
  const bool across = t->order == RL_FILE_GPTQ || t->order == RL_FILE_AWQ;
  rl_status status = RL_OK;
  for (uint64_t g = 0; status == RL_OK && g * size < t->layout.scales; g++) {
    const uint64_t nth = across ? g * t->rows + row : row * groups + g;
    status = put_scale(t, (scale_place){expert, nth, row}, out + g * size, diags);
  }
  return status;
}

rl_status rl_file_row(const rl_file_tensor *t, uint64_t expert, uint64_t row, uint8_t *out,
                      rl_diags *diags) {
  rl_status status = RL_OK;
  if (t->order == RL_FILE_ROWS) return copy_row(t, expert, row, out, diags);
  if (t->order == RL_FILE_BYTES) {
    status = put_bytes(t, expert, row, out, diags);
  } else if (t->order == RL_FILE_AWQ) {
    put_awq(t, expert, row, out);
  } else {
    put_words(t, expert, row, out);
  }
  out += t->layout.codes;
  if (status == RL_OK) status = put_scales(t, expert, row, out, diags);
  return status == RL_OK ? put_zeros(t, expert, row, out + t->layout.scales, diags) : status;
}

/* Scales of a tensor or of tiles; the group of each column. */
rl_status rl_file_once(const rl_file_tensor *t, uint64_t expert, uint8_t *out, rl_diags *diags) {
  const rl_component *c = component_of(t);
  const uint64_t size = rl_encoding_bytes(c->scale), cols = t->cols;
  char number[RL_NUMBER_TEXT], byte[RL_NUMBER_TEXT];
  rl_status status = RL_OK;
  if (t->once_bytes == 0) return RL_OK;
  if (!c->ordered) {
    for (uint64_t s = 0; status == RL_OK && s < scales_of(t); s++) {
      const uint64_t row = s / groups_of(t) * c->tile;
      status = put_scale(t, (scale_place){expert, s, row}, out + s * size, diags);
    }
    return status;
  }
  for (uint64_t col = 0; col < cols; col++) {
    const place p = take(t, RL_STORED_ORDER, expert, col * WORD_BYTES);
    if (rl_bits_load(p.bytes, WORD_BYTES) >= groups_of(t)) {
      return RL_REPORT(diags, FILE_GROUP, (rl_loc){.file = p.part->file}, p.part->name,
                       rl_print_grouped(col, number), rl_print_grouped(p.at, byte));
    }
    memcpy(out + col * WORD_BYTES, p.bytes, WORD_BYTES);
  }
  return RL_OK;
}

/* --- which order it is --- */

/* Parts lie one behind the other, experts in their order and none left out. */
static bool index_parts(rl_file_tensor *t) {
  for (size_t p = 0; p < t->stored->part_count; p++) {
    const rl_stored_part *part = &t->stored->parts[p];
    if (t->count[part->role]++ == 0) t->first[part->role] = p;
    if (part->role == RL_STORED_BESIDE || t->count[part->role] == 1) continue;
    if (part->expert != p - t->first[part->role]) return false;
  }
  return true;
}

static const rl_stored_part *first_of(const rl_file_tensor *t, rl_stored_role role) {
  return t->count[role] == 0 ? NULL : &t->stored->parts[t->first[role]];
}

/* A role is there once, or once an expert, with so many bytes of each expert. */
static bool has_bytes(const rl_file_tensor *t, rl_stored_role role, uint64_t bytes) {
  for (size_t p = 0; p < t->count[role]; p++) {
    const rl_stored_part *part = &t->stored->parts[t->first[role] + p];
    const rl_mapped *file = file_of(t, part);
    const uint64_t share = t->count[role] > 1 ? 1 : t->experts;
    if (part->bytes != bytes * share) return false;
    if (file == NULL || part->at > file->size || part->bytes > file->size - part->at) return false;
  }
  return t->count[role] == 1 || t->count[role] == t->experts;
}

/* Of codes in words, by the ends of names and by which dimension is shorter. */
static bool find_words(rl_file_tensor *t) {
  const rl_stored_part *codes = first_of(t, RL_STORED_CODES);
  const uint64_t each = WORD_BITS / code_bits(t);
  if (codes == NULL || strcmp(codes->type, "I32") != 0) return false;
  const char *end = strrchr(codes->name, '.');
  t->order = RL_FILE_GPTQ;
  if (end != NULL && strcmp(end, ".weight_packed") == 0) t->order = RL_FILE_PACKED;
  if (t->order == RL_FILE_PACKED || codes->dims[0] == t->rows) return true;
  t->order = RL_FILE_AWQ;
  return each == 8 && t->rows % each == 0 && codes->dims[0] == t->rows / each;
}

static bool find_order(rl_file_tensor *t) {
  const rl_component *c = component_of(t);
  const rl_stored_part *plain = first_of(t, RL_STORED_PLAIN);
  t->order = RL_FILE_ROWS;
  if (c->kind == RL_DENSE || c->kind == RL_BLOCK) return plain != NULL;
  if (c->kind != RL_QUANT || c->outer || c->tables) return false;
  if (plain == NULL) return find_words(t);
  t->order = RL_FILE_BYTES;
  return strcmp(plain->type, "I8") == 0 || strcmp(plain->type, "F8_E4M3") == 0;
}

/* Bytes of an expert's scales. */
static bool has_scales(const rl_file_tensor *t) {
  const rl_stored_part *scales = first_of(t, RL_STORED_SCALES);
  rl_type type;
  if (scales == NULL || !find_type(scales->type, &type)) return false;
  const char *end = strrchr(scales->name, '.');
  if (end != NULL && strcmp(end, ".SCB") == 0) return false; /* 127 times the scales */
  return has_bytes(t, RL_STORED_SCALES, scales_of(t) * rl_encoding_bytes(type));
}

/* Codes, of a byte each or in words, as the format or the order of the file has them. */
static bool has_codes(const rl_file_tensor *t) {
  uint64_t bytes = t->row_bytes, along = t->cols, across = t->rows;
  if (t->order == RL_FILE_ROWS || t->order == RL_FILE_BYTES) {
    if (t->order == RL_FILE_BYTES) bytes = t->cols;
    return rl_mul_u64(t->rows, bytes, &bytes) && has_bytes(t, RL_STORED_PLAIN, bytes);
  }
  const uint64_t each = WORD_BITS / code_bits(t);
  if (t->order == RL_FILE_AWQ) {
    across /= each;
  } else {
    along = rl_ceil_div(along, each);
  }
  return has_bytes(t, RL_STORED_CODES, along * across * WORD_BYTES);
}

/* Zero points, and the group of each column. */
static bool has_zeros(const rl_file_tensor *t) {
  const rl_component *c = component_of(t);
  const uint64_t words = rl_ceil_div(t->rows, WORD_BITS / code_bits(t)) * groups_of(t);
  if (c->ordered && !has_bytes(t, RL_STORED_ORDER, t->cols * WORD_BYTES)) return false;
  if (c->zero == RL_ZERO_NONE) return true;
  const uint64_t bytes = t->order == RL_FILE_BYTES ? t->rows : words * WORD_BYTES;
  return c->zero == RL_ZERO_CODE && has_bytes(t, RL_STORED_ZEROS, bytes);
}

static bool lay_out(rl_file_tensor *t) {
  const rl_format *format = t->stored->format;
  return rl_component_layout(component_of(t), t->cols, &t->layout) &&
         rl_format_row_bytes(format, t->cols, &t->row_bytes) &&
         rl_format_tensor_bytes(format, t->rows, t->cols, &t->once_bytes);
}

const char *rl_file_tensor_open(const rl_stored_tensor *stored, const rl_mapped_list *files,
                                rl_file_tensor *out) {
  static const char UNKNOWN[] = "the engine does not put its parts together";
  *out = (rl_file_tensor){.stored = stored, .files = files, .cols = stored->dims[0]};
  out->experts = rl_max_u64(stored->dims[3], 1); /* a file each, or all in one */
  out->rows = stored->dims[1] * stored->dims[2];
  if (stored->part_count == 0) return "it is several tensors of the file in one";
  if (stored->format == NULL || stored->format->depth != 1) return stored->type;
  if (!index_parts(out)) return "it lacks experts";
  if (!lay_out(out) || !find_order(out) || !has_codes(out)) return UNKNOWN;
  if (out->order == RL_FILE_ROWS) return NULL;
  return has_scales(out) && has_zeros(out) ? NULL : UNKNOWN;
}
