/* Runs of dense values against the same values one by one: every number of 16 bits, floats of every
 * exponent, runs of odd lengths, and what is no number among others. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/spans.h"
#include "unit.h"

enum { COUNT = 1 << 16 };
static const rl_type TYPES[] = {RL_F32, RL_BF16, RL_F16, RL_F8_E4M3};
static uint8_t bytes[COUNT * 4];
static float values[COUNT];

static bool same(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void test_add(void) {
  for (int t = 1; t < 3; t++) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
      rl_bits_store(bytes + (size_t)i * 2, 2, i);
      values[i] = 0;
    }
    rl_span_add(TYPES[t], bytes, COUNT, values);
    for (uint32_t i = 0; i < COUNT; i++) wrong += !same(values[i], 0 + rl_decode(TYPES[t], i));
    CU_ASSERT_EQUAL(wrong, 0);
  }
}

/* All exponents with mantissas around each place where rounding turns; and the lengths. */
static void test_store(void) {
  for (size_t t = 0; t < sizeof TYPES / sizeof *TYPES; t++) {
    const uint32_t size = rl_encoding_bytes(TYPES[t]);
    for (uint32_t i = 0; i < COUNT; i++) {
      const uint32_t ends[] = {0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001};
      const uint32_t bits = (i >> 3) * 0x80000u + (i >> 12) * 0x2000u + ends[i & 7];
      memcpy(&values[i], &bits, sizeof bits);
    }
    for (uint64_t first = 0, count = 1; first + count <= COUNT; first += count, count += 3) {
      uint32_t wrong = 0;
      rl_span_store(TYPES[t], values + first, count, bytes);
      for (uint64_t i = 0; i < count; i++) {
        wrong += rl_bits_load(bytes + i * size, size) != rl_encode(TYPES[t], values[first + i]);
      }
      CU_ASSERT_EQUAL(wrong, 0);
    }
  }
}

/* At each place of a run and behind it: infinity, and what is no number; no other type is read. */
static void test_strange(void) {
  enum { LONG = 150 };
  for (uint64_t i = 0; i < LONG; i++) values[i] = (float)i - 70;
  for (int t = 0; t < 3; t++) {
    const uint32_t size = rl_encoding_bytes(TYPES[t]);
    rl_span_store(TYPES[t], values, LONG, bytes);
    CU_ASSERT_EQUAL(rl_span_strange(TYPES[t], bytes, LONG), LONG);
    for (uint64_t at = 0; at < LONG; at++) {
      const float kept = values[at], strange = at % 2 == 0 ? INFINITY : NAN;
      rl_span_store(TYPES[t], &strange, 1, bytes + at * size);
      CU_ASSERT_EQUAL(rl_span_strange(TYPES[t], bytes, LONG), at);
      CU_ASSERT_EQUAL(rl_span_strange(TYPES[t], bytes, at), at);
      rl_span_store(TYPES[t], &kept, 1, bytes + at * size);
    }
  }
  CU_ASSERT_EQUAL(rl_span_strange(TYPES[3], bytes, LONG), LONG);
}

RL_SUITE("spans", {"add", test_add}, {"store", test_store}, {"strange", test_strange})
