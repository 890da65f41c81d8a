/* Quantized component: codes of 4 or 8 bits with a scale a group, row or tensor.
 *
 * value = (code - zero) * scale. Integer codes are stored unsigned, in [0, 2^bits); symmetric ones
 * have the fixed zero 2^(bits-1), which is not stored. Float codes (fp8) have no zero. Codes and
 * zeros of 4 bits lie two a byte, the even one in the low half. Method: Jacob et al. 2018, eq. 1.
 */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"

static const rl_component *component_of(const rl_store *store) {
  return &store->format->stack[0];
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
  if (!RL_TYPES[c->type].integer || c->span == RL_PER_TENSOR) return false;
  return c->zero == RL_ZERO_CODE || scale_known(c->zero_type);
}

static bool quant_supports(const rl_component *c) {
  bool code = (code_bits(c) == 4 || code_bits(c) == 8) &&
              (RL_TYPES[c->type].integer || rl_encoding_known(c->type));
  bool group = c->span != RL_PER_GROUP || c->group > 0;
  return code && group && scale_known(c->scale) && zero_known(c);
}

uint64_t rl_store_group(const rl_store *store) {
  const rl_component *c = component_of(store);
  return c->kind == RL_QUANT && c->span == RL_PER_GROUP ? c->group : store->cols;
}

bool rl_store_is_integer(const rl_store *store) {
  return store->format != NULL && component_of(store)->kind == RL_QUANT &&
         RL_TYPES[component_of(store)->type].integer && component_of(store)->zero != RL_ZERO_TYPE;
}

/* Where the parts of a row lie. */
static uint64_t codes_at(const rl_store *store, uint64_t row) {
  return row * store->row_bytes;
}
static uint64_t scale_at(const rl_store *store, uint64_t row, uint64_t group) {
  uint32_t size = rl_encoding_bytes(component_of(store)->scale);
  if (component_of(store)->span == RL_PER_TENSOR) return store->rows * store->row_bytes;
  return codes_at(store, row) + store->layout.codes + group * size;
}
static uint64_t zeros_at(const rl_store *store, uint64_t row) {
  return codes_at(store, row) + store->layout.codes + store->layout.scales;
}

/* Unsigned codes of 4 or 8 bits, index counted from `base`. */
static uint32_t code_load(const rl_store *store, uint64_t base, uint64_t index, uint64_t *touched) {
  if (code_bits(component_of(store)) == 8) return *rl_store_take(store, base + index, 1, touched);
  uint8_t byte = *rl_store_take(store, base + index / 2, 1, touched);
  return index % 2 == 0 ? byte & 15u : byte >> 4;
}

static void code_store(const rl_store *store, uint64_t base, uint64_t index, uint32_t code,
                       uint64_t *touched) {
  uint8_t *byte;
  if (code_bits(component_of(store)) == 8) {
    *rl_store_take(store, base + index, 1, touched) = (uint8_t)code;
    return;
  }
  byte = rl_store_take(store, base + index / 2, 1, touched);
  if (index % 2 == 0) {
    *byte = (uint8_t)code; /* rows are written from the first code on: the other half follows */
  } else {
    *byte = (uint8_t)((*byte & 15u) | code << 4);
  }
}

static float scale_load(const rl_store *store, uint64_t row, uint64_t group, uint64_t *touched) {
  rl_type type = component_of(store)->scale;
  uint32_t size = rl_encoding_bytes(type);
  return rl_decode(
      type, rl_bits_load(rl_store_take(store, scale_at(store, row, group), size, touched), size));
}

/* Stores a scale and answers the value that it was rounded to; it never overflows to infinity. */
static float scale_store(const rl_store *store, uint64_t at, float scale, uint64_t *touched) {
  rl_type type = component_of(store)->scale;
  uint32_t size = rl_encoding_bytes(type);
  uint32_t bits = rl_encode(type, fminf(scale, rl_encoding_largest(type)));
  rl_bits_store(rl_store_take(store, at, size, touched), size, bits);
  return rl_decode(type, bits);
}

