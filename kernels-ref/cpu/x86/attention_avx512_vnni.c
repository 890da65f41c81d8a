/* attention with AVX-512 VNNI: keys and values in codes of 8 and 4 bits meet queries and weights in
 * integers, both as two bytes: 7 bits, and 8 with the sign. They are relative to the largest of a
 * row, finer than bf16 is. Codes are unsigned: their middle is taken off each sum. Sums over
 * channels and over the keys of a block are exact; scales multiply scores and weights in fp32.
 *
 * Words of a query are four bytes, the upper ones of all channels in front of the lower ones.
 * Codes of 4 bits become bytes, of 64 those of even channels before the others. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/attention_panels.h"

enum {
  CHUNK = 64,          /* bytes of a row whose mixes stand together */
  KEYS = 8,            /* whose scores are summed together */
  LOWER = 7,           /* bits of a lower byte */
  MOST = (1 << 14) - 1 /* of both bytes */
};

/* Tells that a number is none, or infinite: 0 else. */
static float oddness(const float *values, uint64_t count) {
  float odd = 0;
  for (uint64_t i = 0; i < count; i++) odd += values[i] * 0;
  return odd;
}

/* Where the byte of channel c stands. */
PANEL_INLINE uint64_t place_of(uint64_t c, bool halves) {
  return halves ? c / CHUNK * CHUNK + c % 2 * (CHUNK / 2) + c % CHUNK / 2 : c;
}

/* Behind the bytes of a query: what its integers are multiples of, and what its sums begin with. */
PANEL_INLINE void arrange(const rl_attention_task *task, const float *values, float *to,
                          bool halves) {
  const int32_t middle = halves ? 8 : 128;
  int8_t *upper = (void *)to, *lower = upper + 2 * task->words;
  float largest = 0;
  int32_t sum = 0;
  for (uint64_t c = 0; c < task->head_dim; c++) largest = fmaxf(largest, fabsf(values[c]));
  const float odd = oddness(values, task->head_dim);
  const float by = largest > 0 && odd == 0 ? MOST / largest : 0;
  const float unit = largest / MOST + odd;
  for (uint64_t c = 0; c < task->head_dim && by > 0; c++) {
    const int32_t whole = (int32_t)lrintf(values[c] * by);
    upper[place_of(c, halves)] = (int8_t)(whole >> LOWER);
    lower[place_of(c, halves)] = (int8_t)(whole & ((1 << LOWER) - 1));
    sum += whole;
  }
  sum *= -middle;
  memcpy(to + task->words, &unit, sizeof unit);
  memcpy(to + task->words + 1, &sum, sizeof sum);
}
static void i8_arrange(const rl_attention_task *task, const float *query, float *words) {
  arrange(task, query, words, false);
}
static void i4_arrange(const rl_attention_task *task, const float *query, float *words) {
  arrange(task, query, words, true);
}

/* sum + codes * bytes by fours. Compilers copy sums around the intrinsic. */
PANEL_INLINE vi add_fours(vi sum, vi codes, vi bytes) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(bytes));
  return sum;
}

PANEL_INLINE vf plus(vf a, vf b) {
  return vf_of(_mm512_add_epi32(vi_of(a), vi_of(b)));
}

/* Words of queries, and how far behind the upper bytes the lower ones stand. */
typedef struct words_span {
  uint64_t first, end, lower;
} words_span;

/* Sums of two keys become scores, which start with what the middle of codes makes of them. */
PANEL_INLINE vf score_of(const vi sum[2], vf start, vf unit, const float *scales) {
  const vf whole = plus(start, panel_fold(plus, vf_of(sum[0]), vf_of(sum[1])));
  return vf_mul(vf_mul(vf_of_ints(vi_of(whole)), unit), panel_quarter(scales));
}

/* Adds to sums, and to those of lower bytes, what the words of queries from `first` to `end` make.
 */
