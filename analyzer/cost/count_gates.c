/* Operations of gates, and of what stands between a token and its experts besides their linears: a
 * rate of RL_OP_RATES times values. T tokens, k chosen experts, d width. */
#include "cost/tally.h"

/* rate x the values that the operator touches of one of its operands. */
static void work_of_operand(rl_tally *tally, const rl_op *op, rl_rate rate, uint32_t slot) {
  const rl_operand *operand = &tally->program->operands[op->first_operand + slot];
  rl_share share = RL_COUNTINGS[op->kind].share(tally->program, op, operand);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks, RL_OP_RATES[rate].per_element,
           share.rows, share.cols);
}

void rl_work_swiglu(rl_tally *tally, const rl_op *op) {
  work_of_operand(tally, op, RL_RATE_SWIGLU, 2);
}

/* T k d products. */
void rl_work_weigh(rl_tally *tally, const rl_op *op) {
  work_of_operand(tally, op, RL_RATE_WEIGH, 2);
}

/* Each value of each chosen expert's result. */
void rl_work_collect(rl_tally *tally, const rl_op *op) {
  work_of_operand(tally, op, RL_RATE_COLLECT, 0);
}

/* The sigmoid of each gate once, a product for each value. */
void rl_work_sigmoid_gate(rl_tally *tally, const rl_op *op) {
  work_of_operand(tally, op, RL_RATE_GATE, 1);
  work_of_operand(tally, op, RL_RATE_GATED, 2);
}

void rl_work_position_scale(rl_tally *tally, const rl_op *op) {
  work_of_operand(tally, op, RL_RATE_POSITION_SCALE, 1);
}
