/* Blocks of a cache that store as many values as they keep (Joo et al. 2025, Mustafar, 3): the
 * moments that say how many groups of values are expected in so many blocks. */
#include "base/checked.h"
#include "cost/expert_draw.h"
#include "cost/parted.h"

bool rl_packed_is_touched(rl_moment_kind kind) {
  return kind == RL_M_PACKED_READ || kind == RL_M_PACKED_WRITE;
}

bool rl_packed_is(rl_moment_kind kind) {
  return rl_packed_is_touched(kind) || kind == RL_M_PACKED_KEPT;
}

rl_moment rl_packed_moment(const rl_tensor *body, rl_moment blocks) {
  static const rl_moment_kind KINDS[] = {[RL_M_BODY_READ] = RL_M_PACKED_READ,
                                         [RL_M_BODY_WRITE] = RL_M_PACKED_WRITE,
                                         [RL_M_BODY_KEPT] = RL_M_PACKED_KEPT};
  const rl_component *packed = rl_format_packed(body->format);
  const uint64_t pieces = rl_tensor_pieces(body);
  blocks.kind = KINDS[blocks.kind];
  blocks.part = body->holds_values ? 1 : 0;
  blocks.groups = pieces * rl_packed_expected(packed, body->rows / pieces, body->cols);
  return blocks;
}

/* As many groups as are expected of each block. */
static bool groups_of(const rl_moment *moment, uint64_t *value) {
  return rl_mul_u64(*value, moment->groups, value);
}

bool rl_parted_packed_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return rl_parted_body_read(group, moment, value) && groups_of(moment, value);
}

bool rl_parted_packed_write(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return rl_parted_body_write(group, moment, value) && groups_of(moment, value);
}

bool rl_parted_packed_kept(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return rl_parted_body_kept(group, moment, value) && groups_of(moment, value);
}
