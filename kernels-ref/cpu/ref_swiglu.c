/* swiglu: (up + 1) * gate * sigmoid(factor * gate); gate is at most the limit, up lies between the
 * limit and its negative (OpenAI 2025, gpt-oss model card, 2.2; Shazeer 2020, eq. 6). */
#include <math.h>

#include "kernels-ref/cpu/elementwise.h"

static float gated(const rl_op *op, float gate, float up) {
  float limit = (float)op->at.limit;
  gate = fminf(gate, limit);
  up = fminf(fmaxf(up, -limit), limit);
  return (up + 1) * gate / (1 + expf(-(float)op->at.factor * gate));
}

void rl_ref_swiglu(const rl_call *call) {
  rl_zip_values(call, gated);
}
