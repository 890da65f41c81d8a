/* Blocks of 32 values: a scale in front, codes behind it; those of 4 bits with the first sixteen
 * values in the low halves of the bytes. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"

enum { COUNT = 32, HALF = 16, SIGNED_4 = 8, SIGNED_5 = 16 };

float rl_half_load(const uint8_t *bytes) {
  return rl_decode(RL_F16, rl_bits_load(bytes, 2));
}

float rl_half_store(uint8_t *bytes, float value) {
  float largest = rl_encoding_largest(RL_F16);
  uint32_t bits = rl_encode(RL_F16, fminf(fmaxf(value, -largest), largest));
  rl_bits_store(bytes, 2, bits);
  return rl_decode(RL_F16, bits);
}

uint8_t rl_code_nearest(float steps, int highest) {
  return (uint8_t)fminf(fmaxf(nearbyintf(steps), 0), (float)highest);
}

float rl_steps(float value, float scale) {
  return scale != 0 ? value / scale : 0;
}

rl_extremes rl_extremes_of(const float *values, int count) {
  rl_extremes extremes = {0, 0};
  for (int i = 0; i < count; i++) {
    extremes.low = fminf(extremes.low, values[i]);
    extremes.high = fmaxf(extremes.high, values[i]);
  }
  return extremes;
}

float rl_extreme_largest(rl_extremes extremes) {
  return -extremes.low > extremes.high ? extremes.low : extremes.high;
}

/* Codes of 4 bits: value i in the low half of byte i, value 16 + i in its high half. */
static int nibble(const uint8_t *bytes, int i) {
  return i < HALF ? bytes[i] & 15 : bytes[i - HALF] >> 4;
}

static void set_nibble(uint8_t *bytes, int i, uint8_t code) {
  if (i < HALF) {
    bytes[i] = code;
  } else {
    bytes[i - HALF] = (uint8_t)(bytes[i - HALF] | code << 4);
  }
}

/* The fifth bits of 32 codes, bit i that of value i. */
static int fifth_bit(const uint8_t *bits, int i) {
  return (bits[i / 8] >> i % 8 & 1) << 4;
}

static void set_fifth_bit(uint8_t *bits, int i, uint8_t code) {
  bits[i / 8] = (uint8_t)(bits[i / 8] | (code >> 4) << i % 8);
}

/* --- code - 8, times the scale --- */

static void decode_q4_0(const uint8_t *b, float *values) {
  float scale = rl_half_load(b);
  for (int i = 0; i < COUNT; i++) values[i] = (float)(nibble(b + 2, i) - SIGNED_4) * scale;
}

/* The value of largest magnitude takes code 0, which is -8 steps. */
static void encode_q4_0(uint8_t *b, const float *values) {
  float scale = rl_half_store(b, rl_extreme_largest(rl_extremes_of(values, COUNT)) / -SIGNED_4);
  for (int i = 0; i < COUNT; i++) {
    set_nibble(b + 2, i, rl_code_nearest(rl_steps(values[i], scale) + SIGNED_4, 15));
  }
}

/* --- code times the scale, plus the minimum --- */

static void decode_q4_1(const uint8_t *b, float *values) {
  float scale = rl_half_load(b), least = rl_half_load(b + 2);
  for (int i = 0; i < COUNT; i++) values[i] = (float)nibble(b + 4, i) * scale + least;
}

/* Stores scale and minimum for codes up to `highest`. */
static rl_extremes store_range(uint8_t *b, const float *values, int highest) {
  rl_extremes e = {values[0], values[0]};
  for (int i = 1; i < COUNT; i++) {
    e.low = fminf(e.low, values[i]);
    e.high = fmaxf(e.high, values[i]);
  }
  float scale = rl_half_store(b, (e.high - e.low) / (float)highest);
  return (rl_extremes){.low = rl_half_store(b + 2, e.low), .high = scale};
}

static void encode_q4_1(uint8_t *b, const float *values) {
  rl_extremes range = store_range(b, values, 15);
  for (int i = 0; i < COUNT; i++) {
    set_nibble(b + 4, i, rl_code_nearest(rl_steps(values[i] - range.low, range.high), 15));
  }
}

/* --- the same with codes of 5 bits --- */

static void decode_q5_0(const uint8_t *b, float *values) {
  float scale = rl_half_load(b);
  for (int i = 0; i < COUNT; i++) {
    values[i] = (float)((nibble(b + 6, i) | fifth_bit(b + 2, i)) - SIGNED_5) * scale;
  }
}

static void encode_q5_0(uint8_t *b, const float *values) {
  float scale = rl_half_store(b, rl_extreme_largest(rl_extremes_of(values, COUNT)) / -SIGNED_5);
  memset(b + 2, 0, 4);
  for (int i = 0; i < COUNT; i++) {
    uint8_t code = rl_code_nearest(rl_steps(values[i], scale) + SIGNED_5, 31);
    set_nibble(b + 6, i, code & 15);
    set_fifth_bit(b + 2, i, code);
  }
}

