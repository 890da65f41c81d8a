/* Moments against a loop over every token and key: chains, trees, windows, ragged groups. */
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "unit.h"

enum { Q_MAX = 14, CACHED_MAX = 40, KEYS_MAX = Q_MAX + CACHED_MAX, GROUPS_MAX = 4 };

static uint64_t random_state = 88172645463325252u; /* xorshift64, Marsaglia 2003 */
static uint64_t random_below(uint64_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % n;
}

/* The moments of one program with three windows and chunks; page 7 for the rows kept. */
static const rl_moment MOMENTS[] = {
    {.kind = RL_M_ONE},
    {.kind = RL_M_LOGITS_ANY},
    {.kind = RL_M_SEQUENCES},
    {.kind = RL_M_TOKENS},
    {.kind = RL_M_LOGIT_ROWS},
    {.kind = RL_M_ID_ROWS},
    {.kind = RL_M_POSITION_ROWS},
    {.kind = RL_M_KV_ROWS},
    {.kind = RL_M_RECTANGLE},
    {.kind = RL_M_PAIRS},
    {.kind = RL_M_PAIRS, .window = 1},
    {.kind = RL_M_PAIRS, .window = 5},
    {.kind = RL_M_PAIRS, .window = 16},
    {.kind = RL_M_CHOSEN_PAIRS, .window = 1},
    {.kind = RL_M_CHOSEN_PAIRS, .window = 5},
    {.kind = RL_M_CHOSEN_ROWS, .window = 1},
    {.kind = RL_M_CHOSEN_ROWS, .window = 5},
    {.kind = RL_M_KV_READ},
    {.kind = RL_M_KV_READ, .window = 1},
    {.kind = RL_M_KV_READ, .window = 5},
    {.kind = RL_M_KV_READ, .window = 16},
    {.kind = RL_M_KV_KEPT, .page = 1},
    {.kind = RL_M_KV_KEPT, .page = 7},
    {.kind = RL_M_KV_KEPT, .window = 16, .page = 1},
    {.kind = RL_M_KV_KEPT, .window = 16, .page = 7},
    {.kind = RL_M_PAIRS, .within = 1},
    {.kind = RL_M_PAIRS, .within = 6},
    {.kind = RL_M_PAIRS, .within = 64},
    {.kind = RL_M_KV_READ, .within = 1},
    {.kind = RL_M_KV_READ, .within = 6},
    {.kind = RL_M_KV_READ, .within = 64},
    {.kind = RL_M_KV_KEPT, .within = 6, .page = 1},
    {.kind = RL_M_KV_KEPT, .within = 17, .page = 7},
#define CLASS(p) .phase = RL_PHASE_##p, .decode_tokens = 5
#define BOTH_CLASSES(...)         \
  {__VA_ARGS__, CLASS(DECODE)}, { \
    __VA_ARGS__, CLASS(PREFILL)   \
  }
    BOTH_CLASSES(.kind = RL_M_SEQUENCES),
    BOTH_CLASSES(.kind = RL_M_TOKENS),
    BOTH_CLASSES(.kind = RL_M_LOGIT_ROWS),
    BOTH_CLASSES(.kind = RL_M_KV_ROWS),
    BOTH_CLASSES(.kind = RL_M_RECTANGLE),
    BOTH_CLASSES(.kind = RL_M_PAIRS, .window = 5),
    BOTH_CLASSES(.kind = RL_M_KV_READ, .window = 16),
    BOTH_CLASSES(.kind = RL_M_KV_KEPT, .page = 7),
};
enum { MOMENT_COUNT = sizeof MOMENTS / sizeof *MOMENTS };

static const rl_cost COST = {.moments = MOMENTS, .moment_count = MOMENT_COUNT};

/* Of one class: whether it is there, whether it wants logits, its experts. */
static const rl_draw DRAW = {.experts = 8, .top_k = 2, .ranks = 1};
static const rl_moment INDICATORS[] = {
    BOTH_CLASSES(.kind = RL_M_ONE),
    BOTH_CLASSES(.kind = RL_M_LOGITS_ANY),
    BOTH_CLASSES(.kind = RL_M_EXPERTS, .experts = 8, .top_k = 2, .draw = &DRAW),
};

/* ---- the slow way: one sequence, every query against every key ---- */

typedef struct sight {
  uint64_t pairs, keys;
} sight;

