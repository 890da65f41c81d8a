/* sample: the id of the largest logit of each row, the first one of equals. */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_sample(const rl_call *call) {
  const rl_view *logits = rl_call_read(call, 0), *ids = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t r = 0; r < rl_call_blocks(call); r++) {
    uint32_t best = 0;
    rl_view_read(logits, r * logits->block, logits->block, x);
    for (uint64_t v = 1; v < logits->block; v++) {
      if (x[v] > x[best]) best = (uint32_t)v;
    }
    rl_view_write_id(ids, r, best);
  }
}
