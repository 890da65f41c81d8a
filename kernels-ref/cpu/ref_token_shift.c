/* token_shift: how far the token before is from this one, x_(t-1) - x_t; the last token stays with
 * the sequence for the next pass (Peng et al. 2024, eq. 3). */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_token_shift(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *tail = rl_call_read(call, 1);
  const rl_view *kept = rl_call_write(call, 0), *out = rl_call_write(call, 1);
  uint64_t n = in->block;
  float *before = call->work->values, *now = before + n, *step = now + n;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    rl_view_read(tail, sequence->state * n, n, before);
    for (uint64_t i = 0; i < sequence->q; i++) {
      rl_view_read(in, (sequence->first_token + i) * n, n, now);
      for (uint64_t c = 0; c < n; c++) step[c] = before[c] - now[c];
      rl_view_write(out, (sequence->first_token + i) * n, n, step);
      memcpy(before, now, n * sizeof *before);
    }
    rl_view_write(kept, sequence->state * n, n, before);
  }
}
