/* Quantized component: codes of 2, 4 or 8 bits with a scale a group, row, tile or tensor.
 *
 * value = (code - zero) * scale. Integer codes are stored unsigned, in [0, 2^bits); symmetric ones
 * have the fixed zero 2^(bits-1), which is not stored; where the least value is stored in its place
 * it is least + code * scale (Liu et al. 2024, KIVI, eq. 1). Float codes (fp8) have no zero. Codes
 * and zeros of less than a byte fill it from its lowest bits on. Method: Jacob et al. 2018, eq. 1.
 */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"

/* Where the parts of one row lie, and what the tensor stores once. */
typedef struct place {
  const rl_store *store;
  const rl_component *c;
  uint64_t row; /* of its piece */
  uint64_t codes, scales, zeros, tensor;
  uint64_t order; /* groups of the columns */
  rl_quant_tables sizes;
  uint64_t tables; /* what codes stand for, what those of scales do, and the offset of these */
} place;

enum { OUTER_BYTES = 4, INDEX_BYTES = 4, VALUE_BYTES = 4 };

static uint64_t tables_bytes(const rl_quant_tables *tables) {
  return tables->codes + tables->scales + tables->offset;
}

static place place_of(const rl_store *store, const rl_component_part *part, uint64_t row) {
  place at = {.store = store, .c = part->component, .row = row}; /* a tensor may have no rows */
  if (store->pieces > 1) at.row %= rl_store_piece_rows(store);
  rl_row_layout layout;
  rl_component_layout(at.c, store->cols, &layout);
  at.codes = rl_store_row_at(store, part, row);
  at.scales = at.codes + layout.codes;
  at.zeros = at.scales + layout.scales;
  at.tensor = rl_store_tensor_at(store, part, row);
  at.order = at.tensor + part->tensor_bytes - store->cols * INDEX_BYTES;
  at.sizes = rl_component_tables(at.c);
  at.tables = at.tensor + part->tensor_bytes - tables_bytes(&at.sizes);
  return at;
}

/* One of the fp32 values that are stored once. */
static float value_load(const place *at, uint64_t index, uint64_t *touched) {
  const uint8_t *bytes = rl_store_take(at->store, index, VALUE_BYTES, touched);
  return rl_decode(RL_F32, rl_bits_load(bytes, VALUE_BYTES));
}

static void value_store(const place *at, uint64_t index, float value, uint64_t *touched) {
  uint8_t *bytes = rl_store_take(at->store, index, VALUE_BYTES, touched);
  rl_bits_store(bytes, VALUE_BYTES, rl_encode(RL_F32, value));
}

/* What a code of a floating type stands for: as the stored table has it, where there is one. */
static float code_value(const place *at, uint32_t code) {
  if (at->sizes.codes == 0) return rl_decode(at->c->type, code);
  return value_load(at, at->tables + (uint64_t)code * VALUE_BYTES, NULL);
}

/* The same of a scale's code. */
static float scale_value(const place *at, uint32_t code) {
  if (at->sizes.scales == 0) return rl_decode(at->c->scale, code);
  return value_load(at, at->tables + at->sizes.codes + (uint64_t)code * VALUE_BYTES, NULL);
}

/* What is added to all scales: 0 where none is stored. */
static float offset_load(const place *at) {
  if (at->sizes.offset == 0) return 0;
  return value_load(at, at->tables + at->sizes.codes + at->sizes.scales, NULL);
}

static uint32_t code_bits(const rl_component *component) {
  return RL_TYPES[component->type].bits;
}

/* A floating type of whole bytes. */
static bool scale_known(rl_type type) {
  return rl_encoding_known(type) && RL_TYPES[type].bits % 8 == 0;
}

static bool zero_known(const rl_component *c) {
  if (c->zero == RL_ZERO_NONE) return true;
  if (!RL_TYPES[c->type].integer || c->span == RL_PER_TENSOR || c->span == RL_PER_TILE) {
    return false;
  }
  return c->zero != RL_ZERO_TYPE || scale_known(c->zero_type);
}

static bool quant_supports(const rl_component *c) {
  bool code = (code_bits(c) == 2 || code_bits(c) == 4 || code_bits(c) == 8) &&
              (RL_TYPES[c->type].integer || rl_encoding_known(c->type));
  bool shared = c->span == RL_PER_GROUP || c->span == RL_PER_TILE;
  bool group = (!shared || c->group > 0) && (c->span != RL_PER_TILE || c->tile > 0);
  return code && group && scale_known(c->scale) && zero_known(c);
}

