/* One block of keys and values in codes that meets all its queries in integers; a tile includes
 * this file after it has said how many bits a code has. Queries and weights become 16 bits relative
 * to the largest of a row, finer than bf16 is, codes unsigned ones: their middle is taken off each
 * sum at its beginning. Sums over channels and over the keys of a block are exact.
 *
 * CODES(x) names; CODES_BITS 8 or 4. A dword of codes makes CODES(WORDS) words of two. */
#include <string.h>

enum {
  CODES(EACH) = 8 / CODES_BITS,             /* codes of a byte */
  CODES(WORDS) = 2 * CODES(EACH),           /* words of four bytes */
  CODES(MIDDLE) = CODES_BITS == 8 ? 128 : 8 /* what a code of 0 is stored as */
};

/* Word n of the dwords: codes n and n + CODES(WORDS) of each. */
CODES_INLINE vi CODES(word)(vi dwords, size_t n) {
  const uint32_t codes = 0x10001u * ((1u << CODES_BITS) - 1); /* of both halves */
  const vi shifted = n == 0   ? dwords
                     : n == 1 ? _mm512_srli_epi16(dwords, CODES_BITS)
                     : n == 2 ? _mm512_srli_epi16(dwords, 2 * CODES_BITS)
                              : _mm512_srli_epi16(dwords, 3 * CODES_BITS);
  return n + 1 == CODES(WORDS) ? shifted : _mm512_and_si512(shifted, vi_all(codes));
}

/* Channel that a 16-bit half of a query's word is of; two halves a word. */
CODES_INLINE uint64_t CODES(channel)(uint64_t half) {
  const uint64_t words = CODES(WORDS), dword = half / (2 * words), at = half % (2 * words);
  return dword * 2 * words + at / 2 + at % 2 * words;
}

/* Behind the words of a query: what its integers are multiples of, and what its sums begin with. */
static void CODES(arrange)(const rl_attention_task *task, const float *values, float *to) {
  const double top = 2147483647.0 / (2 * CODES(MIDDLE) - 1) / (double)task->head_dim;
  const float most = top < 32767 ? (float)top : 32767;
  int16_t *halves = (void *)to;
  float largest = 0;
  int32_t sum = 0;
  for (uint64_t c = 0; c < task->head_dim; c++) largest = fmaxf(largest, fabsf(values[c]));
  const float by = largest > 0 ? most / largest : 0, unit = largest / most;
  for (uint64_t h = 0; h < 2 * task->words; h++) {
    const uint64_t c = CODES(channel)(h);
    halves[h] = c < task->head_dim ? (int16_t)lrintf(values[c] * by) : 0;
    sum += halves[h];
  }
  sum *= -CODES(MIDDLE);
  memcpy(to + task->words, &unit, sizeof unit);
  memcpy(to + task->words + 1, &sum, sizeof sum);
}

/* Dword i of 16 keys as vector i, of four dwords from byte `at` of their rows. */
CODES_INLINE void CODES(turn_four)(const codes_rows *rows, size_t key, uint64_t at, bool whole,
                                   vi dwords[4]) {
  vi x[4];
  CODES_UNROLLED
  for (size_t r = 0; r < 4; r++) x[r] = codes_load(rows, key + r, 4, at, whole);
  const vi low = _mm512_unpacklo_epi32(x[0], x[1]), high = _mm512_unpackhi_epi32(x[0], x[1]);
  const vi low2 = _mm512_unpacklo_epi32(x[2], x[3]), high2 = _mm512_unpackhi_epi32(x[2], x[3]);
  dwords[0] = _mm512_unpacklo_epi64(low, low2);
  dwords[1] = _mm512_unpackhi_epi64(low, low2);
  dwords[2] = _mm512_unpacklo_epi64(high, high2);
  dwords[3] = _mm512_unpackhi_epi64(high, high2);
}

/* Keys as [words][RL_BLOCK_KEYS]. */
CODES_INLINE void CODES(turn)(const codes_rows *rows, float *keys, bool whole) {
  for (uint64_t at = 0; at < rows->codes; at += CODES_PIECE) {
    float *to = keys + at / 4 * CODES(WORDS) * RL_BLOCK_KEYS;
    for (size_t j = 0; j < RL_BLOCK_KEYS; j += VECTOR_FLOATS) {
      vi dwords[4];
      CODES(turn_four)(rows, j, at, whole, dwords);
      CODES_UNROLLED
      for (size_t n = 0; n < (size_t)4 * CODES(WORDS); n++) {
        vf_put(to + n * RL_BLOCK_KEYS + j,
               vf_of(CODES(word)(dwords[n / CODES(WORDS)], n % CODES(WORDS))));
      }
    }
  }
}

