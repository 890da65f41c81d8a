/* weigh: what a token gives to each of its experts, its values times the weight of the choice: the
 * weights enter before the experts and not after (Llama 4, Meta's published model code). */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_weigh(const rl_call *call) {
  const rl_view *tokens = rl_call_read(call, 0), *weights = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  uint64_t k = call->op->at.top_k, n = tokens->block;
  float *x = call->work->values, *y = x + n, *weight = y + n;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    rl_view_read(tokens, t * n, n, x);
    rl_view_read(weights, t * k, k, weight);
    for (uint64_t j = 0; j < k; j++) {
      for (uint64_t i = 0; i < n; i++) y[i] = weight[j] * x[i];
      rl_view_write(out, (t * k + j) * n, n, y);
    }
  }
}
