/* GGUF blocks. Sizes against the bits a weight that the types are published with; decoding against
 * loops that walk each block from front to back as the format's definition tells it, where the
 * kernels compute the place of each value; encoding by how far values come back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "iq_walks.h"
#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"
#include "unit.h"

enum { BYTES_MAX = 512, VALUES_MAX = RL_BLOCK_VALUES_MAX };

static uint32_t state = 7;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

/* One block of random bytes whose scales are numbers: each place holds 1/8 to 4 in fp16. */
static void draw_block(uint8_t *bytes, int count, const int *halves) {
  for (int i = 0; i < count; i++) bytes[i] = (uint8_t)draw(256);
  for (; *halves >= 0; halves++) rl_half_store(bytes + *halves, (float)(1 + draw(32)) / 8);
}

typedef void walk(const uint8_t *bytes, double *out);

static void walk_q4_0(const uint8_t *b, double *y) {
  double d = rl_half_load(b);
  for (int j = 0; j < 16; j++) {
    y[j] = ((b[2 + j] & 0x0f) - 8) * d;
    y[j + 16] = ((b[2 + j] >> 4) - 8) * d;
  }
}

static void walk_q4_1(const uint8_t *b, double *y) {
  double d = rl_half_load(b), m = rl_half_load(b + 2);
  for (int j = 0; j < 16; j++) {
    y[j] = (b[4 + j] & 0x0f) * d + m;
    y[j + 16] = (b[4 + j] >> 4) * d + m;
  }
}

static void walk_q5_0(const uint8_t *b, double *y) {
  double d = rl_half_load(b);
  uint32_t high = rl_bits_load(b + 2, 4);
  for (int j = 0; j < 16; j++) {
    int first = (b[6 + j] & 0x0f) | ((high >> j & 1) ? 16 : 0);
    int second = (b[6 + j] >> 4) | ((high >> (j + 16) & 1) ? 16 : 0);
    y[j] = (first - 16) * d;
    y[j + 16] = (second - 16) * d;
  }
}

static void walk_q5_1(const uint8_t *b, double *y) {
  double d = rl_half_load(b), m = rl_half_load(b + 2);
  uint32_t high = rl_bits_load(b + 4, 4);
  for (int j = 0; j < 16; j++) {
    y[j] = ((b[8 + j] & 0x0f) | ((high >> j & 1) ? 16 : 0)) * d + m;
    y[j + 16] = ((b[8 + j] >> 4) | ((high >> (j + 16) & 1) ? 16 : 0)) * d + m;
  }
}

static void walk_q8_0(const uint8_t *b, double *y) {
  for (int j = 0; j < 32; j++) y[j] = (int8_t)b[2 + j] * rl_half_load(b);
}

static void walk_q8_1(const uint8_t *b, double *y) {
  for (int j = 0; j < 32; j++) y[j] = (int8_t)b[4 + j] * rl_half_load(b);
}

static void walk_q8_k(const uint8_t *b, double *y) {
  for (int j = 0; j < 256; j++)
    y[j] = (int8_t)b[4 + j] * (double)rl_decode(RL_F32, rl_bits_load(b, 4));
}

/* 2 bits: two halves of 128 values; in each four shifts of 32 bytes, a scale for 16. */
static void walk_q2_k(const uint8_t *b, double *y) {
  const uint8_t *scale = b, *codes = b + 16;
  double d = rl_half_load(b + 80), least = rl_half_load(b + 82);
  for (int half = 0; half < 2; half++, codes += 32) {
    for (int shift = 0; shift < 8; shift += 2) {
      for (int j = 0; j < 32; j++) {
        uint8_t s = scale[j / 16];
        *y++ = d * (s & 0x0f) * (codes[j] >> shift & 3) - least * (s >> 4);
      }
      scale += 2;
    }
  }
}

/* The twelve bytes as three little-endian words of four scales' parts each. */
static void unpack_q3_scales(const uint8_t *b, int *scales) {
  for (int i = 0; i < 4; i++) {
    int high = b[8 + i];
    scales[i] = (b[i] & 0x0f) + (high & 3) * 16 - 32;
    scales[4 + i] = (b[4 + i] & 0x0f) + (high >> 2 & 3) * 16 - 32;
    scales[8 + i] = (b[i] >> 4) + (high >> 4 & 3) * 16 - 32;
    scales[12 + i] = (b[4 + i] >> 4) + (high >> 6) * 16 - 32;
  }
}

