/* Digits by exact integers against the C library: fewest of 15, 16 or 17 that read back. */
#include "base/number_exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static uint64_t next_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state >> 11;
}

/* The C library's digits: correctly rounded, the first number of them that reads back. */
static void expected_digits(double value, char out[64], int *exponent) {
  int count = 15;
  for (; count <= 17; count++) {
    snprintf(out, 64, "%.*e", count - 1, value);
    if (strtod(out, NULL) == value) break;
  }
  const char *e = strchr(out, 'e');
  *exponent = (int)strtol(e + 1, NULL, 10);
  size_t length = 0;
  for (const char *c = out; c < e; c++) {
    if (*c != '.') out[length++] = *c;
  }
  while (length < 17) out[length++] = '0';
  out[length] = '\0';
}

static void check(double value) {
  char expected[64], got[64];
  uint64_t decimal;
  int exponent, right;
  if (!rl_exact_digits(value, &decimal, &exponent)) return;
  snprintf(got, sizeof got, "%llu", (unsigned long long)decimal);
  if (strlen(got) == 18) exponent++; /* 9.99 became 10.0 */
  got[17] = '\0';
  expected_digits(value, expected, &right);
  if (strcmp(got, expected) != 0 || exponent != right) printf("%.17g: %s\n", value, got);
  CU_ASSERT_STRING_EQUAL(got, expected);
  CU_ASSERT_EQUAL(exponent, right);
}

static void test_digits(void) {
  uint64_t state = 20260;
  size_t done = 0;
  for (int i = 0; i < 100000; i++) {
    const double power = (double)(next_random(&state) % 21) - 6;
    const double fraction = (double)next_random(&state) * 0x1p-53;
    uint64_t decimal;
    int exponent;
    check(fraction * pow(10, power));
    check((double)(next_random(&state) % 100000) * pow(10, power - 4)); /* few digits */
    check((double)(next_random(&state) % 100000) * pow(2, power));      /* ties */
    done += rl_exact_digits(fraction * pow(10, power), &decimal, &exponent);
  }
  CU_ASSERT_TRUE(done > 80000);
  check(9.9999999999999982);
  check(999999999999999.9);
}

static void test_left_to_the_library(void) {
  static const double others[] = {0, 1, 2, 0.25, 9e-7, 1e15, 1e300, 5e-324, INFINITY, NAN};
  uint64_t decimal;
  int exponent;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    CU_ASSERT_FALSE(rl_exact_digits(others[i], &decimal, &exponent));
  }
  CU_ASSERT_TRUE(rl_exact_digits(-1.5, &decimal, &exponent));
  CU_ASSERT_EQUAL(decimal, UINT64_C(15000000000000000));
  CU_ASSERT_EQUAL(exponent, 0);
}

RL_SUITE("exact digits", {"digits of doubles", test_digits},
         {"what is left to the C library", test_left_to_the_library})
