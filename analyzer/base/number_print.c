/* Numbers to text. snprintf rounds correctly but writes the locale's decimal point, so only its
 * digits and exponent are taken and the text is laid out here. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/number_exact.h"

enum { DIGITS_MAX = 17, DIGITS_SHORT = 3 };

/* |value| = 0.d1d2d3... * 10^(exponent+1), that is d1.d2d3... * 10^exponent. */
typedef struct digits {
  char text[DIGITS_MAX + 1];
  int count;
  int exponent;
} digits;

/* Reads "d<point>ddde±xx" however many bytes the locale's point has. */
static digits round_to(double value, int count) {
  char text[64];
  digits d = {.count = count};
  snprintf(text, sizeof text, "%.*e", count - 1, fabs(value));
  const char *e = strrchr(text, 'e');
  d.text[0] = text[0];
  memcpy(d.text + 1, e - (count - 1), (size_t)(count - 1));
  uint64_t power = 0;
  rl_scan_u64(e + 2, strlen(e + 2), &power);
  d.exponent = e[1] == '-' ? -(int)power : (int)power;
  return d;
}

static void strip_zeros(digits *d) {
  while (d->count > 1 && d->text[d->count - 1] == '0') d->count--;
  d->text[d->count] = '\0';
}

/* A cursor into the caller's RL_NUMBER_TEXT bytes; what does not fit is dropped, never overrun. */
typedef struct sink {
  char *out;
  size_t length;
} sink;

static void put(sink *s, char c) {
  if (s->length + 1 < RL_NUMBER_TEXT) s->out[s->length++] = c;
  s->out[s->length] = '\0';
}

static void put_text(sink *s, const char *text) {
  for (; *text != '\0'; text++) put(s, *text);
}

static sink open_sink(char out[RL_NUMBER_TEXT]) {
  out[0] = '\0';
  return (sink){.out = out};
}

/* Digits laid out with a decimal point, zeros filled in, thousands grouped if asked. */
static void put_plain(sink *s, const digits *d, bool grouped) {
  if (d->exponent < 0) put(s, '0');
  for (int i = 0; i <= d->exponent; i++) {
    put(s, i < d->count ? d->text[i] : '0');
    int left = d->exponent - i;
    if (grouped && left > 0 && left % 3 == 0) put(s, ',');
  }
  int first = d->exponent + 1; /* index of the first digit behind the point */
  if (first >= d->count) return;
  put(s, '.');
  for (int i = first; i < d->count; i++) put(s, i < 0 ? '0' : d->text[i]);
}

static void put_scientific(sink *s, const digits *d) {
  char power[8];
  put(s, d->text[0]);
  if (d->count > 1) put(s, '.');
  for (int i = 1; i < d->count; i++) put(s, d->text[i]);
  snprintf(power, sizeof power, "e%c%02d", d->exponent < 0 ? '-' : '+', abs(d->exponent) % 1000);
  put_text(s, power);
}

static bool reads_back(const digits *d, double value) {
  char text[RL_NUMBER_TEXT];
  sink s = open_sink(text);
  double back;
  put_scientific(&s, d);
  return rl_scan_double(text, s.length, &back) && back == fabs(value);
}

/* Digits that a bound is told from its rounding noise by: sums of doubles agree at least so far. */
enum { DIGITS_SURE = 12 };

/* One unit more in the last place: 9.99 becomes 10.0. */
static void step_away(digits *d) {
  int i = d->count - 1;
  for (; i >= 0 && d->text[i] == '9'; i--) d->text[i] = '0';
  if (i >= 0) {
    d->text[i]++;
    return;
  }
  d->text[0] = '1';
  d->exponent++;
}

