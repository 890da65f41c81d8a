/* Dot products of bf16 in registers. */
#include "kernels-ref/cpu/fast/loops.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

enum { CHAINS = 12, LANE_PRODUCTS = 2 };
static float pair_rounds(uint64_t rounds) {
  vf sum[CHAINS];
  const vi a = _mm512_set1_epi16(0x3f80), b = _mm512_set1_epi16(0x3c00); /* 1 and 2^-7 */
  for (unsigned i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
  for (uint64_t r = 0; r < rounds; r++) {
    for (unsigned i = 0; i < CHAINS; i++) {
      sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)a, (__m512bh)b);
    }
  }
  for (unsigned i = 1; i < CHAINS; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return vf_sum(sum[0]);
}

const rl_peak_loop RL_PEAKS_AVX512_BF16[1] = {
    {RL_BF16, UINT64_C(2) * CHAINS *VECTOR_FLOATS *LANE_PRODUCTS, pair_rounds}};
