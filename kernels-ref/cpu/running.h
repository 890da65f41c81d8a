/* Softmax and weighted sum in one sweep over the keys of a query (Milakov & Gimelshein 2018, alg.
 * 3): the mix is relative to the largest score so far. */
#ifndef RL_CPU_RUNNING_H
#define RL_CPU_RUNNING_H

#include "kernels-ref/cpu/kernel.h"

typedef struct rl_running {
  float largest;
  double sum;
  float *mix; /* [n] */
  uint64_t n;
} rl_running;

/* Nothing seen; mix is set to zeros. */
rl_running rl_running_begin(float *mix, uint64_t n);
/* A key with its score and value [n]; NULL: it joins the sum without a value. */
void rl_running_take(rl_running *running, float score, const float *value);
/* Writes the logarithm of the sum of exponentials where other ranks see other keys: at that index of
 * the operator's second result, -inf without a key. */
void rl_running_sum(const rl_call *call, uint64_t index, const rl_running *running);
/* Divides the mix by the sum; zeros when nothing was seen. */
void rl_running_end(rl_running *running);

#endif