/* Neighbours of a row that share a scale. */
static uint64_t group_of(const rl_component *c, uint64_t cols) {
  bool grouped = c->kind == RL_QUANT && (c->span == RL_PER_GROUP || c->span == RL_PER_TILE);
  return rl_max_u64(grouped ? c->group : cols, 1);
}

uint64_t rl_store_group(const rl_store *store) {
  return group_of(&store->format->stack[0], store->cols);
}

bool rl_store_is_integer(const rl_store *store) {
  if (store->format == NULL || store->format->depth != 1) return false;
  const rl_component *c = &store->format->stack[0];
  bool plain = c->zero != RL_ZERO_TYPE && c->zero != RL_ZERO_LEAST && !c->ordered && !c->outer;
  return c->kind == RL_QUANT && RL_TYPES[c->type].integer && plain;
}

static uint64_t scale_at(const place *at, uint64_t group) {
  uint32_t size = rl_encoding_bytes(at->c->scale);
  uint64_t across = rl_ceil_div(at->store->cols, rl_max_u64(at->c->group, 1));
  if (at->c->span == RL_PER_TENSOR) return at->tensor;
  if (at->c->span != RL_PER_TILE) return at->scales + group * size;
  return at->tensor + (at->row / rl_max_u64(at->c->tile, 1) * across + group) * size;
}

/* Unsigned codes, index counted from `base`; those that share a byte from its lowest bits on. */
static uint32_t code_load(const place *at, uint64_t base, uint64_t index, uint64_t *touched) {
  const uint32_t bits = code_bits(at->c), each = 8 / bits;
  uint8_t byte = *rl_store_take(at->store, base + index / each, 1, touched);
  return (uint32_t)(byte >> index % each * bits) & ((1u << bits) - 1);
}

/* Rows are written from the first code on: that of a byte clears those that follow. */
static void code_store(const place *at, uint64_t base, uint64_t index, uint32_t code,
                       uint64_t *touched) {
  const uint32_t bits = code_bits(at->c), each = 8 / bits;
  const uint32_t shift = (uint32_t)(index % each) * bits;
  uint8_t *byte = rl_store_take(at->store, base + index / each, 1, touched);
  *byte = (uint8_t)((*byte & ((1u << shift) - 1)) | code << shift);
}

/* The scale of a group's scale: an fp32 number, 1 where scales have none. */
static uint64_t outer_at(const place *at, uint64_t group) {
  uint64_t groups = rl_ceil_div(at->store->cols, at->c->group);
  uint64_t index = at->c->outer_group == 0 ? 0 : (at->row * groups + group) / at->c->outer_group;
  return at->tensor + index * OUTER_BYTES;
}

static float outer_load(const place *at, uint64_t group, uint64_t *touched) {
  if (!at->c->outer) return 1;
  return value_load(at, outer_at(at, group), touched);
}

static void outer_store(const place *at, uint64_t group, float scale, uint64_t *touched) {
  value_store(at, outer_at(at, group), scale, touched);
}

static float scale_load(const place *at, uint64_t group, uint64_t *touched) {
  rl_type type = at->c->scale;
  uint32_t size = rl_encoding_bytes(type);
  const uint8_t *bytes = rl_store_take(at->store, scale_at(at, group), size, touched);
  return scale_value(at, rl_bits_load(bytes, size)) * outer_load(at, group, touched) +
         offset_load(at);
}

/* Stores a scale and answers the value that it was rounded to; it never overflows to infinity. */
static float scale_store(const place *at, uint64_t group, float scale, uint64_t *touched) {
  rl_type type = at->c->scale;
  uint32_t size = rl_encoding_bytes(type);
  float outer = outer_load(at, group, NULL); /* chosen before: in the writer's hands */
  float inner = outer > 0 ? (scale - offset_load(at)) / outer : 0;
  uint32_t bits = rl_encode(type, fminf(inner, rl_encoding_largest(type)));
  rl_bits_store(rl_store_take(at->store, scale_at(at, group), size, touched), size, bits);
  return scale_value(at, bits) * outer + offset_load(at);
}

