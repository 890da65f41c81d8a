/* kv_append: keys and values of the new tokens, rounded to the cache's format, behind those that
 * are there (Pope et al. 2022, 3.3). A row is one token and KV head. index_append: one cache. */
#include "kernels-ref/cpu/kernel.h"

static void append(const rl_call *call, const rl_view *in, const rl_view *cache) {
  float *x = call->work->values;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      uint64_t key = rl_pass_key_of(sequence, i), to = rl_pass_kv(sequence, key);
      if (!rl_pass_keeps(key, &call->op->at)) continue;
      rl_view_read(in, (sequence->first_token + i) * in->block, in->block, x);
      rl_view_write(cache, to * cache->block, cache->block, x);
    }
  }
}

void rl_ref_kv_append(const rl_call *call) {
  append(call, rl_call_read(call, 0), rl_call_write(call, 0));
  append(call, rl_call_read(call, 1), rl_call_write(call, 1));
}

void rl_ref_index_append(const rl_call *call) {
  append(call, rl_call_read(call, 0), rl_call_write(call, 0));
}
