/* How many experts a set of tokens chooses, in expectation, as an integer that is the same on every
 * machine. */
#include "cost/expert_table.h"

#include "base/checked.h"
#include "cost/cost.h"

#define HALF ((rl_u128)1 << 63)

/* A share of one in units of 2^-64; one itself does not occur. */
static uint64_t multiply(uint64_t a, uint64_t b) {
  return (uint64_t)(((rl_u128)a * b + HALF) >> 64);
}

/* share^n for n >= 1, by squaring. */
static uint64_t power(uint64_t share, uint64_t n) {
  uint64_t result = share;
  for (n--; n > 0; n /= 2) {
    if (n % 2 == 1) result = multiply(result, share);
    share = multiply(share, share);
  }
  return result;
}

/* An expert is left out by one token with probability q = 1 - k/E, by all n of them with q^n.
 * Shares are kept in units of 2^-64. The first one errs by less than a unit, each product by half
 * of one, and a product adds the errors of its factors: q^n errs by less than 2 n q^(n-1) units, at
 * most E / k. Times E 2^20 that is 2^44 units, 2^-20 of a unit of the result, for 2^12 experts. So
 * the result is the nearest unit unless the real number lies that close to the middle of two; and
 * it never falls when n grows, because where the last unit is in question, E q^n is half a unit or
 * more and neighbours differ by k / E of that, 2^-13 at least. */
static uint64_t expected_alike(uint64_t members, uint64_t experts, uint64_t top_k, uint64_t n) {
  if (n == 0) return 0;
  if (top_k >= experts) return members * RL_EXPERT_UNIT;
  uint64_t share = (uint64_t)(((rl_u128)(experts - top_k) << 64) / experts);
  rl_u128 all = (rl_u128)members * RL_EXPERT_UNIT;
  return (uint64_t)(((all << 64) - all * power(share, n) + HALF) >> 64);
}

uint64_t rl_expected_experts(uint64_t experts, uint64_t top_k, uint64_t n) {
  return expected_alike(experts, experts, top_k, n);
}

/* The rank on which the sum of 1 - shares[e] is largest, in RL_EXPERT_UNIT. The error of every
 * share is that of expected_alike with the expert's own q. */
static uint64_t largest_rank(const rl_draw *draw, const uint64_t *shares) {
  rl_u128 most = 0;
  for (uint64_t r = 0; r < draw->ranks; r++) {
    rl_u128 sum = 0;
    for (uint64_t at = draw->first[r]; at < draw->first[r + 1]; at++) {
      if (draw->missed[at] != UINT64_MAX) sum += ((rl_u128)1 << 64) - shares[at];
    }
    if (sum > most) most = sum;
  }
  return (uint64_t)((most * RL_EXPERT_UNIT + HALF) >> 64);
}

rl_status rl_draw_tabulate(rl_arena *arena, rl_draw *draw, rl_diags *diags) {
  uint64_t *table = RL_NEW_ARRAY(arena, uint64_t, RL_DRAW_TOKENS_MAX);
  uint64_t *shares = RL_NEW_ARRAY(arena, uint64_t, draw->experts);
  if (table == NULL || shares == NULL) return rl_diag_oom(diags);
  for (uint64_t at = 0; at < draw->experts; at++) shares[at] = draw->missed[at];
  for (uint64_t n = 1; n < RL_DRAW_TOKENS_MAX; n++) {
    table[n] = largest_rank(draw, shares);
    for (uint64_t at = 0; at < draw->experts; at++) {
      shares[at] = multiply(shares[at], draw->missed[at]);
    }
  }
  draw->table = table;
  return RL_OK;
}

/* As largest_rank, of many tokens: the powers are taken one by one, so that nothing is stored. */
static uint64_t many_tokens(const rl_draw *draw, uint64_t n) {
  rl_u128 most = 0;
  for (uint64_t r = 0; r < draw->ranks; r++) {
    rl_u128 sum = 0;
    for (uint64_t at = draw->first[r]; at < draw->first[r + 1]; at++) {
      if (draw->missed[at] == UINT64_MAX) continue;
      sum += ((rl_u128)1 << 64) - power(draw->missed[at], n);
    }
    if (sum > most) most = sum;
  }
  return (uint64_t)((most * RL_EXPERT_UNIT + HALF) >> 64);
}

