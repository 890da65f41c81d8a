/* scan: h_t = exp(s A) h_(t-1) + s B_t x_t, y_t = C_t h_t + D x_t, channel by channel, with the
 * step s = softplus(dt_t) (Gu & Dao 2023, eq. 2a and 4, alg. 2). */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/recurrence.h"

typedef struct scan {
  const rl_view *x, *step, *b, *c, *out;
  uint64_t channels, states;
  float *rate;        /* [channels, states]: A */
  float *state;       /* [channels, states]: h */
  float *skip;        /* [channels]: D */
  float *xt, *dt, *y; /* [channels] each, of one token */
  float *bt, *ct;     /* [states] each */
} scan;

static void begin(scan *k, const rl_call *call) {
  uint64_t states = call->op->at.states, channels = rl_call_read(call, 5)->store.rows;
  uint64_t block = channels * states;
  *k = (scan){.x = rl_call_read(call, 0),
              .step = rl_call_read(call, 1),
              .b = rl_call_read(call, 2),
              .c = rl_call_read(call, 3),
              .out = rl_call_write(call, 1),
              .channels = channels,
              .states = states,
              .rate = call->work->values};
  k->state = k->rate + block;
  k->skip = k->state + block;
  k->xt = k->skip + channels;
  k->dt = k->xt + channels;
  k->y = k->dt + channels;
  k->bt = k->y + channels;
  k->ct = k->bt + states;
  rl_view_read(rl_call_read(call, 5), 0, block, k->rate);
  rl_view_read(rl_call_read(call, 6), 0, channels, k->skip);
  rl_decay_rates(k->rate, block);
}

static float channel(const scan *k, uint64_t i) {
  const float *rate = k->rate + i * k->states;
  float *h = k->state + i * k->states;
  float step = rl_softplus(k->dt[i]), input = step * k->xt[i], sum = 0;
  for (uint64_t n = 0; n < k->states; n++) {
    h[n] = expf(step * rate[n]) * h[n] + input * k->bt[n];
    sum += k->ct[n] * h[n];
  }
  return sum + k->skip[i] * k->xt[i];
}

static void token(const scan *k, uint64_t t) {
  rl_view_read(k->x, t * k->channels, k->channels, k->xt);
  rl_view_read(k->step, t * k->channels, k->channels, k->dt);
  rl_view_read(k->b, t * k->states, k->states, k->bt);
  rl_view_read(k->c, t * k->states, k->states, k->ct);
  for (uint64_t i = 0; i < k->channels; i++) k->y[i] = channel(k, i);
  rl_view_write(k->out, t * k->channels, k->channels, k->y);
}

void rl_ref_scan(const rl_call *call) {
  scan k;
  if (call->pass->count == 0) return;
  begin(&k, call);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    rl_state_load(rl_call_read(call, 4), sequence, k.state);
    for (uint64_t i = 0; i < sequence->q; i++) token(&k, sequence->first_token + i);
    rl_state_store(rl_call_write(call, 0), sequence, k.state);
  }
}

/* rate and state [channels, states]; four vectors of the channels, two of the states */
bool rl_ref_scan_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                           rl_workspace_size *size) {
  uint64_t channels = rl_op_tensor(program, op, RL_READ, 0)->cols, row;
  (void)limits;
  return rl_mul_u64(op->at.states, 2, &row) && rl_add_u64(row, 4, &row) &&
         rl_mul_u64(row, channels, &size->values) && rl_muladd_u64(&size->values, op->at.states, 2);
}