/* Values as [pairs of keys][width]; of a byte's codes the first of 16 bytes stand before the
 * others. */
CODES_INLINE void CODES(spread)(const codes_rows *rows, uint64_t width, float *values, bool whole) {
  for (size_t j = 0; j < RL_BLOCK_KEYS; j += 4) {
    float *first = values + codes_step(j) * width, *second = first + width;
    for (uint64_t at = 0; at < rows->codes; at += CODES_PIECE) {
      const vi dwords = codes_columns(codes_load(rows, j, 1, at, whole));
      CODES_UNROLLED
      for (size_t n = 0; n < CODES(EACH); n++) {
        vf_put(first + at * CODES(EACH) + n * VECTOR_FLOATS, vf_of(CODES(word)(dwords, n)));
        vf_put(second + at * CODES(EACH) + n * VECTOR_FLOATS,
               vf_of(CODES(word)(dwords, n + CODES(EACH))));
      }
    }
  }
}

/* Products of `rows` queries from row `first` on with all keys. */
CODES_INLINE void CODES(score)(const rl_attention_task *task, const rl_attention_block *b,
                               const float *keys, float *scores, uint64_t first, unsigned rows) {
  const float *q = b->q + first * task->padded_words;
  const uint8_t *ahead = b->ahead[0];
  vi sum[VECTOR_TILE][2];
  CODES_UNROLLED
  for (size_t r = 0; r < rows; r++) {
    sum[r][0] = sum[r][1] = vi_word(q + r * task->padded_words + task->words + 1);
  }
  for (uint64_t w = 0; w < task->words; w++, keys += RL_BLOCK_KEYS) {
    const vi low = vi_load(keys), high = vi_load(keys + VECTOR_FLOATS);
    if (first == 0) ahead = codes_ask(ahead, b->ahead_end[0]);
    CODES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      const vi word = vi_word(q + r * task->padded_words + w);
      sum[r][0] = codes_add(sum[r][0], word, low);
      sum[r][1] = codes_add(sum[r][1], word, high);
    }
  }
  CODES_UNROLLED
  for (size_t r = 0; r < rows; r++) {
    float *to = scores + (first + r) * RL_BLOCK_KEYS;
    const vf unit = vf_all(q[r * task->padded_words + task->words]);
    vf_put(to, vf_mul(_mm512_cvtepi32_ps(sum[r][0]), unit));
    vf_put(to + VECTOR_FLOATS, vf_mul(_mm512_cvtepi32_ps(sum[r][1]), unit));
  }
}

/* Weights of up to 8 rows as words of 16 bits; behind them what they are multiples of and what sums
 * begin with. */
CODES_INLINE void CODES(weigh)(const rl_attention_task *task, const rl_attention_block *b,
                               uint64_t first, float *scores, const float *const scales[2],
                               unsigned rows) {
  vf of_rows[8];
  float units[VECTOR_FLOATS];
  int32_t sums[VECTOR_FLOATS];
  CODES_UNROLLED
  for (size_t r = 0; r < 8; r++) of_rows[r] = vf_zero();
  for (size_t r = 0; r < rows; r++) {
    vf weight[2];
    float *row = scores + (first + r) * RL_BLOCK_KEYS;
    vector_weigh(task, b, first + r, row, scales, weight);
    vf_put(row, weight[0]);
    vf_put(row + VECTOR_FLOATS, weight[1]);
    of_rows[r] = vf_max(weight[0], weight[1]);
  }
  const vf most = vf_max(codes_largest(of_rows), vf_all(FLT_MIN));
  vf_put(units, vf_mul(most, vf_all(1.0f / 32767)));
  const vf by = vf_div(vf_all(32767), most);
  for (size_t r = 0; r < rows; r++) {
    float *row = scores + (first + r) * RL_BLOCK_KEYS;
    const vf mine = codes_one(by, r);
    const vi words =
        _mm512_packs_epi32(_mm512_cvtps_epi32(vf_mul(vf_load(row), mine)),
                           _mm512_cvtps_epi32(vf_mul(vf_load(row + VECTOR_FLOATS), mine)));
    vf_put(row, vf_of(words));
    of_rows[r] = vf_of(codes_add(_mm512_setzero_si512(), words, vi_all(0x10001)));
  }
  vf_put((void *)sums, vf_of(codes_sum(of_rows)));
  for (size_t r = 0; r < rows; r++) {
    float *behind = scores + (first + r) * RL_BLOCK_KEYS + VECTOR_FLOATS;
    const int32_t start = -CODES(MIDDLE) * sums[codes_place(r)];
    behind[0] = units[codes_place(r)];
    memcpy(behind + 1, &start, sizeof start);
  }
}

