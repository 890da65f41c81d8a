/* concat: each token's values of the second tensor behind those of the first. */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_concat(const rl_call *call) {
  const rl_view *a = rl_call_read(call, 0), *b = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t i = 0; i < rl_call_blocks(call); i++) {
    rl_view_read(a, i * a->block, a->block, x);
    rl_view_read(b, i * b->block, b->block, x + a->block);
    rl_view_write(out, i * out->block, out->block, x);
  }
}
