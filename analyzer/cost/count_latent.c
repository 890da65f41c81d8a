/* Attention over latents: FLOPs and shares of its two forms (DeepSeek-AI 2024, DeepSeek-V2, 2.1).
 * T tokens, P attended pairs, C tokens of the sequences, H heads; d_n, d_r, d_v values of a head
 * without rotation, with rotation, and of its value; r values of a latent. */
#include "cost/tally.h"

static const rl_tensor *operand_tensor(const rl_program *program, const rl_op *op, uint32_t nth) {
  return &program->tensors[program->operands[op->first_operand + nth].tensor];
}

/* Every head's key and value of every token: 2 C H (d_n + d_v) r. */
void rl_work_expand(rl_tally *tally, const rl_op *op) {
  const rl_tensor *weight = operand_tensor(tally->program, op, 1);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], rl_moment_of(RL_M_KV_ROWS), 2, weight->rows,
           weight->cols);
}

/* W_UK^T or W_UV of each head: 2 T H d_n r or 2 T H d_v r. */
void rl_work_head_linear(rl_tally *tally, const rl_op *op) {
  const rl_tensor *weight = operand_tensor(tally->program, op, 1);
  uint64_t rows = op->at.part == RL_HEAD_KEY ? op->at.head_dim : op->at.value_dim;
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], rl_moment_of(RL_M_TOKENS), 2, op->at.heads, rows,
           weight->cols);
}

/* The rows of W_UK or of W_UV: those of the other are not touched. */
rl_share rl_share_head_linear(const rl_program *program, const rl_op *op,
                              const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  if (program->tensors[operand->tensor].role == RL_ROLE_WEIGHT) {
    share.rows = op->at.heads * (op->at.part == RL_HEAD_KEY ? op->at.head_dim : op->at.value_dim);
  }
  return share;
}

/* Pairs of a query with what it sees, or with those of it that it chose. */
static rl_moment pairs_of(const rl_op *op) {
  if (op->kind != RL_OP_CHOSEN_ATTENTION) return rl_moment_of(RL_M_PAIRS);
  return (rl_moment){.kind = RL_M_CHOSEN_PAIRS, .window = op->at.top_k};
}

/* Scores over `keys` values and a mix of `values` of them, softmax and scaling of each pair. */
static void work_of_pairs(rl_tally *tally, const rl_op *op, uint64_t keys, uint64_t values) {
  rl_moment pairs = pairs_of(op);
  uint64_t operations =
      RL_OP_RATES[RL_RATE_SOFTMAX].per_element + RL_OP_RATES[RL_RATE_SCORE_SCALE].per_element;
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs, 2, op->at.heads, keys);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs, 2, op->at.heads, values);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, operations, op->at.heads);
}

/* 2 P H (r + d_r) + 2 P H r: the latent is key and value, and read once. P(k) where k are chosen. */
void rl_work_latent_attention(rl_tally *tally, const rl_op *op) {
  uint64_t latent = operand_tensor(tally->program, op, 2)->cols;
  work_of_pairs(tally, op, latent, latent);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs_of(op), 2, op->at.heads, op->at.rope_dim);
}

/* 2 P H (d_n + d_r) + 2 P H d_v. */
void rl_work_expanded_attention(rl_tally *tally, const rl_op *op) {
  work_of_pairs(tally, op, op->at.head_dim, op->at.value_dim);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs_of(op), 2, op->at.heads, op->at.rope_dim);
}
