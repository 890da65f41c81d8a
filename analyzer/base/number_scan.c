/* Decimal text to u64 and to the nearest double, by a grammar of our own and without locale.
 * Most numbers take the exact fast path of Clinger, "How to Read Floating Point Numbers Accurately"
 * (PLDI 1990); the others are divided out in big integers, bit by bit, and rounded half to even. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"

bool rl_scan_u64(const char *text, size_t length, uint64_t *out) {
  uint64_t value = 0;
  if (length == 0) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    if (!rl_mul_u64(value, 10, &value)) return false;
    if (!rl_add_u64(value, (uint64_t)(text[i] - '0'), &value)) return false;
  }
  *out = value;
  return true;
}

/* A token of the grammar taken apart: digits are those of [0-9]+(.[0-9]+)? without the point. */
typedef struct decimal {
  bool negative;
  const char *whole, *fraction;
  size_t whole_count, fraction_count;
  int exponent; /* as written, clamped to ±EXPONENT_CLAMP */
} decimal;

enum { EXPONENT_CLAMP = 1000000 };

static size_t digit_run(const char *text, size_t length) {
  size_t count = 0;
  while (count < length && text[count] >= '0' && text[count] <= '9') count++;
  return count;
}

/* [+-]?[0-9]+ to the end of the text. */
static bool split_exponent(const char *text, size_t length, int *out) {
  bool negative = length > 0 && text[0] == '-';
  size_t sign = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  size_t digits = digit_run(text + sign, length - sign);
  if (digits == 0 || sign + digits != length) return false;
  int value = 0;
  for (size_t i = sign; i < length; i++) {
    if (value < EXPONENT_CLAMP) value = value * 10 + (text[i] - '0');
  }
  if (value > EXPONENT_CLAMP) value = EXPONENT_CLAMP;
  *out = negative ? -value : value;
  return true;
}

static bool split_decimal(const char *text, size_t length, decimal *out) {
  *out = (decimal){.negative = length > 0 && text[0] == '-', .fraction = ""};
  size_t at = out->negative ? 1 : 0;
  out->whole = text + at;
  out->whole_count = digit_run(text + at, length - at);
  if (out->whole_count == 0) return false;
  at += out->whole_count;
  if (at < length && text[at] == '.') {
    at++;
    out->fraction = text + at;
    out->fraction_count = digit_run(text + at, length - at);
    if (out->fraction_count == 0) return false;
    at += out->fraction_count;
  }
  if (at == length) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  return split_exponent(text + at + 1, length - at - 1, &out->exponent);
}

static size_t digit_count(const decimal *d) {
  return d->whole_count + d->fraction_count;
}

static unsigned digit_at(const decimal *d, size_t i) {
  char c = i < d->whole_count ? d->whole[i] : d->fraction[i - d->whole_count];
  return (unsigned)(c - '0');
}

/* The digits that carry the value, without leading and trailing zeros: first .. end. */
static void significant_digits(const decimal *d, size_t *first, size_t *end) {
  *first = 0;
  *end = digit_count(d);
  while (*first < *end && digit_at(d, *first) == 0) ++*first;
  while (*end > *first && digit_at(d, *end - 1) == 0) --*end;
}

bool rl_scan_decimal(const char *text, size_t length, bool *negative, uint64_t *digits,
                     int *exponent10) {
  decimal d;
  size_t first, end;
  if (!split_decimal(text, length, &d)) return false;
  significant_digits(&d, &first, &end);
  uint64_t value = 0;
  for (size_t i = first; i < end; i++) {
    if (!rl_mul_u64(value, 10, &value) || !rl_add_u64(value, digit_at(&d, i), &value)) return false;
  }
  if (digit_count(&d) > EXPONENT_CLAMP) return false;
  *negative = d.negative;
  *digits = value;
  *exponent10 = value == 0 ? 0 : d.exponent + (int)d.whole_count - (int)end;
  return true;
}

/* Exact when digits <= 2^53 and |exponent| <= 22: both operands are doubles and one rounding is
 * left (Clinger 1990, section 4). */
static bool fast_double(uint64_t digits, int exponent, double *out) {
  static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits > (UINT64_C(1) << 53) || exponent < -22 || exponent > 22) return false;
  *out = exponent < 0 ? (double)digits / tens[-exponent] : (double)digits * tens[exponent];
  return true;
}

/* Natural numbers below 2^(32*BIG_WORDS), little-endian. The largest ever held is the divisor of a
 * subnormal, 10^(BIG_DIGITS + 1 + 323) < 2^3735, and its double. */
enum { BIG_WORDS = 124, BIG_DIGITS = 800 };

