/* clamp: no value above the limit or below its negative (clip_qkv of MPT and DBRX). */
#include "kernels-ref/cpu/elementwise.h"

static float clamp(const rl_op *op, float x) {
  float limit = (float)op->at.limit;
  if (x > limit) return limit;
  return x < -limit ? -limit : x;
}

void rl_ref_clamp(const rl_call *call) {
  rl_map_values(call, clamp);
}
