/* Random weights. Each row has a generator of its own, seeded by tensor, layer and row, so that a
 * value does not depend on what was drawn before. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/engine/weights.h"

enum { DRAWN_ROWS = 509 }; /* a prime, so that no block of rows is like the next one */

static const double TWO_PI = 6.283185307179586;
static const double OUTLIER_SHARE = 0.001, CHANNEL_SPREAD = 0.25;
static const float OUTLIER_FACTOR = 8;
static const double GAIN_SPREAD = 0.1, BIAS_SPREAD = 0.1;

/* SplitMix64 (Steele, Lea & Flood 2014, fig. 17). */
static uint64_t next_bits(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/* Uniform in (0, 1). */
static double uniform(uint64_t *state) {
  return ((double)(next_bits(state) >> 12) + 0.5) / 4503599627370496.0;
}

/* Standard normals, two at a time (Box & Muller 1958). */
typedef struct normal_pair {
  double first, second;
} normal_pair;

static normal_pair gaussians(uint64_t *state) {
  double radius = sqrt(-2 * log(uniform(state))), angle = TWO_PI * uniform(state);
  double first = radius * cos(angle), second = radius * sin(angle);
  return (normal_pair){first, second};
}

static uint64_t row_seed(uint64_t seed, const rl_weight_request *request, uint64_t row) {
  const uint64_t words[] = {request->tensor, request->layer, row};
  for (int w = 0; w < 3; w++) {
    seed ^= words[w];
    seed = next_bits(&seed);
  }
  return seed;
}

/* cols values around center. */
static void normal_row(const rl_weight_request *request, double center, double spread,
                       uint64_t *state) {
  uint64_t cols = request->store->cols;
  for (uint64_t c = 0; c < cols; c += 2) {
    normal_pair pair = gaussians(state);
    request->row[c] = (float)(center + spread * pair.first);
    if (c + 1 < cols) request->row[c + 1] = (float)(center + spread * pair.second);
  }
}

static void matrix_row(const rl_weight_request *request, uint64_t *state) {
  double channel = exp(CHANNEL_SPREAD * gaussians(state).first);
  normal_row(request, 0, channel / sqrt((double)request->store->cols), state);
  for (uint64_t c = 0; c < request->store->cols; c++) {
    if (uniform(state) < OUTLIER_SHARE) request->row[c] *= OUTLIER_FACTOR;
  }
}

/* Fair signs. */
static void sign_row(const rl_weight_request *request, uint64_t *state) {
  for (uint64_t c = 0; c < request->store->cols; c++) {
    request->row[c] = uniform(state) < 0.5 ? -1 : 1;
  }
}

/* The lowering names a bias "<operator>.bias", sinks "<operator>.sinks". */
static bool is_bias(const rl_weight_request *request) {
  const char *name = request->program->tensors[request->tensor].name, *part = strrchr(name, '.');
  return part != NULL && (strcmp(part, ".bias") == 0 || strcmp(part, ".sinks") == 0);
}

static void draw_row(const rl_weight_request *request, uint64_t seed, uint64_t row) {
  uint64_t state = row_seed(seed, request, row);
  if (request->program->tensors[request->tensor].derived) {
    sign_row(request, &state);
  } else if (is_bias(request)) {
    normal_row(request, 0, BIAS_SPREAD, &state);
  } else if (request->op->kind == RL_OP_NORM) {
    normal_row(request, 1 - request->op->at.weight_offset, GAIN_SPREAD, &state);
  } else {
    matrix_row(request, &state);
  }
}

/* What is stored once a tensor is chosen from all its values. */
static void draw_whole(const rl_weight_request *request, uint64_t seed) {
  rl_weight_request at = *request;
  for (uint64_t row = 0; row < request->store->rows; row++) {
    draw_row(&at, seed, row);
    at.row += request->store->cols;
  }
  rl_store_pack(request->store, request->row, NULL);
}

static void draw_rows(const rl_weight_request *request, uint64_t seed, uint64_t count) {
  const rl_store *store = request->store;
  for (uint64_t row = 0; row < count; row++) {
    draw_row(request, seed, row);
    rl_store_write(store, (rl_span){row, 0, store->cols}, request->row, NULL);
  }
}

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  uint64_t seed = *(const uint64_t *)context;
  (void)diags;
  if (request->store->tensor_bytes > 0) {
    draw_whole(request, seed);
  } else {
    draw_rows(request, seed, request->store->rows);
  }
  return RL_OK;
}

/* Rows are bytes one after the other: those that were drawn, again and again. */
static rl_status fill_repeated(const void *context, const rl_weight_request *request,
                               rl_diags *diags) {
  rl_store *store = request->store;
  const uint64_t drawn = rl_min_u64(store->rows, DRAWN_ROWS), row = store->row_bytes;
  if (store->tensor_bytes > 0) return fill(context, request, diags);
  draw_rows(request, *(const uint64_t *)context, drawn);
  for (uint64_t r = drawn; r < store->rows; r += drawn) {
    memcpy(store->bytes + r * row, store->bytes, rl_min_u64(drawn, store->rows - r) * row);
  }
  return RL_OK;
}

rl_weight_source rl_repeated_weights(const uint64_t *seed) {
  return (rl_weight_source){fill_repeated, seed};
}

rl_weight_source rl_random_weights(const uint64_t *seed) {
  return (rl_weight_source){fill, seed};
}
