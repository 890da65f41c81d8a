/* Stored values as 8 floats; integer codes without their scale, around their middle. */
#ifndef RL_CPU_WORDS_AVX2_H
#define RL_CPU_WORDS_AVX2_H

#include <string.h>

#include "kernels-ref/cpu/x86/vector_avx2.h"

static inline vi words_of_bf16(const uint8_t *at) {
  return _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)at)), 16);
}
static inline vi words_of_f16(const uint8_t *at) {
  return vi_of(_mm256_cvtph_ps(_mm_loadu_si128((const void *)at)));
}
/* Codes less 128: with the highest bit turned. */
static inline vi words_of_i8(const uint8_t *at) {
  const __m128i codes = _mm_xor_si128(_mm_loadl_epi64((const void *)at), _mm_set1_epi8((char)0x80));
  return vi_of(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)));
}
/* Two codes of a byte, the lower half first, in neighbouring words. */
static inline vi words_of_i4(const uint8_t *at) {
  int32_t bytes;
  memcpy(&bytes, at, sizeof bytes);
  const vi wide = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(bytes));
  const vi both = _mm256_or_si256(wide, _mm256_slli_epi64(wide, 28));
  const vi codes = _mm256_and_si256(both, _mm256_set1_epi32(15));
  return vi_of(_mm256_cvtepi32_ps(_mm256_sub_epi32(codes, _mm256_set1_epi32(8))));
}

#endif
