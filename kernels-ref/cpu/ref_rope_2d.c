/* rope_2d: rotary embedding of patches. Of the pairs (i, i + d_h / 2) of a head the first half
 * turns by the row, the second by the column, each with the frequencies of d_h / 2 values (Wang et
 * al. 2024, 2.1, and the published code; Su et al. 2021, eq. 34 in each direction). */
#include <math.h>

#include "kernels-ref/cpu/kernel.h"

static void rotate(const rl_op_attributes *at, rl_patch patch, float *x) {
  uint64_t half = at->head_dim / 2, quarter = half / 2;
  for (uint64_t i = 0; i < half; i++) {
    uint64_t place = i < quarter ? patch.row : patch.column;
    uint64_t turn = i < quarter ? i : i - quarter;
    double frequency = pow(at->rope_base, -2.0 * (double)turn / (double)half);
    double angle = (double)place * frequency, c = cos(angle), s = sin(angle);
    double first = x[i], second = x[i + half];
    x[i] = (float)(first * c - second * s);
    x[i + half] = (float)(first * s + second * c);
  }
}

static void rotate_patch(const rl_call *call, uint32_t which, uint64_t block, rl_patch patch) {
  const rl_view *in = rl_call_read(call, which), *out = rl_call_write(call, which);
  uint64_t n = call->op->at.head_dim;
  float *x = call->work->values;
  for (uint64_t head = 0; head < in->block; head += n) {
    rl_view_read(in, block * in->block + head, n, x);
    rotate(&call->op->at, patch, x);
    rl_view_write(out, block * out->block + head, n, x);
  }
}

void rl_ref_rope_2d(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->fresh * sequence->source.positions; i++) {
      uint64_t inside = i % sequence->source.positions;
      rl_patch patch = rl_pass_patch(sequence, inside, call->op->at.merge);
      for (uint32_t which = 0; which < 2; which++) {
        rotate_patch(call, which, sequence->first.positions + i, patch);
      }
    }
  }
}
