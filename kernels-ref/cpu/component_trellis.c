/* Trellis component (Q-Palette, Lee & Song 2025, 3.2; QTIP, Tseng et al. 2024, 3.1): a row is a
 * stream of bits, so many a pair of values. The pair is found in a table at a hash of the last 16
 * bits, which the stream before it shares; the second value has a sign of its own. Streams begin
 * after zeros. Row: the stream, then its scale; once a tensor the table and a sign a column, which
 * stands here for none: rotations are the operators' matter. Packing is greedy: each pair takes the
 * nearest of those that it can reach. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/bit_codes.h"
#include "kernels-ref/cpu/encoding.h"

enum { WINDOW_BITS = 16, PAIR = 2, TABLE_MAX = 4096 };

static const double HALF_TURN = 3.141592653589793;

typedef struct trellis {
  rl_bit_codes codes;
  uint64_t index_bits;
  float scale;
  float table[TABLE_MAX];
} trellis;

static bool trellis_supports(const rl_component *c) {
  return c->bits >= 2 && c->bits <= 10 && c->vector == PAIR && c->entry == RL_F16 &&
         c->scale == RL_F16;
}

static uint64_t scale_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  uint64_t end = rl_store_row_at(store, part, row) + part->row_bytes;
  return end - rl_encoding_bytes(part->component->scale);
}

/* The signs of columns stand behind the table and are read with it. */
static void open_row(const rl_store *store, const rl_component_part *part, uint64_t row, trellis *t,
                     uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t count = rl_component_table(c);
  t->codes = (rl_bit_codes){store, rl_store_row_at(store, part, row), c->bits};
  for (t->index_bits = 0; (uint64_t)PAIR << t->index_bits < count;) t->index_bits++;
  rl_store_take(store, rl_store_tensor_at(store, part, row), part->tensor_bytes, touched);
  rl_table_read(store, rl_store_tensor_at(store, part, row), c->entry, count, t->table, NULL);
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

/* The window that ends with a step: the bits of the steps before it that reach into it. */
static uint32_t window_at(const trellis *t, uint64_t step, uint64_t *touched) {
  uint64_t reach = rl_ceil_div(WINDOW_BITS, t->codes.bits);
  uint32_t window = 0;
  for (uint64_t s = step < reach ? 0 : step - reach + 1; s <= step; s++) {
    window = slide(window, rl_bit_code_read(&t->codes, s, touched), t->codes.bits);
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
static uint32_t best_code(const trellis *t, uint32_t window, const float *values, uint64_t count) {
  uint32_t best = 0;
  float least = INFINITY, pair[PAIR];
  for (uint32_t code = 0; code < 1u << t->codes.bits; code++) {
    float distance = 0;
    pair_of(t, slide(window, code, t->codes.bits), pair);
    for (uint64_t i = 0; i < count; i++) {
      float off = pair[i] * t->scale - values[i];
      distance += off * off;
    }
    if (distance <= least) best = code;
    least = fminf(least, distance);
  }
  return best;
}

/* Tables hold normal numbers of variance 1: a row's scale is its root mean square. */
static float row_scale(const float *values, uint64_t count) {
  double sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
  return (float)sqrt(sum / (double)rl_max_u64(count, 1));
}

static void trellis_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                         const float *values, uint64_t *touched) {
  trellis t;
  float scale = row_scale(values, store->cols);
  uint32_t window = 0;
  rl_table_write(store, scale_at(store, part, span.row), part->component->scale, 1, &scale,
                 touched);
  open_row(store, part, span.row, &t, NULL);
  for (uint64_t col = 0; col < store->cols; col += PAIR) {
    uint64_t count = rl_min_u64(PAIR, store->cols - col);
    uint32_t code = best_code(&t, window, values + col, count);
    rl_bit_code_write(&t.codes, col / PAIR, code, touched);
    window = slide(window, code, t.codes.bits);
  }
}

static double mirrored(uint64_t index, uint32_t bits) {
  uint64_t value = 0;
  for (uint32_t b = 0; b < bits; b++) value = value << 1 | (index >> b & 1);
  return (double)value / (double)((uint64_t)1 << bits);
}

/* Pairs of normal numbers from even radii and angles (Box & Muller 1958), the second one positive;
 * signs of columns are one. */
static void trellis_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                        const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  uint64_t count = rl_component_table(c), pairs = count / PAIR;
  uint64_t at = rl_store_tensor_at(store, part, first);
  uint32_t size = rl_encoding_bytes(c->entry), bits = 0;
  const float one = 1;
  (void)values;
  while ((uint64_t)1 << bits < pairs) bits++;
  for (uint64_t p = 0; p < pairs; p++) {
    double radius = sqrt(-2 * log(1 - ((double)p + 0.5) / (double)pairs));
    double angle = HALF_TURN * (mirrored(p, bits) + 0.5 / (double)pairs);
    float pair[PAIR] = {(float)(radius * cos(angle)), (float)(radius * sin(angle))};
    rl_table_write(store, at + p * PAIR * size, c->entry, PAIR, pair, touched);
  }
  for (uint64_t col = 0; col < store->cols; col++) {
    rl_table_write(store, at + (count + col) * size, c->scale, 1, &one, touched);
  }
}

const rl_component_codec RL_CODEC_TRELLIS = {trellis_supports, trellis_unpack, trellis_pack,
                                             trellis_fit};
