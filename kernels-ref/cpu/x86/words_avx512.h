/* Stored values as 16 floats; integer codes without their scale, around their middle. */
#ifndef RL_CPU_WORDS_AVX512_H
#define RL_CPU_WORDS_AVX512_H

#include "kernels-ref/cpu/x86/vector_avx512.h"

static inline vi words_of_bf16(const uint8_t *at) {
  return _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)at)), 16);
}
static inline vi words_of_f16(const uint8_t *at) {
  return vi_of(_mm512_cvtph_ps(_mm256_loadu_si256((const void *)at)));
}
/* Codes less 128: with the highest bit turned. */
static inline vi words_of_i8(const uint8_t *at) {
  const __m128i codes = _mm_xor_si128(_mm_loadu_si128((const void *)at), _mm_set1_epi8((char)0x80));
  return vi_of(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes)));
}
/* Two codes of a byte, the lower half first, in neighbouring words: a table that looks at four bits
 * alone turns them into floats. */
static inline vi words_of_i4(const uint8_t *at) {
  const vf table = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  const vi wide = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const void *)at));
  return vi_of(_mm512_permutexvar_ps(_mm512_or_si512(wide, _mm512_slli_epi64(wide, 28)), table));
}

#endif
