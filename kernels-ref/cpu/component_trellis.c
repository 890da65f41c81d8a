/* Trellis component (Q-Palette, Lee & Song 2025, 3.2; QTIP, Tseng et al. 2024, 3.1): a row is a
 * stream of bits, so many a pair of values, or two with rates of their own, one for each half. The
 * pair is found in a table at a hash of the last 16 bits, which the stream before it shares; the
 * second value has a sign of its own. Streams begin after zeros. Row: the streams, then its scale;
 * once a tensor the table. Packing is greedy: each pair takes the nearest of those it can reach. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/bit_codes.h"
#include "kernels-ref/cpu/encoding.h"

enum { WINDOW_BITS = 16, PAIR = 2, TABLE_MAX = 4096 };

static const double HALF_TURN = 3.141592653589793;

typedef struct trellis {
  rl_bit_codes streams[2];
  uint64_t first; /* pairs of the first stream */
  uint64_t index_bits;
  float scale;
  float table[TABLE_MAX];
} trellis;

static bool trellis_supports(const rl_component *c) {
  bool rates = c->bits >= 2 && c->bits <= 10 && c->second_bits <= 10;
  return rates && c->vector == PAIR && c->entry == RL_F16 && c->scale == RL_F16;
}

static uint64_t scale_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  uint64_t end = rl_store_row_at(store, part, row) + part->row_bytes;
  return end - rl_encoding_bytes(part->component->scale);
}

static void open_row(const rl_store *store, const rl_component_part *part, uint64_t row, trellis *t,
                     uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t count = rl_component_table(c);
  uint64_t at = rl_store_row_at(store, part, row);
  t->first = rl_trellis_first(c, store->cols);
  t->streams[0] = (rl_bit_codes){store, at, c->bits};
  t->streams[1] = (rl_bit_codes){store, at + rl_ceil_div(t->first * c->bits, 8), c->second_bits};
  for (t->index_bits = 0; (uint64_t)PAIR << t->index_bits < count;) t->index_bits++;
  rl_table_read(store, rl_store_tensor_at(store, part, row), c->entry, count, t->table, touched);
  rl_table_read(store, scale_at(store, part, row), c->scale, 1, &t->scale, touched);
}

/* The pair of a window (QTIP, algorithm 2): bits 6 to 14 of a square choose the entry, more below
 * them where the table is larger, bit 15 the sign of its second value. */
static void pair_of(const trellis *t, uint32_t window, float pair[PAIR]) {
  enum { SIGN_BIT = 15 };
  uint32_t hash = window * window + window;
  uint64_t index = hash >> (SIGN_BIT - t->index_bits) & ((1u << t->index_bits) - 1);
  pair[0] = t->table[PAIR * index];
  pair[1] = (hash >> SIGN_BIT & 1) != 0 ? -t->table[PAIR * index + 1] : t->table[PAIR * index + 1];
}

static uint32_t slide(uint32_t window, uint32_t code, uint32_t bits) {
  return (window << bits | code) & ((1u << WINDOW_BITS) - 1);
}

/* The stream that a pair of the row is in, and which of its steps it is. */
static const rl_bit_codes *stream_of(const trellis *t, uint64_t pair, uint64_t *step) {
  *step = pair < t->first ? pair : pair - t->first;
  return &t->streams[pair < t->first ? 0 : 1];
}

/* The window that ends with a pair: the bits of the steps before it that reach into it. */
static uint32_t window_at(const trellis *t, uint64_t pair, uint64_t *touched) {
  uint64_t step;
  const rl_bit_codes *stream = stream_of(t, pair, &step);
  uint64_t reach = rl_ceil_div(WINDOW_BITS, stream->bits);
  uint32_t window = 0;
  for (uint64_t s = step < reach ? 0 : step - reach + 1; s <= step; s++) {
    window = slide(window, rl_bit_code_read(stream, s, touched), stream->bits);
  }
  return window;
}

static void trellis_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                           float *values, uint64_t *touched) {
  trellis t;
  float pair[PAIR];
  open_row(store, part, span.row, &t, touched);
  for (uint64_t i = 0; i < span.count; i++) {
    uint64_t col = span.first + i;
    pair_of(&t, window_at(&t, col / PAIR, touched), pair);
    values[i] += pair[col % PAIR] * t.scale;
  }
}

/* The bits that bring a step nearest to its values; of equal ones the last, because small windows
 * are alike and zeros would never leave them. */
static uint32_t best_code(const trellis *t, uint32_t window, uint32_t bits, const float *values,
                          uint64_t count) {
  uint32_t best = 0;
  float least = INFINITY, pair[PAIR];
  for (uint32_t code = 0; code < 1u << bits; code++) {
    float distance = 0;
    pair_of(t, slide(window, code, bits), pair);
    for (uint64_t i = 0; i < count; i++) {
      float off = pair[i] * t->scale - values[i];
      distance += off * off;
    }
    if (distance <= least) best = code;
    least = fminf(least, distance);
  }
  return best;
}

static void trellis_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                         const float *values, uint64_t *touched) {
  trellis t;
  float scale = rl_row_scale(values, store->cols);
  uint32_t window = 0;
  rl_table_write(store, scale_at(store, part, span.row), part->component->scale, 1, &scale,
                 touched);
  open_row(store, part, span.row, &t, NULL);
  for (uint64_t col = 0; col < store->cols; col += PAIR) {
    uint64_t count = rl_min_u64(PAIR, store->cols - col), step;
    const rl_bit_codes *stream = stream_of(&t, col / PAIR, &step);
    if (step == 0) window = 0;
    uint32_t code = best_code(&t, window, stream->bits, values + col, count);
    rl_bit_code_write(stream, step, code, touched);
    window = slide(window, code, stream->bits);
  }
}

static double mirrored(uint64_t index, uint32_t bits) {
  uint64_t value = 0;
  for (uint32_t b = 0; b < bits; b++) value = value << 1 | (index >> b & 1);
  return (double)value / (double)((uint64_t)1 << bits);
}

/* Pairs of normal numbers from even radii and angles (Box & Muller 1958), the second one positive.
 */
static void trellis_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                        const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t count = rl_component_table(c), pairs = count / PAIR;
  uint64_t at = rl_store_tensor_at(store, part, first);
  uint32_t size = rl_encoding_bytes(c->entry), bits = 0;
  (void)values;
  while ((uint64_t)1 << bits < pairs) bits++;
  for (uint64_t p = 0; p < pairs; p++) {
    double radius = sqrt(-2 * log(1 - ((double)p + 0.5) / (double)pairs));
    double angle = HALF_TURN * (mirrored(p, bits) + 0.5 / (double)pairs);
    float pair[PAIR] = {(float)(radius * cos(angle)), (float)(radius * sin(angle))};
    rl_table_write(store, at + p * PAIR * size, c->entry, PAIR, pair, touched);
  }
}

const rl_component_codec RL_CODEC_TRELLIS = {trellis_supports, trellis_unpack, trellis_pack,
                                             trellis_fit};
