/* scale: every value times a constant (embeddings of Gemma). */
#include "kernels-ref/cpu/elementwise.h"

static float scale(const rl_op *op, float x) {
  return x * (float)op->at.factor;
}

void rl_ref_scale(const rl_call *call) {
  rl_map_values(call, scale);
}
