/* Look-up component: codes of a few bits stand for values, or short vectors of them, of a table
 * that a row or the tensor stores (SqueezeLLM, Kim et al. 2024, 4.1), times a scale of the row
 * where there is one (Lee & Song 2025, Q-Palette). Row: codes, its scale, its table. A table is
 * read whole, as kernels load it. Fitted by k-means (Lloyd 1982). */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/bit_codes.h"
#include "kernels-ref/cpu/encoding.h"

enum { TABLE_MAX = 8192, VECTOR_MAX = 4, ROUNDS = 12, SAMPLE = 4096 };

/* A table in hand: `count` vectors of `width` values. */
typedef struct table {
  uint64_t count, width;
  float values[TABLE_MAX];
} table;

static bool lut_supports(const rl_component *c) {
  bool codes = c->bits > 0 && c->bits <= (c->vector == 2 ? 12 : 8);
  bool scale = !c->scaled || c->scale == RL_F16 || c->scale == RL_F32;
  return codes && scale && c->vector > 0 && c->vector <= VECTOR_MAX &&
         (c->entry == RL_F16 || c->entry == RL_F32);
}

static uint64_t table_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  const rl_component *c = part->component;
  if (c->span == RL_PER_TENSOR) return rl_store_tensor_at(store, part, row);
  uint64_t bytes = rl_component_table(c) * rl_encoding_bytes(c->entry);
  return rl_store_row_at(store, part, row) + part->row_bytes - bytes;
}

/* The scale of a row, before its table where that is the row's own; 1 where rows have none. */
static uint64_t scale_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  const rl_component *c = part->component;
  uint64_t own = c->span == RL_PER_ROW ? rl_component_table(c) * rl_encoding_bytes(c->entry) : 0;
  return rl_store_row_at(store, part, row) + part->row_bytes - own - rl_encoding_bytes(c->scale);
}

static float load_scale(const rl_store *store, const rl_component_part *part, uint64_t row,
                        uint64_t *touched) {
  const rl_component *c = part->component;
  float scale = 1;
  if (c->scaled) {
    rl_table_read(store, scale_at(store, part, row), c->scale, 1, &scale, touched);
  }
  return scale;
}

static void store_scale(const rl_store *store, const rl_component_part *part, uint64_t row,
                        const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  const float scale = rl_row_scale(values, store->cols);
  if (c->scaled) {
    rl_table_write(store, scale_at(store, part, row), c->scale, 1, &scale, touched);
  }
}

static void load_table(const rl_store *store, const rl_component_part *part, uint64_t row, table *t,
                       uint64_t *touched) {
  const rl_component *c = part->component;
  t->width = rl_max_u64(c->vector, 1);
  t->count = (uint64_t)1 << c->bits;
  rl_table_read(store, table_at(store, part, row), c->entry, t->count * t->width, t->values,
                touched);
}

static void lut_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                       float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  rl_bit_codes codes = {store, rl_store_row_at(store, part, span.row), c->bits};
  const float scale = load_scale(store, part, span.row, touched);
  table t;
  load_table(store, part, span.row, &t, touched);
  for (uint64_t i = 0; i < span.count; i++) {
    uint64_t col = span.first + i;
    uint32_t code = rl_bit_code_read(&codes, col / t.width, touched);
    values[i] += t.values[code * t.width + col % t.width] * scale;
  }
}

/* --- fitting --- */

/* Vectors to fit a table to: those of rows of `cols` values over the scales that the store has of
 * them, from row `first` of it on. The last vector of each may be short. */
typedef struct points {
  const rl_store *store;
  const rl_component_part *part;
  const float *values;
  uint64_t first, rows, cols, width, per_row;
} points;

/* Vector `index` of all; answers how many values it has. */
static uint64_t point_at(const points *p, uint64_t index, float point[VECTOR_MAX]) {
  const uint64_t row = index / rl_max_u64(p->per_row, 1);
  const uint64_t begin = index % rl_max_u64(p->per_row, 1) * p->width;
  const uint64_t count = rl_min_u64(p->width, p->cols - begin);
  const float scale = load_scale(p->store, p->part, p->first + row, NULL);
  for (uint64_t i = 0; i < count; i++) {
    float value = p->values[row * p->cols + begin + i];
    point[i] = scale > 0 ? value / scale : 0;
  }
  return count;
}

