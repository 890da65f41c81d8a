/* What the AVX-512 tiles of attention share that take eight queries together: a vector holds two
 * neighbouring words of each of a panel's rows, or scores and weights of two neighbouring keys, of
 * rows 2 n and 2 n + 1 in quarter n: first those of the one key, then those of the other. Keys are
 * read as they are stored, 8 bytes for all rows. */
#ifndef RL_CPU_ATTENTION_PANELS_H
#define RL_CPU_ATTENTION_PANELS_H

#include <float.h>
#include <string.h>

#include "kernels-ref/cpu/x86/vector_avx512.h"
/* behind the vectors */
#include "kernels-ref/cpu/tiles/vector_weights.h"

#if defined(__clang__)
#define PANEL_UNROLLED _Pragma("unroll")
#define PANEL_ROLLED _Pragma("nounroll")
#else
#define PANEL_UNROLLED _Pragma("GCC unroll 16")
#define PANEL_ROLLED _Pragma("GCC unroll 1")
#endif
#define PANEL_INLINE static inline __attribute__((always_inline))

enum {
  PANEL_ROWS = RL_QUERY_PANEL,
  PANEL_PAIRS = RL_BLOCK_KEYS / 2, /* of keys */
  PANEL_LINE = 64
};

/* A panel of rows in a block. Only the pairs of keys from `first` to `end` are worked on, eight of
 * them at a time. */
typedef struct panel {
  const float *q; /* [words / 2][rows][2 words] */
  uint64_t row;   /* the first of them in the block */
  size_t first, end;
  bool half;     /* the second four rows are not there */
  bool partial;  /* some row does not see some key of them */
  float *scores; /* [PANEL_PAIRS][VECTOR_FLOATS] */
  float *packed; /* [PANEL_PAIRS][PANEL_ROWS] words of weights */
} panel;

/* Keys and values of a block, each row from the beginning of what is multiplied, what has scales
 * those of each key, and what is stored apart of keys. */
typedef struct panel_rows {
  const uint8_t *keys, *values;
  uint64_t keys_apart, values_apart;
  const float *key_scales, *value_scales;
  const uint8_t *rotated;
  uint64_t rotated_apart;
} panel_rows;

/* Rows of which `codes` bytes are copied. */
typedef struct panel_source {
  const uint8_t *rows;
  uint64_t apart, codes;
} panel_source;

/* What a panel asks for while it multiplies, an equal share in each of so many turns: many lines at
 * once would hold up whatever is loaded next, a branch in each turn even more. What is not the
 * first panel asks for one line of its own again and again. */
typedef struct panel_ahead {
  const uint8_t *at;
  size_t step;
} panel_ahead;

PANEL_INLINE panel_ahead panel_ahead_of(const rl_attention_block *b, const panel *p, int operand,
                                        uint64_t turns) {
  const uint8_t *at = b->ahead[operand];
  const bool asks = p->row == 0 && at != NULL && turns > 0;
  if (!asks) return (panel_ahead){(const void *)p->q, 0};
  return (panel_ahead){at, ((size_t)(b->ahead_end[operand] - at) + turns - 1) / turns};
}

PANEL_INLINE void panel_ask(panel_ahead *ahead, int lines) {
  PANEL_UNROLLED
  for (int i = 0; i < lines; i++) {
    _mm_prefetch((const char *)(ahead->at + (size_t)i * PANEL_LINE), _MM_HINT_T1);
  }
  ahead->at += ahead->step;
}

/* Brings a line near that the next sixteen keys are read from, in turn n over two words. */
PANEL_INLINE void panel_bring(uint64_t apart, const uint8_t *key, uint64_t n) {
  const uint8_t *at = key + (16 + n % 16) * apart + n / 16 * 2 * PANEL_LINE;
  _mm_prefetch((const char *)at, _MM_HINT_T0);
  _mm_prefetch((const char *)(at + PANEL_LINE), _MM_HINT_T0);
}

/* 8, or 16, bytes everywhere. */
PANEL_INLINE vi panel_pair(const void *at) {
  return _mm512_broadcastq_epi64(_mm_loadl_epi64(at));
}
PANEL_INLINE vf panel_quarter(const float *at) {
  return _mm512_broadcast_f32x4(_mm_loadu_ps(at));
}

/* A number a row, for both keys; and back, of the first key. */
PANEL_INLINE vf panel_spread(const float *at) {
  const vi order = _mm512_setr_epi32(0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
  return _mm512_permutexvar_ps(order, _mm512_castps256_ps512(_mm256_loadu_ps(at)));
}
PANEL_INLINE void panel_put(float *at, vf v) {
  const vi order = _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13);
  _mm256_storeu_ps(at, _mm512_castps512_ps256(_mm512_permutexvar_ps(order, v)));
}

/* Of two vectors, each of a key, the sums over neighbouring words: a vector of both. */
PANEL_INLINE vf panel_fold(vf (*add)(vf, vf), vf one, vf other) {
  return add(_mm512_shuffle_ps(one, other, 0x88), _mm512_shuffle_ps(one, other, 0xdd));
}

/* What both keys give together. */
PANEL_INLINE vf panel_both(vf (*join)(vf, vf), vf v) {
  return join(v, _mm512_permute_ps(v, 0x4e));
}