/* The group that a column's number stands for. */
static uint64_t group_at(const place *at, uint64_t col, uint64_t *touched) {
  if (!at->c->ordered) return col / group_of(at->c, at->store->cols);
  uint64_t index = at->order + col * INDEX_BYTES;
  return rl_bits_load(rl_store_take(at->store, index, INDEX_BYTES, touched), INDEX_BYTES);
}

/* The type of a zero point that is no code, or of a least value. */
static rl_type zero_type(const rl_component *c) {
  return c->zero == RL_ZERO_LEAST ? c->scale : c->zero_type;
}

static float zero_load(const place *at, uint64_t group, uint64_t *touched) {
  const rl_component *c = at->c;
  if (c->zero == RL_ZERO_NONE) return (float)(1u << (code_bits(c) - 1));
  if (c->zero == RL_ZERO_CODE) return (float)code_load(at, at->zeros, group, touched);
  uint32_t size = rl_encoding_bytes(zero_type(c));
  const uint8_t *bytes = rl_store_take(at->store, at->zeros + group * size, size, touched);
  return rl_decode(zero_type(c), rl_bits_load(bytes, size));
}

static float zero_store(const place *at, uint64_t group, float zero, uint64_t *touched) {
  const rl_component *c = at->c;
  float highest = (float)((1u << code_bits(c)) - 1);
  if (c->zero == RL_ZERO_NONE) return (float)(1u << (code_bits(c) - 1));
  if (c->zero == RL_ZERO_CODE) {
    zero = fminf(fmaxf(nearbyintf(zero), 0), highest);
    code_store(at, at->zeros, group, (uint32_t)zero, touched);
    return zero;
  }
  uint32_t size = rl_encoding_bytes(zero_type(c)), bits = rl_encode(zero_type(c), zero);
  rl_bits_store(rl_store_take(at->store, at->zeros + group * size, size, touched), size, bits);
  return rl_decode(zero_type(c), bits);
}

static void quant_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                         float *values, uint64_t *touched) {
  place at = place_of(store, part, span.row);
  bool integer = RL_TYPES[at.c->type].integer;
  uint64_t last = UINT64_MAX;
  float scale = 0, zero = 0;
  rl_store_take(store, at.tables, tables_bytes(&at.sizes), touched); /* kernels load tables whole */
  for (uint64_t i = 0; i < span.count; i++) {
    uint64_t g = group_at(&at, span.first + i, touched);
    if (g != last) {
      scale = scale_load(&at, g, touched);
      zero = integer ? zero_load(&at, g, touched) : 0;
      last = g;
    }
    uint32_t code = code_load(&at, at.codes, span.first + i, touched);
    float steps = integer ? (float)code : code_value(&at, code);
    values[i] += at.c->zero == RL_ZERO_LEAST ? zero + steps * scale : (steps - zero) * scale;
  }
}

/* The largest code magnitude that a symmetric scale maps the largest value to. */
static float code_limit(const rl_component *c) {
  if (!RL_TYPES[c->type].integer) return rl_encoding_largest(c->type);
  return (float)((1u << (code_bits(c) - 1)) - 1);
}

typedef struct range {
  float low, high;
} range;

static void widen(range *r, float value) {
  r->low = fminf(r->low, value);
  r->high = fmaxf(r->high, value);
}

/* Smallest and largest value; zero between them where it must have a code. */
static range range_of(const rl_component *c, const float *values, uint64_t count) {
  range r = {0, 0};
  if (c->zero == RL_ZERO_LEAST) r = (range){values[0], values[0]};
  for (uint64_t i = 0; i < count; i++) widen(&r, values[i]);
  return r;
}

/* The values of a whole row whose columns are of a group. */
static range range_in(const place *at, uint64_t group, const float *values) {
  uint64_t width = group_of(at->c, at->store->cols), cols = at->store->cols;
  range r = {0, 0};
  if (!at->c->ordered) {
    return range_of(at->c, values + group * width, rl_min_u64(width, cols - group * width));
  }
  for (uint64_t col = 0; col < cols; col++) {
    if (group_at(at, col, NULL) == group) widen(&r, values[col]);
  }
  return r;
}

static uint32_t code_of(const rl_component *c, float value, float scale, float zero) {
  bool least = c->zero == RL_ZERO_LEAST;
  float steps = scale > 0 ? (least ? value - zero : value) / scale : 0;
  float highest = (float)((1u << code_bits(c)) - 1);
  if (!RL_TYPES[c->type].integer) return rl_encode(c->type, steps);
  return (uint32_t)fminf(fmaxf(nearbyintf(least ? steps : steps + zero), 0), highest);
}