static void walk_q3_k(const uint8_t *b, double *y) {
  const uint8_t *codes = b + 32;
  double d = rl_half_load(b + 108);
  int scales[16], part = 0, mask = 1;
  unpack_q3_scales(b + 96, scales);
  for (int half = 0; half < 2; half++, codes += 32) {
    for (int shift = 0; shift < 8; shift += 2, mask <<= 1) {
      for (int j = 0; j < 32; j++) {
        int code = (codes[j] >> shift & 3) - ((b[j] & mask) ? 0 : 4);
        *y++ = d * scales[part + j / 16] * code;
      }
      part += 2;
    }
  }
}

static void unpack_q4_scales(const uint8_t *b, int *scales, int *least) {
  for (int i = 0; i < 4; i++) {
    scales[i] = b[i] % 64;
    least[i] = b[4 + i] % 64;
    scales[4 + i] = b[8 + i] % 16 + b[i] / 64 * 16;
    least[4 + i] = b[8 + i] / 16 + b[4 + i] / 64 * 16;
  }
}

static void walk_q4_k(const uint8_t *b, double *y) {
  double d = rl_half_load(b), m = rl_half_load(b + 2);
  int scales[8], least[8];
  unpack_q4_scales(b + 4, scales, least);
  for (int chunk = 0; chunk < 4; chunk++) {
    const uint8_t *codes = b + 16 + 32 * chunk;
    for (int j = 0; j < 32; j++)
      *y++ = d * scales[2 * chunk] * (codes[j] % 16) - m * least[2 * chunk];
    for (int j = 0; j < 32; j++) {
      *y++ = d * scales[2 * chunk + 1] * (codes[j] / 16) - m * least[2 * chunk + 1];
    }
  }
}

static void walk_q5_k(const uint8_t *b, double *y) {
  double d = rl_half_load(b), m = rl_half_load(b + 2);
  const uint8_t *high = b + 16;
  int scales[8], least[8];
  unpack_q4_scales(b + 4, scales, least);
  for (int part = 0; part < 8; part++) {
    const uint8_t *codes = b + 48 + 32 * (part / 2);
    for (int j = 0; j < 32; j++) {
      int code = part % 2 == 0 ? codes[j] % 16 : codes[j] / 16;
      if (high[j] & 1 << part) code += 16;
      *y++ = d * scales[part] * code - m * least[part];
    }
  }
}

static void walk_q6_k(const uint8_t *b, double *y) {
  const uint8_t *low = b, *high = b + 128;
  const int8_t *scale = (const int8_t *)(b + 192);
  double d = rl_half_load(b + 208);
  for (int half = 0; half < 2; half++, low += 64, high += 32, scale += 8, y += 128) {
    for (int j = 0; j < 32; j++) {
      int first = (low[j] & 15) + (high[j] & 3) * 16 - 32;
      int second = (low[j + 32] & 15) + (high[j] >> 2 & 3) * 16 - 32;
      int third = (low[j] >> 4) + (high[j] >> 4 & 3) * 16 - 32;
      int fourth = (low[j + 32] >> 4) + (high[j] >> 6) * 16 - 32;
      y[j] = d * scale[j / 16] * first;
      y[j + 32] = d * scale[j / 16 + 2] * second;
      y[j + 64] = d * scale[j / 16 + 4] * third;
      y[j + 96] = d * scale[j / 16 + 6] * fourth;
    }
  }
}

static const int non_linear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};

static void walk_iq4_nl(const uint8_t *b, double *y) {
  for (int j = 0; j < 16; j++) {
    y[j] = (double)rl_half_load(b) * non_linear[b[2 + j] & 15];
    y[j + 16] = (double)rl_half_load(b) * non_linear[b[2 + j] >> 4];
  }
}

