/* position_scale: times 1 + factor * ln(1 + floor((p + offset) / floor)) at position p, so that
 * attention stays as sharp over a long context as over a short one (Nakanishi 2025, eq. 3; Llama 4,
 * Meta's published model code, where the offset is 1; Ministral 3 has none). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_position_scale(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    double steps = floor((double)(call->pass->positions[t] + at->offset) / at->floor);
    float factor = (float)(1 + at->factor * log1p(steps));
    rl_view_read(in, t * out->block, out->block, x);
    for (uint64_t i = 0; i < out->block; i++) x[i] *= factor;
    rl_view_write(out, t * out->block, out->block, x);
  }
}
