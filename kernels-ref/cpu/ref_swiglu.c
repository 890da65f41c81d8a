/* swiglu: (up + 1) * gate * sigmoid(factor * gate); gate is at most the limit, up lies between the
 * limit and its negative (OpenAI 2025, gpt-oss model card, 2.2; Shazeer 2020, eq. 6). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static float gated(const rl_op *op, float gate, float up) {
  float limit = (float)op->at.limit;
  gate = fminf(gate, limit);
  up = fminf(fmaxf(up, -limit), limit);
  return (up + 1) * gate / (1 + expf(-(float)op->at.factor * gate));
}

void rl_ref_swiglu(const rl_call *call) {
  const rl_view *gates = rl_call_read(call, 0), *ups = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  float *gate = call->work->values, *up = gate + out->block;
  for (uint64_t b = 0; b < rl_call_blocks(call); b++) {
    rl_view_read(gates, b * out->block, out->block, gate);
    rl_view_read(ups, b * out->block, out->block, up);
    for (uint64_t i = 0; i < out->block; i++) gate[i] = gated(call->op, gate[i], up[i]);
    rl_view_write(out, b * out->block, out->block, gate);
  }
}