static uint32_t nearest(const table *t, const float *point, uint64_t count) {
  uint32_t best = 0;
  float least = INFINITY;
  for (uint32_t code = 0; code < t->count; code++) {
    float distance = 0;
    for (uint64_t i = 0; i < count; i++) {
      float off = t->values[code * t->width + i] - point[i];
      distance += off * off;
    }
    if (distance < least) best = code;
    least = fminf(least, distance);
  }
  return best;
}

/* One round: every vector of the table becomes the mean of the points nearest to it. */
static void improve(table *t, const points *p, uint64_t step) {
  double sums[TABLE_MAX] = {0};
  uint32_t counts[TABLE_MAX] = {0};
  for (uint64_t k = 0; k < p->rows * p->per_row; k += step) {
    float point[VECTOR_MAX];
    uint64_t count = point_at(p, k, point), first = nearest(t, point, count) * t->width;
    for (uint64_t i = 0; i < count; i++) {
      sums[first + i] += (double)point[i];
      counts[first + i]++;
    }
  }
  for (uint64_t i = 0; i < t->count * t->width; i++) {
    if (counts[i] > 0) t->values[i] = (float)(sums[i] / counts[i]);
  }
}

/* Begins with points taken at even distances. */
static void fit_table(table *t, const rl_component *c, const points *p) {
  uint64_t all = p->rows * p->per_row;
  memset(t, 0, sizeof *t);
  t->width = c->vector;
  t->count = (uint64_t)1 << c->bits;
  for (uint64_t code = 0; code < t->count; code++) {
    float point[VECTOR_MAX];
    uint64_t count = point_at(p, code * all / t->count, point);
    memcpy(t->values + code * t->width, point, count * sizeof *point);
  }
  for (int round = 0; round < ROUNDS; round++) improve(t, p, rl_ceil_div(all, SAMPLE));
}

static void store_table(const rl_store *store, const rl_component_part *part, uint64_t row,
                        const points *p, uint64_t *touched) {
  const rl_component *c = part->component;
  table t;
  fit_table(&t, c, p);
  rl_table_write(store, table_at(store, part, row), c->entry, t.count * t.width, t.values, touched);
}

static points points_of(const rl_store *store, const rl_component_part *part, uint64_t first,
                        const float *values, uint64_t rows) {
  const uint64_t width = rl_max_u64(part->component->vector, 1);
  return (points){store, part,        values, first,
                  rows,  store->cols, width,  rl_ceil_div(store->cols, width)};
}

static void lut_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                     const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  points p = points_of(store, part, span.row, values, 1);
  rl_bit_codes codes = {store, rl_store_row_at(store, part, span.row), c->bits};
  table t;
  store_scale(store, part, span.row, values, touched);
  if (c->span == RL_PER_ROW) store_table(store, part, span.row, &p, touched);
  load_table(store, part, span.row, &t, NULL); /* as it was rounded */
  for (uint64_t k = 0; k < p.per_row; k++) {
    float point[VECTOR_MAX];
    uint64_t count = point_at(&p, k, point);
    rl_bit_code_write(&codes, k, nearest(&t, point, count), touched);
  }
}

/* Scales come first: the table is of what is left over them. */
static void lut_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                    const float *values, uint64_t *touched) {
  const uint64_t rows = rl_store_piece_rows(store);
  points p = points_of(store, part, first, values, rows);
  if (part->component->span != RL_PER_TENSOR) return;
  for (uint64_t row = 0; row < rows; row++) {
    store_scale(store, part, first + row, values + row * store->cols, touched);
  }
  store_table(store, part, first, &p, touched);
}

const rl_component_codec RL_CODEC_LUT = {lut_supports, lut_unpack, lut_pack, lut_fit};