static bool is_ancestor(const rl_tree *tree, uint64_t node, uint64_t of) {
  if (tree == NULL) return node <= of;
  for (int64_t at = (int64_t)of; at >= 0; at = tree->parent[at]) {
    if ((uint64_t)at == node) return true;
  }
  return false;
}

static uint64_t position(const rl_group *group, uint64_t node) {
  uint64_t depth = 0;
  if (group->tree == NULL) return group->cached + node;
  for (int32_t at = group->tree->parent[node]; at >= 0; at = group->tree->parent[at]) depth++;
  return group->cached + depth;
}

static bool in_reach(const rl_moment *moment, uint64_t query, uint64_t key) {
  if (moment->within != 0 && key / moment->within != query / moment->within) return false;
  return moment->window == 0 || query - key < moment->window;
}

static sight look(const rl_group *group, const rl_moment *moment) {
  bool seen[KEYS_MAX] = {false};
  sight s = {0, 0};
  for (uint64_t i = 0; i < group->q; i++) {
    for (uint64_t key = 0; key < group->cached + group->q; key++) {
      bool fresh = key >= group->cached;
      if (fresh && !is_ancestor(group->tree, key - group->cached, i)) continue;
      uint64_t at = fresh ? position(group, key - group->cached) : key;
      if (!in_reach(moment, position(group, i), at)) continue;
      s.pairs++;
      seen[key] = true;
    }
  }
  for (size_t key = 0; key < KEYS_MAX; key++) s.keys += seen[key];
  return s;
}

static uint64_t pages_touched(uint64_t from, uint64_t rows, uint64_t page) {
  uint64_t count = 0;
  for (uint64_t at = from; at < from + rows; at++) count += at == from || at % page == 0;
  return count;
}

/* Rows in the most pages that they ever touch, wherever they, or their chunk, begin; a sequence
 * never has more than its tokens fill. */
static uint64_t in_pages(uint64_t rows, uint64_t all, const rl_moment *moment) {
  const uint64_t step = moment->within == 0 ? 1 : moment->within;
  const uint64_t filled = pages_touched(0, all, moment->page);
  uint64_t most = 0;
  for (uint64_t place = 0; place < moment->page; place++) {
    const uint64_t touched = pages_touched(place * step, rows, moment->page);
    if (most < touched) most = touched;
  }
  return (most < filled ? most : filled) * moment->page;
}

/* Rows in memory while the pass runs: of the old ones those that the first new token still sees,
 * for later ones see fewer of them; and all the new ones. Of a chunk as many as there have been,
 * for the next chunk will need their place. */
static uint64_t kept(const rl_group *group, const rl_moment *moment) {
  uint64_t rows = group->q;
  for (uint64_t old = 0; old < group->cached; old++) {
    rows += in_reach(moment, group->cached, old);
  }
  for (uint64_t at = 0; at < moment->within && at < group->cached + group->q; at++) {
    if (rows < at + 1) rows = at + 1;
  }
  return in_pages(rows, group->cached + group->q, moment);
}

/* Of the keys that each query sees, which are those before it and itself, as many as it may choose.
 */
static uint64_t chosen(const rl_group *group, const rl_moment *moment) {
  uint64_t pairs = 0;
  for (uint64_t i = 0; i < group->q; i++) {
    const uint64_t sees = position(group, i) + 1;
    pairs += sees < moment->window ? sees : moment->window;
  }
  return pairs;
}

static uint64_t slowly_one(const rl_group *group, const rl_moment *moment) {
  static const uint64_t wanted[] = {[RL_LOGITS_LAST] = 1, [RL_LOGITS_NONE] = 0};
  switch (moment->kind) {
    case RL_M_SEQUENCES:
      return 1;
    case RL_M_TOKENS:
    case RL_M_ID_ROWS:
    case RL_M_POSITION_ROWS:
      return group->q;
    case RL_M_LOGIT_ROWS:
      return group->logits == RL_LOGITS_ALL ? group->q : wanted[group->logits];
    case RL_M_PAIRS:
      return look(group, moment).pairs;
    case RL_M_KV_READ:
      return look(group, moment).keys;
    case RL_M_CHOSEN_PAIRS:
      return chosen(group, moment);
    case RL_M_CHOSEN_ROWS: {
      const uint64_t pairs = chosen(group, moment), rows = group->cached + group->q;
      return pairs < rows ? pairs : rows;
    }
    case RL_M_KV_ROWS:
      return group->cached + group->q;
    case RL_M_KV_KEPT:
      return kept(group, moment);
    default:
      return group->q * (group->cached + group->q); /* the rectangle */
  }
}

