/* Weights are put into panels, in place and once all are filled, where a fast row reads them so and
 * every other operator that reads them does or goes value by value. */
#include "kernels-ref/engine/engine_state.h"

/* Whether the operator leaves the order of the weight open; *wanted: it multiplies panels. */
static bool leaves_open(const rl_program *program, const rl_op *op, const rl_kernel *kernel,
                        uint32_t tensor, bool *wanted) {
  for (uint32_t k = 0; k < op->operand_count; k++) {
    uint32_t read = program->operands[op->first_operand + k].tensor;
    if (program->tensors[read].alias_of != RL_NONE) read = program->tensors[read].alias_of;
    if (read != tensor) continue;
    *wanted |= kernel->panels && kernel->tile != NULL;
    if (kernel->name != NULL && !kernel->panels) return false;
  }
  return true;
}

static bool gains(const rl_engine_state *state, uint32_t tensor) {
  const rl_program *program = state->program;
  bool wanted = false;
  for (uint32_t o = 0; o < program->op_count; o++) {
    if (!leaves_open(program, &program->ops[o], state->kernels[o], tensor, &wanted)) return false;
  }
  for (uint32_t o = 0; o < program->part_count; o++) {
    if (!leaves_open(program, &program->parts[o], state->part_kernels[o], tensor, &wanted)) {
      return false;
    }
  }
  return wanted;
}

void rl_engine_arrange(rl_engine_state *state) {
  const rl_program *program = state->program;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role != RL_ROLE_WEIGHT || tensor->alias_of != RL_NONE) continue;
    if (state->stores[t] == NULL || tensor->cols == 1 || !gains(state, t)) continue;
    for (uint64_t i = 0; i < rl_tensor_instances(program, tensor); i++) {
      rl_store_arrange(&state->stores[t][i], rl_tensor_piece_rows(tensor),
                       (uint8_t *)state->work.values);
    }
  }
}
