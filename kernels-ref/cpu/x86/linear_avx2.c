/* linear with AVX2: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in fp32,
 * and codes multiplied with 8-bit inputs in integers. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx2.h"

#define TILE_TOKENS 2
#define TILE_AHEAD 4096
#include "kernels-ref/cpu/tiles/linear_floats.h"

/* Bytes become pairs of neighbours with 16 bits before they are multiplied: pairs of products of
 * bytes would not fit in 16. */
static inline vi even_bytes(vi words) {
  return vi_and(words, vi_all(0x00ff00ff));
}
static inline vi odd_bytes(vi words) {
  return _mm256_srli_epi16(words, 8);
}
static inline vs add_bytes(vs sum, vi codes, vi x) {
  const vi even = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8), odd = _mm256_srai_epi16(x, 8);
  const vi products = _mm256_add_epi32(_mm256_madd_epi16(even_bytes(codes), even),
                                       _mm256_madd_epi16(odd_bytes(codes), odd));
  return (vs)_mm256_add_epi32((vi)sum, products);
}

#define TILE(x) w8_codes_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 1
#define TILE_LOAD vi_load_one
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD add_bytes
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Eight codes a word: the lower half of each byte is the even column. Pairs of products of 4-bit
 * codes and bytes fit in 16 bits: 2 * 15 * 127. */
static inline void load_nibbles(const uint8_t *at, vi *w) {
  const vi bytes = vi_load(at), mask = vi_all(0x0f0f0f0f);
  w[0] = vi_and(bytes, mask);
  w[1] = vi_and(vi_right(bytes, 4), mask);
}
static inline vs add_nibbles(vs sum, vi codes, vi x) {
  const vi pairs = _mm256_maddubs_epi16(codes, x);
  return (vs)_mm256_add_epi32((vi)sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#define TILE(x) w4_codes_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 2
#define TILE_LOAD load_nibbles
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD add_nibbles
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

static const rl_linear_tile W8_CODES = {{RL_I8, 4, 1}, TILE_TOKENS, 0, w8_codes_multiply};
static const rl_linear_tile W4_CODES = {{RL_I8, 8, 2}, TILE_TOKENS, 0, w4_codes_multiply};

const rl_kernel RL_LINEAR_AVX2[RL_LINEAR_AVX2_COUNT] = {
    LINEAR_FLOAT_ROWS,
    RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_CODES),
    RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_CODES),
};
