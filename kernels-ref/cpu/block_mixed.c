/* Blocks of their own making: non-linear 4-bit codes in parts, ternary digits, small floats with a
 * small float as scale, signs alone. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"

/* --- iq4_xs: 8 parts of 32 codes of the table, scales of 6 bits around 32 --- */

enum { XS_COUNT = 256, XS_PARTS = 8, XS_LOW = 4, XS_CODES = 8 };

static float xs_step(const uint8_t *b, int part) {
  uint32_t high = rl_bits_load(b + 2, 2) >> 2 * part & 3;
  int low = b[XS_LOW + part / 2] >> 4 * (part % 2) & 15;
  return rl_half_load(b) * (float)((low | (int)high << 4) - 32);
}

/* The byte of a code: 32 values in 16 bytes, the first sixteen in the low halves. */
static int xs_byte(int i) {
  return XS_CODES + i / 32 * 16 + i % 16;
}

static void decode_iq4_xs(const uint8_t *b, float *values) {
  for (int i = 0; i < XS_COUNT; i++) {
    int code = b[xs_byte(i)] >> (i % 32 < 16 ? 0 : 4) & 15;
    values[i] = xs_step(b, i / 32) * (float)RL_IQ4_VALUES[code];
  }
}

static void encode_iq4_xs(uint8_t *b, const float *values) {
  float steps[XS_PARTS], largest = 0;
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_IQ4_XS].bytes);
  const float *part = values;
  for (int p = 0; p < XS_PARTS; p++, part += 32) {
    steps[p] = rl_extreme_largest(rl_extremes_of(part, 32)) / RL_IQ4_VALUES[0];
    if (fabsf(steps[p]) > fabsf(largest)) largest = steps[p];
  }
  float unit = rl_half_store(b, largest / -32);
  uint32_t high = 0;
  for (int p = 0; p < XS_PARTS; p++) {
    uint32_t code = rl_code_nearest(rl_steps(steps[p], unit) + 32, 63);
    b[XS_LOW + p / 2] = (uint8_t)(b[XS_LOW + p / 2] | (code & 15) << 4 * (p % 2));
    high |= code >> 4 << 2 * p;
  }
  rl_bits_store(b + 2, 2, high);
  for (int i = 0; i < XS_COUNT; i++) {
    int code = rl_iq4_nearest(rl_steps(values[i], xs_step(b, i / 32)));
    b[xs_byte(i)] = (uint8_t)(b[xs_byte(i)] | code << (i % 32 < 16 ? 0 : 4));
  }
}

/* --- ternary: -1, 0 or 1 times the scale, digits 0 to 2 --- */

static uint8_t trit(float value, float scale) {
  return (uint8_t)(nearbyintf(fminf(fmaxf(rl_steps(value, scale), -1), 1)) + 1);
}

static float ternary_scale(uint8_t *at, const float *values) {
  return rl_half_store(at, fabsf(rl_extreme_largest(rl_extremes_of(values, 256))));
}

/* tq2_0: 128 values in 32 bytes, four digits of 2 bits a byte. */
enum { TQ2_SCALE = 64 };

