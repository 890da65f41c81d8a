/* linear with NEON: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in fp32,
 * and codes multiplied with 8-bit inputs in integers. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

#define TILE_TOKENS 2
#define TILE_AHEAD 4096
#include "kernels-ref/cpu/tiles/linear_floats.h"

/* Products of bytes fit in 16 bits, their sums by two and by four in 32. */
static inline vs add_bytes(vs sum, vi codes, vi x) {
  const int8x16_t a = vreinterpretq_s8_s32(codes), b = vreinterpretq_s8_s32(x);
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
  const int32x4_t high = vpaddlq_s16(vmull_high_s8(a, b));
  return (vs)vaddq_s32((vi)sum, vpaddq_s32(low, high));
}

#define CODES_ADD add_bytes
#include "kernels-ref/cpu/arm/signed_codes.h"

const rl_kernel RL_LINEAR_NEON[RL_LINEAR_NEON_COUNT] = {
    LINEAR_FLOAT_ROWS,
    LINEAR_CODE_ROWS,
};
