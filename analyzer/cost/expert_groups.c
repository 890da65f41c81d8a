/* Experts in groups, of which a token may choose from the best few alone (DeepSeek-AI 2024, V2,
 * 2.2.2, and V3, 2.1.2: device- and node-limited routing), spread over ranks: its choices fall on
 * few ranks. The order of a token's scores is drawn, the router's own rule applied to it, and the
 * ranks' shares of n tokens are means over stretches of n in one list of drawn tokens; the draws
 * are a fixed sequence of integers, the same on every machine. Definition: docs/counting.md,
 * Experts. */
#include "base/checked.h"
#include "base/number.h"
#include "cost/expert_table.h"

enum {
  DRAWN = 16384, /* tokens */
  LONGEST = 256, /* tokens of the longest stretches */
  EVERY = 4,     /* lengths up to this are all computed; then two an octave */
  SUM_BITS = 32  /* a group's worth: the sum of the places above so many bits, the best below */
};

/* The scores of one token from the best downwards, as the groups that they belong to. */
typedef struct order {
  uint32_t *group; /* [experts] of the experts seen so far */
  uint64_t seen;
  uint32_t *seen_of; /* [groups] */
  uint64_t *worth;   /* [groups] */
  bool *kept;        /* [groups] */
} order;

/* What some tokens bring a rank. */
typedef struct rank_share {
  uint64_t of[RL_DRAW_FACTS];
  uint64_t token; /* the last that came */
} rank_share;

/* Sums over stretches of one length of what the rank with most has, y, and of the squares of all
 * ranks' choices, x. */
typedef struct stretch_sums {
  uint64_t stretches, x;
  rl_u128 xx;
  uint64_t y[RL_DRAW_FACTS];
  rl_u128 xy[RL_DRAW_FACTS];
} stretch_sums;

typedef struct group_bench {
  const rl_draw *draw;
  rl_expert_limit limit;
  uint64_t size;  /* experts a group */
  uint64_t state; /* of the sequence */
  order order;
  uint16_t *chosen;  /* [DRAWN][top_k] */
  uint16_t *rank_of; /* [experts] */
  uint64_t *used;    /* [experts] the stretch that used it last */
  rank_share *share; /* [ranks] */
  uint64_t squares;  /* x of single tokens, summed over all */
} group_bench;

/* xorshift64* (Vigna 2016): a number below n. */
static uint64_t random_below(group_bench *b, uint64_t n) {
  b->state ^= b->state >> 12;
  b->state ^= b->state << 25;
  b->state ^= b->state >> 27;
  return (b->state * 2685821657736338717u >> 32) * n >> 32;
}

/* --- one token --- */

/* The next best of so many experts: of each group, or of each that is kept, those not yet seen. */
static uint64_t see_next(group_bench *b, uint64_t left, bool of_kept) {
  order *o = &b->order;
  uint64_t pick = random_below(b, left), g = 0;
  for (;; g++) {
    if (of_kept && !o->kept[g]) continue;
    const uint64_t hidden = b->size - o->seen_of[g];
    if (pick < hidden) break;
    pick -= hidden;
  }
  o->group[o->seen++] = (uint32_t)g;
  o->seen_of[g]++;
  return g;
}

/* The worth of a group is lower the better it is; of equal sums the one with the best expert. */
static void note_place(group_bench *b, uint64_t group) {
  order *o = &b->order;
  if (o->seen_of[group] > b->limit.best) return;
  if (o->seen_of[group] == 1) o->worth[group] = o->seen;
  o->worth[group] += o->seen << SUM_BITS;
}

/* The best that a group can become whose best experts are not all seen: one or two further places,
 * in a row. */
static uint64_t best_of_others(const group_bench *b) {
  const order *o = &b->order;
  const uint64_t next = o->seen + 1;
  uint64_t best = UINT64_MAX;
  for (uint64_t g = 0; g < b->limit.groups; g++) {
    if (o->seen_of[g] >= b->limit.best) continue;
    const uint64_t places = b->limit.best - o->seen_of[g] == 1 ? next : 2 * next + 1;
    best = rl_min_u64(best, o->worth[g] + (places << SUM_BITS));
  }
  return best;
}