PANEL_INLINE void add_words(const panel_rows *rows, const panel *p, const uint8_t *key,
                            const words_span *span, vi sum[2][KEYS], panel_ahead *ahead) {
  PANEL_ROLLED
  for (uint64_t w = span->first; w < span->end; w += 2) {
    const float *q = p->q + w * PANEL_ROWS;
    const vi query[2] = {vi_load(q), vi_load(q + span->lower)};
    panel_ask(ahead, 1);
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k++) {
      const vi words = panel_pair(key + k * rows->keys_apart + 4 * w);
      sum[0][k] = add_fours(sum[0][k], words, query[0]);
      sum[1][k] = add_fours(sum[1][k], words, query[1]);
    }
  }
}

/* Scores with all keys, a few at a time. Those of the keys before are made in the middle of the
 * next sums, which would have to wait for them at their end. */
PANEL_INLINE void score(const rl_attention_task *task, const rl_attention_block *b,
                        const panel_rows *rows, const panel *p) {
  panel_ahead ahead = panel_ahead_of(b, p, 0, (p->end - p->first) / 4 * (task->words / 4));
  const uint64_t count = task->words / 2, middle = count / 4 * 2;
  const words_span begin = {0, middle, count * PANEL_ROWS}, rest = {middle, count, begin.lower};
  const vf behind = vf_load(p->q + task->words * PANEL_ROWS);
  const vf unit = vf_mul(_mm512_permute_ps(behind, 0x88), vf_all(task->scale));
  const vf start = _mm512_permute_ps(behind, 0xdd);
  vi done[KEYS];
  size_t before = p->first;
  PANEL_UNROLLED
  for (size_t k = 0; k < KEYS; k++) done[k] = vi_of(vf_zero());
  for (size_t i = p->first; i < p->end; i += KEYS / 2) {
    const uint8_t *key = rows->keys + 2 * i * rows->keys_apart;
    vi sum[2][KEYS];
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k++) sum[0][k] = sum[1][k] = vi_of(vf_zero());
    add_words(rows, p, key, &begin, sum, &ahead);
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k += 2) {
      const size_t pair = before + k / 2;
      vf_put(p->scores + pair * VECTOR_FLOATS,
             score_of(done + k, start, unit, rows->key_scales + 4 * pair));
    }
    add_words(rows, p, key, &rest, sum, &ahead);
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k++) {
      done[k] = _mm512_add_epi32(_mm512_slli_epi32(sum[0][k], LOWER), sum[1][k]);
    }
    before = i;
  }
  PANEL_UNROLLED
  for (size_t k = 0; k < KEYS; k += 2) {
    const size_t pair = before + k / 2;
    vf_put(p->scores + pair * VECTOR_FLOATS,
           score_of(done + k, start, unit, rows->key_scales + 4 * pair));
  }
}

/* What the weights of a panel, times the scales of the values, are multiples of, what their sums
 * begin with: a number a row. */
typedef struct whole_weights {
  float unit[PANEL_ROWS];
  int32_t start[PANEL_ROWS];
  float *mix; /* of the panel's first row, where the mixes of a chunk begin */
} whole_weights;

/* Scores become weights times scales; answers the largest of each row. */
PANEL_INLINE vf weigh_keys(const rl_attention_task *task, const rl_attention_block *b,
                           const panel *p, const float *scales, bool partial) {
  const vf largest = panel_relative_to(task, b, p);
  vf sum = vf_zero(), most = vf_zero();
  for (size_t i = p->first; i < p->end; i++) {
    float *at = p->scores + i * VECTOR_FLOATS;
    const vf weight = panel_weight(at, largest, partial);
    const vf scaled = vf_mul(weight, panel_quarter(scales + 4 * i));
    sum = vf_add(sum, weight);
    most = vf_max(scaled, most);
    vf_put(at, scaled);
  }
  panel_sum_up(b, p, sum);
  most = vf_max(panel_both(vf_max, most), vf_all(FLT_MIN));
  return vf_fma(panel_both(vf_add, sum), vf_zero(), most); /* no number where a weight is none */
}

