/* linear with AVX-512 BF16: bf16 weights, and codes turned into bf16, which holds them exactly,
 * times bf16 inputs; two products a lane summed in fp32 by one instruction. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#include "kernels-ref/cpu/tiles/linear_blocks.h"

#define TILE_TOKENS 12
#define W4_TOKENS 8 /* two strips of four vectors of weights stay in registers, too */
#define TILE_AHEAD 1280

static inline vf add_pairs(vf sum, vi weight, vi x) {
  return _mm512_dpbf16_ps(sum, (__m512bh)weight, (__m512bh)x);
}
#define TILE(x) bf16_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 2
#define TILE_PLANES 1
#define TILE_LOAD vi_load_one
#define TILE_GROUPED 0
#define TILE_WEIGHT vi
#define TILE_ADD add_pairs
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* bf16 of -8 .. 7, twice: the table is asked with five bits, of which the highest is another
 * code's. */
static const uint16_t CODES[32] = {0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                                   0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
                                   0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                                   0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0};

/* Eight codes a word: each half of it holds four neighbours, the first in its lowest bits. */
static inline void load_w4(const uint8_t *at, vi *w) {
  const vi table = vi_load(CODES), words = vi_load(at);
  w[0] = _mm512_permutexvar_epi16(words, table);
  w[1] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 4), table);
  w[2] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 8), table);
  w[3] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 12), table);
}
#define TILE(x) w4_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 2
#define TILE_PLANES 4
#define TILE_LOAD load_w4
#define TILE_FAR 1
#define TILE_GROUPED 1
#define TILE_APART 1
#define TILE_WEIGHT vi
#define TILE_ADD add_pairs
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Two columns, a word each with the code in its highest byte: the upper halves of their floats. */
static inline vi bf16_pair(vi low, vi high) {
  const vi first = vi_of(vf_of_ints(vi_signed_right(low, 24)));
  const vi second = vi_of(vf_of_ints(vi_signed_right(high, 24)));
  return _mm512_or_si512(vi_right(first, 16), second);
}

/* Four codes with a sign a word, eight bits at most. */
static inline void bf16_of_bytes(vi words, vi *w) {
  w[0] = bf16_pair(vi_left(words, 24), vi_left(words, 8));
  w[1] = bf16_pair(vi_left(words, 16), words);
}
/* With its highest bit turned a byte is the code less 128. */
static inline void load_w8(const uint8_t *at, vi *w) {
  bf16_of_bytes(vi_xor(vi_load(at), vi_all(0x80808080)), w);
}
#define TILE(x) w8_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 2
#define TILE_PLANES 2
#define TILE_LOAD load_w8
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_ADD add_pairs
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Codes of a half byte in each byte: of the first and third, then of the others. */
static inline void bf16_of_halves(vi words, const uint16_t *table, vi *w) {
  const vi values = vi_load(table);
  w[0] = _mm512_permutexvar_epi16(words, values);
  w[1] = _mm512_permutexvar_epi16(_mm512_srli_epi16(words, 8), values);
}
/* bf16 of 0 .. 15, twice */
static const uint16_t WHOLE[32] = {0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
                                   0x4100, 0x4110, 0x4120, 0x4130, 0x4140, 0x4150, 0x4160, 0x4170,
                                   0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
                                   0x4100, 0x4110, 0x4120, 0x4130, 0x4140, 0x4150, 0x4160, 0x4170};
static inline void q4_0_load(const block_group *group, unsigned unit, vi *w) {
  bf16_of_halves(q4_0_words(group, unit), CODES, w);
}
static inline void q8_0_load(const block_group *group, unsigned unit, vi *w) {
  bf16_of_bytes(q8_0_words(group, unit), w);
}
static inline void q4_k_load(const block_group *group, unsigned unit, vi *w) {
  bf16_of_halves(q4_k_words(group, unit), WHOLE, w);
}
static inline void q6_k_load(const block_group *group, unsigned unit, vi *w) {
  bf16_of_bytes(_mm512_sub_epi8(q6_k_words(group, unit), vi_all(0x20202020)), w);
}
#define BLOCK_TYPE RL_BF16
#define BLOCK_PLANES 2
#define BLOCK_COLUMNS 2
#define BLOCK_LOAD(format) format##_load
#define BLOCK_WEIGHT vi
#define BLOCK_SUM vf
#define BLOCK_ADD add_pairs
#define BLOCK_BEGIN block_floats_begin
#define BLOCK_END block_floats_end
#include "kernels-ref/cpu/tiles/linear_block_tiles.h"

static const rl_linear_tile BF16_TILE = {{RL_BF16, 2, 1}, TILE_TOKENS, 0, bf16_multiply};
static const rl_linear_tile W4_TILE = {{RL_BF16, 8, 4}, W4_TOKENS, 8, w4_multiply};
const rl_linear_tile RL_W8_AVX512_BF16 = {{RL_BF16, 4, 2}, TILE_TOKENS, 128, w8_multiply};

const rl_kernel RL_LINEAR_AVX512_BF16[RL_LINEAR_AVX512_BF16_COUNT] = {
    RL_LINEAR_ROW("bf16 in bf16", RL_BF16, RL_BF16, &BF16_TILE),
    RL_LINEAR_ROW("8-bit codes in bf16", RL_I8, RL_BF16, &RL_W8_AVX512_BF16),
    RL_LINEAR_ROW("4-bit codes in bf16", RL_I4, RL_BF16, &W4_TILE),
    BLOCK_ROWS("bf16"),
};
