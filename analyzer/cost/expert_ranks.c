/* What the slowest of several ranks waits for: expectations of the largest over the ranks, as
 * integers that are the same on every machine. Tokens choose independently, so the shares of ranks
 * are sums; they are taken as independent of each other but for their total, which is known: given
 * the total they are exact for one token, and for one choice a token, and have the right variance
 * otherwise. Definitions and errors: docs/counting.md, Experts. */
#include "base/checked.h"
#include "base/number.h"
#include "cost/expert_table.h"

#define ONE (UINT64_C(1) << 62)  /* probabilities are shares of it */
#define UNIT (UINT64_C(1) << 32) /* means and variances */
enum {
  CHOICES_MAX = 16384, /* tables end where the tokens make that many choices */
  TOTAL_MAX = 32,      /* up to here shares are conditioned on their total */
  SUPPORT_MAX = 4096,  /* counts around the mean that are likely enough to matter */
  EXACT_MAX = 64,      /* the distinct experts of so few are counted by their chain */
  EVERY = 32           /* numbers of tokens up to this are all computed; then each eighth */
};

/* How a count of one rank is spread: P(j + 1) / P(j) = (mean - j p) / ((j + 1) (1 - p)), which is
 * binomial, and Poisson for p = 0 (Johnson et al. 2005, Univariate Discrete Distributions, 2.3).
 * The variance is mean (1 - p). */
typedef struct rank_law {
  uint64_t ranks;   /* that have it */
  uint64_t mean, p; /* in UNIT */
  uint64_t top;     /* never more */
} rank_law;

typedef struct series {
  uint64_t of[TOTAL_MAX + 1]; /* coefficients */
} series;

typedef struct rank_bench {
  const rl_draw *draw;
  const rl_rank_shape *shapes;
  size_t shape_count;
  rank_law *laws;  /* [shape_count] */
  series *series;  /* [shape_count] of shares with a known total */
  uint64_t *share; /* [SUPPORT_MAX] of one law: P(first), P(first + 1), ... */
  uint64_t first, count;
  uint64_t *below; /* [CHOICES_MAX + 1] P(no rank has more than m), for m up to `end` */
  uint64_t end;
  uint64_t used[EXACT_MAX + 1];    /* P(d distinct experts in all) */
  uint64_t largest[EXACT_MAX + 1]; /* expected largest of d distinct ones, in RL_EXPERT_UNIT; 0: not
                                      known yet */
} rank_bench;

static uint64_t product(uint64_t a, uint64_t b) {
  return (uint64_t)(((rl_u128)a * b + ONE / 2) / ONE);
}

static uint64_t raise(uint64_t share, uint64_t n) {
  uint64_t result = ONE;
  for (; n > 0; n /= 2) {
    if (n % 2 == 1) result = product(result, share);
    share = product(share, share);
  }
  return result;
}

/* --- one law --- */

/* Values upwards and downwards of the mode, as long as they are not negligible. */
static void spread_law(rank_bench *b, const rank_law *law) {
  enum { HALF_MAX = SUPPORT_MAX / 2 };
  const uint64_t least = ONE >> 36, rest = UNIT - law->p;
  uint64_t mode = rl_min_u64(law->mean / UNIT, law->top), down = 0, value = ONE;
  uint64_t *at = b->share + HALF_MAX; /* of the mode */
  *at = ONE;
  for (uint64_t j = mode; j > 0 && down + 1 < HALF_MAX && value > least; j--) {
    value = (uint64_t)((rl_u128)value * j * rest / (law->mean - (j - 1) * law->p));
    *(at - ++down) = value;
  }
  b->first = mode - down;
  b->count = down + 1;
  value = ONE;
  for (uint64_t j = mode; j < law->top && b->count < down + HALF_MAX && value > least; j++) {
    if (law->mean <= j * law->p || rest == 0) break;
    value = (uint64_t)((rl_u128)value * (law->mean - j * law->p) / ((rl_u128)(j + 1) * rest));
    at[b->count++ - down] = value;
  }
  rl_u128 sum = 0;
  for (uint64_t i = 0; i < b->count; i++) sum += *(at - down + i);
  for (uint64_t i = 0; i < b->count; i++) {
    b->share[i] = (uint64_t)((rl_u128) * (at - down + i) * ONE / sum);
  }
}

/* --- the largest of independent shares --- */

/* Nothing is known of counts up to `top`. */
static void begin_apart(rank_bench *b, uint64_t top) {
  b->end = rl_min_u64(top, CHOICES_MAX);
  for (uint64_t m = 0; m <= b->end; m++) b->below[m] = ONE;
}