/* Weights as two bytes: of four keys the upper ones of rows 2 n and 2 n + 1, then the lower ones.
 */
PANEL_INLINE void weigh(const rl_attention_task *task, const rl_attention_block *b, const panel *p,
                        const float *scales, bool partial, whole_weights *whole) {
  const vi order =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
  const vf most = weigh_keys(task, b, p, scales, partial), by = vf_div(vf_all(MOST), most);
  vi start = vi_of(vf_zero());
  for (size_t i = p->first; i < p->end; i += 2) {
    const float *at = p->scores + i * VECTOR_FLOATS;
    const vi one = _mm512_cvtps_epi32(vf_mul(vf_load(at), by));
    const vi other = _mm512_cvtps_epi32(vf_mul(vf_load(at + VECTOR_FLOATS), by));
    const vi both = _mm512_packs_epi32(one, other);
    const vi upper = _mm512_srli_epi16(both, LOWER);
    const vi lower = _mm512_and_si512(both, _mm512_set1_epi16((1 << LOWER) - 1));
    start = _mm512_add_epi32(_mm512_add_epi32(start, one), other);
    vf_put(p->packed + i * PANEL_ROWS,
           vf_of(_mm512_shuffle_epi8(_mm512_packus_epi16(upper, lower), order)));
  }
  panel_put(whole->unit, vf_mul(most, vf_all(1.0f / MOST)));
  start = vi_of(panel_both(plus, vf_of(start)));
  start = vi_mul(start, vi_all(task->component->type == RL_I8 ? -128u : -8u));
  panel_put((void *)whole->start, vf_of(start));
}

/* Bytes of four keys side by side, a vector of channels 4 n .. 4 n + 3 of each 16, as [fours of
 * keys][width]. Rows lie across lines of memory: each is loaded once. */
PANEL_INLINE void zip(const rl_attention_task *task, const panel_rows *rows, const panel *p,
                      uint8_t *to) {
  for (size_t i = p->first; i < p->end; i += 2) {
    for (uint64_t at = 0; at < task->width; at += CHUNK) {
      const uint8_t *values = rows->values + 2 * i * rows->values_apart + at;
      uint8_t *mine = to + 2 * i * task->width + 4 * at;
      vi key[4];
      PANEL_UNROLLED
      for (size_t k = 0; k < 4; k++) {
        key[k] = vi_load(values + k * rows->values_apart);
        _mm_prefetch((const char *)(values + (k + 8) * rows->values_apart), _MM_HINT_T0);
      }
      const vi even = _mm512_unpacklo_epi8(key[0], key[1]);
      const vi odd = _mm512_unpacklo_epi8(key[2], key[3]);
      const vi even_high = _mm512_unpackhi_epi8(key[0], key[1]);
      const vi odd_high = _mm512_unpackhi_epi8(key[2], key[3]);
      _mm512_storeu_si512(mine, _mm512_unpacklo_epi16(even, odd));
      _mm512_storeu_si512(mine + CHUNK, _mm512_unpackhi_epi16(even, odd));
      _mm512_storeu_si512(mine + (size_t)2 * CHUNK, _mm512_unpacklo_epi16(even_high, odd_high));
      _mm512_storeu_si512(mine + (size_t)3 * CHUNK, _mm512_unpackhi_epi16(even_high, odd_high));
    }
  }
}

