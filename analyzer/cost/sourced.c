/* What a sequence's source contributes to moments: of the sequences that begin in the pass what is
 * encoded, of all what is kept. Definitions: docs/counting.md. */
#include "cost/sourced.h"

#include "base/checked.h"

/* Positions of one piece: n / merge + lead. */
static inline bool piece_positions(const rl_group *group, const rl_moment *moment,
                                   uint64_t *value) {
  uint64_t merge = moment->merge == 0 ? 1 : moment->merge;
  return rl_add_u64(rl_ceil_div(group->source.positions, merge), moment->lead, value);
}

bool rl_sourced_source_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return piece_positions(group, moment, value) && rl_mul_u64(*value, group->source.pieces, value);
}

/* Only a sequence that begins is encoded. */
bool rl_sourced_source(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = 0;
  return group->cached != 0 || rl_sourced_source_row(group, moment, value);
}

bool rl_sourced_source_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t positions;
  *value = 0;
  return group->cached != 0 ||
         (piece_positions(group, moment, &positions) && rl_mul_u64(positions, positions, value) &&
          rl_mul_u64(*value, group->source.pieces, value));
}

bool rl_sourced_square_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = 0;
  if (group->cached != 0 || group->source.pieces == 0) return true;
  return rl_square_pairs(&group->source, rl_merged_side(moment->merge), moment->within, value) &&
         rl_mul_u64(*value, group->source.pieces, value);
}

bool rl_sourced_cross_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return rl_sourced_source_row(group, moment, value) && rl_mul_u64(*value, group->q, value);
}
