/* linear with AVX-512: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in
 * fp32. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#define TILE_TOKENS 12
#define TILE_AHEAD 1280
#include "kernels-ref/cpu/tiles/linear_floats.h"

const rl_kernel RL_LINEAR_AVX512[RL_LINEAR_AVX512_COUNT] = {
    LINEAR_FLOAT_ROWS,
};