/* mix = mix + weights * values, 16 channels from `at` on. */
PANEL_INLINE void mix_vector(const rl_attention_task *task, const panel *p, const uint8_t *zipped,
                             const whole_weights *whole, uint64_t at, panel_ahead *ahead) {
  vi upper[PANEL_ROWS], lower[PANEL_ROWS];
  PANEL_UNROLLED
  for (size_t r = 0; r < PANEL_ROWS; r++) {
    upper[r] = vi_of(vf_zero());
    lower[r] = vi_all((uint32_t)whole->start[r]);
  }
  PANEL_ROLLED
  for (size_t i = p->first; i < p->end; i += 2) {
    const float *weights = p->packed + i * PANEL_ROWS;
    const vi codes = vi_load(zipped + 2 * i * task->width + 4 * at);
    panel_ask(ahead, 1);
    PANEL_UNROLLED
    for (size_t r = 0; r < PANEL_ROWS; r++) {
      const float *words = weights + r / 2 * 4 + r % 2;
      upper[r] = add_fours(upper[r], codes, vi_word(words));
      lower[r] = add_fours(lower[r], codes, vi_word(words + 2));
    }
  }
  PANEL_UNROLLED
  for (size_t r = 0; r < PANEL_ROWS; r++) {
    const vi sum = _mm512_add_epi32(_mm512_slli_epi32(upper[r], LOWER), lower[r]);
    float *mine = whole->mix + r * task->width + at;
    vf_put(mine, vf_fma(vf_of_ints(sum), vf_all(whole->unit[r]), vf_load(mine)));
  }
}

PANEL_INLINE void mix(const rl_attention_task *task, const rl_attention_block *b, const panel *p,
                      const uint8_t *zipped, whole_weights *whole) {
  panel_ahead ahead =
      panel_ahead_of(b, p, 1, (p->end - p->first) / 2 * (task->width / VECTOR_FLOATS));
  whole->mix = b->mix + p->row * task->width;
  for (uint64_t at = 0; at < task->width; at += VECTOR_FLOATS) {
    mix_vector(task, p, zipped, whole, at, &ahead);
  }
}

static void do_panel(const rl_attention_task *task, const rl_attention_block *b,
                     const panel_rows *rows, const panel *p, uint8_t *zipped) {
  whole_weights whole;
  score(task, b, rows, p);
  if (p->partial) {
    weigh(task, b, p, rows->value_scales, true, &whole);
  } else {
    weigh(task, b, p, rows->value_scales, false, &whole);
  }
  if (p->row == 0) zip(task, rows, p, zipped);
  mix(task, b, p, zipped, &whole);
}

/* Scales of keys, twice each as lanes are. */
static void double_scales(const rl_attention_task *task, const rl_attention_block *b,
                          const uint8_t *rows, float to[]) {
  float scales[RL_BLOCK_KEYS];
  vector_key_scales(task, b, rows, scales);
  for (size_t j = 0; j < RL_BLOCK_KEYS; j++) to[2 * j] = to[2 * j + 1] = scales[j];
}

/* Behind the values of the room, which are bytes: those that stand side by side, then scores. */
static void panels(const rl_attention_task *task, const rl_attention_block *b, panel_rows rows,
                   float *values) {
  float scales[2][2 * RL_BLOCK_KEYS];
  double_scales(task, b, b->keys, scales[0]);
  double_scales(task, b, b->values, scales[1]);
  rows.key_scales = scales[0];
  rows.value_scales = scales[1];
  uint8_t *zipped = (uint8_t *)values + task->width * RL_BLOCK_KEYS;
  float *scores = values + task->width * RL_BLOCK_KEYS;
  for (uint64_t row = 0; row < b->rows; row += PANEL_ROWS) {
    const panel p = panel_of(task, b, row, scores);
    do_panel(task, b, &rows, &p, zipped);
  }
}

/* Rows of bytes in the room of a block. */
PANEL_INLINE panel_rows copied_rows(const rl_attention_task *task, float *keys, float *values) {
  return (panel_rows){.keys = (void *)keys,
                      .values = (void *)values,
                      .keys_apart = 2 * task->words,
                      .values_apart = task->width};
}

