/* retention: S_t = g S_(t-1) + k_t v_t^T, y_t = q_t S_t, where each head fades by a number of its
 * own (Sun et al. 2023, eq. 6 and 8; lightning attention: Qin et al. 2024, alg. 1). In place of a
 * cache a sequence keeps S. */
#include <math.h>

#include "kernels-ref/cpu/head_state.h"

/* What is left of the past after one token. */
static double fading(const rl_call *call, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  double h = (double)(at->first_head + head), layer = (double)call->layer;
  double heads = (double)(at->all_heads != 0 ? at->all_heads : at->heads);
  double layers = (double)call->program->layer_count;
  /* Sun et al. 2023, eq. 8: 1 - 2^(-5 - h) */
  if (at->decay == RL_DECAY_RETNET) return 1 - pow(2, -5 - h);
  /* MiniMax 2025, 2.2: slopes as of Press et al. 2022, 3, lower in later layers; the 1e-5 are those
   * of the published code */
  double slope = pow(2, -8 * (h + 1) / heads);
  return exp(-slope * (1 - layer / (layers - 1 + 1e-5) + 1e-5));
}

static void run_head(const rl_call *call, const rl_pass_sequence *sequence, uint64_t head) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *q = rl_call_read(call, 0), *k = rl_call_read(call, 1), *v = rl_call_read(call, 2);
  const rl_view *before = rl_call_read(call, 3), *after = rl_call_write(call, 0);
  const rl_view *out = rl_call_write(call, 1);
  rl_head_state state = {call->work->values, at->key_dim, at->value_dim};
  uint64_t size = state.keys * state.width;
  float *query = state.values + size, *key = query + state.keys, *value = key + state.keys;
  float fade = (float)fading(call, head), scale = (float)at->score_scale;
  rl_head_load(before, sequence->state, head, size, state.values);
  for (uint64_t i = 0; i < sequence->q; i++) {
    uint64_t token = sequence->first_token + i;
    rl_head_load(q, token, head, state.keys, query);
    rl_head_load(k, token, head, state.keys, key);
    rl_head_load(v, token, head, state.width, value);
    rl_head_fade(&state, fade);
    rl_head_write(&state, key, value);
    rl_head_read(&state, query, value);
    for (uint64_t j = 0; j < state.width; j++) value[j] *= scale;
    rl_head_store(out, token, head, state.width, value);
  }
  rl_head_store(after, sequence->state, head, size, state.values);
}

void rl_ref_retention(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    for (uint64_t h = 0; h < call->op->at.heads; h++) {
      run_head(call, &call->pass->sequences[s], h);
    }
  }
}

/* query, key, value */
bool rl_ref_retention_workspace(const rl_program *program, const rl_op *op,
                                const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_head_workspace(op, 3, size);
}
