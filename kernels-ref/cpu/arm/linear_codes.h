/* Codes of 8 and 4 bits multiplied with 8-bit inputs in integers. Both factors have signs: a code
 * of 8 bits is taken less 128, and so is its zero. The file that includes this says how four
 * products a lane are added: CODES_ADD(sum, codes, x). */
#include "kernels-ref/cpu/tiles/linear_groups.h"

static inline void load_signed(const uint8_t *at, vi *w) {
  w[0] = vi_xor(vi_load(at), vi_all(0x80808080));
}
/* Without zeros of their own codes are around their middle: nothing is left to be taken off. */
static inline codes_group signed_group_of(const rl_linear_task *task, const uint8_t *panel,
                                          uint64_t g, uint64_t row) {
  codes_group group = codes_group_of(task, panel, g, row);
  if (group.zeros) group.zero = vsubq_s32(group.zero, vdupq_n_s32(128));
  return group;
}
static inline vs signed_begin(const codes_group *group, const uint8_t *inputs) {
  return group->zeros ? codes_begin(group, inputs) : (vs)vi_all(0);
}

#define TILE(x) w8_codes_##x
#define TILE_UNIT 4
#define TILE_COLUMNS 4
#define TILE_PLANES 1
#define TILE_LOAD load_signed
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD CODES_ADD
#define TILE_BEGIN signed_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF signed_group_of
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
#define TILE_GROUPED 1
#define TILE_WEIGHT vi
#define TILE_SUM vs
#define TILE_ADD CODES_ADD
#define TILE_BEGIN codes_begin
#define TILE_END codes_end
#define TILE_GROUP codes_group
#define TILE_GROUP_OF codes_group_of
#include "kernels-ref/cpu/tiles/linear_rows.h"

static const rl_linear_tile W8_CODES = {{RL_I8, 4, 1}, TILE_TOKENS, 0, w8_codes_multiply};
static const rl_linear_tile W4_CODES = {{RL_I8, 8, 2}, TILE_TOKENS, 0, w4_codes_multiply};
#undef CODES_ADD
