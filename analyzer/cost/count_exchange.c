/* Tokens that go to experts of other ranks and return: what a rank touches of its own memory, and
 * what crosses the link. T tokens of the rank, C choices that come to its experts, G ranks. */
#include "cost/tally.h"

/* What came is added up where it is sent back from. */
void rl_work_send_back(rl_tally *tally, const rl_op *op) {
  const rl_operand *results = &tally->program->operands[op->first_operand];
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_extent_moment(tally->program, RL_EXTENT_CHOICES),
           RL_OP_RATES[RL_RATE_COLLECT].per_element, results->cols);
}

/* Of the tokens that ranks have together each sends its part, and reads that. */
rl_share rl_share_exchange(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const bool own = program->tensors[operand->tensor].extent == RL_EXTENT_TOKENS;
  if (!own || operand->access == RL_WRITE || op->at.token_parts <= 1) return share;
  share.blocks =
      (rl_moment){.kind = RL_M_TOKEN_PART, .ranks = op->at.token_parts, .part = op->at.token_part};
  return share;
}

/* Bytes of one token on the link: there with its choices and their weights, back as it is. */
static uint64_t token_bytes(rl_tally *tally, const rl_op *op) {
  enum { ID_BYTES = 4 };
  const rl_operand *operands = &tally->program->operands[op->first_operand];
  const rl_tensor *tokens = &tally->program->tensors[operands[0].tensor];
  uint64_t bytes = 0, weights = 0;
  if (!rl_format_row_bytes(tokens->format, tokens->cols, &bytes)) tally->overflow = true;
  if (op->kind != RL_OP_DISPATCH) return bytes;
  const rl_tensor *chosen = &tally->program->tensors[operands[2].tensor];
  if (!rl_format_row_bytes(chosen->format, chosen->cols, &weights)) tally->overflow = true;
  return bytes + weights + ID_BYTES * op->at.top_k; /* tokens are far from 2^63 bytes */
}

/* The rank that most tokens come to, each once: of them, (G - 1) / G are those of others. At once,
 * or pair by pair (Thakur et al. 2005, 4.3: pairwise exchange). Their way back is the same. */
void rl_ways_of_exchange(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  const uint64_t t = op->at.ranks;
  const rl_moment tokens = {.kind = RL_M_EXPERT_TOKENS,
                            .experts = op->at.experts,
                            .top_k = op->at.top_k,
                            .ranks = t,
                            .limit = op->at.expert_limit,
                            .meet = op->at.meet};
  const rl_way_sum all[] = {{RL_ONE_SHOT, 1, t * RL_EXPERT_UNIT, {{0}}, 0, false},
                            {RL_RING, t - 1, t * RL_EXPERT_UNIT, {{0}}, 0, false}};
  for (size_t i = op->at.algorithm == RL_RING; i < 2; i++) {
    rl_way_sum *way = &ways->items[ways->count++];
    *way = all[i];
    RL_TALLY(tally, &way->bytes, tokens, t - 1, token_bytes(tally, op));
  }
}
