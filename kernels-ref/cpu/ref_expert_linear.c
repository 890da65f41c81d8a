/* expert_linear: y = W_e x + b_e for each expert e that a token chose (Shazeer et al. 2017, eq. 1;
 * Jiang et al. 2024, 2.1). Experts that no token chose are not touched. */
#include "base/checked.h"
#include "kernels-ref/cpu/product.h"

/* The weights of all experts, one after the other, and who chose which. */
typedef struct mixture {
  rl_product product;
  const rl_view *bias, *out;
  const int32_t *choice; /* [tokens, k] */
  uint64_t tokens, k, rows;
  uint64_t first, held; /* the experts of this rank */
  bool own_inputs; /* an input for each choice, not one a token */
} mixture;

static bool is_chosen(const mixture *m, int32_t expert) {
  for (uint64_t c = 0; c < m->tokens * m->k; c++) {
    if (m->choice[c] == expert) return true;
  }
  return false;
}

/* One output of one expert, for every token that chose it. */
static void run_row(const mixture *m, int32_t expert, uint64_t row) {
  uint64_t at = ((uint64_t)expert - m->first) * m->rows + row;
  float bias = 0;
  rl_product_load_weight(&m->product, at);
  if (m->bias != NULL) rl_view_read(m->bias, at, 1, &bias);
  for (uint64_t c = 0; c < m->tokens * m->k; c++) {
    if (m->choice[c] != expert) continue;
    float y = rl_product_value(&m->product, m->own_inputs ? c : c / m->k) + bias;
    rl_view_write(m->out, c * m->rows + row, 1, &y);
  }
}

/* Choices of experts that stand on other ranks get nothing here. */
static void clear_foreign(const mixture *m) {
  const float zero = 0;
  for (uint64_t c = 0; c < m->tokens * m->k; c++) {
    if ((uint64_t)m->choice[c] - m->first < m->held) continue;
    for (uint64_t row = 0; row < m->rows; row++) rl_view_write(m->out, c * m->rows + row, 1, &zero);
  }
}

void rl_ref_expert_linear(const rl_call *call) {
  const rl_view *in = rl_call_read(call, 0), *chosen = rl_call_read(call, 1);
  const rl_view *weight = rl_call_read(call, 2);
  mixture m = {.bias = rl_call_read(call, 3),
               .out = rl_call_write(call, 0),
               .tokens = rl_call_blocks(call),
               .k = call->op->at.top_k,
               .first = call->op->at.first_expert,
               .held = call->op->at.held_experts};
  if (m.held == 0) m.held = call->op->at.experts;
  m.rows = weight->store.rows / m.held;
  rl_product_begin(&m.product, call, in, weight);
  m.own_inputs = in->block != m.product.cols;
  uint64_t inputs = m.own_inputs ? m.tokens * m.k : m.tokens;
  int32_t *choice = m.product.x_codes + (m.product.integers ? inputs * m.product.cols : 0);
  for (uint64_t c = 0; c < m.tokens * m.k; c++) choice[c] = (int32_t)rl_view_read_id(chosen, c);
  m.choice = choice;
  for (uint64_t i = 0; i < inputs; i++) rl_product_load_input(&m.product, i, i);
  clear_foreign(&m);
  for (uint64_t h = 0; h < m.held; h++) {
    int32_t e = (int32_t)(m.first + h);
    for (uint64_t row = 0; row < m.rows && is_chosen(&m, e); row++) run_row(&m, e, row);
  }
}

bool rl_ref_expert_linear_workspace(const rl_program *program, const rl_op *op,
                                    const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t choices, cols = rl_op_tensor(program, op, RL_READ, 2)->cols;
  uint64_t blocks = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_READ, 1)->extent);
  return rl_mul_u64(blocks, op->at.top_k, &choices) &&
         rl_product_workspace(op, choices, cols, size) &&
         rl_add_u64(size->codes, choices, &size->codes);
}
