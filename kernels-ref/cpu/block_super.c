/* Blocks of 256 values in parts of 16 or 32, each part with a scale (and a minimum) that is itself
 * a whole number of steps of the block's scale: value = code * (d * scale) - (dmin * minimum). */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"

enum { COUNT = 256, PARTS_MAX = 16 };

/* Two scales of a part, as what its codes are multiplied with and what is taken away. */
typedef struct part_scales {
  float step, least;
} part_scales;

/* --- where codes stand --- */

/* Codes of 2 bits: 128 values in 32 bytes, value i at bits 2 * (i % 128 / 32) of byte i % 32. */
static int pair_at(const uint8_t *bytes, int i) {
  return bytes[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
}

static void set_pair(uint8_t *bytes, int i, int code) {
  uint8_t *byte = &bytes[i / 128 * 32 + i % 32];
  *byte = (uint8_t)(*byte | (code & 3) << 2 * (i % 128 / 32));
}

/* Codes of 4 bits: 2 * span values in span bytes, the first half of them in the low bits. */
static int nibble_at(const uint8_t *bytes, int i, int span) {
  int byte = bytes[i / (2 * span) * span + i % span];
  return i % (2 * span) < span ? byte & 15 : byte >> 4;
}

static void set_nibble_at(uint8_t *bytes, int i, int span, int code) {
  uint8_t *byte = &bytes[i / (2 * span) * span + i % span];
  *byte = (uint8_t)(*byte | (code & 15) << (i % (2 * span) < span ? 0 : 4));
}

/* One bit a value: bit i / 32 of byte i % 32. */
static int bit_at(const uint8_t *bytes, int i) {
  return bytes[i % 32] >> i / 32 & 1;
}

static void set_bit(uint8_t *bytes, int i, int bit) {
  bytes[i % 32] = (uint8_t)(bytes[i % 32] | (bit & 1) << i / 32);
}

/* --- scales of parts --- */

/* Eight scales and eight minima of 6 bits in 12 bytes: the first four of each in the low bits of
 * bytes 0 to 7, the others in bytes 8 to 11, their two highest bits on top of the first. */
static int six_bits(const uint8_t *bytes, int part, bool minimum) {
  const uint8_t *low = bytes + (minimum ? 4 : 0);
  if (part < 4) return low[part] & 63;
  int byte = bytes[part + 4];
  return (minimum ? byte >> 4 : byte & 15) | low[part - 4] >> 6 << 4;
}

static void set_six_bits(uint8_t *bytes, int part, bool minimum, int value) {
  uint8_t *low = bytes + (minimum ? 4 : 0);
  if (part < 4) {
    low[part] = (uint8_t)(low[part] | value);
    return;
  }
  bytes[part + 4] = (uint8_t)(bytes[part + 4] | (value & 15) << (minimum ? 4 : 0));
  low[part - 4] = (uint8_t)(low[part - 4] | value >> 4 << 6);
}

/* Sixteen scales of 6 bits in 12 bytes: low halves in bytes 0 to 7, then the high bits. */
static int signed_six_bits(const uint8_t *bytes, int part) {
  int low = part < 8 ? bytes[part] & 15 : bytes[part - 8] >> 4;
  return (low | (bytes[8 + part % 4] >> 2 * (part / 4) & 3) << 4) - 32;
}

static void set_signed_six_bits(uint8_t *bytes, int part, int value) {
  int code = value + 32;
  bytes[part % 8] = (uint8_t)(bytes[part % 8] | (code & 15) << (part < 8 ? 0 : 4));
  bytes[8 + part % 4] = (uint8_t)(bytes[8 + part % 4] | code >> 4 << 2 * (part / 4));
}

/* --- choosing scales --- */

/* Steps and minima of all parts for codes from 0 to highest; answers the largest of both. */
static part_scales choose_ranges(const float *values, int parts, int highest, part_scales *chosen) {
  part_scales largest = {0, 0};
  int size = COUNT / parts;
  const float *part = values;
  for (int p = 0; p < parts; p++, part += size) {
    rl_extremes e = rl_extremes_of(part, size);
    chosen[p] = (part_scales){(e.high - e.low) / (float)highest, -e.low};
    largest.step = fmaxf(largest.step, chosen[p].step);
    largest.least = fmaxf(largest.least, chosen[p].least);
  }
  return largest;
}

/* Steps of all parts for codes of both signs, the value of largest magnitude at `lowest`; answers
 * the step of largest magnitude. */
static float choose_steps(const float *values, int lowest, float *steps) {
  float largest = 0;
  const float *part = values;
  for (int p = 0; p < PARTS_MAX; p++, part += 16) {
    steps[p] = rl_extreme_largest(rl_extremes_of(part, 16)) / (float)lowest;
    if (fabsf(steps[p]) > fabsf(largest)) largest = steps[p];
  }
  return largest;
}

static int nearest_signed(float steps, int lowest) {
  return (int)fminf(fmaxf(nearbyintf(steps), (float)lowest), (float)(-lowest - 1));
}

/* --- 2 bits --- */

enum { Q2_CODES = 16, Q2_STEP = 80, Q2_LEAST = 82 };

static part_scales q2_scales(const uint8_t *b, int part) {
  return (part_scales){rl_half_load(b + Q2_STEP) * (float)(b[part] & 15),
                       rl_half_load(b + Q2_LEAST) * (float)(b[part] >> 4)};
}

static void decode_q2_k(const uint8_t *b, float *values) {
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q2_scales(b, i / 16);
    values[i] = (float)pair_at(b + Q2_CODES, i) * s.step - s.least;
  }
}