typedef struct big {
  uint32_t words[BIG_WORDS];
  size_t count; /* words in use; the highest one is not 0 */
} big;

static void big_muladd(big *b, uint32_t factor, uint32_t summand) {
  uint64_t carry = summand;
  for (size_t i = 0; i < b->count; i++) {
    carry += (uint64_t)b->words[i] * factor;
    b->words[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0 && b->count < BIG_WORDS) b->words[b->count++] = (uint32_t)carry;
}

static void big_mul_power10(big *b, int exponent) {
  for (; exponent >= 9; exponent -= 9) big_muladd(b, 1000000000, 0);
  for (; exponent > 0; exponent--) big_muladd(b, 10, 0);
}

static int big_bits(const big *b) {
  return b->count == 0 ? 0 : (int)b->count * 32 - __builtin_clz(b->words[b->count - 1]);
}

static void big_shift(big *b, int bits) {
  for (; bits >= 31; bits -= 31) big_muladd(b, UINT32_C(1) << 31, 0);
  big_muladd(b, UINT32_C(1) << bits, 0);
}

static int big_compare(const big *a, const big *b) {
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  for (size_t i = a->count; i-- > 0;) {
    if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
  }
  return 0;
}

/* *a -= b where a >= b */
static void big_sub(big *a, const big *b) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < a->count; i++) {
    uint64_t take = borrow + (i < b->count ? b->words[i] : 0);
    borrow = a->words[i] < take;
    a->words[i] = (uint32_t)(a->words[i] - take);
  }
  while (a->count > 0 && a->words[a->count - 1] == 0) a->count--;
}

/* Scales n/d into [1, 2) and returns e so that the old value is (n/d) * 2^e. */
static int normalize(big *n, big *d) {
  int exponent = big_bits(n) - big_bits(d);
  if (exponent > 0) big_shift(d, exponent);
  if (exponent < 0) big_shift(n, -exponent);
  if (big_compare(n, d) < 0) {
    big_shift(n, 1);
    exponent--;
  }
  return exponent;
}

/* The double nearest to n/d, ties to even: 53 bits, fewer below 2^-1022. */
static double divide(big *n, big *d) {
  int exponent = normalize(n, d);
  int bits = exponent >= -1022 ? 53 : 53 - (-1022 - exponent);
  if (bits < 0) return 0;
  if (exponent > 1023) return (double)INFINITY;
  uint64_t mantissa = 0;
  for (int i = 0; i < bits; i++) {
    bool one = big_compare(n, d) >= 0;
    if (one) big_sub(n, d);
    mantissa = mantissa << 1 | one;
    big_shift(n, 1);
  }
  /* n/d in [0, 2) is now twice the part of the last place that is left. */
  int rest = big_compare(n, d);
  if (rest > 0 || (rest == 0 && (mantissa & 1) != 0)) mantissa++;
  return ldexp((double)mantissa, exponent - bits + 1);
}

/* Digits beyond BIG_DIGITS only matter by not being zero: a midpoint between doubles has at most
 * 768 significant digits. */
static double exact_double(const decimal *d, size_t first, size_t end, int exponent) {
  big n = {.count = 0}, divisor = {.words = {1}, .count = 1};
  size_t kept = end - first;
  bool cut = kept > BIG_DIGITS;
  if (cut) {
    exponent += (int)(kept - BIG_DIGITS);
    kept = BIG_DIGITS;
  }
  for (size_t i = 0; i < kept; i++) big_muladd(&n, 10, digit_at(d, first + i));
  if (cut) {
    big_muladd(&n, 10, 1);
    exponent--;
  }
  if (exponent >= 0) {
    big_mul_power10(&n, exponent);
  } else {
    big_mul_power10(&divisor, -exponent);
  }
  return divide(&n, &divisor);
}

bool rl_scan_double(const char *text, size_t length, double *out) {
  decimal d;
  size_t first, end;
  uint64_t digits = 0;
  int exponent = 0;
  bool negative;
  double value = 0;
  if (!split_decimal(text, length, &d) || digit_count(&d) > EXPONENT_CLAMP) return false;
  significant_digits(&d, &first, &end);
  bool short_form = rl_scan_decimal(text, length, &negative, &digits, &exponent);
  if (!short_form || !fast_double(digits, exponent, &value)) {
    exponent = d.exponent + (int)d.whole_count - (int)end;
    /* The value lies in [10^(magnitude-1), 10^magnitude). */
    int magnitude = exponent + (int)(end - first);
    if (magnitude > 309 || magnitude < -323) return false;
    value = exact_double(&d, first, end, exponent);
    if (!isfinite(value) || value == 0) return false;
  }
  *out = d.negative ? -value : value;
  return true;
}
