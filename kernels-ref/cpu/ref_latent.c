/* Attention over latents (DeepSeek-AI 2024, DeepSeek-V2, 2.1): the expansion of the cached latents
 * and attention over it, or queries and mixes led through the latents themselves. Of the rows of
 * the expanding weight each head has d_n for its key, then d_v for its value. r values a latent,
 * d_r of the rotated key that all heads share. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/product.h"
#include "kernels-ref/cpu/running.h"

/* expand: W times the latent of every token of the sequences, each weight row unpacked once. */
void rl_ref_expand(const rl_call *call) {
  const rl_view *latents = rl_call_read(call, 0), *weight = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  rl_product p;
  uint64_t slot = 0;
  rl_product_begin(&p, call, latents, weight);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
      rl_product_load_input(&p, rl_pass_kv(sequence, j), slot++);
    }
  }
  for (uint64_t row = 0; row < weight->store.rows; row++) {
    rl_product_load_weight(&p, row);
    slot = 0;
    for (size_t s = 0; s < call->pass->count; s++) {
      const rl_pass_sequence *sequence = &call->pass->sequences[s];
      for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
        float y = rl_product_value(&p, slot++);
        rl_view_write(out, rl_pass_kv(sequence, j) * out->block + row, 1, &y);
      }
    }
  }
}

bool rl_ref_expand_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  return rl_product_workspace(op, limits->kv_rows, rl_op_tensor(program, op, RL_READ, 1)->cols,
                              size);
}

/* One head of one token: x (in out rows or columns) through rows [first, first + count) of W. */
static void lead_head(const rl_call *call, uint64_t first, float *x, float *y) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *weight = rl_call_read(call, 1);
  bool key = at->part == RL_HEAD_KEY;
  uint64_t r = weight->store.cols, rows = key ? at->head_dim : at->value_dim;
  float *row = y + rl_max_u64(r, rows);
  if (key) memset(y, 0, r * sizeof *y);
  for (uint64_t i = 0; i < rows; i++) {
    rl_view_read(weight, (first + i) * r, r, row);
    if (!key) y[i] = rl_ref_dot(row, x, r);
    for (uint64_t c = 0; key && c < r; c++) y[c] += row[c] * x[i];
  }
}

/* head_linear */
void rl_ref_head_linear(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  bool key = at->part == RL_HEAD_KEY;
  uint64_t from = in->block / at->heads, to = out->block / at->heads;
  uint64_t wanted = key ? at->head_dim : from;
  float *x = call->work->values, *y = x + wanted;
  for (uint64_t t = 0; t < call->pass->tokens; t++) {
    for (uint64_t h = 0; h < at->heads; h++) {
      uint64_t first = h * (at->head_dim + at->value_dim) + (key ? 0 : at->head_dim);
      rl_view_read(in, t * in->block + h * from, wanted, x);
      lead_head(call, first, x, y);
      rl_view_write(out, t * out->block + h * to, to, y);
    }
  }
}

/* The rotated values of a query head and its other values; for each key the pair of the like. */
typedef struct queries {
  float *own, *rotated; /* own: d_n values, or r in latents */
  uint64_t own_count, rotated_count;
} queries;

static float score_of(const rl_call *call, const queries *q, const float *own,
                      const float *rotated) {
  return rl_ref_score(call->op, rl_ref_dot(q->own, own, q->own_count) +
                                    rl_ref_dot(q->rotated, rotated, q->rotated_count));
}

/* One query head over expanded keys and values. */
static void attend_expanded(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                            uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *kv = rl_call_read(call, 1);
  const rl_view *rotated = rl_call_read(call, 2), *out = rl_call_write(call, 0);
  uint64_t n = at->head_dim, r = at->rope_dim, v = at->value_dim;
  float *query = call->work->values, *own = query + n + r, *key = own + n + v;
  queries q = {query, query + n, n, r};
  rl_running state = rl_running_begin(key + r, v);
  rl_view_read(in, (sequence->first_token + i) * in->block + head * (n + r), n + r, query);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    uint64_t row = rl_pass_kv(sequence, j);
    if (!rl_pass_attends(sequence, i, j, &call->op->at)) continue;
    rl_view_read(kv, row * kv->block + head * (n + v), n + v, own);
    rl_view_read(rotated, row * r, r, key);
    rl_running_take(&state, score_of(call, &q, own, key), own + n);
  }
  rl_running_end(&state);
  rl_view_write(out, (sequence->first_token + i) * out->block + head * v, v, state.mix);
}

/* One query head over the latents: the query, a latent and a rotated key, what was seen so far. */
typedef struct latent_head {
  queries q;
  float *latent, *key;
  rl_running state;
} latent_head;

static latent_head begin_latents(const rl_call *call, uint64_t token, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *in = rl_call_read(call, 0), *led = rl_call_read(call, 1);
  uint64_t n = rl_call_read(call, 2)->block, r = at->rope_dim;
  float *query = call->work->values, *latent = query + n + r, *key = latent + n;
  latent_head h = {{query, query + n, n, r}, latent, key, rl_running_begin(key + r, n)};
  rl_view_read(led, token * led->block + head * n, n, h.q.own);
  rl_view_read(in, token * in->block + head * (at->head_dim + r) + at->head_dim, r, h.q.rotated);
  return h;
}

static void take_latent(const rl_call *call, latent_head *h, uint64_t row) {
  const rl_view *latents = rl_call_read(call, 2), *rotated = rl_call_read(call, 3);
  rl_view_read(latents, row * h->q.own_count, h->q.own_count, h->latent);
  rl_view_read(rotated, row * h->q.rotated_count, h->q.rotated_count, h->key);
  rl_running_take(&h->state, score_of(call, &h->q, h->latent, h->key), h->latent);
}

static void end_latents(const rl_call *call, latent_head *h, uint64_t token, uint64_t head) {
  const rl_view *out = rl_call_write(call, 0);
  rl_running_end(&h->state);
  rl_view_write(out, token * out->block + head * h->state.n, h->state.n, h->state.mix);
}

static void attend_latents(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                           uint64_t head) {
  const uint64_t token = sequence->first_token + i;
  latent_head h = begin_latents(call, token, head);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    if (!rl_pass_attends(sequence, i, j, &call->op->at)) continue;
    take_latent(call, &h, rl_pass_kv(sequence, j));
  }
  rl_running_sum(call, token * call->op->at.heads + head, &h.state);
  end_latents(call, &h, token, head);
}

/* The same over those that were chosen for the query (DeepSeek-AI 2025, DeepSeek-V3.2-Exp, eq. 2).
 */
static void attend_chosen(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                          uint64_t head) {
  const rl_view *chosen = rl_call_read(call, 4);
  const uint64_t token = sequence->first_token + i;
  latent_head h = begin_latents(call, token, head);
  for (uint64_t c = 0; c < rl_ref_chosen(sequence, i, call->op->at.top_k); c++) {
    uint32_t j = rl_view_read_id(chosen, token * chosen->block + c);
    take_latent(call, &h, rl_pass_kv(sequence, j));
  }
  end_latents(call, &h, token, head);
}

typedef void attend_head(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                         uint64_t head);
static void each_head(const rl_call *call, attend_head *attend) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) attend(call, sequence, i, h);
    }
  }
}

void rl_ref_expanded_attention(const rl_call *call) {
  each_head(call, attend_expanded);
}

void rl_ref_latent_attention(const rl_call *call) {
  each_head(call, attend_latents);
}

void rl_ref_chosen_attention(const rl_call *call) {
  each_head(call, attend_chosen);
}
