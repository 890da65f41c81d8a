/* State-space duality (Dao & Gu 2024). Per head, with the step s_t = softplus(dt_t + b) and the log
 * decay a_t = s_t A, a scalar: h_t = exp(a_t) h_(t-1) + s_t x_t B_t', y_t = h_t C_t + D x_t.
 * ssd_step does that token by token; ssd splits the tokens of a sequence into chunks, inside which
 * y is a masked matrix product, and only the states between chunks are a recurrence (section 6,
 * listing 1). T tokens of a chunk, H heads of P channels, N states. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/recurrence.h"

typedef struct ssd {
  const rl_op_attributes *at;
  const rl_view *mixed, *step, *out;
  uint64_t channels, width;  /* H P; of a row of x, B and C */
  uint64_t longest;          /* tokens that the workspace holds */
  float *rate, *bias, *skip; /* [H] each: A, b, D */
  float *state;              /* [H P, N] */
  float *rows;               /* [T, width]: x, B, C */
  float *steps;              /* [T, H] */
  float *y;                  /* [T, H P] */
  float *decay, *score;      /* [T] each: sum of the log decays so far; one row of scores */
} ssd;

static void read_weights(ssd *k, const rl_call *call) {
  uint64_t heads = k->at->heads;
  uint32_t slot = 3;
  rl_view_read(rl_call_read(call, slot++), 0, heads, k->rate);
  rl_decay_rates(k->rate, heads);
  memset(k->bias, 0, heads * sizeof *k->bias);
  if (k->at->has_bias) rl_view_read(rl_call_read(call, slot++), 0, heads, k->bias);
  rl_view_read(rl_call_read(call, slot), 0, heads, k->skip);
}

/* Tokens that are in hand at once: a chunk, or one. */
static uint64_t tokens_held(const rl_op *op, uint64_t most) {
  return op->kind == RL_OP_SSD ? rl_min_u64(op->at.chunk, most) : 1;
}

static void begin(ssd *k, const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  *k = (ssd){.at = at,
             .mixed = rl_call_read(call, 0),
             .step = rl_call_read(call, 1),
             .out = rl_call_write(call, 1),
             .channels = at->heads * at->head_dim,
             .longest = tokens_held(call->op, call->pass->tokens),
             .rate = call->work->values};
  k->width = k->channels + 2 * at->groups * at->states;
  k->bias = k->rate + at->heads;
  k->skip = k->bias + at->heads;
  k->state = k->skip + at->heads;
  k->rows = k->state + k->channels * at->states;
  k->steps = k->rows + k->longest * k->width;
  k->y = k->steps + k->longest * at->heads;
  k->decay = k->y + k->longest * k->channels;
  k->score = k->decay + k->longest;
  read_weights(k, call);
}

static void load_tokens(const ssd *k, uint64_t first, uint64_t count) {
  uint64_t heads = k->at->heads;
  rl_view_read(k->mixed, first * k->width, count * k->width, k->rows);
  rl_view_read(k->step, first * heads, count * heads, k->steps);
  for (uint64_t i = 0; i < count * heads; i++) {
    k->steps[i] = rl_softplus(k->steps[i] + k->bias[i % heads]);
  }
}

static const float *x_of(const ssd *k, uint64_t t, uint64_t head) {
  return k->rows + t * k->width + head * k->at->head_dim;
}
/* B of the group that the head belongs to; C stands behind those of all groups. */
static const float *b_of(const ssd *k, uint64_t t, uint64_t head) {
  uint64_t group = head / (k->at->heads / k->at->groups);
  return k->rows + t * k->width + k->channels + group * k->at->states;
}
static const float *c_of(const ssd *k, uint64_t t, uint64_t head) {
  return b_of(k, t, head) + k->at->groups * k->at->states;
}