static void encode_q2_k(uint8_t *b, const float *values) {
  part_scales chosen[PARTS_MAX], largest = choose_ranges(values, 16, 3, chosen);
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q2_K].bytes);
  float step = rl_half_store(b + Q2_STEP, largest.step / 15);
  float least = rl_half_store(b + Q2_LEAST, largest.least / 15);
  for (int p = 0; p < 16; p++) {
    b[p] = (uint8_t)(rl_code_nearest(rl_steps(chosen[p].step, step), 15) |
                     rl_code_nearest(rl_steps(chosen[p].least, least), 15) << 4);
  }
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q2_scales(b, i / 16);
    set_pair(b + Q2_CODES, i, rl_code_nearest(rl_steps(values[i] + s.least, s.step), 3));
  }
}

/* --- 3 bits, of both signs: the third bit adds four --- */

enum { Q3_CODES = 32, Q3_SCALES = 96, Q3_STEP = 108 };

static float q3_step(const uint8_t *b, int part) {
  return rl_half_load(b + Q3_STEP) * (float)signed_six_bits(b + Q3_SCALES, part);
}

static void decode_q3_k(const uint8_t *b, float *values) {
  for (int i = 0; i < COUNT; i++) {
    int code = (pair_at(b + Q3_CODES, i) | bit_at(b, i) << 2) - 4;
    values[i] = (float)code * q3_step(b, i / 16);
  }
}

static void encode_q3_k(uint8_t *b, const float *values) {
  float chosen[PARTS_MAX], largest = choose_steps(values, -4, chosen);
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q3_K].bytes);
  float step = rl_half_store(b + Q3_STEP, largest / -32);
  for (int p = 0; p < 16; p++) {
    set_signed_six_bits(b + Q3_SCALES, p, nearest_signed(rl_steps(chosen[p], step), -32));
  }
  for (int i = 0; i < COUNT; i++) {
    int code = nearest_signed(rl_steps(values[i], q3_step(b, i / 16)), -4) + 4;
    set_pair(b + Q3_CODES, i, code & 3);
    set_bit(b, i, code >> 2);
  }
}

/* --- 4 and 5 bits --- */

enum { Q4_SCALES = 4, Q4_CODES = 16, Q5_HIGH = 16, Q5_CODES = 48 };

static part_scales q4_scales(const uint8_t *b, int part) {
  return (part_scales){rl_half_load(b) * (float)six_bits(b + Q4_SCALES, part, false),
                       rl_half_load(b + 2) * (float)six_bits(b + Q4_SCALES, part, true)};
}

static void store_q4_scales(uint8_t *b, const float *values, int highest) {
  part_scales chosen[PARTS_MAX], largest = choose_ranges(values, 8, highest, chosen);
  float step = rl_half_store(b, largest.step / 63);
  float least = rl_half_store(b + 2, largest.least / 63);
  for (int p = 0; p < 8; p++) {
    set_six_bits(b + Q4_SCALES, p, false, rl_code_nearest(rl_steps(chosen[p].step, step), 63));
    set_six_bits(b + Q4_SCALES, p, true, rl_code_nearest(rl_steps(chosen[p].least, least), 63));
  }
}

