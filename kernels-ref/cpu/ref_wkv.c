/* wkv: y_t = r_t (S_(t-1) + diag(u) k_t v_t^T), S_t = diag(w_t) S_(t-1) + k_t v_t^T with w_t =
 * exp(-e^d_t) (Peng et al. 2024, Eagle and Finch, eq. 19): every channel of the key fades as the
 * token says, and the token itself counts with a bonus u. */
#include <math.h>

#include "kernels-ref/cpu/head_state.h"

/* Values of one head at one token. */
typedef struct wkv {
  const rl_call *call;
  rl_head_state state;
  float *receptance, *key, *value, *fade, *bonus, *out;
} wkv;

/* The token's own product with its bonus: r (diag(u) k v^T) = (sum of r u k) v. */
static void add_bonus(const wkv *w) {
  float weight = 0;
  for (uint64_t i = 0; i < w->state.keys; i++) {
    weight += w->receptance[i] * w->bonus[i] * w->key[i];
  }
  for (uint64_t j = 0; j < w->state.width; j++) w->out[j] += weight * w->value[j];
}

static void step(const wkv *w, uint64_t token, uint64_t head) {
  uint64_t n = w->state.keys;
  rl_head_load(rl_call_read(w->call, 0), token, head, n, w->receptance);
  rl_head_load(rl_call_read(w->call, 1), token, head, n, w->key);
  rl_head_load(rl_call_read(w->call, 2), token, head, n, w->value);
  rl_head_load(rl_call_read(w->call, 3), token, head, n, w->fade);
  for (uint64_t i = 0; i < n; i++) w->fade[i] = (float)exp(-exp((double)w->fade[i]));
  rl_head_read(&w->state, w->receptance, w->out);
  add_bonus(w);
  rl_head_fade_keys(&w->state, w->fade);
  rl_head_write(&w->state, w->key, w->value);
  rl_head_store(rl_call_write(w->call, 1), token, head, n, w->out);
}

void rl_ref_wkv(const rl_call *call) {
  uint64_t n = call->op->at.key_dim;
  float *rows = call->work->values + n * n;
  wkv w = {call,         {call->work->values, n, n},
           rows,         rows + n,
           rows + 2 * n, rows + 3 * n,
           rows + 4 * n, rows + 5 * n};
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t h = 0; h < call->op->at.heads; h++) {
      rl_head_load(rl_call_read(call, 4), sequence->state, h, n * n, w.state.values);
      rl_head_load(rl_call_read(call, 5), 0, h, n, w.bonus);
      for (uint64_t i = 0; i < sequence->q; i++) step(&w, sequence->first_token + i, h);
      rl_head_store(rl_call_write(call, 0), sequence->state, h, n * n, w.state.values);
    }
  }
}

/* receptance, key, value, fade, bonus, out */
bool rl_ref_wkv_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                          rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_head_workspace(op, 6, size);
}
