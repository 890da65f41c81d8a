/* Closed forms over every n-th position from c on; see dealt.h. n ranks, w window. */
#include "cost/dealt.h"

#include "base/checked.h"

/* Positions below `end` that are c, c + n, c + 2n, ... */
static uint64_t count_below(uint64_t end, uint64_t n, uint64_t c) {
  return end > c ? (end - c - 1) / n + 1 : 0;
}

uint64_t rl_dealt_positions(rl_deal deal, uint64_t first, uint64_t end) {
  if (deal.place == 0) return rl_ceil_div(end - first, deal.ranks);
  const uint64_t c = deal.place - 1;
  return count_below(end, deal.ranks, c) - count_below(first, deal.ranks, c);
}

/* The rank's positions in the stretch: `count` of them, every n-th from `first` on. */
typedef struct own_positions {
  uint64_t first, count;
} own_positions;

static own_positions find_own(rl_deal deal, const rl_stretch *of) {
  const uint64_t n = deal.ranks, last = of->end - 1;
  const uint64_t count = rl_dealt_positions(deal, of->first, of->end);
  const uint64_t c = deal.place == 0 ? last % n : deal.place - 1;
  if (count == 0) return (own_positions){0, 0};
  const uint64_t own_last = last - (last % n + n - c) % n;
  return (own_positions){own_last - (count - 1) * n, count};
}

/* sum over i < count of first + i * step */
static bool sum_series(uint64_t first, uint64_t step, uint64_t count, uint64_t *sum) {
  uint64_t pairs = 0, even = count % 2 == 0 ? count / 2 : count;
  const uint64_t other = count % 2 == 0 ? count - 1 : (count - 1) / 2;
  *sum = 0;
  if (count == 0) return true;
  return rl_mul_u64(even, other, &pairs) && rl_mul_u64(pairs, step, sum) &&
         rl_muladd_u64(sum, first, count);
}

bool rl_dealt_query_pairs(rl_deal deal, const rl_stretch *of, uint64_t *pairs) {
  const own_positions own = find_own(deal, of);
  const uint64_t w = of->window;
  uint64_t growing = own.count;
  if (w != 0) {
    growing = own.first + 1 < w ? rl_ceil_div(w - own.first - 1, deal.ranks) : 0;
    growing = rl_min_u64(growing, own.count);
  }
  return sum_series(own.first + 1, deal.ranks, growing, pairs) &&
         rl_muladd_u64(pairs, own.count - growing, w);
}

/* Every query sees min(n, w) rows that the one before it, n positions back, did not. */
uint64_t rl_dealt_rows_seen(rl_deal deal, const rl_stretch *of) {
  const own_positions own = find_own(deal, of);
  if (own.count == 0) return 0;
  if (of->window == 0) return own.first + (own.count - 1) * deal.ranks + 1;
  return rl_min_u64(own.first + 1, of->window) +
         (own.count - 1) * rl_min_u64(deal.ranks, of->window);
}

/* sum over z < m of floor(z / n) */
static bool sum_floors(uint64_t m, uint64_t n, uint64_t *sum) {
  const uint64_t whole = m / n;
  uint64_t steps;
  return sum_series(0, 1, whole, &steps) && rl_mul_u64(steps, n, sum) &&
         rl_muladd_u64(sum, m % n, whole);
}

/* sum over y = 1 ... x of the positions below y that are c, c + n, ...: floor((y + n - 1 - c) / n)
 * of each */
static bool sum_below(uint64_t x, uint64_t n, uint64_t c, uint64_t *sum) {
  uint64_t m;
  return rl_add_u64(x, n - c, &m) && sum_floors(m, n, sum);
}

/* The same over y = from + 1 ... to, all of which are moved back by `shift`, none below 0. */
static bool sum_between(const rl_stretch *of, uint64_t shift, uint64_t n, uint64_t c,
                        uint64_t *sum) {
  uint64_t before;
  const uint64_t to = of->end - rl_min_u64(of->end, shift);
  const uint64_t from = of->first - rl_min_u64(of->first, shift);
  return sum_below(to, n, c, sum) && sum_below(from, n, c, &before) &&
         rl_sub_u64(*sum, before, sum);
}

/* Without a window the first rank has the most of every query. Under one the queries with fewer
 * keys are counted so, the others with the most that some rank has of a full window. */
static bool most_key_pairs(uint64_t n, const rl_stretch *of, uint64_t *pairs) {
  const uint64_t w = of->window;
  rl_stretch growing = *of;
  if (w == 0) return sum_between(of, 0, n, 0, pairs);
  growing.end = rl_min_u64(of->end, w - 1);
  growing.first = rl_min_u64(of->first, growing.end);
  const uint64_t full = of->end - rl_max_u64(of->first, growing.end);
  return sum_between(&growing, 0, n, 0, pairs) && rl_muladd_u64(pairs, full, rl_ceil_div(w, n));
}

bool rl_dealt_key_pairs(rl_deal deal, const rl_stretch *of, uint64_t *pairs) {
  if (deal.place == 0) return most_key_pairs(deal.ranks, of, pairs);
  const uint64_t c = deal.place - 1;
  uint64_t unseen = 0;
  return sum_between(of, 0, deal.ranks, c, pairs) &&
         (of->window == 0 || sum_between(of, of->window, deal.ranks, c, &unseen)) &&
         rl_sub_u64(*pairs, unseen, pairs);
}
