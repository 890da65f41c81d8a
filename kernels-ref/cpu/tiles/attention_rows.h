/* One block of keys that meets all its queries; a tile includes this file after it has said how
 * stored values become words that are multiplied. Keys are turned so that each lane is a key: a
 * score is then summed within a lane, whatever else is summed beside it.
 *
 * ATTEND(x) names; ATTEND_LOAD stored bytes to a vector of floats, ATTEND_BYTES of them. */
#include <string.h>

#include "kernels-ref/cpu/tiles/vector_weights.h"

#if defined(__clang__)
#define ATTEND_UNROLLED _Pragma("unroll")
#define ATTEND_ROLLED _Pragma("nounroll")
#else
#define ATTEND_UNROLLED _Pragma("GCC unroll 16")
#define ATTEND_ROLLED _Pragma("GCC unroll 1")
#endif
#define ATTEND_INLINE static inline __attribute__((always_inline))

enum {
  ATTEND(BYTES) = ATTEND_BYTES,
  ATTEND(VECTORS) = RL_BLOCK_KEYS / VECTOR_FLOATS, /* of scores */
  /* Lines of all keys for each word of theirs, and as many of values for each step. */
  ATTEND(LINES) = (RL_BLOCK_KEYS * ATTEND(BYTES) / VECTOR_FLOATS + 63) / 64
};

/* Asks for a few lines, spread over products: many at once would hold up whatever is loaded next.
 */
ATTEND_INLINE const uint8_t *ATTEND(ask)(const uint8_t *at, const uint8_t *end) {
  ATTEND_UNROLLED
  for (size_t i = 0; i < ATTEND(LINES); i++) {
    if (at >= end) break;
    __builtin_prefetch(at, 0, 2);
    at += 64;
  }
  return at;
}

/* Most blocks are whole: all keys are read, and chunks are full. */
ATTEND_INLINE bool ATTEND(is_whole)(const rl_attention_task *task, const rl_attention_block *b) {
  const bool full = task->codes % ATTEND(BYTES) == 0 && task->rotated_codes % ATTEND(BYTES) == 0;
  const bool joined = task->rotated == 0 || task->own_words == task->head_dim;
  return b->first == 0 && b->end == RL_BLOCK_KEYS && full && joined;
}

/* Stored rows: that of key 0, bytes between two of them, bytes of codes in each. */
typedef struct ATTEND(rows) {
  const uint8_t *bytes;
  uint64_t apart, codes;
} ATTEND(rows);

/* A chunk of key j's row, which has no others than those that are read; nothing behind the row's
 * codes is read, and what is not read is 0. */
ATTEND_INLINE vi ATTEND(load)(const rl_attention_block *b, ATTEND(rows) rows, size_t j,
                              uint64_t chunk, bool whole) {
  uint8_t tail[ATTEND(BYTES)] = {0};
  const uint64_t at = chunk * ATTEND(BYTES);
  const uint8_t *row = rows.bytes + j * rows.apart;
  if (whole) return ATTEND_LOAD(row + at);
  if (j < b->first || j >= b->end || at >= rows.codes) return vi_of(vf_zero());
  if (at + ATTEND(BYTES) <= rows.codes) return ATTEND_LOAD(row + at);
  memcpy(tail, row + at, rows.codes - at);
  return ATTEND_LOAD(tail);
}

/* So many words of keys as [words][RL_BLOCK_KEYS]. */
ATTEND_INLINE void ATTEND(turn_rows)(const rl_attention_block *b, ATTEND(rows) rows, uint64_t words,
                                     float *keys, bool whole) {
  for (size_t j = 0; j < RL_BLOCK_KEYS; j += VECTOR_FLOATS) {
    for (uint64_t word = 0; word < words; word += VECTOR_FLOATS) {
      vf square[VECTOR_FLOATS];
      ATTEND_UNROLLED
      for (size_t k = 0; k < VECTOR_FLOATS; k++) {
        square[k] = vf_of(ATTEND(load)(b, rows, j + k, word / VECTOR_FLOATS, whole));
      }
      vf_transpose(square);
      ATTEND_UNROLLED
      for (size_t k = 0; k < VECTOR_FLOATS; k++) {
        vf_put(keys + (word + k) * RL_BLOCK_KEYS + j, square[k]);
      }
    }
  }
}