static bool is_in_class(const rl_group *group, const rl_moment *moment) {
  if (moment->phase == RL_PHASE_DECODE) return group->q <= moment->decode_tokens;
  return moment->phase == RL_PHASE_BOTH || group->q > moment->decode_tokens;
}

static uint64_t slowly(const rl_point *point, const rl_moment *moment) {
  uint64_t sum = 0;
  for (size_t g = 0; g < point->count; g++) {
    const rl_group *group = &point->groups[g];
    if (!is_in_class(group, moment)) continue;
    if (moment->kind == RL_M_ONE) return 1;
    if (moment->kind == RL_M_LOGITS_ANY) {
      if (group->logits != RL_LOGITS_NONE) return 1;
      continue;
    }
    sum += group->count * slowly_one(group, moment);
  }
  return sum;
}

/* ---- random points ---- */

typedef struct random_point {
  rl_group groups[GROUPS_MAX];
  rl_tree trees[GROUPS_MAX];
  int32_t parents[GROUPS_MAX][Q_MAX];
  rl_point point;
} random_point;

static void make_point(random_point *r) {
  r->point = (rl_point){r->groups, 1 + (size_t)random_below(GROUPS_MAX)};
  for (size_t g = 0; g < r->point.count; g++) {
    rl_group *group = &r->groups[g];
    *group = (rl_group){.count = 1 + random_below(5),
                        .q = 1 + random_below(Q_MAX),
                        .cached = random_below(CACHED_MAX + 1),
                        .logits = (rl_logits)random_below(3)};
    if (random_below(2) == 0) continue;
    for (uint64_t i = 0; i < group->q; i++) r->parents[g][i] = (int32_t)random_below(i + 1) - 1;
    r->trees[g] = (rl_tree){(uint32_t)group->q, r->parents[g]};
    group->tree = &r->trees[g];
  }
}

static void test_against_loop(void) {
  size_t wrong = 0;
  for (int round = 0; round < 12000; round++) {
    random_point r;
    uint64_t moments[MOMENT_COUNT];
    make_point(&r);
    CU_ASSERT_FATAL(rl_cost_moments(&COST, &r.point, NULL, moments));
    for (int m = 0; m < MOMENT_COUNT; m++) wrong += moments[m] != slowly(&r.point, &MOMENTS[m]);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* 3 sequences of 5 new tokens, 2 of 6, one tree of 4: decode up to 5. Two of 8 experts are chosen
 * by 19 and by 12 tokens; the pass of all of them is no sum of both. */
static void test_classes(void) {
  static const int32_t parents[] = {-1, 0, 0, 1};
  rl_tree tree = {4, parents};
  rl_group groups[] = {{.count = 3, .q = 5, .cached = 9, .logits = RL_LOGITS_NONE},
                       {.count = 2, .q = 6, .logits = RL_LOGITS_LAST},
                       {.count = 1, .q = 4, .tree = &tree, .logits = RL_LOGITS_NONE}};
  rl_cost cost = {.moments = INDICATORS, .moment_count = 6};
  uint64_t m[6];
  CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){groups, 3}, NULL, m));
  CU_ASSERT(m[0] == 1 && m[1] == 1 && m[2] == 0 && m[3] == 1);
  CU_ASSERT_EQUAL(m[4], rl_expected_rank_experts(&DRAW, 19));
  CU_ASSERT_EQUAL(m[5], rl_expected_rank_experts(&DRAW, 12));
  CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){&groups[1], 1}, NULL, m));
  CU_ASSERT(m[0] == 0 && m[1] == 1 && m[2] == 0 && m[3] == 1 && m[4] == 0);
}

/* A tree that is a chain counts as the chain does, also beyond the nodes whose depth is kept. */
static void test_long_tree_equals_chain(void) {
  enum { NODES = 3000 };
  static int32_t parents[NODES];
  for (int32_t i = 0; i < NODES; i++) parents[i] = i - 1;
  rl_tree tree = {NODES, parents};
  rl_group as_tree = {.count = 2, .q = NODES, .cached = 900, .tree = &tree};
  rl_group as_chain = {.count = 2, .q = NODES, .cached = 900};
  uint64_t a[MOMENT_COUNT], b[MOMENT_COUNT];
  CU_ASSERT_FATAL(rl_cost_moments(&COST, &(rl_point){&as_tree, 1}, NULL, a));
  CU_ASSERT_FATAL(rl_cost_moments(&COST, &(rl_point){&as_chain, 1}, NULL, b));
  CU_ASSERT_EQUAL(memcmp(a, b, sizeof a), 0);
}

