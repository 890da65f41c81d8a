/* The rows of tiles serve two kinds of operators: one matrix, or that of each chosen expert. */
#include "kernels-ref/cpu/fast/fast_rows.h"

static bool of_experts(const rl_op *op) {
  return op->kind == RL_OP_EXPERT_LINEAR;
}

void rl_fast_product(const rl_call *call) {
  (of_experts(call->op) ? rl_fast_expert_linear : rl_fast_linear)(call);
}

bool rl_fast_product_workspace(const rl_program *program, const rl_op *op,
                               const rl_pass_limits *limits, rl_workspace_size *size) {
  return of_experts(op) ? rl_fast_expert_linear_workspace(program, op, limits, size)
                        : rl_fast_linear_workspace(program, op, limits, size);
}

bool rl_fast_product_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  return of_experts(op) ? rl_fast_expert_linear_fits(program, op, kernel)
                        : rl_fast_linear_fits(program, op, kernel);
}

void rl_fast_product_declare(const rl_call *call, rl_declared *declared) {
  (of_experts(call->op) ? rl_fast_expert_linear_declare : rl_fast_linear_declare)(call, declared);
}
