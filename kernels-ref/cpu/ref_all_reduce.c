/* all_reduce: every rank gets the sum of all ranks' values, added in the order of the ranks
 * (Thakur et al. 2005, 4.5), rounded once to the stored format. */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_all_reduce(const rl_call *call) {
  const rl_call *ranks = call->peers != NULL ? call->peers : call;
  size_t count = call->peers != NULL ? call->peer_count : 1;
  uint64_t n = rl_call_write(call, 0)->block;
  float *sum = call->work->values, *x = sum + n;
  for (uint64_t block = 0; block < rl_call_blocks(call); block++) {
    memset(sum, 0, n * sizeof *sum);
    for (size_t r = 0; r < count; r++) {
      rl_view_read(rl_call_read(&ranks[r], 0), block * n, n, x);
      for (uint64_t i = 0; i < n; i++) sum[i] += x[i];
    }
    for (size_t r = 0; r < count; r++) {
      rl_view_write(rl_call_write(&ranks[r], 0), block * n, n, sum);
    }
  }
}
