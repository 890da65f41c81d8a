/* Stored values as 4 floats; integer codes without their scale, around their middle. */
#ifndef RL_CPU_WORDS_NEON_H
#define RL_CPU_WORDS_NEON_H

#include "kernels-ref/cpu/arm/vector_neon.h"

static inline vi words_of_bf16(const uint8_t *at) {
  return vi_of(vf_of_bf16(at));
}
static inline vi words_of_f16(const uint8_t *at) {
  return vi_of(vf_of_f16(at));
}
/* Codes less 128. */
static inline vi words_of_i8(const uint8_t *at) {
  return vi_of(vf_of_ints(vsubq_s32(vi_of_bytes(at), vdupq_n_s32(128))));
}
/* Two codes of a byte, the lower half first, in neighbouring words. */
static inline vi words_of_i4(const uint8_t *at) {
  static const int32_t DOWN[] = {0, -4, -8, -12};
  uint16_t bytes;
  memcpy(&bytes, at, sizeof bytes);
  const uint32x4_t codes =
      vandq_u32(vshlq_u32(vdupq_n_u32(bytes), vld1q_s32(DOWN)), vdupq_n_u32(15));
  return vi_of(vf_of_ints(vsubq_s32(vreinterpretq_s32_u32(codes), vdupq_n_s32(8))));
}

#endif
