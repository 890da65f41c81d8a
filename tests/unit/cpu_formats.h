/* The storage formats that the tests of stores and kernels use, built by hand. */
#ifndef RL_TESTS_CPU_FORMATS_H
#define RL_TESTS_CPU_FORMATS_H

#include "spec/format.h"

typedef enum rl_test_format {
  TEST_FP32,
  TEST_BF16,
  TEST_FP16,
  TEST_E4M3,
  TEST_E5M2,
  TEST_FP8_TENSOR,
  TEST_FP8_TOKEN,
  TEST_INT8_TOKEN,
  TEST_INT4_TOKEN,
  TEST_W4_G128,
  TEST_W4_G32,
  TEST_W4_G7,
  TEST_W4_G128_ASYM,
  TEST_W4_G32_ASYM,
  TEST_W4_G7_ASYM,
  TEST_W8_ZERO_TYPE,
  TEST_FP8_TILE,
  TEST_NF4,
  TEST_NF4_DOUBLE,
  TEST_BNB_FP4,
  TEST_BNB_NF4_DOUBLE,
  TEST_NVFP4,
  TEST_W4_ACT_ORDER,
  TEST_LUT3_ROW,
  TEST_LUT2_TENSOR,
  TEST_VQ_1_5,
  TEST_TCQ_2_5,
  TEST_TCQ_4_5,
  TEST_TCQ_1_75,
  TEST_NUQ_3,
  TEST_VQ_4_5,
  TEST_RESIDUAL,
  TEST_FORMATS
} rl_test_format;

extern const rl_format RL_TEST_FORMATS[TEST_FORMATS];

#endif
