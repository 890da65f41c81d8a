/* hash: for each new token and each n from 2 to orders, the last n ids are mixed into one number,
 * and each head finds its own row with it (Cheng et al. 2026, 2.2: multiply, exclusive or,
 * remainder). Ids before the first token of the pass come from the sequence's history, where the
 * last ones are left; before the first token of all stand zeros. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* Odd, so that no two ids are mixed into the same number. */
static uint64_t multiplier(uint64_t place) {
  return 0x9e3779b97f4a7c15u * (2 * place + 1);
}

/* ids[n - 1] is the token itself. The upper half of a product is where all bits meet. */
static uint64_t row_of(const rl_op_attributes *at, const uint32_t *ids, uint64_t n, uint64_t head) {
  uint64_t mixed = 0;
  for (uint64_t i = 0; i < n; i++) mixed ^= (ids[n - 1 - i] + UINT64_C(1)) * multiplier(i);
  uint64_t spread = (mixed ^ mixed >> 32) * multiplier(at->orders + head);
  uint64_t table = (n - 2) * at->heads + head;
  return table * at->table_rows + (spread >> 32) % at->table_rows;
}

static void look_up(const rl_call *call, const uint32_t *ids, uint64_t token) {
  const rl_op_attributes *at = &call->op->at;
  const rl_view *chosen = rl_call_write(call, 1);
  uint64_t slot = token * at->top_k;
  for (uint64_t n = 2; n <= at->orders; n++) {
    for (uint64_t head = 0; head < at->heads; head++) {
      uint64_t row = row_of(at, ids + at->orders - n, n, head);
      rl_view_write_id(chosen, slot++, (uint32_t)row);
    }
  }
}

void rl_ref_hash(const rl_call *call) {
  const rl_view *ids = rl_call_read(call, 0), *history = rl_call_read(call, 1);
  const rl_view *kept = rl_call_write(call, 0);
  uint64_t before = call->op->at.orders - 1;
  float *past = call->work->values;
  uint32_t *window = (uint32_t *)call->work->codes;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    rl_view_read(history, sequence->state * history->block, before, past);
    for (uint64_t i = 0; i < before; i++) window[i] = (uint32_t)past[i];
    for (uint64_t i = 0; i < sequence->q; i++) {
      window[before] = rl_view_read_id(ids, sequence->first_token + i);
      look_up(call, window, sequence->first_token + i);
      memmove(window, window + 1, before * sizeof *window);
    }
    for (uint64_t i = 0; i < before; i++) past[i] = (float)window[i];
    rl_view_write(kept, sequence->state * kept->block, before, past);
  }
}

bool rl_ref_hash_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                           rl_workspace_size *size) {
  (void)program, (void)limits;
  size->values = size->codes = op->at.orders;
  return true;
}
