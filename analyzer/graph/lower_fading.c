/* Statements to operators: attention over two caches at once, one of tokens as they came and one of
 * what a state-space model made of them (Zancato et al. 2024, B'MOJO, 4). T new tokens, H heads,
 * H_kv KV heads, d_h head size; w window; M tokens that are kept of what lies behind it. */
#include "base/checked.h"
#include "graph/lowering.h"

enum { INPUTS = 2 };

/* How far back the two caches must reach: w + M tokens, whichever they are, and 2 w. */
static rl_status set_reach(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values) {
  rl_tensor *tensors = lowering->tensors.items;
  uint64_t near, far;
  if (!rl_add_u64(values->window, values->budget, &near) || !rl_mul_u64(values->window, 2, &far)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  tensors[lowering->k_cache].window = tensors[lowering->v_cache].window = near;
  tensors[lowering->second_k].window = tensors[lowering->second_v].window = far;
  return RL_OK;
}

static rl_status check(rl_lowering *lowering, const rl_statement *statement,
                       const rl_evaluated *values, const uint32_t *in) {
  if (values->window == 0) {
    return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE,
                     rl_attribute_find(statement, "window")->value->loc, "window",
                     "a whole number from 1");
  }
  rl_status status = rl_cache_check(lowering, statement, values, in[0], lowering->k_cache);
  if (status == RL_OK) {
    status = rl_cache_check(lowering, statement, values, in[0], lowering->second_k);
  }
  if (status == RL_OK && values->budget != 0) {
    status = rl_width_check(lowering, statement, in[1], 1, 1);
  }
  return status == RL_OK ? set_reach(lowering, statement, values) : status;
}

/* Place and surprise of each kept token, and the surprise of those still in the window. */
static rl_status find_kept(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, uint32_t *out) {
  uint64_t kept;
  if (!rl_mul_u64(values->budget, 2, &kept) || !rl_add_u64(kept, values->window, &kept)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  return rl_state_find(lowering, statement, RL_STATE_EXACT, 1, kept, out);
}

/* q [T, H * d_h], surprise [T, 1]?, K, V, fading K, fading V [H_kv, d_h], kept? -> kept?, out */
static rl_status add(rl_lowering *lowering, const rl_op *op, const uint32_t *in, uint32_t kept,
                     uint32_t out) {
  const uint32_t caches[] = {lowering->k_cache, lowering->v_cache, lowering->second_k,
                             lowering->second_v};
  rl_operand operands[9];
  size_t count = 0;
  operands[count++] = rl_operand_whole(lowering, in[0], RL_READ);
  if (kept != RL_NONE) operands[count++] = rl_operand_whole(lowering, in[1], RL_READ);
  for (int i = 0; i < 4; i++) operands[count++] = rl_operand_whole(lowering, caches[i], RL_READ);
  if (kept != RL_NONE) operands[count++] = rl_operand_whole(lowering, kept, RL_READ);
  if (kept != RL_NONE) operands[count++] = rl_operand_whole(lowering, kept, RL_WRITE);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, op, operands, count);
}

rl_status rl_lower_fading_attention(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values) {
  const rl_scenario *scenario = lowering->scenario;
  bool keeps = values->budget != 0; /* which eidetic_attention must say, and only it can */
  rl_op op =
      rl_op_begin(lowering, statement, keeps ? RL_OP_EIDETIC_ATTENTION : RL_OP_FADING_ATTENTION);
  uint32_t in[INPUTS], kept = RL_NONE, out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check(lowering, statement, values, in);
  if (status == RL_OK && keeps) status = find_kept(lowering, statement, values, &kept);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  op.compute = rl_format_compute(scenario->k, scenario->activations);
  rl_attention_shape(values, &op);
  op.at.window = values->window;
  op.at.budget = values->budget;
  status = add(lowering, &op, in, kept, out);
  rl_caches_leave(lowering);
  return status;
}
