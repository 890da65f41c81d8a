/* Operations of the kinds that keep a state. T new tokens, C channels, w taps. */
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

static rl_sum *vector_of(rl_tally *tally) {
  return &tally->counts[RL_C_VECTOR];
}

/* y_t = sum over the last w inputs of its channel: a product and a sum for each tap, too narrow for
 * a matrix engine (Gu & Dao 2023, 3.4); then bias and activation. */
void rl_work_conv(rl_tally *tally, const rl_op *op) {
  const rl_operand *in = &tally->program->operands[op->first_operand];
  rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_CONV), in->cols, op->at.taps);
  if (op->at.has_bias) RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_BIAS), in->cols);
  if (op->at.has_activation) {
    RL_TALLY(tally, vector_of(tally), tokens, rl_activation_rate(op->at.activation), in->cols);
  }
}

/* h = exp(s A) h + s B x, y = C h + D x for every channel and state: element-wise, for each state
 * has a decay of its own (Gu & Dao 2023, eq. 2a, alg. 2). */
void rl_work_scan(rl_tally *tally, const rl_op *op) {
  const rl_operand *in = &tally->program->operands[op->first_operand];
  rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_SCAN_STATE), in->cols, op->at.states);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_SCAN_CHANNEL), in->cols);
}

static void step_bias(rl_tally *tally, const rl_op *op) {
  if (!op->at.has_bias) return;
  RL_TALLY(tally, vector_of(tally), rl_moment_of(RL_M_TOKENS), rate(RL_RATE_STEP_BIAS),
           op->at.heads);
}

/* The same with one decay a head: outer product into the state, product with C out of it. One token
 * at a time there is no matrix to multiply with (Dao & Gu 2024, eq. 1). */
void rl_work_ssd_step(rl_tally *tally, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_STEP_STATE), at->heads, at->head_dim,
           at->states);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_STEP_CHANNEL), at->heads, at->head_dim);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_STEP_HEAD), at->heads);
  step_bias(tally, op);
}

/* Four matrix products (Dao & Gu 2024, 6 and listing 1): C B' for each group and (mask C B') X for
 * each head over the pairs of a chunk, X' B into its state and C h out of the one before over its
 * tokens. */
void rl_work_ssd(rl_tally *tally, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  rl_moment pairs = {.kind = RL_M_CHUNK_PAIRS, .chunk = at->chunk};
  rl_moment chunks = {.kind = RL_M_CHUNKS, .chunk = at->chunk};
  rl_sum *matrix = &tally->counts[RL_C_MATRIX];
  RL_TALLY(tally, matrix, pairs, 2, at->groups, at->states);
  RL_TALLY(tally, matrix, pairs, 2, at->heads, at->head_dim);
  RL_TALLY(tally, matrix, tokens, 4, at->heads, at->head_dim, at->states);
  RL_TALLY(tally, vector_of(tally), pairs, rate(RL_RATE_SSD_PAIR), at->heads);
  RL_TALLY(tally, vector_of(tally), chunks, rate(RL_RATE_SSD_STATE), at->heads, at->head_dim,
           at->states);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_SSD_CHANNEL), at->heads, at->head_dim);
  RL_TALLY(tally, vector_of(tally), tokens, rate(RL_RATE_SSD_HEAD), at->heads);
  step_bias(tally, op);
}