static void walk_iq4_xs(const uint8_t *b, double *y) {
  unsigned high = b[2] | (unsigned)b[3] << 8;
  for (int part = 0; part < 8; part++, high >>= 2) {
    int low = part % 2 == 0 ? b[4 + part / 2] % 16 : b[4 + part / 2] / 16;
    double d = (double)rl_half_load(b) * (low + (int)(high % 4) * 16 - 32);
    const uint8_t *codes = b + 8 + 16 * part;
    for (int j = 0; j < 16; j++) *y++ = d * non_linear[codes[j] & 15];
    for (int j = 0; j < 16; j++) *y++ = d * non_linear[codes[j] >> 4];
  }
}

/* Each byte is a fraction of 256 whose digits of base 3 come one after the other. */
static double *walk_trits(const uint8_t *bytes, int count, int digits, double d, double *y) {
  uint8_t rest[32];
  memcpy(rest, bytes, (size_t)count);
  for (int digit = 0; digit < digits; digit++) {
    for (int j = 0; j < count; j++) {
      *y++ = (rest[j] * 3 / 256 - 1) * d;
      rest[j] = (uint8_t)(rest[j] * 3 % 256);
    }
  }
  return y;
}

static void walk_tq1_0(const uint8_t *b, double *y) {
  const double d = rl_half_load(b + 52);
  y = walk_trits(b, 32, 5, d, y);
  y = walk_trits(b + 32, 16, 5, d, y);
  walk_trits(b + 48, 4, 4, d, y);
}

static void walk_tq2_0(const uint8_t *b, double *y) {
  double d = rl_half_load(b + 64);
  for (int first = 0; first < 64; first += 32) {
    for (int digit = 0; digit < 4; digit++) {
      for (int j = 0; j < 32; j++) *y++ = ((b[first + j] >> 2 * digit & 3) - 1) * d;
    }
  }
}

