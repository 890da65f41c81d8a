/* attention with AVX-512 BF16: keys, values, queries and weights as pairs of bf16. */
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/x86/attention_panels.h"

enum {
  CHUNK = 2 * VECTOR_FLOATS, /* values of a mix that are summed together */
  KEYS = 16                  /* whose scores are */
};

static void bf16_arrange(const rl_attention_task *task, const float *query, float *words) {
  for (uint64_t c = 0; c < task->head_dim; c += VECTOR_FLOATS) {
    const uint64_t left = task->head_dim - c;
    const __mmask16 some = (__mmask16)(left < VECTOR_FLOATS ? (1u << left) - 1 : 0xffff);
    const __m256bh halves = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, query + c));
    _mm256_mask_storeu_epi16((char *)words + c * sizeof(uint16_t), some, (__m256i)halves);
  }
}

/* Compilers copy sums around the intrinsic. */
PANEL_INLINE vf add_pairs(vf sum, vi a, vi b) {
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/* Four words as two pairs, each everywhere: loaded as such, or loaded once and parted. Loads alone
 * would hold up the products, and so would shuffles. */
PANEL_INLINE void four_words(const uint8_t *at, bool load, vi words[2]) {
  if (load) {
    words[0] = panel_pair(at);
    words[1] = panel_pair(at + 8);
    return;
  }
  const vi four = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)at));
  words[0] = _mm512_unpacklo_epi64(four, four);
  words[1] = _mm512_unpackhi_epi64(four, four);
}

/* Adds the products of `words` words of the queries, from `q` on, with those of some keys, whose
 * rows begin at `key`. */
PANEL_INLINE void add_words(vf sum[KEYS], const float *q, uint64_t words, const uint8_t *key,
                            uint64_t apart, panel_ahead *ahead) {
  PANEL_ROLLED
  for (uint64_t w = 0; w < words; w += 4) {
    const vi query[2] = {vi_load(q + w * PANEL_ROWS), vi_load(q + (w + 2) * PANEL_ROWS)};
    panel_ask(ahead, 4);
    panel_bring(apart, key, w / 2);
    panel_bring(apart, key, w / 2 + 1);
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k++) {
      vi two[2];
      four_words(key + k * apart + 4 * w, k % 2 == 0, two);
      sum[k] = add_pairs(sum[k], query[0], two[0]);
      sum[k] = add_pairs(sum[k], query[1], two[1]);
    }
  }
}

/* Scores with all keys, a few at a time. */
PANEL_INLINE void score(const rl_attention_task *task, const rl_attention_block *b,
                        const panel_rows *rows, const panel *p) {
  panel_ahead ahead = panel_ahead_of(b, p, 0, (p->end - p->first) / 8 * (task->words / 4));
  const uint64_t own = task->own_words, others = task->words - own;
  const vf scale = vf_all(task->scale);
  for (size_t i = p->first; i < p->end; i += KEYS / 2) {
    vf sum[KEYS];
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k++) sum[k] = vf_zero();
    add_words(sum, p->q, own, rows->keys + 2 * i * rows->keys_apart, rows->keys_apart, &ahead);
    if (others != 0) {
      const uint8_t *rotated = rows->rotated + 2 * i * rows->rotated_apart;
      add_words(sum, p->q + own * PANEL_ROWS, others, rotated, rows->rotated_apart, &ahead);
    }
    PANEL_UNROLLED
    for (size_t k = 0; k < KEYS; k += 2) {
      vf_put(p->scores + (i + k / 2) * VECTOR_FLOATS,
             vf_mul(panel_fold(vf_add, sum[k], sum[k + 1]), scale));
    }
  }
}

/* Scores become weights, words those of a pair of keys. */
PANEL_INLINE void weigh(const rl_attention_task *task, const rl_attention_block *b, const panel *p,
                        bool partial) {
  const vi order =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  const vf largest = panel_relative_to(task, b, p);
  vf sum = vf_zero();
  for (size_t i = p->first; i < p->end; i += 2) {
    const float *at = p->scores + i * VECTOR_FLOATS;
    const vf one = panel_weight(at, largest, partial);
    const vf other = panel_weight(at + VECTOR_FLOATS, largest, partial);
    const vi words = _mm512_shuffle_epi8((vi)_mm512_cvtne2ps_pbh(other, one), order);
    sum = vf_add(vf_add(sum, one), other);
    vf_put(p->packed + i * PANEL_ROWS, vf_of(words));
  }
  panel_sum_up(b, p, sum);
}

