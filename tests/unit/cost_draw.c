/* Experts that are not chosen alike, and experts spread over ranks: the probabilities against
 * fractions derived by hand, the expectations against tokens that really choose. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "cost/cost.h"
#include "diag_line.h"
#include "unit.h"

enum { EXPERTS = 256, RANKS = 32 };
static rl_arena arena;
static rl_diags diags;

static void begin(void) {
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
}

static const rl_draw *draw_of(const rl_skew *skew, uint64_t experts, uint64_t top_k,
                              uint64_t ranks) {
  const rl_draw *draw = NULL;
  rl_draw_of of = {.experts = experts, .top_k = top_k, .ranks = ranks};
  CU_ASSERT_EQUAL_FATAL(rl_draw_new(&arena, skew, of, &draw, &diags), RL_OK);
  return draw;
}

static rl_skew power_law(double exponent) {
  return (rl_skew){.kind = RL_SKEW_POWER_LAW,
                   .exponent = (uint64_t)(exponent * RL_SKEW_EXPONENT_UNIT + 0.5)};
}

static rl_skew measured(const uint64_t *popularity, size_t count) {
  return (rl_skew){.kind = RL_SKEW_MEASURED, .popularity = popularity, .count = count};
}

/* --- by hand --- */

/* Weights 1/1 .. 1/8 against the libm of this machine, which errs by less than a unit of 2^-50. */
static void test_power_law(void) {
  static const double exponents[] = {0.25, 0.5, 1, 1.3, 2, 3.7, 4};
  uint64_t weights[4096];
  for (size_t s = 0; s < sizeof exponents / sizeof *exponents; s++) {
    rl_power_law((uint64_t)(exponents[s] * RL_SKEW_EXPONENT_UNIT + 0.5), 4096, weights);
    CU_ASSERT_EQUAL(weights[0], RL_SKEW_UNIT);
    for (int i = 0; i < 4096; i++) {
      double right = pow(i + 1, -exponents[s]) * (double)RL_SKEW_UNIT;
      CU_ASSERT(fabs((double)weights[i] - right) <= 1 + right * 1e-14);
    }
  }
  rl_power_law(RL_SKEW_EXPONENT_UNIT, 8, weights);
  CU_ASSERT(weights[1] >= RL_SKEW_UNIT / 2 - 1 && weights[1] <= RL_SKEW_UNIT / 2);
  CU_ASSERT(weights[3] >= RL_SKEW_UNIT / 4 - 1 && weights[3] <= RL_SKEW_UNIT / 4);
}

/* Weights 3, 2, 1, 0, one choice: pi = 1/2, 1/3, 1/6, 0. Two tokens choose
 * 1 - 1/4 + 1 - 4/9 + 1 - 25/36 = 58/36 experts, 1689372.4 units. All but the fourth in the end. */
static void test_shares(void) {
  static const uint64_t weights[] = {RL_SKEW_UNIT, RL_SKEW_UNIT / 3 * 2, RL_SKEW_UNIT / 3, 0};
  begin();
  rl_skew skew = measured(weights, 4);
  const rl_draw *draw = draw_of(&skew, 4, 1, 1);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 0), 0);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 1), 1 << 20);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 2), 1689372);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 100000), 3 << 20);
  rl_arena_free(&arena);
}

/* Weights 8, 2, 1, 1, two choices: 2 * 8 >= 12 makes the first certain; one choice is left for 2,
 * 1, 1: pi = 1, 1/2, 1/4, 1/4. Two tokens: 1 + 3/4 + 2 * 7/16 = 2.625. On two ranks the first
 * always holds the more: pi = 3/2 of the choices, or 2 and 0. */
