/* Vectors of 16 bytes of 64-bit Arm: what the tiles need of them, under names that every
 * instruction set has. */
#ifndef RL_CPU_VECTOR_NEON_H
#define RL_CPU_VECTOR_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/linear_tile.h"

#define VECTOR_FLOATS 4
enum { VECTOR_BYTES = 16 };
typedef float32x4_t vf;
typedef int32x4_t vi;

static inline vf vf_zero(void) {
  return vdupq_n_f32(0);
}
static inline vf vf_load(const void *at) {
  return vreinterpretq_f32_u8(vld1q_u8(at));
}
static inline vi vi_load(const void *at) {
  return vreinterpretq_s32_u8(vld1q_u8(at));
}
static inline vf vf_of(vi bits) {
  return vreinterpretq_f32_s32(bits);
}
static inline vi vi_of(vf v) {
  return vreinterpretq_s32_f32(v);
}
static inline vf vf_all(float value) {
  return vdupq_n_f32(value);
}
static inline vi vi_all(uint32_t word) {
  return vreinterpretq_s32_u32(vdupq_n_u32(word));
}
static inline void vf_put(float *at, vf v) {
  vst1q_f32(at, v);
}
static inline vf vf_add(vf a, vf b) {
  return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b) {
  return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b) {
  return vmulq_f32(a, b);
}
static inline vf vf_div(vf a, vf b) {
  return vdivq_f32(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c) {
  return vfmaq_f32(c, a, b);
}
/* b where either is no number, which the instructions for it would hand on */
static inline vf vf_max(vf a, vf b) {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline vf vf_min(vf a, vf b) {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline vf vf_round(vf v) {
  return vrndnq_f32(v);
}
/* 2^n of whole numbers from -126 to 127 */
static inline vf vf_power(vf n) {
  return vf_of(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}
static inline bool vf_any_above(vf a, vf b) {
  return vmaxvq_u32(vcgtq_f32(a, b)) != 0;
}
/* v where x is not below the bound, else 0 */
static inline vf vf_unless_below(vf x, float bound, vf v) {
  const uint32x4_t below = vcltq_f32(x, vdupq_n_f32(bound));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), below));
}
/* v * 2^n of whole numbers up to 127, 0 where that is below the exponents of fp32 */
static inline vf vf_times_power(vf v, vf n) {
  return vf_unless_below(n, -126, vf_mul(v, vf_power(vf_max(n, vf_all(-126)))));
}
/* a in the lanes whose bit is set, else b */
static inline vf vf_where(uint32_t bits, vf a, vf b) {
  static const uint32_t LANES[] = {1, 2, 4, 8};
  return vbslq_f32(vtstq_u32(vdupq_n_u32(bits), vld1q_u32(LANES)), a, b);
}
static inline float vf_largest(vf v) {
  return vmaxvq_f32(v);
}
/* Rows become columns: pairs of values, pairs of pairs. */
static inline void vf_transpose(vf m[VECTOR_FLOATS]) {
  const float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(m[0], m[1]));
  const float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(m[0], m[1]));
  const float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(m[2], m[3]));
  const float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(m[2], m[3]));
  m[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
  m[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
  m[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
  m[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}
/* The lanes in halves: 4, 2, 1. */
static inline float vf_sum(vf v) {
  const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

/* Stored numbers and bytes, one a lane. */
static inline vf vf_of_f16(const uint8_t *from) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from)));
}
static inline vf vf_of_bf16(const uint8_t *from) {
  return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(from)), 16));
}
static inline vi vi_of_bytes(const uint8_t *from) {
  uint32_t four;
  memcpy(&four, from, sizeof four);
  const uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide)));
}
/* The fp16 number in the lower half. */
static inline float one_of_f16(uint32_t bits) {
  return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u32(vdup_n_u32(bits))), 0);
}
/* As many fp16 numbers as a vector has floats. */
static inline void vf_widen(const uint8_t *from, float *to) {
  vst1q_f32(to, vf_of_f16(from));
}
static inline vf vf_of_ints(vi v) {
  return vcvtq_f32_s32(v);
}
static inline vi vi_and(vi a, vi b) {
  return vandq_s32(a, b);
}
static inline vi vi_xor(vi a, vi b) {
  return veorq_s32(a, b);
}
static inline vi vi_left(vi v, uint32_t bits) {
  return vshlq_s32(v, vdupq_n_s32((int32_t)bits));
}
static inline vi vi_right(vi v, uint32_t bits) {
  return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(v), vdupq_n_s32(-(int32_t)bits)));
}
/* with copies of the sign */
static inline vi vi_signed_right(vi v, uint32_t bits) {
  return vshlq_s32(v, vdupq_n_s32(-(int32_t)bits));
}
static inline vi vi_mul(vi a, vi b) {
  return vmulq_s32(a, b);
}

#include "kernels-ref/cpu/tiles/vector_all.h"

#endif
