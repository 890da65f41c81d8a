/* linear with AVX-512 VNNI: codes of 8 and 4 bits times 8-bit inputs, four products a lane summed
 * in 32-bit integers by one instruction. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#include "kernels-ref/cpu/tiles/linear_blocks.h"

#define TILE_TOKENS 12
#define TILE_AHEAD 4096

static inline vs add_bytes(vs sum, vi codes, vi x) {
  return (vs)_mm512_dpbusd_epi32((vi)sum, codes, x);
}

#define TILE(x) w8_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 1
#define TILE_LOAD vi_load_one
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD add_bytes
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Eight codes a word: the lower half of each byte is the even column. */
static inline void load_nibbles(const uint8_t *at, vi *w) {
  const vi bytes = vi_load(at), mask = vi_all(0x0f0f0f0f);
  w[0] = vi_and(bytes, mask);
  w[1] = vi_and(vi_right(bytes, 4), mask);
}
#define TILE(x) w4_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 2
#define TILE_LOAD load_nibbles
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD add_bytes
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

static inline void q4_0_load(const block_group *group, unsigned unit, vi *w) {
  w[0] = vi_and(q4_0_words(group, unit), vi_all(0x0f0f0f0f));
}
static inline void q8_0_load(const block_group *group, unsigned unit, vi *w) {
  w[0] = vi_xor(q8_0_words(group, unit), vi_all(0x80808080));
}
static inline void q4_k_load(const block_group *group, unsigned unit, vi *w) {
  w[0] = vi_and(q4_k_words(group, unit), vi_all(0x0f0f0f0f));
}
static inline void q6_k_load(const block_group *group, unsigned unit, vi *w) {
  w[0] = q6_k_words(group, unit);
}
#define BLOCK_TYPE RL_I8
#define BLOCK_PLANES 1
#define BLOCK_COLUMNS 4
#define BLOCK_LOAD(format) format##_load
#define BLOCK_WEIGHT vi
#define BLOCK_SUM vs
#define BLOCK_ADD add_bytes
#define BLOCK_BEGIN block_codes_begin
#define BLOCK_END block_codes_end
#include "kernels-ref/cpu/tiles/linear_block_tiles.h"

static const rl_linear_tile W8_TILE = {{RL_I8, 4, 1}, TILE_TOKENS, 0, w8_multiply};
static const rl_linear_tile W4_TILE = {{RL_I8, 8, 2}, TILE_TOKENS, 0, w4_multiply};

const rl_kernel RL_LINEAR_AVX512_VNNI[RL_LINEAR_AVX512_VNNI_COUNT] = {
    RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_TILE),
    RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_TILE),
    BLOCK_ROWS("int8"),
};
