/* Where a key or value stands. A body has a row a token and head, or, in blocks of several tokens, a
 * row a channel of a head, of one value a token. */
#include "kernels-ref/cpu/cache.h"

#include "base/checked.h"

static const rl_tensor *read_tensor(const rl_call *call, uint32_t nth) {
  return rl_op_tensor(call->program, call->op, RL_READ, nth);
}

rl_cache rl_cache_of(const rl_call *call, uint32_t body, uint32_t *beside) {
  const rl_tensor *tensor = read_tensor(call, body);
  rl_cache cache = {.body = rl_call_read(call, body),
                    .tokens = 1,
                    .heads = call->op->at.kv_heads,
                    .width = call->op->at.head_dim};
  if (tensor->part == RL_KV_ALL) return cache;
  cache.parting = tensor->parting;
  cache.tokens = tensor->tokens;
  if (read_tensor(call, *beside)->part == RL_KV_TAIL) cache.tail = rl_call_read(call, (*beside)++);
  cache.fresh = rl_call_read(call, (*beside)++);
  return cache;
}

rl_span rl_cache_span(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                      uint64_t head, uint64_t channel) {
  const uint64_t block = sequence->first_kv / cache->tokens + index / cache->tokens;
  if (cache->tokens == 1) {
    return (rl_span){block * cache->heads + head, channel, cache->width - channel};
  }
  return (rl_span){(block * cache->heads + head) * cache->width + channel, index % cache->tokens,
                   1};
}

static void read_body(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                      uint64_t head, float *values) {
  for (uint64_t c = 0; c < cache->width;) {
    rl_span span = rl_cache_span(cache, sequence, index, head, c);
    rl_view_read(cache->body, span.row * cache->body->store.cols + span.first, span.count,
                 values + c);
    c += span.count;
  }
}

static void read_tail(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t position,
                      uint64_t head, float *values) {
  const uint64_t places = rl_parting_places(&cache->parting);
  const uint64_t place = sequence->state * places + rl_parting_place(&cache->parting, position);
  rl_view_read(cache->tail, (place * cache->heads + head) * cache->width, cache->width, values);
}

void rl_cache_read(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j,
                   uint64_t head, float *values) {
  const rl_parting *parting = &cache->parting;
  if (parting->step == 0) {
    read_body(cache, sequence, j, head, values);
  } else if (j >= sequence->cached) {
    const uint64_t token = sequence->first_token + j - sequence->cached;
    rl_view_read(cache->fresh, token * cache->fresh->block + head * cache->width, cache->width,
                 values);
  } else if (j >= parting->first &&
             j - parting->first < rl_parting_body(parting, sequence->cached)) {
    read_body(cache, sequence, j - parting->first, head, values);
  } else {
    read_tail(cache, sequence, j, head, values);
  }
}
