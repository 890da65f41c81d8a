/* Quantized component: codes of 4 or 8 bits with a scale a group, row, tile or tensor.
 *
 * value = (code - zero) * scale. Integer codes are stored unsigned, in [0, 2^bits); symmetric ones
 * have the fixed zero 2^(bits-1), which is not stored. Float codes (fp8) have no zero. Codes and
 * zeros of 4 bits lie two a byte, the even one in the low half. Method: Jacob et al. 2018, eq. 1.
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
} place;

static place place_of(const rl_store *store, const rl_component_part *part, uint64_t row) {
  place at = {.store = store, .c = part->component, .row = row % rl_store_piece_rows(store)};
  rl_row_layout layout;
  rl_component_layout(at.c, store->cols, &layout);
  at.codes = rl_store_row_at(store, part, row);
  at.scales = at.codes + layout.codes;
  at.zeros = at.scales + layout.scales;
  at.tensor = rl_store_tensor_at(store, part, row);
  return at;
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
  return c->zero == RL_ZERO_CODE || scale_known(c->zero_type);
}

static bool quant_supports(const rl_component *c) {
  bool code = (code_bits(c) == 4 || code_bits(c) == 8) &&
              (RL_TYPES[c->type].integer || rl_encoding_known(c->type));
  bool shared = c->span == RL_PER_GROUP || c->span == RL_PER_TILE;
  bool group = (!shared || c->group > 0) && (c->span != RL_PER_TILE || c->tile > 0);
  return code && group && scale_known(c->scale) && zero_known(c);
}

/* Neighbours of a row that share a scale. */
static uint64_t group_of(const rl_component *c, uint64_t cols) {
  bool grouped = c->kind == RL_QUANT && (c->span == RL_PER_GROUP || c->span == RL_PER_TILE);
  return grouped ? c->group : cols;
}

uint64_t rl_store_group(const rl_store *store) {
  return group_of(&store->format->stack[0], store->cols);
}

bool rl_store_is_integer(const rl_store *store) {
  if (store->format == NULL || store->format->depth != 1) return false;
  const rl_component *c = &store->format->stack[0];
  return c->kind == RL_QUANT && RL_TYPES[c->type].integer && c->zero != RL_ZERO_TYPE;
}

static uint64_t scale_at(const place *at, uint64_t group) {
  uint32_t size = rl_encoding_bytes(at->c->scale);
  uint64_t across = rl_ceil_div(at->store->cols, rl_max_u64(at->c->group, 1));
  if (at->c->span == RL_PER_TENSOR) return at->tensor;
  if (at->c->span != RL_PER_TILE) return at->scales + group * size;
  return at->tensor + (at->row / at->c->tile * across + group) * size;
}

/* Unsigned codes of 4 or 8 bits, index counted from `base`. */
static uint32_t code_load(const place *at, uint64_t base, uint64_t index, uint64_t *touched) {
  if (code_bits(at->c) == 8) return *rl_store_take(at->store, base + index, 1, touched);
  uint8_t byte = *rl_store_take(at->store, base + index / 2, 1, touched);
  return index % 2 == 0 ? byte & 15u : byte >> 4;
}

static void code_store(const place *at, uint64_t base, uint64_t index, uint32_t code,
                       uint64_t *touched) {
  uint8_t *byte;
  if (code_bits(at->c) == 8) {
    *rl_store_take(at->store, base + index, 1, touched) = (uint8_t)code;
    return;
  }
  byte = rl_store_take(at->store, base + index / 2, 1, touched);
  if (index % 2 == 0) {
    *byte = (uint8_t)code; /* rows are written from the first code on: the other half follows */
  } else {
    *byte = (uint8_t)((*byte & 15u) | code << 4);
  }
}

static float scale_load(const place *at, uint64_t group, uint64_t *touched) {
  rl_type type = at->c->scale;
  uint32_t size = rl_encoding_bytes(type);
  return rl_decode(
      type, rl_bits_load(rl_store_take(at->store, scale_at(at, group), size, touched), size));
}

/* Stores a scale and answers the value that it was rounded to; it never overflows to infinity. */
static float scale_store(const place *at, uint64_t group, float scale, uint64_t *touched) {
  rl_type type = at->c->scale;
  uint32_t size = rl_encoding_bytes(type);
  uint32_t bits = rl_encode(type, fminf(scale, rl_encoding_largest(type)));
  rl_bits_store(rl_store_take(at->store, scale_at(at, group), size, touched), size, bits);
  return rl_decode(type, bits);
}

