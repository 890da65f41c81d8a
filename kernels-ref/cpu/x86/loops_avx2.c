/* Loops with AVX2. */
#include "kernels-ref/cpu/fast/loops.h"
#include "kernels-ref/cpu/x86/vector_avx2.h"

static inline vi vi_none(void) {
  return _mm256_setzero_si256();
}
static inline vi vi_or(vi a, vi b) {
  return _mm256_or_si256(a, b);
}
static inline uint64_t vi_fold(vi v) {
  uint64_t part[4];
  _mm256_storeu_si256((void *)part, v);
  return part[0] | part[1] | part[2] | part[3];
}
static inline void vf_store(float *at, vf v) {
  _mm256_store_ps(at, v);
}
static inline void vf_stream(float *at, vf v) {
  _mm256_stream_ps(at, v);
}
static inline void vector_fence(void) {
  _mm_sfence();
}

#include "kernels-ref/cpu/fast/memory_loops.h"

const rl_loops RL_LOOPS_AVX2 = LOOP_TABLE(RL_ISA_AVX2);
const rl_peak_loop RL_PEAKS_AVX2[1] = {
    {RL_F32, UINT64_C(2) * FMA_CHAINS *VECTOR_FLOATS, fma_rounds}};
