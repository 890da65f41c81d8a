/* merge: of each query and head what every rank made of the keys that it keeps, weighted by the sum
 * of exponentials of its scores (Milakov & Gimelshein 2018, 3.1; Yang et al. 2024, Context
 * Parallelism, 3.5). A rank without a key has weight 0. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

typedef struct merging {
  const rl_call *ranks;
  size_t count;
  uint64_t heads, width; /* width values of a head */
  float *merged, *part;  /* [width] each */
} merging;

static float sum_of(const merging *m, size_t rank, uint64_t index) {
  float sum;
  rl_view_read(rl_call_read(&m->ranks[rank], 1), index, 1, &sum);
  return sum;
}

/* One head of one token: its parts lie at `index` among those of all. */
static void merge_head(const merging *m, uint64_t index) {
  float largest = -INFINITY;
  double all = 0;
  memset(m->merged, 0, m->width * sizeof *m->merged);
  for (size_t r = 0; r < m->count; r++) largest = fmaxf(largest, sum_of(m, r, index));
  for (size_t r = 0; r < m->count; r++) all += exp((double)(sum_of(m, r, index) - largest));
  for (size_t r = 0; r < m->count; r++) {
    const float weight = (float)(exp((double)(sum_of(m, r, index) - largest)) / all);
    rl_view_read(rl_call_read(&m->ranks[r], 0), index * m->width, m->width, m->part);
    for (uint64_t c = 0; c < m->width; c++) m->merged[c] += weight * m->part[c];
  }
  for (size_t r = 0; r < m->count; r++) {
    rl_view_write(rl_call_write(&m->ranks[r], 0), index * m->width, m->width, m->merged);
  }
}

void rl_ref_merge(const rl_call *call) {
  const uint64_t heads = call->op->at.heads, width = rl_call_read(call, 0)->block / heads;
  const merging m = {.ranks = call->peers != NULL ? call->peers : call,
                     .count = call->peers != NULL ? call->peer_count : 1,
                     .heads = heads,
                     .width = width,
                     .merged = call->work->values,
                     .part = call->work->values + width};
  for (uint64_t i = 0; i < call->pass->tokens * heads; i++) merge_head(&m, i);
}

bool rl_ref_merge_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)limits;
  return rl_mul_u64(rl_op_tensor(program, op, RL_READ, 0)->cols, 2, &size->values);
}