static void decode_tq2_0(const uint8_t *b, float *values) {
  float scale = rl_half_load(b + TQ2_SCALE);
  for (int i = 0; i < 256; i++) {
    int digit = b[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
    values[i] = (float)(digit - 1) * scale;
  }
}

static void encode_tq2_0(uint8_t *b, const float *values) {
  memset(b, 0, TQ2_SCALE);
  float scale = ternary_scale(b + TQ2_SCALE, values);
  for (int i = 0; i < 256; i++) {
    uint8_t *byte = &b[i / 128 * 32 + i % 32];
    *byte = (uint8_t)(*byte | trit(values[i], scale) << 2 * (i % 128 / 32));
  }
}

/* tq1_0: five digits a byte in three stretches: 160 values in 32 bytes, 80 in 16, and four digits
 * a byte for the last 16 in 4. Within a stretch of n bytes, value i is digit i / n of byte i % n. A
 * byte is the fraction of 243 that its digits say, times 256, rounded up: multiplied with a power
 * of 3 it shows the digit behind in its highest bits. */
enum { TQ1_SCALE = 52, DIGITS = 5 };
typedef struct stretch {
  int first, bytes, digits, at;
} stretch;
static const stretch stretches[] = {{0, 32, 5, 0}, {160, 16, 5, 32}, {240, 4, 4, 48}};

static void decode_tq1_0(const uint8_t *b, float *values) {
  static const uint8_t powers[DIGITS] = {1, 3, 9, 27, 81};
  float scale = rl_half_load(b + TQ1_SCALE);
  for (int s = 0; s < 3; s++) {
    const stretch *t = &stretches[s];
    for (int i = 0; i < t->bytes * t->digits; i++) {
      uint8_t rest = (uint8_t)(b[t->at + i % t->bytes] * powers[i / t->bytes]);
      values[t->first + i] = (float)((rest * 3 >> 8) - 1) * scale;
    }
  }
}

static void encode_tq1_0(uint8_t *b, const float *values) {
  float scale = ternary_scale(b + TQ1_SCALE, values);
  for (int s = 0; s < 3; s++) {
    const stretch *t = &stretches[s];
    for (int byte = 0; byte < t->bytes; byte++) {
      int number = 0;
      for (int d = 0; d < DIGITS; d++) {
        bool there = d < t->digits;
        number = number * 3 + (there ? trit(values[t->first + d * t->bytes + byte], scale) : 0);
      }
      b[t->at + byte] = (uint8_t)((number * 256 + 242) / 243);
    }
  }
}

/* --- nvfp4: four parts of 16 floats of 4 bits, each under an e4m3 scale without sign --- */

enum { NV_PARTS = 4, NV_SIZE = 16 };

static void decode_nvfp4(const uint8_t *b, float *values) {
  for (int i = 0; i < NV_PARTS * NV_SIZE; i++) {
    int part = i / NV_SIZE, within = i % NV_SIZE;
    int byte = b[NV_PARTS + part * 8 + within % 8];
    uint32_t code = (uint32_t)(within < 8 ? byte & 15 : byte >> 4);
    values[i] = rl_decode(RL_F4_E2M1, code) * rl_decode(RL_F8_E4M3, b[part]);
  }
}

static void encode_nvfp4(uint8_t *b, const float *values) {
  float top = rl_encoding_largest(RL_F4_E2M1);
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_NVFP4].bytes);
  const float *part = values;
  for (int p = 0; p < NV_PARTS; p++, part += NV_SIZE) {
    float largest = fabsf(rl_extreme_largest(rl_extremes_of(part, NV_SIZE)));
    b[p] = (uint8_t)rl_encode(RL_F8_E4M3, largest / top);
    float scale = rl_decode(RL_F8_E4M3, b[p]);
    for (int i = 0; i < NV_SIZE; i++) {
      uint8_t *byte = &b[NV_PARTS + p * 8 + i % 8];
      uint32_t code = rl_encode(RL_F4_E2M1, rl_steps(part[i], scale));
      *byte = (uint8_t)(*byte | code << (i < 8 ? 0 : 4));
    }
  }
}

/* --- q1_0: the scale under a sign, which is plus where the bit is set; value i is bit i % 8 of
 * byte i / 8 --- */

enum { Q1_COUNT = 128, Q2_COUNT = 64, BITS_BEHIND = 2 };

static void decode_q1_0(const uint8_t *b, float *values) {
  float scale = rl_half_load(b);
  for (int i = 0; i < Q1_COUNT; i++) {
    values[i] = b[BITS_BEHIND + i / 8] >> i % 8 & 1 ? scale : -scale;
  }
}

/* The mean magnitude is nearest to all of them in squares. */
static void encode_q1_0(uint8_t *b, const float *values) {
  float sum = 0;
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q1_0].bytes);
  for (int i = 0; i < Q1_COUNT; i++) {
    uint8_t *byte = &b[BITS_BEHIND + i / 8];
    *byte = (uint8_t)(*byte | (values[i] >= 0) << i % 8);
    sum += fabsf(values[i]);
  }
  rl_half_store(b, sum / Q1_COUNT);
}

/* --- q2_0: code - 1 times the scale; value i is pair i % 4 of byte i / 4 --- */

static void decode_q2_0(const uint8_t *b, float *values) {
  float scale = rl_half_load(b);
  for (int i = 0; i < Q2_COUNT; i++) {
    values[i] = (float)((b[BITS_BEHIND + i / 4] >> 2 * (i % 4) & 3) - 1) * scale;
  }
}

/* Under the largest magnitude, ternary weights come back as they were; code 3 stays unused. */
static void encode_q2_0(uint8_t *b, const float *values) {
  memset(b, 0, RL_BLOCK_INFO[RL_BLOCK_Q2_0].bytes);
  float scale = rl_half_store(b, fabsf(rl_extreme_largest(rl_extremes_of(values, Q2_COUNT))));
  for (int i = 0; i < Q2_COUNT; i++) {
    uint8_t *byte = &b[BITS_BEHIND + i / 4];
    *byte = (uint8_t)(*byte | trit(values[i], scale) << 2 * (i % 4));
  }
}

const rl_block_codec RL_BLOCKS_MIXED[RL_BLOCKS] = {
    [RL_BLOCK_IQ4_XS] = {decode_iq4_xs, encode_iq4_xs},
    [RL_BLOCK_TQ1_0] = {decode_tq1_0, encode_tq1_0},
    [RL_BLOCK_TQ2_0] = {decode_tq2_0, encode_tq2_0},
    [RL_BLOCK_NVFP4] = {decode_nvfp4, encode_nvfp4},
    [RL_BLOCK_Q1_0] = {decode_q1_0, encode_q1_0},
    [RL_BLOCK_Q2_0] = {decode_q2_0, encode_q2_0},
};