/* A power of two that brings the largest value to the largest exponent of the codes, so that those
 * above the largest code saturate (OCP Microscaling Formats 1.0, 6.3). */
static float group_power(const rl_component *c, float largest) {
  if (!(largest > 0)) return 0;
  return (float)ldexp(1, ilogbf(largest) - ilogbf(code_limit(c)));
}

static float group_scale(const rl_component *c, range r) {
  float largest = fmaxf(-r.low, r.high);
  if (c->scale == RL_F8_E8M0) return group_power(c, largest);
  if (c->zero == RL_ZERO_NONE) return largest / code_limit(c);
  return (r.high - r.low) / (float)((1u << code_bits(c)) - 1);
}

/* Chooses what a group stores in its row. */
static void pack_group(const place *at, uint64_t group, const float *values, uint64_t *touched) {
  const rl_component *c = at->c;
  range r = range_in(at, group, values);
  float scale;
  if (c->span == RL_PER_TENSOR || c->span == RL_PER_TILE) {
    scale = scale_load(at, group, NULL); /* chosen before */
  } else {
    scale = scale_store(at, group, group_scale(c, r), touched);
  }
  if (!RL_TYPES[c->type].integer) return;
  float zero = scale > 0 ? -r.low / scale : 0;
  zero_store(at, group, c->zero == RL_ZERO_LEAST ? r.low : zero, touched);
}

/* Rows are written whole. */
static void quant_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                       const float *values, uint64_t *touched) {
  place at = place_of(store, part, span.row);
  uint64_t groups = rl_ceil_div(store->cols, group_of(at.c, store->cols)), last = UINT64_MAX;
  bool integer = RL_TYPES[at.c->type].integer;
  float scale = 0, zero = 0;
  for (uint64_t g = 0; g < groups; g++) pack_group(&at, g, values, touched);
  for (uint64_t col = 0; col < store->cols; col++) {
    uint64_t g = group_at(&at, col, NULL);
    if (g != last) {
      scale = scale_load(&at, g, NULL);
      zero = integer ? zero_load(&at, g, NULL) : 0;
      last = g;
    }
    code_store(&at, at.codes, col, code_of(at.c, values[col], scale, zero), touched);
  }
}

/* Rows [row, end) of a piece and neighbours [col, ...) of a group: the scale of their largest. */
static void fit_tile(const place *at, uint64_t group, uint64_t rows, const float *values,
                     uint64_t *touched) {
  uint64_t cols = at->store->cols, width = group_of(at->c, cols), col = group * width;
  range r = {0, 0};
  for (uint64_t row = 0; row < rows; row++) {
    range part = range_of(at->c, values + row * cols + col, rl_min_u64(width, cols - col));
    r = (range){fminf(r.low, part.low), fmaxf(r.high, part.high)};
  }
  scale_store(at, group, group_scale(at->c, r), touched);
}

static void fit_scales(const rl_store *store, const rl_component_part *part, uint64_t first,
                       const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t all = rl_store_piece_rows(store), tile = c->span == RL_PER_TILE ? c->tile : all;
  uint64_t groups = rl_ceil_div(store->cols, group_of(c, store->cols));
  for (uint64_t row = 0; row < all; row += tile) {
    place at = place_of(store, part, first + row);
    for (uint64_t g = 0; g < groups; g++) {
      fit_tile(&at, g, rl_min_u64(tile, all - row), values + row * store->cols, touched);
    }
  }
}

/* Tables of what codes stand for, and the mean of all scales, which is taken off them before they
 * become codes (Dettmers et al. 2023, QLoRA, 3, double quantization). */
