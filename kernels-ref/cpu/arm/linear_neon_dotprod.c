/* linear with the dot products of bytes of Armv8.2: codes multiplied with 8-bit inputs. */
#include "kernels-ref/cpu/arm/vector_neon.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

#define TILE_TOKENS 2
#define TILE_AHEAD 4096

static inline vs add_dots(vs sum, vi codes, vi x) {
  return (vs)vdotq_s32((vi)sum, vreinterpretq_s8_s32(codes), vreinterpretq_s8_s32(x));
}

#define CODES_ADD add_dots
#include "kernels-ref/cpu/arm/signed_codes.h"

const rl_kernel RL_LINEAR_NEON_DOTPROD[RL_LINEAR_NEON_DOTPROD_COUNT] = {
    LINEAR_CODE_ROWS,
};
