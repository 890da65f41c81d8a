/* Tokens of a cache in whole pages. A sequence begins with a page; what is left of it when older
 * tokens are dropped begins where it comes to. */
#ifndef RL_COST_PAGES_H
#define RL_COST_PAGES_H

#include "base/checked.h"

static inline uint64_t rl_common_divisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Pages that `rows` tokens in a row touch which begin at a multiple of `step`: their first one lies
 * at worst so far from the end of its page as the common divisor of both, and the rest, but for
 * what that page takes, begins with the next. Never more than those of `all` tokens, the whole
 * sequence. */
static inline uint64_t rl_pages_held(uint64_t rows, uint64_t all, uint64_t step, uint64_t page) {
  if (rows == 0 || rows == all) return rl_ceil_div(rows, page);
  const uint64_t first = step == 1 ? 1 : rl_common_divisor(step, page);
  const uint64_t touched = 1 + rl_ceil_div(rows - rl_min_u64(rows, first), page);
  return rl_min_u64(touched, rl_ceil_div(all, page));
}

#endif
