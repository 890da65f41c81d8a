/* How many bytes a tensor takes in memory during a pass, whatever an operator touches of them. */
#include "base/checked.h"
#include "cost/tally.h"

/* The moment that says how many blocks of a tensor there are. */
static rl_moment_kind kind_of(const rl_tensor *tensor) {
  static const rl_moment_kind KEPT[] = {[RL_KV_ALL] = RL_M_KV_KEPT,
                                        [RL_KV_BODY] = RL_M_BODY_KEPT,
                                        [RL_KV_TAIL] = RL_M_TAIL_KEPT,
                                        [RL_KV_CHANNELS] = RL_M_SEQUENCES};
  return tensor->role == RL_ROLE_KV ? KEPT[tensor->part] : RL_EXTENT_MOMENTS[tensor->extent];
}

/* The plan's value of it over all sequences; NULL when no form of the plan has it. */
static const uint64_t *value_of(const rl_cost *cost, const uint64_t *moments,
                                const rl_tensor *tensor) {
  const bool whole_cache = tensor->role == RL_ROLE_KV && tensor->part == RL_KV_ALL;
  const uint64_t window = whole_cache ? tensor->window : 0;
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_moment *moment = &cost->moments[m];
    if (tensor->part == RL_KV_CHANNELS && moment->kind == RL_M_SEQUENCES) return &moments[m];
    bool whole = moment->phase == RL_PHASE_BOTH && moment->ranks <= 1;
    bool same = moment->kind == kind_of(tensor) && moment->window == window &&
                rl_parting_equal(&moment->parting, &tensor->parting) &&
                moment->tokens == tensor->tokens;
    if (whole && same) return &moments[m];
  }
  return NULL;
}

bool rl_cost_stored(const rl_cost *cost, const rl_tensor *tensor, const uint64_t *moments,
                    uint64_t *bytes) {
  enum { ID_BYTES = 4 };
  const uint64_t *blocks = value_of(cost, moments, tensor);
  const uint64_t places = tensor->part == RL_KV_TAIL ? rl_parting_places(&tensor->parting) : 1;
  uint64_t rows, row_bytes = 0;
  *bytes = 0;
  if (tensor->role == RL_ROLE_WEIGHT) return rl_tensor_bytes(tensor, bytes);
  if (tensor->extent == RL_EXTENT_CHOICES) return false; /* how many come is not known */
  if (blocks == NULL || !rl_mul_u64(*blocks, tensor->rows / places, &rows)) return false;
  if (tensor->format == NULL) {
    return rl_mul_u64(ID_BYTES, tensor->cols, &row_bytes) && rl_mul_u64(rows, row_bytes, bytes);
  }
  const uint64_t pieces = rl_tensor_pieces(tensor);
  if (tensor->part != RL_KV_BODY || tensor->pieces == 0) {
    return rl_format_bytes(tensor->format, rows, tensor->cols, bytes);
  }
  return rl_format_bytes(tensor->format, tensor->rows / pieces, tensor->cols, &row_bytes) &&
         rl_mul_u64(*blocks, pieces, &rows) && rl_mul_u64(rows, row_bytes, bytes);
}
