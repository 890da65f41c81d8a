/* softmax over stored scores, the fast rows: the keys of a query are rows, its heads columns. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

/* Over the cache alone: rectangles are left to the scalar row. */
bool rl_fast_softmax_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return op->at.over == RL_OVER_CACHE && rl_fast_all_float(program, op);
}

/* Sinks; the scores of a query, and three rows beside them. */
bool rl_fast_softmax_workspace(const rl_program *program, const rl_op *op,
                               const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *scores = rl_op_tensor(program, op, RL_READ, 0);
  uint64_t heads, rows, room;
  return rl_mul_u64(scores->rows, scores->cols, &heads) && rl_add_u64(limits->longest, 3, &rows) &&
         rl_mul_u64(rows, heads, &room) && rl_fast_room(limits, heads, room, size);
}

typedef struct softmax {
  const rl_call *call;
  const rl_pass_sequence *sequence;
  const float *sinks;
} softmax;

static void normalize_queries(const void *context, float *room, uint64_t first, uint64_t end) {
  const softmax *s = context;
  const rl_view *in = rl_call_read(s->call, 0), *out = rl_call_write(s->call, 0);
  const uint64_t keys = rl_pass_keys(s->sequence), heads = out->block;
  float *scores = room + 3 * heads;
  for (uint64_t i = first; i < end; i++) {
    const uint64_t at = (s->sequence->first_score + i * keys) * heads;
    rl_fast_load_into(s->call, in, at, keys * heads, scores);
    s->call->kernel->runs->softmax(scores, keys, heads, s->sinks, room);
    rl_fast_store(s->call, out, at, keys * heads, scores);
  }
}

void rl_fast_softmax(const rl_call *call) {
  const rl_view *sinks = rl_call_read(call, 1);
  const uint64_t heads = rl_call_write(call, 0)->block;
  softmax s = {.call = call, .sinks = call->work->values};
  for (uint64_t h = 0; h < heads; h++) call->work->values[h] = -INFINITY;
  if (sinks != NULL && call->pass->tokens > 0) {
    rl_fast_load_into(call, sinks, 0, heads, call->work->values);
  }
  for (size_t i = 0; i < call->pass->count; i++) {
    s.sequence = &call->pass->sequences[i];
    const uint64_t keys = rl_pass_keys(s.sequence);
    rl_fast_blocks(&(rl_fast_walk){.call = call,
                                   .blocks = s.sequence->q,
                                   .values = keys * heads,
                                   .shared = heads,
                                   .room = (keys + 3) * heads,
                                   .work = normalize_queries,
                                   .context = &s});
  }
}

void rl_fast_softmax_declare(const rl_call *call, rl_declared *declared) {
  uint64_t blocks = 0;
  for (size_t i = 0; i < call->pass->count; i++) {
    blocks += call->pass->sequences[i].q * rl_pass_keys(&call->pass->sequences[i]);
  }
  rl_fast_declare(call, blocks, declared);
}
