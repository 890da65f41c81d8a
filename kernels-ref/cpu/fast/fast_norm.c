/* norm, the fast rows: sums in double, values in fp32. Gains and shifts are read once a call. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

/* Ranks that share sums are left to the scalar row. */
bool rl_fast_norm_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return op->at.ranks <= 1 && rl_fast_all_float(program, op);
}

typedef struct norm {
  const rl_call *call;
  uint64_t width, rows;        /* of a piece; rows of gains */
  const float *gains, *shifts; /* [rows, width]; NULL: none */
} norm;

/* Values that gains take, of whom shifts are as many. */
static bool weight_values(const rl_program *program, const rl_op *op, uint64_t *values) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  *values = 0;
  return weight == NULL || rl_mul_u64(weight->rows, weight->cols, values);
}

bool rl_fast_norm_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *out = rl_op_tensor(program, op, RL_WRITE, 0);
  uint64_t block, weights;
  return weight_values(program, op, &weights) && rl_mul_u64(weights, 2, &weights) &&
         rl_mul_u64(out->rows, out->cols, &block) && rl_mul_u64(block, 2, &block) &&
         rl_fast_room(limits, weights, block, size);
}

/* Zhang & Sennrich 2019, eq. 4; Ba et al. 2016, eq. 4 */
static void normalize(const norm *n, const float *x, uint64_t piece, float *out) {
  const rl_op_attributes *at = &n->call->op->at;
  const rl_runs *runs = n->call->kernel->runs;
  const uint64_t row = n->rows == 0 ? 0 : piece % n->rows * n->width;
  rl_norming by = {.offset = at->weight_offset};
  if (at->norm == RL_NORM_LAYER) by.center = runs->sum(x, n->width) / (double)n->width;
  by.factor = 1 / sqrt(runs->squares(x, n->width, by.center) / (double)n->width + at->eps);
  if (n->gains != NULL) by.gain = n->gains + row;
  if (n->shifts != NULL) by.shift = n->shifts + row;
  runs->stretch(&by, x, n->width, out);
}

static void normalize_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const norm *n = context;
  const rl_view *in = rl_call_read(n->call, 0), *out = rl_call_write(n->call, 0);
  const uint64_t block = out->block, pieces = block / n->width;
  float *y = room + block;
  for (uint64_t b = first; b < end; b++) {
    const float *x = rl_fast_load(n->call, in, b * block, block, room);
    for (uint64_t p = 0; p < pieces; p++) {
      normalize(n, x + p * n->width, b * pieces + p, y + p * n->width);
    }
    rl_fast_store(n->call, out, b * block, block, y);
  }
}

static const float *read_weights(const rl_call *call, const rl_view *weight, float *room) {
  if (weight == NULL) return NULL;
  return rl_fast_load(call, weight, 0, weight->store.rows * weight->store.cols, room);
}

void rl_fast_norm(const rl_call *call) {
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  const uint64_t blocks = rl_call_blocks(call), block = rl_call_write(call, 0)->block;
  norm n = {.call = call, .width = call->op->at.norm_width};
  uint64_t weights = 0;
  if (blocks == 0) return; /* nor are the weights read */
  if (weight != NULL) {
    n.width = weight->store.cols;
    n.rows = weight->store.rows;
    weights = n.rows * n.width;
  }
  n.gains = read_weights(call, weight, call->work->values);
  n.shifts = read_weights(call, bias, call->work->values + weights);
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = blocks,
                                 .values = block,
                                 .shared = 2 * weights,
                                 .room = 2 * block,
                                 .work = normalize_blocks,
                                 .context = &n});
}

void rl_fast_norm_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
