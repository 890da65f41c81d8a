/* norm: root mean square (Zhang & Sennrich 2019, eq. 4) or layer normalisation (Ba et al. 2016,
 * eq. 4) over pieces of the weight's width; a token's row may hold several pieces (heads), which
 * share one row of weights, have one each, or none. */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static double mean_of(const float *x, uint64_t n) {
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += x[i];
  return sum / (double)n;
}

/* Mean of (x - center)^2. */
static double spread_of(const float *x, uint64_t n, double center) {
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += (x[i] - center) * (x[i] - center);
  return sum / (double)n;
}

static void normalize(const rl_op *op, float *x, const float *gain, const float *bias, uint64_t n) {
  double center = op->at.norm == RL_NORM_LAYER ? mean_of(x, n) : 0;
  double factor = 1 / sqrt(spread_of(x, n, center) + op->at.eps);
  for (uint64_t i = 0; i < n; i++) {
    double scaled = (x[i] - center) * factor;
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

void rl_ref_norm(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *weight = rl_call_read(call, 1);
  const rl_view *bias = rl_call_read(call, 2), *out = rl_call_write(call, 0);
  uint64_t width = weight == NULL ? call->op->at.norm_width : weight->store.cols;
  uint64_t pieces = rl_call_blocks(call) * out->block / width;
  float *x = call->work->values, *gain = x + width, *shift = gain + width;
  for (uint64_t p = 0; p < pieces; p++) {
    const float *gains = row_of(weight, p, gain), *shifts = row_of(bias, p, shift);
    rl_view_read(in, p * width, width, x);
    normalize(call->op, x, gains, shifts, width);
    rl_view_write(out, p * width, width, x);
  }
}
