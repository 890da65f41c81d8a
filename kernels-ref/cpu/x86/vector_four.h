/* What vectors of every width end with. */
#ifndef RL_CPU_VECTOR_FOUR_H
#define RL_CPU_VECTOR_FOUR_H

#include <immintrin.h>

#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/linear_tile.h"

/* In halves. */
static inline float vf_sum_four(__m128 four) {
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The fp16 number in the lower half. */
static inline float one_of_f16(uint32_t bits) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128((int)bits)));
}

#endif