uint64_t rl_mean_rank_experts(const rl_draw *draw, uint64_t n) {
  if (draw->missed == NULL) {
    uint64_t members = rl_ceil_div(draw->experts, draw->ranks);
    return expected_alike(members, draw->experts, draw->top_k, n);
  }
  return draw->table != NULL && n < RL_DRAW_TOKENS_MAX ? draw->table[n] : many_tokens(draw, n);
}

bool rl_mean_rank_choices(const rl_draw *draw, uint64_t n, uint64_t *value) {
  rl_u128 choices = ((rl_u128)n * draw->busiest + ((rl_u128)1 << 23)) >> 24;
  *value = (uint64_t)choices;
  return choices <= UINT64_MAX;
}

uint64_t rl_draw_used(const rl_draw *draw, uint64_t at, uint64_t n) {
  const uint64_t left = draw->experts - draw->top_k;
  uint64_t missed = (uint64_t)(((rl_u128)left << 64) / draw->experts);
  if (draw->missed != NULL) missed = draw->missed[at];
  if (missed == UINT64_MAX) return 0;
  return RL_SHAPE_UNIT - (power(missed, n) >> 32);
}

uint64_t rl_expected_rank_experts(const rl_draw *draw, uint64_t n) {
  if (draw->ranks <= 1) return rl_mean_rank_experts(draw, n);
  const uint64_t *most = draw->most[RL_DRAW_EXPERTS];
  if (n < draw->end) return most[n];
  return rl_max_u64(most[draw->end - 1], rl_mean_rank_experts(draw, n));
}

/* The largest whole number whose square is at most x. */
static uint64_t root(rl_u128 x) {
  uint64_t result = 0;
  for (int bit = 63; bit >= 0; bit--) {
    uint64_t larger = result | UINT64_C(1) << bit;
    if ((rl_u128)larger * larger <= x) result = larger;
  }
  return result;
}

/* What the largest of sums of n tokens has beyond its mean, from that of the last in the table: as
 * their root where ranks are alike, else no more. */
static uint64_t excess_of(const rl_draw *draw, uint64_t n, uint64_t last) {
  enum { TOKENS_BITS = 40 };
  if (draw->missed != NULL) return last;
  rl_u128 growth = (rl_u128)rl_min_u64(n, UINT64_C(1) << TOKENS_BITS) << 40;
  return (uint64_t)((rl_u128)last * root(growth / (draw->end - 1)) >> 20);
}

bool rl_expected_rank_choices(const rl_draw *draw, uint64_t n, uint64_t *value) {
  uint64_t mean;
  if (draw->ranks <= 1) return rl_mean_rank_choices(draw, n, value);
  const uint64_t *most = draw->most[RL_DRAW_CHOICES], last = draw->end - 1;
  *value = n < draw->end ? most[n] : 0;
  if (n < draw->end) return true;
  return rl_mean_rank_choices(draw, last, &mean) && rl_mean_rank_choices(draw, n, value) &&
         rl_add_u64(*value, excess_of(draw, n, most[last] - mean), value);
}

bool rl_expected_rank_tokens(const rl_draw *draw, uint64_t n, uint64_t *value) {
  if (draw->ranks <= 1) return rl_mul_u64(n, RL_EXPERT_UNIT, value);
  const uint64_t *most = draw->most[RL_DRAW_TOKENS], last = draw->end - 1;
  *value = n < draw->end ? most[n] : 0;
  if (n < draw->end) return true;
  const uint64_t shift = RL_SHAPE_UNIT / RL_EXPERT_UNIT;
  uint64_t mean = (uint64_t)((rl_u128)last * draw->most_tokens / shift), all;
  rl_u128 now = (rl_u128)n * draw->most_tokens / shift;
  uint64_t beyond = most[last] > mean ? most[last] - mean : 0;
  if (now > UINT64_MAX || !rl_mul_u64(n, RL_EXPERT_UNIT, &all)) return false;
  if (!rl_add_u64((uint64_t)now, excess_of(draw, n, beyond), value)) return false;
  *value = rl_min_u64(rl_max_u64(*value, most[last]), all);
  return true;
}
