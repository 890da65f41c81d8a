/* softmax: over the stored scores of one query and head, in place; -inf becomes 0. The sum is in
 * double. */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_normalize(float *x, uint64_t n, float sink) {
  float largest = sink;
  double sum = 0;
  for (uint64_t j = 0; j < n; j++) largest = fmaxf(largest, x[j]);
  for (uint64_t j = 0; j < n; j++) {
    x[j] = expf(x[j] - largest);
    sum += x[j];
  }
  sum += expf(sink - largest);
  for (uint64_t j = 0; j < n; j++) x[j] = (float)(x[j] / sum);
}

/* The keys of one query and head lie a block apart. */
static void softmax_row(const rl_call *call, uint64_t first, uint64_t keys, uint64_t head) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  const rl_view *sinks = rl_call_read(call, 1);
  float *x = call->work->values, sink = -INFINITY;
  if (sinks != NULL) rl_view_read(sinks, head, 1, &sink);
  for (uint64_t j = 0; j < keys; j++) rl_view_read(in, (first + j) * in->block + head, 1, &x[j]);
  rl_ref_normalize(x, keys, sink);
  for (uint64_t j = 0; j < keys; j++) rl_view_write(out, (first + j) * out->block + head, 1, &x[j]);
}

void rl_ref_softmax(const rl_call *call) {
  if (call->op->at.over != RL_OVER_CACHE) {
    rl_ref_whole_softmax(call);
    return;
  }
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t keys = sequence->cached + sequence->q;
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < rl_call_write(call, 0)->block; h++) {
        softmax_row(call, sequence->first_score + i * keys, keys, h);
      }
    }
  }
}
