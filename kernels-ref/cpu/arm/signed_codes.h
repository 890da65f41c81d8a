/* Codes where both factors of a product have signs: one of 8 bits is taken less 128, and so is its
 * zero. The file that includes this says how four products a lane are added: CODES_ADD(sum, codes,
 * x). */
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

#define CODES_LOAD_8 load_signed
#define CODES_BEGIN_8 signed_begin
#define CODES_GROUP_OF_8 signed_group_of
#define CODES_ADD_8 CODES_ADD
#define CODES_ADD_4 CODES_ADD
#include "kernels-ref/cpu/tiles/linear_codes.h"
