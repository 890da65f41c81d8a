/* softcap: cap * tanh(x / cap) (Gemma 2 Team 2024, 2). */
#include <math.h>

#include "kernels-ref/cpu/elementwise.h"

static float softcap(const rl_op *op, float x) {
  float cap = (float)op->at.softcap;
  return cap * tanhf(x / cap);
}

void rl_ref_softcap(const rl_call *call) {
  rl_map_values(call, softcap);
}
