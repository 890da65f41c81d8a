/* Runs of values, and the rows that are put together from them, with NEON. */
#include "kernels-ref/cpu/arm/words_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/runs.h"

typedef float64x2_t vd;

static inline vd vd_zero(void) {
  return vdupq_n_f64(0);
}
static inline vd vd_all(double value) {
  return vdupq_n_f64(value);
}
static inline vd vd_low(vf v) {
  return vcvt_f64_f32(vget_low_f32(v));
}
static inline vd vd_high(vf v) {
  return vcvt_high_f64_f32(v);
}
static inline vd vd_add(vd a, vd b) {
  return vaddq_f64(a, b);
}
static inline vd vd_sub(vd a, vd b) {
  return vsubq_f64(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c) {
  return vfmaq_f64(c, a, b);
}
static inline double vd_sum(vd v) {
  return vgetq_lane_f64(v, 0) + vgetq_lane_f64(v, 1);
}
static inline vf vf_without(vf v, vf bits) {
  return vf_of(vbicq_s32(vi_of(v), vi_of(bits)));
}
/* What is no number has one code, whatever its bits. */
static inline vf vf_number(vf v) {
  return vbslq_f32(vceqq_f32(v, v), v, vf_of(vi_all(0x7fc00000)));
}
static inline void store_bf16(vf v, uint8_t *at) {
  const uint32x4_t bits = vreinterpretq_u32_f32(vf_number(v));
  const uint32x4_t even = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(even, vdupq_n_u32(0x7fff)));
  vst1_u8(at, vreinterpret_u8_u16(vshrn_n_u32(rounded, 16)));
}
static inline void store_f16(vf v, uint8_t *at) {
  vst1_u8(at, vreinterpret_u8_f16(vcvt_f16_f32(vf_number(v))));
}
/* Whole numbers from 0 to 255. */
static inline void store_bytes(vf v, uint8_t *at) {
  const uint16x4_t words = vmovn_u32(vcvtnq_u32_f32(v));
  const uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
  const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
  memcpy(at, &four, sizeof four);
}

#include "kernels-ref/cpu/tiles/runs_rows.h"

const rl_runs RL_RUNS_NEON = RUNS_TABLE;
const rl_kernel RL_RUN_ROWS_NEON[RL_RUN_ROWS] = RL_ROWS_OF_RUNS(&RL_RUNS_NEON);
