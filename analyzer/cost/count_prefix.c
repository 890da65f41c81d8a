/* Work of prefix linear attention. A head has f values of q and k, D = 1 + f + f f features of
 * them, and a state of D rows of d_v + 1 values, the denominator being one more column. T tokens, E
 * tokens of prefixes, X pairs of a chunk, H heads (Arora et al. 2024, Just read twice, 4). */
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

static void vector(rl_tally *tally, rl_moment moment, rl_rate row, uint64_t heads,
                   uint64_t values) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], moment, rate(row), heads, values);
}

typedef struct shape {
  uint64_t heads, features, width;
} shape;

/* S = S + f(k) v^T and f(q) S of every token: its own products, value by value. */
static void step(rl_tally *tally, const shape *s) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS),
           rate(RL_RATE_TAYLOR_STATE), s->heads, s->features, s->width);
}

/* Inside a chunk f(q) f(k) = 1 + s + s s / 2 of the score s, and the mix of values; across chunks
 * f(q) S and f(K)^T V, matrix products. */
static void chunks(rl_tally *tally, const rl_op *op, const shape *s) {
  rl_moment pairs = {.kind = RL_M_CHUNK_PAIRS, .chunk = op->at.chunk};
  rl_sum *matrix = &tally->counts[RL_C_MATRIX];
  RL_TALLY(tally, matrix, pairs, 2, s->heads, op->at.key_dim);
  RL_TALLY(tally, matrix, pairs, 2, s->heads, s->width);
  RL_TALLY(tally, matrix, rl_moment_of(RL_M_TOKENS), 2, 2, s->heads, s->features, s->width);
  vector(tally, pairs, RL_RATE_TAYLOR_PAIR, s->heads, 1);
  vector(tally, rl_moment_of(RL_M_TOKENS), RL_RATE_TAYLOR_SUM, s->heads, s->width);
}

/* Short passes step, long ones go in chunks; without a chunk all of them step. */
static void causal(rl_tally *tally, const rl_op *op, const shape *s) {
  rl_phase phase = tally->phase;
  if (op->at.chunk == 0) {
    step(tally, s);
    return;
  }
  tally->phase = RL_PHASE_DECODE;
  step(tally, s);
  tally->phase = RL_PHASE_PREFILL;
  chunks(tally, op, s);
  tally->phase = phase;
}

void rl_work_prefix_attention(rl_tally *tally, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  const rl_program *program = tally->program;
  const rl_tensor *state = &program->tensors[program->operands[op->first_operand + 5].tensor];
  const shape s = {at->heads, state->rows / at->heads, state->cols};
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  const rl_moment prefix = rl_extent_moment(program, RL_EXTENT_PREFIX);
  causal(tally, op, &s);
  /* the sum over a prefix is one product, f(K_e)^T V_e */
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], prefix, 2, s.heads, s.features, s.width);
  vector(tally, prefix, RL_RATE_TAYLOR, s.heads, s.features);
  for (int i = 0; i < 2; i++) vector(tally, tokens, RL_RATE_TAYLOR, s.heads, s.features);
  vector(tally, tokens, RL_RATE_TAYLOR_RESULT, s.heads, at->value_dim);
  vector(tally, tokens, RL_RATE_TAYLOR_HEAD, s.heads, 1);
}
