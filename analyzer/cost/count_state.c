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
