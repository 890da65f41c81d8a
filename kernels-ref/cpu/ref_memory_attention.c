/* memory_attention: softmax over the keys of the cache under the window and over keys that are
 * weights, which every query sees (Sukhbaatar et al. 2019, eq. 9; Behrouz et al. 2025, eq. 26). */
#include "kernels-ref/cpu/kernel.h"
#include "kernels-ref/cpu/running.h"

/* One KV head's rows of keys and values, a row of `block` values a key. */
typedef struct key_rows {
  const rl_view *k, *v;
  uint64_t block, at, n; /* the head's first value in a row, and how many it has */
} key_rows;

static void take(const rl_call *call, const key_rows *rows, uint64_t row, rl_running *state) {
  float *query = call->work->values, *key = query + rows->n, *value = key + rows->n;
  rl_view_read(rows->k, row * rows->block + rows->at, rows->n, key);
  rl_view_read(rows->v, row * rows->block + rows->at, rows->n, value);
  rl_running_take(state, rl_ref_score(call->op, rl_ref_dot(query, key, rows->n)), value);
}

static void attend(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                   uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, first = head / (at->heads / at->kv_heads) * n;
  uint64_t block = at->kv_heads * n, token = sequence->first_token + i;
  const key_rows cached = {rl_call_read(call, 1), rl_call_read(call, 2), block, first, n};
  const key_rows persistent = {rl_call_read(call, 3), rl_call_read(call, 4), block, first, n};
  rl_running state = rl_running_begin(call->work->values + 3 * n, n);
  rl_view_read(in, token * in->block + head * n, n, call->work->values);
  for (uint64_t p = 0; p < at->persistent; p++) take(call, &persistent, p, &state);
  for (uint64_t j = 0; j < sequence->cached + sequence->q; j++) {
    if (!rl_pass_attends(sequence, i, j, at)) continue;
    take(call, &cached, rl_pass_kv(sequence, j), &state);
  }
  rl_running_end(&state);
  rl_view_write(out, token * out->block + head * n, n, state.mix);
}

void rl_ref_memory_attention(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) attend(call, sequence, i, h);
    }
  }
}
