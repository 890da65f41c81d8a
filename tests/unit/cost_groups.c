/* Experts that a token may choose from the best few groups alone, spread over ranks: against tokens
 * with scores of their own, whose groups and experts are chosen as a router does. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "cost/cost.h"
#include "unit.h"

enum { EXPERTS = 256, CHOICES = 8, TOKENS = 8192 };
static rl_arena arena;
static rl_diags diags;

typedef struct routing {
  int experts, top_k, groups, kept, best;
} routing;

static const rl_draw *draw_of(const routing *r, uint64_t ranks) {
  const rl_draw *draw = NULL;
  rl_draw_of of = {.experts = (uint64_t)r->experts,
                   .top_k = (uint64_t)r->top_k,
                   .ranks = ranks,
                   .limit = {(uint64_t)r->groups, (uint64_t)r->kept, (uint64_t)r->best}};
  CU_ASSERT_EQUAL_FATAL(rl_draw_new(&arena, NULL, of, &draw, &diags), RL_OK);
  return draw;
}

/* --- drawn --- */

/* SplitMix64 (Steele et al. 2014), in [0, 1). */
static double random_score(void) {
  static uint64_t state = 20241227;
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static int largest_of(const double *values, int begin, int end) {
  int best = begin;
  for (int i = begin + 1; i < end; i++) best = values[i] > values[best] ? i : best;
  return best;
}

/* The sum of the best one or two scores of a group. */
static double worth_of(const routing *r, double *scores, int group) {
  const int size = r->experts / r->groups, begin = group * size;
  const int first = largest_of(scores, begin, begin + size);
  const double best = scores[first];
  if (r->best == 1) return best;
  scores[first] = -1;
  const double second = scores[largest_of(scores, begin, begin + size)];
  scores[first] = best;
  return best + second;
}

static void choose(const routing *r, int *chosen) {
  double scores[EXPERTS], worth[EXPERTS];
  bool kept[EXPERTS] = {false};
  for (int e = 0; e < r->experts; e++) scores[e] = random_score();
  for (int g = 0; g < r->groups; g++) worth[g] = worth_of(r, scores, g);
  for (int i = 0; i < r->kept; i++) {
    const int best = largest_of(worth, 0, r->groups);
    kept[best] = true;
    worth[best] = -1;
  }
  for (int e = 0; e < r->experts; e++) {
    if (!kept[e / (r->experts / r->groups)]) scores[e] = -1;
  }
  for (int i = 0; i < r->top_k; i++) {
    chosen[i] = largest_of(scores, 0, r->experts);
    scores[chosen[i]] = -1;
  }
}

/* What the rank with most has of the tokens from `first` on. */
static void share_out(const routing *r, int (*chosen)[CHOICES], int n, int ranks, double *most) {
  bool used[EXPERTS] = {false};
  double of[EXPERTS][RL_DRAW_FACTS] = {{0}};
  int last[EXPERTS], rank_of[EXPERTS];
  for (int i = 0; i < ranks; i++) {
    last[i] = -1;
    for (int e = i * r->experts / ranks; e < (i + 1) * r->experts / ranks; e++) rank_of[e] = i;
  }
  for (int t = 0; t < n; t++) {
    for (int i = 0; i < r->top_k; i++) {
      const int expert = chosen[t][i], rank = rank_of[expert];
      of[rank][RL_DRAW_EXPERTS] += !used[expert];
      of[rank][RL_DRAW_CHOICES] += 1;
      of[rank][RL_DRAW_TOKENS] += last[rank] != t;
      used[expert] = true;
      last[rank] = t;
    }
  }
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    most[f] = 0;
    for (int i = 0; i < ranks; i++) most[f] = fmax(most[f], of[i][f]);
  }
}

static double fact_of(const rl_draw *draw, int fact, uint64_t n) {
  uint64_t units = rl_expected_rank_experts(draw, n);
  if (fact == RL_DRAW_CHOICES) CU_ASSERT(rl_expected_rank_choices(draw, n, &units));
  if (fact == RL_DRAW_TOKENS) CU_ASSERT(rl_expected_rank_tokens(draw, n, &units));
  return (double)units / (double)RL_EXPERT_UNIT;
}

/* Within four standard errors of the mean of the passes (one in 16000 is not), and what the
 * definition allows: choices and tokens 1 %, experts 0.8 %. */
static void check(const routing *r, int (*chosen)[CHOICES], int n, int ranks, const rl_draw *draw) {
  static const double SHARE[RL_DRAW_FACTS] = {0.008, 0.01, 0.01};
  double sum[RL_DRAW_FACTS] = {0}, squares[RL_DRAW_FACTS] = {0};
  const int passes = TOKENS / n;
  for (int p = 0; p < passes; p++) {
    double most[RL_DRAW_FACTS];
    share_out(r, chosen + p * n, n, ranks, most);
    for (int f = 0; f < RL_DRAW_FACTS; f++) {
      sum[f] += most[f];
      squares[f] += most[f] * most[f];
    }
  }
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    const double mean = sum[f] / passes, spread = squares[f] / passes - mean * mean;
    const double error = 4 * sqrt(fmax(spread, 0) / passes);
    const double expected = fact_of(draw, f, (uint64_t)n);
    if (fabs(mean - expected) <= error + SHARE[f] * mean + 1e-6) continue;
    fprintf(stderr,
            "\n%d experts in %d groups, %d ranks, %d tokens, fact %d: %g drawn, %g expected\n",
            r->experts, r->groups, ranks, n, f, mean, expected);
    CU_FAIL("the slowest rank is expected otherwise");
  }
}

