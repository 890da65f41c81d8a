/* linear with AVX-512 BF16: bf16 weights, and 4-bit codes turned into bf16, which holds them
 * exactly, times bf16 inputs; two products a lane summed in fp32 by one instruction. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#define TILE_TOKENS 4
#define TILE_AHEAD 4096

static inline vf add_pairs(vf sum, vi weight, vi x) {
  return _mm512_dpbf16_ps(sum, (__m512bh)weight, (__m512bh)x);
}
#define TILE(x) bf16_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vi
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD add_pairs
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD vi_load_one
#define TILE_STEP 32
#define TILE_BYTES 64
#include "kernels-ref/cpu/x86/linear_rows.h"

/* bf16 of -8 .. 7, twice: the table is asked with five bits, of which the highest is another
 * code's. */
static const uint16_t CODES[32] = {0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                                   0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
                                   0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                                   0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0};

/* 128 codes: each word holds four neighbours, the first in its lowest bits. */
static inline void load_w4(const uint8_t *at, vi *w) {
  const vi table = vi_load(CODES), words = vi_load(at);
  w[0] = _mm512_permutexvar_epi16(words, table);
  w[1] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 4), table);
  w[2] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 8), table);
  w[3] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 12), table);
}
#define TILE(x) w4_##x
#define TILE_ROWS 2
#define TILE_WEIGHT vi
#define TILE_VECTORS 4
#define TILE_GROUPED 1
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD add_pairs
#define TILE_FLOAT vf_same
#define TILE_LOAD load_w4
#define TILE_STEP 128
#define TILE_BYTES 64
#define TILE_LANE 8
#include "kernels-ref/cpu/x86/linear_rows.h"

static const rl_linear_tile BF16_TILE = {.input = {RL_BF16, 32, 1}, .rows = bf16_rows};
static const rl_linear_tile W4_TILE = {
    .input = {RL_BF16, 128, 4}, .lane_columns = 8, .centre = 8, .rows = w4_rows};

const rl_kernel RL_LINEAR_AVX512_BF16[RL_LINEAR_AVX512_BF16_COUNT] = {
    RL_LINEAR_ROW("bf16 in bf16", RL_BF16, RL_BF16, &BF16_TILE),
    RL_LINEAR_ROW("4-bit codes in bf16", RL_I4, RL_BF16, &W4_TILE),
};