static uint64_t find_best(const group_bench *b) {
  const order *o = &b->order;
  uint64_t best = b->limit.groups;
  for (uint64_t g = 0; g < b->limit.groups; g++) {
    if (o->kept[g] || o->seen_of[g] < b->limit.best) continue;
    if (best == b->limit.groups || o->worth[g] < o->worth[best]) best = g;
  }
  return best;
}

/* Sees experts until no other groups can be the best. */
static void keep_groups(group_bench *b) {
  order *o = &b->order;
  uint64_t kept = 0, complete = 0;
  for (uint64_t g = 0; g < b->limit.groups; g++) {
    o->kept[g] = false;
    o->seen_of[g] = 0;
    o->worth[g] = 0;
  }
  for (o->seen = 0; kept < b->limit.kept;) {
    const uint64_t group = see_next(b, b->draw->experts - o->seen, false);
    note_place(b, group);
    complete += o->seen_of[group] == b->limit.best;
    if (complete < b->limit.kept) continue;
    /* whoever is ahead of all that others can become stays so */
    for (const uint64_t others = best_of_others(b); kept < b->limit.kept; kept++) {
      const uint64_t best = find_best(b);
      if (best == b->limit.groups || o->worth[best] > others) break;
      o->kept[best] = true;
    }
  }
}

/* Some expert of the group that the token did not take before. */
static uint16_t take_expert(group_bench *b, uint64_t group, const uint16_t *chosen,
                            uint64_t count) {
  for (;;) {
    const uint16_t expert = (uint16_t)(group * b->size + random_below(b, b->size));
    uint64_t same = 0;
    while (same < count && chosen[same] != expert) same++;
    if (same == count) return expert;
  }
}

/* The k best experts of the kept groups: those seen, and then further ones. */
static void draw_token(group_bench *b, uint16_t *chosen) {
  order *o = &b->order;
  uint64_t count = 0, left = b->limit.kept * b->size;
  keep_groups(b);
  for (uint64_t g = 0; g < b->limit.groups; g++) left -= o->kept[g] ? o->seen_of[g] : 0;
  for (uint64_t place = 0; count < b->draw->top_k; place++) {
    if (place == o->seen) (void)see_next(b, left--, true);
    const uint32_t group = o->group[place];
    if (!o->kept[group]) continue;
    chosen[count] = take_expert(b, group, chosen, count);
    count++;
  }
}

/* --- stretches of tokens --- */

/* Takes one choice to its rank. Returns by how much the sum of squares of choices grows. */
static uint64_t fill_rank(group_bench *b, uint16_t expert, uint64_t token, uint64_t mark) {
  rank_share *share = &b->share[b->rank_of[expert]];
  share->of[RL_DRAW_EXPERTS] += b->used[expert] != mark;
  share->of[RL_DRAW_TOKENS] += share->token != token;
  share->token = token;
  b->used[expert] = mark;
  return 2 * share->of[RL_DRAW_CHOICES]++ + 1;
}

/* What the tokens of a stretch bring the ranks; most: what the rank with most has. Returns the sum
 * of the squares of all ranks' choices. */
static uint64_t fill_ranks(group_bench *b, uint64_t first, uint64_t n, uint64_t *most) {
  const uint64_t k = b->draw->top_k;
  const uint16_t *begin = b->chosen + first * k, *end = begin + n * k;
  uint64_t squares = 0, token = 0;
  for (const uint16_t *c = begin; c < end; c++) b->share[b->rank_of[*c]] = (rank_share){{0}, 0};
  for (const uint16_t *c = begin; c < end; c += k) {
    token++;
    for (uint64_t i = 0; i < k; i++) squares += fill_rank(b, c[i], token, first + 1);
  }
  for (int f = 0; f < RL_DRAW_FACTS; f++) most[f] = 0;
  for (const uint16_t *c = begin; c < end; c++) {
    const rank_share *share = &b->share[b->rank_of[*c]];
    for (int f = 0; f < RL_DRAW_FACTS; f++) most[f] = rl_max_u64(most[f], share->of[f]);
  }
  return squares;
}

static void add_stretches(group_bench *b, uint64_t n, stretch_sums *sums) {
  *sums = (stretch_sums){0};
  for (uint64_t e = 0; e < b->draw->experts; e++) b->used[e] = 0;
  for (uint64_t first = 0; first + n <= DRAWN; first += n) {
    uint64_t most[RL_DRAW_FACTS];
    const uint64_t x = fill_ranks(b, first, n, most);
    sums->stretches++;
    sums->x += x;
    sums->xx += (rl_u128)x * x;
    for (int f = 0; f < RL_DRAW_FACTS; f++) {
      sums->y[f] += most[f];
      sums->xy[f] += (rl_u128)x * most[f];
    }
  }
}

