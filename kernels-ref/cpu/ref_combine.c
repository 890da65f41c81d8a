/* combine: sum over the chosen experts of weight times result (Shazeer et al. 2017, eq. 1), the
 * first choice first. */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_combine(const rl_call *call) {
  const rl_view *results = rl_call_read(call, 0), *weights = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  uint64_t k = call->op->at.top_k, n = out->block;
  float *sum = call->work->values, *result = sum + n, *weight = result + n;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    memset(sum, 0, n * sizeof *sum);
    rl_view_read(weights, t * k, k, weight);
    for (uint64_t j = 0; j < k; j++) {
      rl_view_read(results, (t * k + j) * n, n, result);
      for (uint64_t i = 0; i < n; i++) sum[i] += weight[j] * result[i];
    }
    rl_view_write(out, t * n, n, sum);
  }
}
