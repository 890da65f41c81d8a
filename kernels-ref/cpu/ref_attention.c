/* attention: softmax(q K^T) V in one sweep over the keys, no score stored (Dao et al. 2022, alg. 1;
 * online softmax of Milakov & Gimelshein 2018, alg. 3). Only keys that the query attends to are
 * read. H query heads share H_kv key heads in equal groups (Ainslie et al. 2023, 2.2). */
#include "kernels-ref/cpu/cache.h"
#include "kernels-ref/cpu/running.h"

/* The head's sink joins the sum without a value (OpenAI 2025, gpt-oss model card, 2.2). */
static void take_sink(rl_running *state, const rl_view *sinks, uint64_t head) {
  float sink;
  rl_view_read(sinks, head, 1, &sink);
  rl_running_take(state, sink, NULL);
}

/* What a query meets: keys, values, the table of biases by distance. */
typedef struct partners {
  rl_cache k, v;
  const float *table;
} partners;

/* One query head of one new token. */
static void attend(const rl_call *call, const partners *met, const rl_pass_sequence *sequence,
                   uint64_t i, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, kv_head = head * at->kv_heads / at->heads;
  float *q = call->work->values, *key = q + n, *value = key + n;
  rl_running state = rl_running_begin(value + n, n);
  rl_view_read(in, (sequence->first_token + i) * in->block + head * n, n, q);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    if (!rl_pass_attends(sequence, i, j, at)) continue;
    rl_cache_read(&met->k, sequence, j, kv_head, key);
    rl_cache_read(&met->v, sequence, j, kv_head, value);
    float product = rl_ref_dot(q, key, n) + rl_ref_alibi(call->op, sequence, head, i, j);
    float bias = rl_ref_token_bias(call->op, met->table, sequence, head, i, j);
    rl_running_take(&state, rl_ref_score(call->op, product) + bias, value);
  }
  if (at->sinks) take_sink(&state, rl_call_read(call, at->buckets != 0 ? 4 : 3), head);
  rl_running_sum(call, (sequence->first_token + i) * at->heads + head, &state);
  rl_running_end(&state);
  rl_view_write(out, (sequence->first_token + i) * out->block + head * n, n, state.mix);
}

void rl_ref_attention(const rl_call *call) {
  /* behind q, key, value and mix of one head */
  const float *table = rl_ref_bias_table(call, call->work->values + 4 * call->op->at.head_dim);
  uint32_t beside = 3u + (call->op->at.buckets != 0) + call->op->at.sinks;
  partners met = {.k = rl_cache_of(call, 1, &beside), .table = table};
  met.v = rl_cache_of(call, 2, &beside);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t h = 0; h < call->op->at.kv_heads; h++) {
      rl_cache_read_edge(&met.k, sequence, h, call->work->values);
      rl_cache_read_edge(&met.v, sequence, h, call->work->values);
    }
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) attend(call, &met, sequence, i, h);
    }
  }
}
