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

/* Pairs of products of 4-bit codes and bytes do: 2 * 15 * 127. */
static inline vs add_nibbles(vs sum, vi codes, vi x) {
  const vi pairs = _mm256_maddubs_epi16(codes, x);
  return (vs)_mm256_add_epi32((vi)sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#define CODES_LOAD_8 vi_load_one
#define CODES_BEGIN_8 codes_begin
#define CODES_GROUP_OF_8 codes_group_of
#define CODES_ADD_8 add_bytes
#define CODES_ADD_4 add_nibbles
#include "kernels-ref/cpu/tiles/linear_codes.h"

const rl_kernel RL_LINEAR_AVX2[RL_LINEAR_AVX2_COUNT] = {
    LINEAR_FLOAT_ROWS,
    LINEAR_CODE_ROWS,
};
