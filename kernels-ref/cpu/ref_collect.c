/* collect: sum over the chosen experts of their results, the first choice first (Shazeer et al.
 * 2017, eq. 1, with the weights inside the experts' inputs). */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_collect(const rl_call *call) {
  const rl_view *results = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t k = call->op->at.top_k, n = out->block;
  float *sum = call->work->values, *result = sum + n;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    memset(sum, 0, n * sizeof *sum);
    for (uint64_t j = 0; j < k; j++) {
      rl_view_read(results, (t * k + j) * n, n, result);
      for (uint64_t i = 0; i < n; i++) sum[i] += result[i];
    }
    rl_view_write(out, t * n, n, sum);
  }
}
