/* Matrix FLOPs, 2 for a multiply-add, of the kinds that multiply matrices, with the element-wise
 * work that stands in the same kernel (bias; scaling, capping and softmax of scores).
 * T tokens, R logit rows, H heads, d_h head size, P attended pairs, S stored rectangle. */
#include "base/checked.h"
#include "cost/tally.h"

static uint64_t rate(rl_rate row) {
  return RL_OP_RATES[row].per_element;
}

/* The rows that a linear makes: of the tokens whose logits are wanted, of a prefix, of all, of the
 * source. */
static rl_moment rows_of_linear(const rl_program *program, const rl_op *op) {
  const rl_operand *in = &program->operands[op->first_operand];
  if (op->at.last_tokens || op->at.first_tokens) return rl_moment_of(RL_M_LOGIT_ROWS);
  if (op->at.prefix_tokens) return rl_extent_moment(program, RL_EXTENT_PREFIX);
  if (op->at.merge != 0) return rl_extent_moment(program, RL_EXTENT_SOURCE_MERGED);
  return rl_extent_moment(program, program->tensors[in->tensor].extent);
}

/* Multiplications of a weight matrix with a vector: those of what its format holds. */
static uint64_t products_of(rl_tally *tally, const rl_tensor *weight, uint64_t rows) {
  uint64_t products = 0;
  if (!rl_format_products(weight->format, rows, weight->cols, &products)) tally->overflow = true;
  return products;
}

/* y = W x + b for each token: 2 rows cols for whole matrices (Vaswani et al. 2017, 3.3). */
void rl_work_linear(rl_tally *tally, const rl_op *op) {
  const rl_program *program = tally->program;
  rl_moment rows = rows_of_linear(program, op);
  for (uint32_t o = 0; o < op->operand_count; o++) {
    uint32_t id = program->operands[op->first_operand + o].tensor;
    const rl_tensor *weight = &program->tensors[id];
    if (weight->role != RL_ROLE_WEIGHT) continue;
    RL_TALLY(tally, &tally->counts[RL_C_MATRIX], rows, 2,
             products_of(tally, weight, weight->rows));
    if (op->at.has_bias) {
      RL_TALLY(tally, &tally->counts[RL_C_VECTOR], rows, rate(RL_RATE_BIAS), weight->rows);
    }
    return; /* the weight comes first; a bias after it has no product */
  }
}

/* On a rank with some of the experts, as many (token, expert) as on the busiest one. Otherwise
 * each token goes through top_k of the experts, whose rows stand one expert after the other: 2 k
 * rows cols (Shazeer et al. 2017, eq. 1). */
void rl_work_expert_linear(rl_tally *tally, const rl_op *op) {
  const rl_program *program = tally->program;
  rl_moment passes = rl_moment_of(RL_M_TOKENS);
  uint64_t each = op->at.top_k;
  if (op->at.ranks > 1) {
    passes = (rl_moment){.kind = RL_M_EXPERT_CHOICES,
                         .experts = op->at.experts,
                         .top_k = op->at.meet != 0 ? program->meeting.top_k : op->at.top_k,
                         .ranks = op->at.ranks,
                         .limit = op->at.expert_limit,
                         .meet = op->at.meet};
    each = 1;
  }
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *weight = &program->tensors[program->operands[op->first_operand + o].tensor];
    if (weight->role != RL_ROLE_WEIGHT) continue;
    uint64_t rows = weight->rows / weight->experts;
    RL_TALLY(tally, &tally->counts[RL_C_MATRIX], passes, 2, each,
             products_of(tally, weight, rows));
    if (op->at.has_bias) {
      RL_TALLY(tally, &tally->counts[RL_C_VECTOR], passes, rate(RL_RATE_BIAS), each, rows);
    }
    return; /* a bias after the weight has no product */
  }
}

/* Scaling, and the bias by distance and the soft cap when there are any, of each score. */
static void work_of_scores(rl_tally *tally, const rl_op *op, rl_moment scores) {
  uint64_t operations = op->at.score_scale == 1 ? 0 : rate(RL_RATE_SCORE_SCALE);
  if (op->at.softcap != 0) operations += rate(RL_RATE_SCORE_CAP);
  if (op->at.alibi != 0) operations += rate(RL_RATE_SCORE_ALIBI);
  if (op->at.buckets != 0) operations += rate(RL_RATE_SCORE_BIAS);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], scores, operations, op->at.heads);
}

