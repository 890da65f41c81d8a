/* Dot products of bytes in registers. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/loops.h"

enum { CHAINS = 16, LANE_PRODUCTS = 4 };
static float byte_rounds(uint64_t rounds) {
  vi sum[CHAINS];
  const int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(-5);
  for (int32_t i = 0; i < CHAINS; i++) sum[i] = vdupq_n_s32(i);
  for (uint64_t r = 0; r < rounds; r++) {
    for (int i = 0; i < CHAINS; i++) sum[i] = vdotq_s32(sum[i], a, b);
  }
  for (int i = 1; i < CHAINS; i++) sum[0] = vaddq_s32(sum[0], sum[i]);
  return (float)vaddvq_s32(sum[0]);
}

const rl_peak_loop RL_PEAKS_NEON_DOTPROD[1] = {
    {RL_I8, UINT64_C(2) * CHAINS *VECTOR_FLOATS *LANE_PRODUCTS, byte_rounds}};
