/* What one token does to each of several ranks: how many of its choices fall on it, how far that
 * varies, and how likely one does at all. */
#include "base/checked.h"
#include "base/number.h"
#include "cost/expert_table.h"

#define ONE (UINT64_C(1) << 62)
#define UNIT RL_SHAPE_UNIT

static uint64_t product(uint64_t a, uint64_t b) {
  return (uint64_t)(((rl_u128)a * b + ONE / 2) / ONE);
}

uint64_t rl_law_given(uint64_t p, uint64_t total) {
  const uint64_t rest = (total - 1) * UNIT + p;
  if (total <= 1 || rest == 0) return 0;
  return rl_min_u64((uint64_t)((rl_u128)p * total * UNIT / rest), UNIT);
}

/* --- experts that are alike --- */

/* A token chooses none of s experts: C(E - s, k) / C(E, k), in ONE. */
static uint64_t avoid(const rl_draw *draw, uint64_t s) {
  uint64_t share = ONE;
  for (uint64_t i = 0; i < draw->top_k; i++) {
    if (draw->experts <= i || draw->experts < s + i) return 0;
    share = (uint64_t)((rl_u128)share * (draw->experts - s - i) / (draw->experts - i));
  }
  return share;
}

/* Variance over mean of the tokens that come to one rank of s experts, as they are spread apart
 * from those of the others: that of one rank less its covariance with another, (a - b) / (1 - a)
 * for the probabilities a and b to choose none of one and none of both. In ONE. */
static uint64_t token_spread(const rl_draw *draw, uint64_t s) {
  const uint64_t a = avoid(draw, s), b = 2 * s <= draw->experts ? avoid(draw, 2 * s) : 0;
  if (a == ONE) return 0;
  return rl_min_u64((uint64_t)((rl_u128)(a - b) * ONE / (ONE - a)), ONE);
}

static rl_rank_shape shape_alike(const rl_draw *draw, uint64_t ranks, uint64_t members) {
  const uint64_t others = draw->experts - 1;
  return (rl_rank_shape){
      .ranks = ranks,
      .members = members,
      .mean = (uint64_t)((rl_u128)members * draw->top_k * UNIT / draw->experts),
      .p = others == 0 ? 0 : (draw->top_k - 1) * UNIT / others,
      .tokens = (ONE - avoid(draw, members)) / (ONE / UNIT),
      .tokens_p = (ONE - token_spread(draw, members)) / (ONE / UNIT),
  };
}

/* --- experts that differ --- */

/* pi of the expert in that place, in ONE. */
static uint64_t chosen_share(const rl_draw *draw, uint64_t at) {
  return draw->missed[at] == UINT64_MAX ? 0 : ONE - (draw->missed[at] >> 2);
}

/* The variances c of the experts' choices as they are spread apart from each other, so that given
 * the k choices of a token they have the right ones: c - c^2 / sum c = pi (1 - pi) (Deville and
 * Tille 2005, 4). From them p = 1 - c / pi, in UNIT. */
static void solve_spreads(const rl_draw *draw, uint64_t *c, uint32_t *p) {
  enum { ROUNDS = 48 };
  for (uint64_t e = 0; e < draw->experts; e++) {
    c[e] = product(chosen_share(draw, e), ONE - chosen_share(draw, e));
  }
  for (int round = 0; round < ROUNDS; round++) {
    rl_u128 sum = 0;
    for (uint64_t e = 0; e < draw->experts; e++) sum += c[e];
    for (uint64_t e = 0; e < draw->experts && sum != 0; e++) {
      const uint64_t in = chosen_share(draw, e);
      uint64_t part = (uint64_t)((rl_u128)c[e] * ONE / sum);
      c[e] = rl_min_u64(product(in, ONE - in) + product(c[e], part), in);
    }
  }
  for (uint64_t e = 0; e < draw->experts; e++) {
    const uint64_t in = chosen_share(draw, e);
    uint64_t share = in == 0 ? 0 : (uint64_t)((rl_u128)(in - c[e]) * UNIT / in);
    p[e] = (uint32_t)rl_min_u64(share, UINT32_MAX);
  }
}

/* One choice of one token, given that it makes k: its odds are pi / (1 - p). */
static uint64_t given_total(const rl_draw *draw, uint64_t at) {
  const uint64_t in = chosen_share(draw, at);
  uint64_t p = rl_law_given(draw->spread[at], draw->top_k) * (ONE / UNIT);
  if (in == 0 || draw->missed[at] == 0) return in;
  return (uint64_t)((rl_u128)in * ONE / ((rl_u128)in + ONE - p));
}

