/* What an operator touches, operand by operand, and what would change its bound. */
#include "api/analysis_parts.h"

static const char *const roles[RL_ROLES] = {
    [RL_ROLE_WEIGHT] = "weight",         [RL_ROLE_KV] = "KV cache",   [RL_ROLE_STATE] = "state",
    [RL_ROLE_ACTIVATION] = "activation", [RL_ROLE_LOGITS] = "logits", [RL_ROLE_IDS] = "ids",
    [RL_ROLE_CHOICE] = "choice",         [RL_ROLE_SOURCE] = "source",
};

/* Weights, KV and states stay in the cache together or not at all; the others row by row. */
static bool is_resident(const rl_tensor *tensor, const rl_demand *demand) {
  bool kept =
      tensor->role == RL_ROLE_WEIGHT || tensor->role == RL_ROLE_KV || tensor->role == RL_ROLE_STATE;
  return kept ? demand->weights_cached : demand->activations_cached && !demand->on_host;
}

bool rl_analysis_operands(const rl_analysis *study, size_t row, const uint64_t *moments,
                          const rl_demand *demand, rl_result_explanation *out) {
  const rl_cost *cost = study->plan->cost;
  const rl_cost_row *at = &cost->rows[row];
  const rl_op *op = &cost->program->ops[at->op];
  rl_result_operand *operands = RL_NEW_ARRAY(study->arena, rl_result_operand, at->operand_count);
  if (operands == NULL) return false;
  out->operands = operands;
  for (uint32_t i = 0; i < at->operand_count; i++) {
    const rl_operand *operand = &cost->program->operands[op->first_operand + i];
    const rl_tensor *tensor = &cost->program->tensors[operand->tensor];
    uint64_t moved = 0;
    if (!rl_form_value(cost, &cost->operands[at->first_operand + i], moments, &moved)) continue;
    rl_result_operand *slot = &operands[out->operand_count++];
    const bool resident = is_resident(tensor, demand);
    *slot = (rl_result_operand){.tensor = tensor->name,
                                .role = roles[tensor->role],
                                .written = operand->access == RL_WRITE,
                                .streamed = resident ? 0 : moved,
                                .resident = resident ? moved : 0};
    slot->stored_known = rl_cost_stored(cost, tensor, moments, &slot->stored);
  }
  return true;
}

void rl_analysis_change(const rl_analysis *study, size_t row, const rl_group *group,
                        const rl_demand *demand, rl_result_explanation *out) {
  int next = RL_BOUND_NONE;
  if (demand->bound == RL_BOUND_NONE) return;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUND_LINK; b++) {
    if (b != (int)demand->bound && demand->seconds[b] > demand->seconds[next]) next = b;
  }
  if (next != RL_BOUND_NONE) {
    out->next = RL_BOUND_WORDS[next];
    out->next_ratio = demand->seconds[demand->bound] / demand->seconds[next];
  }
  const rl_change change = rl_bound_change(study->plan, row, group);
  out->change_batch = change.count;
  out->change_to = RL_BOUND_WORDS[change.bound];
}
