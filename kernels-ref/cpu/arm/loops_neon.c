/* Loops with NEON. Stores past the caches are pairs of registers, which only assembly can say:
 * these go through them. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/loops.h"

static inline vi vi_none(void) {
  return vdupq_n_s32(0);
}
static inline vi vi_or(vi a, vi b) {
  return vorrq_s32(a, b);
}
static inline uint64_t vi_fold(vi v) {
  const uint64x2_t part = vreinterpretq_u64_s32(v);
  return vgetq_lane_u64(part, 0) | vgetq_lane_u64(part, 1);
}
static inline void vf_store(float *at, vf v) {
  vf_put(at, v);
}
static inline void vf_stream(float *at, vf v) {
  vf_put(at, v);
}
static inline void vector_fence(void) {
}

#include "kernels-ref/cpu/fast/memory_loops.h"

const rl_loops RL_LOOPS_NEON = LOOP_TABLE(RL_ISA_NEON);
const rl_peak_loop RL_PEAKS_NEON[1] = {
    {RL_F32, UINT64_C(2) * FMA_CHAINS *VECTOR_FLOATS, fma_rounds}};