/* As round_to, but in the direction asked for. Noise behind the twelfth digit moves nothing. */
static digits round_toward(double value, int count, rl_rounding rounding) {
  if (rounding == RL_ROUND_NEAREST || count >= DIGITS_SURE) return round_to(value, count);
  digits d = round_to(value, DIGITS_SURE);
  bool rest = false;
  for (int i = count; i < d.count; i++) rest = rest || d.text[i] != '0';
  d.count = count;
  d.text[count] = '\0';
  if (rest && (rounding == RL_ROUND_UP) == (value > 0)) step_away(&d);
  return d;
}

/* The same from exact integers, without the C library: most doubles are written this way. */
static bool exact_digits(double value, digits *d) {
  static const uint64_t carried = UINT64_C(100000000000000000);
  uint64_t decimal;
  if (!rl_exact_digits(value, &decimal, &d->exponent)) return false;
  if (decimal == carried) { /* 9.99 became 10.0 */
    decimal /= 10;
    d->exponent++;
  }
  d->count = DIGITS_MAX;
  for (int i = DIGITS_MAX; i > 0; i--) {
    d->text[i - 1] = (char)('0' + decimal % 10);
    decimal /= 10;
  }
  strip_zeros(d);
  return true;
}

/* Fifteen digits always tell normal doubles of that length apart; below that range, try all. */
static digits shortest(double value) {
  digits exact;
  if (exact_digits(value, &exact)) return exact;
  int count = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
  digits d = round_to(value, count);
  while (count < DIGITS_MAX && !reads_back(&d, value)) d = round_to(value, ++count);
  strip_zeros(&d);
  return d;
}

/* A number for programs, in the digits that `count` asks for: 0 for the shortest. */
static const char *print_plain(double value, int count, char out[RL_NUMBER_TEXT]) {
  sink s = open_sink(out);
  if (!isfinite(value)) {
    put_text(&s, "null");
    return out;
  }
  if (signbit(value)) put(&s, '-');
  if (value == 0) {
    put(&s, '0');
    return out;
  }
  digits d = count == 0 ? shortest(value) : round_to(value, count);
  strip_zeros(&d);
  if (d.exponent < -4 || d.exponent > 16) {
    put_scientific(&s, &d);
  } else {
    put_plain(&s, &d, false);
  }
  return out;
}

const char *rl_print_double(double value, char out[RL_NUMBER_TEXT]) {
  return print_plain(value, 0, out);
}

const char *rl_print_digits(double value, int count, char out[RL_NUMBER_TEXT]) {
  return print_plain(value, count < 1 ? 1 : (count > DIGITS_MAX ? DIGITS_MAX : count), out);
}

/* The locale's point stands between the whole part and the last `decimals` bytes. */
const char *rl_print_fixed(double value, int decimals, char out[RL_NUMBER_TEXT]) {
  enum { DECIMALS_MAX = 9 };
  const double largest = 1e30;
  char text[64];
  if (!(fabs(value) < largest) || decimals < 0 || decimals > DECIMALS_MAX) {
    return rl_print_double(value, out);
  }
  sink s = open_sink(out);
  int length = snprintf(text, sizeof text, "%.*f", decimals, fabs(value));
  if (signbit(value)) put(&s, '-');
  for (const char *c = text; *c >= '0' && *c <= '9'; c++) put(&s, *c);
  if (decimals > 0) put(&s, '.');
  put_text(&s, text + length - decimals);
  return out;
}

