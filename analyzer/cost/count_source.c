/* How sources become positions and positions become tokens: the matrix work of a convolution and of
 * a patch embedding, and what an insertion touches. n positions, f frames of one. */
#include "cost/tally.h"

static const rl_tensor *tensor_of(const rl_program *program, const rl_op *op, uint32_t operand) {
  return &program->tensors[program->operands[op->first_operand + operand].tensor];
}

/* 2 rows cols for each of `results` rows of each position, and the bias. */
static void work_of_rows(rl_tally *tally, const rl_op *op, uint64_t results) {
  const rl_tensor *weight = tensor_of(tally->program, op, 1);
  const rl_moment positions = rl_extent_moment(tally->program, RL_EXTENT_SOURCE_INPUT);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], positions, 2, results, weight->rows, weight->cols);
  if (!op->at.has_bias) return;
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], positions, RL_OP_RATES[RL_RATE_BIAS].per_element,
           results, weight->rows);
}

/* Every frame that is made sees `kernel` frames, the zeros beyond the ends among them (Radford et
 * al. 2022, 2.2). */
void rl_work_frame_conv(rl_tally *tally, const rl_op *op) {
  work_of_rows(tally, op, tensor_of(tally->program, op, op->operand_count - 1)->rows);
}

/* The positions in front of the pieces are copied (Dosovitskiy et al. 2021, eq. 1). */
void rl_work_patch_embed(rl_tally *tally, const rl_op *op) {
  work_of_rows(tally, op, 1);
}

/* As many token rows are written as there are merged positions. */
rl_share rl_share_insert(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  share.blocks = rl_extent_moment(program, RL_EXTENT_SOURCE_MERGED);
  return share;
}