static float zero_load(const rl_store *store, uint64_t row, uint64_t group, uint64_t *touched) {
  const rl_component *c = component_of(store);
  if (c->zero == RL_ZERO_NONE) return (float)(1u << (code_bits(c) - 1));
  if (c->zero == RL_ZERO_CODE) return (float)code_load(store, zeros_at(store, row), group, touched);
  uint32_t size = rl_encoding_bytes(c->zero_type);
  uint64_t at = zeros_at(store, row) + group * size;
  return rl_decode(c->zero_type, rl_bits_load(rl_store_take(store, at, size, touched), size));
}

static float zero_store(const rl_store *store, uint64_t row, uint64_t group, float zero,
                        uint64_t *touched) {
  const rl_component *c = component_of(store);
  float highest = (float)((1u << code_bits(c)) - 1);
  if (c->zero == RL_ZERO_NONE) return (float)(1u << (code_bits(c) - 1));
  if (c->zero == RL_ZERO_CODE) {
    zero = fminf(fmaxf(nearbyintf(zero), 0), highest);
    code_store(store, zeros_at(store, row), group, (uint32_t)zero, touched);
    return zero;
  }
  uint32_t size = rl_encoding_bytes(c->zero_type);
  uint32_t bits = rl_encode(c->zero_type, zero);
  rl_bits_store(rl_store_take(store, zeros_at(store, row) + group * size, size, touched), size,
                bits);
  return rl_decode(c->zero_type, bits);
}

static void quant_unpack(const rl_store *store, rl_span span, float *values, uint64_t *touched) {
  const rl_component *c = component_of(store);
  uint64_t group = rl_store_group(store), base = codes_at(store, span.row);
  bool integer = RL_TYPES[c->type].integer;
  for (uint64_t i = 0; i < span.count;) {
    uint64_t g = (span.first + i) / group;
    uint64_t end = rl_min_u64((g + 1) * group - span.first, span.count);
    float scale = scale_load(store, span.row, g, touched);
    float zero = integer ? zero_load(store, span.row, g, touched) : 0;
    for (; i < end; i++) {
      uint32_t code = code_load(store, base, span.first + i, touched);
      values[i] = (integer ? (float)code - zero : rl_decode(c->type, code)) * scale;
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

static void quant_pack(const rl_store *store, rl_span span, const float *values,
                       uint64_t *touched) {
  const rl_component *c = component_of(store);
  uint64_t group = rl_store_group(store), base = codes_at(store, span.row);
  for (uint64_t first = 0; first < span.count; first += group) {
    uint64_t end = rl_min_u64(first + group, span.count), g = first / group;
    range r = range_of(values + first, end - first);
    float scale, zero = 0;
    if (c->span == RL_PER_TENSOR) {
      scale = scale_load(store, span.row, g, NULL); /* chosen before: in the writer's hands */
    } else {
      scale = scale_store(store, scale_at(store, span.row, g), group_scale(c, r), touched);
    }
    if (RL_TYPES[c->type].integer) {
      zero = zero_store(store, span.row, g, scale > 0 ? -r.low / scale : 0, touched);
    }
    for (uint64_t i = first; i < end; i++) {
      code_store(store, base, i, code_of(c, values[i], scale, zero), touched);
    }
  }
}

void rl_store_set_magnitude(const rl_store *store, float largest, uint64_t *touched) {
  const rl_component *c = component_of(store);
  if (c->kind != RL_QUANT || c->span != RL_PER_TENSOR) return;
  scale_store(store, scale_at(store, 0, 0), largest / code_limit(c), touched);
}

void rl_store_read_codes(const rl_store *store, uint64_t row, int32_t *codes, uint64_t *touched) {
  uint64_t group = rl_store_group(store);
  for (uint64_t first = 0; first < store->cols; first += group) {
    uint64_t end = rl_min_u64(first + group, store->cols);
    int32_t zero = (int32_t)zero_load(store, row, first / group, touched);
    for (uint64_t i = first; i < end; i++) {
      codes[i] = (int32_t)code_load(store, codes_at(store, row), i, touched) - zero;
    }
  }
}

void rl_store_read_scales(const rl_store *store, uint64_t row, float *scales, uint64_t *touched) {
  uint64_t groups = rl_ceil_div(store->cols, rl_store_group(store));
  for (uint64_t g = 0; g < groups; g++) scales[g] = scale_load(store, row, g, touched);
}

const rl_component_codec RL_CODEC_QUANT = {quant_supports, quant_unpack, quant_pack};