static void test_certain(void) {
  static const uint64_t weights[] = {8, 2, 1, 1};
  uint64_t choices = 0;
  begin();
  rl_skew skew = measured(weights, 4);
  const rl_draw *draw = draw_of(&skew, 4, 2, 1);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 1), 2 << 20);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 2), 2752512);
  CU_ASSERT(rl_expected_rank_choices(draw, 5, &choices) && choices == 10 << 20);
  draw = draw_of(&skew, 4, 2, 2);
  CU_ASSERT(rl_expected_rank_choices(draw, 1, &choices) && choices >= 3 << 19 &&
            choices < 13 << 17);
  CU_ASSERT_FALSE(rl_expected_rank_choices(draw, UINT64_MAX, &choices));
  /* as many certain ones as choices: nobody else is ever chosen */
  static const uint64_t sharp[] = {0, 9, 0, 9};
  skew = measured(sharp, 4);
  draw = draw_of(&skew, 4, 2, 4);
  CU_ASSERT_EQUAL(rl_expected_rank_experts(draw, 7), 1 << 20);
  CU_ASSERT(rl_expected_rank_choices(draw, 7, &choices) && choices == 7 << 20);
  rl_arena_free(&arena);
}

/* A power law of exponent 1 over 4 experts, one choice: weights 12, 6, 4, 3 of 25. Dealt to two
 * ranks the first has the first and the third: 16/25 of the choices. Of one token the rank with
 * most has one; two tokens meet on one rank with (16^2 + 9^2) / 25^2 = 337/625, and of the others
 * each has one: 1 + 337/625 = 1.5392. */
static void test_dealt(void) {
  uint64_t choices = 0;
  begin();
  rl_skew skew = power_law(1);
  const rl_draw *draw = draw_of(&skew, 4, 1, 2);
  CU_ASSERT(rl_expected_rank_choices(draw, 1, &choices) && choices == 1 << 20);
  CU_ASSERT(rl_expected_rank_choices(draw, 2, &choices));
  CU_ASSERT(fabs((double)choices / (1 << 20) - 1.5392) < 0.005);
  CU_ASSERT(rl_expected_rank_choices(draw, 1 << 30, &choices));
  CU_ASSERT(choices >= (UINT64_C(1) << 50) / 25 * 16 && choices < (UINT64_C(1) << 50) / 25 * 17);
  rl_arena_free(&arena);
}

static bool near_units(uint64_t a, uint64_t b) {
  return a <= b + 2 && b <= a + 2;
}

/* Alike experts that stand together; on a rank for each one expert is in use, and of one choice a
 * token 4 ranks get, of two tokens, 2 with 1/4; of three, 3 with 4/64 and 2 with 36/64. */
static void test_alike(void) {
  uint64_t choices = 0;
  rl_skew flat = power_law(0);
  begin();
  const rl_draw *one = draw_of(NULL, 60, 4, 1), *four = draw_of(&flat, 4, 1, 4);
  const rl_draw *eight = draw_of(NULL, 8, 2, 8);
  CU_ASSERT_PTR_NULL(one->missed);
  for (uint64_t n = 0; n < 300; n++) {
    CU_ASSERT_EQUAL(rl_expected_rank_experts(one, n), rl_expected_experts(60, 4, n));
    CU_ASSERT_EQUAL(rl_expected_rank_experts(eight, n), n == 0 ? 0 : 1 << 20);
  }
  CU_ASSERT(rl_expected_rank_choices(one, 3, &choices) && choices == 12 << 20);
  CU_ASSERT(rl_expected_rank_choices(eight, 1, &choices) && choices == 1 << 20);
  CU_ASSERT(rl_expected_rank_choices(four, 2, &choices));
  CU_ASSERT(near_units(choices, 5 << 18)); /* 1.25 */
  CU_ASSERT(rl_expected_rank_choices(four, 3, &choices));
  CU_ASSERT(near_units(choices, 27 << 16)); /* 1.6875 */
  rl_arena_free(&arena);
}

/* What is looked up and what is computed are the same numbers, and grow; on ranks no slower than
 * the largest of the means, and no faster than all there is. */