/* y_t = what the tokens of the chunk up to t add, what the state before them adds, and the skip. */
static void outputs(const ssd *k, uint64_t head, uint64_t t) {
  uint64_t states = k->at->states, head_dim = k->at->head_dim;
  const float *c = c_of(k, t, head), *h = k->state + head * head_dim * states;
  float *y = k->y + t * k->channels + head * head_dim;
  for (uint64_t s = 0; s <= t; s++) {
    float decay = expf(k->decay[t] - k->decay[s]) * k->steps[s * k->at->heads + head];
    k->score[s] = rl_ref_dot(c, b_of(k, s, head), states) * decay;
  }
  float from_state = expf(k->decay[t]);
  for (uint64_t p = 0; p < head_dim; p++) {
    float sum = 0;
    for (uint64_t s = 0; s <= t; s++) sum += k->score[s] * x_of(k, s, head)[p];
    y[p] = sum + from_state * rl_ref_dot(c, h + p * states, states) +
           k->skip[head] * x_of(k, t, head)[p];
  }
}

/* The state behind the chunk: the old one decayed, plus the sum over its tokens. */
static void advance(const ssd *k, uint64_t head, uint64_t count) {
  uint64_t states = k->at->states, head_dim = k->at->head_dim;
  float *h = k->state + head * head_dim * states, last = k->decay[count - 1];
  for (uint64_t i = 0; i < head_dim * states; i++) h[i] *= expf(last);
  for (uint64_t s = 0; s < count; s++) {
    float weight = expf(last - k->decay[s]) * k->steps[s * k->at->heads + head];
    const float *x = x_of(k, s, head), *b = b_of(k, s, head);
    for (uint64_t p = 0; p < head_dim; p++) {
      for (uint64_t n = 0; n < states; n++) h[p * states + n] += weight * x[p] * b[n];
    }
  }
}

static void chunk(const ssd *k, uint64_t first, uint64_t count) {
  load_tokens(k, first, count);
  for (uint64_t head = 0; head < k->at->heads; head++) {
    float sum = 0;
    for (uint64_t t = 0; t < count; t++) {
      sum += k->steps[t * k->at->heads + head] * k->rate[head];
      k->decay[t] = sum;
    }
    for (uint64_t t = 0; t < count; t++) outputs(k, head, t);
    advance(k, head, count);
  }
  rl_view_write(k->out, first * k->channels, count * k->channels, k->y);
}

/* One token: the state first, then its product with C. */
static void step(const ssd *k, uint64_t first, uint64_t count) {
  uint64_t states = k->at->states, head_dim = k->at->head_dim;
  load_tokens(k, first, count);
  for (uint64_t head = 0; head < k->at->heads; head++) {
    float size = k->steps[head], decay = expf(size * k->rate[head]);
    const float *x = x_of(k, 0, head), *b = b_of(k, 0, head);
    for (uint64_t p = 0; p < head_dim; p++) {
      float *h = k->state + (head * head_dim + p) * states, input = size * x[p];
      for (uint64_t n = 0; n < states; n++) h[n] = decay * h[n] + input * b[n];
      k->y[head * head_dim + p] = rl_ref_dot(c_of(k, 0, head), h, states) + k->skip[head] * x[p];
    }
  }
  rl_view_write(k->out, first * k->channels, count * k->channels, k->y);
}

static void run(const rl_call *call, void (*work)(const ssd *k, uint64_t first, uint64_t count)) {
  ssd k;
  if (call->pass->count == 0) return;
  begin(&k, call);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    rl_state_load(rl_call_read(call, 2), sequence, k.state);
    for (uint64_t done = 0; done < sequence->q;) {
      uint64_t count = rl_min_u64(k.longest, sequence->q - done);
      work(&k, sequence->first_token + done, count);
      done += count;
    }
    rl_state_store(rl_call_write(call, 0), sequence, k.state);
  }
}

void rl_ref_ssd(const rl_call *call) {
  run(call, chunk);
}

void rl_ref_ssd_step(const rl_call *call) {
  run(call, step);
}

bool rl_ref_ssd_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                          rl_workspace_size *size) {
  uint64_t channels = rl_op_tensor(program, op, RL_WRITE, 1)->cols, held, per_token;
  uint64_t width = rl_op_tensor(program, op, RL_READ, 0)->cols;
  held = tokens_held(op, limits->tokens);
  return rl_add_u64(width, channels, &per_token) &&
         rl_add_u64(per_token, op->at.heads, &per_token) && rl_add_u64(per_token, 2, &per_token) &&
         rl_mul_u64(held, per_token, &size->values) &&
         rl_muladd_u64(&size->values, channels, op->at.states) &&
         rl_muladd_u64(&size->values, op->at.heads, 3);
}
