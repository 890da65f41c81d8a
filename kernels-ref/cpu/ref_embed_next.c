/* embed_next: the row of the token after each (DeepSeek-AI 2024, DeepSeek-V3, eq. 21): the one
 * sampled from it where its logits are wanted, else the next of its sequence; behind the last one
 * of a chunk stands what the pass was told. Of a table that is cut, a rank gives nothing for the
 * rows that others hold. */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

static uint32_t token_after(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i) {
  const uint64_t unwanted = sequence->q - sequence->logit_rows;
  if (i >= unwanted) {
    return rl_view_read_id(rl_call_read(call, 1), sequence->first_logit + i - unwanted);
  }
  if (i + 1 == sequence->q) return sequence->follows;
  return rl_view_read_id(rl_call_read(call, 0), sequence->first_token + i + 1);
}

static void look_up(const rl_call *call, uint64_t block, uint64_t id) {
  const rl_view *table = rl_call_read(call, 2), *out = rl_call_write(call, 0);
  const uint64_t at = id - call->op->at.first_row; /* wraps before the first */
  float *row = call->work->values;
  if (at < table->store.rows) {
    rl_view_read(table, at * table->store.cols, out->block, row);
  } else {
    memset(row, 0, out->block * sizeof *row);
  }
  rl_view_write(out, block * out->block, out->block, row);
}

void rl_ref_embed_next(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      look_up(call, sequence->first_token + i, token_after(call, sequence, i));
    }
  }
}
