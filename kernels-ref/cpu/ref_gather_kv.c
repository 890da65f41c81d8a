/* gather_kv: every rank gets the rows of a cache that the others keep, as they are stored, those
 * that some query of some rank attends to (Liu et al. 2023, Ring Attention, 3). */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* Bytes [at, at + count) of one rank's operand in those of all ranks. */
static void hand_round(const rl_call *ranks, size_t count, const rl_view *from, uint32_t operand,
                       rl_span bytes) {
  const uint8_t *row = rl_store_take(&from->store, bytes.first, bytes.count, from->touched);
  for (size_t r = 0; r < count; r++) {
    const rl_view *to = rl_call_write(&ranks[r], operand);
    memcpy(rl_store_take(&to->store, bytes.first, bytes.count, to->touched), row, bytes.count);
  }
}

static void gather(const rl_call *call, const rl_call *ranks, size_t count, uint32_t operand) {
  const rl_store *shape = &rl_call_read(call, operand)->store;
  const uint64_t window = call->op->at.window;
  const uint64_t block = rl_call_read(call, operand)->block / shape->cols * shape->row_bytes;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t first = window == 0 ? 0 : sequence->cached - rl_min_u64(sequence->cached, window - 1);
    for (uint64_t j = first; j < rl_pass_keys(sequence); j++) {
      const rl_view *from = rl_call_read(&ranks[j % count], operand);
      hand_round(ranks, count, from, operand,
                 (rl_span){0, rl_pass_kv(sequence, j) * block, block});
    }
  }
  const bool scaled = shape->tensor_bytes != 0 && call->pass->count > 0;
  for (size_t r = 0; r < count && scaled; r++) {
    const rl_view *from = rl_call_read(&ranks[r], operand);
    hand_round(&ranks[r], 1, from, operand,
               (rl_span){0, shape->rows * shape->row_bytes, shape->tensor_bytes});
  }
}

void rl_ref_gather_kv(const rl_call *call) {
  const rl_call *ranks = call->peers != NULL ? call->peers : call;
  size_t count = call->peers != NULL ? call->peer_count : 1;
  gather(call, ranks, count, 0);
  gather(call, ranks, count, 1);
}
