/* route: each token's k best experts and their weights. Scores are the softmax of the logits
 * (Fedus et al. 2022, eq. 1), their sigmoid, or the softmax over the chosen ones alone (Shazeer et
 * al. 2017, eq. 3 and 5 without noise; Jiang et al. 2024, 2.1). A correction bias, if there is one,
 * is added for the choice and not for the weights (DeepSeek-AI 2024, eq. 16). SparseMixer weighs
 * each chosen one among those that were left when it was chosen (Liu et al. 2024, GRIN, 2.2). Of
 * equal experts the first is taken; the best stands first. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* One token's [E] values in workspace. */
typedef struct router {
  const rl_op_attributes *at;
  const float *correction; /* NULL: none */
  float *logit;            /* [E] */
  float *score;            /* [E] what a weight is made of */
  float *rank;             /* [E] what the choice is made by; -infinity once chosen */
} router;

/* exp(x - largest) / sum over the n values of x. */
static void softmax(const float *x, uint64_t n, float *out) {
  float largest = x[0];
  double sum = 0;
  for (uint64_t i = 1; i < n; i++) largest = fmaxf(largest, x[i]);
  for (uint64_t i = 0; i < n; i++) sum += exp((double)x[i] - (double)largest);
  for (uint64_t i = 0; i < n; i++) out[i] = (float)(exp((double)x[i] - (double)largest) / sum);
}

static void score(const router *r) {
  for (uint64_t e = 0; e < r->at->experts; e++) {
    bool sigmoid = r->at->score == RL_SCORE_SIGMOID;
    r->score[e] = sigmoid ? (float)(1 / (1 + exp(-(double)r->logit[e]))) : r->logit[e];
  }
  if (r->at->score == RL_SCORE_SOFTMAX) softmax(r->logit, r->at->experts, r->score);
  for (uint64_t e = 0; e < r->at->experts; e++) {
    r->rank[e] = r->score[e] + (r->correction != NULL ? r->correction[e] : 0);
  }
}

/* What a group is worth: its best expert, or the sum of its two best (DeepSeek-AI 2024, V2, 2.2.2,
 * and V3, 2.1.2: of the experts on one node). */
static double group_worth(const router *r, uint64_t group) {
  uint64_t size = r->at->experts / r->at->expert_limit.groups;
  const float *rank = r->rank + group * size;
  float best = -INFINITY, second = -INFINITY;
  for (uint64_t e = 0; e < size; e++) {
    second = fmaxf(second, fminf(best, rank[e]));
    best = fmaxf(best, rank[e]);
  }
  return r->at->expert_limit.best == 2 && size > 1 ? (double)best + (double)second : (double)best;
}

/* Takes the worst groups out of the choice until top_groups are left; of equal ones the last. */
static void leave_groups(const router *r) {
  uint64_t groups = r->at->expert_limit.groups, size = groups == 0 ? 0 : r->at->experts / groups;
  for (uint64_t left = groups; left > r->at->expert_limit.kept; left--) {
    uint64_t worst = groups;
    for (uint64_t g = 0; g < groups; g++) {
      if (isinf(r->rank[g * size])) continue; /* taken out before */
      if (worst == groups || group_worth(r, g) <= group_worth(r, worst)) worst = g;
    }
    for (uint64_t e = 0; e < size && worst < groups; e++) r->rank[worst * size + e] = -INFINITY;
  }
}

/* The softmax that the best of what is left gets over those of it that are near: not further behind
 * it than twice the jitter, as a part of the larger of |logit| and the best one. */
static double mixer_weight(const router *r) {
  float best = -INFINITY;
  double sum = 0;
  for (uint64_t e = 0; e < r->at->experts; e++) best = fmaxf(best, r->rank[e]);
  for (uint64_t e = 0; e < r->at->experts; e++) {
    double behind = (double)best - (double)r->rank[e];
    double part = fmax(fabs((double)r->logit[e]), (double)best);
    if (behind <= 2 * r->at->jitter * part) sum += exp(-behind);
  }
  return 1 / sum;
}

static uint32_t take_best(const router *r) {
  uint32_t best = 0;
  for (uint32_t e = 1; e < r->at->experts; e++) {
    if (r->rank[e] > r->rank[best]) best = e;
  }
  r->rank[best] = -INFINITY;
  return best;
}

/* The scores of the chosen experts as they leave the router. */
static void weigh(const router *r, float *weights) {
  uint64_t k = r->at->top_k;
  double sum = 0;
  if (r->at->score == RL_SCORE_SOFTMAX_CHOSEN) softmax(weights, k, weights);
  for (uint64_t j = 0; j < k; j++) sum += (double)weights[j];
  for (uint64_t j = 0; j < k; j++) {
    double weight = r->at->normalize ? (double)weights[j] / sum : (double)weights[j];
    weights[j] = (float)(weight * r->at->factor);
  }
}

void rl_ref_route(const rl_call *call) {
  const rl_view *logits = rl_call_read(call, 0), *bias = rl_call_read(call, 1);
  const rl_view *choice = rl_call_write(call, 0), *out = rl_call_write(call, 1);
  uint64_t experts = call->op->at.experts, k = call->op->at.top_k;
  float *values = call->work->values, *correction = values, *weights = values + 4 * experts;
  router r = {&call->op->at, NULL, values + experts, values + 2 * experts, values + 3 * experts};
  if (bias != NULL && call->pass->tokens > 0) {
    rl_view_read(bias, 0, experts, correction);
    r.correction = correction;
  }
  for (uint64_t t = 0; t < call->pass->tokens; t++) {
    rl_view_read(logits, t * experts, experts, r.logit);
    score(&r);
    leave_groups(&r);
    for (uint64_t j = 0; j < k; j++) {
      double mixed = r.at->score == RL_SCORE_SPARSE_MIXER ? mixer_weight(&r) : 0;
      uint32_t expert = take_best(&r);
      rl_view_write_id(choice, t * k + j, expert);
      weights[j] = r.at->score == RL_SCORE_SPARSE_MIXER ? (float)mixed : r.score[expert];
    }
    weigh(&r, weights);
    rl_view_write(out, t * k, k, weights);
  }
}

bool rl_ref_route_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_mul_u64(op->at.experts, 4, &size->values) &&
         rl_add_u64(size->values, op->at.top_k, &size->values);
}
