/* Loops without a branch, which compilers turn into vectors; types without one go value by value.
 * Stored numbers are little-endian: so are the machines that take the loops. */
#include "kernels-ref/cpu/spans.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"

enum { RUN = 64 };
static const bool LITTLE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* fp16 moved to the place of a float's exponent is 2^-112 times its value, subnormal or not; the
 * highest exponent, of infinity and what is no number, becomes the float's highest. */
static float decode_f16(uint32_t half) {
  const uint32_t magnitude = (half & 0x7fff) << 13;
  const float value = float_of(magnitude) * 0x1p112f;
  const uint32_t special = 0u - (uint32_t)((half & 0x7c00) == 0x7c00);
  const uint32_t bits = (bits_of(value) & ~special) | ((magnitude | 0x7f800000) & special);
  return float_of(bits | (half & 0x8000) << 16);
}

/* Normal numbers: rounded as bf16 is, the exponent then less 112. Below them the sum with a half
 * places the last bit where fp32 rounds; beyond them infinity. */
static uint32_t encode_f16(float value) {
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffff;
  const uint32_t normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13;
  const uint32_t small = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000;
  const uint32_t is_small = 0u - (uint32_t)(magnitude < 0x38800000);
  const uint32_t is_large = 0u - (uint32_t)(magnitude >= 0x477ff000);
  const uint32_t half = (small & is_small) | (normal & ~is_small);
  return (half & ~is_large) | (0x7c00 & is_large) | (bits >> 16 & 0x8000);
}

static uint32_t encode_bf16(float value) {
  const uint32_t bits = bits_of(value);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* A run of 16-bit numbers. */
static void add_run(rl_type type, const uint8_t *bytes, uint64_t count, float *values) {
  uint16_t run[RUN];
  memcpy(run, bytes, count * sizeof *run);
  if (type == RL_BF16) {
    for (uint64_t i = 0; i < count; i++) values[i] += float_of((uint32_t)run[i] << 16);
  } else {
    for (uint64_t i = 0; i < count; i++) values[i] += decode_f16(run[i]);
  }
}

static bool store_run(rl_type type, const float *values, uint64_t count, uint8_t *bytes) {
  uint16_t run[RUN];
  uint32_t strange = 0; /* what is no number has one code, whatever its bits */
  for (uint64_t i = 0; i < count; i++) {
    strange |= (uint32_t)((bits_of(values[i]) & 0x7fffffff) > 0x7f800000);
  }
  if (strange != 0) return false;
  if (type == RL_BF16) {
    for (uint64_t i = 0; i < count; i++) run[i] = (uint16_t)encode_bf16(values[i]);
  } else {
    for (uint64_t i = 0; i < count; i++) run[i] = (uint16_t)encode_f16(values[i]);
  }
  memcpy(bytes, run, count * sizeof *run);
  return true;
}

static bool has_runs(rl_type type) {
  return LITTLE && (type == RL_BF16 || type == RL_F16);
}

static void add_floats(const uint8_t *bytes, uint64_t count, float *values) {
  for (uint64_t i = 0; i < count; i++) {
    float value;
    memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] += value;
  }
}

void rl_span_add(rl_type type, const uint8_t *bytes, uint64_t count, float *values) {
  const uint32_t size = rl_encoding_bytes(type);
  if (LITTLE && type == RL_F32) {
    add_floats(bytes, count, values);
    return;
  }
  for (uint64_t i = 0; has_runs(type) && i < count; i += RUN) {
    add_run(type, bytes + i * size, rl_min_u64(RUN, count - i), values + i);
  }
  for (uint64_t i = 0; !has_runs(type) && i < count; i++) {
    values[i] += rl_decode(type, rl_bits_load(bytes + i * size, size));
  }
}

static void store_each(rl_type type, const float *values, uint64_t count, uint8_t *bytes) {
  const uint32_t size = rl_encoding_bytes(type);
  for (uint64_t i = 0; i < count; i++) {
    rl_bits_store(bytes + i * size, size, rl_encode(type, values[i]));
  }
}

void rl_span_store(rl_type type, const float *values, uint64_t count, uint8_t *bytes) {
  const uint32_t size = rl_encoding_bytes(type);
  if (LITTLE && type == RL_F32) {
    memcpy(bytes, values, count * sizeof *values);
    return;
  }
  if (!has_runs(type)) {
    store_each(type, values, count, bytes);
    return;
  }
  for (uint64_t i = 0; i < count; i += RUN) {
    const uint64_t run = rl_min_u64(RUN, count - i);
    if (!store_run(type, values + i, run, bytes + i * size)) {
      store_each(type, values + i, run, bytes + i * size);
    }
  }
}

/* --- what is no finite number: the highest exponent --- */

static bool strange_run(rl_type type, const uint8_t *bytes, uint64_t count) {
  const uint16_t highest = type == RL_BF16 ? 0x7f80 : 0x7c00;
  uint16_t run[RUN] = {0}, strange = 0;
  memcpy(run, bytes, count * sizeof *run);
  for (uint64_t i = 0; i < RUN; i++) {
    strange |= (uint16_t)((run[i] & highest) == highest ? UINT16_MAX : 0);
  }
  return strange != 0;
}

static bool strange_floats(const uint8_t *bytes, uint64_t count) {
  uint32_t run[RUN] = {0}, strange = 0;
  memcpy(run, bytes, count * sizeof *run);
  for (uint64_t i = 0; i < RUN; i++) {
    strange |= (run[i] & 0x7f800000) == 0x7f800000 ? UINT32_MAX : 0;
  }
  return strange != 0;
}

static bool has_strange(rl_type type, const uint8_t *bytes, uint64_t count) {
  return type == RL_F32 ? strange_floats(bytes, count) : strange_run(type, bytes, count);
}

uint64_t rl_span_strange(rl_type type, const uint8_t *bytes, uint64_t count) {
  const uint32_t size = type == RL_F32 ? 4 : 2;
  if (!LITTLE || (type != RL_F32 && !has_runs(type))) return count;
  for (uint64_t first = 0; first < count; first += RUN) {
    const uint8_t *at = bytes + first * size;
    if (!has_strange(type, at, rl_min_u64(RUN, count - first))) continue;
    while (!has_strange(type, at, 1)) at += size;
    return (uint64_t)(at - bytes) / size;
  }
  return count;
}
