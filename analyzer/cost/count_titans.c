/* Titans (Behrouz et al. 2025): attention with persistent keys, and a memory of which each sequence
 * has weights of its own, trained by every token. T tokens, X pairs of new tokens in one chunk of
 * positions, H heads; P weights of a head's memory, P_1 those of its first layer, O results of all
 * its layers, E results and inputs. */
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

static void vector(rl_tally *tally, rl_moment moment, rl_rate row, uint64_t heads,
                   uint64_t values) {
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], moment, rate(row), heads, values);
}

static void matrix(rl_tally *tally, rl_moment moment, uint64_t heads, uint64_t products) {
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], moment, 2, heads, products);
}

/* Every query meets the keys under its window and the persistent ones (eq. 26). */
void rl_work_memory_attention(rl_tally *tally, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  const rl_moment pairs = {.kind = RL_M_PAIRS, .window = at->window};
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  uint64_t scaling = at->score_scale == 1 ? 0 : rate(RL_RATE_SCORE_SCALE);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], pairs, 4, at->heads, at->head_dim);
  RL_TALLY(tally, &tally->counts[RL_C_MATRIX], tokens, 4, at->heads, at->head_dim, at->persistent);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, rate(RL_RATE_SOFTMAX) + scaling, at->heads);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], tokens, rate(RL_RATE_SOFTMAX) + scaling, at->heads,
           at->persistent);
}

rl_share rl_share_memory_attention(const rl_program *program, const rl_op *op,
                                   const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  if (program->tensors[operand->tensor].role == RL_ROLE_KV) {
    share.blocks = (rl_moment){.kind = RL_M_KV_READ, .window = op->at.window};
  }
  return share;
}

/* --- neural memory --- */

typedef struct memory_shape {
  uint64_t heads, depth;
  uint64_t weights, first;  /* P, P_1 */
  uint64_t hidden, results; /* values between layers; O */
  uint64_t ends;            /* E */
} memory_shape;

static memory_shape shape_of(const rl_tally *tally, const rl_op *op) {
  enum { MEMORY = 4 }; /* operand */
  const rl_op_attributes *at = &op->at;
  const rl_operand *memory = &tally->program->operands[op->first_operand + MEMORY];
  memory_shape s = {.heads = at->heads, .depth = at->depth, .weights = memory->cols};
  s.hidden = (at->depth - 1) * at->inner;
  s.first = at->key_dim * (at->depth == 1 ? at->value_dim : at->inner);
  s.results = s.hidden + at->value_dim;
  s.ends = s.results + at->key_dim + s.hidden;
  return s;
}

/* Keys forward through the weights of the chunk's start, errors backward through all layers but the
 * first (eq. 12 and 16). */
static void learn(rl_tally *tally, const memory_shape *s, rl_moment tokens) {
  matrix(tally, tokens, s->heads, s->weights);
  matrix(tally, tokens, s->heads, s->weights - s->first);
}

/* Momentum and weights of a token, weight by weight, then its query forward (eq. 13-15). */
static void step(rl_tally *tally, const memory_shape *s) {
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  learn(tally, s, tokens);
  matrix(tally, tokens, s->heads, s->weights);
  vector(tally, tokens, RL_RATE_LEARN, s->heads, s->weights);
}

/* The weights of a token are those at the start of its piece of a chunk, their momentum, and
 * gradients of the tokens between, each a product of an error and an input: its query goes through
 * the first two as through matrices and meets the inputs of the tokens before, whose errors are
 * mixed; at the end the sums over all tokens are added to momentum and weights (3.2, eq. 16-18; Sun
 * et al. 2024, Learning to (learn at test time), 2.5). */
static void chunks(rl_tally *tally, const rl_op *op, const memory_shape *s) {
  const uint64_t c = op->at.chunk;
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  const rl_moment pairs = {.kind = RL_M_CHUNK_PAIRS, .chunk = c, .within = c};
  const rl_moment pieces = {.kind = RL_M_CHUNKS, .chunk = c, .within = c};
  learn(tally, s, tokens);
  for (int i = 0; i < 4; i++) matrix(tally, tokens, s->heads, s->weights);
  matrix(tally, pairs, s->heads, s->ends);
  vector(tally, pairs, RL_RATE_LEARN_PAIR, s->heads, s->depth);
  vector(tally, pieces, RL_RATE_LEARN_CHUNK, s->heads, s->weights);
  vector(tally, tokens, RL_RATE_LEARN_RESULT, s->heads, s->results);
}

/* Short passes step, long ones go in chunks. */
void rl_work_neural_memory(rl_tally *tally, const rl_op *op) {
  const memory_shape s = shape_of(tally, op);
  const rl_moment tokens = rl_moment_of(RL_M_TOKENS);
  rl_phase phase = tally->phase;
  if (phase != RL_PHASE_PREFILL) {
    tally->phase = RL_PHASE_DECODE;
    step(tally, &s);
  }
  if (phase != RL_PHASE_DECODE) {
    tally->phase = RL_PHASE_PREFILL;
    chunks(tally, op, &s);
  }
  tally->phase = phase;
  vector(tally, tokens, RL_RATE_LEARN_HIDDEN, s.heads, s.hidden);
  vector(tally, tokens, RL_RATE_LEARN_VALUE, s.heads, op->at.value_dim);
  vector(tally, tokens, RL_RATE_LEARN_KEY, s.heads, 2 * op->at.key_dim);
  vector(tally, tokens, RL_RATE_LEARN_GATES, s.heads, 1);
}

/* The states stand in the order weights, momentum, start of the chunk. The last one is read where a
 * chunk is continued and written where one begins; the weights that all begin with are read where a
 * sequence begins. */
rl_share rl_share_neural_memory(const rl_program *program, const rl_op *op,
                                const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  rl_role role = program->tensors[operand->tensor].role;
  int before = 0;
  if (role == RL_ROLE_WEIGHT) share.blocks = rl_moment_of(RL_M_PREFIX_ANY);
  if (role != RL_ROLE_STATE) return share;
  for (const rl_operand *o = &program->operands[op->first_operand]; o < operand; o++) {
    before += o->access == operand->access && program->tensors[o->tensor].role == RL_ROLE_STATE;
  }
  if (before == 2) {
    rl_moment_kind kind = operand->access == RL_READ ? RL_M_CHUNK_OPEN : RL_M_CHUNK_BEGUN;
    share.blocks = (rl_moment){.kind = kind, .within = op->at.chunk};
  }
  return share;
}
