/* Loops with AVX-512. */
#include "kernels-ref/cpu/fast/loops.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

static inline vi vi_none(void) {
  return _mm512_setzero_si512();
}
static inline vi vi_or(vi a, vi b) {
  return _mm512_or_si512(a, b);
}
static inline uint64_t vi_fold(vi v) {
  return (uint64_t)_mm512_reduce_or_epi64(v);
}
static inline void vf_store(float *at, vf v) {
  _mm512_store_ps(at, v);
}
static inline void vf_stream(float *at, vf v) {
  _mm512_stream_ps(at, v);
}
static inline void vector_fence(void) {
  _mm_sfence();
}

#include "kernels-ref/cpu/fast/memory_loops.h"

const rl_loops RL_LOOPS_AVX512 = LOOP_TABLE(RL_ISA_AVX512);
const rl_peak_loop RL_PEAKS_AVX512[1] = {
    {RL_F32, UINT64_C(2) * FMA_CHAINS *VECTOR_FLOATS, fma_rounds}};
