/* Element-wise operations: a rate of RL_OP_RATES times the values an operator makes (those it reads
 * where nothing of that shape is made). */
#include "cost/tally.h"

/* rate x values of every operand with that access and role. */
static void work_per_value(rl_tally *tally, const rl_op *op, rl_rate rate, rl_access access,
                           rl_role role) {
  const rl_program *program = tally->program;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    if (operand->access != access) continue;
    if ((tensor->role == RL_ROLE_LOGITS ? RL_ROLE_ACTIVATION : tensor->role) != role) continue;
    rl_share share = RL_COUNTINGS[op->kind].share(program, op, operand);
    RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks, RL_OP_RATES[rate].per_element,
             share.rows, share.cols);
  }
}

static void work_per_result(rl_tally *tally, const rl_op *op, rl_rate rate) {
  work_per_value(tally, op, rate, RL_WRITE, RL_ROLE_ACTIVATION);
}

void rl_work_none(rl_tally *tally, const rl_op *op) {
  (void)tally, (void)op;
}

void rl_work_norm(rl_tally *tally, const rl_op *op) {
  bool bare = op->operand_count == 2; /* no weights */
  rl_rate layer = op->at.has_bias ? RL_RATE_NORM_LAYER : RL_RATE_NORM_LAYER_PLAIN;
  rl_rate rms = bare ? RL_RATE_NORM_RMS_BARE : RL_RATE_NORM_RMS;
  if (bare) layer = RL_RATE_NORM_LAYER_BARE;
  work_per_result(tally, op, op->at.norm == RL_NORM_LAYER ? layer : rms);
}

/* The operands' cols are the rotated dims, so that partial rotation counts what it turns. */
void rl_work_rope(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_ROPE);
}

/* Storing values as they are is no work; a quantized cache takes scale and rounding. */
void rl_work_kv_append(rl_tally *tally, const rl_op *op) {
  const rl_program *program = tally->program;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *cache = &program->tensors[operand->tensor];
    if (cache->role != RL_ROLE_KV || rl_format_is_dense(cache->format)) continue;
    rl_share share = rl_share_append(program, op, operand);
    bool range = cache->format->stack[0].zero == RL_ZERO_LEAST;
    rl_rate rate = range ? RL_RATE_KV_RANGE : RL_RATE_KV_QUANTIZE;
    RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks, RL_OP_RATES[rate].per_element,
             share.rows, share.cols);
  }
}

/* A sink is one more score of each query and head. */
void rl_work_sinks(rl_tally *tally, const rl_op *op) {
  if (!op->at.sinks) return;
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS),
           RL_OP_RATES[RL_RATE_SOFTMAX].per_element, op->at.heads);
}

void rl_work_softmax(rl_tally *tally, const rl_op *op) {
  rl_work_sinks(tally, op);
  work_per_result(tally, op, RL_RATE_SOFTMAX);
}

void rl_work_add(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_ADD);
}

void rl_work_mul(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_MUL);
}

static const rl_rate ACTIVATION_RATES[RL_ACTIVATIONS] = {[RL_SILU] = RL_RATE_SILU,
                                                         [RL_GELU] = RL_RATE_GELU,
                                                         [RL_GELU_TANH] = RL_RATE_GELU,
                                                         [RL_RELU] = RL_RATE_RELU,
                                                         [RL_RELU_SQUARED] = RL_RATE_RELU_SQUARED,
                                                         [RL_TANH] = RL_RATE_TANH,
                                                         [RL_QUICK_GELU] = RL_RATE_QUICK_GELU};

void rl_work_activation(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, ACTIVATION_RATES[op->at.activation]);
}

uint64_t rl_activation_rate(rl_activation_kind kind) {
  return RL_OP_RATES[ACTIVATION_RATES[kind]].per_element;
}

void rl_work_scale(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_SCALE);
}

void rl_work_softcap(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_SOFTCAP);
}

void rl_work_clamp(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_CLAMP);
}

void rl_work_quantize(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_QUANTIZE);
}

/* n = base * 2^m values: the fast transform adds once a value and doubling (Fino & Algazi 1976),
 * the base all its other rows. */
void rl_work_hadamard(rl_tally *tally, const rl_op *op) {
  const rl_operand *in = &tally->program->operands[op->first_operand];
  const rl_share share = rl_share_plain(tally->program, op, in);
  uint64_t sums = op->at.base - 1;
  for (uint64_t n = in->cols; n > op->at.base; n /= 2) sums++;
  work_per_result(tally, op, RL_RATE_HADAMARD);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks,
           RL_OP_RATES[RL_RATE_HADAMARD_SUM].per_element, sums, share.rows, share.cols);
}

/* Scores and comparisons of all experts' logits; SparseMixer scores anew for each choice. */
void rl_work_route(rl_tally *tally, const rl_op *op) {
  uint64_t times = op->at.score == RL_SCORE_SPARSE_MIXER ? op->at.top_k : 1;
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS),
           RL_OP_RATES[RL_RATE_ROUTE].per_element, op->at.experts, times);
}

/* Each value of each chosen expert's result, times its weight. */
void rl_work_combine(rl_tally *tally, const rl_op *op) {
  const rl_operand *results = &tally->program->operands[op->first_operand];
  rl_share share = RL_COUNTINGS[op->kind].share(tally->program, op, results);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], share.blocks,
           RL_OP_RATES[RL_RATE_COMBINE].per_element, share.rows, share.cols);
}

/* One comparison a logit; the ids it writes are no work. */
void rl_work_sample(rl_tally *tally, const rl_op *op) {
  work_per_value(tally, op, RL_RATE_SAMPLE, RL_READ, RL_ROLE_ACTIVATION);
}

/* t - 1 additions of each value, shared by the t ranks of the group: less than one a value. */
void rl_work_all_reduce(rl_tally *tally, const rl_op *op) {
  work_per_result(tally, op, RL_RATE_ALL_REDUCE);
}
