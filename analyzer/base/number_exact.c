/* value = m * 2^e with a whole m of 53 bits. Scaled by 10^k so that 17 digits stand in front of the
 * point, m * 10^k is a whole number below 2^128 for k <= 22: what is rounded, and how far the
 * rounded number is from the value, is compared without error. */
#include "base/number_exact.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 wide_signed;

enum { MANTISSA = 53, DIGITS = 17, POWER_MAX = 22 };

static const uint64_t powers[] = {
    UINT64_C(1),         UINT64_C(10),         UINT64_C(100),         UINT64_C(1000),
    UINT64_C(10000),     UINT64_C(100000),     UINT64_C(1000000),     UINT64_C(10000000),
    UINT64_C(100000000), UINT64_C(1000000000), UINT64_C(10000000000), UINT64_C(100000000000)};
enum { POWERS = sizeof powers / sizeof *powers };

/* k of 0 to 22. */
static wide power_of_ten(int k) {
  return k < POWERS ? powers[k] : (wide)powers[POWERS - 1] * powers[k - (POWERS - 1)];
}

/* value * 10^k = whole + rest / 2^shift. */
typedef struct scaled {
  uint64_t whole;
  wide rest;
  int shift;
} scaled;

/* False unless `whole` has 17 digits. */
static bool scale(uint64_t mantissa, int e, wide power, scaled *out) {
  static const uint64_t least = UINT64_C(10000000000000000);
  const wide product = mantissa * power;
  out->shift = -e;
  out->whole = (uint64_t)(product >> out->shift);
  out->rest = product - ((wide)out->whole << out->shift);
  return (product >> out->shift) < (wide)least * 10 && out->whole >= least;
}

/* The value rounded to a multiple of `unit`, ties to even. */
static uint64_t round_to(const scaled *s, uint64_t unit) {
  uint64_t count = s->whole / unit;
  const uint64_t left = s->whole % unit;
  /* twice what is left against one unit */
  const wide twice = ((wide)(2 * left) << s->shift) + 2 * s->rest, one = (wide)unit << s->shift;
  if (twice > one || (twice == one && count % 2 == 1)) count++;
  return count * unit;
}

/* Nearer to the value than half a step to the next double; a tie reads back as the even one. */
static bool reads_back(const scaled *s, uint64_t decimal, wide power, bool even) {
  const wide_signed difference = (wide_signed)decimal - (wide_signed)s->whole;
  const wide_signed away = difference * ((wide_signed)1 << s->shift) - (wide_signed)s->rest;
  const wide twice = 2 * (wide)(away < 0 ? -away : away);
  return twice < power || (twice == power && even);
}

bool rl_exact_digits(double value, uint64_t *decimal, int *exponent) {
  static const double least = 1e-6, most = 1e15;
  int e;
  const double size = fabs(value);
  if (!(size >= least && size < most)) return false;
  const double fraction = frexp(size, &e);
  const uint64_t mantissa = (uint64_t)ldexp(fraction, MANTISSA);
  if (fraction == 0.5) return false; /* steps below a power of two are half of those above */
  e -= MANTISSA;
  scaled s;
  int k = (int)floor((DIGITS - 1) - log10(size));
  if (k > POWER_MAX) k = POWER_MAX;
  if (!scale(mantissa, e, power_of_ten(k), &s)) {
    k += s.whole >= UINT64_C(100000000000000000) ? -1 : 1;
    if (k > POWER_MAX || !scale(mantissa, e, power_of_ten(k), &s)) return false;
  }
  const wide power = power_of_ten(k);
  *exponent = DIGITS - 1 - k;
  for (uint64_t unit = 100; unit >= 1; unit /= 10) {
    *decimal = round_to(&s, unit);
    if (unit == 1 || reads_back(&s, *decimal, power, mantissa % 2 == 0)) return true;
  }
  return false;
}