static float zero_load(const place *at, uint64_t group, uint64_t *touched) {
  const rl_component *c = at->c;
  if (c->zero == RL_ZERO_NONE) return (float)(1u << (code_bits(c) - 1));
  if (c->zero == RL_ZERO_CODE) return (float)code_load(at, at->zeros, group, touched);
  uint32_t size = rl_encoding_bytes(c->zero_type);
  const uint8_t *bytes = rl_store_take(at->store, at->zeros + group * size, size, touched);
  return rl_decode(c->zero_type, rl_bits_load(bytes, size));
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
  uint32_t size = rl_encoding_bytes(c->zero_type);
  uint32_t bits = rl_encode(c->zero_type, zero);
  rl_bits_store(rl_store_take(at->store, at->zeros + group * size, size, touched), size, bits);
  return rl_decode(c->zero_type, bits);
}

static void quant_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                         float *values, uint64_t *touched) {
  place at = place_of(store, part, span.row);
  uint64_t group = group_of(at.c, store->cols);
  bool integer = RL_TYPES[at.c->type].integer;
  for (uint64_t i = 0; i < span.count;) {
    uint64_t g = (span.first + i) / group;
    uint64_t end = rl_min_u64((g + 1) * group - span.first, span.count);
    float scale = scale_load(&at, g, touched);
    float zero = integer ? zero_load(&at, g, touched) : 0;
    for (; i < end; i++) {
      uint32_t code = code_load(&at, at.codes, span.first + i, touched);
      values[i] += (integer ? (float)code - zero : rl_decode(at.c->type, code)) * scale;
    }
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

/* Smallest and largest value, zero always between them so that it has a code. */
static range range_of(const float *values, uint64_t count) {
  range r = {0, 0};
  for (uint64_t i = 0; i < count; i++) {
    r.low = fminf(r.low, values[i]);
    r.high = fmaxf(r.high, values[i]);
  }
  return r;
}

static uint32_t code_of(const rl_component *c, float value, float scale, float zero) {
  float steps = scale > 0 ? value / scale : 0;
  float highest = (float)((1u << code_bits(c)) - 1);
  if (!RL_TYPES[c->type].integer) return rl_encode(c->type, steps);
  return (uint32_t)fminf(fmaxf(nearbyintf(steps + zero), 0), highest);
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

static void quant_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                       const float *values, uint64_t *touched) {
  place at = place_of(store, part, span.row);
  const rl_component *c = at.c;
  uint64_t group = group_of(c, store->cols);
  for (uint64_t first = 0; first < span.count; first += group) {
    uint64_t end = rl_min_u64(first + group, span.count), g = first / group;
    range r = range_of(values + first, end - first);
    float scale, zero = 0;
    if (c->span == RL_PER_TENSOR || c->span == RL_PER_TILE) {
      scale = scale_load(&at, g, NULL); /* chosen before: in the writer's hands */
    } else {
      scale = scale_store(&at, g, group_scale(c, r), touched);
    }
    if (RL_TYPES[c->type].integer) {
      zero = zero_store(&at, g, scale > 0 ? -r.low / scale : 0, touched);
    }
    for (uint64_t i = first; i < end; i++) {
      code_store(&at, at.codes, i, code_of(c, values[i], scale, zero), touched);
    }
  }
}

/* Rows [row, end) of a piece and neighbours [col, ...) of a group: the scale of their largest. */
static void fit_tile(const place *at, uint64_t group, uint64_t rows, const float *values,
                     uint64_t *touched) {
  uint64_t cols = at->store->cols, width = group_of(at->c, cols), col = group * width;
  range r = {0, 0};
  for (uint64_t row = 0; row < rows; row++) {
    range part = range_of(values + row * cols + col, rl_min_u64(width, cols - col));
    r = (range){fminf(r.low, part.low), fmaxf(r.high, part.high)};
  }
  scale_store(at, group, group_scale(at->c, r), touched);
}

static void quant_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                      const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  if (c->span != RL_PER_TENSOR && c->span != RL_PER_TILE) return;
  uint64_t tile = c->span == RL_PER_TILE ? c->tile : rl_store_piece_rows(store);
  uint64_t groups = rl_ceil_div(store->cols, group_of(c, store->cols));
  for (uint64_t row = 0; row < rl_store_piece_rows(store); row += tile) {
    place at = place_of(store, part, first + row);
    uint64_t rows = rl_min_u64(tile, rl_store_piece_rows(store) - row);
    for (uint64_t g = 0; g < groups; g++) {
      fit_tile(&at, g, rows, values + row * store->cols, touched);
    }
  }
}

void rl_store_set_magnitude(const rl_store *store, float largest, uint64_t *touched) {
  const rl_component_part *part = &store->parts[0];
  if (part->component->kind != RL_QUANT || part->component->span != RL_PER_TENSOR) return;
  place at = place_of(store, part, 0);
  scale_store(&at, 0, largest / code_limit(at.c), touched);
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
