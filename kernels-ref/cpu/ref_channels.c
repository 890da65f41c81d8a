/* choose_channels and gather_channels: a cache whose body keeps some channels of its keys. Of each
 * head of a sequence those stay whose squares, summed over the newest queries of the heads that
 * share it, times those of all keys are largest, of equal ones the first: the Frobenius norm of
 * what a channel adds to the scores (Xu et al. 2024, ThinK, eq. 5). */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/cache.h"

static void add_squares(const float *values, uint64_t count, float *sums) {
  for (uint64_t c = 0; c < count; c++) sums[c] += values[c] * values[c];
}

/* Sums over the newest queries of the heads that share the KV head. */
static void square_queries(const rl_call *call, const rl_pass_sequence *sequence, uint64_t head,
                           float *room, float *sums) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *q = rl_call_read(call, 0);
  const uint64_t n = at->head_dim, shared = at->heads / at->kv_heads;
  const uint64_t some = rl_min_u64(sequence->q, at->queries);
  for (uint64_t i = sequence->q - some; i < sequence->q; i++) {
    for (uint64_t h = head * shared; h < (head + 1) * shared; h++) {
      rl_view_read(q, (sequence->first_token + i) * q->block + h * n, n, room);
      add_squares(room, n, sums);
    }
  }
}

/* A channel is kept when fewer than `kept` others weigh more, of equal ones the earlier. */
static void keep_heaviest(const float *weights, uint64_t count, uint64_t kept, float *mask) {
  for (uint64_t c = 0; c < count; c++) {
    uint64_t before = 0;
    for (uint64_t o = 0; o < count; o++) {
      before += weights[o] > weights[c] || (o < c && weights[o] == weights[c]);
    }
    mask[c] = before < kept;
  }
}

static void choose(const rl_call *call, const rl_cache *keys, const rl_pass_sequence *sequence,
                   uint64_t head) {
  const uint64_t n = keys->width;
  float *room = call->work->values, *queries = room + n, *sums = queries + n;
  const rl_view *mask = rl_call_write(call, 0);
  memset(queries, 0, 2 * n * sizeof *queries);
  square_queries(call, sequence, head, room, queries);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    rl_cache_read(keys, sequence, j, head, room);
    add_squares(room, n, sums);
  }
  for (uint64_t c = 0; c < n; c++) queries[c] *= sums[c];
  keep_heaviest(queries, n, call->op->at.kept_channels, room);
  rl_view_write(mask, (sequence->state * keys->heads + head) * n, n, room);
}

/* Of the sequences that this pass gives a body. All their keys are in the tail or new. */
void rl_ref_choose_channels(const rl_call *call) {
  const rl_op *op = call->op;
  const rl_tensor *tail = rl_op_tensor(call->program, op, RL_READ, 2);
  const rl_cache keys = {.fresh = rl_call_read(call, 1),
                         .tail = tail == NULL ? NULL : rl_call_read(call, 2),
                         .parting = rl_op_tensor(call->program, op, RL_WRITE, 0)->parting,
                         .heads = op->at.kv_heads,
                         .width = op->at.head_dim};
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    const uint64_t before = rl_parting_body(&keys.parting, sequence->cached);
    const uint64_t after = rl_parting_body(&keys.parting, rl_pass_keys(sequence));
    if (before > 0 || after == 0) continue;
    for (uint64_t h = 0; h < keys.heads; h++) choose(call, &keys, sequence, h);
  }
}

/* Of each query of a sequence with a body the channels that the mask of its head keeps. */
void rl_ref_gather_channels(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *q = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  const uint64_t n = at->head_dim, kept = at->kept_channels, shared = at->heads / at->kv_heads;
  const rl_cache keys = {.channels = rl_call_read(call, 1),
                         .parting = rl_op_tensor(call->program, call->op, RL_READ, 1)->parting,
                         .heads = at->kv_heads,
                         .width = n,
                         .kept = kept};
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    if (rl_parting_body(&keys.parting, sequence->cached) == 0) continue;
    for (uint64_t i = 0; i < sequence->q * at->heads; i++) {
      const uint64_t token = sequence->first_token + i / at->heads, h = i % at->heads;
      rl_view_read(q, token * q->block + h * n, n, call->work->values);
      rl_cache_squeeze(&keys, sequence, h / shared, call->work->values);
      rl_view_write(out, token * out->block + h * kept, kept, call->work->values);
    }
  }
}