static void decode_q5_1(const uint8_t *b, float *values) {
  float scale = rl_half_load(b), least = rl_half_load(b + 2);
  for (int i = 0; i < COUNT; i++) {
    values[i] = (float)(nibble(b + 8, i) | fifth_bit(b + 4, i)) * scale + least;
  }
}

static void encode_q5_1(uint8_t *b, const float *values) {
  rl_extremes range = store_range(b, values, 31);
  memset(b + 4, 0, 4);
  for (int i = 0; i < COUNT; i++) {
    uint8_t code = rl_code_nearest(rl_steps(values[i] - range.low, range.high), 31);
    set_nibble(b + 8, i, code & 15);
    set_fifth_bit(b + 4, i, code);
  }
}

/* --- signed bytes --- */

static void decode_bytes(const uint8_t *codes, float scale, float *values) {
  for (int i = 0; i < COUNT; i++) values[i] = (float)(int8_t)codes[i] * scale;
}

/* Answers the sum of the codes. */
static int encode_bytes(uint8_t *codes, float scale, const float *values) {
  int sum = 0;
  for (int i = 0; i < COUNT; i++) {
    float steps = fminf(fmaxf(nearbyintf(rl_steps(values[i], scale)), -127), 127);
    codes[i] = (uint8_t)(int8_t)steps;
    sum += (int8_t)steps;
  }
  return sum;
}

static float byte_scale(const float *values) {
  return fabsf(rl_extreme_largest(rl_extremes_of(values, COUNT))) / 127;
}

static void decode_q8_0(const uint8_t *b, float *values) {
  decode_bytes(b + 2, rl_half_load(b), values);
}

static void encode_q8_0(uint8_t *b, const float *values) {
  encode_bytes(b + 2, rl_half_store(b, byte_scale(values)), values);
}

static void decode_q8_1(const uint8_t *b, float *values) {
  decode_bytes(b + 4, rl_half_load(b), values);
}

/* Behind the scale stands scale times the sum of the codes, for products with a minimum. */
static void encode_q8_1(uint8_t *b, const float *values) {
  float scale = rl_half_store(b, byte_scale(values));
  rl_half_store(b + 2, scale * (float)encode_bytes(b + 4, scale, values));
}

/* --- tables of sixteen values --- */

const int8_t RL_IQ4_VALUES[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                  1,    13,   25,  38,  53,  69,  89,  113};

uint8_t rl_iq4_nearest(float steps) {
  int best = 0;
  for (int c = 1; c < 16; c++) {
    if (fabsf(steps - RL_IQ4_VALUES[c]) < fabsf(steps - RL_IQ4_VALUES[best])) best = c;
  }
  return (uint8_t)best;
}

static void decode_iq4_nl(const uint8_t *b, float *values) {
  float scale = rl_half_load(b);
  for (int i = 0; i < COUNT; i++) values[i] = (float)RL_IQ4_VALUES[nibble(b + 2, i)] * scale;
}

static void encode_iq4_nl(uint8_t *b, const float *values) {
  float scale =
      rl_half_store(b, rl_extreme_largest(rl_extremes_of(values, COUNT)) / RL_IQ4_VALUES[0]);
  for (int i = 0; i < COUNT; i++) {
    set_nibble(b + 2, i, rl_iq4_nearest(rl_steps(values[i], scale)));
  }
}

/* --- floats of 4 bits under a power of two (OCP Microscaling Formats 1.0) --- */

static void decode_mxfp4(const uint8_t *b, float *values) {
  float scale = rl_decode(RL_F8_E8M0, b[0]);
  for (int i = 0; i < COUNT; i++) {
    values[i] = rl_decode(RL_F4_E2M1, (uint32_t)nibble(b + 1, i)) * scale;
  }
}

static void encode_mxfp4(uint8_t *b, const float *values) {
  float largest = fabsf(rl_extreme_largest(rl_extremes_of(values, COUNT)));
  int top = ilogbf(rl_encoding_largest(RL_F4_E2M1));
  float scale = largest > 0 ? (float)ldexp(1, ilogbf(largest) - top) : 0;
  b[0] = (uint8_t)rl_encode(RL_F8_E8M0, scale);
  scale = rl_decode(RL_F8_E8M0, b[0]);
  for (int i = 0; i < COUNT; i++) {
    set_nibble(b + 1, i, (uint8_t)rl_encode(RL_F4_E2M1, values[i] / scale));
  }
}

const rl_block_codec RL_BLOCKS_SMALL[RL_BLOCKS] = {
    [RL_BLOCK_Q4_0] = {decode_q4_0, encode_q4_0},
    [RL_BLOCK_Q4_1] = {decode_q4_1, encode_q4_1},
    [RL_BLOCK_Q5_0] = {decode_q5_0, encode_q5_0},
    [RL_BLOCK_Q5_1] = {decode_q5_1, encode_q5_1},
    [RL_BLOCK_Q8_0] = {decode_q8_0, encode_q8_0},
    [RL_BLOCK_Q8_1] = {decode_q8_1, encode_q8_1},
    [RL_BLOCK_IQ4_NL] = {decode_iq4_nl, encode_iq4_nl},
    [RL_BLOCK_MXFP4] = {decode_mxfp4, encode_mxfp4},
};
