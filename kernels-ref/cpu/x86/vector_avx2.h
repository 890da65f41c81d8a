/* Vectors of 32 bytes: what the tiles need of them, under names that every instruction set has. */
#ifndef RL_CPU_VECTOR_AVX2_H
#define RL_CPU_VECTOR_AVX2_H

#include "kernels-ref/cpu/x86/vector_four.h"

enum { VECTOR_BYTES = 32, VECTOR_FLOATS = 8 };
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
static inline vf vf_fma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}

/* The lanes in halves: 8, 4, 2, 1. */
static inline float vf_sum(vf v) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  return vf_sum_four(four);
}

static inline vf vf_spread(const float *groups, vi index) {
  return _mm256_permutevar8x32_ps(vf_load(groups), index);
}

/* As many fp16 numbers as a vector has floats. */
static inline void vf_widen(const uint8_t *from, float *to) {
  _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128((const void *)from)));
}

#include "kernels-ref/cpu/x86/vector_all.h"

#endif
