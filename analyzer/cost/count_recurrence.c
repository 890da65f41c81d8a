/* Work of linear attention. As a recurrence every token passes through the whole state of every
 * head, value by value: T H d_k d_v times the operations of docs/counting.md, in the vector class,
 * for no two tokens share a product. In chunks, tokens meet each other like queries and keys, and
 * the state once a chunk: matrix products. T tokens, X pairs of a chunk, H heads, d_k and d_v key
 * and value width. */
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

/* A rate of each token, times heads * width of it. */
static void per_token(rl_tally *tally, rl_rate row, uint64_t heads, uint64_t width) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS), rate(row), heads, width);
}

static void per_state_value(rl_tally *tally, const rl_op *op, rl_rate row) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rl_moment_of(RL_M_TOKENS), rate(row), op->at.heads,
           op->at.key_dim, op->at.value_dim);
}

static void matrix(rl_tally *tally, rl_moment moment, uint64_t heads, uint64_t width) {
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], moment, 2, heads, width);
}

typedef void work(rl_tally *tally, const rl_op *op);

/* Short passes step, long ones go in chunks; without a chunk all of them step. */
static void by_class(rl_tally *tally, const rl_op *op, work *steps, work *chunks) {
  rl_phase phase = tally->phase;
  if (op->at.chunk == 0) {
    steps(tally, op);
    return;
  }
  tally->phase = RL_PHASE_DECODE;
  steps(tally, op);
  tally->phase = RL_PHASE_PREFILL;
  chunks(tally, op);
  tally->phase = phase;
}

/* q (or k) of a token with the state and what is written into it: 2 d_k d_v each. */
static void state_products(rl_tally *tally, const rl_op *op, uint64_t count) {
  rl_moment chunks = {.kind = RL_M_CHUNKS, .chunk = op->at.chunk};
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], rl_moment_of(RL_M_TOKENS), 2, count, op->at.heads,
           op->at.key_dim, op->at.value_dim);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], chunks, rate(RL_RATE_CHUNK_STATE), op->at.heads,
           op->at.key_dim, op->at.value_dim);
  per_token(tally, RL_RATE_CHUNK_KEY, op->at.heads, op->at.key_dim);
  per_token(tally, RL_RATE_CHUNK_VALUE, op->at.heads, op->at.value_dim);
}

static void scale_results(rl_tally *tally, const rl_op *op) {
  if (op->at.score_scale == 1) return;
  per_token(tally, RL_RATE_SCALE, op->at.heads, op->at.value_dim);
}

/* S = g S + k v^T, y = q S (Sun et al. 2023, eq. 6) */
static void step_retention(rl_tally *tally, const rl_op *op) {
  per_state_value(tally, op, RL_RATE_RETENTION);
}

/* (q K^T D) V inside a chunk, q S and K^T V across (Sun et al. 2023, eq. 7) */
static void chunk_retention(rl_tally *tally, const rl_op *op) {
  rl_moment pairs = {.kind = RL_M_CHUNK_PAIRS, .chunk = op->at.chunk};
  matrix(tally, pairs, op->at.heads, op->at.key_dim);
  matrix(tally, pairs, op->at.heads, op->at.value_dim);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, rate(RL_RATE_CHUNK_PAIR), op->at.heads);
  state_products(tally, op, 2);
}

void rl_work_retention(rl_tally *tally, const rl_op *op) {
  by_class(tally, op, step_retention, chunk_retention);
  scale_results(tally, op);
}

/* Yang et al. 2024, Gated Delta Networks, eq. 10: k S is one more product than retention's */
static void step_delta(rl_tally *tally, const rl_op *op) {
  per_state_value(tally, op, RL_RATE_DELTA);
}

/* K K^T and q K^T; two triangular systems, of which K and V are the right sides, solved forwards;
 * the scores with the solved values; k S, q S and K^T V across (ibid., 3.3 and appendix A). */
static void chunk_delta(rl_tally *tally, const rl_op *op) {
  rl_moment pairs = {.kind = RL_M_CHUNK_PAIRS, .chunk = op->at.chunk};
  for (int i = 0; i < 3; i++) matrix(tally, pairs, op->at.heads, op->at.key_dim);
  for (int i = 0; i < 2; i++) matrix(tally, pairs, op->at.heads, op->at.value_dim);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, 2, rate(RL_RATE_CHUNK_PAIR), op->at.heads);
  state_products(tally, op, 3);
}

void rl_work_gated_delta(rl_tally *tally, const rl_op *op) {
  by_class(tally, op, step_delta, chunk_delta);
  per_token(tally, RL_RATE_DELTA_KEY, op->at.key_heads, 2 * op->at.key_dim);
  per_token(tally, RL_RATE_DELTA_VALUE, op->at.heads, op->at.value_dim);
  per_token(tally, RL_RATE_DELTA_GATES, op->at.heads, 1);
}

/* Peng et al. 2024, Eagle and Finch, eq. 19 */
void rl_work_wkv(rl_tally *tally, const rl_op *op) {
  per_state_value(tally, op, RL_RATE_WKV);
  per_token(tally, RL_RATE_WKV_KEY, op->at.heads, op->at.key_dim);
  per_token(tally, RL_RATE_WKV_VALUE, op->at.heads, op->at.value_dim);
}

/* Values of each token of the first input. */
static void per_input_value(rl_tally *tally, const rl_op *op, rl_rate row) {
  per_token(tally, row, 1, tally->program->operands[op->first_operand].cols);
}

void rl_work_token_shift(rl_tally *tally, const rl_op *op) {
  per_input_value(tally, op, RL_RATE_TOKEN_SHIFT);
}

void rl_work_lerp(rl_tally *tally, const rl_op *op) {
  per_input_value(tally, op, RL_RATE_LERP);
}