/* So many ranks with the law that was spread. */
static void take_apart(rank_bench *b, uint64_t ranks) {
  uint64_t reached = 0;
  for (uint64_t m = 0; m < b->first && m <= b->end; m++) b->below[m] = 0;
  for (uint64_t i = 0; i + 1 < b->count && b->first + i <= b->end; i++) {
    reached += b->share[i];
    uint64_t *below = &b->below[b->first + i];
    *below = product(*below, raise(rl_min_u64(reached, ONE), ranks));
  }
}

static uint64_t end_apart(const rank_bench *b) {
  rl_u128 sum = 0;
  for (uint64_t m = 0; m <= b->end; m++) sum += ONE - b->below[m];
  return (uint64_t)((sum * RL_EXPERT_UNIT + ONE / 2) / ONE);
}

static uint64_t largest_apart(rank_bench *b) {
  uint64_t top = 0;
  for (size_t l = 0; l < b->shape_count; l++) top = rl_max_u64(top, b->laws[l].top);
  begin_apart(b, top);
  for (size_t l = 0; l < b->shape_count; l++) {
    spread_law(b, &b->laws[l]);
    take_apart(b, b->laws[l].ranks);
  }
  return end_apart(b);
}

/* --- the largest of shares with a known total --- */

static void multiply_series(series *a, const series *b, uint64_t total) {
  series out = {{0}};
  for (uint64_t i = 0; i <= total; i++) {
    for (uint64_t j = 0; i + j <= total && a->of[i] != 0; j++) {
      out.of[i + j] += product(a->of[i], b->of[j]);
    }
  }
  *a = out;
}

/* The law as a series, up to the total. */
static series series_of(rank_bench *b, const rank_law *law, uint64_t total) {
  series out = {{0}};
  spread_law(b, law);
  for (uint64_t i = 0; i < b->count && b->first + i <= total; i++)
    out.of[b->first + i] = b->share[i];
  return out;
}

/* P(all counts are at most m and their sum is the total), for every law's ranks. */
static uint64_t reach_total(const rank_bench *b, uint64_t total, uint64_t m) {
  series all = {{ONE}};
  for (size_t l = 0; l < b->shape_count; l++) {
    series one = b->series[l];
    for (uint64_t j = m + 1; j <= total; j++) one.of[j] = 0;
    for (uint64_t n = b->laws[l].ranks; n > 0; n /= 2) {
      if (n % 2 == 1) multiply_series(&all, &one, total);
      if (n > 1) multiply_series(&one, &one, total);
    }
  }
  return all.of[total];
}

/* b->series are those of the laws. */
static uint64_t largest_of_series(rank_bench *b, uint64_t total) {
  const uint64_t whole = reach_total(b, total, total);
  rl_u128 sum = 0;
  if (whole == 0) return largest_apart(b);
  for (uint64_t m = 0; m < total; m++) {
    uint64_t reached = rl_min_u64(reach_total(b, total, m), whole);
    if (whole - reached <= whole >> 30) break;
    sum += (rl_u128)(whole - reached) * RL_EXPERT_UNIT;
  }
  return (uint64_t)((sum + whole / 2) / whole);
}

static uint64_t largest_of_total(rank_bench *b, uint64_t total) {
  for (size_t l = 0; l < b->shape_count; l++) b->series[l] = series_of(b, &b->laws[l], total);
  return largest_of_series(b, total);
}

/* --- choices: (token, expert) --- */

/* n tokens' choices on one rank whose experts differ, expert by expert. */
static series choices_of_rank(rank_bench *b, const rl_rank_shape *shape, uint64_t n) {
  const rl_draw *draw = b->draw;
  const uint64_t total = n * draw->top_k;
  series all = {{ONE}};
  for (uint64_t at = draw->first[shape->rank]; at < draw->first[shape->rank + 1]; at++) {
    if (draw->missed[at] == UINT64_MAX) continue;
    rank_law law = {1, n * (UNIT - (draw->missed[at] >> 32)), rl_law_given(draw->spread[at], total),
                    n};
    if (draw->missed[at] == 0) law.p = UNIT;
    series one = series_of(b, &law, total);
    multiply_series(&all, &one, total);
  }
  return all;
}

