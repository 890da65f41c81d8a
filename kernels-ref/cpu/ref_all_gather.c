/* all_gather: every rank gets the parts of all ranks, one after the other (Thakur et al.
 * 2005, 4.1). */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_all_gather(const rl_call *call) {
  const rl_call *ranks = call->peers != NULL ? call->peers : call;
  size_t count = call->peers != NULL ? call->peer_count : 1;
  float *row = call->work->values;
  for (uint64_t block = 0; block < rl_call_blocks(call); block++) {
    uint64_t done = 0;
    for (size_t r = 0; r < count; r++) {
      const rl_view *part = rl_call_read(&ranks[r], 0);
      rl_view_read(part, block * part->block, part->block, row + done);
      done += part->block;
    }
    for (size_t r = 0; r < count; r++) {
      const rl_view *out = rl_call_write(&ranks[r], 0);
      rl_view_write(out, block * out->block, done, row);
    }
  }
}