/* mix = mix + weights * values, for `rows` queries from row `first` on. */
CODES_INLINE void CODES(mix)(const rl_attention_task *task, const rl_attention_block *b,
                             const float *values, const float *scores, uint64_t first,
                             unsigned rows) {
  const uint8_t *ahead = b->ahead[1];
  const float *weights = scores + first * RL_BLOCK_KEYS;
  for (uint64_t at = 0; at < task->width; at += (uint64_t)2 * VECTOR_FLOATS) {
    vi sum[VECTOR_TILE][2];
    CODES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      sum[r][0] = sum[r][1] = vi_word(weights + r * RL_BLOCK_KEYS + VECTOR_FLOATS + 1);
    }
    CODES_ROLLED
    for (size_t s = 0; s < VECTOR_FLOATS; s++) {
      const float *from = values + s * task->width + at;
      const vi low = vi_load(from), high = vi_load(from + VECTOR_FLOATS);
      if (first == 0) ahead = codes_ask(ahead, b->ahead_end[1]);
      CODES_UNROLLED
      for (size_t r = 0; r < rows; r++) {
        const vi word = vi_word(weights + r * RL_BLOCK_KEYS + s);
        sum[r][0] = codes_add(sum[r][0], word, low);
        sum[r][1] = codes_add(sum[r][1], word, high);
      }
    }
    CODES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
      const vf unit = vf_all(weights[r * RL_BLOCK_KEYS + VECTOR_FLOATS]);
      float *to = b->mix + (first + r) * task->width + at;
      vf_put(to, vf_fma(_mm512_cvtepi32_ps(sum[r][0]), unit, vf_load(to)));
      to += VECTOR_FLOATS;
      vf_put(to, vf_fma(_mm512_cvtepi32_ps(sum[r][1]), unit, vf_load(to)));
    }
  }
}

/* Scores and weights of all rows. */
CODES_INLINE void CODES(score_all)(const rl_attention_task *task, const rl_attention_block *b,
                                   const float *keys, float *scores) {
  float of[2][RL_BLOCK_KEYS];
  const float *const scales[2] = {of[0], of[1]};
  uint64_t row = 0;
  for (; row + 8 <= b->rows; row += 8) CODES(score)(task, b, keys, scores, row, 8);
  for (; row + 4 <= b->rows; row += 4) CODES(score)(task, b, keys, scores, row, 4);
  for (; row < b->rows; row++) CODES(score)(task, b, keys, scores, row, 1);
  vector_key_scales(task, b, b->keys, of[0]);
  vector_key_scales(task, b, b->values, of[1]);
  for (row = 0; row + 8 <= b->rows; row += 8) CODES(weigh)(task, b, row, scores, scales, 8);
  if (row < b->rows) CODES(weigh)(task, b, row, scores, scales, (unsigned)(b->rows - row));
}

static void CODES(block)(const rl_attention_task *task, const rl_attention_block *b) {
  float *keys = b->room, *values = keys + task->padded_words * RL_BLOCK_KEYS;
  float *scores = values + task->width * RL_BLOCK_KEYS;
  const codes_rows k = {b->keys, b->apart, task->codes, b->first, b->end};
  const codes_rows v = {b->values, b->apart, task->codes, b->first, b->end};
  uint64_t row = 0;
  const bool whole = b->first == 0 && b->end == RL_BLOCK_KEYS && task->codes % CODES_PIECE == 0;
  if (whole) {
    CODES(turn)(&k, keys, true);
  } else {
    CODES(turn)(&k, keys, false);
  }
  CODES(score_all)(task, b, keys, scores);
  if (whole) {
    CODES(spread)(&v, task->width, values, true);
  } else {
    CODES(spread)(&v, task->width, values, false);
  }
  for (; row + 8 <= b->rows; row += 8) CODES(mix)(task, b, values, scores, row, 8);
  for (; row + 4 <= b->rows; row += 4) CODES(mix)(task, b, values, scores, row, 4);
  for (; row < b->rows; row++) CODES(mix)(task, b, values, scores, row, 1);
}

#undef CODES
#undef CODES_BITS
