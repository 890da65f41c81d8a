/* Single numbers: every code survives a round trip, halves go to even, the ends saturate as told.
 */
#include <math.h>

#include "kernels-ref/cpu/encoding.h"
#include "unit.h"

static void check_all_codes(rl_type type, uint32_t bits) {
  for (uint32_t code = 0; code < 1u << bits; code++) {
    float value = rl_decode(type, code);
    if (isnan(value)) continue;
    CU_ASSERT_EQUAL(rl_encode(type, value), code);
  }
}

static void test_codes_survive(void) {
  check_all_codes(RL_BF16, 16);
  check_all_codes(RL_F16, 16);
  check_all_codes(RL_F8_E4M3, 8);
  check_all_codes(RL_F8_E5M2, 8);
  check_all_codes(RL_F4_E2M1, 4);
  check_all_codes(RL_NF4, 4);
  check_all_codes(RL_FP4_BNB, 3); /* the rest are their negatives, 0 twice */
  check_all_codes(RL_DYN8, 8);
}

/* Published bit patterns: IEEE 754 binary16 and OCP 8-bit floats. */
static void test_known_patterns(void) {
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 1.0f), 0x3c00);
  CU_ASSERT_EQUAL(rl_encode(RL_F16, -2.0f), 0xc000);
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 65504.0f), 0x7bff);
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 5.9604645e-8f), 1); /* 2^-24, the smallest subnormal */
  CU_ASSERT_EQUAL(rl_encode(RL_BF16, 1.0f), 0x3f80);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, 448.0f), 0x7e);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, 0.001953125f), 1); /* 2^-9 */
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E5M2, 57344.0f), 0x7b);
  CU_ASSERT_EQUAL(rl_encode(RL_F4_E2M1, 6.0f), 0x7);
  CU_ASSERT_EQUAL(rl_encode(RL_F32, 1.0f), 0x3f800000);
  CU_ASSERT_EQUAL(rl_encode(RL_FP4_BNB, -1.0f), 0xb); /* -12 of 12 */
  CU_ASSERT_EQUAL(rl_decode(RL_FP4_BNB, 1), 0.0625f / 12);
  CU_ASSERT_EQUAL(rl_encode(RL_DYN8, 1.0f), 255);
  CU_ASSERT_EQUAL(rl_decode(RL_DYN8, 127), 0);
  /* the middles of the last of 64 and of the only one of 1 parts of [0.1, 1], 10^0 and 10^-6 */
  CU_ASSERT_EQUAL(rl_decode(RL_DYN8, 254), 0.99296875f);
  CU_ASSERT_EQUAL(rl_decode(RL_DYN8, 0), -0.99296875f);
  CU_ASSERT_EQUAL(rl_decode(RL_DYN8, 128), 0.55e-6f);
}

/* bf16 around 1 has steps of 2^-7: 1 + 2^-8 is half way and goes down to the even 1, 1 + 3 * 2^-8
 * goes up to 1 + 2^-6. Truncation would fail the second, rounding half up the first. */
static void test_ties_to_even(void) {
  CU_ASSERT_EQUAL(rl_encode(RL_BF16, 1.0f + 0.00390625f), 0x3f80);
  CU_ASSERT_EQUAL(rl_encode(RL_BF16, 1.0f + 3 * 0.00390625f), 0x3f82);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, 1.0625f), 0x38); /* steps of 1/8 above 1 */
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, 1.1875f), 0x3a);
}

static void test_ends(void) {
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, 1e6f), 0x7e);
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E4M3, -INFINITY), 0xfe); /* no infinity in e4m3 */
  CU_ASSERT_EQUAL(rl_encode(RL_F8_E5M2, -INFINITY), 0xfc);
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 65520.0f), 0x7c00); /* half way beyond the largest */
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 65519.0f), 0x7bff);
  CU_ASSERT_EQUAL(rl_encode(RL_BF16, -INFINITY), 0xff80);
  CU_ASSERT_TRUE(isnan(rl_decode(RL_F16, rl_encode(RL_F16, NAN))));
  CU_ASSERT_EQUAL(rl_encode(RL_F16, -0.0f), 0x8000);
  CU_ASSERT_EQUAL(rl_encode(RL_F16, 1e-30f), 0);
  CU_ASSERT_EQUAL(rl_encoding_largest(RL_F8_E4M3), 448);
}

RL_SUITE("encoding", {"every code survives", test_codes_survive},
         {"known patterns", test_known_patterns}, {"ties go to even", test_ties_to_even},
         {"ends", test_ends})