/* Takes the experts of one rank, each in or out, into the probabilities of 0 to k choices. */
static void take_rank(const rl_draw *draw, uint64_t rank, uint64_t *series) {
  for (uint64_t at = draw->first[rank]; at < draw->first[rank + 1]; at++) {
    const uint64_t in = given_total(draw, at);
    for (uint64_t j = draw->top_k + 1; j-- > 0;) {
      series[j] = product(series[j], ONE - in) + (j == 0 ? 0 : product(series[j - 1], in));
    }
  }
}

/* A token chooses none of the rank's experts, given that it makes k choices: what the others make
 * of k choices, times that each of its own is left out, over what all make of them (Hajek 1964,
 * conditional Poisson sampling). */
static uint64_t avoid_rank(const rl_draw *draw, uint64_t rank, const uint64_t *before,
                           const uint64_t *after, uint64_t all) {
  uint64_t others = 0, none = ONE;
  for (uint64_t j = 0; j <= draw->top_k; j++) others += product(before[j], after[draw->top_k - j]);
  for (uint64_t at = draw->first[rank]; at < draw->first[rank + 1]; at++) {
    none = product(none, ONE - given_total(draw, at));
  }
  if (all == 0) return none;
  return rl_min_u64((uint64_t)((rl_u128)product(others, none) * ONE / all), ONE);
}

static rl_rank_shape shape_rank(const rl_draw *draw, uint64_t rank, uint64_t avoided) {
  rl_rank_shape shape = {.ranks = 1,
                         .rank = rank,
                         .members = draw->first[rank + 1] - draw->first[rank],
                         .tokens = (ONE - avoided) / (ONE / UNIT)};
  rl_u128 mean = 0, apart = 0;
  for (uint64_t at = draw->first[rank]; at < draw->first[rank + 1]; at++) {
    const uint64_t in = chosen_share(draw, at);
    mean += in;
    apart += (rl_u128)in * draw->spread[at] / UNIT;
  }
  shape.mean = (uint64_t)(mean / (ONE / UNIT));
  if (mean != 0) shape.p = (uint64_t)(apart * UNIT / mean);
  /* spread as that of ranks that are alike, for how often the rank is avoided */
  const uint64_t like = avoid(draw, rl_ceil_div(draw->experts, draw->ranks));
  const uint64_t spread = token_spread(draw, rl_ceil_div(draw->experts, draw->ranks));
  rl_u128 own = like == 0 ? 0 : (rl_u128)spread * avoided / like;
  shape.tokens_p = own >= ONE ? 0 : (uint64_t)((ONE - own) / (ONE / UNIT));
  return shape;
}

static rl_status shape_unequal(rl_arena *arena, rl_draw *draw, rl_rank_shape *shapes,
                               rl_diags *diags) {
  const size_t length = (size_t)draw->top_k + 1;
  uint64_t *after = RL_NEW_ARRAY(arena, uint64_t, length * (draw->ranks + 1));
  uint64_t *before = RL_NEW_ARRAY(arena, uint64_t, length);
  uint64_t *variances = RL_NEW_ARRAY(arena, uint64_t, draw->experts);
  uint32_t *spread = RL_NEW_ARRAY(arena, uint32_t, draw->experts);
  if (after == NULL || before == NULL) return rl_diag_oom(diags);
  if (variances == NULL || spread == NULL) return rl_diag_oom(diags);
  solve_spreads(draw, variances, spread);
  draw->spread = spread;
  after[length * draw->ranks] = before[0] = ONE;
  for (uint64_t r = draw->ranks; r-- > 0;) {
    for (size_t j = 0; j < length; j++) after[length * r + j] = after[length * (r + 1) + j];
    take_rank(draw, r, after + length * r);
  }
  for (uint64_t r = 0; r < draw->ranks; r++) {
    uint64_t avoided = avoid_rank(draw, r, before, after + length * (r + 1), after[draw->top_k]);
    shapes[r] = shape_rank(draw, r, avoided);
    take_rank(draw, r, before);
  }
  return RL_OK;
}

rl_status rl_draw_shapes(rl_arena *arena, rl_draw *draw, rl_rank_shape *shapes, size_t *count,
                         rl_diags *diags) {
  *count = draw->ranks;
  if (draw->missed != NULL) return shape_unequal(arena, draw, shapes, diags);
  const uint64_t few = draw->experts / draw->ranks, more = draw->experts % draw->ranks;
  *count = 0;
  if (more != 0) shapes[(*count)++] = shape_alike(draw, more, few + 1);
  shapes[(*count)++] = shape_alike(draw, draw->ranks - more, few);
  return RL_OK;
}
