/* Weights multiplied in fp32, for vectors of every width: dense ones of 32 and 16 bits, codes of 8
 * and 4 bits. The file that includes this says how wide tiles are. */
#include "kernels-ref/cpu/tiles/linear_blocks.h"

#define TILE(x) f32_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 1
#define TILE_PLANES 1
#define TILE_LOAD vf_load_one
#define TILE_GROUPED 0
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* A word holds two columns, each the upper half of a float. */
static inline void load_bf16(const uint8_t *at, vf *w) {
  const vi words = vi_load(at);
  w[0] = vf_of(vi_left(words, 16));
  w[1] = vf_of(vi_and(words, vi_all(0xffff0000)));
}
#define TILE(x) bf16_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 1
#define TILE_PLANES 2
#define TILE_LOAD load_bf16
#define TILE_GROUPED 0
#include "kernels-ref/cpu/tiles/linear_rows.h"

static inline void load_f16(const uint8_t *at, vf *w) {
  w[0] = vf_of_f16(at);
}
#define TILE(x) f16_##x
#define TILE_UNIT 2
#define TILE_COLUMNS 1
#define TILE_PLANES 1
#define TILE_LOAD load_f16
#define TILE_GROUPED 0
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Four codes a word; with its highest bit turned a byte is the code less 128. */
static inline void load_w8(const uint8_t *at, vf *w) {
  const vi words = vi_xor(vi_load(at), vi_all(0x80808080));
  w[0] = vf_of_ints(vi_signed_right(vi_left(words, 24), 24));
  w[1] = vf_of_ints(vi_signed_right(vi_left(words, 16), 24));
  w[2] = vf_of_ints(vi_signed_right(vi_left(words, 8), 24));
  w[3] = vf_of_ints(vi_signed_right(words, 24));
}
#define TILE(x) w8_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 1
#define TILE_PLANES 4
#define TILE_LOAD load_w8
#define TILE_GROUPED 1
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Eight codes a word; with its highest bit turned a half byte is the code less 8. */
static inline void load_w4(const uint8_t *at, vf *w) {
  const vi words = vi_xor(vi_load(at), vi_all(0x88888888));
  for (uint32_t p = 0; p < 8; p++) {
    w[p] = vf_of_ints(vi_signed_right(vi_left(words, 28 - 4 * p), 28));
  }
}
#define TILE(x) w4_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 1
#define TILE_PLANES 8
#define TILE_LOAD load_w4
#define TILE_FAR 1
#define TILE_GROUPED 1
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Four columns of a word, `bits` wide each with the sign highest. */
static inline void floats_of(vi words, uint32_t bits, vf *w) {
  for (uint32_t p = 0; p < 4; p++) {
    w[p] = vf_of_ints(vi_signed_right(vi_left(words, 32 - bits - 8 * p), 32 - bits));
  }
}
static inline void q4_0_load(const block_group *group, unsigned unit, vf *w) {
  floats_of(vi_xor(q4_0_words(group, unit), vi_all(0x08080808)), 4, w);
}
static inline void q8_0_load(const block_group *group, unsigned unit, vf *w) {
  floats_of(q8_0_words(group, unit), 8, w);
}
static inline void q4_k_load(const block_group *group, unsigned unit, vf *w) {
  floats_of(vi_and(q4_k_words(group, unit), vi_all(0x0f0f0f0f)), 8, w);
}
static inline void q6_k_load(const block_group *group, unsigned unit, vf *w) {
  floats_of(vi_xor(q6_k_words(group, unit), vi_all(0x20202020)), 6, w);
}
#define BLOCK_TYPE RL_F32
#define BLOCK_PLANES 4
#define BLOCK_COLUMNS 1
#define BLOCK_LOAD(format) format##_load
#define BLOCK_WEIGHT vf
#define BLOCK_SUM vf
#define BLOCK_ADD vf_add_product
#define BLOCK_BEGIN block_floats_begin
#define BLOCK_END block_floats_end
#include "kernels-ref/cpu/tiles/linear_block_tiles.h"

static const rl_linear_tile F32_TILE = {{RL_F32, 1, 1}, TILE_TOKENS, 0, f32_multiply};
static const rl_linear_tile BF16_TILE = {{RL_F32, 2, 2}, TILE_TOKENS, 0, bf16_multiply};
static const rl_linear_tile F16_TILE = {{RL_F32, 1, 1}, TILE_TOKENS, 0, f16_multiply};
static const rl_linear_tile W8_TILE = {{RL_F32, 4, 4}, TILE_TOKENS, 128, w8_multiply};
static const rl_linear_tile W4_TILE = {{RL_F32, 8, 8}, TILE_TOKENS, 8, w4_multiply};

#define LINEAR_FLOAT_ROWS                                            \
  RL_LINEAR_ROW("fp32 in fp32", RL_F32, RL_F32, &F32_TILE),          \
      RL_LINEAR_ROW("bf16 in fp32", RL_BF16, RL_F32, &BF16_TILE),    \
      RL_LINEAR_ROW("fp16 in fp32", RL_F16, RL_F32, &F16_TILE),      \
      RL_LINEAR_ROW("8-bit codes in fp32", RL_I8, RL_F32, &W8_TILE), \
      RL_LINEAR_ROW("4-bit codes in fp32", RL_I4, RL_F32, &W4_TILE), BLOCK_ROWS("fp32")
