/* kv_compress: tokens that leave the tail, or never enter it, are packed into the body, a block at
 * a time; the other new tokens take the places in the tail that are free then (Liu et al. 2024,
 * KIVI, alg. 1). What no later query sees is neither packed nor kept. */
#include "base/checked.h"
#include "kernels-ref/cpu/cache.h"

/* One cache: read from the new tokens and its tail, written to its body and its tail. */
typedef struct side {
  rl_cache cache; /* body as it is written */
  const rl_view *to_tail;
  float *values; /* room for a block and a row */
} side;

/* The sides in the order of the operator's slots: new keys, new values, [tails read], [mask of the
 * channels of keys], then for each cache its body, [its tail]. */
static void find_sides(const rl_call *call, side sides[2]) {
  uint32_t read = 2, written = 0;
  for (uint32_t c = 0; c < 2; c++) {
    const rl_tensor *body = rl_op_tensor(call->program, call->op, RL_WRITE, written);
    const rl_tensor *tail = rl_op_tensor(call->program, call->op, RL_WRITE, written + 1);
    sides[c] = (side){.cache = {.body = rl_call_write(call, written++),
                                .fresh = rl_call_read(call, c),
                                .parting = body->parting,
                                .tokens = body->tokens,
                                .by_token = body->by_token,
                                .heads = call->op->at.kv_heads,
                                .width = call->op->at.head_dim,
                                .kept = call->op->at.head_dim},
                      .values = call->work->values};
    if (tail == NULL || tail->part != RL_KV_TAIL) continue;
    sides[c].cache.tail = rl_call_read(call, read++);
    sides[c].to_tail = rl_call_write(call, written++);
  }
  if (call->op->at.kept_channels == 0) return;
  sides[0].cache.kept = call->op->at.kept_channels;
  sides[0].cache.channels = rl_call_read(call, read);
}

/* A block of tokens of one head, [tokens, kept channels]; where rows are channels, the other way.
 */
static void gather_block(const side *s, const rl_pass_sequence *sequence, uint64_t index,
                         uint64_t head, float *matrix) {
  const rl_cache *cache = &s->cache;
  const uint64_t n = cache->tokens, kept = cache->kept;
  float *token = s->values;
  for (uint64_t t = 0; t < n; t++) {
    rl_cache_read(cache, sequence, cache->parting.first + index + t, head, token);
    rl_cache_squeeze(cache, sequence, head, token);
    for (uint64_t c = 0; c < kept; c++) {
      matrix[cache->by_token ? t * kept + c : c * n + t] = token[c];
    }
  }
}

/* Behind the token that is read, room for the block. */
static void pack_block(const side *s, const rl_pass_sequence *sequence, uint64_t index,
                       uint64_t head) {
  const rl_cache *cache = &s->cache;
  const rl_store *store = &cache->body->store;
  float *matrix = s->values + cache->width;
  const uint64_t first = rl_cache_span(cache, sequence, index, head, 0).row;
  gather_block(s, sequence, index, head, matrix);
  if (!rl_format_is_rowwise(store->format)) {
    rl_store_pack_piece(store, first / rl_store_piece_rows(store), matrix, cache->body->touched);
    return;
  }
  const uint64_t rows = cache->tokens * cache->kept / store->cols;
  for (uint64_t r = 0; r < rows; r++) {
    rl_view_write(cache->body, (first + r) * store->cols, store->cols, matrix + r * store->cols);
  }
}

static void keep_token(const side *s, const rl_pass_sequence *sequence, uint64_t position) {
  const rl_cache *cache = &s->cache;
  const uint64_t places = rl_parting_places(&cache->parting);
  const uint64_t place = sequence->state * places + rl_parting_place(&cache->parting, position);
  for (uint64_t h = 0; h < cache->heads; h++) {
    rl_cache_read(cache, sequence, position, h, s->values);
    rl_view_write(s->to_tail, (place * cache->heads + h) * cache->width, cache->width, s->values);
  }
}

static void compress(const side *s, const rl_pass_sequence *sequence) {
  const rl_parting *parting = &s->cache.parting;
  const uint64_t end = sequence->cached + sequence->q;
  const uint64_t before = rl_parting_body(parting, sequence->cached);
  const uint64_t after = rl_parting_body(parting, end), dropped = rl_parting_dropped(parting, end);
  const uint64_t gone = rl_max_u64(after, dropped);
  for (uint64_t index = rl_max_u64(before, dropped); index < after; index += s->cache.tokens) {
    for (uint64_t h = 0; h < s->cache.heads; h++) pack_block(s, sequence, index, h);
  }
  for (uint64_t p = sequence->cached; p < end; p++) {
    bool left = p >= parting->first && p - parting->first < gone;
    if (!left) keep_token(s, sequence, p);
  }
}

void rl_ref_kv_compress(const rl_call *call) {
  side sides[2];
  find_sides(call, sides);
  for (size_t s = 0; s < call->pass->count; s++) {
    for (int c = 0; c < 2; c++) compress(&sides[c], &call->pass->sequences[s]);
  }
}

/* A token of a head, and a block of them. */
bool rl_ref_kv_compress_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)limits;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    uint64_t values;
    if (tensor->part != RL_KV_BODY) continue;
    if (!rl_mul_u64(tensor->tokens + 1, op->at.head_dim, &values)) return false;
    size->values = rl_max_u64(size->values, values);
  }
  return true;
}
