/* Codes of 8 and 4 bits multiplied with 8-bit inputs in integers, for vectors of every width. The
 * file that includes this says how four products a lane are added, CODES_ADD_8(sum, codes, x) and
 * CODES_ADD_4, and what it takes a byte of an 8-bit code for: CODES_LOAD_8, CODES_BEGIN_8 and
 * CODES_GROUP_OF_8. */
#include "kernels-ref/cpu/tiles/linear_groups.h"

#define TILE(x) w8_codes_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 1
#define TILE_LOAD CODES_LOAD_8
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD CODES_ADD_8
#define TILE_BEGIN CODES_BEGIN_8
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF CODES_GROUP_OF_8
#include "kernels-ref/cpu/tiles/linear_rows.h"

/* Eight codes a word: the lower half of each byte is the even column. */
static inline void load_nibbles(const uint8_t *at, vi *w) {
  const vi bytes = vi_load(at), mask = vi_all(0x0f0f0f0f);
  w[0] = vi_and(bytes, mask);
  w[1] = vi_and(vi_right(bytes, 4), mask);
}
#define TILE(x) w4_codes_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 2
#define TILE_LOAD load_nibbles
#define TILE_FAR 1
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD CODES_ADD_4
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

static const rl_linear_tile W8_CODES = {{RL_I8, 4, 1}, TILE_TOKENS, 0, w8_codes_multiply};
static const rl_linear_tile W4_CODES = {{RL_I8, 8, 2}, TILE_TOKENS, 0, w4_codes_multiply};

#define LINEAR_CODE_ROWS                                         \
  RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_CODES), \
      RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_CODES)
