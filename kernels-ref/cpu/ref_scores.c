/* scores: the full rectangle q K^T of every sequence, scaled, capped and stored; what a query does
 * not attend to is -inf (Vaswani et al. 2017, 3.2.3). Every key row is read, masked or not. */
#include <math.h>

#include "kernels-ref/cpu/cache.h"

static void score_query(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                        uint64_t head, const float *table) {
  uint32_t beside = 2u + (call->op->at.buckets != 0);
  const rl_cache k = rl_cache_of(call, 1, &beside);
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, kv_head = head / (at->heads / at->kv_heads);
  uint64_t keys = sequence->cached + sequence->q;
  float *q = call->work->values, *key = q + n;
  rl_view_read(in, (sequence->first_token + i) * in->block + head * n, n, q);
  for (uint64_t j = 0; j < keys; j++) {
    rl_cache_read(&k, sequence, j, kv_head, key);
    float product = rl_ref_dot(q, key, n), score = -INFINITY;
    if (rl_pass_attends(sequence, i, j, at)) {
      score = rl_ref_score(call->op, product + rl_ref_alibi(call->op, sequence, head, i, j));
      score += rl_ref_token_bias(call->op, table, sequence, head, i, j);
    }
    rl_view_write(out, (sequence->first_score + i * keys + j) * out->block + head, 1, &score);
  }
}

void rl_ref_scores(const rl_call *call) {
  if (call->op->at.over != RL_OVER_CACHE) {
    rl_ref_whole_scores(call);
    return;
  }
  /* behind query and key of one head */
  const float *table = rl_ref_bias_table(call, call->work->values + 2 * call->op->at.head_dim);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) score_query(call, sequence, i, h, table);
    }
  }
}
