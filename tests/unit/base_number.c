/* Numbers in and out of text. The reference for doubles is the C library, in the C locale. */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static bool scan(const char *text, double *out) {
  return rl_scan_double(text, strlen(text), out);
}

static void check_bits(const char *text, double expected) {
  double value = -1;
  bool same = scan(text, &value) && memcmp(&value, &expected, sizeof value) == 0;
  if (!same) fprintf(stderr, "\n%s -> %a, expected %a\n", text, value, expected);
  CU_ASSERT(same);
}

static void test_u64(void) {
  uint64_t value = 7;
  CU_ASSERT(rl_scan_u64("18446744073709551615", 20, &value) && value == UINT64_MAX);
  CU_ASSERT(rl_scan_u64("0", 1, &value) && value == 0);
  CU_ASSERT(rl_scan_u64("12x", 2, &value) && value == 12);
  static const char *const bad[] = {"",
                                    "18446744073709551616",
                                    "99999999999999999999",
                                    "+1",
                                    "-1",
                                    " 1",
                                    "1 ",
                                    "1_000",
                                    "0x10",
                                    "1.0",
                                    "1e3",
                                    "\xd9\xa1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    value = 7;
    CU_ASSERT(!rl_scan_u64(bad[i], strlen(bad[i]), &value) && value == 7);
  }
}

static void test_grammar(void) {
  static const char *const bad[] = {
      "",
      "-",
      "+1",
      ".5",
      "5.",
      "1e",
      "1e+",
      "e5",
      "1.e5",
      "1,5",
      " 1",
      "1 ",
      "inf",
      "-inf",
      "nan",
      "NaN",
      "0x1p3",
      "1_000",
      "1e5x",
      "1e1.5",
      "--1",
      "1..2",
      "1e400",
      "-1e400",
      "1e-400",
      "1e999999999999999999999",
      "1.7976931348623159e308",
      "2e-324",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double value = 7;
    CU_ASSERT(!scan(bad[i], &value) && value == 7);
  }
}

/* Constants the compiler reads for us: halfway cases, borders of normal and subnormal. */
static void test_known_doubles(void) {
  check_bits("0", 0.0);
  check_bits("-0", -0.0);
  check_bits("0e999999999999", 0.0);
  check_bits("0.1", 0.1);
  check_bits("-12.50e-1", -1.25);
  check_bits("9007199254740993", 9007199254740992.0); /* tie to even, down */
  check_bits("9007199254740995", 9007199254740996.0); /* tie to even, up */
  check_bits("9007199254740993.0000000000000000000000000000000000001", 9007199254740994.0);
  check_bits("1e23", 1e23);
  check_bits("8.5e22", 8.5e22);
  check_bits("1.7976931348623157e308", DBL_MAX);
  check_bits("1.7976931348623158e308", DBL_MAX);
  check_bits("2.2250738585072014e-308", DBL_MIN);
  check_bits("2.2250738585072011e-308", 2.2250738585072011e-308);
  check_bits("4.9e-324", 0x1p-1074);
  check_bits("2.4703282292062328e-324", 0x1p-1074); /* just above half of the smallest */
  check_bits("1e-323", 0x1p-1073);
}

/* 0.5 + 2^-54 is the midpoint of 0.5 and its successor; its 54 decimals written out by hand would
 * be no proof, so they come from exact integer arithmetic: 5^54 after the point. */
static void test_long_midpoints(void) {
  char text[2048];
  int length = snprintf(text, sizeof text, "%.54f", 0.5);
  CU_ASSERT(length == 56);
  /* 1 + 2^-53: exactly 53 decimals. */
  const char *half = "1.00000000000000011102230246251565404236316680908203125";
  check_bits(half, 1.0);
  snprintf(text, sizeof text, "%s%01500d", half, 1);
  check_bits(text, 1.0 + DBL_EPSILON);
  snprintf(text, sizeof text, "%s%01500d", half, 0);
  check_bits(text, 1.0);
}

static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64, Steele et al. 2014 */
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static double random_double(uint64_t *state) {
  double value;
  do {
    uint64_t bits = next_random(state);
    memcpy(&value, &bits, sizeof value);
  } while (!isfinite(value) || value == 0);
  return value;
}

