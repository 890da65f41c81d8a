/* norm: root mean square (Zhang & Sennrich 2019, eq. 4) or layer normalisation (Ba et al. 2016,
 * eq. 4) over pieces of the weight's width; a token's row may hold several pieces (heads), which
 * share one row of weights, have one each, or none. Where ranks share what is normalised together,
 * they add up their sums. */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

/* What values are moved and stretched by. */
typedef struct measure {
  double center, factor;
} measure;

/* The sum of (x - center)^power. */
static double sum_of(const float *x, uint64_t n, double center, int power) {
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += power == 1 ? x[i] : (x[i] - center) * (x[i] - center);
  return sum;
}

static void normalize(const rl_op *op, const measure *by, float *x, const float *gain,
                      const float *bias, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    double scaled = (x[i] - by->center) * by->factor;
    if (gain != NULL) scaled *= gain[i] + op->at.weight_offset;
    x[i] = (float)(bias != NULL ? scaled + bias[i] : scaled);
  }
}

/* The row of a weight that belongs to a piece, or NULL. */
static const float *row_of(const rl_view *weight, uint64_t piece, float *row) {
  if (weight == NULL) return NULL;
  uint64_t width = weight->store.cols;
  rl_view_read(weight, piece % weight->store.rows * width, width, row);
  return row;
}

static uint64_t width_of(const rl_call *call) {
  const rl_view *weight = rl_call_read(call, 1);
  return weight == NULL ? call->op->at.norm_width : weight->store.cols;
}

/* The sum of (x - center)^power over piece p, of which each of `count` ranks has a part. */
static double sum_piece(const rl_call *ranks, size_t count, uint64_t p, double center, int power) {
  double sum = 0;
  for (size_t r = 0; r < count; r++) {
    const uint64_t width = width_of(&ranks[r]);
    float *x = ranks[r].work->values;
    rl_view_read(rl_call_read(&ranks[r], 0), p * width, width, x);
    sum += sum_of(x, width, center, power);
  }
  return sum;
}

static measure measure_piece(const rl_call *ranks, size_t count, uint64_t p) {
  const rl_op *op = ranks[0].op;
  uint64_t n = 0;
  measure by = {0, 0};
  for (size_t r = 0; r < count; r++) n += width_of(&ranks[r]);
  if (op->at.norm == RL_NORM_LAYER) by.center = sum_piece(ranks, count, p, 0, 1) / (double)n;
  by.factor = 1 / sqrt(sum_piece(ranks, count, p, by.center, 2) / (double)n + op->at.eps);
  return by;
}

static void write_piece(const rl_call *call, uint64_t p, const measure *by) {
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  uint64_t width = width_of(call);
  float *x = call->work->values, *gain = x + width, *shift = gain + width;
  const float *gains = row_of(weight, p, gain), *shifts = row_of(bias, p, shift);
  rl_view_read(rl_call_read(call, 0), p * width, width, x);
  normalize(call->op, by, x, gains, shifts, width);
  rl_view_write(rl_call_write(call, 0), p * width, width, x);
}

void rl_ref_norm(const rl_call *call) {
  const bool shared = call->op->at.ranks > 1 && call->peers != NULL;
  const rl_call *ranks = shared ? call->peers : call;
  const size_t count = shared ? call->peer_count : 1;
  uint64_t pieces = rl_call_blocks(call) * rl_call_write(call, 0)->block / width_of(call);
  for (uint64_t p = 0; p < pieces; p++) {
    const measure by = measure_piece(ranks, count, p);
    for (size_t r = 0; r < count; r++) write_piece(&ranks[r], p, &by);
  }
}