/* Sum of the squares of n tokens' choices on all ranks, expected: that of each token with itself,
 * and of the shares of any two of them. In RL_EXPERT_UNIT. */
static uint64_t expected_squares(const group_bench *b, uint64_t n) {
  const rl_draw *draw = b->draw;
  const uint64_t few = draw->experts / draw->ranks, more = draw->experts % draw->ranks;
  const uint64_t members = more * (few + 1) * (few + 1) + (draw->ranks - more) * few * few;
  const uint64_t pairs = n * (n - 1) * draw->top_k * draw->top_k;
  uint64_t own = (uint64_t)((rl_u128)b->squares * n * RL_EXPERT_UNIT / DRAWN);
  rl_u128 mixed = (rl_u128)pairs * members * RL_EXPERT_UNIT;
  return own + (uint64_t)(mixed / ((rl_u128)draw->experts * draw->experts));
}

/* The mean of y, corrected by how far the mean of x is from what is expected: a control variate
 * (Glasserman 2003, Monte Carlo Methods in Financial Engineering, 4.1). In RL_EXPERT_UNIT. */
static uint64_t mean_of(const stretch_sums *sums, int fact, uint64_t expected) {
  const uint64_t n = sums->stretches, y = sums->y[fact];
  const uint64_t mean = (uint64_t)((rl_u128)y * RL_EXPERT_UNIT / n);
  const uint64_t x = (uint64_t)((rl_u128)sums->x * RL_EXPERT_UNIT / n);
  const rl_u128 together = n * sums->xy[fact], apart = (rl_u128)sums->x * y;
  const rl_u128 spread = n * sums->xx - (rl_u128)sums->x * sums->x;
  if (together <= apart || spread == 0) return mean;
  const uint64_t slope = (uint64_t)(((together - apart) << 20) / spread);
  const uint64_t gap = x > expected ? x - expected : expected - x;
  const uint64_t change = (uint64_t)((rl_u128)gap * slope >> 20);
  return x > expected ? mean - rl_min_u64(change, mean) : mean + change;
}

/* --- tables --- */

/* What a rank has at least, where they are most: the mean of all, or of the fullest. */
static uint64_t mean_share(const rl_draw *draw, rl_draw_fact fact, uint64_t n) {
  uint64_t mean = 0;
  if (fact == RL_DRAW_EXPERTS) return rl_mean_rank_experts(draw, n);
  if (fact == RL_DRAW_CHOICES) (void)rl_mean_rank_choices(draw, n, &mean);
  if (fact == RL_DRAW_TOKENS) {
    mean = (uint64_t)((rl_u128)n * draw->most_tokens / (RL_SHAPE_UNIT / RL_EXPERT_UNIT));
  }
  return mean;
}

/* What is above the mean lies on a line from the last number of tokens that was computed; never
 * falling, and no choice is of more than one expert or token. */
static void fill_table(const rl_draw *draw, rl_draw_fact fact, uint64_t *table, uint64_t before,
                       uint64_t n) {
  const uint64_t last = table[before] - rl_min_u64(mean_share(draw, fact, before), table[before]);
  const uint64_t end = rl_max_u64(table[n], mean_share(draw, fact, n));
  const uint64_t here = table[n] - rl_min_u64(mean_share(draw, fact, n), table[n]);
  for (uint64_t t = before + 1; t <= n; t++) {
    const uint64_t above = (last * (n - t) + here * (t - before)) / (n - before);
    const uint64_t value = rl_min_u64(mean_share(draw, fact, t) + above, end);
    table[t] = rl_max_u64(table[t - 1], value);
  }
}

/* No rank has more experts than there are there, or a token twice. */
static uint64_t most_of(const rl_draw *draw, rl_draw_fact fact, uint64_t n) {
  const uint64_t all[RL_DRAW_FACTS] = {
      [RL_DRAW_EXPERTS] = rl_ceil_div(draw->experts, draw->ranks),
      [RL_DRAW_CHOICES] = n * draw->top_k,
      [RL_DRAW_TOKENS] = n,
  };
  return all[fact] * RL_EXPERT_UNIT;
}