/* n tokens: of the right variance both as they are and given the total. */
static uint64_t largest_choices(rank_bench *b, uint64_t n) {
  const uint64_t total = n * b->draw->top_k;
  for (size_t l = 0; l < b->shape_count; l++) {
    const rl_rank_shape *shape = &b->shapes[l];
    b->laws[l] = (rank_law){.ranks = shape->ranks,
                            .mean = n * shape->mean,
                            .p = rl_law_given(shape->p, total),
                            .top = n * rl_min_u64(shape->members, b->draw->top_k)};
  }
  if (total > TOTAL_MAX) return largest_apart(b);
  if (b->draw->missed == NULL) return largest_of_total(b, total);
  for (size_t l = 0; l < b->shape_count; l++) {
    b->series[l] = choices_of_rank(b, &b->shapes[l], n);
  }
  return largest_of_series(b, total);
}

/* --- tokens of which some expert is on the rank --- */

static uint64_t largest_tokens(rank_bench *b, uint64_t n) {
  uint64_t total = 0; /* of (token, rank), in UNIT */
  for (size_t l = 0; l < b->shape_count; l++) {
    const rl_rank_shape *shape = &b->shapes[l];
    b->laws[l] = (rank_law){shape->ranks, n * shape->tokens, shape->tokens_p, n};
    total += shape->ranks * n * shape->tokens;
  }
  if (n == 1) return RL_EXPERT_UNIT;
  if (total / UNIT >= TOTAL_MAX) return largest_apart(b);
  uint64_t low = largest_of_total(b, total / UNIT);
  uint64_t high = largest_of_total(b, total / UNIT + 1), share = total % UNIT;
  return (uint64_t)(((rl_u128)low * (UNIT - share) + (rl_u128)high * share) / UNIT);
}

/* --- distinct experts --- */

/* One more token: its choices one after the other, of those not yet taken by itself; given d
 * experts in use before and j new ones among its i, the next is new with (E - d - j) / (E - i). */
static void add_token(rank_bench *b, uint64_t most) {
  const uint64_t experts = b->draw->experts;
  uint64_t after[EXACT_MAX + 1] = {0};
  for (uint64_t d = 0; d <= most; d++) {
    uint64_t fresh[EXACT_MAX + 1] = {b->used[d]};
    for (uint64_t i = 0; i < b->draw->top_k && b->used[d] != 0; i++) {
      for (uint64_t j = rl_min_u64(i, most - d) + 1; j-- > 0;) {
        uint64_t gone = (uint64_t)((rl_u128)fresh[j] * (experts - d - j) / (experts - i));
        if (j < most - d) fresh[j + 1] += gone;
        fresh[j] -= gone;
      }
    }
    for (uint64_t j = 0; d + j <= most; j++) after[d + j] += fresh[j];
  }
  for (uint64_t d = 0; d <= most; d++) b->used[d] = after[d];
}

/* Every set of d experts is as likely as every other. */
static uint64_t largest_of_distinct(rank_bench *b, uint64_t d) {
  if (b->largest[d] != 0 || d == 0) return b->largest[d];
  for (size_t l = 0; l < b->shape_count; l++) {
    uint64_t members = b->shapes[l].members, p = d * UNIT / b->draw->experts;
    b->laws[l] = (rank_law){b->shapes[l].ranks, members * p, p, members};
  }
  b->largest[d] = d <= TOTAL_MAX ? largest_of_total(b, d) : largest_apart(b);
  return b->largest[d];
}

static uint64_t largest_by_chain(rank_bench *b, uint64_t most) {
  rl_u128 sum = 0;
  for (uint64_t d = 1; d <= most; d++) {
    if (b->used[d] != 0) sum += (rl_u128)b->used[d] * largest_of_distinct(b, d);
  }
  return (uint64_t)((sum + ONE / 2) / ONE);
}

/* How many experts of a rank n tokens use, each apart from the others, as P(first), ... */
static void spread_use(rank_bench *b, const rl_rank_shape *shape, uint64_t n) {
  const rl_draw *draw = b->draw;
  const uint64_t begin = draw->missed == NULL ? 0 : draw->first[shape->rank];
  b->first = 0;
  b->count = 1;
  b->share[0] = ONE;
  for (uint64_t e = 0; e < shape->members; e++) {
    const uint64_t q = rl_draw_used(draw, begin + e, n) * (ONE / UNIT);
    b->share[b->count] = 0;
    for (uint64_t j = b->count++; j > 0; j--) {
      b->share[j] = product(b->share[j], ONE - q) + product(b->share[j - 1], q);
    }
    b->share[0] = product(b->share[0], ONE - q);
  }
}