static void i8_block(const rl_attention_task *task, const rl_attention_block *b) {
  float *keys = b->room, *values = keys + task->padded_words * RL_BLOCK_KEYS;
  panel_rows rows = {
      .keys = b->keys, .values = b->values, .keys_apart = b->apart, .values_apart = b->apart};
  if (b->first != 0 || b->end != RL_BLOCK_KEYS || task->codes % CHUNK != 0) {
    rows = copied_rows(task, keys, values);
    panel_copy(b, (panel_source){b->keys, b->apart, task->codes}, rows.keys_apart, (void *)keys);
    panel_copy(b, (panel_source){b->values, b->apart, task->codes}, rows.values_apart,
               (void *)values);
  }
  panels(task, b, rows, values);
}

/* Codes of 4 bits as bytes, `bytes` a row, of what is not there zeros. */
PANEL_INLINE void open_codes(const rl_attention_task *task, const rl_attention_block *b,
                             const uint8_t *rows, uint64_t bytes, uint8_t *to) {
  const __m256i half = _mm256_set1_epi8(15);
  for (size_t j = (size_t)b->first / 16 * 16; j < (size_t)(b->end + 15) / 16 * 16; j++) {
    const bool there = j >= b->first && j < b->end;
    for (uint64_t at = 0; at < bytes; at += CHUNK) {
      const uint64_t left = there && at / 2 < task->codes ? task->codes - at / 2 : 0;
      const __mmask32 some = left < 32 ? (1u << left) - 1 : 0xffffffff;
      const __m256i codes = _mm256_maskz_loadu_epi8(some, rows + j * b->apart + at / 2);
      uint8_t *mine = to + j * bytes + at;
      _mm256_storeu_si256((void *)mine, _mm256_and_si256(codes, half));
      _mm256_storeu_si256((void *)(mine + CHUNK / 2),
                          _mm256_and_si256(_mm256_srli_epi16(codes, 4), half));
    }
  }
}

static void i4_block(const rl_attention_task *task, const rl_attention_block *b) {
  float *keys = b->room, *values = keys + task->padded_words * RL_BLOCK_KEYS;
  const panel_rows rows = copied_rows(task, keys, values);
  open_codes(task, b, b->keys, rows.keys_apart, (void *)keys);
  open_codes(task, b, b->values, rows.values_apart, (void *)values);
  panels(task, b, rows, values);
}

/* Where a mix of a chunk stands: of 16 bytes those of four by four. */
#define QUARTER(c) ((c) / 16 * 4 + (c) % 4 + (c) % 16 / 4 * 16)
#define BYTE(c) QUARTER(c), QUARTER((c) + 1), QUARTER((c) + 2), QUARTER((c) + 3)
#define HALF(c) QUARTER((c) / 2), QUARTER((c) / 2 + 32), QUARTER((c) / 2 + 1), QUARTER((c) / 2 + 33)
#define SIXTEEN(each, c) each(c), each((c) + 4), each((c) + 8), each((c) + 12)
#define ALL(each) \
  { SIXTEEN(each, 0), SIXTEEN(each, 16), SIXTEEN(each, 32), SIXTEEN(each, 48) }
static const uint8_t I8_ORDER[CHUNK] = ALL(BYTE), I4_ORDER[CHUNK] = ALL(HALF);

static const rl_attention_tile I8_TILE = {.type = RL_BF16,
                                          .block = i8_block,
                                          .arrange = i8_arrange,
                                          .together = 8,
                                          .pad = CHUNK,
                                          .panels = true,
                                          .order = I8_ORDER};
static const rl_attention_tile I4_TILE = {.type = RL_BF16,
                                          .block = i4_block,
                                          .arrange = i4_arrange,
                                          .together = CHUNK,
                                          .pad = CHUNK,
                                          .panels = true,
                                          .order = I4_ORDER};

const rl_kernel RL_ATTENTION_AVX512_VNNI[RL_ATTENTION_AVX512_VNNI_COUNT] = {
    RL_ATTENTION_ROW("8-bit KV in 16 bits", RL_I8, RL_BF16, &I8_TILE),
    RL_ATTENTION_ROW("4-bit KV in 16 bits", RL_I4, RL_BF16, &I4_TILE),
};
