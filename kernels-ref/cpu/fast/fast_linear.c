/* linear, the fast rows: inputs are arranged for the tiles of an instruction set, once all are, the
 * team multiplies (linear_walk.h). */
#include "base/checked.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/linear_walk.h"
#include "kernels-ref/cpu/registry.h"

bool rl_fast_linear_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  return rl_linear_weights_fit(weight, 1, kernel) &&
         rl_linear_inputs_fit(rl_op_tensor(program, op, RL_READ, 0), op, weight->cols, kernel) &&
         rl_linear_results_fit(rl_op_tensor(program, op, RL_WRITE, 0));
}

static bool lay_out(const rl_linear_tile *tile, const rl_tensor *weight, uint64_t tokens,
                    uint32_t threads, rl_linear_layout *layout) {
  const rl_linear_sizes sizes = {.inputs = tokens, .biases = weight->rows, .threads = threads};
  return rl_linear_lay_out(tile, weight, &sizes, layout);
}

bool rl_fast_linear_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  const rl_kernel *kernel = rl_kernel_choose(program, op, limits->isa);
  uint64_t tokens = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_WRITE, 0)->extent);
  rl_linear_layout layout;
  if (!lay_out(kernel->tile, weight, tokens, limits->threads, &layout)) return false;
  size->values = layout.end;
  size->codes = tokens;
  return true;
}

static void note_input(const void *context, uint64_t row, uint64_t slot) {
  const rl_workspace *work = context;
  work->codes[slot] = (int32_t)row;
}

static void multiply(void *context, rl_team_member member) {
  rl_linear_walk_share(context, member);
}

void rl_fast_linear(const rl_call *call) {
  const uint64_t tokens = rl_call_blocks(call);
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  const rl_tensor *tensor = rl_op_tensor(call->program, call->op, RL_READ, 1);
  rl_linear_layout layout;
  rl_linear_walk walk;
  if (tokens == 0) return; /* none wanted: the weights are not read either */
  lay_out(call->kernel->tile, tensor, tokens, call->threads, &layout); /* memory was planned so */
  rl_linear_begin(&walk, call, weight, &layout);
  walk.weights = rl_store_take_rows(&weight->store, 0, walk.rows, weight->touched);
  walk.batch.tokens = tokens;
  walk.batch.tiles = rl_ceil_div(tokens, walk.tile->tokens);
  if (bias != NULL) {
    walk.bias = rl_linear_bias(bias, 0, walk.rows, call->work->values + layout.bias);
  }
  rl_linear_each(call, tokens, note_input, call->work);
  rl_linear_load_all(&walk, call->work->codes, call->threads);
  rl_team_run(call->threads, multiply, &walk);
  rl_linear_mark(&walk);
}

/* Every row of the weight and of the bias once, every input once, every result once. */
void rl_fast_linear_declare(const rl_call *call, rl_declared *declared) {
  const uint64_t tokens = rl_call_blocks(call);
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  if (tokens == 0) return;
  const rl_store *store = &weight->store;
  declared->flops = 2 * store->rows * store->cols * tokens;
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    const rl_view *view = &call->views[o];
    const rl_store *stored = &view->store;
    uint64_t rows = tokens * view->block / rl_max_u64(stored->cols, 1);
    if (view == weight || view == bias) rows = stored->rows;
    declared->bytes[o] = rows * stored->row_bytes;
  }
}