static void fit_tables(const rl_store *store, const rl_component_part *part, uint64_t first,
                       const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  const place whole = place_of(store, part, first);
  const uint64_t groups = rl_ceil_div(store->cols, c->group), rows = rl_store_piece_rows(store);
  const uint64_t scales_at = whole.tables + whole.sizes.codes;
  double sum = 0;
  for (uint64_t i = 0; i < whole.sizes.codes / VALUE_BYTES; i++) {
    value_store(&whole, whole.tables + i * VALUE_BYTES, rl_decode(c->type, (uint32_t)i), touched);
  }
  for (uint64_t i = 0; i < whole.sizes.scales / VALUE_BYTES; i++) {
    value_store(&whole, scales_at + i * VALUE_BYTES, rl_decode(c->scale, (uint32_t)i), touched);
  }
  if (whole.sizes.offset == 0) return;
  for (uint64_t row = 0; row < rows; row++) {
    const place at = place_of(store, part, first + row);
    for (uint64_t g = 0; g < groups; g++) {
      sum += group_scale(c, range_in(&at, g, values + row * store->cols));
    }
  }
  const double count = (double)rl_max_u64(rows * groups, 1);
  value_store(&whole, scales_at + whole.sizes.scales, (float)(sum / count), touched);
}

/* Scales of scales: the largest of theirs becomes the largest that they can be. */
static void fit_outer(const rl_store *store, const rl_component_part *part, uint64_t first,
                      const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t groups = rl_ceil_div(store->cols, c->group), last = UINT64_MAX;
  float largest = 0;
  for (uint64_t row = 0; row < rl_store_piece_rows(store); row++) {
    place at = place_of(store, part, first + row);
    for (uint64_t g = 0; g < groups; g++) {
      if (outer_at(&at, g) != last) largest = 0;
      last = outer_at(&at, g);
      float scale = group_scale(c, range_in(&at, g, values + row * store->cols));
      largest = fmaxf(largest, fabsf(scale - offset_load(&at)));
      outer_store(&at, g, largest / rl_encoding_largest(c->scale), touched);
    }
  }
}

/* Columns with large values come first, as those that matter most do where they are quantized one
 * after the other (GPTQ, 2022, act-order): a group is those of like size. */
static void fit_order(const rl_store *store, const rl_component_part *part, uint64_t first,
                      const float *values, uint64_t *touched) {
  place at = place_of(store, part, first);
  for (uint64_t col = 0; col < store->cols; col++) {
    uint64_t before = 0;
    for (uint64_t other = 0; other < store->cols; other++) {
      float here = fabsf(values[col]), there = fabsf(values[other]); /* of the first row */
      before += there > here || (there == here && other < col);
    }
    uint8_t *bytes = rl_store_take(store, at.order + col * INDEX_BYTES, INDEX_BYTES, touched);
    rl_bits_store(bytes, INDEX_BYTES, (uint32_t)(before / part->component->group));
  }
}

static void quant_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                      const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  if (c->span == RL_PER_TENSOR || c->span == RL_PER_TILE) {
    fit_scales(store, part, first, values, touched);
  }
  if (c->ordered) fit_order(store, part, first, values, touched);
  if (c->tables) fit_tables(store, part, first, values, touched);
  if (c->outer) fit_outer(store, part, first, values, touched);
}

void rl_store_set_magnitude(const rl_store *store, float largest, uint64_t *touched) {
  const rl_component_part *part = &store->parts[0];
  const rl_component *c = part->component;
  if (c->kind != RL_QUANT) return;
  place at = place_of(store, part, 0);
  float scale = largest / code_limit(c);
  if (c->span == RL_PER_TENSOR) scale_store(&at, 0, scale, touched);
  if (c->outer && c->outer_group == 0) {
    outer_store(&at, 0, scale / rl_encoding_largest(c->scale), touched);
  }
}

void rl_store_read_codes(const rl_store *store, uint64_t row, int32_t *codes, uint64_t *touched) {
  place at = place_of(store, &store->parts[0], row);
  uint64_t group = rl_store_group(store);
  for (uint64_t first = 0; first < store->cols; first += group) {
    uint64_t end = rl_min_u64(first + group, store->cols);
    int32_t zero = (int32_t)zero_load(&at, first / group, touched);
    for (uint64_t i = first; i < end; i++) {
      codes[i] = (int32_t)code_load(&at, at.codes, i, touched) - zero;
    }
  }
}

void rl_store_read_scales(const rl_store *store, uint64_t row, float *scales, uint64_t *touched) {
  place at = place_of(store, &store->parts[0], row);
  uint64_t groups = rl_ceil_div(store->cols, rl_store_group(store));
  for (uint64_t g = 0; g < groups; g++) scales[g] = scale_load(&at, g, touched);
}

const rl_component_codec RL_CODEC_QUANT = {quant_supports, quant_unpack, quant_pack, quant_fit};