/* Keys as [padded words][RL_BLOCK_KEYS]. */
ATTEND_INLINE void ATTEND(turn)(const rl_attention_task *task, const rl_attention_block *b,
                                float *keys, bool whole) {
  const uint64_t words = whole ? task->words : task->padded_words;
  const uint64_t own = task->rotated != 0 ? task->own_words : words;
  const ATTEND(rows) rotated = {b->rotated, b->rotated_apart, task->rotated_codes};
  ATTEND(turn_rows)(b, (ATTEND(rows)){b->keys, b->apart, task->codes}, own, keys, whole);
  if (own == words) return;
  ATTEND(turn_rows)(b, rotated, words - own, keys + own * RL_BLOCK_KEYS, whole);
}

/* Values as [RL_BLOCK_KEYS][width]. */
ATTEND_INLINE void ATTEND(spread)(const rl_attention_task *task, const rl_attention_block *b,
                                  float *values, bool whole) {
  const uint64_t width = whole ? task->head_dim : task->width;
  const ATTEND(rows) rows = {b->values, b->apart, task->codes};
  for (size_t key = 0; key < RL_BLOCK_KEYS; key++) {
    float *to = values + key * task->width;
    for (uint64_t at = 0; at < width; at += VECTOR_FLOATS) {
      vf_put(to + at, vf_of(ATTEND(load)(b, rows, key, at / VECTOR_FLOATS, whole)));
    }
  }
}

/* Products of `rows` queries from row `first` on with all keys. */
ATTEND_INLINE void ATTEND(score)(const rl_attention_task *task, const rl_attention_block *b,
                                 const float *keys, float *scores, uint64_t first, unsigned rows) {
  const float *q = b->q + first * task->padded_words;
  const uint8_t *ahead = b->ahead[0];
  for (size_t v = 0; v < ATTEND(VECTORS); v += 2) {
    const float *at = keys + v * VECTOR_FLOATS;
    vf sum[VECTOR_TILE][2];
    ATTEND_UNROLLED
    for (size_t r = 0; r < rows; r++) sum[r][0] = sum[r][1] = vf_zero();
    for (uint64_t w = 0; w < task->words; w++, at += RL_BLOCK_KEYS) {
      if (first == 0 && v == 0) ahead = ATTEND(ask)(ahead, b->ahead_end[0]);
      const vi low = vi_load(at), high = vi_load(at + VECTOR_FLOATS);
      ATTEND_UNROLLED
      for (size_t r = 0; r < rows; r++) {
        const vi word = vi_word(q + r * task->padded_words + w);
        sum[r][0] = vf_add_words(sum[r][0], word, low);
        sum[r][1] = vf_add_words(sum[r][1], word, high);
      }
    }
    ATTEND_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      float *to = scores + (first + r) * RL_BLOCK_KEYS + v * VECTOR_FLOATS;
      vf_put(to, sum[r][0]);
      vf_put(to + VECTOR_FLOATS, sum[r][1]);
    }
  }
}

/* Two vectors of words of the values of step s, from channel `at` on; values NULL: as they are
 * stored, of a whole block whose rows are full of them. */
ATTEND_INLINE void ATTEND(step)(const rl_attention_task *task, const rl_attention_block *b,
                                const float *values, size_t s, uint64_t at, vi word[2]) {
  if (values != NULL) {
    word[0] = vi_load(values + s * task->width + at);
    word[1] = vi_load(values + s * task->width + at + VECTOR_FLOATS);
    return;
  }
  const ATTEND(rows) rows = {b->values, b->apart, task->codes};
  word[0] = ATTEND(load)(b, rows, s, at / VECTOR_FLOATS, true);
  word[1] = ATTEND(load)(b, rows, s, at / VECTOR_FLOATS + 1, true);
}