/* (query, key) pairs that meet. Only a cache is masked: elsewhere all pairs are attended to. */
static rl_moment pairs_of(const rl_program *program, const rl_op *op) {
  switch (op->at.over) {
    case RL_OVER_TOKENS:
      return rl_moment_of(RL_M_RECTANGLE);
    case RL_OVER_SOURCE:
      return rl_extent_moment(
          program, op->at.within != 0 ? RL_EXTENT_SQUARE_SCORES : RL_EXTENT_SOURCE_SCORES);
    case RL_OVER_CROSS:
      return rl_extent_moment(program, RL_EXTENT_CROSS_SCORES);
    default:
      return (rl_moment){.kind = RL_M_PAIRS, .window = op->at.window, .within = op->at.within};
  }
}

/* What a kernel that stores scores computes: the whole rectangle. */
static rl_moment rectangle_of(const rl_program *program, const rl_op *op) {
  if (op->at.over == RL_OVER_CACHE) return rl_moment_of(RL_M_RECTANGLE);
  return pairs_of(program, op);
}

/* Products of the queries with the keys of one cache, or of its values with what they are weighted
 * by: 2 d_h a pair and head. A compressed body takes as many as it stores of each block that a query
 * meets, the `rest` of the pairs the whole. What a window dropped is in no stored rectangle's products. */
static void work_of_cache(rl_tally *tally, const rl_op *op, uint32_t nth, rl_moment_kind rest) {
  const rl_program *program = tally->program;
  const rl_tensor *cache = &program->tensors[program->operands[op->first_operand + nth].tensor];
  rl_sum *matrix = &tally->counts[RL_C_MATRIX];
  rl_moment pairs = rest == RL_M_REST_PAIRS ? pairs_of(program, op) : rectangle_of(program, op);
  const uint64_t heads = op->at.heads, kv_heads = rl_max_u64(op->at.kv_heads, 1);
  uint64_t products = 0, whole = op->at.head_dim;
  if (cache->part == RL_KV_BODY) {
    products = products_of(tally, cache, cache->rows / kv_heads);
    if (!rl_mul_u64(whole, cache->tokens, &whole)) tally->overflow = true;
  }
  const bool dropped = rest == RL_M_REST_SCORES && cache->parting.window != 0;
  if (cache->part != RL_KV_BODY || (products == whole && !dropped)) {
    RL_TALLY(tally, matrix, pairs, 2, heads, op->at.head_dim);
    return;
  }
  pairs.kind = rest;
  pairs.parting = cache->parting;
  RL_TALLY(tally, matrix, pairs, 2, heads, op->at.head_dim);
  pairs.kind = RL_M_BODY_PAIRS;
  pairs.tokens = cache->tokens;
  RL_TALLY(tally, matrix, pairs, 2, heads, products);
}

/* q K^T and the weighted sum of V, over attended pairs only: 4 P H d_h (Dao et al. 2022, alg. 1).
 */
void rl_work_attention(rl_tally *tally, const rl_op *op) {
  rl_moment pairs = pairs_of(tally->program, op);
  work_of_cache(tally, op, 1, RL_M_REST_PAIRS);
  work_of_cache(tally, op, 2, RL_M_REST_PAIRS);
  RL_TALLY(tally, &tally->counts[RL_C_VECTOR], pairs, rate(RL_RATE_SOFTMAX), op->at.heads);
  rl_work_sinks(tally, op);
  work_of_scores(tally, op, pairs);
}

/* A kernel that stores scores computes the full rectangle, masked or not: 2 S H d_h. */
void rl_work_scores(rl_tally *tally, const rl_op *op) {
  rl_moment rectangle = rectangle_of(tally->program, op);
  work_of_cache(tally, op, 1, RL_M_REST_SCORES);
  work_of_scores(tally, op, rectangle);
}

void rl_work_mix(rl_tally *tally, const rl_op *op) {
  work_of_cache(tally, op, 1, RL_M_REST_SCORES);
}