static void decode_q4_k(const uint8_t *b, float *values) {
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q4_scales(b, i / 32);
    values[i] = (float)nibble_at(b + Q4_CODES, i, 32) * s.step - s.least;
  }
}

static void encode_q4_k(uint8_t *b, const float *values) {
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q4_K].bytes);
  store_q4_scales(b, values, 15);
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q4_scales(b, i / 32);
    set_nibble_at(b + Q4_CODES, i, 32, rl_code_nearest(rl_steps(values[i] + s.least, s.step), 15));
  }
}

static void decode_q5_k(const uint8_t *b, float *values) {
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q4_scales(b, i / 32);
    int code = nibble_at(b + Q5_CODES, i, 32) | bit_at(b + Q5_HIGH, i) << 4;
    values[i] = (float)code * s.step - s.least;
  }
}

static void encode_q5_k(uint8_t *b, const float *values) {
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q5_K].bytes);
  store_q4_scales(b, values, 31);
  for (int i = 0; i < COUNT; i++) {
    part_scales s = q4_scales(b, i / 32);
    int code = rl_code_nearest(rl_steps(values[i] + s.least, s.step), 31);
    set_nibble_at(b + Q5_CODES, i, 32, code);
    set_bit(b + Q5_HIGH, i, code >> 4);
  }
}

/* --- 6 bits, of both signs --- */

enum { Q6_HIGH = 128, Q6_SCALES = 192, Q6_STEP = 208 };

static float q6_step(const uint8_t *b, int part) {
  return rl_half_load(b + Q6_STEP) * (float)(int8_t)b[Q6_SCALES + part];
}

static void decode_q6_k(const uint8_t *b, float *values) {
  for (int i = 0; i < COUNT; i++) {
    int code = (nibble_at(b, i, 64) | pair_at(b + Q6_HIGH, i) << 4) - 32;
    values[i] = (float)code * q6_step(b, i / 16);
  }
}

static void encode_q6_k(uint8_t *b, const float *values) {
  float chosen[PARTS_MAX], largest = choose_steps(values, -32, chosen);
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q6_K].bytes);
  float step = rl_half_store(b + Q6_STEP, largest / -128);
  for (int p = 0; p < 16; p++) {
    b[Q6_SCALES + p] = (uint8_t)(int8_t)nearest_signed(rl_steps(chosen[p], step), -128);
  }
  for (int i = 0; i < COUNT; i++) {
    int code = nearest_signed(rl_steps(values[i], q6_step(b, i / 16)), -32) + 32;
    set_nibble_at(b, i, 64, code);
    set_pair(b + Q6_HIGH, i, code >> 4);
  }
}

/* --- 8 bits: an fp32 scale, codes, sums of sixteen codes each --- */

enum { Q8_CODES = 4, Q8_SUMS = 260 };

static void decode_q8_k(const uint8_t *b, float *values) {
  float scale = rl_decode(RL_F32, rl_bits_load(b, 4));
  for (int i = 0; i < COUNT; i++) values[i] = (float)(int8_t)b[Q8_CODES + i] * scale;
}

static void encode_q8_k(uint8_t *b, const float *values) {
  float scale = rl_extreme_largest(rl_extremes_of(values, COUNT)) / -127;
  rl_bits_store(b, 4, rl_encode(RL_F32, scale));
  uint8_t *sums = b + Q8_SUMS;
  for (int p = 0; p < 16; p++, sums += 2) {
    int sum = 0;
    for (int i = p * 16; i < (p + 1) * 16; i++) {
      int code = nearest_signed(rl_steps(values[i], scale), -128);
      b[Q8_CODES + i] = (uint8_t)(int8_t)code;
      sum += code;
    }
    rl_bits_store(sums, 2, (uint32_t)sum & 0xffffu);
  }
}

const rl_block_codec RL_BLOCKS_SUPER[RL_BLOCKS] = {
    [RL_BLOCK_Q2_K] = {decode_q2_k, encode_q2_k}, [RL_BLOCK_Q3_K] = {decode_q3_k, encode_q3_k},
    [RL_BLOCK_Q4_K] = {decode_q4_k, encode_q4_k}, [RL_BLOCK_Q5_K] = {decode_q5_k, encode_q5_k},
    [RL_BLOCK_Q6_K] = {decode_q6_k, encode_q6_k}, [RL_BLOCK_Q8_K] = {decode_q8_k, encode_q8_k},
};
