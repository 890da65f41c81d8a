/* embed: one row of a table per token, chosen by its id, by its position, or the same for all. Of a
 * table that is cut, a rank gives nothing for the rows that others hold (Shoeybi et al. 2019, 3). */
#include <string.h>

#include "kernels-ref/cpu/kernel.h"

/* Position in its piece of a block of extent SOURCE. */
static uint64_t source_position(const rl_call *call, uint64_t block) {
  uint64_t lead = call->program->source.lead;
  const rl_pass_sequence *sequence = call->pass->sequences;
  while (block - sequence->first.positions >=
         sequence->fresh * (sequence->source.positions + lead)) {
    sequence++; /* blocks stand in the order of the sequences */
  }
  return (block - sequence->first.positions) % (sequence->source.positions + lead);
}

static uint64_t index_of(const rl_call *call, uint64_t block) {
  switch (call->op->at.index) {
    case RL_INDEX_POSITIONS:
      return call->pass->positions[block];
    case RL_INDEX_SOURCE_POSITIONS:
      return source_position(call, block);
    case RL_INDEX_FIXED:
      return 0;
    default:
      return rl_view_read_id(rl_call_read(call, 0), block);
  }
}

uint64_t rl_ref_embed_index(const rl_call *call, uint64_t block) {
  return index_of(call, block) + call->op->at.offset - call->op->at.first_row; /* wraps before it */
}

void rl_ref_embed(const rl_call *call) {
  bool by_id = call->op->at.index == RL_INDEX_IDS || call->op->at.index == RL_INDEX_SOURCE_IDS;
  const rl_view *table = rl_call_read(call, by_id ? 1 : 0), *out = rl_call_write(call, 0);
  float *row = call->work->values;
  for (uint64_t t = 0; t < rl_call_blocks(call); t++) {
    uint64_t at = rl_ref_embed_index(call, t);
    if (at < table->store.rows) {
      rl_view_read(table, at * table->store.cols, out->block, row);
    } else {
      memset(row, 0, out->block * sizeof *row);
    }
    rl_view_write(out, t * out->block, out->block, row);
  }
}