static void check_routing(const routing *r) {
  static const int RANKS[] = {2, 4, 8, 12, 16, 32}, NUMBERS[] = {1, 2, 7, 32, 256};
  static int chosen[TOKENS][CHOICES];
  for (int t = 0; t < TOKENS; t++) choose(r, chosen[t]);
  for (size_t i = 0; i < sizeof RANKS / sizeof *RANKS; i++) {
    rl_arena_init(&arena, NULL);
    rl_diags_init(&diags, &arena);
    const rl_draw *draw = draw_of(r, (uint64_t)RANKS[i]);
    for (size_t n = 0; n < sizeof NUMBERS / sizeof *NUMBERS; n++) {
      check(r, chosen, NUMBERS[n], RANKS[i], draw);
    }
    rl_arena_free(&arena);
  }
}

/* DeepSeek-AI 2024, V3, 4.2: 256 experts in 8 groups, 4 of them kept by their best two, top 8 */
static void test_v3(void) {
  check_routing(&(routing){256, 8, 8, 4, 2});
}

/* DeepSeek-AI 2024, V2, 3.1.2: 160 experts in 8 groups, 3 of them kept by their best, top 6 */
static void test_v2(void) {
  check_routing(&(routing){160, 6, 8, 3, 1});
}

/* --- by hand --- */

static uint64_t choices_of(const rl_draw *draw, uint64_t n) {
  uint64_t units = 0;
  CU_ASSERT(rl_expected_rank_choices(draw, n, &units));
  return units;
}

/* Of 4 groups one is kept, and a token takes 2 of its 3 experts: with a rank for each group both
 * come to one rank, of which there are four. Two tokens meet there with 1/4: 2.5 choices, and of 3
 * experts they take 2 + 2/3 where they meet: 2 + 1/4 * 2/3. With one rank for two groups they meet
 * with 1/2: 3 choices. A group's worth by its best two makes no difference where groups are alike.
 */
static void test_one_group(void) {
  for (int best = 1; best <= 2; best++) {
    const routing r = {12, 2, 4, 1, best};
    rl_arena_init(&arena, NULL);
    rl_diags_init(&diags, &arena);
    const rl_draw *draw = draw_of(&r, 4);
    CU_ASSERT_EQUAL(choices_of(draw, 1), 2 << 20);
    CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 1), 2 << 20);
    CU_ASSERT(fabs((double)choices_of(draw, 2) / (1 << 20) - 2.5) < 0.02);
    CU_ASSERT(fabs(fact_of(draw, RL_DRAW_EXPERTS, 2) - (2 + 1 / 6.0)) < 0.02);
    CU_ASSERT(fabs(fact_of(draw, RL_DRAW_TOKENS, 2) - 1.25) < 0.01);
    CU_ASSERT(fabs((double)choices_of(draw_of(&r, 2), 2) / (1 << 20) - 3) < 0.02);
    rl_arena_free(&arena);
  }
}

/* Groups of one expert, whose best two are one: the kept ones are the chosen ones, and the draw is
 * that without groups. */
static void test_groups_of_one(void) {
  const routing single = {8, 2, 8, 2, 2}, none = {8, 2, 0, 0, 0};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_draw *limited = draw_of(&single, 4), *free_draw = draw_of(&none, 4);
  for (uint64_t n = 1; n <= 64; n *= 2) {
    for (int f = 0; f < RL_DRAW_FACTS; f++) {
      const double right = fact_of(free_draw, f, n);
      CU_ASSERT(fabs(fact_of(limited, f, n) - right) < 0.015 * right);
    }
  }
  rl_arena_free(&arena);
}

/* More tokens never bring less, no more than there is, and no less than the mean of the ranks; also
 * far beyond what is tabulated. The groups do not matter on one rank, nor where all are kept. */
static void test_growth(void) {
  const routing r = {160, 6, 8, 3, 1}, all = {160, 6, 8, 8, 1};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_draw *draw = draw_of(&r, 12);
  double before[RL_DRAW_FACTS] = {0};
  for (uint64_t n = 1; n < 3000; n++) {
    for (int f = 0; f < RL_DRAW_FACTS; f++) {
      const double now = fact_of(draw, f, n);
      CU_ASSERT(now >= before[f]);
      before[f] = now;
    }
    CU_ASSERT(before[RL_DRAW_EXPERTS] <= 14 && before[RL_DRAW_TOKENS] <= (double)n);
    CU_ASSERT(before[RL_DRAW_CHOICES] >= (double)n / 2);
  }
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw_of(&r, 1), 9), rl_expected_experts(160, 6, 9));
  CU_ASSERT_EQUAL(draw_of(&all, 4)->end, 16384 / 6 + 1);
  rl_arena_free(&arena);
}

RL_SUITE("experts in groups", {"by hand", test_one_group}, {"groups of one", test_groups_of_one},
         {"growth", test_growth}, {"drawn, V3", test_v3}, {"drawn, V2", test_v2})