static void test_table(void) {
  begin();
  rl_skew skew = power_law(1.2);
  const rl_draw *together = draw_of(&skew, EXPERTS, 8, 1);
  uint64_t before = 0, few[4096];
  memcpy(few, together->table, sizeof few);
  for (uint64_t n = 1; n < 5000; n++) {
    uint64_t now = rl_expected_rank_experts(together, n);
    CU_ASSERT(now >= before && now <= EXPERTS << 20);
    before = now;
  }
  CU_ASSERT(few[4095] <= rl_expected_rank_experts(together, 4096));
  CU_ASSERT(rl_expected_rank_experts(together, 4096) - few[4095] <= few[4095] - few[4094] + 1);
  for (int alike = 0; alike < 2; alike++) {
    const rl_draw *draw = draw_of(alike ? NULL : &skew, EXPERTS, 8, 4);
    uint64_t last[RL_DRAW_FACTS] = {0}, now[RL_DRAW_FACTS];
    for (uint64_t n = 1; n < 6000; n++) {
      now[RL_DRAW_EXPERTS] = rl_expected_rank_experts(draw, n);
      CU_ASSERT(rl_expected_rank_choices(draw, n, &now[RL_DRAW_CHOICES]));
      CU_ASSERT(rl_expected_rank_tokens(draw, n, &now[RL_DRAW_TOKENS]));
      for (int f = 0; f < RL_DRAW_FACTS; f++) CU_ASSERT(now[f] >= last[f]);
      CU_ASSERT(now[RL_DRAW_EXPERTS] <= EXPERTS / 4 << 20);
      CU_ASSERT(now[RL_DRAW_TOKENS] <= n << 20 && now[RL_DRAW_CHOICES] >= n << 21);
      memcpy(last, now, sizeof last);
    }
  }
  rl_arena_free(&arena);
}

/* Every way in which 3 tokens choose 2 of 6 experts, on 2 and on 3 ranks. */
static void test_all_ways(void) {
  static const int pairs[15][2] = {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {1, 2}, {1, 3}, {1, 4},
                                   {1, 5}, {2, 3}, {2, 4}, {2, 5}, {3, 4}, {3, 5}, {4, 5}};
  for (int ranks = 2; ranks <= 3; ranks++) {
    uint64_t experts = 0, choices = 0, units = 0;
    for (int way = 0; way < 15 * 15 * 15; way++) {
      uint64_t used[3] = {0}, load[3] = {0}, seen = 0, most = 0, heaviest = 0;
      for (int i = 0; i < 6; i++) {
        int token = i / 2 == 0 ? way % 15 : i / 2 == 1 ? way / 15 % 15 : way / 225;
        int expert = pairs[token][i % 2], rank = expert / (6 / ranks);
        load[rank]++;
        used[rank] += (seen >> expert & 1) == 0;
        seen |= UINT64_C(1) << expert;
      }
      for (int r = 0; r < ranks; r++) most = used[r] > most ? used[r] : most;
      for (int r = 0; r < ranks; r++) heaviest = load[r] > heaviest ? load[r] : heaviest;
      experts += most;
      choices += heaviest;
    }
    begin();
    const rl_draw *draw = draw_of(NULL, 6, 2, (uint64_t)ranks);
    CU_ASSERT(near_units(rl_expected_rank_experts(draw, 3), (experts << 20) / 3375));
    CU_ASSERT(rl_expected_rank_choices(draw, 3, &units));
    CU_ASSERT(fabs((double)units * 3375 / (1 << 20) / (double)choices - 1) < 0.01);
    rl_arena_free(&arena);
  }
}

/* --- drawn --- */

/* xorshift64* (Vigna 2016), in [0, 1). */
static double random_share(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (double)(state * 2685821657736338717u >> 11) / 9007199254740992.0;
}

/* What a draw of passes is held against. pi is computed here again, in doubles. */
typedef struct drawing {
  int experts, top_k, ranks, tokens;
  bool dealt;
  double pi[EXPERTS];
} drawing;

/* min(1, c w) with the c that gives k in all, by bisection. */
static void choose_shares(drawing *d, const double *weights) {
  double low = 0, high = 1e9;
  for (int i = 0; i < 200; i++) {
    double c = (low + high) / 2, sum = 0;
    for (int e = 0; e < d->experts; e++) sum += fmin(1, c * weights[e]);
    *(sum < d->top_k ? &low : &high) = c;
  }
  for (int e = 0; e < d->experts; e++) d->pi[e] = fmin(1, high * weights[e]);
}

