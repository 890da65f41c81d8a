/* Which tokens of a sequence a cache keeps apart. Of n kept tokens the `first` oldest and the
 * newest stay as they came, in the tail; those between are in the body, in another format. A token
 * leaves the tail with `step` - 1 others when so many and the `newest` stand behind the body (Liu
 * et al. 2024, KIVI, 4.1: the residual; Xiao et al. 2024, 3: the first tokens). Under a window a
 * block of which no later query sees a token is dropped, from the body or, before it was packed,
 * from the tail. */
#ifndef RL_SPEC_PARTING_H
#define RL_SPEC_PARTING_H

#include "base/checked.h"

typedef struct rl_parting {
  uint64_t first, newest;
  uint64_t step;   /* tokens that leave together; 0: nothing is kept apart */
  uint64_t window; /* keys that a query sees, itself included; 0: all */
  uint64_t block;  /* with a window: tokens of a block of the body */
} rl_parting;

/* Tokens that the body holds when n are kept: those at positions first ... first + body - 1. */
static inline uint64_t rl_parting_body(const rl_parting *parting, uint64_t n) {
  uint64_t apart = parting->first + parting->newest;
  return n <= apart ? 0 : (n - apart) / parting->step * parting->step;
}

/* The first position that a query at position n sees; later ones see none before it. */
static inline uint64_t rl_parting_seen_from(const rl_parting *parting, uint64_t n) {
  return parting->window == 0 || n < parting->window ? 0 : n - parting->window + 1;
}

/* Tokens behind the first ones, in whole blocks, that were dropped when n are kept. */
static inline uint64_t rl_parting_dropped(const rl_parting *parting, uint64_t n) {
  uint64_t from = rl_parting_seen_from(parting, n);
  return from <= parting->first ? 0 : (from - parting->first) / parting->block * parting->block;
}

/* Tokens of the largest body that a sequence has had on its way to n: behind the newest ones the
 * window leaves so many, with the rest of the block in which it begins. */
static inline uint64_t rl_parting_room(const rl_parting *parting, uint64_t n) {
  uint64_t body = rl_parting_body(parting, n), apart = parting->newest + 1;
  if (parting->window == 0) return body;
  uint64_t seen = parting->window - rl_min_u64(parting->window, apart);
  return seen >= body ? body : rl_min_u64(body, rl_ceil_div(seen, parting->block) * parting->block);
}

/* Places of the newest: as many tokens as can stand behind the body between two passes, under a
 * window those that a query sees with the rest of a block. */
static inline uint64_t rl_parting_ring(const rl_parting *parting) {
  uint64_t all = parting->newest + parting->step - 1;
  if (parting->window == 0 || parting->window > all) return all;
  return rl_min_u64(all, rl_max_u64(parting->window + parting->block - 2, 1));
}

/* Places of a tail: the first ones, then those that the newest take in turn. */
static inline uint64_t rl_parting_places(const rl_parting *parting) {
  return parting->first + rl_parting_ring(parting);
}

/* The place of a token in the tail. */
static inline uint64_t rl_parting_place(const rl_parting *parting, uint64_t position) {
  if (position < parting->first) return position;
  return parting->first + (position - parting->first) % rl_parting_ring(parting);
}

static inline bool rl_parting_equal(const rl_parting *a, const rl_parting *b) {
  return a->first == b->first && a->newest == b->newest && a->step == b->step &&
         a->window == b->window && a->block == b->block;
}

#endif
