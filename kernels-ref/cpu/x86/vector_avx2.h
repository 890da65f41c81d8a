/* Vectors of 32 bytes: what the tiles need of them, under names that every instruction set has. */
#ifndef RL_CPU_VECTOR_AVX2_H
#define RL_CPU_VECTOR_AVX2_H

#include "kernels-ref/cpu/x86/vector_four.h"

#define VECTOR_FLOATS 8
enum { VECTOR_BYTES = 32 };
typedef __m256 vf;
typedef __m256i vi;

static inline vf vf_zero(void) {
  return _mm256_setzero_ps();
}
static inline vf vf_load(const void *at) {
  return _mm256_loadu_ps(at);
}
static inline vi vi_load(const void *at) {
  return _mm256_loadu_si256(at);
}
static inline vf vf_of(vi bits) {
  return _mm256_castsi256_ps(bits);
}
static inline vi vi_of(vf v) {
  return _mm256_castps_si256(v);
}
static inline vf vf_all(float value) {
  return _mm256_set1_ps(value);
}
static inline vi vi_all(uint32_t word) {
  return _mm256_set1_epi32((int32_t)word);
}
static inline void vf_put(float *at, vf v) {
  _mm256_storeu_ps(at, v);
}
static inline vf vf_add(vf a, vf b) {
  return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b) {
  return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b) {
  return _mm256_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b) {
  return _mm256_div_ps(a, b);
}
/* b where either is no number */
static inline vf vf_max(vf a, vf b) {
  return _mm256_max_ps(a, b);
}
static inline vf vf_min(vf a, vf b) {
  return _mm256_min_ps(a, b);
}
static inline vf vf_round(vf v) {
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 2^n of whole numbers from -126 to 127 */
static inline vf vf_power(vf n) {
  const vi exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return vf_of(_mm256_slli_epi32(exponent, 23));
}
static inline bool vf_any_above(vf a, vf b) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
}
/* v where x is not below the bound, else 0 */
static inline vf vf_unless_below(vf x, float bound, vf v) {
  return _mm256_and_ps(_mm256_cmp_ps(x, vf_all(bound), _CMP_NLT_UQ), v);
}
/* v * 2^n of whole numbers up to 127, 0 where that is below the exponents of fp32 */
static inline vf vf_times_power(vf v, vf n) {
  return vf_unless_below(n, -126, vf_mul(v, vf_power(vf_max(n, vf_all(-126)))));
}
/* a in the lanes whose bit is set, else b */
static inline vf vf_where(uint32_t bits, vf a, vf b) {
  const vi lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const vi set = _mm256_cmpeq_epi32(_mm256_and_si256(vi_all(bits), lanes), lanes);
  return _mm256_blendv_ps(b, a, vf_of(set));
}
static inline float vf_largest(vf v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Rows become columns: pairs of values, pairs of pairs, halves. */
static inline void vf_transpose(vf m[VECTOR_FLOATS]) {
  vf pairs[VECTOR_FLOATS], fours[VECTOR_FLOATS];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(m[i], m[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(m[i], m[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    m[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    m[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}
static inline vf vf_fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}

/* The lanes in halves: 8, 4, 2, 1. */
static inline float vf_sum(vf v) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  return vf_sum_four(four);
}

/* As many fp16 numbers as a vector has floats. */
static inline void vf_widen(const uint8_t *from, float *to) {
  _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128((const void *)from)));
}

/* Stored numbers and bytes, one a lane. */
static inline vf vf_of_f16(const uint8_t *from) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const void *)from));
}
static inline vf vf_of_bf16(const uint8_t *from) {
  const vi words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)from));
  return vf_of(_mm256_slli_epi32(words, 16));
}
static inline vi vi_of_bytes(const uint8_t *from) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)from));
}
static inline vf vf_of_ints(vi v) {
  return _mm256_cvtepi32_ps(v);
}
static inline vi vi_and(vi a, vi b) {
  return _mm256_and_si256(a, b);
}
static inline vi vi_xor(vi a, vi b) {
  return _mm256_xor_si256(a, b);
}
static inline vi vi_left(vi v, uint32_t bits) {
  return _mm256_slli_epi32(v, (int)bits);
}
static inline vi vi_right(vi v, uint32_t bits) {
  return _mm256_srli_epi32(v, (int)bits);
}
/* with copies of the sign */
static inline vi vi_signed_right(vi v, uint32_t bits) {
  return _mm256_srai_epi32(v, (int)bits);
}
static inline vi vi_mul(vi a, vi b) {
  return _mm256_mullo_epi32(a, b);
}

#include "kernels-ref/cpu/tiles/vector_all.h"

#endif
