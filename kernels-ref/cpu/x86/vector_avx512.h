/* Vectors of 64 bytes: what the tiles need of them, under names that every instruction set has. */
#ifndef RL_CPU_VECTOR_AVX512_H
#define RL_CPU_VECTOR_AVX512_H

#include "kernels-ref/cpu/x86/vector_four.h"

enum { VECTOR_BYTES = 64, VECTOR_FLOATS = 16 };
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
static inline vf vf_fma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}

/* The lanes in halves: 16, 8, 4, 2, 1. */
static inline float vf_sum(vf v) {
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  return vf_sum_four(four);
}

static inline vf vf_spread(const float *groups, vi index) {
  return _mm512_permutexvar_ps(index, vf_load(groups));
}

/* As many fp16 numbers as a vector has floats. */
static inline void vf_widen(const uint8_t *from, float *to) {
  _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)from)));
}

#include "kernels-ref/cpu/x86/vector_all.h"

#endif
