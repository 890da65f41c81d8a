/* Moments beyond 64 bits: each sum is refused where the number it needs does not fit, and exact
 * just below. The limits are worked out beside the rows. */
#include <stdio.h>

#include "cost/cost.h"
#include "unit.h"

#define MOST UINT64_MAX
static const uint64_t HALF = UINT64_C(1) << 63;

static const int32_t SIBLINGS[] = {-1, -1}, CHAIN[] = {-1, 0};
static const rl_tree BESIDE = {2, SIBLINGS}, BELOW = {2, CHAIN};
static const rl_draw DRAW = {.experts = 8, .top_k = 2, .ranks = 1};

typedef struct row {
  rl_moment moment;
  rl_group group;
  uint64_t value; /* where it fits */
} row;

static bool sum(const rl_moment *moment, const rl_group *groups, size_t count, uint64_t *value) {
  const rl_cost cost = {.moments = moment, .moment_count = 1};
  return rl_cost_moments(&cost, &(rl_point){groups, count}, NULL, value);
}

/* Rank 0 of two; prefill is what has more than one new token. */
#define DEALT .deal = {.ranks = 2, .place = 1}, .decode_tokens = 1
#define DEALT_DECODE .deal = {.ranks = 2, .place = 1}, .decode_tokens = 9
/* The last position is 2^64. */
#define LATE \
  { .count = 1, .q = 2, .cached = MOST - 1, .logits = RL_LOGITS_ALL }
#define TOKENS(n) \
  { .count = 1, .q = (n) }
#define SOURCE(of, many)                                                 \
  {                                                                      \
    .count = 1, .q = 2, .source = {.positions = (of), .pieces = (many) } \
  }
#define POWER(n) (UINT64_C(1) << (n))
/* A window that nothing leaves. */
#define FAR_BODY \
  .parting = {.step = 1, .window = MOST, .block = 1}, .tokens = 1, .window = MOST

