/* Runs of values, and the rows that are put together from them, with AVX-512. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/runs.h"
#include "kernels-ref/cpu/x86/words_avx512.h"

typedef __m512d vd;

static inline vd vd_zero(void) {
  return _mm512_setzero_pd();
}
static inline vd vd_all(double value) {
  return _mm512_set1_pd(value);
}
static inline vd vd_low(vf v) {
  return _mm512_cvtps_pd(_mm512_castps512_ps256(v));
}
static inline vd vd_high(vf v) {
  return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
}
static inline vd vd_add(vd a, vd b) {
  return _mm512_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b) {
  return _mm512_sub_pd(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c) {
  return _mm512_fmadd_pd(a, b, c);
}
/* The lanes in halves: 8, 4, 2, 1. */
static inline double vd_sum(vd v) {
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
static inline vf vf_without(vf v, vf bits) {
  return _mm512_andnot_ps(bits, v);
}
/* What is no number has one code, whatever its bits. */
static inline vf vf_number(vf v) {
  const __mmask16 strange = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return vf_of(_mm512_mask_mov_epi32(vi_of(v), strange, vi_all(0x7fc00000)));
}
static inline void store_bf16(vf v, uint8_t *at) {
  const vi bits = vi_of(vf_number(v));
  const vi even = _mm512_and_si512(_mm512_srli_epi32(bits, 16), vi_all(1));
  const vi rounded = _mm512_add_epi32(bits, _mm512_add_epi32(even, vi_all(0x7fff)));
  _mm256_storeu_si256((void *)at, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}
static inline void store_f16(vf v, uint8_t *at) {
  _mm256_storeu_si256((void *)at,
                      _mm512_cvtps_ph(vf_number(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
/* Whole numbers from 0 to 255. */
static inline void store_bytes(vf v, uint8_t *at) {
  _mm_storeu_si128((void *)at, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

#include "kernels-ref/cpu/tiles/runs_rows.h"

const rl_runs RL_RUNS_AVX512 = RUNS_TABLE;
const rl_kernel RL_RUN_ROWS_AVX512[RL_RUN_ROWS] = RL_ROWS_OF_RUNS(&RL_RUNS_AVX512);
