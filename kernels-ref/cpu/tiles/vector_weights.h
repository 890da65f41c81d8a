/* What the tiles of attention do to scores besides multiplying: powers, caps, and moving the score
 * that the weights of a row are relative to. Included behind the vectors of a width. */
#ifndef RL_CPU_VECTOR_WEIGHTS_H
#define RL_CPU_VECTOR_WEIGHTS_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/fast/attention_tile.h"

enum {
  /* Queries whose sums two vectors wide stay in registers, of which those of 32 bytes are 16. */
  VECTOR_TILE = VECTOR_FLOATS == 8 ? 4 : 8,
  VECTOR_KEYS = RL_BLOCK_KEYS / VECTOR_FLOATS,
  RL_SLACK = 8 /* weights reach 2^8 before all before shrinks */
};

/* 2^x for x up to 127 within 3e-7 of it; 0 where x is below the exponents of fp32. 2^r as its
 * Taylor polynomial around 0 for |r| <= 1/2, whose next term is 2e-6 / 7. */
static inline vf vf_power_of_two(vf x) {
  const vf n = vf_round(x), r = vf_sub(x, n);
  vf sum = vf_fma(vf_all(1.54035304e-4f), r, vf_all(1.33335581e-3f));
  sum = vf_fma(sum, r, vf_all(9.61812911e-3f));
  sum = vf_fma(sum, r, vf_all(5.55041087e-2f));
  sum = vf_fma(sum, r, vf_all(2.40226507e-1f));
  sum = vf_fma(sum, r, vf_all(6.93147181e-1f));
  sum = vf_fma(sum, r, vf_all(1));
  return vf_times_power(sum, n);
}

/* cap * tanh(x / cap) of scores in units of log2 (Gemma 2 Team 2024, 2) */
static inline vf vf_cap(vf x, float cap) {
  return vf_mul(vf_tanh(vf_mul(x, vf_all(1 / cap))), vf_all(cap));
}

/* A row's weights are relative to `largest` from here on: what was summed before shrinks. */
static inline void rl_attention_raise(const rl_attention_task *task, const rl_attention_block *b,
                                      uint64_t row, float largest) {
  const float before = b->largest[row], shrink = before == -FLT_MAX ? 0 : exp2f(before - largest);
  float *mix = b->mix + row * task->width, *lanes = b->lanes + row * task->lanes;
  for (uint64_t c = 0; c < task->width; c++) mix[c] *= shrink;
  for (uint64_t i = 0; i < task->lanes; i++) lanes[i] *= shrink;
  b->largest[row] = largest;
}

/* What the products with each key, and its weight, are multiplied by. */
static inline void vector_key_scales(const rl_attention_task *task, const rl_attention_block *b,
                                     const uint8_t *rows, float *scales) {
  const uint32_t size = RL_TYPES[task->component->scale].bits / 8u;
  uint8_t stored[RL_BLOCK_KEYS * sizeof(float)];
  if (size == 2 && b->first == 0 && b->end == RL_BLOCK_KEYS) { /* most blocks: by fours */
    for (size_t j = 0; j < RL_BLOCK_KEYS; j += 4) {
      uint16_t four[4];
      for (size_t k = 0; k < 4; k++) memcpy(four + k, rows + (j + k) * b->apart + task->codes, 2);
      const uint64_t word =
          four[0] | (uint64_t)four[1] << 16 | (uint64_t)four[2] << 32 | (uint64_t)four[3] << 48;
      memcpy(stored + 2 * j, &word, sizeof word);
    }
    vector_scales(stored, task->component->scale, RL_BLOCK_KEYS, scales);
    return;
  }
  memset(stored, 0, sizeof stored);
  for (size_t j = b->first; j < b->end && size == 2; j++) {
    memcpy(stored + 2 * j, rows + j * b->apart + task->codes, 2);
  }
  for (size_t j = b->first; j < b->end && size == 4; j++) {
    memcpy(stored + 4 * j, rows + j * b->apart + task->codes, 4);
  }
  vector_scales(stored, task->component->scale, RL_BLOCK_KEYS, scales);
}

/* Scores of a row in units of log2, of keys that it does not see none; answers the largest of each
 * lane. scales NULL: products are scores but for the operator's scale and cap. */
static inline vf vector_measure(const rl_attention_task *task, uint64_t seen, const float *products,
                                const float *scales, vf score[]) {
  vf most = vf_all(-FLT_MAX);
  const vf scale = vf_all(task->scale);
  for (size_t v = 0; v < VECTOR_KEYS; v++) {
    score[v] = vf_mul(vf_load(products + v * VECTOR_FLOATS), scale);
    if (scales != NULL) score[v] = vf_mul(score[v], vf_load(scales + v * VECTOR_FLOATS));
    if (task->softcap != 0) score[v] = vf_cap(score[v], task->softcap);
    if (seen != UINT64_MAX) {
      score[v] = vf_where((uint32_t)(seen >> v * VECTOR_FLOATS), score[v], vf_all(-FLT_MAX));
    }
    most = vf_max(score[v], most);
  }
  return most;
}

/* Products of a row with its keys become weights, which its lanes sum up, times the scales of the
 * values. They are relative to a score that moves only when another is larger by RL_SLACK (Milakov
 * & Gimelshein 2018, alg. 3). */
static inline void vector_weigh(const rl_attention_task *task, const rl_attention_block *b,
                                uint64_t row, const float *products, const float *const scales[2],
                                vf weight[]) {
  const uint64_t seen = b->seen[row];
  float *lanes = b->lanes + row * RL_BLOCK_LANES;
  const vf most = vector_measure(task, seen, products, scales[0], weight);
  if (vf_any_above(most, vf_all(b->largest[row] + (float)RL_SLACK))) {
    rl_attention_raise(task, b, row, vf_largest(most));
  }
  const vf largest = vf_all(b->largest[row]);
  for (size_t v = 0; v < VECTOR_KEYS; v++) {
    float *lane = lanes + v % (RL_BLOCK_LANES / VECTOR_FLOATS) * VECTOR_FLOATS;
    weight[v] = vf_power_of_two(vf_sub(weight[v], largest));
    if (seen != UINT64_MAX)
      weight[v] = vf_where((uint32_t)(seen >> v * VECTOR_FLOATS), weight[v], vf_zero());
    vf_put(lane, vf_add(vf_load(lane), weight[v]));
    if (scales[1] != NULL) weight[v] = vf_mul(weight[v], vf_load(scales[1] + v * VECTOR_FLOATS));
  }
}

#endif
