/* insert: merged source positions take the places of tokens (Liu et al. 2023, eq. 1). */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_insert(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t i = 0; i < call->pass->source.merged; i++) {
    rl_view_read(in, i * in->block, in->block, x);
    rl_view_write(out, call->pass->places[i] * out->block, out->block, x);
  }
}
