/* conv: y_t = b + sum over j < w of W_j x_(t - w + 1 + j), channel by channel (Gu & Dao 2023, 3.4).
 * Inputs before the first new token come from the sequence's tail, where the last w - 1 of them are
 * left for the next pass. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/elementwise.h"

typedef struct conv {
  const rl_call *call;
  const rl_view *in, *tail, *kept, *out;
  uint64_t channels, taps, dilation, span; /* inputs that stand between the first and the last tap */
  float *weight; /* [channels, taps] */
  float *bias;   /* [channels]; zeros without one */
  float *window; /* [span + 1, channels]: from the oldest input that one output sees */
  float *sum;    /* [channels] */
} conv;

static uint64_t dilation_of(const rl_op *op) {
  return op->at.dilation == 0 ? 1 : op->at.dilation;
}

static void begin(conv *c, const rl_call *call) {
  const rl_view *weight = rl_call_read(call, 2), *bias = rl_call_read(call, 3);
  *c = (conv){.call = call,
              .in = rl_call_read(call, 0),
              .tail = rl_call_read(call, 1),
              .kept = rl_call_write(call, 0),
              .out = rl_call_write(call, 1),
              .channels = weight->store.rows,
              .taps = call->op->at.taps,
              .dilation = dilation_of(call->op),
              .span = (call->op->at.taps - 1) * dilation_of(call->op),
              .weight = call->work->values};
  c->bias = c->weight + c->channels * c->taps;
  c->window = c->bias + c->channels;
  c->sum = c->window + c->channels * (c->span + 1);
  rl_view_read(weight, 0, c->channels * c->taps, c->weight);
  memset(c->bias, 0, c->channels * sizeof *c->bias);
  if (bias != NULL) rl_view_read(bias, 0, c->channels, c->bias);
}

/* One token: the window moves on by one input. */
static void step(const conv *c, uint64_t token) {
  uint64_t channels = c->channels, newest = c->span * channels;
  rl_view_read(c->in, token * c->in->block, channels, c->window + newest);
  for (uint64_t i = 0; i < channels; i++) {
    float sum = c->bias[i];
    for (uint64_t j = 0; j < c->taps; j++) {
      sum += c->weight[i * c->taps + j] * c->window[j * c->dilation * channels + i];
    }
    c->sum[i] = c->call->op->at.has_activation ? rl_activation_value(c->call->op, sum) : sum;
  }
  rl_view_write(c->out, token * c->out->block, channels, c->sum);
  memmove(c->window, c->window + channels, newest * sizeof *c->window);
}

void rl_ref_conv(const rl_call *call) {
  conv c;
  if (call->pass->tokens == 0) return;
  begin(&c, call);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t at = sequence->state * c.tail->block;
    rl_view_read(c.tail, at, c.tail->block, c.window);
    for (uint64_t i = 0; i < sequence->q; i++) step(&c, sequence->first_token + i);
    rl_view_write(c.kept, at, c.kept->block, c.window);
  }
}

/* weight [taps, channels], window [span + 1, channels], bias and sum [channels] each */
bool rl_ref_conv_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                           rl_workspace_size *size) {
  uint64_t channels = rl_op_tensor(program, op, RL_READ, 0)->cols, rows;
  (void)limits;
  return rl_mul_u64(op->at.taps, dilation_of(op), &rows) && rl_add_u64(rows, op->at.taps, &rows) &&
         rl_add_u64(rows, 2, &rows) && rl_mul_u64(rows, channels, &size->values);
}
