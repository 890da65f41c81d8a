/* Dot products of bytes in registers. */
#include "kernels-ref/cpu/fast/loops.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

enum { CHAINS = 12, LANE_PRODUCTS = 4 };
static float byte_rounds(uint64_t rounds) {
  vi sum[CHAINS];
  const vi a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5);
  for (unsigned i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_epi32((int)i);
  for (uint64_t r = 0; r < rounds; r++) {
    for (unsigned i = 0; i < CHAINS; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
  }
  for (unsigned i = 1; i < CHAINS; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
  return (float)_mm512_reduce_add_epi32(sum[0]);
}

const rl_peak_loop RL_PEAKS_AVX512_VNNI[1] = {
    {RL_I8, UINT64_C(2) * CHAINS *VECTOR_FLOATS *LANE_PRODUCTS, byte_rounds}};
