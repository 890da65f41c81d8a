/* lerp, lerp_by: x + m dx, on the way from a token to the one before, by shares that are weights or
 * that the token has itself (Peng et al. 2024, eq. 3 and 14). */
#include "kernels-ref/cpu/kernel.h"

static void mix(const rl_call *call, bool by_token) {
  const rl_view *in = rl_call_read(call, 0), *step = rl_call_read(call, 1);
  const rl_view *share = rl_call_read(call, 2), *out = rl_call_write(call, 0);
  uint64_t n = in->block;
  float *x = call->work->values, *dx = x + n, *m = dx + n;
  for (uint64_t t = 0; t < call->pass->tokens; t++) {
    rl_view_read(in, t * n, n, x);
    rl_view_read(step, t * n, n, dx);
    rl_view_read(share, by_token ? t * n : 0, n, m);
    for (uint64_t c = 0; c < n; c++) x[c] += m[c] * dx[c];
    rl_view_write(out, t * n, n, x);
  }
}

void rl_ref_lerp(const rl_call *call) {
  mix(call, false);
}

void rl_ref_lerp_by(const rl_call *call) {
  mix(call, true);
}