static const row REFUSED[] = {
    /* positions of dealt tokens */
    {{.kind = RL_M_ONE, DEALT}, LATE, 0},
    {{.kind = RL_M_TOKENS, DEALT}, LATE, 0},
    {{.kind = RL_M_ID_ROWS, DEALT}, LATE, 0},
    {{.kind = RL_M_LOGITS_ANY, DEALT}, LATE, 0},
    {{.kind = RL_M_LOGIT_ROWS, DEALT}, LATE, 0},
    {{.kind = RL_M_TOKENS_KEPT, DEALT}, LATE, 0},
    {{.kind = RL_M_PAIRS, DEALT}, LATE, 0},
    {{.kind = RL_M_KV_READ, DEALT}, LATE, 0},
    {{.kind = RL_M_KV_READ, DEALT_DECODE}, LATE, 0},
    {{.kind = RL_M_KV_OWN, DEALT}, LATE, 0},
    {{.kind = RL_M_KV_KEPT, DEALT, .page = 1}, LATE, 0},
    /* rows: cached + q, rounded up to pages; 2^64 - 1 = 1 mod 7 */
    {{.kind = RL_M_KV_ROWS}, LATE, 0},
    {{.kind = RL_M_KV_READ}, LATE, 0},
    {{.kind = RL_M_KV_READ, .window = 8, .skip = 1}, LATE, 0},
    {{.kind = RL_M_KV_KEPT, .page = 1}, LATE, 0},
    {{.kind = RL_M_KV_KEPT, .page = 1, .within = 4}, LATE, 0},
    {{.kind = RL_M_KV_KEPT, .page = 7}, TOKENS(MOST), 0},
    /* pairs: q (q + 1) / 2 + q cached, and q window */
    {{.kind = RL_M_PAIRS}, TOKENS(POWER(33)), 0},
    {{.kind = RL_M_PAIRS}, {.count = 1, .q = 2, .cached = MOST / 2}, 0},
    {{.kind = RL_M_PAIRS, .window = POWER(62)}, {.count = 1, .q = 4, .cached = POWER(62)}, 0},
    {{.kind = RL_M_PAIRS, .window = 1, .skip = MOST}, TOKENS(POWER(33)), 0},
    {{.kind = RL_M_PAIRS, .window = 1, .skip = 2}, TOKENS(2), 0},
    {{.kind = RL_M_PAIRS, .within = 8}, LATE, 0},
    {{.kind = RL_M_PAIRS, .within = POWER(33)}, TOKENS(1), 0},
    {{.kind = RL_M_PAIRS, .within = POWER(10)}, {.count = 1, .q = 1, .cached = POWER(60)}, 0},
    /* pairs of trees */
    {{.kind = RL_M_PAIRS}, {.count = 1, .q = 2, .cached = MOST, .tree = &BESIDE}, 0},
    {{.kind = RL_M_PAIRS}, {.count = 1, .q = 2, .cached = POWER(63), .tree = &BESIDE}, 0},
    {{.kind = RL_M_PAIRS, .within = MOST},
     {.count = 1, .q = 2, .cached = POWER(63), .tree = &BESIDE},
     0},
    {{.kind = RL_M_PAIRS, .within = 8}, {.count = 1, .q = 2, .cached = MOST, .tree = &BELOW}, 0},
    {{.kind = RL_M_RECTANGLE}, LATE, 0},
    {{.kind = RL_M_RECTANGLE}, TOKENS(POWER(32)), 0},
    /* what the body leaves over: a window sees fewer keys than the body has, twice the body */
    {{.kind = RL_M_REST_PAIRS, .parting = {.step = 1}}, LATE, 0},
    {{.kind = RL_M_REST_PAIRS, .parting = {.step = 1}, .window = 1},
     {.count = 1, .q = 2, .cached = POWER(63)},
     0},
    {{.kind = RL_M_REST_PAIRS, .parting = {.step = 1}, .window = 1},
     {.count = 1, .q = 2, .cached = 9},
     0},
    {{.kind = RL_M_REST_SCORES, .parting = {.step = 1}}, LATE, 0},
    /* under a window: a tail of 2^64 - 2 and 2 tokens, q q; 2^62 seen by each of 4; of trees */
    {{.kind = RL_M_REST_SCORES, .parting = {.step = MOST, .window = MOST, .block = 1}},
     {.count = 1, .q = 2, .cached = MOST - 1},
     0},
    {{.kind = RL_M_REST_SCORES, .parting = {.step = 1, .window = 2, .block = 1}},
     TOKENS(POWER(33)),
     0},
    {{.kind = RL_M_BODY_PAIRS, FAR_BODY}, LATE, 0},
    {{.kind = RL_M_BODY_PAIRS, FAR_BODY}, {.count = 1, .q = 4, .cached = POWER(62)}, 0},
    {{.kind = RL_M_BODY_PAIRS, FAR_BODY},
     {.count = 1, .q = 2, .cached = MOST, .tree = &BELOW},
     0},
    {{.kind = RL_M_BODY_PAIRS, FAR_BODY},
     {.count = 1, .q = 2, .cached = POWER(63), .tree = &BESIDE},
     0},
    /* chunks of C: T / C whole ones with C (C + 1) / 2 each. 2^50 of 2^54 in all, 2^33 continued
     * ones; 2^54 (2^10 + 1) / 2 > 2^63 + 2^53 and a continued one of 2^31 (2^32 - 1) */
    {{.kind = RL_M_CHUNK_PAIRS, .chunk = POWER(33)}, TOKENS(1), 0},
    {{.kind = RL_M_CHUNK_PAIRS, .chunk = POWER(10)}, TOKENS(POWER(60)), 0},
    {{.kind = RL_M_CHUNK_PAIRS, .chunk = 1, .within = MOST},
     {.count = 1, .q = POWER(33), .cached = 1},
     0},
    {{.kind = RL_M_CHUNK_PAIRS, .chunk = POWER(10), .within = POWER(32)},
     {.count = 1, .q = POWER(54) + POWER(32) - 1, .cached = 1},
     0},
    /* sources: pieces (n + lead), its squares, times q */
    {{.kind = RL_M_SOURCE, .lead = 1}, SOURCE(MOST, 1), 0},
    {{.kind = RL_M_SOURCE}, SOURCE(POWER(63), 2), 0},
    {{.kind = RL_M_SOURCE_ROWS, .lead = 1}, SOURCE(MOST, 1), 0},
    {{.kind = RL_M_SOURCE_ID_ROWS, .lead = 1}, SOURCE(MOST, 1), 0},
    {{.kind = RL_M_SOURCE_PAIRS, .lead = 1}, SOURCE(MOST, 1), 0},
    {{.kind = RL_M_SOURCE_PAIRS}, SOURCE(POWER(32), 1), 0},
    {{.kind = RL_M_SOURCE_PAIRS}, SOURCE(POWER(31), 4), 0},
    {{.kind = RL_M_SQUARE_PAIRS, .within = 1}, SOURCE(POWER(20), POWER(44)), 0},
    {{.kind = RL_M_SQUARE_PAIRS, .within = MOST}, SOURCE(POWER(40), 1), 0},
    {{.kind = RL_M_CROSS_PAIRS, .lead = 1}, SOURCE(MOST, 1), 0},
    {{.kind = RL_M_CROSS_PAIRS}, SOURCE(POWER(63), 1), 0},
    /* tokens of several groups that meet; parts of them */
    {{.kind = RL_M_EXPERTS, .draw = &DRAW, .meet = MOST}, TOKENS(2), 0},
    {{.kind = RL_M_EXPERTS, .draw = &DRAW, DEALT}, LATE, 0},
    {{.kind = RL_M_EXPERT_CHOICES, .draw = &DRAW, .meet = MOST}, TOKENS(2), 0},
    {{.kind = RL_M_EXPERT_CHOICES, .draw = &DRAW, DEALT}, LATE, 0},
    {{.kind = RL_M_EXPERT_TOKENS, .draw = &DRAW, .meet = MOST}, TOKENS(2), 0},
    {{.kind = RL_M_EXPERT_TOKENS, .draw = &DRAW}, TOKENS(MOST), 0},
    {{.kind = RL_M_TOKEN_PART, .ranks = 2, .part = 2}, TOKENS(POWER(63)), 0},
    {{.kind = RL_M_TOKEN_PART, .ranks = 2, .part = 1}, TOKENS(POWER(63)), 0},
    {{.kind = RL_M_TOKEN_PART, .ranks = 2, DEALT}, LATE, 0},
    {{.kind = RL_M_TOKENS}, {.count = 2, .q = POWER(63)}, 0},
    /* a wish for logits that there is not */
    {{.kind = RL_M_LOGIT_ROWS}, {.count = 1, .q = 2, .logits = (rl_logits)7}, 0},
    {{.kind = RL_M_LOGITS_ANY}, {.count = 1, .q = 2, .logits = (rl_logits)7}, 0},
};