/* OCP Microscaling Formats 1.0, 5.3.3: the sixteen values of e2m1. */
static const double small_floats[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

static double e2m1(int code) {
  return code & 8 ? -small_floats[code & 7] : small_floats[code & 7];
}

static void walk_mxfp4(const uint8_t *b, double *y) {
  double d = ldexp(1, b[0] - 127);
  for (int j = 0; j < 16; j++) {
    y[j] = e2m1(b[1 + j] & 15) * d;
    y[j + 16] = e2m1(b[1 + j] >> 4) * d;
  }
}

static void walk_nvfp4(const uint8_t *b, double *y) {
  const uint8_t *codes = b + 4;
  for (int part = 0; part < 4; part++, codes += 8) {
    double d = rl_decode(RL_F8_E4M3, b[part]);
    for (int j = 0; j < 8; j++) *y++ = e2m1(codes[j] & 15) * d;
    for (int j = 0; j < 8; j++) *y++ = e2m1(codes[j] >> 4) * d;
  }
}

/* dequantize_row_q1_0 and dequantize_row_q2_0 of ggml-quants.c: bits from the low end of each byte.
 */
static void walk_q1_0(const uint8_t *b, double *y) {
  for (int byte = 0; byte < 16; byte++) {
    for (int mask = 1; mask < 256; mask <<= 1) {
      *y++ = b[2 + byte] & mask ? rl_half_load(b) : -rl_half_load(b);
    }
  }
}

static void walk_q2_0(const uint8_t *b, double *y) {
  for (int byte = 0; byte < 16; byte++) {
    for (int rest = b[2 + byte], pair = 0; pair < 4; pair++, rest /= 4) {
      *y++ = (rest % 4 - 1) * (double)rl_half_load(b);
    }
  }
}

typedef struct block_case {
  double bits; /* a value, as published with the type */
  walk *walk;
  int halves[3]; /* where fp16 scales stand, -1 behind the last */
  float error;   /* of a round trip, in shares of the largest magnitude of a block */
} block_case;

/* Bits: ggml's table of types (llama.cpp, tools/quantize) and pull requests 1684 (k-quants), 4773,
 * 5676, 5747 (iq), 8151 (ternary). Errors: half a step of the codes, and what the whole steps of
 * the scales add to it; 1/(2*7) of [-8, 7] and so on. */
static const block_case cases[RL_BLOCKS] = {
    [RL_BLOCK_Q4_0] = {4.5, walk_q4_0, {0, -1}, 0.13f},
    [RL_BLOCK_Q4_1] = {5, walk_q4_1, {0, 2, -1}, 0.07f},
    [RL_BLOCK_Q5_0] = {5.5, walk_q5_0, {0, -1}, 0.065f},
    [RL_BLOCK_Q5_1] = {6, walk_q5_1, {0, 2, -1}, 0.035f},
    [RL_BLOCK_Q8_0] = {8.5, walk_q8_0, {0, -1}, 0.005f},
    [RL_BLOCK_Q8_1] = {9, walk_q8_1, {0, 2, -1}, 0.005f},
    [RL_BLOCK_Q2_K] = {2.625, walk_q2_k, {80, 82, -1}, 0.5f},
    [RL_BLOCK_Q3_K] = {3.4375, walk_q3_k, {108, -1}, 0.3f},
    [RL_BLOCK_Q4_K] = {4.5, walk_q4_k, {0, 2, -1}, 0.1f},
    [RL_BLOCK_Q5_K] = {5.5, walk_q5_k, {0, 2, -1}, 0.06f},
    [RL_BLOCK_Q6_K] = {6.5625, walk_q6_k, {208, -1}, 0.045f},
    [RL_BLOCK_Q8_K] = {9.125, walk_q8_k, {-1}, 0.005f},
    [RL_BLOCK_IQ1_S] = {1.5625, walk_iq1_s, {0, -1}, 1},
    [RL_BLOCK_IQ1_M] = {1.75, walk_iq1_m, {-1}, 1},
    [RL_BLOCK_IQ2_XXS] = {2.0625, walk_iq2_xxs, {0, -1}, 1},
    [RL_BLOCK_IQ2_XS] = {2.3125, walk_iq2_xs, {0, -1}, 1},
    [RL_BLOCK_IQ2_S] = {2.5625, walk_iq2_s, {0, -1}, 1},
    [RL_BLOCK_IQ3_XXS] = {3.0625, walk_iq3_xxs, {0, -1}, 1},
    [RL_BLOCK_IQ3_S] = {3.4375, walk_iq3_s, {0, -1}, 1},
    [RL_BLOCK_IQ4_NL] = {4.5, walk_iq4_nl, {0, -1}, 0.16f},
    [RL_BLOCK_IQ4_XS] = {4.25, walk_iq4_xs, {0, -1}, 0.17f},
    [RL_BLOCK_TQ1_0] = {1.6875, walk_tq1_0, {52, -1}, 0.51f},
    [RL_BLOCK_TQ2_0] = {2.0625, walk_tq2_0, {64, -1}, 0.51f},
    [RL_BLOCK_MXFP4] = {4.25, walk_mxfp4, {-1}, 0.26f},
    [RL_BLOCK_NVFP4] = {4.5, walk_nvfp4, {-1}, 0.19f},
    [RL_BLOCK_Q1_0] = {1.125, walk_q1_0, {0, -1}, 1},
    [RL_BLOCK_Q2_0] = {2.25, walk_q2_0, {0, -1}, 0.51f},
};

static void test_sizes(void) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    const rl_block_info *info = &RL_BLOCK_INFO[b];
    rl_block found;
    CU_ASSERT_EQUAL(cases[b].bits * info->values, 8.0 * info->bytes);
    CU_ASSERT(rl_block_find(info->name, &found) && found == (rl_block)b);
    CU_ASSERT(rl_block_of_number(info->number, &found) && found == (rl_block)b);
  }
  rl_block none;
  CU_ASSERT_FALSE(rl_block_find("q7_k", &none));
  CU_ASSERT_FALSE(rl_block_of_number(4, &none)); /* Q4_2, taken out of the format */
}

/* A store of one row of blocks over `bytes`. */
static rl_store store_of(rl_block block, rl_format *format, rl_component *component, uint64_t cols,
                         uint8_t *bytes) {
  rl_store store;
  *component = (rl_component){.kind = RL_BLOCK, .block = block};
  *format = (rl_format){.name = RL_BLOCK_INFO[block].name, .stack = component, .depth = 1};
  CU_ASSERT_TRUE(rl_store_init(&store, format, 1, cols));
  store.bytes = bytes;
  return store;
}

