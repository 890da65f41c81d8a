/* mix: sum of the values weighted with stored probabilities (Vaswani et al. 2017, eq. 1). Every
 * value row that there is is read, those of probability 0 too. */
#include <string.h>

#include "kernels-ref/cpu/cache.h"

static void mix_query(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                      uint64_t head) {
  uint32_t beside = 2;
  const rl_cache v = rl_cache_of(call, 1, &beside);
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, kv_head = head / (at->heads / at->kv_heads);
  uint64_t keys = sequence->cached + sequence->q;
  float *value = call->work->values, *sum = value + n, probability;
  memset(sum, 0, n * sizeof *sum);
  for (uint64_t j = 0; j < keys; j++) {
    rl_view_read(in, (sequence->first_score + i * keys + j) * in->block + head, 1, &probability);
    if (!rl_cache_holds(&v, sequence, j)) continue;
    rl_cache_read(&v, sequence, j, kv_head, value);
    for (uint64_t c = 0; c < n; c++) sum[c] += probability * value[c];
  }
  rl_view_write(out, (sequence->first_token + i) * out->block + head * n, n, sum);
}

void rl_ref_mix(const rl_call *call) {
  if (call->op->at.over != RL_OVER_CACHE) {
    rl_ref_whole_mix(call);
    return;
  }
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) mix_query(call, sequence, i, h);
    }
  }
}
