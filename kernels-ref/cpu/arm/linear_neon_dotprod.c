/* linear with the dot products of bytes of Armv8.2: codes multiplied with 8-bit inputs. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

#define TILE_TOKENS 2
#define TILE_AHEAD 4096

static inline vs add_dots(vs sum, vi codes, vi x) {
  return (vs)vdotq_s32((vi)sum, vreinterpretq_s8_s32(codes), vreinterpretq_s8_s32(x));
}

#define CODES_ADD add_dots
#include "kernels-ref/cpu/arm/linear_codes.h"

const rl_kernel RL_LINEAR_NEON_DOTPROD[RL_LINEAR_NEON_DOTPROD_COUNT] = {
    RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_CODES),
    RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_CODES),
};