/* k different experts with exactly these probabilities: systematic sampling (Madow 1949) in an
 * order that is shuffled for every token. */
static void draw_token(const drawing *d, int *order, bool *used, int *choices) {
  double at = random_share(), reached = 0;
  for (int e = d->experts - 1; e > 0; e--) {
    int other = (int)(random_share() * (e + 1)), kept = order[e];
    order[e] = order[other];
    order[other] = kept;
  }
  for (int i = 0; i < d->experts; i++) {
    int expert = order[i];
    reached += d->pi[expert];
    if (reached <= at) continue;
    at += 1;
    used[expert] = true;
    choices[expert]++;
  }
}

static int rank_of(const drawing *d, int expert) {
  if (d->dealt) return expert % d->ranks;
  for (int r = 0;; r++) {
    if (expert < (r + 1) * d->experts / d->ranks) return r;
  }
}

/* What the rank with most has, summed over passes, and its square. */
typedef struct drawn {
  double sum[RL_DRAW_FACTS], squares[RL_DRAW_FACTS];
} drawn;

static void draw_pass(const drawing *d, int *order, drawn *out) {
  bool used[EXPERTS] = {false};
  int choices[EXPERTS] = {0}, before[EXPERTS];
  double of[RANKS][RL_DRAW_FACTS] = {{0}};
  for (int t = 0; t < d->tokens; t++) {
    bool here[RANKS] = {false};
    memcpy(before, choices, sizeof before);
    draw_token(d, order, used, choices);
    for (int e = 0; e < d->experts; e++) here[rank_of(d, e)] |= choices[e] != before[e];
    for (int r = 0; r < d->ranks; r++) of[r][RL_DRAW_TOKENS] += here[r];
  }
  for (int e = 0; e < d->experts; e++) {
    of[rank_of(d, e)][RL_DRAW_EXPERTS] += used[e];
    of[rank_of(d, e)][RL_DRAW_CHOICES] += choices[e];
  }
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    double most = 0;
    for (int r = 0; r < d->ranks; r++) most = fmax(most, of[r][f]);
    out->sum[f] += most;
    out->squares[f] += most * most;
  }
}

static double fact_of(const rl_draw *draw, rl_draw_fact fact, uint64_t n) {
  uint64_t units = rl_expected_rank_experts(draw, n);
  if (fact == RL_DRAW_CHOICES) CU_ASSERT(rl_expected_rank_choices(draw, n, &units));
  if (fact == RL_DRAW_TOKENS) CU_ASSERT(rl_expected_rank_tokens(draw, n, &units));
  return (double)units / (1 << 20);
}

/* The expectation lies within four standard errors of the mean of the drawn passes (one in 16000
 * does not), and the share that the definition allows it to be off. */
static void check_drawn(const drawing *d, const rl_draw *draw, const double *share) {
  enum { PASSES = 1500 };
  int order[EXPERTS];
  drawn sums = {{0}, {0}};
  for (int e = 0; e < d->experts; e++) order[e] = e;
  for (int i = 0; i < PASSES; i++) draw_pass(d, order, &sums);
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    double mean = sums.sum[f] / PASSES, spread = sums.squares[f] / PASSES - mean * mean;
    double error = 4 * sqrt(fmax(spread, 0) / PASSES) + 6.0 / PASSES;
    double expected = fact_of(draw, (rl_draw_fact)f, (uint64_t)d->tokens);
    if (fabs(mean - expected) <= error + share[f] * mean) continue;
    fprintf(stderr, "\n%d of %d experts on %d ranks, %d tokens, fact %d: %g drawn, %g expected\n",
            d->top_k, d->experts, d->ranks, d->tokens, f, mean, expected);
    CU_FAIL("the slowest rank is expected otherwise");
  }
}

