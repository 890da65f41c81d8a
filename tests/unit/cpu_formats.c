/* One table of components, one of formats over it. */
#include "cpu_formats.h"

static const rl_component COMPONENTS[TEST_FORMATS] = {
    [TEST_FP32] = {RL_DENSE, RL_F32, 0, 0, 0, 0, 0},
    [TEST_BF16] = {RL_DENSE, RL_BF16, 0, 0, 0, 0, 0},
    [TEST_FP16] = {RL_DENSE, RL_F16, 0, 0, 0, 0, 0},
    [TEST_E4M3] = {RL_DENSE, RL_F8_E4M3, 0, 0, 0, 0, 0},
    [TEST_E5M2] = {RL_DENSE, RL_F8_E5M2, 0, 0, 0, 0, 0},
    [TEST_FP8_TENSOR] = {RL_QUANT, RL_F8_E4M3, RL_PER_TENSOR, 0, RL_F32, RL_ZERO_NONE, 0},
    [TEST_FP8_TOKEN] = {RL_QUANT, RL_F8_E4M3, RL_PER_ROW, 0, RL_F16, RL_ZERO_NONE, 0},
    [TEST_INT8_TOKEN] = {RL_QUANT, RL_I8, RL_PER_ROW, 0, RL_F16, RL_ZERO_NONE, 0},
    [TEST_INT4_TOKEN] = {RL_QUANT, RL_I4, RL_PER_ROW, 0, RL_F16, RL_ZERO_NONE, 0},
    [TEST_W4_G128] = {RL_QUANT, RL_I4, RL_PER_GROUP, 128, RL_F16, RL_ZERO_NONE, 0},
    [TEST_W4_G32] = {RL_QUANT, RL_I4, RL_PER_GROUP, 32, RL_F16, RL_ZERO_NONE, 0},
    [TEST_W4_G7] = {RL_QUANT, RL_I4, RL_PER_GROUP, 7, RL_F16, RL_ZERO_NONE, 0},
    [TEST_W4_G128_ASYM] = {RL_QUANT, RL_I4, RL_PER_GROUP, 128, RL_F16, RL_ZERO_CODE, 0},
    [TEST_W4_G32_ASYM] = {RL_QUANT, RL_I4, RL_PER_GROUP, 32, RL_F16, RL_ZERO_CODE, 0},
    [TEST_W4_G7_ASYM] = {RL_QUANT, RL_I4, RL_PER_GROUP, 7, RL_F16, RL_ZERO_CODE, 0},
    [TEST_W8_ZERO_TYPE] = {RL_QUANT, RL_I8, RL_PER_GROUP, 32, RL_F16, RL_ZERO_TYPE, RL_F16},
    [TEST_FP8_TILE] = {RL_QUANT, RL_F8_E4M3, RL_PER_TILE, 5, RL_F32, RL_ZERO_NONE, .tile = 3},
    [TEST_NF4] = {RL_QUANT, RL_NF4, RL_PER_GROUP, 64, RL_F32},
    [TEST_NF4_DOUBLE] = {RL_QUANT, RL_NF4, RL_PER_GROUP, 16, RL_F8_E4M3, .outer = true,
                         .outer_group = 5},
    [TEST_NVFP4] = {RL_QUANT, RL_F4_E2M1, RL_PER_GROUP, 16, RL_F8_E4M3, .outer = true},
    [TEST_W4_ACT_ORDER] = {RL_QUANT, RL_I4, RL_PER_GROUP, 7, RL_F16, RL_ZERO_CODE, .ordered = true},
    [TEST_LUT3_ROW] = {RL_LUT, RL_F16, RL_PER_ROW, .bits = 3, .vector = 1, .entry = RL_F16},
    [TEST_LUT2_TENSOR] = {RL_LUT, RL_F16, RL_PER_TENSOR, .bits = 2, .vector = 1, .entry = RL_F32},
    [TEST_VQ_1_5] = {RL_LUT, RL_F16, RL_PER_TENSOR, .bits = 3, .vector = 2, .entry = RL_F16},
    [TEST_TCQ_2_5] = {RL_TRELLIS, RL_F16, .bits = 5, .vector = 2, .scale = RL_F16, .entry = RL_F16},
    [TEST_TCQ_4_5] = {RL_TRELLIS, RL_F16, .bits = 9, .vector = 2, .scale = RL_F16, .entry = RL_F16},
};

/* What groups of 7 leave over, once more. */
static const rl_component RESIDUAL[] = {
    {RL_QUANT, RL_I4, RL_PER_GROUP, 7, RL_F16, RL_ZERO_NONE, 0},
    {RL_QUANT, RL_I4, RL_PER_ROW, 0, RL_F16, RL_ZERO_NONE, 0},
};

#define ROW(symbol, text) \
  [symbol] = {.name = (text), .file = "test", .stack = &COMPONENTS[symbol], .depth = 1}

const rl_format RL_TEST_FORMATS[TEST_FORMATS] = {
    ROW(TEST_FP32, "fp32"),
    ROW(TEST_BF16, "bf16"),
    ROW(TEST_FP16, "fp16"),
    ROW(TEST_E4M3, "e4m3"),
    ROW(TEST_E5M2, "e5m2"),
    ROW(TEST_FP8_TENSOR, "fp8"),
    ROW(TEST_FP8_TOKEN, "fp8-token"),
    ROW(TEST_INT8_TOKEN, "int8-token"),
    ROW(TEST_INT4_TOKEN, "int4-token"),
    ROW(TEST_W4_G128, "w4a16-g128"),
    ROW(TEST_W4_G32, "w4a16-g32"),
    ROW(TEST_W4_G7, "w4a16-g7"),
    ROW(TEST_W4_G128_ASYM, "w4a16-g128-asym"),
    ROW(TEST_W4_G32_ASYM, "w4a16-g32-asym"),
    ROW(TEST_W4_G7_ASYM, "w4a16-g7-asym"),
    ROW(TEST_W8_ZERO_TYPE, "w8-g32-zero"),
    ROW(TEST_FP8_TILE, "fp8-tile"),
    ROW(TEST_NF4, "nf4"),
    ROW(TEST_NF4_DOUBLE, "nf4-double"),
    ROW(TEST_NVFP4, "nvfp4"),
    ROW(TEST_W4_ACT_ORDER, "w4-act-order"),
    ROW(TEST_LUT3_ROW, "lut3-row"),
    ROW(TEST_LUT2_TENSOR, "lut2-tensor"),
    ROW(TEST_VQ_1_5, "vq-1.5"),
    ROW(TEST_TCQ_2_5, "tcq-2.5"),
    ROW(TEST_TCQ_4_5, "tcq-4.5"),
    [TEST_RESIDUAL] = {.name = "residual", .file = "test", .stack = RESIDUAL, .depth = 2},
};
