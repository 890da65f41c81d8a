/* Blocks of indices into grids as words of 16 and 32 bits, which is how the format defines them;
 * the kernels take single codes out of any place. */
#include "iq_walks.h"
#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/iq_grids.h"

/* Values of a vector, times d; the lowest bit of `signs` is that of the first. */
static double *put(double *y, rl_iq_grid_id id, uint32_t index, uint32_t signs, double d) {
  const rl_iq_grid *grid = &RL_IQ_GRIDS[id];
  int8_t levels[8];
  rl_iq_vector(grid, index, levels);
  for (int i = 0; i < grid->values; i++) *y++ = (signs >> i & 1 ? -d : d) * levels[i];
  return y;
}

/* The eighth sign makes their product plus. */
static uint32_t eight_signs(uint32_t seven) {
  uint32_t minus = 0;
  for (int i = 0; i < 7; i++) minus += seven >> i & 1;
  return seven % 128 + (minus % 2 == 1 ? 128 : 0);
}

void walk_iq2_xxs(const uint8_t *b, double *y) {
  const double d = rl_half_load(b);
  const uint8_t *pair = b + 2;
  for (int part = 0; part < 8; part++, pair += 8) {
    uint32_t word = rl_bits_load(pair + 4, 4);
    const double step = d * (0.5 + (word >> 28)) * 0.25;
    for (int e = 0; e < 4; e++, word >>= 7) {
      y = put(y, RL_IQ_EIGHTS_256, pair[e], eight_signs(word % 128), step);
    }
  }
}

void walk_iq2_xs(const uint8_t *b, double *y) {
  const double d = rl_half_load(b);
  for (int e = 0; e < 32; e++) {
    const uint32_t word = rl_bits_load(b + 2 + 2 * e, 2);
    const uint8_t both = b[66 + e / 4];
    const double step = d * (0.5 + (e % 4 < 2 ? both % 16 : both / 16)) * 0.25;
    y = put(y, RL_IQ_EIGHTS_512, word % 512, eight_signs(word / 512), step);
  }
}

void walk_iq2_s(const uint8_t *b, double *y) {
  const uint8_t *low = b + 2, *signs = b + 34, *high = b + 66, *scales = b + 74;
  const double d = rl_half_load(b);
  for (int part = 0; part < 8; part++, low += 4, signs += 4) {
    for (int e = 0; e < 4; e++) {
      const int scale = e < 2 ? scales[part] % 16 : scales[part] / 16;
      const uint32_t index = low[e] + 256u * (high[part] >> 2 * e & 3);
      y = put(y, RL_IQ_EIGHTS_1024, index, signs[e], d * (0.5 + scale) * 0.25);
    }
  }
}

void walk_iq3_xxs(const uint8_t *b, double *y) {
  const uint8_t *index = b + 2, *words = b + 66;
  const double d = rl_half_load(b);
  for (int part = 0; part < 8; part++, words += 4) {
    uint32_t word = rl_bits_load(words, 4);
    const double step = d * (0.5 + (word >> 28)) * 0.5;
    for (int e = 0; e < 4; e++, word >>= 7) {
      const uint32_t signs = eight_signs(word % 128);
      y = put(y, RL_IQ_FOURS_256, *index++, signs % 16, step);
      y = put(y, RL_IQ_FOURS_256, *index++, signs / 16, step);
    }
  }
}

void walk_iq3_s(const uint8_t *b, double *y) {
  const uint8_t *low = b + 2, *high = b + 66, *signs = b + 74, *scales = b + 106;
  const double d = rl_half_load(b);
  for (int part = 0; part < 8; part++, low += 8) {
    const int scale = part % 2 == 0 ? scales[part / 2] % 16 : scales[part / 2] / 16;
    for (int v = 0; v < 8; v++) {
      const uint32_t index = low[v] + (high[part] >> v & 1 ? 256u : 0);
      const uint8_t eight = signs[4 * part + v / 2];
      y = put(y, RL_IQ_FOURS_512, index, v % 2 == 0 ? eight % 16 : eight / 16, d * (1 + 2 * scale));
    }
  }
}

/* Ternary digits, all moved by an eighth. */
static double *put_moved(double *y, uint32_t index, double delta, double d) {
  int8_t digits[8];
  rl_iq_vector(&RL_IQ_GRIDS[RL_IQ_TERNARY_2048], index, digits);
  for (int i = 0; i < 8; i++) *y++ = d * (digits[i] + delta);
  return y;
}

void walk_iq1_s(const uint8_t *b, double *y) {
  const uint8_t *low = b + 2;
  const double d = rl_half_load(b);
  for (int part = 0; part < 8; part++, low += 4) {
    const uint32_t word = rl_bits_load(b + 34 + 2 * part, 2);
    const double step = d * (2 * (word / 4096 % 8) + 1), delta = word >= 32768 ? -0.125 : 0.125;
    for (int e = 0; e < 4; e++) {
      y = put_moved(y, low[e] + 256 * (word >> 3 * e & 7), delta, step);
    }
  }
}

/* The scale is made of the highest four bits of four words of scales. */
void walk_iq1_m(const uint8_t *b, double *y) {
  uint32_t words[4], half = 0;
  for (int w = 3; w >= 0; w--) {
    words[w] = rl_bits_load(b + 48 + 2 * w, 2);
    half = half * 16 + words[w] / 4096;
  }
  const double d = rl_decode(RL_F16, half);
  for (int e = 0; e < 32; e++) {
    const int four = e % 2 == 0 ? b[32 + e / 2] % 16 : b[32 + e / 2] / 16, part = e / 2;
    const double step = d * (2 * (words[part / 4] >> 3 * (part % 4) & 7) + 1);
    y = put_moved(y, b[e] + 256u * (uint32_t)(four % 8), four >= 8 ? -0.125 : 0.125, step);
  }
}
