/* The number types and the words users and files call them by. */
#include "spec/types.h"

#include "base/names.h"

const rl_type_info RL_TYPES[RL_TYPE_COUNT] = {
    [RL_F32] = {"f32", 32, false, RL_F32, RL_F32},
    [RL_TF32] = {"tf32", 32, false, RL_F32, RL_F32},
    [RL_BF16] = {"bf16", 16, false, RL_F32, RL_TF32},
    [RL_F16] = {"f16", 16, false, RL_F32, RL_TF32},
    [RL_F8_E4M3] = {"f8_e4m3", 8, false, RL_F32, RL_BF16},
    [RL_F8_E5M2] = {"f8_e5m2", 8, false, RL_F32, RL_BF16},
    [RL_I32] = {"i32", 32, true, RL_I32, RL_I32},
    [RL_I8] = {"i8", 8, true, RL_I32, RL_BF16},
    [RL_I4] = {"i4", 4, true, RL_I32, RL_I8},
    [RL_I2] = {"i2", 2, true, RL_I32, RL_I4},
    [RL_F4_E2M1] = {"f4_e2m1", 4, false, RL_F32, RL_F8_E4M3},
    [RL_F8_E8M0] = {"f8_e8m0", 8, false, RL_F32, RL_F32},
    [RL_NF4] = {"nf4", 4, false, RL_F32, RL_BF16},
    [RL_FP4_BNB] = {"fp4_bnb", 4, false, RL_F32, RL_BF16},
    [RL_DYN8] = {"dynamic8", 8, false, RL_F32, RL_F32},
};

const char *const RL_SOURCE_KIND_WORDS[RL_SOURCE_KINDS] = {[RL_DATASHEET] = "datasheet",
                                                           [RL_MEASURED] = "measured",
                                                           [RL_DERIVED] = "derived",
                                                           [RL_UNVERIFIED] = "unverified",
                                                           [RL_USER] = "given"};

/* Other usual spellings: PyTorch's, NumPy's, vendors'. */
static const struct {
  const char *name;
  rl_type type;
} spellings[] = {
    {"float32", RL_F32},      {"fp32", RL_F32},     {"float", RL_F32},        {"bfloat16", RL_BF16},
    {"float16", RL_F16},      {"fp16", RL_F16},     {"half", RL_F16},         {"fp8", RL_F8_E4M3},
    {"fp8_e4m3", RL_F8_E4M3}, {"e4m3", RL_F8_E4M3}, {"fp8_e5m2", RL_F8_E5M2}, {"e5m2", RL_F8_E5M2},
    {"int32", RL_I32},        {"int8", RL_I8},      {"int4", RL_I4},      {"int2", RL_I2},          {"fp4", RL_F4_E2M1},
    {"fp4_e2m1", RL_F4_E2M1}, {"e2m1", RL_F4_E2M1}, {"e8m0", RL_F8_E8M0},
};

bool rl_type_find(const char *name, rl_type *out) {
  for (int type = 0; type < RL_TYPE_COUNT; type++) {
    if (!rl_name_equal(name, RL_TYPES[type].name)) continue;
    *out = (rl_type)type;
    return true;
  }
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
    if (!rl_name_equal(name, spellings[i].name)) continue;
    *out = spellings[i].type;
    return true;
  }
  return false;
}
