/* dot: the product of two tensors summed over each token, times a factor (Cheng et al. 2026, 2.3).
 */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_dot_tokens(const rl_call *call) {
  const rl_view *left = rl_call_read(call, 0), *right = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  uint64_t n = left->block;
  float *a = call->work->values, *b = a + n;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    rl_view_read(left, t * n, n, a);
    rl_view_read(right, t * n, n, b);
    float product = rl_ref_dot(a, b, n) * (float)call->op->at.factor;
    rl_view_write(out, t, 1, &product);
  }
}
