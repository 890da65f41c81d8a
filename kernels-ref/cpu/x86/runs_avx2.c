/* Runs of values, and the rows that are put together from them, with AVX2. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/runs.h"
#include "kernels-ref/cpu/x86/words_avx2.h"

typedef __m256d vd;

static inline vd vd_zero(void) {
  return _mm256_setzero_pd();
}
static inline vd vd_all(double value) {
  return _mm256_set1_pd(value);
}
static inline vd vd_low(vf v) {
  return _mm256_cvtps_pd(_mm256_castps256_ps128(v));
}
static inline vd vd_high(vf v) {
  return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
}
static inline vd vd_add(vd a, vd b) {
  return _mm256_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b) {
  return _mm256_sub_pd(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c) {
  return _mm256_fmadd_pd(a, b, c);
}
/* The lanes in halves: 4, 2, 1. */
static inline double vd_sum(vd v) {
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
static inline vf vf_without(vf v, vf bits) {
  return _mm256_andnot_ps(bits, v);
}
/* What is no number has one code, whatever its bits. */
static inline vf vf_number(vf v) {
  const vf strange = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
  return _mm256_blendv_ps(v, vf_of(vi_all(0x7fc00000)), strange);
}
/* Words below 2^16 as halves of a vector. */
static inline __m128i packed(vi words) {
  return _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}
static inline void store_bf16(vf v, uint8_t *at) {
  const vi bits = vi_of(vf_number(v));
  const vi even = _mm256_and_si256(_mm256_srli_epi32(bits, 16), vi_all(1));
  const vi rounded = _mm256_add_epi32(bits, _mm256_add_epi32(even, vi_all(0x7fff)));
  _mm_storeu_si128((void *)at, packed(_mm256_srli_epi32(rounded, 16)));
}
static inline void store_f16(vf v, uint8_t *at) {
  _mm_storeu_si128((void *)at, _mm256_cvtps_ph(vf_number(v), _MM_FROUND_TO_NEAREST_INT));
}
/* Whole numbers from 0 to 255. */
static inline void store_bytes(vf v, uint8_t *at) {
  const __m128i words = packed(_mm256_cvtps_epi32(v));
  _mm_storel_epi64((void *)at, _mm_packus_epi16(words, words));
}

#include "kernels-ref/cpu/tiles/runs_rows.h"

const rl_runs RL_RUNS_AVX2 = RUNS_TABLE;
const rl_kernel RL_RUN_ROWS_AVX2[RL_RUN_ROWS] = RL_ROWS_OF_RUNS(&RL_RUNS_AVX2);
