/* quantize: activations in the format that their consumer multiplies in (Dettmers et al.
 * 2022, 2.1). A scale of the whole tensor is chosen from its largest magnitude before the rows are
 * rounded. */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static float largest_magnitude(const rl_call *call, const rl_view *in) {
  float largest = 0, *x = call->work->values;
  for (uint64_t b = 0; b < rl_call_blocks(call); b++) {
    rl_view_read(in, b * in->block, in->block, x);
    for (uint64_t i = 0; i < in->block; i++) largest = fmaxf(largest, fabsf(x[i]));
  }
  return largest;
}

void rl_ref_quantize(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  float *x = call->work->values;
  rl_store_set_magnitude(&out->store, largest_magnitude(call, in), out->touched);
  for (uint64_t b = 0; b < rl_call_blocks(call); b++) {
    rl_view_read(in, b * in->block, in->block, x);
    rl_view_write(out, b * out->block, out->block, x);
  }
}
