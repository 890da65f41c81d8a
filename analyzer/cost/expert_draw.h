/* Inside cost/, and for whoever asks what expectations the counts are made of: how the tokens of a
 * pass choose experts. Each token chooses k different experts of E, expert e with probability pi_e
 * (sum of pi_e = k), and tokens choose independently. Definitions: docs/counting.md, Experts. */
#ifndef RL_COST_EXPERT_DRAW_H
#define RL_COST_EXPERT_DRAW_H

#include "base/arena.h"
#include "spec/format.h"
#include "spec/skew.h"

/* Expectations are fixed-point integers: this many are one. Forms that hold one are divided by it. */
#define RL_EXPERT_UNIT RL_GROUP_UNIT /* a form may hold expected groups of values as well */

/* What is expected of the rank that has most of it. */
typedef enum rl_draw_fact {
  RL_DRAW_EXPERTS, /* distinct experts that are chosen */
  RL_DRAW_CHOICES, /* (token, expert) */
  RL_DRAW_TOKENS,  /* tokens that chose some expert there */
  RL_DRAW_FACTS
} rl_draw_fact;

/* The choice of one layer, its experts spread over `ranks` devices. */
typedef struct rl_draw {
  uint64_t experts, top_k, ranks;
  /* NULL: every expert is alike. [experts]: 1 - pi_e in units of 2^-64, the experts of rank 0 first;
   * UINT64_MAX: never chosen. */
  const uint64_t *missed;
  const uint32_t *first;  /* [ranks + 1]: where the experts of a rank begin */
  const uint64_t *table;  /* expectations for few tokens, which are asked for most; NULL: alike, or ranks */
  uint64_t busiest;       /* largest sum of pi_e over the experts of one rank, in units of 2^-44 */
  /* several ranks: what the slowest has of fewer than `end` tokens, in RL_EXPERT_UNIT */
  const uint64_t *most[RL_DRAW_FACTS];
  uint64_t end;
  const uint32_t *spread; /* [experts] where they differ: 1 - variance over mean of an expert's choices as
                             they are spread apart from the others', in units of 2^-32 */
  uint64_t most_tokens;   /* largest share of the tokens that come to one rank, in units of 2^-32 */
} rl_draw;

/* The draw of top_k of that many experts (1 <= top_k <= experts <= 2^12) over 1 <= ranks <= experts.
 * skew NULL: uniform. A limit to groups enters where experts are alike and ranks are several: who
 * is chosen together is all that it changes. Fewer than top_k experts with a weight above zero, or a list of another
 * length, are located diagnostics. */
typedef struct rl_draw_of {
  uint64_t experts, top_k, ranks;
  rl_expert_limit limit;
} rl_draw_of;
rl_status rl_draw_new(rl_arena *arena, const rl_skew *skew, rl_draw_of of, const rl_draw **out,
                      rl_diags *diags);

/* Expected distinct experts, in RL_EXPERT_UNIT, that n tokens choose on the rank where they are
 * most: the expectation of the largest over the ranks. Of one rank the sum over its experts of
 * 1 - (1 - pi_e)^n, to the nearest unit. */
uint64_t rl_expected_rank_experts(const rl_draw *draw, uint64_t n);
/* Expected choices (token, expert), in RL_EXPERT_UNIT, on the rank where they are most. False on
 * overflow. */
bool rl_expected_rank_choices(const rl_draw *draw, uint64_t n, uint64_t *value);
/* Expected tokens, in RL_EXPERT_UNIT, that chose some expert of a rank, where they are most. */
bool rl_expected_rank_tokens(const rl_draw *draw, uint64_t n, uint64_t *value);

/* Weights i^-s for i = 1 to count, the first one RL_SKEW_UNIT; s in 1 / RL_SKEW_EXPONENT_UNIT, at
 * most RL_SKEW_EXPONENT_MAX. Integers only, so that every machine gets the same. */
void rl_power_law(uint64_t exponent, size_t count, uint64_t *weights);

#endif
