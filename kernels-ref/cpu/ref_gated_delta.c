/* gated_delta: S_t = g_t (I - b_t k_t k_t^T) S_(t-1) + b_t k_t v_t^T, y_t = q_t S_t (Yang et al.
 * 2024, Gated Delta Networks, eq. 10): the state forgets by g, and what it answers to a key is
 * replaced by the share b of the value. q and k have length 1; g = exp(-e^A softplus(a + bias)), b
 * = sigmoid. */
#include <math.h>

#include "kernels-ref/cpu/head_state.h"

static const double LENGTH_EPS = 1e-6; /* of the published kernels (flash-linear-attention) */

typedef struct gates {
  float fade, share;
} gates;

/* Values of one head at one token. */
typedef struct delta {
  const rl_call *call;
  rl_head_state state;
  float *query, *key, *value, *answer;
} delta;

/* x * factor / |x| */
static void normalize(float *x, uint64_t n, double factor) {
  double square = 0;
  for (uint64_t i = 0; i < n; i++) square += (double)x[i] * x[i];
  for (uint64_t i = 0; i < n; i++) x[i] = (float)(x[i] * factor / sqrt(square + LENGTH_EPS));
}

static double softplus(double x) {
  return x > 20 ? x : log1p(exp(x));
}

/* Key head by key head: b of each of its value heads, then a of each. */
static gates read_gates(const rl_call *call, uint64_t token, uint64_t head) {
  uint64_t group = call->op->at.heads / call->op->at.key_heads;
  uint64_t at = head / group * 2 * group + head % group;
  float a, b, decay, bias;
  rl_head_load(rl_call_read(call, 3), token, at, 1, &b);
  rl_head_load(rl_call_read(call, 3), token, at + group, 1, &a);
  rl_head_load(rl_call_read(call, 5), 0, head, 1, &decay);
  rl_head_load(rl_call_read(call, 6), 0, head, 1, &bias);
  double fade = exp(-exp((double)decay) * softplus((double)a + (double)bias));
  return (gates){(float)fade, (float)(1 / (1 + exp(-(double)b)))};
}

static void step(const delta *d, uint64_t token, uint64_t head) {
  const rl_op_attributes *at = &d->call->op->at;
  uint64_t key_head = head / (at->heads / at->key_heads);
  gates g = read_gates(d->call, token, head);
  rl_head_load(rl_call_read(d->call, 0), token, key_head, at->key_dim, d->query);
  rl_head_load(rl_call_read(d->call, 1), token, key_head, at->key_dim, d->key);
  rl_head_load(rl_call_read(d->call, 2), token, head, at->value_dim, d->value);
  normalize(d->query, at->key_dim, at->score_scale);
  normalize(d->key, at->key_dim, 1);
  rl_head_fade(&d->state, g.fade);
  rl_head_read(&d->state, d->key, d->answer);
  for (uint64_t j = 0; j < at->value_dim; j++) {
    d->value[j] = g.share * (d->value[j] - d->answer[j]);
  }
  rl_head_write(&d->state, d->key, d->value);
  rl_head_read(&d->state, d->query, d->answer);
  rl_head_store(rl_call_write(d->call, 1), token, head, at->value_dim, d->answer);
}

void rl_ref_gated_delta(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  uint64_t size = at->key_dim * at->value_dim;
  delta d = {.call = call, .state = {call->work->values, at->key_dim, at->value_dim}};
  d.query = d.state.values + size;
  d.key = d.query + at->key_dim;
  d.value = d.key + at->key_dim;
  d.answer = d.value + at->value_dim;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t h = 0; h < at->heads; h++) {
      rl_head_load(rl_call_read(call, 4), sequence->state, h, size, d.state.values);
      for (uint64_t i = 0; i < sequence->q; i++) step(&d, sequence->first_token + i, h);
      rl_head_store(rl_call_write(call, 0), sequence->state, h, size, d.state.values);
    }
  }
}

/* query, key, value, answer */
bool rl_ref_gated_delta_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_head_workspace(op, 4, size);
}