const char *rl_print_u64(uint64_t value, char out[RL_NUMBER_TEXT]) {
  char reversed[RL_NUMBER_TEXT];
  size_t count = 0;
  do {
    reversed[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  for (size_t i = 0; i < count; i++) out[i] = reversed[count - 1 - i];
  out[count] = '\0';
  return out;
}

const char *rl_print_hex(uint64_t value, int places, char out[RL_NUMBER_TEXT]) {
  snprintf(out, RL_NUMBER_TEXT, "%0*llX", places, (unsigned long long)value);
  return out;
}

const char *rl_print_grouped(uint64_t value, char out[RL_NUMBER_TEXT]) {
  char plain[RL_NUMBER_TEXT] = "";
  sink s = open_sink(out);
  size_t length = strlen(rl_print_u64(value, plain));
  for (size_t i = 0; i < length; i++) {
    put(&s, plain[i]);
    size_t left = length - 1 - i;
    if (left > 0 && left % 3 == 0) put(&s, ',');
  }
  return out;
}

/* Sign, zero and non-finite values, which need no digits; false when digits are needed. */
static bool put_special(sink *s, double value) {
  if (!isfinite(value)) {
    put_text(s, "n/a");
    return true;
  }
  if (value == 0) {
    put(s, '0');
    return true;
  }
  if (value < 0) put(s, '-');
  return false;
}

/* Digits in groups of three, as a power of ten where they would be too many. */
static void put_digits(sink *s, const digits *d) {
  if (d->exponent < -5 || d->exponent >= 15) {
    put_scientific(s, d);
  } else {
    put_plain(s, d, true);
  }
}

const char *rl_print_rounded(double value, int count, rl_rounding rounding,
                             char out[RL_NUMBER_TEXT]) {
  sink s = open_sink(out);
  if (put_special(&s, value)) return out;
  digits d = round_toward(value, count, rounding);
  put_digits(&s, &d);
  return out;
}

const char *rl_print_short(double value, char out[RL_NUMBER_TEXT]) {
  return rl_print_rounded(value, DIGITS_SHORT, RL_ROUND_NEAREST, out);
}

/* Moves the point by a multiple of three digits, as far as there are prefixes, and adds the digits.
 * The prefix that makes up for it. */
static const char *put_scaled(sink *s, digits *d) {
  static const char *const prefixes[] = {"f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  enum { NO_PREFIX = 5, PREFIXES = sizeof prefixes / sizeof *prefixes };
  int step = (d->exponent + 300) / 3 - 100; /* floor(exponent / 3) */
  if (step < -NO_PREFIX) step = -NO_PREFIX;
  if (step >= PREFIXES - NO_PREFIX) step = PREFIXES - 1 - NO_PREFIX;
  d->exponent -= 3 * step;
  put_digits(s, d);
  return prefixes[step + NO_PREFIX];
}

static const char *print_si(double value, const char *unit, const digits *rounded,
                            char out[RL_NUMBER_TEXT]) {
  sink s = open_sink(out);
  const char *prefix = "";
  if (!put_special(&s, value)) {
    digits d = *rounded;
    prefix = put_scaled(&s, &d);
  }
  if (prefix[0] != '\0' || unit[0] != '\0') put(&s, ' ');
  put_text(&s, prefix);
  put_text(&s, unit);
  return out;
}

const char *rl_print_si_rounded(double value, const char *unit, int count, rl_rounding rounding,
                                char out[RL_NUMBER_TEXT]) {
  digits d = {0};
  if (isfinite(value) && value != 0) d = round_toward(value, count, rounding);
  return print_si(value, unit, &d, out);
}

const char *rl_print_si(double value, const char *unit, char out[RL_NUMBER_TEXT]) {
  return rl_print_si_rounded(value, unit, DIGITS_SHORT, RL_ROUND_NEAREST, out);
}

const char *rl_print_si_exact(double value, const char *unit, char out[RL_NUMBER_TEXT]) {
  digits d = {0};
  if (isfinite(value) && value != 0) d = shortest(value);
  return print_si(value, unit, &d, out);
}

void rl_print_si_apart(double need, double have, const char *unit, char need_text[RL_NUMBER_TEXT],
                       char have_text[RL_NUMBER_TEXT]) {
  int count = DIGITS_SHORT;
  do {
    rl_print_si_rounded(need, unit, count, RL_ROUND_NEAREST, need_text);
    rl_print_si_rounded(have, unit, count, RL_ROUND_NEAREST, have_text);
  } while (strcmp(need_text, have_text) == 0 && ++count <= DIGITS_MAX);
  if (count > DIGITS_MAX) return; /* equal */
  rl_print_si_rounded(need, unit, count, RL_ROUND_UP, need_text);
}
