/* hadamard: values times their signs, then times a Hadamard matrix over the root of its size, which
 * keeps lengths; or back, the transposed matrix first (Tseng et al. 2024, QuIP#, 3). n = base * 2^m
 * values are `base` stretches, each turned by itself by doubling steps (Fino & Algazi 1976), and
 * then mixed with one another by the matrix of the base. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"
#include "spec/hadamard.h"

/* A row of n values, the signs, and the matrix of the base. */
typedef struct turning {
  uint64_t n, base, length; /* n = base * length */
  const int32_t *matrix;
  const float *signs;
  bool back;
} turning;

bool rl_ref_hadamard_workspace(const rl_program *program, const rl_op *op,
                               const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)limits;
  const rl_tensor *in = rl_op_tensor(program, op, RL_READ, 0);
  return rl_mul_u64(3, in->cols, &size->values) &&
         rl_mul_u64(op->at.base, op->at.base, &size->codes);
}

/* Sums and differences of neighbouring stretches of 1, 2, 4 ... values. */
static void turn_stretch(float *x, uint64_t length) {
  for (uint64_t half = 1; half < length; half *= 2) {
    for (uint64_t i = 0; i < length; i++) {
      if ((i & half) != 0) continue;
      float a = x[i], b = x[i + half];
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
}

static void mix_stretches(const turning *t, const float *x, float *y) {
  for (uint64_t row = 0; row < t->base; row++) {
    for (uint64_t i = 0; i < t->length; i++) {
      float sum = 0;
      for (uint64_t k = 0; k < t->base; k++) {
        uint64_t at = t->back ? k * t->base + row : row * t->base + k;
        sum += (float)t->matrix[at] * x[k * t->length + i];
      }
      y[row * t->length + i] = sum;
    }
  }
}

static void turn(const turning *t, float *x, float *y) {
  const float length = (float)(1 / sqrt((double)t->n));
  for (uint64_t i = 0; i < t->n && !t->back; i++) x[i] *= t->signs[i];
  for (uint64_t s = 0; s < t->base; s++) turn_stretch(x + s * t->length, t->length);
  mix_stretches(t, x, y);
  for (uint64_t i = 0; i < t->n; i++) y[i] *= t->back ? length * t->signs[i] : length;
}

void rl_ref_hadamard(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *signs = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  const uint64_t n = signs->store.cols, base = call->op->at.base;
  const uint64_t rows = rl_call_blocks(call) * (out->block / n);
  float *x = call->work->values, *y = x + n, *given = y + n;
  int32_t *matrix = call->work->codes;
  if (rows == 0 || base == 0) return;
  for (uint64_t i = 0; i < base * base; i++) {
    matrix[i] = rl_hadamard_sign(base, i / base, i % base);
  }
  rl_view_read(signs, 0, n, given);
  const turning t = {n, base, n / base, matrix, given, call->op->at.rotates_back};
  for (uint64_t row = 0; row < rows; row++) {
    rl_view_read(in, row * n, n, x);
    turn(&t, x, y);
    rl_view_write(out, row * n, n, y);
  }
}