/* Scales that are no fp16, or none in one piece. */
static void draw_other_scales(rl_block block, uint8_t *bytes) {
  if (block == RL_BLOCK_MXFP4) bytes[0] = (uint8_t)(120 + draw(12));
  for (int part = 0; block == RL_BLOCK_NVFP4 && part < 4; part++) bytes[part] = (uint8_t)draw(127);
  if (block == RL_BLOCK_Q8_K) rl_bits_store(bytes, 4, rl_encode(RL_F32, (float)(1 + draw(32)) / 8));
  if (block == RL_BLOCK_IQ1_M) bytes[55] = (uint8_t)(bytes[55] % 16 + 3 * 16);
}

static void check_decode(rl_block block) {
  const rl_block_info *info = &RL_BLOCK_INFO[block];
  rl_component component;
  rl_format format;
  uint8_t bytes[BYTES_MAX];
  float read[VALUES_MAX];
  double walked[VALUES_MAX];
  for (int trial = 0; trial < 50; trial++) {
    rl_store store = store_of(block, &format, &component, info->values, bytes);
    draw_block(bytes, info->bytes, cases[block].halves);
    draw_other_scales(block, bytes);
    rl_store_read(&store, (rl_span){0, 0, info->values}, read, NULL);
    cases[block].walk(bytes, walked);
    for (int i = 0; i < info->values; i++) {
      double bound = 1e-6 * (fabs(walked[i]) + 600);
      if (!(fabs(read[i] - walked[i]) <= bound)) {
        fprintf(stderr, "\n%s: value %d is %g, not %g\n", info->name, i, read[i], walked[i]);
        CU_FAIL("decoded wrong");
        return;
      }
    }
  }
}

static void test_decode(void) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    check_decode((rl_block)b);
  }
}

/* Ternary digits by hand: 0, 1, 2, 1, 0 in base 3 is 0*81 + 1*27 + 2*9 + 1*3 + 0 = 48; of 243 that
 * is 48 * 256 / 243 = 50.57, stored as 51. The five digits of byte 3 are values 3, 35, 67, 99, 131.
 */
static void test_ternary(void) {
  static const float digits[] = {-1, 0, 1, 0, -1};
  rl_component component;
  rl_format format;
  uint8_t bytes[BYTES_MAX];
  float values[256], back[256];
  rl_store store = store_of(RL_BLOCK_TQ1_0, &format, &component, 256, bytes);
  for (int i = 0; i < 256; i++) values[i] = (float)((int)draw(3) - 1) * 0.5f;
  for (int d = 0; d < 5; d++) values[3 + 32 * d] = digits[d] * 0.5f;
  rl_store_write(&store, (rl_span){0, 0, 256}, values, NULL);
  CU_ASSERT_EQUAL(bytes[3], 51);
  CU_ASSERT_EQUAL(rl_half_load(bytes + 52), 0.5f);
  rl_store_read(&store, (rl_span){0, 0, 256}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(values, back, sizeof values), 0);
}

/* Bytes by hand: signs + - - + + + - + from the low bit are 1 + 8 + 16 + 32 + 128 = 185, under the
 * mean magnitude of 0.5; codes of -1, 0, 1 and -1 are 0 + 1 * 4 + 2 * 16 + 0 * 64 = 36. fp16 0.5 is
 * 0x3800. */
static void test_small_bits(void) {
  static const int signs[] = {1, -1, -1, 1, 1, 1, -1, 1}, trits[] = {-1, 0, 1, -1};
  rl_component component;
  rl_format format;
  uint8_t bytes[BYTES_MAX];
  float values[128], back[128];
  rl_store store = store_of(RL_BLOCK_Q1_0, &format, &component, 128, bytes);
  for (int i = 0; i < 128; i++) values[i] = 0.5f * (float)signs[i % 8];
  rl_store_write(&store, (rl_span){0, 0, 128}, values, NULL);
  CU_ASSERT(bytes[0] == 0 && bytes[1] == 0x38);
  for (int i = 2; i < 18; i++) CU_ASSERT_EQUAL(bytes[i], 185);
  rl_store_read(&store, (rl_span){0, 0, 128}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(values, back, sizeof values), 0);
  store = store_of(RL_BLOCK_Q2_0, &format, &component, 64, bytes);
  for (int i = 0; i < 64; i++) values[i] = 0.5f * (float)trits[i % 4];
  rl_store_write(&store, (rl_span){0, 0, 64}, values, NULL);
  CU_ASSERT(bytes[0] == 0 && bytes[1] == 0x38);
  for (int i = 2; i < 18; i++) CU_ASSERT_EQUAL(bytes[i], 36);
  rl_store_read(&store, (rl_span){0, 0, 64}, back, NULL);
  for (int i = 0; i < 64; i++) CU_ASSERT_EQUAL(back[i], values[i]);
}

