/* mul: product of two tensors, the gate of gated units (Shazeer 2020, eq. 5). */
#include "kernels-ref/cpu/elementwise.h"

static float mul(const rl_op *op, float a, float b) {
  (void)op;
  return a * b;
}

void rl_ref_mul(const rl_call *call) {
  rl_zip_values(call, mul);
}