static void test_random_round_trip(void) {
  uint64_t state = 1;
  int wrong = 0;
  for (int i = 0; i < 10000; i++) {
    double value = random_double(&state), back = 0;
    char text[RL_NUMBER_TEXT], full[64];
    rl_print_double(value, text);
    wrong += !scan(text, &back) || back != value;
    snprintf(full, sizeof full, "%.17g", value);
    wrong += !scan(full, &back) || back != value;
    wrong += strlen(text) > strlen(full);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* Texts of 1 to 40 random digits against the C library's correctly rounded reading. */
static void test_random_texts(void) {
  uint64_t state = 2;
  int wrong = 0;
  for (int i = 0; i < 10000; i++) {
    char text[80];
    int digits = 1 + (int)(next_random(&state) % 40), length = 0;
    for (int k = 0; k < digits; k++) text[length++] = (char)('0' + next_random(&state) % 10);
    snprintf(text + length, sizeof text - (size_t)length, "e%d",
             (int)(next_random(&state) % 660) - 350);
    double expected = 0, value = 0;
    int fields = sscanf(text, "%lf", &expected);
    bool in_range =
        fields == 1 && isfinite(expected) && (expected != 0 || strspn(text, "0") == (size_t)digits);
    bool scanned = scan(text, &value);
    wrong += scanned != in_range || (scanned && value != expected);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

static void test_decimal(void) {
  bool negative = true;
  uint64_t digits = 0;
  int exponent = 0;
  CU_ASSERT(rl_scan_decimal("3.35e3", 6, &negative, &digits, &exponent));
  CU_ASSERT(!negative && digits == 335 && exponent == 1);
  CU_ASSERT(rl_scan_decimal("-0.0500", 7, &negative, &digits, &exponent));
  CU_ASSERT(negative && digits == 5 && exponent == -2);
  CU_ASSERT(rl_scan_decimal("18446744073709551615", 20, &negative, &digits, &exponent));
  CU_ASSERT(digits == UINT64_MAX && exponent == 0);
  CU_ASSERT(rl_scan_decimal("184467440737095516150", 21, &negative, &digits, &exponent));
  CU_ASSERT(digits == UINT64_MAX && exponent == 1);
  CU_ASSERT(!rl_scan_decimal("18446744073709551616", 20, &negative, &digits, &exponent));
  CU_ASSERT(rl_scan_decimal("0.000e7", 7, &negative, &digits, &exponent));
  CU_ASSERT(digits == 0 && exponent == 0);
}

typedef const char *printer(double value, char out[RL_NUMBER_TEXT]);

static void check_print(printer *print, double value, const char *expected) {
  char text[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(print(value, text), expected);
}

static void test_print_double(void) {
  check_print(rl_print_double, 0.1, "0.1");
  check_print(rl_print_double, 1e300, "1e+300");
  check_print(rl_print_double, -0.0, "-0");
  check_print(rl_print_double, 150754820096.0, "150754820096");
  check_print(rl_print_double, 0x1p53, "9007199254740992");
  check_print(rl_print_double, 1.0 / 3, "0.3333333333333333");
  check_print(rl_print_double, 5e-324, "5e-324");
  check_print(rl_print_double, -1.5e-7, "-1.5e-07");
  check_print(rl_print_double, 0.00001, "1e-05");
  check_print(rl_print_double, 0.00012, "0.00012");
  check_print(rl_print_double, 0.1 + 0.2, "0.30000000000000004");
  check_print(rl_print_double, (double)INFINITY, "null");
  check_print(rl_print_double, (double)NAN, "null");
}

static void test_print_short(void) {
  check_print(rl_print_short, 1.468, "1.47");
  check_print(rl_print_short, 10.15, "10.2");
  check_print(rl_print_short, 6274, "6,270");
  check_print(rl_print_short, 9.999, "10.0");
  check_print(rl_print_short, 999.6, "1,000");
  check_print(rl_print_short, 0, "0");
  check_print(rl_print_short, -0.0123, "-0.0123");
  check_print(rl_print_short, 123456789012345.0, "123,000,000,000,000");
  check_print(rl_print_short, 1e15, "1.00e+15");
  check_print(rl_print_short, 1.5e-9, "1.50e-09");
  check_print(rl_print_short, (double)NAN, "n/a");
}

static void check_rounded(double value, rl_rounding rounding, const char *expected) {
  char text[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(rl_print_rounded(value, 3, rounding, text), expected);
}

/* A bound that is printed is still a bound; a number that has no more digits stays what it is. */
static void test_print_rounded(void) {
  check_rounded(1.473, RL_ROUND_DOWN, "1.47");
  check_rounded(6.849, RL_ROUND_DOWN, "6.84");
  check_rounded(9.999, RL_ROUND_DOWN, "9.99");
  check_rounded(-1.471, RL_ROUND_DOWN, "-1.48");
  check_rounded(9350.1, RL_ROUND_UP, "9,360");
  check_rounded(678.2, RL_ROUND_UP, "679");
  check_rounded(9.991, RL_ROUND_UP, "10.0");
  check_rounded(999.1, RL_ROUND_UP, "1,000");
  check_rounded(-1.479, RL_ROUND_UP, "-1.47");
  check_rounded(1.474, RL_ROUND_NEAREST, "1.47");
  check_rounded(9350, RL_ROUND_UP, "9,350");
  check_rounded(0.125, RL_ROUND_DOWN, "0.125");
  check_rounded(0, RL_ROUND_UP, "0");
  check_rounded(679.0000000000002, RL_ROUND_UP, "679");
  check_rounded(678.9999999999998, RL_ROUND_DOWN, "679");
  check_rounded(678.99999, RL_ROUND_DOWN, "678");
}

static void test_print_si_rounded(void) {
  char text[RL_NUMBER_TEXT], other[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(rl_print_si_rounded(25.81e9, "B", 3, RL_ROUND_UP, text), "25.9 GB");
  CU_ASSERT_STRING_EQUAL(rl_print_si_rounded(999.1e9, "B", 3, RL_ROUND_UP, text), "1.00 TB");
  CU_ASSERT_STRING_EQUAL(rl_print_si_rounded(0, "B", 3, RL_ROUND_UP, text), "0 B");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(989.5e12, "FLOP/s", text), "989.5 TFLOP/s");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(2039e9, "B/s", text), "2.039 TB/s");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(85899345920.0, "B", text), "85.89934592 GB");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(80e9, "B", text), "80 GB");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(2.5e-6, "s", text), "2.5 us");
  CU_ASSERT_STRING_EQUAL(rl_print_si_exact(0, "W", text), "0 W");
  rl_print_si_apart(25.81e9, 25.79e9, "B", text, other);
  CU_ASSERT_STRING_EQUAL(text, "25.81 GB");
  CU_ASSERT_STRING_EQUAL(other, "25.79 GB");
  rl_print_si_apart(31.21e9, 25.79e9, "B", text, other);
  CU_ASSERT_STRING_EQUAL(text, "31.3 GB");
  CU_ASSERT_STRING_EQUAL(other, "25.8 GB");
  rl_print_si_apart(25769803777.0, 25769803776.0, "B", text, other);
  CU_ASSERT_STRING_EQUAL(text, "25.769803777 GB");
  CU_ASSERT_STRING_EQUAL(other, "25.769803776 GB");
  rl_print_si_apart(8e9, 8e9, "B", text, other);
  CU_ASSERT_STRING_EQUAL(text, other);
}

static void check_si(double value, const char *unit, const char *expected) {
  char text[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(rl_print_si(value, unit, text), expected);
}

static void test_print_si(void) {
  check_si(3.35e12, "B/s", "3.35 TB/s");
  check_si(679e9, "FLOP/s", "679 GFLOP/s");
  check_si(1.47e-3, "s", "1.47 ms");
  check_si(999.9e9, "B", "1.00 TB");
  check_si(0, "B", "0 B");
  check_si(12, "W", "12.0 W");
  check_si(2.5e-6, "s", "2.50 us");
  check_si(1e21, "B", "1,000 EB");
  check_si(-1e-18, "s", "-0.00100 fs");
  check_si((double)INFINITY, "s", "n/a s");
  check_si(8.03e9, "", "8.03 G");
  check_si(5, "", "5.00");
}

static void test_print_grouped(void) {
  char text[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(rl_print_grouped(6270, text), "6,270");
  CU_ASSERT_STRING_EQUAL(rl_print_grouped(0, text), "0");
  CU_ASSERT_STRING_EQUAL(rl_print_grouped(999, text), "999");
  CU_ASSERT_STRING_EQUAL(rl_print_grouped(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void test_fixed(void) {
  char text[RL_NUMBER_TEXT];
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(97.6, 0, text), "98");
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(9.996, 2, text), "10.00");
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(0.004, 2, text), "0.00");
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(-1.25, 1, text), "-1.2"); /* exact half: to even */
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(1e29, 1, text), "99999999999999991433150857216.0");
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(1e300, 2, text), "1e+300");
  CU_ASSERT_STRING_EQUAL(rl_print_fixed(INFINITY, 2, text), "null");
  CU_ASSERT_STRING_EQUAL(rl_print_digits(4.12567, 4, text), "4.126");
  CU_ASSERT_STRING_EQUAL(rl_print_digits(16, 4, text), "16");
  CU_ASSERT_STRING_EQUAL(rl_print_digits(0.1, 17, text), "0.10000000000000001");
  CU_ASSERT_STRING_EQUAL(rl_print_digits(123456, 3, text), "123000");
}

RL_SUITE("numbers", {"scan u64", test_u64}, {"grammar", test_grammar},
         {"known doubles", test_known_doubles}, {"long midpoints", test_long_midpoints},
         {"random round trip", test_random_round_trip}, {"random texts", test_random_texts},
         {"scan decimal", test_decimal}, {"print double", test_print_double},
         {"print short", test_print_short}, {"print si", test_print_si},
         {"print rounded", test_print_rounded}, {"print si rounded", test_print_si_rounded},
         {"print grouped", test_print_grouped}, {"fixed", test_fixed})
