/* How many bytes a tensor takes in memory during a pass, whatever an operator touches of them. */
#include "base/checked.h"
#include "cost/tally.h"

/* The plan's value of a moment of all sequences; NULL when no form of the plan has it. */
static const uint64_t *value_of(const rl_cost *cost, const uint64_t *moments, rl_moment_kind kind,
                                uint64_t window) {
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_moment *moment = &cost->moments[m];
    bool whole = moment->phase == RL_PHASE_BOTH && moment->ranks <= 1;
    if (whole && moment->kind == kind && moment->window == window) return &moments[m];
  }
  return NULL;
}

bool rl_cost_stored(const rl_cost *cost, const rl_tensor *tensor, const uint64_t *moments,
                    uint64_t *bytes) {
  enum { ID_BYTES = 4 };
  const bool kv = tensor->role == RL_ROLE_KV;
  const rl_moment_kind kind = kv ? RL_M_KV_KEPT : RL_EXTENT_MOMENTS[tensor->extent];
  const uint64_t *blocks = value_of(cost, moments, kind, kv ? tensor->window : 0);
  uint64_t rows, row_bytes = 0;
  *bytes = 0;
  if (tensor->role == RL_ROLE_WEIGHT) return rl_tensor_bytes(tensor, bytes);
  if (tensor->extent == RL_EXTENT_CHOICES) return false; /* how many come is not known */
  if (blocks == NULL || !rl_mul_u64(*blocks, tensor->rows, &rows)) return false;
  if (tensor->format == NULL) {
    return rl_mul_u64(ID_BYTES, tensor->cols, &row_bytes) && rl_mul_u64(rows, row_bytes, bytes);
  }
  return rl_format_bytes(tensor->format, rows, tensor->cols, bytes);
}
