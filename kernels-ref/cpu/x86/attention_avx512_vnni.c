/* attention with AVX-512 VNNI: keys and values in codes of 8 and 4 bits meet 16-bit queries and
 * weights in integers; their scales multiply scores and weights in fp32. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/words_avx512.h"
/* behind the vectors */
#include "kernels-ref/cpu/x86/vector_weights.h"

#if defined(__clang__)
#define CODES_UNROLLED _Pragma("unroll")
#define CODES_ROLLED _Pragma("nounroll")
#else
#define CODES_UNROLLED _Pragma("GCC unroll 16")
#define CODES_ROLLED _Pragma("GCC unroll 1")
#endif
#define CODES_INLINE static inline __attribute__((always_inline))

enum { CODES_PIECE = 16 /* bytes of a row that are turned together */ };

/* Codes of the keys of a block, or of its values. */
typedef struct codes_rows {
  const uint8_t *first_row;
  uint64_t apart, codes; /* bytes from row to row; of a row in front of its scale */
  uint32_t first, end;   /* no others are read */
} codes_rows;

/* A piece of a row; nothing behind its codes is read, and what is not read is 0. */
CODES_INLINE __m128i codes_piece(const codes_rows *rows, size_t j, uint64_t at, bool whole) {
  uint8_t tail[CODES_PIECE] = {0};
  const uint8_t *row = rows->first_row + j * rows->apart;
  if (whole) return _mm_loadu_si128((const void *)(row + at));
  if (j < rows->first || j >= rows->end) return _mm_setzero_si128();
  if (at + CODES_PIECE <= rows->codes) return _mm_loadu_si128((const void *)(row + at));
  memcpy(tail, row + at, rows->codes - at);
  return _mm_loadu_si128((const void *)tail);
}

/* Pieces of keys j, j + step, ... as quarters. */
CODES_INLINE vi codes_load(const codes_rows *rows, size_t j, size_t step, uint64_t at, bool whole) {
  vi v = _mm512_castsi128_si512(codes_piece(rows, j, at, whole));
  v = _mm512_inserti32x4(v, codes_piece(rows, j + step, at, whole), 1);
  v = _mm512_inserti32x4(v, codes_piece(rows, j + 2 * step, at, whole), 2);
  return _mm512_inserti32x4(v, codes_piece(rows, j + 3 * step, at, whole), 3);
}

/* Bytes of four keys side by side, a dword for each of 16: of keys 0, 2, 1, 3, so that bytes 0 and
 * 2 of a dword are of neighbours, as weights are packed. */
CODES_INLINE vi codes_columns(vi quarters) {
  const vi fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const vi bytes =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(fours, quarters), bytes);
}

/* Where the words of weights of keys j .. j + 3 begin: packs of 16 and 16 keys take turns by four.
 */
CODES_INLINE size_t codes_step(size_t j) {
  return j < VECTOR_FLOATS ? j : j - VECTOR_FLOATS + 2;
}

CODES_INLINE const uint8_t *codes_ask(const uint8_t *at, const uint8_t *end) {
  if (at >= end) return at;
  _mm_prefetch((const char *)at, _MM_HINT_T1);
  return at + 64;
}

/* sum + a * b in pairs of 16 bits. Compilers copy sums around the intrinsic. */
CODES_INLINE vi codes_add(vi sum, vi a, vi b) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/* Halves of two vectors, or quarters of two that hold halves, beside each other: what is combined
 * next. */
#define CODES_FOLD(v, combine)                                                                \
  do {                                                                                        \
    for (size_t i = 0; i < 4; i++) {                                                          \
      (v)[i] = combine(_mm512_shuffle_f32x4((v)[2 * i], (v)[2 * i + 1], 0x44),                \
                       _mm512_shuffle_f32x4((v)[2 * i], (v)[2 * i + 1], 0xee));               \
    }                                                                                         \
    for (size_t i = 0; i < 2; i++) {                                                          \
      (v)[i] = combine(_mm512_shuffle_f32x4((v)[2 * i], (v)[2 * i + 1], 0x88),                \
                       _mm512_shuffle_f32x4((v)[2 * i], (v)[2 * i + 1], 0xdd));               \
    }                                                                                         \
    (v)[0] = combine(_mm512_unpacklo_ps((v)[0], (v)[1]), _mm512_unpackhi_ps((v)[0], (v)[1])); \
    (v)[0] = combine((v)[0], _mm512_permute_ps((v)[0], 0x4e));                                \
  } while (0)

/* Lane that a fold leaves vector r of 8 in: of four in the even ones, of the others in the odd. */
CODES_INLINE size_t codes_place(size_t r) {
  return r % 4 * 4 + r / 4;
}

/* That lane everywhere. */
CODES_INLINE vf codes_one(vf v, size_t r) {
  return _mm512_permutexvar_ps(vi_all((uint32_t)codes_place(r)), v);
}

CODES_INLINE vf codes_largest(const vf of[8]) {
  vf v[8];
  memcpy(v, of, sizeof v);
  CODES_FOLD(v, vf_max);
  return v[0];
}

static inline vf codes_plus(vf a, vf b) {
  return vf_of(_mm512_add_epi32(vi_of(a), vi_of(b)));
}
CODES_INLINE vi codes_sum(const vf of[8]) {
  vf v[8];
  memcpy(v, of, sizeof v);
  CODES_FOLD(v, codes_plus);
  return vi_of(v[0]);
}

#define CODES(x) i8_##x
#define CODES_BITS 8
#include "kernels-ref/cpu/x86/attention_codes.h"

#define CODES(x) i4_##x
#define CODES_BITS 4
#include "kernels-ref/cpu/x86/attention_codes.h"

static const rl_attention_tile I8_TILE = {
    .type = RL_BF16, .block = i8_block, .arrange = i8_arrange, .together = 4};
static const rl_attention_tile I4_TILE = {
    .type = RL_BF16, .block = i4_block, .arrange = i4_arrange, .together = 8, .parted = true};

const rl_kernel RL_ATTENTION_AVX512_VNNI[RL_ATTENTION_AVX512_VNNI_COUNT] = {
    RL_ATTENTION_ROW("8-bit KV in 16 bits", RL_I8, RL_BF16, &I8_TILE),
    RL_ATTENTION_ROW("4-bit KV in 16 bits", RL_I4, RL_BF16, &I4_TILE),
};
