/* linear with AVX-512: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in
 * fp32. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#define TILE_TOKENS 4
#define TILE_AHEAD 4096

#define TILE(x) f32_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD vf_load_one
#define TILE_STEP 16
#define TILE_BYTES 64
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 32 values: the lower and the upper halves of 16 words, each the upper half of a float. */
static inline void load_bf16(const uint8_t *at, vf *w) {
  const vi words = vi_load(at);
  w[0] = _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
  w[1] = _mm512_castsi512_ps(_mm512_and_si512(words, _mm512_set1_epi32((int)0xffff0000)));
}
#define TILE(x) bf16_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 2
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD load_bf16
#define TILE_STEP 32
#define TILE_BYTES 64
#include "kernels-ref/cpu/x86/linear_rows.h"

static inline void load_f16(const uint8_t *at, vf *w) {
  w[0] = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)at));
}
#define TILE(x) f16_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD load_f16
#define TILE_STEP 16
#define TILE_BYTES 32
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 32 codes; without its highest bit turned a byte is the code less 128. */
static inline void load_w8(const uint8_t *at, vf *w) {
  const __m256i codes =
      _mm256_xor_si256(_mm256_loadu_si256((const void *)at), _mm256_set1_epi8((char)0x80));
  w[0] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_castsi256_si128(codes)));
  w[1] = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm256_extracti128_si256(codes, 1)));
}
#define TILE(x) w8_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 2
#define TILE_GROUPED 1
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_FLOAT vf_same
#define TILE_LOAD load_w8
#define TILE_STEP 32
#define TILE_BYTES 32
#define TILE_LANE 0
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 32 codes: the lower half of each byte is the even column. A table turns codes into floats. */
static inline void load_w4(const uint8_t *at, vf *w) {
  const vf table = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  const vi bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)at));
  w[0] = _mm512_permutexvar_ps(bytes, table); /* looks at four bits alone */
  w[1] = _mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), table);
}
#define TILE(x) w4_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 2
#define TILE_GROUPED 1
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_FLOAT vf_same
#define TILE_LOAD load_w4
#define TILE_STEP 32
#define TILE_BYTES 16
#define TILE_LANE 0
#include "kernels-ref/cpu/x86/linear_rows.h"

static const rl_linear_tile F32_TILE = {.input = {RL_F32, 16, 1}, .rows = f32_rows};
static const rl_linear_tile BF16_TILE = {.input = {RL_F32, 32, 2}, .rows = bf16_rows};
static const rl_linear_tile F16_TILE = {.input = {RL_F32, 16, 1}, .rows = f16_rows};
static const rl_linear_tile W8_TILE = {.input = {RL_F32, 32, 1}, .centre = 128, .rows = w8_rows};
static const rl_linear_tile W4_TILE = {.input = {RL_F32, 32, 2}, .centre = 8, .rows = w4_rows};

const rl_kernel RL_LINEAR_AVX512[RL_LINEAR_AVX512_COUNT] = {
    RL_LINEAR_ROW("fp32 in fp32", RL_F32, RL_F32, &F32_TILE),
    RL_LINEAR_ROW("bf16 in fp32", RL_BF16, RL_F32, &BF16_TILE),
    RL_LINEAR_ROW("fp16 in fp32", RL_F16, RL_F32, &F16_TILE),
    RL_LINEAR_ROW("8-bit codes in fp32", RL_I8, RL_F32, &W8_TILE),
    RL_LINEAR_ROW("4-bit codes in fp32", RL_I4, RL_F32, &W4_TILE),
};
