/* linear: y = W x + b (Vaswani et al. 2017, 3.3), W in any format. Each weight row is unpacked once
 * and multiplied with every token, each sum from the first column to the last. Integer weights
 * times integer activations are summed in integers and scaled once a group (Dettmers et al. 2022,
 * eq. 2); every other pair is multiplied as fp32. */
#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* The tokens that the product works on, in workspace, and its operands. */
typedef struct product {
  const rl_view *in, *weight, *bias, *out;
  uint64_t rows, cols, tokens;
  float *x; /* [tokens, cols]; integer products: one scale a token */
  float *w; /* [cols]; integer products: one scale a group */
  int32_t *x_codes, *w_codes;
} product;

static bool in_integers(const rl_op *op, const rl_view *in, const rl_view *weight) {
  return RL_TYPES[op->compute].integer && rl_store_is_integer(&in->store) &&
         rl_store_is_integer(&weight->store) && rl_store_group(&in->store) == in->block;
}

static float integer_dot(const product *p, const int32_t *x) {
  uint64_t group = rl_store_group(&p->weight->store);
  float sum = 0;
  const float *scale = p->w;
  for (uint64_t first = 0; first < p->cols; first += group) {
    uint64_t end = rl_min_u64(first + group, p->cols);
    int64_t codes = 0;
    for (uint64_t i = first; i < end; i++) codes += (int64_t)x[i] * p->w_codes[i];
    sum += (float)codes * *scale++;
  }
  return sum;
}

static void load_token(const product *p, bool integers, uint64_t token, uint64_t slot) {
  if (integers) {
    rl_view_read_codes(p->in, token, p->x_codes + slot * p->cols);
    rl_view_read_scales(p->in, token, p->x + slot);
  } else {
    rl_view_read(p->in, token * p->cols, p->cols, p->x + slot * p->cols);
  }
}

/* All tokens, or the last logit_rows tokens of every sequence. */
static void load_tokens(const rl_call *call, const product *p, bool integers) {
  uint64_t slot = 0;
  if (!call->op->at.last_tokens) {
    for (uint64_t t = 0; t < p->tokens; t++) load_token(p, integers, t, t);
    return;
  }
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t first = sequence->first_token + sequence->q - sequence->logit_rows;
    for (uint64_t k = 0; k < sequence->logit_rows; k++) load_token(p, integers, first + k, slot++);
  }
}

static void load_weight(const product *p, bool integers, uint64_t row) {
  if (integers) {
    rl_view_read_codes(p->weight, row, p->w_codes);
    rl_view_read_scales(p->weight, row, p->w);
  } else {
    rl_view_read(p->weight, row * p->cols, p->cols, p->w);
  }
}

void rl_ref_linear(const rl_call *call) {
  product p = {rl_call_read(call, 0),
               rl_call_read(call, 1),
               rl_call_read(call, 2),
               rl_call_write(call, 0),
               0,
               0,
               rl_call_blocks(call),
               NULL,
               NULL,
               NULL,
               NULL};
  bool integers = in_integers(call->op, p.in, p.weight);
  p.rows = p.weight->store.rows;
  p.cols = p.weight->store.cols;
  p.w = call->work->values;
  p.x = p.w + p.cols;
  p.w_codes = call->work->codes;
  p.x_codes = p.w_codes + (integers ? p.cols : 0);
  if (p.tokens == 0) return; /* no logits wanted: the weights are not read either */
  load_tokens(call, &p, integers);
  for (uint64_t row = 0; row < p.rows; row++) {
    float bias = 0;
    load_weight(&p, integers, row);
    if (p.bias != NULL) rl_view_read(p.bias, row, 1, &bias);
    for (uint64_t t = 0; t < p.tokens; t++) {
      float y = integers ? integer_dot(&p, p.x_codes + t * p.cols) * p.x[t]
                         : rl_ref_dot(p.x + t * p.cols, p.w, p.cols);
      y += bias;
      rl_view_write(p.out, t * p.out->block + row, 1, &y);
    }
  }
}

bool rl_ref_linear_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t cols = rl_op_tensor(program, op, RL_READ, 1)->cols;
  uint64_t tokens = op->at.last_tokens ? limits->logit_rows : limits->tokens;
  if (!rl_add_u64(tokens, 1, &tokens) || !rl_mul_u64(tokens, cols, &size->values)) return false;
  size->codes = RL_TYPES[op->compute].integer ? size->values : 0;
  return true;
}