/* Bits of a pair of keys that the rows see, as lanes are. */
PANEL_INLINE uint32_t panel_seen(const rl_attention_block *b, const panel *p, size_t pair) {
  uint32_t bits = 0;
  for (unsigned r = 0; r < PANEL_ROWS && p->row + r < b->rows; r++) {
    const uint32_t two = (uint32_t)(b->seen[p->row + r] >> 2 * pair) & 3;
    bits |= (two & 1) << (r / 2 * 4 + r % 2) | (two >> 1) << (r / 2 * 4 + r % 2 + 2);
  }
  return bits;
}

/* Caps scores, hides those of keys that a row does not see; answers the largest of each row. */
PANEL_INLINE vf panel_measure(const rl_attention_task *task, const rl_attention_block *b,
                              const panel *p) {
  vf most = vf_all(-FLT_MAX);
  if (task->softcap == 0 && !p->partial) {
    for (size_t i = p->first; i < p->end; i++) {
      most = vf_max(vf_load(p->scores + i * VECTOR_FLOATS), most);
    }
    return panel_both(vf_max, most);
  }
  for (size_t i = p->first; i < p->end; i++) {
    float *at = p->scores + i * VECTOR_FLOATS;
    vf score = vf_load(at);
    if (task->softcap != 0) score = vf_cap(score, task->softcap);
    if (p->partial) score = vf_where(panel_seen(b, p, i), score, vf_all(-FLT_MAX));
    vf_put(at, score);
    most = vf_max(score, most);
  }
  return panel_both(vf_max, most);
}

/* What the weights of each row are relative to; moves only when another score is larger by RL_SLACK
 * (Milakov & Gimelshein 2018, alg. 3). */
PANEL_INLINE vf panel_relative_to(const rl_attention_task *task, const rl_attention_block *b,
                                  const panel *p) {
  const vf most = panel_measure(task, b, p), largest = panel_spread(b->largest + p->row);
  float mosts[PANEL_ROWS];
  if (!vf_any_above(most, vf_add(largest, vf_all(RL_SLACK)))) return largest;
  panel_put(mosts, most);
  for (unsigned r = 0; r < PANEL_ROWS; r++) {
    if (mosts[r] > b->largest[p->row + r] + (float)RL_SLACK) {
      rl_attention_raise(task, b, p->row + r, mosts[r]);
    }
  }
  return panel_spread(b->largest + p->row);
}

/* 2^x for x up to 127 within 8e-5 of it, a sixteenth of what bf16 rounds off; 0 below the exponents
 * of fp32. 2^r for r in [0, 1) as the polynomial whose largest relative error is least. */
PANEL_INLINE vf panel_power_of_two(vf x) {
  const vf r = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  vf sum = vf_fma(vf_all(7.80245227e-2f), r, vf_all(2.26067155e-1f));
  sum = vf_fma(sum, r, vf_all(6.95833540e-1f));
  return _mm512_scalef_ps(vf_fma(sum, r, vf_all(9.99925219e-1f)), x);
}

/* The weights of a pair of keys, 0 where they are hidden. */
PANEL_INLINE vf panel_weight(const float *scores, vf largest, bool partial) {
  const vf score = vf_load(scores);
  vf x = vf_sub(score, largest);
  if (partial) {
    const __mmask16 hidden = _mm512_cmp_ps_mask(score, vf_all(-FLT_MAX), _CMP_LE_OQ);
    x = _mm512_mask_mov_ps(x, hidden, vf_all(-FLT_MAX));
  }
  return panel_power_of_two(x);
}

/* Adds to the sums of weights. */
PANEL_INLINE void panel_sum_up(const rl_attention_block *b, const panel *p, vf sum) {
  float *at = b->lanes + p->row, of[PANEL_ROWS];
  panel_put(of, panel_both(vf_add, sum));
  _mm256_storeu_ps(at, _mm256_add_ps(_mm256_loadu_ps(at), _mm256_loadu_ps(of)));
}

/* The panel of rows from `row` on. */
PANEL_INLINE panel panel_of(const rl_attention_task *task, const rl_attention_block *b,
                            uint64_t row, float *room) {
  uint64_t all = UINT64_MAX;
  for (uint64_t r = row; r < b->rows && r < row + PANEL_ROWS; r++) all &= b->seen[r];
  return (panel){.q = b->q + row * task->padded_words,
                 .row = row,
                 .first = (size_t)b->first / 16 * 8,
                 .end = (size_t)(b->end + 15) / 16 * 8,
                 .half = b->rows - row <= PANEL_ROWS / 2,
                 .partial = all != UINT64_MAX,
                 .scores = room,
                 .packed = room + (size_t)PANEL_PAIRS * VECTOR_FLOATS};
}

/* Copies what is read of rows where they stand too close to the end of memory, or lack channels, to
 * be loaded as they are: `bytes` each, of what is not there zeros. */
PANEL_INLINE void panel_copy(const rl_attention_block *b, panel_source source, uint64_t bytes,
                             uint8_t *to) {
  for (size_t j = (size_t)b->first / 16 * 16; j < (size_t)(b->end + 15) / 16 * 16; j++) {
    const bool there = j >= b->first && j < b->end;
    const uint64_t codes = there ? source.codes : 0;
    if (there) memcpy(to + j * bytes, source.rows + j * source.apart, codes);
    memset(to + j * bytes + codes, 0, bytes - codes);
  }
}

#endif
