/* A memory that is looked up: K rows a token, of which tokens that look up the same ones touch each
 * once. T new tokens. */
#include "cost/tally.h"

/* Each of `heads` rows of order n mixes n ids: T heads (2 + ... + orders). */
void rl_work_hash(rl_tally *tally, const rl_op *op) {
  uint64_t orders = op->at.orders, ids = orders * (orders + 1) / 2 - 1;
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS),
           RL_OP_RATES[RL_RATE_HASH].per_element, op->at.heads, ids);
}

/* The block of a cluster, for each sequence. */
void rl_work_fetch(rl_tally *tally, const rl_op *op) {
  (void)op;
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_SEQUENCES),
           RL_OP_RATES[RL_RATE_FETCH].per_element);
}

void rl_work_dot(rl_tally *tally, const rl_op *op) {
  const rl_operand *in = &tally->program->operands[op->first_operand];
  rl_share share = RL_COUNTINGS[op->kind].share(tally->program, op, in);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks, RL_OP_RATES[RL_RATE_DOT].per_element,
           share.rows, share.cols);
}

rl_share rl_share_gather(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const rl_tensor *tensor = &program->tensors[operand->tensor];
  if (tensor->role != RL_ROLE_WEIGHT) return share;
  share.blocks =
      (rl_moment){.kind = RL_M_TABLE_ROWS, .experts = tensor->experts, .top_k = tensor->top_k};
  share.rows = 1;
  return share;
}
