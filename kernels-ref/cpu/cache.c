/* Where a key or value stands. A body is blocks of tokens, in which each head has its rows: one a
 * token, or one a channel, of one value a token. */
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
  cache.kept = cache.width;
  if (tensor->part == RL_KV_ALL) return cache;
  cache.parting = tensor->parting;
  cache.tokens = tensor->tokens;
  cache.by_token = tensor->by_token;
  if (read_tensor(call, *beside)->part == RL_KV_TAIL) cache.tail = rl_call_read(call, (*beside)++);
  cache.fresh = rl_call_read(call, (*beside)++);
  const rl_tensor *last = read_tensor(call, *beside);
  if (call->op->at.kept_channels == 0 || body != 1) return cache;
  cache.kept = call->op->at.kept_channels;
  if (last->part == RL_KV_CHANNELS) cache.channels = rl_call_read(call, (*beside)++);
  return cache;
}

rl_span rl_cache_span(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                      uint64_t head, uint64_t channel) {
  const uint64_t block = rl_pass_kv(sequence, index) / cache->tokens;
  if (cache->tokens == 1 || cache->by_token) {
    const uint64_t row = (block * cache->heads + head) * cache->tokens + index % cache->tokens;
    return (rl_span){row, channel, cache->kept - channel};
  }
  return (rl_span){(block * cache->heads + head) * cache->kept + channel, index % cache->tokens, 1};
}

void rl_cache_read_kept(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                        uint64_t head, float *values) {
  for (uint64_t c = 0; c < cache->kept;) {
    rl_span span = rl_cache_span(cache, sequence, index, head, c);
    rl_view_read(cache->body, span.row * cache->body->store.cols + span.first, span.count,
                 values + c);
    c += span.count;
  }
}

/* Whether the mask of the sequence's head keeps a channel. */
static bool keeps(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                  uint64_t channel) {
  float bit;
  rl_view_read(cache->channels, (sequence->state * cache->heads + head) * cache->width + channel, 1,
               &bit);
  return bit != 0;
}

void rl_cache_squeeze(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                      float *values) {
  uint64_t n = 0;
  for (uint64_t c = 0; cache->channels != NULL && c < cache->width; c++) {
    if (keeps(cache, sequence, head, c)) values[n++] = values[c];
  }
}

void rl_cache_spread(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                     float *values) {
  uint64_t n = cache->kept;
  for (uint64_t c = cache->width; cache->channels != NULL && c-- > 0;) {
    values[c] = keeps(cache, sequence, head, c) ? values[--n] : 0;
  }
}

static void read_tail(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t position,
                      uint64_t head, float *values) {
  const uint64_t places = rl_parting_places(&cache->parting);
  const uint64_t place = sequence->state * places + rl_parting_place(&cache->parting, position);
  rl_view_read(cache->tail, (place * cache->heads + head) * cache->width, cache->width, values);
}

bool rl_cache_in_body(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j,
                      uint64_t *index) {
  const rl_parting *parting = &cache->parting;
  *index = j;
  if (parting->step == 0) return true;
  if (j >= sequence->cached || j < parting->first) return false;
  *index = j - parting->first;
  return *index < rl_parting_body(parting, sequence->cached);
}

bool rl_cache_holds(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j) {
  const rl_parting *parting = &cache->parting;
  uint64_t index;
  if (parting->window == 0 || j >= sequence->cached) return true;
  if (!rl_cache_in_body(cache, sequence, j, &index)) {
    return j >= rl_parting_seen_from(parting, sequence->cached);
  }
  return index >= rl_parting_dropped(parting, sequence->cached);
}

void rl_cache_read_edge(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                        float *values) {
  const rl_parting *parting = &cache->parting;
  const uint64_t seen = rl_parting_seen_from(parting, sequence->cached);
  for (uint64_t j = parting->first + rl_parting_dropped(parting, sequence->cached); j < seen; j++) {
    uint64_t index;
    if (!rl_cache_in_body(cache, sequence, j, &index)) return;
    rl_cache_read_kept(cache, sequence, index, head, values);
  }
}

void rl_cache_read(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j,
                   uint64_t head, float *values) {
  uint64_t index;
  if (rl_cache_in_body(cache, sequence, j, &index)) {
    rl_cache_read_kept(cache, sequence, index, head, values);
    rl_cache_spread(cache, sequence, head, values);
  } else if (j >= sequence->cached) {
    const uint64_t token = sequence->first_token + j - sequence->cached;
    rl_view_read(cache->fresh, token * cache->fresh->block + head * cache->width, cache->width,
                 values);
  } else {
    read_tail(cache, sequence, j, head, values);
  }
}
