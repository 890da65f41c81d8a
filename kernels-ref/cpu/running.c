/* The running softmax; see running.h. */
#include "kernels-ref/cpu/running.h"

#include <math.h>
#include <string.h>

rl_running rl_running_begin(float *mix, uint64_t n) {
  memset(mix, 0, n * sizeof *mix);
  return (rl_running){-INFINITY, 0, mix, n};
}

void rl_running_take(rl_running *running, float score, const float *value) {
  float largest = fmaxf(running->largest, score);
  float shrink = expf(running->largest - largest), weight = expf(score - largest);
  float *mix = running->mix;
  for (uint64_t c = 0; c < running->n; c++) {
    mix[c] = value == NULL ? mix[c] * shrink : mix[c] * shrink + weight * value[c];
  }
  running->sum = running->sum * shrink + weight;
  running->largest = largest;
}

void rl_running_sum(const rl_call *call, uint64_t index, const rl_running *running) {
  float sum = running->largest + (float)log(running->sum);
  if (call->op->at.key_parts == 0) return;
  rl_view_write(rl_call_write(call, 1), index, 1, &sum);
}

void rl_running_end(rl_running *running) {
  for (uint64_t c = 0; c < running->n && running->sum > 0; c++) {
    running->mix[c] = (float)(running->mix[c] / running->sum);
  }
}