/* A ragged point is the sum of its groups, indicators apart. */
static void test_ragged_is_sum(void) {
  for (int round = 0; round < 500; round++) {
    random_point r;
    uint64_t whole[MOMENT_COUNT], part[MOMENT_COUNT], sum[MOMENT_COUNT] = {0};
    make_point(&r);
    CU_ASSERT_FATAL(rl_cost_moments(&COST, &r.point, NULL, whole));
    for (size_t g = 0; g < r.point.count; g++) {
      CU_ASSERT_FATAL(rl_cost_moments(&COST, &(rl_point){&r.groups[g], 1}, NULL, part));
      for (int m = 0; m < MOMENT_COUNT; m++) sum[m] += part[m];
    }
    CU_ASSERT_EQUAL(memcmp(whole + 2, sum + 2, sizeof whole - 2 * sizeof *whole), 0);
  }
}

static void test_facts(void) {
  rl_group group = {.count = 4, .q = 3, .cached = 5};
  rl_point point = {&group, 1};
  rl_facts facts = {.distinct_ids = 9, .distinct_positions = 3};
  uint64_t moments[MOMENT_COUNT];
  CU_ASSERT_FATAL(rl_cost_moments(&COST, &point, &facts, moments));
  CU_ASSERT_EQUAL(moments[3], 12); /* tokens are no fact */
  CU_ASSERT_EQUAL(moments[5], 9);
  CU_ASSERT_EQUAL(moments[6], 3);
  facts = (rl_facts){.distinct_ids = 7}; /* 0: not observed */
  CU_ASSERT_FATAL(rl_cost_moments(&COST, &point, &facts, moments));
  CU_ASSERT_EQUAL(moments[5], 7);
  CU_ASSERT_EQUAL(moments[6], 12);
}

static void test_empty_pass(void) {
  uint64_t moments[MOMENT_COUNT], zeros[MOMENT_COUNT] = {0};
  CU_ASSERT_FATAL(rl_cost_moments(&COST, &(rl_point){NULL, 0}, NULL, moments));
  CU_ASSERT_EQUAL(memcmp(moments, zeros, sizeof moments), 0);
}

static bool moment_of(rl_moment moment, rl_group group, uint64_t *value) {
  rl_cost cost = {.moments = &moment, .moment_count = 1};
  return rl_cost_moments(&cost, &(rl_point){&group, 1}, NULL, value);
}

/* The largest values that fit, and the first that do not: q (q + 1) / 2 with q = 6074000999 is
 * 18446744070963499500 <= 2^64 - 1; with q = 6074001000 it is 18446744077037500500, above it. */
static void test_overflow(void) {
  rl_moment pairs = {.kind = RL_M_PAIRS};
  uint64_t value = 0;
  CU_ASSERT(moment_of(pairs, (rl_group){.count = 1, .q = 6074000999}, &value));
  CU_ASSERT_EQUAL(value, 18446744070963499500u);
  CU_ASSERT_FALSE(moment_of(pairs, (rl_group){.count = 1, .q = 6074001000}, &value));
  CU_ASSERT_FALSE(moment_of(pairs, (rl_group){.count = 2, .q = 6074000999}, &value));
  CU_ASSERT(moment_of(pairs, (rl_group){.count = 1, .q = 1, .cached = UINT64_MAX - 1}, &value));
  CU_ASSERT_EQUAL(value, UINT64_MAX);
  CU_ASSERT_FALSE(
      moment_of(pairs, (rl_group){.count = 1, .q = 2, .cached = UINT64_MAX - 1}, &value));
  rl_moment rows = {.kind = RL_M_KV_ROWS};
  CU_ASSERT_FALSE(
      moment_of(rows, (rl_group){.count = 1, .q = 2, .cached = UINT64_MAX - 1}, &value));
  rl_moment pages = {.kind = RL_M_KV_KEPT, .page = 16};
  CU_ASSERT_FALSE(
      moment_of(pages, (rl_group){.count = 1, .q = 1, .cached = UINT64_MAX - 1}, &value));
  pages.window = 17; /* two pages, however long */
  CU_ASSERT(moment_of(pages, (rl_group){.count = 1, .q = 1, .cached = UINT64_MAX - 1}, &value));
  CU_ASSERT_EQUAL(value, 32);
  pages.page = 1ull << 63; /* 17 rows over the border of two */
  CU_ASSERT_FALSE(
      moment_of(pages, (rl_group){.count = 1, .q = 1, .cached = UINT64_MAX - 1}, &value));
  rl_moment rectangle = {.kind = RL_M_RECTANGLE};
  CU_ASSERT_FALSE(moment_of(rectangle, (rl_group){.count = 1, .q = 1ull << 32}, &value));
  CU_ASSERT(moment_of(rectangle, (rl_group){.count = 1, .q = 4294967295}, &value));
  rl_moment tokens = {.kind = RL_M_TOKENS};
  CU_ASSERT_FALSE(moment_of(tokens, (rl_group){.count = 1ull << 32, .q = 1ull << 32}, &value));
}