static const row EXACT[] = {
    /* of positions 4 and 5 the even one */
    {{.kind = RL_M_TOKENS, DEALT}, {.count = 1, .q = 2, .cached = 4}, 1},
    /* 3 + 2 (2^63 - 2) */
    {{.kind = RL_M_PAIRS}, {.count = 1, .q = 2, .cached = MOST / 2 - 1}, MOST},
    /* 2 (1 + 2^63 - 2) */
    {{.kind = RL_M_PAIRS},
     {.count = 1, .q = 2, .cached = POWER(63) - 2, .tree = &BESIDE},
     MOST - 1},
    {{.kind = RL_M_PAIRS, .within = MOST},
     {.count = 1, .q = 2, .cached = POWER(63) - 2, .tree = &BESIDE},
     MOST - 1},
    /* keys 3 to 10 of 12, the newest left out */
    {{.kind = RL_M_KV_READ, .window = 8, .skip = 1}, {.count = 1, .q = 2, .cached = 10}, 8},
    /* 2^64 - 2 is a multiple of 7 */
    {{.kind = RL_M_KV_KEPT, .page = 7}, TOKENS(MOST - 1), MOST - 1},
    {{.kind = RL_M_RECTANGLE}, TOKENS(POWER(32) - 1), MOST - POWER(33) + 2},
    /* nine keys of the body seen by both, of 2 9 + 3 */
    {{.kind = RL_M_REST_PAIRS, .parting = {.step = 1}}, {.count = 1, .q = 2, .cached = 9}, 3},
    {{.kind = RL_M_CHUNK_OPEN, .within = 4}, {.count = 1, .q = 0, .cached = 3}, 0},
    {{.kind = RL_M_CHUNK_OPEN, .within = 4}, {.count = 1, .q = 1, .cached = 3}, 1},
    {{.kind = RL_M_SOURCE_PAIRS}, SOURCE(POWER(31), 3), 3 * POWER(62)},
    {{.kind = RL_M_SQUARE_PAIRS, .within = 1}, SOURCE(POWER(20), POWER(43)), POWER(63)},
    {{.kind = RL_M_CROSS_PAIRS}, SOURCE(MOST / 2, 1), MOST - 1},
    {{.kind = RL_M_SOURCE_HELD}, {.count = 1, .q = 1, .cached = 5, .source = {3, 1, 0}}, 1},
    {{.kind = RL_M_SOURCE_HELD}, TOKENS(1), 0},
};

static void test_refused(void) {
  for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
    uint64_t value;
    bool fits = sum(&REFUSED[i].moment, &REFUSED[i].group, 1, &value);
    if (fits) fprintf(stderr, "\nrow %zu: %llu\n", i, (unsigned long long)value);
    CU_ASSERT_FALSE(fits);
  }
}

static void test_exact(void) {
  for (size_t i = 0; i < sizeof EXACT / sizeof *EXACT; i++) {
    uint64_t value = 0;
    bool fits = sum(&EXACT[i].moment, &EXACT[i].group, 1, &value);
    if (!fits || value != EXACT[i].value) {
      fprintf(stderr, "\nrow %zu: %d %llu\n", i, fits, (unsigned long long)value);
    }
    CU_ASSERT(fits && value == EXACT[i].value);
  }
}

/* Groups that fit alone and not together. */
static void test_together(void) {
  const rl_group groups[] = {{.count = HALF, .q = 1}, {.count = HALF, .q = 1}};
  static const rl_moment moments[] = {{.kind = RL_M_SEQUENCES},
                                      {.kind = RL_M_TOKENS},
                                      {.kind = RL_M_ID_ROWS},
                                      {.kind = RL_M_KV_ROWS},
                                      {.kind = RL_M_TOKEN_PART, .ranks = 2},
                                      {.kind = RL_M_BLOCKS, .draw = &DRAW},
                                      {.kind = RL_M_EXPERTS, .draw = &DRAW},
                                      {.kind = RL_M_EXPERT_TOKENS, .draw = &DRAW}};
  uint64_t value;
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    CU_ASSERT_FALSE(sum(&moments[i], groups, 2, &value));
  }
  CU_ASSERT(sum(&moments[0], groups, 1, &value) && value == HALF);
  CU_ASSERT(sum(&moments[3], groups, 1, &value) && value == HALF);
}

RL_SUITE("moments beyond 64 bits", {"refused", test_refused}, {"exact below", test_exact},
         {"together", test_together})
