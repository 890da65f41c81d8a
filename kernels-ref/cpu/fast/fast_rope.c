/* rope and rotate, the fast rows: frequencies once a call, angles once a token, in double; values
 * in fp32. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/rotation.h"

bool rl_fast_rope_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_all_float(program, op);
}

/* Frequencies are of all; a thread has cosines, sines and a block of each tensor. */
bool rl_fast_rope_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t room = op->at.rotary_dims;
  const rl_tensor *tensor;
  for (uint32_t n = 0; (tensor = rl_op_tensor(program, op, RL_READ, n)) != NULL; n++) {
    if (!rl_muladd_u64(&room, tensor->rows, tensor->cols)) return false;
  }
  return rl_fast_room(limits, op->at.rotary_dims, room, size);
}

typedef struct rotation {
  const rl_call *call;
  const float *high, *low; /* [half] parts of frequencies */
  uint64_t half;
  bool axes;
} rotation;

/* Neighbouring pairs turn by the same axis. */
static void find_turn(const rotation *r, uint64_t t, float *cosines, float *sines) {
  const rl_op_attributes *at = &r->call->op->at;
  const rl_pass *pass = r->call->pass;
  const float by = at->rope_magnitude == 0 ? 1 : (float)at->rope_magnitude;
  for (uint64_t first = 0, end; first < r->half; first = end) {
    const int axis = r->axes ? rl_rotation_axis(at, first) : 0;
    for (end = r->axes ? first + 1 : r->half; end < r->half; end++) {
      if (rl_rotation_axis(at, end) != axis) break;
    }
    const uint64_t position = r->axes ? pass->axes[t][axis] : pass->positions[t];
    const rl_wave wave = {r->high + first, r->low + first, (double)position, by};
    r->call->kernel->runs->wave(&wave, end - first, cosines + first, sines + first);
  }
}

/* Heads whose every value turns go from and to memory at once. */
static void turn_token(const rotation *r, uint32_t n, uint64_t t, const rl_turn *by, float *x) {
  const rl_call *call = r->call;
  const rl_view *in = rl_call_read(call, n), *out = rl_call_write(call, n);
  rl_rotated of = rl_rotation_of(&call->op->at, n, in->block);
  const uint64_t dims = call->op->at.rotary_dims;
  const uint64_t at_once = of.size == dims ? of.heads : 1;
  for (uint64_t h = 0; h < of.heads; h += at_once) {
    const uint64_t at = t * in->block + h * of.size + of.first;
    rl_fast_load_into(call, in, at, at_once * dims, x);
    for (uint64_t k = 0; k < at_once; k++) {
      call->kernel->runs->turn(by, x + k * dims, x + k * dims);
    }
    rl_fast_store(call, out, at, at_once * dims, x);
  }
}

static void turn_tokens(const void *context, float *room, uint64_t first, uint64_t end) {
  const rotation *r = context;
  float *cosines = room, *sines = cosines + r->half, *x = sines + r->half;
  const rl_turn by = {cosines, sines, r->half, r->call->op->at.rope_style == RL_ROPE_PAIRS};
  for (uint64_t t = first; t < end; t++) {
    find_turn(r, t, cosines, sines);
    for (uint32_t n = 0; rl_call_read(r->call, n) != NULL; n++) turn_token(r, n, t, &by, x);
  }
}

/* base^(-2 i / dims): each the one before times the first (Su et al. 2021, eq. 34). */
static void find_frequencies(const rl_op_attributes *at, uint64_t half, float *high, float *low) {
  const double step = pow(at->rope_base, -2.0 / (double)at->rotary_dims);
  double plain = 1;
  for (uint64_t i = 0; i < half; i++) {
    const double frequency = rl_rotation_scaled(at, i, plain);
    high[i] = (float)frequency;
    low[i] = (float)(frequency - (double)high[i]);
    plain *= step;
  }
}

static uint64_t block_values(const rl_call *call) {
  uint64_t values = 0;
  const rl_view *view;
  for (uint32_t n = 0; (view = rl_call_read(call, n)) != NULL; n++) values += view->block;
  return values;
}

void rl_fast_rope(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  const uint64_t half = at->rotary_dims / 2, values = block_values(call);
  float *high = call->work->values, *low = high + half;
  const rotation r = {call, high, low, half, rl_rotation_has_axes(at)};
  find_frequencies(at, half, high, low);
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = call->pass->tokens,
                                 .values = values,
                                 .shared = 2 * half,
                                 .room = values + 2 * half,
                                 .work = turn_tokens,
                                 .context = &r});
}

/* What turns of every head of every token. */
void rl_fast_rope_declare(const rl_call *call, rl_declared *declared) {
  const rl_op_attributes *at = &call->op->at;
  const uint32_t tensors = call->op->operand_count / 2;
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    const rl_view *view = &call->views[o];
    const rl_rotated of = rl_rotation_of(at, o % tensors, view->block);
    const uint64_t values = call->pass->tokens * of.heads * at->rotary_dims;
    declared->bytes[o] = values * RL_TYPES[view->store.format->stack[0].type].bits / 8;
  }
}