static uint64_t next_length(uint64_t n) {
  if (n < EVERY) return n + 1;
  return (n & (n - 1)) == 0 ? n + n / 2 : n + n / 3;
}

static void fill_tables(group_bench *b, uint64_t *const tables[RL_DRAW_FACTS]) {
  stretch_sums sums;
  for (uint64_t before = 0, n = 1; n <= LONGEST; before = n, n = next_length(n)) {
    add_stretches(b, n, &sums);
    for (int f = 0; f < RL_DRAW_FACTS; f++) {
      const uint64_t mean = mean_of(&sums, f, expected_squares(b, n));
      tables[f][n] = rl_min_u64(mean, most_of(b->draw, (rl_draw_fact)f, n));
      fill_table(b->draw, (rl_draw_fact)f, tables[f], before, n);
    }
  }
}

/* All tokens, and what is known of a single one from them. */
static void draw_tokens(group_bench *b, rl_draw *draw) {
  const uint64_t largest = rl_ceil_div(draw->experts, rl_max_u64(draw->ranks, 1));
  stretch_sums sums;
  uint64_t visits = 0; /* (token, rank) */
  for (uint64_t t = 0; t < DRAWN; t++) {
    uint16_t *chosen = b->chosen + t * draw->top_k;
    draw_token(b, chosen);
    for (uint64_t i = 0; i < draw->top_k; i++) {
      uint64_t j = 0;
      while (b->rank_of[chosen[j]] != b->rank_of[chosen[i]]) j++;
      visits += j == i;
    }
  }
  /* the largest rank has its share of them */
  rl_u128 tokens = (rl_u128)visits * largest * RL_SHAPE_UNIT / ((rl_u128)draw->experts * DRAWN);
  draw->most_tokens = (uint64_t)(tokens < RL_SHAPE_UNIT ? tokens : RL_SHAPE_UNIT);
  add_stretches(b, 1, &sums);
  b->squares = sums.x;
}

static bool reserve(rl_arena *arena, group_bench *b, uint64_t *tables[RL_DRAW_FACTS]) {
  const rl_draw *draw = b->draw;
  b->order = (order){.group = RL_NEW_ARRAY(arena, uint32_t, draw->experts),
                     .seen_of = RL_NEW_ARRAY(arena, uint32_t, b->limit.groups),
                     .worth = RL_NEW_ARRAY(arena, uint64_t, b->limit.groups),
                     .kept = RL_NEW_ARRAY(arena, bool, b->limit.groups)};
  b->chosen = RL_NEW_ARRAY(arena, uint16_t, DRAWN * draw->top_k);
  b->rank_of = RL_NEW_ARRAY(arena, uint16_t, draw->experts);
  b->used = RL_NEW_ARRAY(arena, uint64_t, draw->experts);
  b->share = RL_NEW_ARRAY(arena, rank_share, draw->ranks);
  bool made = b->order.group != NULL && b->order.seen_of != NULL && b->order.worth != NULL;
  made = made && b->order.kept != NULL && b->chosen != NULL && b->rank_of != NULL;
  for (int f = 0; f < RL_DRAW_FACTS; f++) {
    tables[f] = RL_NEW_ARRAY(arena, uint64_t, LONGEST + 1);
    made = made && tables[f] != NULL;
  }
  return made && b->used != NULL && b->share != NULL;
}

rl_status rl_draw_group_tables(rl_arena *arena, rl_draw *draw, rl_expert_limit limit,
                               rl_diags *diags) {
  uint64_t *tables[RL_DRAW_FACTS];
  group_bench b = {.draw = draw,
                   .limit = limit,
                   .size = draw->experts / limit.groups,
                   .state = 88172645463325252u};
  b.limit.best = rl_min_u64(limit.best, b.size);
  if (!reserve(arena, &b, tables)) return rl_diag_oom(diags);
  for (uint64_t r = 0; r < draw->ranks; r++) {
    const uint64_t end = (r + 1) * draw->experts / draw->ranks;
    for (uint64_t e = r * draw->experts / draw->ranks; e < end; e++) b.rank_of[e] = (uint16_t)r;
  }
  draw->end = LONGEST + 1;
  draw_tokens(&b, draw);
  fill_tables(&b, tables);
  for (int f = 0; f < RL_DRAW_FACTS; f++) draw->most[f] = tables[f];
  return RL_OK;
}
