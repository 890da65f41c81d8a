/* Which tokens of a sequence a cache keeps apart. Of n kept tokens the `first` oldest and the newest
 * stay as they came, in the tail; those between are in the body, in another format. A token leaves
 * the tail with `step` - 1 others when so many and the `newest` stand behind the body (Liu et al.
 * 2024, KIVI, 4.1: the residual; Xiao et al. 2024, 3: the first tokens). */
#ifndef RL_SPEC_PARTING_H
#define RL_SPEC_PARTING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rl_parting {
  uint64_t first, newest;
  uint64_t step; /* tokens that leave together; 0: nothing is kept apart */
} rl_parting;

/* Tokens that the body holds when n are kept: those at positions first ... first + body - 1. */
static inline uint64_t rl_parting_body(const rl_parting *parting, uint64_t n) {
  uint64_t apart = parting->first + parting->newest;
  return n <= apart ? 0 : (n - apart) / parting->step * parting->step;
}

/* Places of the newest: as many tokens as can stand behind the body between two passes. */
static inline uint64_t rl_parting_ring(const rl_parting *parting) {
  return parting->newest + parting->step - 1;
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
  return a->first == b->first && a->newest == b->newest && a->step == b->step;
}

#endif
