/* linear with AVX-512 VNNI: codes of 8 and 4 bits times 8-bit inputs, four products a lane summed
 * in 32-bit integers by one instruction. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#include "kernels-ref/cpu/tiles/linear_blocks.h"

#define TILE_TOKENS 12
#define TILE_AHEAD 1280

static inline vs add_bytes(vs sum, vi codes, vi x) {
  return (vs)_mm512_dpbusd_epi32((vi)sum, codes, x);
}

#define CODES_LOAD_8 vi_load_one
#define CODES_BEGIN_8 codes_begin
#define CODES_GROUP_OF_8 codes_group_of
#define CODES_ADD_8 add_bytes
#define CODES_ADD_4 add_bytes
#include "kernels-ref/cpu/tiles/linear_codes.h"

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

const rl_kernel RL_LINEAR_AVX512_VNNI[RL_LINEAR_AVX512_VNNI_COUNT] = {
    LINEAR_CODE_ROWS,
    BLOCK_ROWS("int8"),
};
