/* An index over cached tokens, and attention to what it finds (DeepSeek-AI 2025, DeepSeek-V3.2-Exp,
 * eq. 1 and 2): work of the index, shares of both. P pairs of a query with what it sees; of them
 * P(k) are chosen, min(p + 1, k) at position p: as many as under a window of k, whichever they are.
 */
#include "cost/tally.h"

/* Each head's product with each key, 2 P H d, its relu and weighted sum; a comparison a pair. */
void rl_work_choose_tokens(rl_tally *tally, const rl_op *op) {
  const rl_moment pairs = rl_moment_of(RL_M_PAIRS);
  rl_sum *operations = &tally->counts[RL_C_VECTOR];
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs, 2, op->at.heads, op->at.head_dim);
  RL_TALLY(tally, operations, pairs, RL_OP_RATES[RL_RATE_INDEX_SCORE].per_element, op->at.heads);
  RL_TALLY(tally, operations, pairs, RL_OP_RATES[RL_RATE_INDEX_CHOICE].per_element);
}

/* A number for each token that a query chose; of what the cache keeps the index reads all,
 * attention what was chosen. */
rl_share rl_share_chosen(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const rl_tensor *tensor = &program->tensors[operand->tensor];
  if (tensor->role == RL_ROLE_CHOICE) {
    return (rl_share){{.kind = RL_M_CHOSEN_PAIRS, .window = op->at.top_k}, 1, 1};
  }
  if (tensor->role == RL_ROLE_KV && op->kind == RL_OP_CHOSEN_ATTENTION) {
    share.blocks = (rl_moment){.kind = RL_M_CHOSEN_ROWS, .window = op->at.top_k};
  }
  return share;
}
