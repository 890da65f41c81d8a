/* Vectors of 64 bytes: what the tiles need of them, under names that every instruction set has. */
#ifndef RL_CPU_VECTOR_AVX512_H
#define RL_CPU_VECTOR_AVX512_H

#include "kernels-ref/cpu/x86/vector_four.h"

#define VECTOR_FLOATS 16
enum { VECTOR_BYTES = 64 };
typedef __m512 vf;
typedef __m512i vi;

static inline vf vf_zero(void) {
  return _mm512_setzero_ps();
}
static inline vf vf_load(const void *at) {
  return _mm512_loadu_ps(at);
}
static inline vi vi_load(const void *at) {
  return _mm512_loadu_si512(at);
}
static inline vf vf_of(vi bits) {
  return _mm512_castsi512_ps(bits);
}
static inline vi vi_of(vf v) {
  return _mm512_castps_si512(v);
}
static inline vf vf_all(float value) {
  return _mm512_set1_ps(value);
}
static inline vi vi_all(uint32_t word) {
  return _mm512_set1_epi32((int32_t)word);
}
static inline void vf_put(float *at, vf v) {
  _mm512_storeu_ps(at, v);
}
static inline vf vf_add(vf a, vf b) {
  return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b) {
  return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b) {
  return _mm512_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b) {
  return _mm512_div_ps(a, b);
}
/* b where either is no number */
static inline vf vf_max(vf a, vf b) {
  return _mm512_max_ps(a, b);
}
static inline vf vf_min(vf a, vf b) {
  return _mm512_min_ps(a, b);
}
static inline vf vf_round(vf v) {
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 2^n of whole numbers from -126 to 127 */
static inline vf vf_power(vf n) {
  const vi exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return vf_of(_mm512_slli_epi32(exponent, 23));
}
/* v * 2^n of whole numbers up to 127, 0 where that is below the exponents of fp32 */
static inline vf vf_times_power(vf v, vf n) {
  return _mm512_scalef_ps(v, n);
}
static inline bool vf_any_above(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0;
}
/* v where x is not below the bound, else 0 */
static inline vf vf_unless_below(vf x, float bound, vf v) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, vf_all(bound), _CMP_NLT_UQ), v);
}
/* a in the lanes whose bit is set, else b */
static inline vf vf_where(uint32_t bits, vf a, vf b) {
  return _mm512_mask_mov_ps(b, (__mmask16)bits, a);
}
static inline float vf_largest(vf v) {
  return _mm512_reduce_max_ps(v);
}

/* Rows become columns: pairs of values, pairs of pairs, then quarters of vectors twice. */
static inline void vf_transpose(vf m[VECTOR_FLOATS]) {
  vf pairs[VECTOR_FLOATS], fours[VECTOR_FLOATS];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(m[i], m[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(m[i], m[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    fours[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    const vf even = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0x88);
    const vf odd = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0xdd);
    const vf behind = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0x88);
    const vf last = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0xdd);
    m[i] = _mm512_shuffle_f32x4(even, behind, 0x88);
    m[i + 4] = _mm512_shuffle_f32x4(odd, last, 0x88);
    m[i + 8] = _mm512_shuffle_f32x4(even, behind, 0xdd);
    m[i + 12] = _mm512_shuffle_f32x4(odd, last, 0xdd);
  }
}
static inline vf vf_fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}

/* The lanes in halves: 16, 8, 4, 2, 1. */
static inline float vf_sum(vf v) {
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  return vf_sum_four(four);
}

/* As many fp16 numbers as a vector has floats. */
static inline void vf_widen(const uint8_t *from, float *to) {
  _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)from)));
}

/* Stored numbers and bytes, one a lane. */
static inline vf vf_of_f16(const uint8_t *from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)from));
}
static inline vf vf_of_bf16(const uint8_t *from) {
  const vi words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)from));
  return vf_of(_mm512_slli_epi32(words, 16));
}
static inline vi vi_of_bytes(const uint8_t *from) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)from));
}
static inline vf vf_of_ints(vi v) {
  return _mm512_cvtepi32_ps(v);
}
static inline vi vi_and(vi a, vi b) {
  return _mm512_and_si512(a, b);
}
static inline vi vi_xor(vi a, vi b) {
  return _mm512_xor_si512(a, b);
}
static inline vi vi_left(vi v, uint32_t bits) {
  return _mm512_slli_epi32(v, bits);
}
static inline vi vi_right(vi v, uint32_t bits) {
  return _mm512_srli_epi32(v, bits);
}
/* with copies of the sign */
static inline vi vi_signed_right(vi v, uint32_t bits) {
  return _mm512_srai_epi32(v, bits);
}
static inline vi vi_mul(vi a, vi b) {
  return _mm512_mullo_epi32(a, b);
}

#include "kernels-ref/cpu/tiles/vector_all.h"

#endif
