/* attention with AVX-512 BF16: keys, values, queries and weights as pairs of bf16. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/words_avx512.h"

static inline vf add_pairs(vf sum, vi a, vi b) {
  return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
static inline vi pack_pairs(vf low, vf high) {
  return (vi)_mm512_cvtne2ps_pbh(high, low);
}

/* Values of two keys side by side: of the first 16 channels, of the others. */
static inline void vi_zip(vi part[2]) {
  static const uint16_t ORDER[2][32] = {
      {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
       8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47},
      {16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
       24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63}};
  const vi first = _mm512_permutex2var_epi16(part[0], vi_load(ORDER[0]), part[1]);
  part[1] = _mm512_permutex2var_epi16(part[0], vi_load(ORDER[1]), part[1]);
  part[0] = first;
}

static void bf16_arrange(const rl_attention_task *task, const float *query, float *words) {
  for (uint64_t c = 0; c < task->head_dim; c += VECTOR_FLOATS) {
    const uint64_t left = task->head_dim - c;
    const __mmask16 some = (__mmask16)(left < VECTOR_FLOATS ? (1u << left) - 1 : 0xffff);
    const __m256bh halves = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, query + c));
    _mm256_mask_storeu_epi16((char *)words + c * sizeof(uint16_t), some, (__m256i)halves);
  }
}

#define ATTEND(x) bf16_##x
#define ATTEND_LOAD vi_load
#define ATTEND_BYTES VECTOR_BYTES
#define ATTEND_PAIRS 1
#define ATTEND_MULTIPLY add_pairs
#define ATTEND_PACK pack_pairs
#include "kernels-ref/cpu/x86/attention_rows.h"

static const rl_attention_tile BF16_TILE = {
    .type = RL_BF16, .block = bf16_block, .arrange = bf16_arrange};

const rl_kernel RL_ATTENTION_AVX512_BF16[RL_ATTENTION_AVX512_BF16_COUNT] = {
    RL_ATTENTION_ROW("bf16 KV in bf16", RL_BF16, RL_BF16, &BF16_TILE),
};
