/* Which activations may share a buffer: intervals of operators from first write to last use,
 * coloured greedily. A slot holds tensors of one extent and phase only, so the plan fits every
 * point. Intervals are closed: what an operator reads and what it writes never share. */
#include "graph/lowering.h"

typedef struct interval {
  uint32_t first, last; /* final operators; first is RL_NONE when never used */
  rl_phase phase;       /* the class that it holds values of */
} interval;

typedef struct buffer_plan {
  interval *intervals;  /* per tensor */
  uint32_t *busy_until; /* per slot */
} buffer_plan;

static bool has_slot(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_ACTIVATION || tensor->role == RL_ROLE_LOGITS ||
         tensor->role == RL_ROLE_SOURCE;
}

/* The operators of the loop that the run belongs to; those of the run itself outside the layers. */
static interval find_loop(const rl_lowering *lowering, size_t run) {
  interval span = {.first = RL_NONE};
  uint32_t loop = lowering->raw_runs.items[run].loop;
  for (size_t r = 0; r < lowering->runs.count; r++) {
    const rl_run *other = &lowering->runs.items[r];
    bool same = r == run || (loop != RL_NONE && lowering->raw_runs.items[r].loop == loop);
    if (!same || other->op_count == 0) continue;
    if (span.first == RL_NONE) span.first = other->first_op;
    span.last = other->first_op + other->op_count - 1;
  }
  return span;
}

/* What was there before a loop and is used in its layers is needed until they end. */
static void find_in_run(const rl_lowering *lowering, const buffer_plan *plan, size_t index) {
  const rl_run *run = &lowering->runs.items[index];
  const interval loop = find_loop(lowering, index);
  for (uint32_t i = run->first_op; i < run->first_op + run->op_count; i++) {
    const rl_op *op = &lowering->ops.items[i];
    for (uint32_t slot = 0; slot < op->operand_count; slot++) {
      uint32_t tensor = lowering->operands.items[op->first_operand + slot].tensor;
      interval *life = &plan->intervals[tensor];
      bool given = lowering->tensors.items[tensor].role == RL_ROLE_SOURCE; /* before the pass */
      if (life->first == RL_NONE) {
        *life = (interval){.first = given ? 0 : i, .phase = op->phase};
      }
      if (life->phase != op->phase) life->phase = RL_PHASE_BOTH;
      life->last = run->layers != NULL && life->first < loop.first ? loop.last : i;
    }
  }
}

/* Logits that are sampled from leave the pass: they are there until it ends. */
static void keep_logits(const rl_lowering *lowering, const buffer_plan *plan) {
  for (uint32_t i = 0; i < lowering->ops.count; i++) {
    const rl_op *op = &lowering->ops.items[i];
    if (op->kind != RL_OP_SAMPLE) continue;
    uint32_t logits = lowering->operands.items[op->first_operand].tensor;
    plan->intervals[logits].last = (uint32_t)lowering->ops.count - 1;
  }
}

static void find_intervals(const rl_lowering *lowering, const buffer_plan *plan) {
  for (size_t t = 0; t < lowering->tensors.count; t++) {
    plan->intervals[t] = (interval){.first = RL_NONE};
  }
  for (size_t r = 0; r < lowering->runs.count; r++) find_in_run(lowering, plan, r);
  keep_logits(lowering, plan);
}

/* Which of two free slots wastes less for that size: the smaller of those that are large enough,
 * else the larger. */
static bool fits_better(uint64_t bytes, uint64_t candidate, uint64_t best) {
  if (best < bytes) return candidate > best;
  return candidate >= bytes && candidate < best;
}

static uint32_t find_slot(const rl_lowering *lowering, const buffer_plan *plan, rl_extent extent,
                          const interval *life, uint64_t bytes) {
  const struct rl_slot *slots = lowering->slots.items;
  uint32_t best = RL_NONE;
  for (uint32_t s = 0; s < lowering->slots.count; s++) {
    if (slots[s].extent != extent || slots[s].phase != life->phase) continue;
    if (plan->busy_until[s] >= life->first) continue;
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
  tensor->slot = find_slot(lowering, plan, tensor->extent, life, bytes);
  if (tensor->slot == RL_NONE) {
    struct rl_slot *slot = RL_PUSH(lowering->arena, &lowering->slots);
    if (slot == NULL) return rl_diag_oom(lowering->diags);
    *slot = (struct rl_slot){tensor->extent, life->phase, bytes};
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
  find_intervals(lowering, &plan);
  for (uint32_t t = 0; t < tensors && status == RL_OK; t++) {
    if (!has_slot(&lowering->tensors.items[t]) || plan.intervals[t].first == RL_NONE) continue;
    status = give_slot(lowering, &plan, t);
  }
  return status;
}
