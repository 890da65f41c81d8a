/* Powers i^-s in integers, the same on every machine: the logarithm by squaring, the exponential as
 * a product of roots of 1/2 (Knuth, The Art of Computer Programming 1, 1.2.2, exercises 25 and 28).
 */
#include "base/checked.h"
#include "cost/expert_draw.h"

enum { LOG_BITS = 56 }; /* digits of the logarithm after the point */
#define HALF (UINT64_C(1) << 63)

/* log2(i) in units of 2^-56 for 1 <= i < 2^63. */
static uint64_t logarithm(uint64_t i) {
  uint64_t whole = 0, fraction = 0;
  while (i >> whole > 1) whole++;
  uint64_t y = i << (63 - whole); /* in [1, 2), in units of 2^-63 */
  for (int bit = 0; bit < LOG_BITS; bit++) {
    rl_u128 square = (rl_u128)y * y; /* in [1, 4), in units of 2^-126 */
    bool above = square >> 127 != 0;
    y = (uint64_t)(square >> (above ? 64 : 63));
    fraction = fraction << 1 | above;
  }
  return whole << LOG_BITS | fraction;
}

/* The root of a share of one, both in units of 2^-64, by bits from the highest. */
static uint64_t root(uint64_t share) {
  const rl_u128 square = (rl_u128)share << 64;
  uint64_t result = 0;
  for (int bit = 63; bit >= 0; bit--) {
    uint64_t larger = result | UINT64_C(1) << bit;
    if ((rl_u128)larger * larger <= square) result = larger;
  }
  return result;
}

void rl_power_law(uint64_t exponent, size_t count, uint64_t *weights) {
  const uint64_t mask = (UINT64_C(1) << LOG_BITS) - 1;
  uint64_t roots[LOG_BITS], share = HALF; /* 2^(-2^-1), 2^(-2^-2), ... */
  for (int bit = 0; bit < LOG_BITS; bit++) roots[bit] = share = root(share);
  for (size_t i = 0; i < count; i++) {
    rl_u128 power = (rl_u128)logarithm(i + 1) * exponent / RL_SKEW_EXPONENT_UNIT;
    uint64_t whole = (uint64_t)(power >> LOG_BITS), fraction = (uint64_t)power & mask;
    rl_u128 value = (rl_u128)1 << 64;
    for (int bit = 0; bit < LOG_BITS; bit++) {
      if (fraction >> (LOG_BITS - 1 - bit) & 1) value = value * roots[bit] >> 64;
    }
    weights[i] = whole > 50 ? 0 : (uint64_t)(value >> 14 >> whole); /* 2^64 is RL_SKEW_UNIT */
  }
}
