/* sigmoid_gate: x * sigmoid(g), with a gate for each value or one for the whole token (Dauphin et
 * al. 2017, eq. 1). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static float sigmoid(float x) {
  return (float)(1 / (1 + exp(-(double)x)));
}

void rl_ref_sigmoid_gate(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *gates = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  uint64_t n = out->block, per = gates->block;
  float *x = call->work->values, *gate = x + n;
  for (uint64_t b = 0; b < rl_call_blocks(call); b++) {
    rl_view_read(in, b * n, n, x);
    rl_view_read(gates, b * per, per, gate);
    for (uint64_t i = 0; i < per; i++) gate[i] = sigmoid(gate[i]);
    for (uint64_t i = 0; i < n; i++) x[i] *= gate[per == 1 ? 0 : i];
    rl_view_write(out, b * n, n, x);
  }
}
