/* linear with AVX2: dense weights of 32 and 16 bits and codes of 8 and 4 bits, multiplied in fp32,
 * and codes multiplied with 8-bit inputs in integers. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx2.h"

#define TILE_TOKENS 2
#define TILE_AHEAD 4096

#define TILE(x) f32_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD vf_load_one
#define TILE_STEP 8
#define TILE_BYTES 32
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 16 values: the lower and the upper halves of 8 words, each the upper half of a float. */
static inline void load_bf16(const uint8_t *at, vf *w) {
  const vi words = vi_load(at);
  w[0] = _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
  w[1] = _mm256_castsi256_ps(_mm256_and_si256(words, _mm256_set1_epi32((int)0xffff0000)));
}
#define TILE(x) bf16_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 2
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD load_bf16
#define TILE_STEP 16
#define TILE_BYTES 32
#include "kernels-ref/cpu/x86/linear_rows.h"

static inline void load_f16(const uint8_t *at, vf *w) {
  w[0] = _mm256_cvtph_ps(_mm_loadu_si128((const void *)at));
}
#define TILE(x) f16_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_VALUE DENSE_VALUE
#define TILE_LOAD load_f16
#define TILE_STEP 8
#define TILE_BYTES 16
#include "kernels-ref/cpu/x86/linear_rows.h"

static inline vf signed_floats(__m128i bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}

/* 32 codes; with its highest bit turned a byte is the code less 128. */
static inline void load_w8(const uint8_t *at, vf *w) {
  const vi codes = _mm256_xor_si256(vi_load(at), _mm256_set1_epi8((char)0x80));
  const __m128i low = _mm256_castsi256_si128(codes), high = _mm256_extracti128_si256(codes, 1);
  w[0] = signed_floats(low);
  w[1] = signed_floats(_mm_srli_si128(low, 8));
  w[2] = signed_floats(high);
  w[3] = signed_floats(_mm_srli_si128(high, 8));
}
#define TILE(x) w8_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 4
#define TILE_GROUPED 1
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_FLOAT vf_same
#define TILE_LOAD load_w8
#define TILE_STEP 32
#define TILE_BYTES 32
#define TILE_LANE 0
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 32 codes: the lower half of each byte is the even column. */
static inline void load_w4(const uint8_t *at, vf *w) {
  const __m128i bytes = _mm_loadu_si128((const void *)at), mask = _mm_set1_epi8(15);
  const __m128i middle = _mm_set1_epi8(8);
  const __m128i even = _mm_sub_epi8(_mm_and_si128(bytes, mask), middle);
  const __m128i odd = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), mask), middle);
  w[0] = signed_floats(even);
  w[1] = signed_floats(_mm_srli_si128(even, 8));
  w[2] = signed_floats(odd);
  w[3] = signed_floats(_mm_srli_si128(odd, 8));
}
#define TILE(x) w4_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vf
#define TILE_VECTORS 4
#define TILE_GROUPED 1
#define TILE_SUM vf
#define TILE_ZERO vf_zero
#define TILE_ADD vf_add_product
#define TILE_FLOAT vf_same
#define TILE_LOAD load_w4
#define TILE_STEP 32
#define TILE_BYTES 16
#define TILE_LANE 0
#include "kernels-ref/cpu/x86/linear_rows.h"

/* --- in integers --- */

static inline vi vi_zero(void) {
  return _mm256_setzero_si256();
}
static inline vf to_floats(vi v) {
  return _mm256_cvtepi32_ps(v);
}

/* Bytes are widened before they are multiplied: pairs of products of bytes would not fit in 16
 * bits. */
static inline vi widened_product(__m128i codes, __m128i x) {
  return _mm256_madd_epi16(_mm256_cvtepu8_epi16(codes), _mm256_cvtepi8_epi16(x));
}
static inline vi add_bytes(vi sum, vi codes, vi inputs) {
  const vi low = widened_product(_mm256_castsi256_si128(codes), _mm256_castsi256_si128(inputs));
  const vi high =
      widened_product(_mm256_extracti128_si256(codes, 1), _mm256_extracti128_si256(inputs, 1));
  return _mm256_add_epi32(sum, _mm256_add_epi32(low, high));
}

