/* From a skew to the probabilities of a draw. An expert of weight w is chosen by a token with
 * probability pi = min(1, c w), c such that the k choices add up: sampling without replacement with
 * probabilities proportional to size (Sarndal et al. 1992, 3.6.2). */
#include "cost/expert_draw.h"

#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "cost/expert_table.h"

/* The experts that every token chooses, and what is left for the others. */
typedef struct filling {
  const uint64_t *weights;
  uint64_t experts, left; /* choices a token has beyond the certain ones */
  uint64_t sum;           /* of the weights of the others */
  bool *certain;
} filling;

/* c w >= 1 makes an expert certain, which raises c for the others: until nothing changes. */
static void find_certain(filling *f) {
  for (bool changed = true; changed && f->left > 0;) {
    const uint64_t left = f->left, sum = f->sum;
    changed = false;
    for (uint64_t e = 0; e < f->experts; e++) {
      if (f->certain[e] || f->weights[e] == 0) continue;
      if ((rl_u128)f->weights[e] * left < sum) continue;
      f->certain[e] = true;
      f->left--;
      f->sum -= f->weights[e];
      changed = true;
    }
  }
}

/* 1 - pi of one expert, in units of 2^-64. */
static uint64_t missed_share(const filling *f, uint64_t expert) {
  if (f->certain[expert]) return 0;
  uint64_t weight = f->left == 0 ? 0 : f->weights[expert];
  if (weight == 0) return UINT64_MAX;
  rl_u128 rest = f->sum - (rl_u128)weight * f->left; /* above 0: the expert is not certain */
  uint64_t share = (uint64_t)((rest << 64) / f->sum);
  return rl_min_u64(share, UINT64_MAX - 1); /* the largest number means never */
}

static uint64_t positive(const uint64_t *weights, uint64_t count) {
  uint64_t found = 0;
  for (uint64_t e = 0; e < count; e++) found += weights[e] > 0;
  return found;
}

static rl_status check_weights(const rl_skew *skew, rl_draw_of of, const uint64_t *weights,
                               rl_diags *diags) {
  char said[RL_NUMBER_TEXT], needed[RL_NUMBER_TEXT];
  if (skew->kind == RL_SKEW_MEASURED && skew->count != of.experts) {
    return RL_REPORT(diags, SKEW_LENGTH, skew->loc, rl_print_grouped(skew->count, said),
                     rl_print_grouped(of.experts, needed));
  }
  uint64_t some = positive(weights, of.experts);
  if (some >= of.top_k) return RL_OK;
  return RL_REPORT(diags, SKEW_EMPTY, skew->loc, rl_print_grouped(some, said),
                   rl_print_grouped(of.top_k, needed));
}

/* The expert in place `at` of a list that holds rank after rank. A power law says nothing of who
 * shares a rank: its experts are dealt in the order of their popularity, one to each rank in turn.
 */
static uint64_t expert_at(const rl_draw *draw, bool dealt, uint64_t rank, uint64_t at) {
  uint64_t nth = at - draw->first[rank];
  return dealt ? nth * draw->ranks + rank : at;
}

static void spread(rl_draw *draw, uint32_t *first, bool dealt) {
  first[0] = 0;
  for (uint64_t r = 0; r < draw->ranks; r++) {
    uint64_t dealt_to = (draw->experts - r + draw->ranks - 1) / draw->ranks;
    uint64_t end = (r + 1) * draw->experts / draw->ranks;
    first[r + 1] = (uint32_t)(dealt ? first[r] + dealt_to : end);
  }
  draw->first = first;
}

/* The largest sum of pi over the experts of one rank. */
static uint64_t busiest_rank(const rl_draw *draw) {
  rl_u128 most = 0;
  for (uint64_t r = 0; r < draw->ranks; r++) {
    rl_u128 sum = 0;
    for (uint64_t at = draw->first[r]; at < draw->first[r + 1]; at++) {
      if (draw->missed[at] != UINT64_MAX) sum += ((rl_u128)1 << 64) - draw->missed[at];
    }
    if (sum > most) most = sum;
  }
  return (uint64_t)((most + ((rl_u128)1 << 19)) >> 20);
}

/* Everything of a draw in which experts differ. */
static rl_status fill_unequal(rl_arena *arena, const rl_skew *skew, rl_draw *draw,
                              rl_diags *diags) {
  const bool dealt = skew->kind == RL_SKEW_POWER_LAW;
  uint64_t *made = RL_NEW_ARRAY(arena, uint64_t, draw->experts);
  uint64_t *missed = RL_NEW_ARRAY(arena, uint64_t, draw->experts);
  uint32_t *first = RL_NEW_ARRAY(arena, uint32_t, draw->ranks + 1);
  bool *certain = RL_NEW_ARRAY(arena, bool, draw->experts);
  if (made == NULL || missed == NULL || first == NULL || certain == NULL) return rl_diag_oom(diags);
  if (dealt) rl_power_law(skew->exponent, draw->experts, made);
  const uint64_t *weights = dealt ? made : skew->popularity;
  filling f = {weights, draw->experts, draw->top_k, 0, certain};
  rl_draw_of of = {.experts = draw->experts, .top_k = draw->top_k};
  rl_status status = check_weights(skew, of, weights, diags);
  if (status != RL_OK) return status;
  for (uint64_t e = 0; e < draw->experts; e++) f.sum += weights[e];
  find_certain(&f);
  spread(draw, first, dealt);
  for (uint64_t r = 0; r < draw->ranks; r++) {
    for (uint64_t at = first[r]; at < first[r + 1]; at++) {
      missed[at] = missed_share(&f, expert_at(draw, dealt, r, at));
    }
  }
  draw->missed = missed;
  draw->busiest = busiest_rank(draw);
  if (draw->ranks > 1) return rl_draw_rank_tables(arena, draw, diags);
  return rl_draw_tabulate(arena, draw, diags);
}

/* The largest rank holds ceil(E / G) of the experts, each with pi = k / E. */
static uint64_t busiest_alike(const rl_draw *draw) {
  rl_u128 choices = (rl_u128)rl_ceil_div(draw->experts, draw->ranks) * draw->top_k << 44;
  return (uint64_t)((choices + draw->experts / 2) / draw->experts);
}

rl_status rl_draw_new(rl_arena *arena, const rl_skew *skew, rl_draw_of of, const rl_draw **out,
                      rl_diags *diags) {
  *out = NULL;
  rl_draw *draw = RL_NEW(arena, rl_draw);
  if (draw == NULL) return rl_diag_oom(diags);
  *draw = (rl_draw){.experts = of.experts, .top_k = of.top_k, .ranks = of.ranks};
  *out = draw;
  bool alike = skew == NULL || skew->kind == RL_SKEW_UNIFORM ||
               (skew->kind == RL_SKEW_POWER_LAW && skew->exponent == 0);
  if (!alike) return fill_unequal(arena, skew, draw, diags);
  draw->busiest = busiest_alike(draw);
  if (draw->ranks <= 1) return RL_OK;
  bool limited = of.limit.groups > of.limit.kept;
  return limited ? rl_draw_group_tables(arena, draw, of.limit, diags)
                 : rl_draw_rank_tables(arena, draw, diags);
}
