/* sample, the fast rows: the largest of a piece of the logits at a time; where a piece holds a
 * larger one than those before, its place is looked for. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

enum { PIECE = 1024, ID_BYTES = 4 };

bool rl_fast_sample_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_is_float(rl_op_tensor(program, op, RL_READ, 0));
}

bool rl_fast_sample_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)op;
  return rl_fast_room(limits, 0, PIECE, size);
}

static uint32_t largest_id(const rl_call *call, const rl_view *logits, uint64_t row, float *room) {
  const uint64_t width = logits->block;
  float most = -INFINITY;
  uint32_t best = 0;
  for (uint64_t first = 0; first < width; first += PIECE) {
    const uint64_t count = rl_min_u64(PIECE, width - first);
    const float *x = rl_fast_load(call, logits, row * width + first, count, room);
    const float largest = call->kernel->runs->largest(x, count);
    if (!(largest > most)) continue;
    uint64_t i = 0;
    while (x[i] < largest || isnan(x[i])) i++;
    most = largest;
    best = (uint32_t)(first + i);
  }
  return best;
}

static void choose_rows(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *logits = rl_call_read(call, 0), *ids = rl_call_write(call, 0);
  for (uint64_t row = first; row < end; row++) {
    rl_view_write_id(ids, row, largest_id(call, logits, row, room));
  }
}

void rl_fast_sample(const rl_call *call) {
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_call_blocks(call),
                                 .values = rl_call_read(call, 0)->block,
                                 .room = PIECE,
                                 .work = choose_rows,
                                 .context = call});
}

void rl_fast_sample_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
