/* What one sequence contributes to the moments of caches that keep tokens apart. Not for other
 * rooms; they read cost/cost.h. */
#ifndef RL_COST_PARTED_H
#define RL_COST_PARTED_H

#include "cost/cost.h"

/* False on overflow, all of them. */
bool rl_parted_body_read(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_write(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_kept(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_tail_read(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_tail_leave(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_tail_write(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_taken_in(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_tail_kept(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_held(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_begun(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_grown(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_queries(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_begun_tokens(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_begun_cached(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_body_pairs(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_packed_read(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_packed_write(const rl_group *group, const rl_moment *moment, uint64_t *value);
bool rl_parted_packed_kept(const rl_group *group, const rl_moment *moment, uint64_t *value);
/* Every new token and every token of the body. */
bool rl_parted_body_met(const rl_group *group, const rl_moment *moment, uint64_t *value);

/* The kinds of groups of values that packed blocks store; the one of the blocks of a body. */
bool rl_packed_is(rl_moment_kind kind);
/* Of those the ones that an operator reads or writes. */
bool rl_packed_is_touched(rl_moment_kind kind);
rl_moment rl_packed_moment(const rl_tensor *body, rl_moment blocks);

#endif