/* Pages of 16. Of a window the step behind 2,048 tokens holds as many rows as it is long: they end
 * with the first token of a page, and begin with the last of one when they are 2 more than whole
 * pages. */
static void test_straddling_pages(void) {
  static const struct {
    uint64_t window, within, q, cached, pages, ranks;
  } cases[] = {
      {1, 0, 1, 2048, 1},      /* the token alone */
      {2, 0, 1, 2048, 2},      /* 2047, 2048 */
      {16, 0, 1, 2048, 2},     /* 2033 ... 2048 */
      {17, 0, 1, 2048, 2},     /* 2032 ... 2048: 1 + 16 */
      {18, 0, 1, 2048, 3},     /* 2031 ... 2048: 1 + 16 + 1 */
      {1024, 0, 1, 2048, 65},  /* 1 + 63 of 16 + 15 */
      {1024, 0, 1, 1023, 64},  /* all tokens: 64 pages, from the first one on */
      {1024, 0, 1, 1024, 65},  /* 1025 tokens, 65 pages, of which none can go */
      {1024, 0, 16, 2048, 66}, /* 1023 older ones: 1039 rows, 1 + 64 of 16 + 14 */
      {1024, 0, 8, 0, 1},      /* a prompt of 8 */
      {0, 32, 1, 100, 2},      /* chunks begin with a page */
      {0, 24, 1, 100, 2},      /* at worst in its middle: 8 + 16 */
      {0, 26, 1, 100, 3},      /* at worst 2 before its end: 2 + 16 + 8 */
      {0, 26, 1, 25, 2},       /* the first chunk begins with a page */
      {0, 0, 1, 2050, 33, 4},  /* of 2051 rows 513 at most on a rank of four */
      {72, 0, 1, 2050, 3, 4},  /* 18: 1 + 16 + 1 */
      {72, 0, 1, 72, 2, 4},    /* 18 of 19, the most that there ever were */
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    const rl_moment kept = {.kind = RL_M_KV_KEPT,
                            .window = cases[c].window,
                            .within = cases[c].within,
                            .deal = {.ranks = cases[c].ranks},
                            .page = 16};
    const rl_group group = {.count = 3, .q = cases[c].q, .cached = cases[c].cached};
    uint64_t value = 0;
    CU_ASSERT(moment_of(kept, group, &value));
    CU_ASSERT_EQUAL(value, 3 * 16 * cases[c].pages);
  }
}

/* However a sequence grows, it never gives a page back: the longest context is found by halves. */
static void test_pages_never_fall(void) {
  for (uint64_t window = 1; window < 20; window++) {
    const rl_moment kept = {.kind = RL_M_KV_KEPT, .window = window, .page = 7};
    uint64_t before = 0;
    for (uint64_t cached = 0; cached < 60; cached++) {
      uint64_t value = 0;
      CU_ASSERT(moment_of(kept, (rl_group){.count = 1, .q = 1, .cached = cached}, &value));
      CU_ASSERT(value >= before);
      before = value;
    }
  }
}

RL_SUITE("moments", {"windows over the borders of pages", test_straddling_pages},
         {"pages never fall", test_pages_never_fall},
         {"12,000 random points against a loop", test_against_loop}, {"classes", test_classes},
         {"a long tree equals its chain", test_long_tree_equals_chain},
         {"ragged is the sum of its groups", test_ragged_is_sum},
         {"observed facts replace expectations", test_facts}, {"empty pass", test_empty_pass},
         {"overflow", test_overflow})
