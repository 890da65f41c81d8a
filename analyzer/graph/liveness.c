/* Which activations may share a buffer: intervals of operators from first write to last use,
 * coloured greedily. A slot holds tensors of one extent only, so the plan fits every point.
 * Intervals are closed: what an operator reads and what it writes never share. */
#include "graph/lowering.h"

typedef struct interval {
  uint32_t first, last; /* final operators; first is RL_NONE when never used */
} interval;

typedef struct buffer_plan {
  interval *intervals;            /* per tensor */
  uint32_t *busy_until;           /* per slot */
  uint32_t loop_first, loop_last; /* operators of the layers */
} buffer_plan;

static bool has_slot(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_ACTIVATION || tensor->role == RL_ROLE_LOGITS;
}

static void find_loop(const rl_lowering *lowering, buffer_plan *plan) {
  plan->loop_first = RL_NONE;
  for (size_t r = 0; r < lowering->runs.count; r++) {
    const rl_run *run = &lowering->runs.items[r];
    if (run->layers == NULL || run->op_count == 0) continue;
    if (plan->loop_first == RL_NONE) plan->loop_first = run->first_op;
    plan->loop_last = run->first_op + run->op_count - 1;
  }
}

/* What was there before the layers and is used in them is needed until they end. */
static void find_intervals(const rl_lowering *lowering, buffer_plan *plan) {
  for (size_t t = 0; t < lowering->tensors.count; t++) {
    plan->intervals[t] = (interval){RL_NONE, 0};
  }
  for (uint32_t i = 0; i < lowering->ops.count; i++) {
    const rl_op *op = &lowering->ops.items[i];
    bool in_loop = i >= plan->loop_first && i <= plan->loop_last;
    for (uint32_t slot = 0; slot < op->operand_count; slot++) {
      uint32_t tensor = lowering->operands.items[op->first_operand + slot].tensor;
      interval *life = &plan->intervals[tensor];
      if (life->first == RL_NONE) life->first = i;
      life->last = in_loop && tensor < lowering->before_loop ? plan->loop_last : i;
    }
  }
}

/* Which of two free slots wastes less for that size: the smaller of those that are large enough,
 * else the larger. */
static bool fits_better(uint64_t bytes, uint64_t candidate, uint64_t best) {
  if (best < bytes) return candidate > best;
  return candidate >= bytes && candidate < best;
}

static uint32_t find_slot(const rl_lowering *lowering, const buffer_plan *plan, rl_extent extent,
                          uint64_t bytes, uint32_t from) {
  const struct rl_slot *slots = lowering->slots.items;
  uint32_t best = RL_NONE;
  for (uint32_t s = 0; s < lowering->slots.count; s++) {
    if (slots[s].extent != extent || plan->busy_until[s] >= from) continue;
    if (best == RL_NONE || fits_better(bytes, slots[s].bytes, slots[best].bytes)) best = s;
  }
  return best;
}

static rl_status give_slot(rl_lowering *lowering, buffer_plan *plan, uint32_t index) {
  rl_tensor *tensor = &lowering->tensors.items[index];
  const interval *life = &plan->intervals[index];
  uint64_t bytes;
  if (!rl_format_bytes(tensor->format, tensor->rows, tensor->cols, &bytes)) {
    rl_loc loc = lowering->ops.items[life->first].loc;
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, loc, tensor->name);
  }
  tensor->slot = find_slot(lowering, plan, tensor->extent, bytes, life->first);
  if (tensor->slot == RL_NONE) {
    struct rl_slot *slot = RL_PUSH(lowering->arena, &lowering->slots);
    if (slot == NULL) return rl_diag_oom(lowering->diags);
    *slot = (struct rl_slot){tensor->extent, bytes};
    tensor->slot = (uint32_t)lowering->slots.count - 1;
  }
  struct rl_slot *slot = &lowering->slots.items[tensor->slot];
  if (slot->bytes < bytes) slot->bytes = bytes;
  plan->busy_until[tensor->slot] = life->last;
  return RL_OK;
}

/* Tensors are numbered in the order of their first write, so their intervals come sorted. */
rl_status rl_liveness(rl_lowering *lowering) {
  size_t tensors = lowering->tensors.count;
  buffer_plan plan = {.intervals = RL_NEW_ARRAY(lowering->arena, interval, tensors + 1),
                      .busy_until = RL_NEW_ARRAY(lowering->arena, uint32_t, tensors + 1)};
  rl_status status = RL_OK;
  if (plan.intervals == NULL || plan.busy_until == NULL) return rl_diag_oom(lowering->diags);
  find_loop(lowering, &plan);
  find_intervals(lowering, &plan);
  for (uint32_t t = 0; t < tensors && status == RL_OK; t++) {
    if (!has_slot(&lowering->tensors.items[t]) || plan.intervals[t].first == RL_NONE) continue;
    status = give_slot(lowering, &plan, t);
  }
  return status;
}
