/* linear with AVX-512: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in
 * fp32. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#define TILE_TOKENS 12
#define TILE_AHEAD 4096
#include "kernels-ref/cpu/x86/linear_floats.h"

const rl_kernel RL_LINEAR_AVX512[RL_LINEAR_AVX512_COUNT] = {
    RL_LINEAR_ROW("fp32 in fp32", RL_F32, RL_F32, &F32_TILE),
    RL_LINEAR_ROW("bf16 in fp32", RL_BF16, RL_F32, &BF16_TILE),
    RL_LINEAR_ROW("fp16 in fp32", RL_F16, RL_F32, &F16_TILE),
    RL_LINEAR_ROW("8-bit codes in fp32", RL_I8, RL_F32, &W8_TILE),
    RL_LINEAR_ROW("4-bit codes in fp32", RL_I4, RL_F32, &W4_TILE),
};