static uint64_t largest_by_sums(rank_bench *b, uint64_t n) {
  begin_apart(b, b->draw->experts);
  for (size_t l = 0; l < b->shape_count; l++) {
    spread_use(b, &b->shapes[l], n);
    take_apart(b, b->shapes[l].ranks);
  }
  return end_apart(b);
}

static bool is_exact(const rank_bench *b, uint64_t n) {
  return b->draw->missed == NULL &&
         (b->draw->experts <= EXACT_MAX || n * b->draw->top_k <= TOTAL_MAX);
}

static uint64_t largest_experts(rank_bench *b, uint64_t n) {
  if (is_exact(b, n)) return largest_by_chain(b, rl_min_u64(b->draw->experts, EXACT_MAX));
  return n == 1 ? largest_choices(b, 1) : largest_by_sums(b, n);
}

/* Takes the chain from `before` tokens to n; once all experts are in use it stands. */
static void follow_chain(rank_bench *b, uint64_t before, uint64_t n) {
  const uint64_t most = rl_min_u64(b->draw->experts, EXACT_MAX);
  for (uint64_t t = before; t < n && is_exact(b, n); t++) {
    if (most == b->draw->experts && ONE - b->used[most] < ONE >> 32) return;
    add_token(b, most);
  }
}

/* --- tables --- */

/* A line from the last number of tokens that was computed; never falling. */
static void fill_table(uint64_t *table, uint64_t before, uint64_t n, uint64_t value) {
  const uint64_t from = table[before], rise = value > from ? value - from : 0;
  for (uint64_t t = before + 1; t <= n; t++) {
    table[t] = from + (uint64_t)((rl_u128)rise * (t - before) / (n - before));
  }
}

static void fill_tables(rank_bench *b, uint64_t *const tables[RL_DRAW_FACTS], uint64_t end) {
  for (uint64_t before = 0, n = 1; before + 1 < end; before = n, n += n < EVERY ? 1 : n / 8) {
    uint64_t mean = 0;
    n = rl_min_u64(n, end - 1);
    follow_chain(b, before, n);
    uint64_t choices = largest_choices(b, n), experts = largest_experts(b, n);
    (void)rl_mean_rank_choices(b->draw, n, &mean);
    choices = rl_max_u64(choices, mean);
    experts = rl_max_u64(experts, rl_mean_rank_experts(b->draw, n));
    fill_table(tables[RL_DRAW_CHOICES], before, n, choices);
    fill_table(tables[RL_DRAW_EXPERTS], before, n, rl_min_u64(experts, choices));
    fill_table(tables[RL_DRAW_TOKENS], before, n, rl_min_u64(largest_tokens(b, n), choices));
  }
}

rl_status rl_draw_rank_tables(rl_arena *arena, rl_draw *draw, rl_diags *diags) {
  rank_bench *b = RL_NEW(arena, rank_bench);
  rl_rank_shape *shapes = RL_NEW_ARRAY(arena, rl_rank_shape, draw->ranks);
  rank_law *laws = RL_NEW_ARRAY(arena, rank_law, draw->ranks);
  if (b == NULL || shapes == NULL || laws == NULL) return rl_diag_oom(diags);
  b->series = RL_NEW_ARRAY(arena, series, draw->ranks);
  if (b->series == NULL) return rl_diag_oom(diags);
  draw->end = rl_max_u64(rl_min_u64(RL_DRAW_TOKENS_MAX, CHOICES_MAX / draw->top_k), 1) + 1;
  b->draw = draw;
  b->shapes = shapes;
  b->laws = laws;
  b->used[0] = ONE;
  b->share = RL_NEW_ARRAY(arena, uint64_t, SUPPORT_MAX);
  b->below = RL_NEW_ARRAY(arena, uint64_t, CHOICES_MAX + 1);
  uint64_t *tables[RL_DRAW_FACTS];
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    tables[f] = RL_NEW_ARRAY(arena, uint64_t, draw->end);
    if (tables[f] == NULL) return rl_diag_oom(diags);
    draw->most[f] = tables[f];
  }
  if (b->share == NULL || b->below == NULL) return rl_diag_oom(diags);
  rl_status status = rl_draw_shapes(arena, draw, shapes, &b->shape_count, diags);
  for (size_t l = 0; l < b->shape_count; l++) {
    draw->most_tokens = rl_max_u64(draw->most_tokens, shapes[l].tokens);
  }
  if (status == RL_OK) fill_tables(b, tables, draw->end);
  return status;
}