static const int SHAPES[][3] = {{8, 2, 1},  {8, 2, 4},   {8, 2, 8},   {16, 1, 8},
                                {60, 4, 8}, {128, 8, 1}, {128, 8, 8}, {256, 8, 32}};
static const int TOKENS[] = {1, 2, 5, 16, 64};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES, TOKEN_COUNT = sizeof TOKENS / sizeof *TOKENS };

static void check_shapes(const rl_skew *skew, const double *weights, const double *share) {
  for (size_t i = 0; i < SHAPE_COUNT * TOKEN_COUNT; i++) {
    const int *shape = SHAPES[i / TOKEN_COUNT];
    drawing d = {.experts = shape[0],
                 .top_k = shape[1],
                 .ranks = shape[2],
                 .tokens = TOKENS[i % TOKEN_COUNT],
                 .dealt = skew->kind == RL_SKEW_POWER_LAW};
    rl_skew cut = *skew;
    if (cut.kind == RL_SKEW_MEASURED) cut.count = (size_t)d.experts;
    choose_shares(&d, weights);
    begin();
    check_drawn(&d, draw_of(&cut, (uint64_t)d.experts, (uint64_t)d.top_k, (uint64_t)d.ranks),
                share);
    rl_arena_free(&arena);
  }
}

/* Shares that docs/counting.md allows: experts, choices, tokens. */
static const double ALIKE[RL_DRAW_FACTS] = {0.001, 0.005, 0.01};
static const double UNLIKE[RL_DRAW_FACTS] = {0.05, 0.03, 0.1};

static void test_drawn_uniform(void) {
  double weights[EXPERTS];
  rl_skew skew = {.kind = RL_SKEW_UNIFORM};
  for (int e = 0; e < EXPERTS; e++) weights[e] = 1;
  check_shapes(&skew, weights, ALIKE);
}

static void test_drawn_power_law(void) {
  double weights[EXPERTS];
  rl_skew skew = power_law(1.1);
  for (int e = 0; e < EXPERTS; e++) weights[e] = pow(e + 1, -1.1);
  check_shapes(&skew, weights, UNLIKE);
}

/* A list with two favourites, an expert in twenty that nobody takes, and a ramp. */
static void test_drawn_measured(void) {
  double weights[EXPERTS];
  uint64_t popularity[EXPERTS];
  for (int e = 0; e < EXPERTS; e++) {
    popularity[e] = e % 20 == 19 ? 0 : (uint64_t)(1 + e % 7) << 30;
    if (e == 1 || e == 4) popularity[e] <<= 4;
    weights[e] = (double)popularity[e] / (double)(1 << 30);
  }
  rl_skew skew = measured(popularity, EXPERTS);
  check_shapes(&skew, weights, UNLIKE);
}

/* --- what cannot be --- */

static void test_refused(void) {
  static const uint64_t weights[] = {8, 0, 0, 1};
  const rl_draw *draw;
  begin();
  rl_skew skew = measured(weights, 4);
  skew.loc = (rl_loc){.file = "skew.yaml", .line = 3, .column = 5};
  CU_ASSERT_EQUAL(rl_draw_new(&arena, &skew, ((rl_draw_of){.experts = 5, .top_k = 2, .ranks = 1}), &draw, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(rl_draw_new(&arena, &skew, ((rl_draw_of){.experts = 4, .top_k = 3, .ranks = 1}), &draw, &diags), RL_BAD_INPUT);
  diag_is(&diags, 0,
          "skew.yaml:3:5: error: the popularity of 4 experts is given, and a layer has 5");
  diag_is(&diags, 1,
          "skew.yaml:3:5: error: experts with a popularity above zero: 2; each token chooses 3");
  rl_arena_free(&arena);
}

RL_SUITE("draws of experts", {"power law", test_power_law}, {"shares", test_shares},
         {"certain experts", test_certain}, {"dealt", test_dealt}, {"alike", test_alike},
         {"table", test_table}, {"all ways", test_all_ways}, {"drawn, uniform", test_drawn_uniform},
         {"drawn, power law", test_drawn_power_law}, {"drawn, measured", test_drawn_measured},
         {"refused", test_refused})