static float largest_of(const float *values, int count) {
  float largest = 0;
  for (int i = 0; i < count; i++) largest = fmaxf(largest, fabsf(values[i]));
  return largest;
}

/* Three blocks and a part of one: every byte of the format's formula is written, none behind it. */
static void check_round_trip(rl_block block) {
  const rl_block_info *info = &RL_BLOCK_INFO[block];
  enum { BLOCKS = 4, ROOM = 8 };
  static uint8_t bytes[BLOCKS * BYTES_MAX];
  static float values[BLOCKS * VALUES_MAX], back[BLOCKS * VALUES_MAX];
  uint64_t touched[BLOCKS * BYTES_MAX / 64 + 1] = {0}, cols = 3u * info->values + 5, counted;
  rl_component component;
  rl_format format;
  rl_store store = store_of(block, &format, &component, cols, bytes);
  memset(bytes, 0xa5, sizeof bytes);
  for (uint64_t i = 0; i < cols; i++) values[i] = (float)draw(2001) / 1000 - 1;
  rl_store_write(&store, (rl_span){0, 0, cols}, values, touched);
  CU_ASSERT(rl_format_bytes(&format, 1, cols, &counted));
  CU_ASSERT_EQUAL(counted, (uint64_t)BLOCKS * info->bytes);
  CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof bytes), counted);
  for (uint64_t i = counted; i < counted + ROOM; i++) CU_ASSERT_EQUAL(bytes[i], 0xa5);
  rl_store_read(&store, (rl_span){0, 0, cols}, back, NULL);
  for (uint64_t i = 0; i < cols; i++) {
    uint64_t first = i / info->values * info->values;
    uint64_t count = rl_min_u64(info->values, cols - first);
    float bound = cases[block].error * largest_of(values + first, (int)count);
    if (fabsf(back[i] - values[i]) <= bound) continue;
    fprintf(stderr, "\n%s: value %llu was %g, came back as %g\n", info->name, (unsigned long long)i,
            values[i], back[i]);
    CU_FAIL("came back too far");
    return;
  }
}

static void test_round_trip(void) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    rl_component component = {.kind = RL_BLOCK, .block = (rl_block)b};
    rl_format format = {.name = "block", .stack = &component, .depth = 1};
    CU_ASSERT_TRUE(rl_store_supports(&format));
    for (int trial = 0; trial < 20; trial++) check_round_trip((rl_block)b);
  }
}

/* A block of zeros comes back as zeros, whatever its scales are divided by. */
static void test_zeros(void) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    uint8_t bytes[BYTES_MAX];
    float values[VALUES_MAX] = {0};
    rl_component component;
    rl_format format;
    rl_store store = store_of((rl_block)b, &format, &component, RL_BLOCK_INFO[b].values, bytes);
    rl_store_write(&store, (rl_span){0, 0, store.cols}, values, NULL);
    rl_store_read(&store, (rl_span){0, 0, store.cols}, values, NULL);
    CU_ASSERT_EQUAL(largest_of(values, (int)store.cols), 0);
  }
}

/* One value of the second block of 144 bytes looks at that block and at no other. */
static void test_touched(void) {
  static uint8_t bytes[2 * BYTES_MAX];
  uint64_t touched[2 * BYTES_MAX / 64] = {0};
  float value;
  rl_component component;
  rl_format format;
  rl_store store = store_of(RL_BLOCK_Q4_K, &format, &component, 512, bytes);
  rl_store_read(&store, (rl_span){0, 300, 1}, &value, touched);
  CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof bytes), 144);
  CU_ASSERT_EQUAL(touched[0], 0); /* bytes 0 to 63 */
  CU_ASSERT_EQUAL(touched[144 / 64], UINT64_MAX << 144 % 64);
}

RL_SUITE("cpu blocks", {"sizes", test_sizes}, {"decode", test_decode}, {"ternary", test_ternary},
         {"small bits", test_small_bits}, {"round trip", test_round_trip}, {"zeros", test_zeros},
         {"touched", test_touched})
