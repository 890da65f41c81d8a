/* How many experts a set of tokens chooses, in expectation, as an integer that is the same on every
 * machine. */
#include "base/checked.h"
#include "cost/cost.h"

/* A share of one in units of 2^-64; one itself does not occur. */
static uint64_t multiply(uint64_t a, uint64_t b) {
  const rl_u128 half = (rl_u128)1 << 63;
  return (uint64_t)(((rl_u128)a * b + half) >> 64);
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
uint64_t rl_expected_experts(uint64_t experts, uint64_t top_k, uint64_t n) {
  const rl_u128 half = (rl_u128)1 << 63;
  if (n == 0) return 0;
  if (top_k >= experts) return experts * RL_EXPERT_UNIT;
  uint64_t share = (uint64_t)(((rl_u128)(experts - top_k) << 64) / experts);
  rl_u128 all = (rl_u128)experts * RL_EXPERT_UNIT;
  return (uint64_t)(((all << 64) - all * power(share, n) + half) >> 64);
}