/* Values of two keys side by side: of the first 16 channels, of the others. */
PANEL_INLINE void zip(const uint8_t *values, uint64_t apart, vi pairs[2]) {
  static const uint16_t ORDER[2][32] = {
      {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
       8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47},
      {16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
       24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63}};
  vi even = vi_load(values), odd = vi_load(values + apart);
  __asm__("" : "+v"(even), "+v"(odd)); /* else gcc loads each twice */
  _mm_prefetch((const char *)(values + 8 * apart), _MM_HINT_T0);
  _mm_prefetch((const char *)(values + 9 * apart), _MM_HINT_T0);
  pairs[0] = _mm512_permutex2var_epi16(even, vi_load(ORDER[0]), odd);
  pairs[1] = _mm512_permutex2var_epi16(even, vi_load(ORDER[1]), odd);
}

/* mix = mix + weights * values, of `count` rows. */
PANEL_INLINE void mix(const rl_attention_task *task, const rl_attention_block *b,
                      const panel_rows *rows, const panel *p, unsigned count) {
  panel_ahead ahead = panel_ahead_of(b, p, 1, (p->end - p->first) * (task->width / CHUNK));
  for (uint64_t at = 0; at < task->width; at += CHUNK) {
    float *to = b->mix + p->row * task->width + at;
    vf sum[PANEL_ROWS][2];
    PANEL_UNROLLED
    for (size_t r = 0; r < count; r++) {
      sum[r][0] = vf_load(to + r * task->width);
      sum[r][1] = vf_load(to + r * task->width + VECTOR_FLOATS);
    }
    PANEL_ROLLED
    for (size_t i = p->first; i < p->end; i++) {
      vi pairs[2];
      zip(rows->values + 2 * i * rows->values_apart + 2 * at, rows->values_apart, pairs);
      panel_ask(&ahead, 2);
      PANEL_UNROLLED
      for (size_t r = 0; r < count; r++) {
        const vi word = vi_word(p->packed + i * PANEL_ROWS + r);
        sum[r][0] = add_pairs(sum[r][0], word, pairs[0]);
        sum[r][1] = add_pairs(sum[r][1], word, pairs[1]);
      }
    }
    PANEL_UNROLLED
    for (size_t r = 0; r < count; r++) {
      vf_put(to + r * task->width, sum[r][0]);
      vf_put(to + r * task->width + VECTOR_FLOATS, sum[r][1]);
    }
  }
}

static void do_panel(const rl_attention_task *task, const rl_attention_block *b,
                     const panel_rows *rows, const panel *p) {
  score(task, b, rows, p);
  if (p->partial) {
    weigh(task, b, p, true);
  } else {
    weigh(task, b, p, false);
  }
  if (p->half) {
    mix(task, b, rows, p, PANEL_ROWS / 2);
  } else {
    mix(task, b, rows, p, PANEL_ROWS);
  }
}

/* All rows where they are stored; copied where they are not whole. */
static panel_rows rows_of(const rl_attention_task *task, const rl_attention_block *b, float *keys,
                          float *values) {
  const uint64_t word = sizeof *keys, others = task->words - task->own_words;
  const bool whole = b->first == 0 && b->end == RL_BLOCK_KEYS && task->head_dim % CHUNK == 0;
  panel_rows rows = {b->keys, b->values, b->apart,   b->apart,
                     NULL,    NULL,      b->rotated, b->rotated_apart};
  if (whole && task->rotated_codes == others * word) return rows;
  float *rotated = keys + task->own_words * RL_BLOCK_KEYS;
  rows = (panel_rows){.keys = (void *)keys,
                      .values = (void *)values,
                      .keys_apart = task->own_words * word,
                      .values_apart = task->width * sizeof(uint16_t),
                      .rotated = (void *)rotated,
                      .rotated_apart = others * word};
  panel_copy(b, (panel_source){b->keys, b->apart, task->codes}, rows.keys_apart, (void *)keys);
  panel_copy(b, (panel_source){b->values, b->apart, task->codes}, rows.values_apart,
             (void *)values);
  if (others == 0) return rows;
  panel_copy(b, (panel_source){b->rotated, b->rotated_apart, task->rotated_codes},
             rows.rotated_apart, (void *)rotated);
  return rows;
}

static void bf16_block(const rl_attention_task *task, const rl_attention_block *b) {
  float *keys = b->room, *values = keys + task->padded_words * RL_BLOCK_KEYS;
  float *scores = values + task->width * RL_BLOCK_KEYS;
  const panel_rows rows = rows_of(task, b, keys, values);
  for (uint64_t row = 0; row < b->rows; row += PANEL_ROWS) {
    const panel p = panel_of(task, b, row, scores);
    do_panel(task, b, &rows, &p);
  }
}

static const rl_attention_tile BF16_TILE = {.type = RL_BF16,
                                            .block = bf16_block,
                                            .arrange = bf16_arrange,
                                            .together = 8,
                                            .pad = CHUNK,
                                            .panels = true};

const rl_kernel RL_ATTENTION_AVX512_BF16[RL_ATTENTION_AVX512_BF16_COUNT] = {
    RL_ATTENTION_ROW("bf16 KV in bf16", RL_BF16, RL_BF16, &BF16_TILE),
};