static inline float codes_value(const rl_linear_task *task, vi sum, const uint8_t *row, float scale,
                                uint64_t token) {
  int32_t lanes[VECTOR_FLOATS];
  _mm256_storeu_si256((void *)lanes, sum);
  int64_t codes = -(int64_t)rl_linear_zero(task, row) * (int64_t)task->sums[token * task->padded];
  for (int i = 0; i < VECTOR_FLOATS; i++) codes += lanes[i];
  return (float)codes * scale * task->x_scales[token];
}
#define CODES_VALUE(task, sum, row, scales, token) codes_value(task, sum, row, *(scales), token)

#define TILE(x) w8_groups_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vi
#define TILE_VECTORS 1
#define TILE_GROUPED 1
#define TILE_SUM vi
#define TILE_ZERO vi_zero
#define TILE_ADD add_bytes
#define TILE_FLOAT to_floats
#define TILE_LOAD vi_load_one
#define TILE_STEP 32
#define TILE_BYTES 32
#define TILE_LANE 0
#include "kernels-ref/cpu/x86/linear_rows.h"

#define TILE(x) w8_whole_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vi
#define TILE_VECTORS 1
#define TILE_GROUPED 0
#define TILE_SUM vi
#define TILE_ZERO vi_zero
#define TILE_ADD add_bytes
#define TILE_VALUE CODES_VALUE
#define TILE_LOAD vi_load_one
#define TILE_STEP 32
#define TILE_BYTES 32
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 64 codes. Pairs of products of 4-bit codes and bytes fit in 16 bits: 2 * 15 * 127. */
static inline void load_nibbles(const uint8_t *at, vi *w) {
  const vi bytes = vi_load(at), mask = _mm256_set1_epi8(15);
  w[0] = _mm256_and_si256(bytes, mask);
  w[1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask);
}
static inline vi add_nibbles(vi sum, vi codes, vi x) {
  const vi pairs = _mm256_maddubs_epi16(codes, x);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#define TILE(x) w4_groups_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vi
#define TILE_VECTORS 2
#define TILE_GROUPED 1
#define TILE_SUM vi
#define TILE_ZERO vi_zero
#define TILE_ADD add_nibbles
#define TILE_FLOAT to_floats
#define TILE_LOAD load_nibbles
#define TILE_STEP 64
#define TILE_BYTES 32
#define TILE_LANE 8
#include "kernels-ref/cpu/x86/linear_rows.h"

static const rl_linear_tile F32_TILE = {.input = {RL_F32, 8, 1}, .rows = f32_rows};
static const rl_linear_tile BF16_TILE = {.input = {RL_F32, 16, 2}, .rows = bf16_rows};
static const rl_linear_tile F16_TILE = {.input = {RL_F32, 8, 1}, .rows = f16_rows};
static const rl_linear_tile W8_TILE = {.input = {RL_F32, 32, 1}, .centre = 128, .rows = w8_rows};
static const rl_linear_tile W4_TILE = {.input = {RL_F32, 32, 2}, .centre = 8, .rows = w4_rows};
static const rl_linear_tile W8_GROUPS = {.input = {RL_I8, 32, 1}, .rows = w8_groups_rows};
static const rl_linear_tile W8_WHOLE = {
    .input = {RL_I8, 32, 1}, .whole_rows = true, .rows = w8_whole_rows};
static const rl_linear_tile W4_GROUPS = {
    .input = {RL_I8, 64, 2}, .lane_columns = 8, .rows = w4_groups_rows};

const rl_kernel RL_LINEAR_AVX2[RL_LINEAR_AVX2_COUNT] = {
    RL_LINEAR_ROW("fp32 in fp32", RL_F32, RL_F32, &F32_TILE),
    RL_LINEAR_ROW("bf16 in fp32", RL_BF16, RL_F32, &BF16_TILE),
    RL_LINEAR_ROW("fp16 in fp32", RL_F16, RL_F32, &F16_TILE),
    RL_LINEAR_ROW("8-bit codes in fp32", RL_I8, RL_F32, &W8_TILE),
    RL_LINEAR_ROW("4-bit codes in fp32", RL_I4, RL_F32, &W4_TILE),
    RL_LINEAR_ROW("8-bit codes in groups in int8", RL_I8, RL_I8, &W8_GROUPS),
    RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_WHOLE),
    RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_GROUPS),
};
