/* fetch: the block of a memory for each token, that of its sequence (Pouransari et al. 2025,
 * eq. 2.2). Clusters are nested, so that the block of a level is the cluster's number without its
 * last digits. Which cluster a text belongs to is found outside, by its embedding (2.1). */
#include "kernels-ref/cpu/kernel.h"

void rl_ref_fetch(const rl_call *call) {
  const rl_view *clusters = rl_call_read(call, 0), *chosen = rl_call_write(call, 0);
  const rl_op_attributes *at = &call->op->at;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t cluster = rl_view_read_id(clusters, s) % at->clusters;
    uint32_t block = (uint32_t)(cluster / (at->clusters / at->experts));
    for (uint64_t i = 0; i < sequence->q; i++) {
      rl_view_write_id(chosen, sequence->first_token + i, block);
    }
  }
}
