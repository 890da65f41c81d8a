/* Caches that keep some channels of their keys: what choosing them takes, and which queries are cut
 * down to them (Xu et al. 2024, ThinK, 3.2). Choosing works on the sequences that begin a body in
 * the pass; nothing of those was compressed, so their keys are in the tail or new. */
#include "cost/tally.h"

/* What an operator's mask is a part of. */
static const rl_tensor *mask_of(const rl_program *program, const rl_op *op) {
  const rl_tensor *mask = NULL;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *tensor = &program->tensors[program->operands[op->first_operand + o].tensor];
    if (tensor->part == RL_KV_CHANNELS) mask = tensor;
  }
  return mask;
}

static rl_moment begun(const rl_tensor *mask, rl_moment_kind kind, uint64_t window) {
  return (rl_moment){.kind = kind, .parting = mask->parting, .window = window};
}

/* q; new keys; the tail of keys; the mask written. */
rl_share rl_share_choose_channels(const rl_program *program, const rl_op *op,
                                  const rl_operand *operand) {
  const rl_tensor *mask = mask_of(program, op);
  const bool queries = operand == &program->operands[op->first_operand];
  rl_share share = rl_share_plain(program, op, operand);
  if (operand->access == RL_WRITE) return share;
  if (share.blocks.kind == RL_M_TAIL_READ) {
    share.blocks = begun(mask, RL_M_BEGUN_CACHED, 0);
  } else {
    share.blocks = begun(mask, RL_M_BEGUN_TOKENS, queries ? op->at.queries : 0);
  }
  return share;
}

/* Squares and their sums over the queries and keys; of each channel a product, and whether it is
 * among the largest. */
void rl_work_choose_channels(rl_tally *tally, const rl_op *op) {
  const rl_tensor *mask = mask_of(tally->program, op);
  const uint64_t value = RL_OP_RATES[RL_RATE_CHOOSE_VALUE].per_element;
  const uint64_t channel = RL_OP_RATES[RL_RATE_CHOOSE_CHANNEL].per_element;
  rl_sum *vector = &tally->counts[RL_C_VECTOR];
  RL_TALLY(tally, vector, begun(mask, RL_M_BEGUN_TOKENS, op->at.queries), value, op->at.heads,
           op->at.head_dim);
  RL_TALLY(tally, vector, begun(mask, RL_M_BEGUN_TOKENS, 0), value, op->at.kv_heads,
           op->at.head_dim);
  RL_TALLY(tally, vector, begun(mask, RL_M_BEGUN_CACHED, 0), value, op->at.kv_heads,
           op->at.head_dim);
  RL_TALLY(tally, vector, begun(mask, RL_M_BODY_BEGUN, 0), channel, op->at.kv_heads,
           op->at.head_dim);
}

/* The queries of sequences that have a body. */
rl_share rl_share_gather_channels(const rl_program *program, const rl_op *op,
                                  const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  if (share.blocks.kind == RL_M_TOKENS) {
    share.blocks = begun(mask_of(program, op), RL_M_BODY_QUERIES, 0);
  }
  return share;
}

/* Scores read gathered queries for the keys of the body, whole ones for the others. */
rl_share rl_share_scores(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const rl_operand *operands = &program->operands[op->first_operand];
  const rl_tensor *keys = &program->tensors[operands[1].tensor];
  const uint32_t gathered = op->operand_count - 2; /* behind it stand the scores */
  if (op->at.kept_channels != 0 && operand == &operands[gathered]) {
    share.blocks = begun(keys, RL_M_BODY_QUERIES, 0);
  }
  return share;
}
