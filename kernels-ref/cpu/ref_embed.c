/* embed: one row of a table per token, chosen by its id or by its position. Of a table that is cut,
 * a rank gives nothing for the rows that others hold (Shoeybi et al. 2019, 3). */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

void rl_ref_embed(const rl_call *call) {
  bool by_position = call->op->at.index == RL_INDEX_POSITIONS;
  const rl_view *ids = by_position ? NULL : rl_call_read(call, 0);
  const rl_view *table = rl_call_read(call, by_position ? 0 : 1), *out = rl_call_write(call, 0);
  float *row = call->work->values;
  for (uint64_t t = 0; t < call->pass->tokens; t++) {
    uint64_t index = by_position ? call->pass->positions[t] : rl_view_read_id(ids, t);
    uint64_t at = index + call->op->at.offset - call->op->at.first_row; /* wraps before the first */
    if (at < table->store.rows) {
      rl_view_read(table, at * table->store.cols, out->block, row);
    } else {
      memset(row, 0, out->block * sizeof *row);
    }
    rl_view_write(out, t * out->block, out->block, row);
  }
}
