/* Exact rationals. Sums and products are formed in 128 bits after common factors are taken out, so
 * that only a result that truly does not fit is refused. */
#include "doc/rational.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/number.h"

static rl_u128 gcd(rl_u128 a, rl_u128 b) {
  while (b != 0) {
    rl_u128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* num/den in lowest terms, when both fit. */
static bool make(bool negative, rl_u128 num, rl_u128 den, rl_value *out) {
  rl_u128 common = gcd(num, den);
  num /= common;
  den /= common;
  if (num > UINT64_MAX || den > UINT64_MAX) return false;
  *out = (rl_value){.kind = RL_VALUE_NUMBER,
                    .negative = negative && num != 0,
                    .num = (uint64_t)num,
                    .den = (uint64_t)den};
  return true;
}

rl_value rl_rational_integer(uint64_t value) {
  return (rl_value){.kind = RL_VALUE_NUMBER, .num = value, .den = 1};
}

/* a/b + c/d over the least common denominator: a*(d/g) and c*(b/g) stay below 2^128, their sum may
 * not. */
bool rl_rational_add(const rl_value *a, const rl_value *b, rl_value *out) {
  uint64_t common = (uint64_t)gcd(a->den, b->den);
  rl_u128 left = (rl_u128)a->num * (b->den / common);
  rl_u128 right = (rl_u128)b->num * (a->den / common);
  rl_u128 den = (rl_u128)a->den * (b->den / common);
  if (a->negative != b->negative) {
    bool swap = right > left;
    return make(swap ? b->negative : a->negative, swap ? right - left : left - right, den, out);
  }
  rl_u128 sum;
  if (__builtin_add_overflow(left, right, &sum)) return false;
  return make(a->negative, sum, den, out);
}

bool rl_rational_sub(const rl_value *a, const rl_value *b, rl_value *out) {
  rl_value opposite = *b;
  opposite.negative = !b->negative;
  return rl_rational_add(a, &opposite, out);
}

bool rl_rational_mul(const rl_value *a, const rl_value *b, rl_value *out) {
  return make(a->negative != b->negative, (rl_u128)a->num * b->num, (rl_u128)a->den * b->den, out);
}

bool rl_rational_div(const rl_value *a, const rl_value *b, rl_value *out) {
  return make(a->negative != b->negative, (rl_u128)a->num * b->den, (rl_u128)a->den * b->num, out);
}

bool rl_rational_ceil(const rl_value *a, rl_value *out) {
  uint64_t whole = a->num / a->den;
  if (!a->negative && a->num % a->den != 0) whole++; /* den >= 2 here: cannot wrap */
  return make(a->negative, whole, 1, out);
}

int rl_rational_compare(const rl_value *a, const rl_value *b) {
  if (a->negative != b->negative) return a->negative ? -1 : 1;
  rl_u128 left = (rl_u128)a->num * b->den, right = (rl_u128)b->num * a->den;
  int order = (left > right) - (left < right);
  return a->negative ? -order : order;
}

bool rl_rational_scan(const char *text, size_t length, rl_value *out) {
  bool negative;
  uint64_t digits, num, den = 1;
  int exponent;
  if (!rl_scan_decimal(text, length, &negative, &digits, &exponent)) return false;
  /* Factors of the denominator are taken out as they arise: 0.5 is 5/10, 1e-19 just fits. */
  num = digits;
  for (; exponent > 0; exponent--) {
    if (!rl_mul_u64(num, 10, &num)) return false;
  }
  for (; exponent < 0; exponent++) {
    uint64_t factor = 10;
    if (num % 2 == 0) num /= 2, factor /= 2;
    if (num % 5 == 0) num /= 5, factor /= 5;
    if (!rl_mul_u64(den, factor, &den)) return false;
  }
  return make(negative, num, den, out);
}

const char *rl_rational_print(const rl_value *value, char *out) {
  char digits[RL_NUMBER_TEXT];
  size_t length = value->negative ? 1 : 0;
  out[0] = '-';
  rl_print_u64(value->num, digits);
  memcpy(out + length, digits, strlen(digits) + 1);
  length += strlen(digits);
  if (value->den == 1) return out;
  out[length++] = '/';
  rl_print_u64(value->den, digits);
  memcpy(out + length, digits, strlen(digits) + 1);
  return out;
}

/* The quotient with at least 63 bits and a sticky last bit rounds as the exact value does. */
bool rl_value_is_true(const rl_value *value) {
  if (value->kind == RL_VALUE_NUMBER) return value->num != 0;
  if (value->kind == RL_VALUE_TEXT) return value->text[0] != '\0';
  return value->kind == RL_VALUE_NODE;
}

double rl_value_double(const rl_value *value) {
  if (value->kind != RL_VALUE_NUMBER || value->num == 0) return 0;
  int shift = 64 + __builtin_clzll(value->num);
  rl_u128 num = (rl_u128)value->num << shift;
  rl_u128 quotient = num / value->den;
  if (num % value->den != 0) quotient |= 1;
  double magnitude = ldexp((double)quotient, -shift);
  return value->negative ? -magnitude : magnitude;
}
