/* alibi: a bias that falls linearly with the distance of key and query, each head with a slope of
 * its own (Press et al. 2022, 3). For n heads, a power of two, the slopes are a geometric sequence
 * from 2^(-s/n) with that ratio, s = 8 in the paper. Other head counts take, as the published code
 * does, the slopes of the largest power of two below, and then every other one of twice as many. */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

/* Of heads that are spread over ranks each keeps its own slope. */
static double slope_of(const rl_op_attributes *at, uint64_t here) {
  uint64_t power = 1, head = at->first_head + here;
  uint64_t heads = at->all_heads != 0 ? at->all_heads : at->heads;
  while (power * 2 <= heads) power *= 2;
  if (head < power) return exp2(-at->alibi * (double)(head + 1) / (double)power);
  uint64_t odd = 2 * (head - power) + 1; /* 1st, 3rd, ... of 2 * power slopes */
  return exp2(-at->alibi * (double)odd / (double)(2 * power));
}

float rl_ref_alibi(const rl_op *op, const rl_pass_sequence *sequence, uint64_t head, uint64_t i,
                   uint64_t j) {
  if (op->at.alibi == 0) return 0;
  double query = (double)rl_pass_position(sequence, i);
  double bias = slope_of(&op->at, head) * ((double)rl_pass_key_position(sequence, j) - query);
  return (float)(op->at.alibi_scaled ? bias : bias / op->at.score_scale);
}
