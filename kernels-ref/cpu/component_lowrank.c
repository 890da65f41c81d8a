/* Low-rank component: a row is a sum of `rank` directions, which the tensor stores once, and keeps
 * one factor of each. Directions are those of the largest singular values, found one after the
 * other by power iteration (Golub & Van Loan 2013, Matrix Computations, 8.2.1); what they leave
 * over is for the next component (Li et al. 2024, SVDQuant, eq. 4).
 */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"

static bool lowrank_supports(const rl_component *component) {
  return rl_encoding_known(component->type) && RL_TYPES[component->type].bits % 8 == 0;
}

/* Stored values of one row of factors or of one direction. */
typedef struct line {
  const rl_store *store;
  rl_type type;
  uint64_t at; /* bytes */
} line;

static line factors_of(const rl_store *store, const rl_component_part *part, uint64_t row) {
  return (line){store, part->component->type, rl_store_row_at(store, part, row)};
}

static line direction_of(const rl_store *store, const rl_component_part *part, uint64_t row,
                         uint64_t n) {
  rl_type type = part->component->type;
  uint64_t skipped = n * store->cols * rl_encoding_bytes(type);
  return (line){store, type, rl_store_tensor_at(store, part, row) + skipped};
}

static float value_load(const line *l, uint64_t i, uint64_t *touched) {
  uint32_t size = rl_encoding_bytes(l->type);
  return rl_decode(l->type,
                   rl_bits_load(rl_store_take(l->store, l->at + i * size, size, touched), size));
}

static void value_store(const line *l, uint64_t i, float value, uint64_t *touched) {
  uint32_t size = rl_encoding_bytes(l->type);
  rl_bits_store(rl_store_take(l->store, l->at + i * size, size, touched), size,
                rl_encode(l->type, value));
}

static void lowrank_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                           float *values, uint64_t *touched) {
  line factors = factors_of(store, part, span.row);
  for (uint64_t n = 0; n < part->component->rank; n++) {
    line direction = direction_of(store, part, span.row, n);
    float factor = value_load(&factors, n, touched);
    for (uint64_t i = 0; i < span.count; i++) {
      values[i] += factor * value_load(&direction, span.first + i, touched);
    }
  }
}

static double dot_with(const line *direction, const float *values, uint64_t count) {
  double sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += (double)value_load(direction, i, NULL) * values[i];
  return sum;
}

static double length_of(const line *direction, uint64_t count) {
  double sum = 0;
  for (uint64_t i = 0; i < count; i++) {
    double v = value_load(direction, i, NULL);
    sum += v * v;
  }
  return sum;
}

/* Takes a direction out of values: answers how much of it was in them. */
static float project(const line *direction, float *values, uint64_t count) {
  double length = length_of(direction, count);
  float factor = length > 0 ? (float)(dot_with(direction, values, count) / length) : 0;
  for (uint64_t i = 0; i < count; i++) values[i] -= factor * value_load(direction, i, NULL);
  return factor;
}

static void lowrank_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                         const float *values, uint64_t *touched) {
  line factors = factors_of(store, part, span.row);
  float *left = store->rest + store->cols;
  memcpy(left, values, span.count * sizeof *values);
  for (uint64_t n = 0; n < part->component->rank; n++) {
    line direction = direction_of(store, part, span.row, n);
    value_store(&factors, n, project(&direction, left, span.count), touched);
  }
}

/* v <- A^T A v over the rows of a piece. */
static void multiply(const rl_store *store, const float *rows, const float *v, float *out) {
  uint64_t cols = store->cols;
  memset(out, 0, cols * sizeof *out);
  for (uint64_t r = 0; r < rl_store_piece_rows(store); r++) {
    const float *row = rows + r * cols;
    double dot = 0;
    for (uint64_t i = 0; i < cols; i++) dot += (double)row[i] * v[i];
    for (uint64_t i = 0; i < cols; i++) out[i] += (float)dot * row[i];
  }
}

static void normalize(float *v, uint64_t count) {
  double square = 0;
  for (uint64_t i = 0; i < count; i++) square += (double)v[i] * v[i];
  float scale = square > 0 ? (float)(1 / sqrt(square)) : 0;
  for (uint64_t i = 0; i < count; i++) v[i] *= scale;
}

/* Each direction begins anywhere, and loses what those before it hold after every step. */
static void lowrank_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                        const float *values, uint64_t *touched) {
  uint64_t cols = store->cols;
  float *v = store->rest, *next = store->rest + cols;
  for (uint64_t n = 0; n < part->component->rank; n++) {
    line direction = direction_of(store, part, first, n);
    for (uint64_t i = 0; i < cols; i++) v[i] = (i * (n + 3)) % 7 < 3 ? -1 : 1;
    for (int step = 0; step < RL_POWER_STEPS; step++) {
      multiply(store, values, v, next);
      for (uint64_t before = 0; before < n; before++) {
        line other = direction_of(store, part, first, before);
        project(&other, next, cols);
      }
      normalize(next, cols);
      memcpy(v, next, cols * sizeof *v);
    }
    for (uint64_t i = 0; i < cols; i++) value_store(&direction, i, v[i], touched);
  }
}

const rl_component_codec RL_CODEC_LOWRANK = {lowrank_supports, lowrank_unpack, lowrank_pack,
                                             lowrank_fit};
