/* encode_attention, cross_attention, and their parts where scores are stored: every query of a
 * rectangle meets every key (Vaswani et al. 2017, eq. 1; Devlin et al. 2019, 3). A query without
 * any key has the result 0. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/rectangle.h"

/* Values [blocks, heads * d_h] of one block and head. */
static void read_head(const rl_view *view, uint64_t block, uint64_t head, uint64_t n, float *x) {
  rl_view_read(view, block * view->block + head * n, n, x);
}

static uint64_t kv_head(const rl_op_attributes *at, uint64_t head) {
  return head / (at->heads / at->kv_heads);
}

static uint64_t query_block(const rl_rectangle *r, uint64_t i) {
  return r->first_query + rl_rectangle_place(r, i);
}

static uint64_t key_block(const rl_rectangle *r, uint64_t j) {
  return r->first_key + rl_rectangle_place(r, j);
}

static float score_of(const rl_call *call, const float *q, const float *key, float bias) {
  return rl_ref_score(call->op, rl_ref_dot(q, key, call->op->at.head_dim)) + bias;
}

/* Distance of key j from query i where both are numbered alike. */
static int64_t ahead_of(uint64_t i, uint64_t j) {
  return (int64_t)j - (int64_t)i;
}

/* One query head over all keys: the largest score so far scales the sums (Milakov & Gimelshein
 * 2018, alg. 3). */
static void attend(const rl_call *call, const rl_rectangle *r, uint64_t i, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim;
  float *q = call->work->values, *key = q + n, *value = key + n, *mix = value + n;
  const float *table = at->buckets == 0 ? NULL : mix + n;
  float largest = -INFINITY;
  double sum = 0;
  memset(mix, 0, n * sizeof *mix);
  read_head(rl_call_read(call, 0), query_block(r, i), head, n, q);
  for (uint64_t j = 0; j < r->keys; j++) {
    read_head(rl_call_read(call, 1), key_block(r, j), kv_head(at, head), n, key);
    read_head(rl_call_read(call, 2), key_block(r, j), kv_head(at, head), n, value);
    float score = score_of(call, q, key, rl_ref_bias(call->op, table, head, ahead_of(i, j)));
    float next = fmaxf(largest, score);
    float shrink = expf(largest - next), weight = expf(score - next);
    for (uint64_t c = 0; c < n; c++) mix[c] = mix[c] * shrink + weight * value[c];
    sum = sum * shrink + weight;
    largest = next;
  }
  for (uint64_t c = 0; c < n && sum > 0; c++) mix[c] = (float)(mix[c] / sum);
  rl_view_write(out, (query_block(r, i)) * out->block + head * n, n, mix);
}

static void attend_all(const rl_call *call, const rl_rectangle *r) {
  for (uint64_t i = 0; i < r->queries; i++) {
    for (uint64_t h = 0; h < call->op->at.heads; h++) attend(call, r, i, h);
  }
}

/* Something meets in this pass: without it the table is not read either. */
static bool meets(const rl_call *call) {
  return rl_call_blocks(call) > 0;
}

void rl_ref_whole_attention(const rl_call *call) {
  if (meets(call)) rl_ref_bias_table(call, call->work->values + 4 * call->op->at.head_dim);
  rl_rectangles_visit(call, attend_all);
}

static void score_all(const rl_call *call, const rl_rectangle *r) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim;
  float *q = call->work->values, *key = q + n;
  const float *table = at->buckets == 0 ? NULL : key + n;
  for (uint64_t i = 0; i < r->queries; i++) {
    for (uint64_t h = 0; h < at->heads; h++) {
      read_head(rl_call_read(call, 0), query_block(r, i), h, n, q);
      for (uint64_t j = 0; j < r->keys; j++) {
        read_head(rl_call_read(call, 1), key_block(r, j), kv_head(at, h), n, key);
        float score = score_of(call, q, key, rl_ref_bias(call->op, table, h, ahead_of(i, j)));
        rl_view_write(out, (r->first_score + i * r->keys + j) * out->block + h, 1, &score);
      }
    }
  }
}

void rl_ref_whole_scores(const rl_call *call) {
  if (meets(call)) rl_ref_bias_table(call, call->work->values + 2 * call->op->at.head_dim);
  rl_rectangles_visit(call, score_all);
}

static void normalize_all(const rl_call *call, const rl_rectangle *r) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  float *x = call->work->values;
  for (uint64_t i = 0; i < r->queries; i++) {
    uint64_t first = r->first_score + i * r->keys;
    for (uint64_t h = 0; h < out->block; h++) {
      for (uint64_t j = 0; j < r->keys; j++) {
        rl_view_read(in, (first + j) * in->block + h, 1, &x[j]);
      }
      rl_ref_normalize(x, r->keys, -INFINITY);
      for (uint64_t j = 0; j < r->keys; j++) {
        rl_view_write(out, (first + j) * out->block + h, 1, &x[j]);
      }
    }
  }
}

void rl_ref_whole_softmax(const rl_call *call) {
  rl_rectangles_visit(call, normalize_all);
}

static void mix_query(const rl_call *call, const rl_rectangle *r, uint64_t i, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim;
  float *value = call->work->values, *sum = value + n, probability;
  memset(sum, 0, n * sizeof *sum);
  for (uint64_t j = 0; j < r->keys; j++) {
    rl_view_read(in, (r->first_score + i * r->keys + j) * in->block + head, 1, &probability);
    read_head(rl_call_read(call, 1), key_block(r, j), kv_head(at, head), n, value);
    for (uint64_t c = 0; c < n; c++) sum[c] += probability * value[c];
  }
  rl_view_write(out, (query_block(r, i)) * out->block + head * n, n, sum);
}

static void mix_all(const rl_call *call, const rl_rectangle *r) {
  for (uint64_t i = 0; i < r->queries; i++) {
    for (uint64_t h = 0; h < call->op->at.heads; h++) mix_query(call, r, i, h);
  }
}

void rl_ref_whole_mix(const rl_call *call) {
  rl_rectangles_visit(call, mix_all);
}
