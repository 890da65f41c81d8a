/* choose_tokens: the keys that a query attends to, by the index's score, the sum over its heads of
 * w times relu(q k), where a token has one key for all heads (DeepSeek-AI 2025, DeepSeek-V3.2-Exp,
 * eq. 1 and 2). A positive factor of all scores changes no choice and is left out. Of two equal
 * scores the older token is taken; the best stands first. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

uint64_t rl_ref_chosen(const rl_pass_sequence *sequence, uint64_t i, uint64_t k) {
  return rl_min_u64(rl_pass_position(sequence, i) + 1, k);
}

/* One query in workspace. */
typedef struct query {
  const float *values;  /* [H, d] */
  const float *weights; /* [H] */
} query;

static float index_score(const rl_op_attributes *at, const query *q, const float *key) {
  float sum = 0;
  for (uint64_t h = 0; h < at->heads; h++) {
    float product = rl_ref_dot(q->values + h * at->head_dim, key, at->head_dim);
    sum += q->weights[h] * fmaxf(product, 0);
  }
  return sum;
}

/* scores [keys]: -inf for keys that the query does not see. */
static void score_keys(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                       const query *q, float *key, float *scores) {
  const rl_view *cache = rl_call_read(call, 2);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    scores[j] = -INFINITY;
    if (!rl_pass_attends(sequence, i, j, &call->op->at)) continue;
    rl_view_read(cache, rl_pass_kv(sequence, j) * cache->block, cache->block, key);
    scores[j] = index_score(&call->op->at, q, key);
  }
}

/* The largest score, which is taken out. */
static uint32_t take_best(float *scores, uint64_t keys) {
  uint32_t best = 0;
  for (uint32_t j = 1; j < keys; j++) {
    if (scores[j] > scores[best]) best = j;
  }
  scores[best] = -INFINITY;
  return best;
}

static void choose(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *weights = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  const uint64_t token = sequence->first_token + i, keys = rl_pass_keys(sequence);
  float *values = call->work->values, *w = values + in->block, *key = w + weights->block;
  float *scores = key + at->head_dim;
  const query q = {values, w};
  rl_view_read(in, token * in->block, in->block, values);
  rl_view_read(weights, token * weights->block, weights->block, w);
  score_keys(call, sequence, i, &q, key, scores);
  for (uint64_t c = 0; c < rl_ref_chosen(sequence, i, at->top_k); c++) {
    rl_view_write_id(out, token * out->block + c, take_best(scores, keys));
  }
}

void rl_ref_choose_tokens(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) choose(call, sequence, i);
  }
}
