/* Work of local linear attention, as FlashLLA does it (Zuo et al. 2026, alg. 2): scores are made
 * anew in each of n + 2 sweeps over the keys. P attended pairs, T tokens, H heads of d_h values. */
#include "cost/tally.h"

static void vector(rl_tally *tally, rl_moment moment, uint64_t rate, const rl_op *op,
                   uint64_t width) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], moment, rate, op->at.heads, width);
}

static uint64_t rate_of(rl_rate once, rl_rate each_step, uint64_t steps) {
  return RL_OP_RATES[once].per_element + steps * RL_OP_RATES[each_step].per_element;
}

void rl_work_local_linear(rl_tally *tally, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS), pairs = rl_moment_of(RL_M_PAIRS);
  rl_sum *matrix = &tally->counts[RL_C_MATRIX];
  /* statistics: scores and the weighted sum of keys; result: scores, slopes, the mix of values */
  RL_TALLY(tally, matrix, pairs, 2, 2 + 3, at->heads, at->head_dim);
  /* a step: scores, keys times direction, the weighted sum of keys */
  RL_TALLY(tally, matrix, pairs, 2, 3, at->iterations, at->heads, at->head_dim);
  vector(tally, pairs, rate_of(RL_RATE_LOCAL_PAIR, RL_RATE_LOCAL_PAIR_STEP, at->iterations), op, 1);
  vector(tally, tokens, rate_of(RL_RATE_LOCAL_VALUE, RL_RATE_LOCAL_VALUE_STEP, at->iterations), op,
         at->head_dim);
}
