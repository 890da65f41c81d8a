/* cross_append: keys and values of the source positions of sequences that begin, rounded to the
 * cache's format (Vaswani et al. 2017, 3.2.3). A row is one position and KV head. */
#include "kernels-ref/cpu/kernel.h"

static void append(const rl_call *call, const rl_view *in, const rl_view *kept) {
  uint64_t lead = call->program->source.lead;
  float *x = call->work->values;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t rows = sequence->fresh * (sequence->source.positions + lead);
    for (uint64_t i = 0; i < rows; i++) {
      rl_view_read(in, (sequence->first.positions + i) * in->block, in->block, x);
      rl_view_write(kept, (sequence->first.kept + i) * kept->block, kept->block, x);
    }
  }
}

void rl_ref_cross_append(const rl_call *call) {
  append(call, rl_call_read(call, 0), rl_call_write(call, 0));
  append(call, rl_call_read(call, 1), rl_call_write(call, 1));
}
