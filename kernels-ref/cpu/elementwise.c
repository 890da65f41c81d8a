/* One block at a time is read, changed and written. A block is read whole before it is written,
 * so that an operator may work in place. */
#include "kernels-ref/cpu/elementwise.h"

void rl_map_values(const rl_call *call, float (*f)(const rl_op *op, float x)) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t b = 0; b < rl_call_blocks(call); b++) {
    rl_view_read(in, b * out->block, out->block, x);
    for (uint64_t i = 0; i < out->block; i++) x[i] = f(call->op, x[i]);
    rl_view_write(out, b * out->block, out->block, x);
  }
}

void rl_zip_values(const rl_call *call, float (*f)(const rl_op *op, float a, float b)) {
  const rl_view *left = rl_call_read(call, 0), *right = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  float *a = call->work->values, *b = a + out->block;
  for (uint64_t block = 0; block < rl_call_blocks(call); block++) {
    rl_view_read(left, block * out->block, out->block, a);
    rl_view_read(right, block * out->block, out->block, b);
    for (uint64_t i = 0; i < out->block; i++) a[i] = f(call->op, a[i], b[i]);
    rl_view_write(out, block * out->block, out->block, a);
  }
}
