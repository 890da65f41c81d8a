/* scores: the full rectangle q K^T of every sequence, scaled, capped and stored; what a query does
 * not attend to is -inf (Vaswani et al. 2017, 3.2.3). Every key row that there is is read, masked
 * or not. */
#include <math.h>

#include "kernels-ref/cpu/cache.h"

/* The product of a whole query with key j, or of what was gathered of it with the channels that the
 * body keeps of the key. */
static float product_of(const rl_call *call, const rl_cache *k, const rl_pass_sequence *sequence,
                        uint64_t i, uint64_t j, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  uint64_t n = at->head_dim, kv_head = head / (at->heads / at->kv_heads), index;
  float *q = call->work->values, *key = q + n, *gathered = key + n;
  if (k->kept == n || !rl_cache_in_body(k, sequence, j, &index)) {
    rl_cache_read(k, sequence, j, kv_head, key);
    return rl_ref_dot(q, key, n);
  }
  const rl_view *in = rl_call_read(call, call->op->operand_count - 2);
  rl_view_read(in, (sequence->first_token + i) * in->block + head * k->kept, k->kept, gathered);
  rl_cache_read_kept(k, sequence, index, kv_head, key);
  return rl_ref_dot(gathered, key, k->kept);
}

static void score_query(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                        uint64_t head, const float *table) {
  uint32_t beside = 2u + (call->op->at.buckets != 0);
  const rl_cache k = rl_cache_of(call, 1, &beside);
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, keys = sequence->cached + sequence->q;
  float *q = call->work->values;
  rl_view_read(in, (sequence->first_token + i) * in->block + head * n, n, q);
  for (uint64_t j = 0; j < keys; j++) {
    const bool held = rl_cache_holds(&k, sequence, j);
    float product = held ? product_of(call, &k, sequence, i, j, head) : 0, score = -INFINITY;
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
  /* behind query, key and, where there is one, gathered query of one head */
  const uint64_t rows = call->op->at.kept_channels != 0 ? 3 : 2;
  const float *table = rl_ref_bias_table(call, call->work->values + rows * call->op->at.head_dim);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) score_query(call, sequence, i, h, table);
    }
  }
}