/* mix = mix + weights * values, for `rows` queries from row `first` on. */
ATTEND_INLINE void ATTEND(mix)(const rl_attention_task *task, const rl_attention_block *b,
                               const float *values, const float *scores, uint64_t first,
                               unsigned rows) {
  const float *weights = scores + first * RL_BLOCK_KEYS;
  const uint8_t *ahead = b->ahead[1];
  for (uint64_t at = 0; at < task->width; at += (uint64_t)2 * VECTOR_FLOATS) {
    float *mix = b->mix + first * task->width + at;
    vf sum[VECTOR_TILE][2];
    ATTEND_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      sum[r][0] = vf_load(mix + r * task->width);
      sum[r][1] = vf_load(mix + r * task->width + VECTOR_FLOATS);
    }
    ATTEND_ROLLED
    for (size_t s = 0; s < RL_BLOCK_KEYS; s++) {
      if (first == 0) ahead = ATTEND(ask)(ahead, b->ahead_end[1]);
      vi value[2];
      ATTEND(step)(task, b, values, s, at, value);
      ATTEND_UNROLLED
      for (size_t r = 0; r < rows; r++) {
        const vi word = vi_word(weights + r * RL_BLOCK_KEYS + s);
        sum[r][0] = vf_add_words(sum[r][0], word, value[0]);
        sum[r][1] = vf_add_words(sum[r][1], word, value[1]);
      }
    }
    ATTEND_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      vf_put(mix + r * task->width, sum[r][0]);
      vf_put(mix + r * task->width + VECTOR_FLOATS, sum[r][1]);
    }
  }
}

/* Scores of a row become weights, as words that values are multiplied with. */
ATTEND_INLINE void ATTEND(weigh)(const rl_attention_task *task, const rl_attention_block *b,
                                 uint64_t row, float *scores, const float *const scales[2]) {
  vf weight[ATTEND(VECTORS)];
  vector_weigh(task, b, row, scores, scales, weight);
  ATTEND_UNROLLED
  for (size_t v = 0; v < ATTEND(VECTORS); v++) vf_put(scores + v * VECTOR_FLOATS, weight[v]);
}

/* Scores and weights of all rows. */
ATTEND_INLINE void ATTEND(score_all)(const rl_attention_task *task, const rl_attention_block *b,
                                     const float *keys, float *scores) {
  float of[2][RL_BLOCK_KEYS];
  const float *scales[2] = {NULL, NULL};
  uint64_t row = 0;
  for (; row + VECTOR_TILE <= b->rows; row += VECTOR_TILE) {
    ATTEND(score)(task, b, keys, scores, row, VECTOR_TILE);
  }
  for (; row + 4 <= b->rows; row += 4) ATTEND(score)(task, b, keys, scores, row, 4);
  for (; row < b->rows; row++) ATTEND(score)(task, b, keys, scores, row, 1);
  if (task->component->kind == RL_QUANT) {
    vector_key_scales(task, b, b->keys, of[0]);
    vector_key_scales(task, b, b->values, of[1]);
    scales[0] = of[0];
    scales[1] = of[1];
  }
  for (row = 0; row < b->rows; row++) {
    ATTEND(weigh)(task, b, row, scores + row * RL_BLOCK_KEYS, scales);
  }
}

ATTEND_INLINE void ATTEND(mix_all)(const rl_attention_task *task, const rl_attention_block *b,
                                   const float *values, const float *scores) {
  uint64_t row = 0;
  for (; row + VECTOR_TILE <= b->rows; row += VECTOR_TILE) {
    ATTEND(mix)(task, b, values, scores, row, VECTOR_TILE);
  }
  for (; row + 4 <= b->rows; row += 4) ATTEND(mix)(task, b, values, scores, row, 4);
  for (; row < b->rows; row++) ATTEND(mix)(task, b, values, scores, row, 1);
}

static void ATTEND(block)(const rl_attention_task *task, const rl_attention_block *b) {
  float *keys = b->room, *values = keys + task->padded_words * RL_BLOCK_KEYS;
  float *scores = values + task->width * RL_BLOCK_KEYS;
  if (!ATTEND(is_whole)(task, b)) {
    ATTEND(turn)(task, b, keys, false);
    ATTEND(score_all)(task, b, keys, scores);
    ATTEND(spread)(task, b, values, false);
    ATTEND(mix_all)(task, b, values, scores);
    return;
  }
  ATTEND(turn)(task, b, keys, true);
  ATTEND(score_all)(task, b, keys, scores);
  if (b->rows <= VECTOR_TILE && task->width == task->head_dim) {
    ATTEND(mix_all)(task, b, NULL, scores);
    return;
  }
  ATTEND(spread)(task, b, values, true);
  ATTEND(mix_all)(task, b, values, scores);
}

#undef ATTEND
#undef ATTEND_UNROLLED
#undef ATTEND_ROLLED
#undef ATTEND_INLINE
#undef ATTEND_LOAD
#undef ATTEND_BYTES
