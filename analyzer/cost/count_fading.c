/* Attention over two caches at once (Zancato et al. 2024, B'MOJO, 4). A query at position p sees
 * the last w tokens, the M of those before them that were hardest to predict, and the fading keys
 * at p - 2w + 1 ... p - w. Whichever are kept, min(p + 1, w + M) keys of the first cache are seen,
 * and a pass reads K(w + M) of its rows: all counts are exact. H heads, d_h head size. */
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

/* Kept tokens are older than all that the pass brings into the window, and there are M of them as
 * soon as there are so many: as if the window were longer by M. */
static rl_moment of_tokens(const rl_op *op, rl_moment_kind kind) {
  return (rl_moment){.kind = kind, .window = op->at.window + op->at.budget};
}

static rl_moment of_fading(const rl_op *op, rl_moment_kind kind) {
  return (rl_moment){.kind = kind, .window = 2 * op->at.window, .skip = op->at.window};
}

static void work_of_pairs(rl_tally *tally, const rl_op *op, rl_moment pairs) {
  uint64_t scaling = op->at.score_scale == 1 ? 0 : rate(RL_RATE_SCORE_SCALE);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs, 4, op->at.heads, op->at.head_dim);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, rate(RL_RATE_SOFTMAX) + scaling,
           op->at.heads);
}

void rl_work_fading_attention(rl_tally *tally, const rl_op *op) {
  work_of_pairs(tally, op, of_tokens(op, RL_M_PAIRS));
  work_of_pairs(tally, op, of_fading(op, RL_M_PAIRS));
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS), rate(RL_RATE_EIDETIC),
           op->at.budget);
}

/* The caches stand in the order K, V, fading K, fading V. */
rl_share rl_share_fading_attention(const rl_program *program, const rl_op *op,
                                   const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  if (program->tensors[operand->tensor].role != RL_ROLE_KV) return share;
  int caches_before = 0;
  for (const rl_operand *o = &program->operands[op->first_operand]; o < operand; o++) {
    caches_before += program->tensors[o->tensor].role == RL_ROLE_KV;
  }
  share.blocks = caches_before < 2 ? of_tokens(op, RL_M_KV_READ) : of_fading(op, RL_M_KV_READ);
  return share;
}
