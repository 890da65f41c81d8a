/* linear with AVX-512 VNNI: codes of 8 and 4 bits times 8-bit inputs, four products a lane summed
 * in 32-bit integers by one instruction. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/vector_avx512.h"

#define TILE_TOKENS 4
#define TILE_AHEAD 4096

static inline vi vi_zero(void) {
  return _mm512_setzero_si512();
}
static inline vf to_floats(vi v) {
  return _mm512_cvtepi32_ps(v);
}
static inline vi add_bytes(vi sum, vi codes, vi x) {
  return _mm512_dpbusd_epi32(sum, codes, x);
}

/* Exact: lanes stay below 2^31 for rows of 2^17 codes, their sum needs more. */
static inline float codes_value(const rl_linear_task *task, vi sum, const uint8_t *row, float scale,
                                uint64_t token) {
  const vi low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sum));
  const vi high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sum, 1));
  int64_t codes = _mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
  codes -= (int64_t)rl_linear_zero(task, row) * (int64_t)task->sums[token * task->padded];
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
#define TILE_STEP 64
#define TILE_BYTES 64
#define TILE_LANE 4
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
#define TILE_STEP 64
#define TILE_BYTES 64
#include "kernels-ref/cpu/x86/linear_rows.h"

/* 128 codes: the lower half of each byte is the even column. */
static inline void load_nibbles(const uint8_t *at, vi *w) {
  const vi bytes = vi_load(at), mask = _mm512_set1_epi8(15);
  w[0] = _mm512_and_si512(bytes, mask);
  w[1] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
}
#define TILE(x) w4_groups_##x
#define TILE_ROWS 4
#define TILE_WEIGHT vi
#define TILE_VECTORS 2
#define TILE_GROUPED 1
#define TILE_SUM vi
#define TILE_ZERO vi_zero
#define TILE_ADD add_bytes
#define TILE_FLOAT to_floats
#define TILE_LOAD load_nibbles
#define TILE_STEP 128
#define TILE_BYTES 64
#define TILE_LANE 8
#include "kernels-ref/cpu/x86/linear_rows.h"

static const rl_linear_tile W8_GROUPS = {
    .input = {RL_I8, 64, 1}, .lane_columns = 4, .rows = w8_groups_rows};
static const rl_linear_tile W8_WHOLE = {
    .input = {RL_I8, 64, 1}, .whole_rows = true, .rows = w8_whole_rows};
static const rl_linear_tile W4_GROUPS = {
    .input = {RL_I8, 128, 2}, .lane_columns = 8, .rows = w4_groups_rows};

const rl_kernel RL_LINEAR_AVX512_VNNI[RL_LINEAR_AVX512_VNNI_COUNT] = {
    RL_LINEAR_ROW("8-bit codes in groups in int8", RL_I8, RL_I8, &W8_GROUPS),
    RL_LINEAR_ROW("8-bit codes in int8", RL_I8, RL_I8, &W8_WHOLE),
    RL_LINEAR_ROW("4-bit codes in int8", RL_I4, RL_I8, &W4_GROUPS),
};
