/* gather: the rows of a table that each token looked up, one after the other (Cheng et al.
 * 2026, 2.2).
 */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_gather(const rl_call *call) {
  const rl_view *chosen = rl_call_read(call, 0), *table = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  uint64_t k = call->op->at.top_k, n = table->store.cols;
  float *row = call->work->values;
  for (uint64_t c = 0; c < call->pass->tokens * k; c++) {
    rl_view_read(table, rl_view_read_id(chosen, c) * n, n, row);
    rl_view_write(out, c * n, n, row);
  }
}
