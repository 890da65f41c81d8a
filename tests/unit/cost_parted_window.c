/* Caches that keep tokens apart under a window: moments against tokens that are looked at one by
 * one, and the bytes of KIVI, GEAR and Mustafar on models with windows by hand. */
#include <string.h>

#include "cost_counted.h"
#include "unit.h"

enum { LENGTH = 80 };

typedef struct layout {
  rl_parting parting;
  uint64_t tokens;
} layout;
static const layout LAYOUTS[] = {
    {{.first = 0, .newest = 0, .step = 4, .window = 9}, 2},
    {{.first = 0, .newest = 3, .step = 1, .window = 7}, 1},
    {{.first = 2, .newest = 3, .step = 1, .window = 9}, 1},
    {{.first = 1, .newest = 3, .step = 2, .window = 6}, 2},
    {{.first = 0, .newest = 0, .step = 1, .window = 5}, 1},
    {{.first = 5, .newest = 2, .step = 8, .window = 13}, 4},
    {{.first = 0, .newest = 7, .step = 6, .window = 16}, 3},
    {{.first = 0, .newest = 4, .step = 6, .window = 20}, 1},
    /* windows shorter than what stands apart, one of a token */
    {{.first = 0, .newest = 7, .step = 6, .window = 4}, 3},
    {{.first = 3, .newest = 2, .step = 8, .window = 8}, 4},
    {{.first = 0, .newest = 3, .step = 4, .window = 5}, 1},
    {{.first = 2, .newest = 3, .step = 1, .window = 1}, 1},
};
enum { LAYOUT_COUNT = sizeof LAYOUTS / sizeof *LAYOUTS };

static rl_parting parting_of(const layout *l) {
  rl_parting parting = l->parting;
  parting.block = l->tokens;
  return parting;
}

/* Tokens behind the first ones that have left when n came, however they came. */
static uint64_t left_at(const rl_parting *p, uint64_t n) {
  uint64_t left = 0;
  while (n >= p->first + left + p->newest + p->step) left += p->step;
  return left;
}

static bool in_body(const rl_parting *p, uint64_t n, uint64_t token) {
  return token >= p->first && token - p->first < left_at(p, n);
}

/* Some token of the block that begins `at` tokens behind the first ones is seen from position n on.
 */
static bool lives(const rl_parting *p, uint64_t n, uint64_t at) {
  return p->first + at + p->block - 1 + p->window > n;
}

static bool tail_keeps(const rl_parting *p, uint64_t n, uint64_t token) {
  if (token < p->first) return true;
  return !in_body(p, n, token) && lives(p, n, (token - p->first) / p->block * p->block);
}

static uint64_t blocks_at(const rl_parting *p, uint64_t n) {
  uint64_t count = 0;
  for (uint64_t at = 0; at < left_at(p, n); at += p->block) count += lives(p, n, at);
  return count;
}

typedef struct counts {
  uint64_t body_read, body_write, body_kept, tail_read, tail_leave, tail_write;
  uint64_t body_pairs, rest_pairs, met_pairs, rest_scores, taken_in;
} counts;

static void count_moved(const rl_parting *p, uint64_t n, uint64_t end, counts *c) {
  for (uint64_t at = left_at(p, n); at < left_at(p, end); at += p->block) {
    if (!lives(p, end, at)) continue;
    c->body_write++;
    for (uint64_t t = 0; t < p->block; t++) c->tail_leave += p->first + at + t < n;
    for (uint64_t t = 0; t < p->block; t++) c->taken_in += p->first + at + t >= n;
  }
  for (uint64_t t = n; t < end; t++) c->tail_write += tail_keeps(p, end, t);
  c->taken_in += c->tail_write;
  for (uint64_t m = 0; m <= end; m++) c->body_kept = rl_max_u64(c->body_kept, blocks_at(p, m));
}

/* What a query at position p meets of n cached tokens. */
static void count_query(const rl_parting *p, uint64_t n, uint64_t position, counts *c) {
  for (uint64_t at = 0; at < left_at(p, n); at += p->block) {
    bool seen = false;
    for (uint64_t t = 0; t < p->block; t++) seen |= position - (p->first + at + t) < p->window;
    c->body_pairs += seen;
  }
  for (uint64_t t = 0; t < n; t++) {
    c->rest_pairs += !in_body(p, n, t) && position - t < p->window;
  }
}

static counts slow_chain(const rl_parting *p, uint64_t n, uint64_t q) {
  counts c = {.body_read = blocks_at(p, n)};
  count_moved(p, n, n + q, &c);
  for (uint64_t t = 0; t < n; t++) c.tail_read += !in_body(p, n, t) && n - t < p->window;
  for (uint64_t i = 0; i < q; i++) {
    count_query(p, n, n + i, &c);
    c.rest_pairs += rl_min_u64(i + 1, p->window); /* itself and new ones before it */
  }
  c.met_pairs = q * c.body_read;
  c.rest_scores = q * (c.tail_read + q);
  return c;
}

static uint64_t moment_at(rl_moment moment, const rl_group *group) {
  const rl_cost cost = {.moments = &moment, .moment_count = 1};
  uint64_t value = 0;
  CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){group, 1}, NULL, &value));
  return value;
}

static void check_chain(const layout *l, uint64_t n, uint64_t q) {
  const rl_parting p = parting_of(l);
  const counts want = slow_chain(&p, n, q);
  const rl_group group = {.count = 2, .q = q, .cached = n};
  const struct {
    rl_moment_kind kind;
    uint64_t window, want;
  } of[] = {{RL_M_BODY_READ, 0, want.body_read},
            {RL_M_BODY_WRITE, 0, want.body_write},
            {RL_M_BODY_KEPT, 0, want.body_kept},
            {RL_M_TAIL_READ, 0, want.tail_read},
            {RL_M_TAIL_LEAVE, 0, want.tail_leave},
            {RL_M_TAIL_WRITE, 0, want.tail_write},
            {RL_M_BODY_PAIRS, p.window, want.body_pairs},
            {RL_M_REST_PAIRS, p.window, want.rest_pairs},
            {RL_M_BODY_PAIRS, 0, want.met_pairs},
            {RL_M_REST_SCORES, 0, want.rest_scores},
            {RL_M_TAKEN_IN, 0, want.taken_in}};
  for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
    const rl_moment moment = {
        .kind = of[k].kind, .parting = p, .tokens = l->tokens, .window = of[k].window, .page = 1};
    const uint64_t got = moment_at(moment, &group);
    if (got != 2 * of[k].want) {
      fprintf(stderr, "\nwindow %d kind %zu behind %d, %d new: %d, not %d\n", (int)p.window, k,
              (int)n, (int)q, (int)got, (int)(2 * of[k].want));
    }
    CU_ASSERT_EQUAL(got, 2 * of[k].want);
  }
}

static void test_moments(void) {
  for (int l = 0; l < LAYOUT_COUNT; l++) {
    for (uint64_t n = 0; n < 40; n++) {
      for (uint64_t q = 1; q < 40; q++) check_chain(&LAYOUTS[l], n, q);
    }
  }
}

/* In whole pages, which need not be of whole blocks: 4 blocks of 2 tokens that begin with the third
 * token of a page of 3 stand in 4 pages, and these hold 6 blocks. In pages of 4 they begin at worst
 * in the middle: 2 + 4 + 2. Of the first 8 tokens none is gone: 2 pages. */
static void test_pages(void) {
  const layout *l = &LAYOUTS[0]; /* (9 - 1) / 2 */
  rl_moment moment = {.kind = RL_M_BODY_KEPT, .parting = parting_of(l), .tokens = 2, .page = 3};
  const rl_group late = {.count = 1, .q = 1, .cached = 50}, early = {1, 1, 7};
  CU_ASSERT_EQUAL(moment_at(moment, &late), 6);
  moment.page = 4;
  CU_ASSERT_EQUAL(moment_at(moment, &late), 6);
  CU_ASSERT_EQUAL(moment_at(moment, &early), 4);
}

/* What the tail keeps at any length has a place of its own in it. */
static void test_places(void) {
  for (int l = 0; l < LAYOUT_COUNT; l++) {
    const rl_parting p = parting_of(&LAYOUTS[l]);
    for (uint64_t n = 0; n < LENGTH; n++) {
      uint64_t holds[LENGTH] = {0};
      for (uint64_t t = 0; t < n; t++) {
        if (!tail_keeps(&p, n, t)) continue;
        const uint64_t place = rl_parting_place(&p, t);
        CU_ASSERT_FATAL(place < rl_parting_places(&p));
        CU_ASSERT_EQUAL(holds[place]++, 0);
      }
    }
  }
}

/* Two branches of three nodes each behind n tokens. */
static void test_trees(void) {
  static const int32_t parents[] = {-1, 0, 1, -1, 3, 3};
  static const uint64_t depths[] = {0, 1, 2, 0, 1, 1};
  static const rl_tree tree = {6, parents};
  for (int l = 0; l < LAYOUT_COUNT; l++) {
    const rl_parting p = parting_of(&LAYOUTS[l]);
    for (uint64_t n = 0; n < 40; n++) {
      const rl_group group = {.count = 3, .q = 6, .cached = n, .tree = &tree};
      rl_moment moment = {
          .kind = RL_M_BODY_PAIRS, .parting = p, .tokens = p.block, .window = p.window};
      counts want = {0};
      for (int node = 0; node < 6; node++) {
        count_query(&p, n, n + depths[node], &want);
        want.rest_pairs += rl_min_u64(depths[node] + 1, p.window);
      }
      CU_ASSERT_EQUAL(moment_at(moment, &group), 3 * want.body_pairs);
      moment.kind = RL_M_REST_PAIRS;
      CU_ASSERT_EQUAL(moment_at(moment, &group), 3 * want.rest_pairs);
    }
  }
}

/* Steps of one token lie on a line through the two before them but where a break is counted. */
static void check_straight(const rl_moment *moment) {
  uint64_t at[LENGTH];
  for (uint64_t n = 0; n < LENGTH; n++) {
    at[n] = moment_at(*moment, &(rl_group){.count = 1, .q = 1, .cached = n});
  }
  for (uint64_t n = 2; n < LENGTH; n++) {
    const bool straight = at[n] + at[n - 2] == 2 * at[n - 1];
    const bool one_piece = rl_moment_breaks(moment, n) == rl_moment_breaks(moment, n - 2);
    CU_ASSERT(straight || !one_piece);
    CU_ASSERT(rl_moment_breaks(moment, n) >= rl_moment_breaks(moment, n - 1));
  }
}

static void test_breaks(void) {
  static const rl_moment_kind kinds[] = {RL_M_BODY_READ,  RL_M_BODY_WRITE, RL_M_TAIL_READ,
                                         RL_M_TAIL_LEAVE, RL_M_TAIL_WRITE, RL_M_TAKEN_IN,
                                         RL_M_BODY_PAIRS, RL_M_REST_PAIRS, RL_M_REST_SCORES};
  for (int l = 0; l < LAYOUT_COUNT; l++) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
      const bool masked = kinds[k] == RL_M_BODY_PAIRS || kinds[k] == RL_M_REST_PAIRS;
      const rl_parting p = parting_of(&LAYOUTS[l]);
      check_straight(&(rl_moment){
          .kind = kinds[k], .parting = p, .tokens = p.block, .window = masked ? p.window : 0});
    }
  }
}

/* 2^40 tokens behind as many: no product of both is formed. The first three queries see 3, 2 and 1
 * tokens that were there before. */
static void test_far(void) {
  const uint64_t far = (uint64_t)1 << 40;
  const rl_parting p = {.newest = 0, .step = 1, .window = 4, .block = 1};
  const rl_moment moment = {.kind = RL_M_BODY_PAIRS, .parting = p, .tokens = 1, .window = 4};
  CU_ASSERT_EQUAL(moment_at(moment, &(rl_group){.count = 1, .q = far, .cached = far}), 3 + 2 + 1);
}

/* The window of the layers of a run. */
static uint64_t window_of(const counted *c, uint32_t run) {
  const rl_run *r = &c->program->runs[run];
  uint64_t window = 0;
  for (uint32_t o = r->first_op; o < r->first_op + r->op_count; o++) {
    window = rl_max_u64(window, c->program->ops[o].at.window);
  }
  return window;
}

/* Of the operator of that name in the layers of that window. */
static uint64_t value_of(const counted *c, uint64_t window, const char *op, rl_count what) {
  uint64_t value = UINT64_MAX;
  for (uint32_t r = 0; r < c->cost->row_count; r++) {
    const rl_cost_row *row = &c->cost->rows[r];
    if (strcmp(c->program->ops[row->op].name, op) != 0) continue;
    if (window_of(c, row->run) != window) continue;
    CU_ASSERT(rl_form_value(c->cost, &row->counts[what], c->moments, &value));
  }
  return value;
}

/* Mistral-7B: 8 KV heads of 128, 32 layers, a window of 4,096. A token-head takes 48 B, dense 256
 * B. A step behind 8,200 tokens sees tokens from 4,105 on. Keys: 8,192 have left, and of those the
 * blocks of 32 from 4,096 on are kept; 8 are dense. Values: 8,072 have left, 3,967 from 4,105 on;
 * 128 are dense, one of which leaves. */
static void test_kivi(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 8200};
  counted c;
  counted_open(&c, "mistral-7b", "kivi-2", "reference", &step);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "attention", RL_C_KV_READ),
                  8 * ((4096 + 3967) * 48 + (8 + 128) * 256));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "attention", RL_C_MATRIX), 4 * 32 * 4096 * 128);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_KV_READ), 8 * 256);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_KV_WRITE), 8 * (48 + 2 * 256));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_VECTOR), 5 * 8 * 128);
  /* 4,095 keys, in whole blocks; 4,095 - 128 values */
  CU_ASSERT_EQUAL(counted_kept(&c), 32 * 8 * ((4096 + 3967) * 48 + (127 + 128) * 256));
  rl_arena_free(&c.arena);
}

/* Where scores are stored, 32 heads: keys and values that there are, and themselves. */
static void test_kivi_unfused(void) {
  const rl_group step = {.count = 1, .q = 2, .cached = 8200};
  counted c;
  counted_open(&c, "mistral-7b", "kivi-2", "unfused", &step);
  CU_ASSERT_EQUAL(value_of(&c, 0, "mix", RL_C_KV_READ), UINT64_MAX); /* all layers have a window */
  CU_ASSERT_EQUAL(value_of(&c, 4096, "scores", RL_C_KV_READ), 8 * (4096 * 48 + 8 * 256));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "scores", RL_C_MATRIX), 2 * 32 * 2 * (4096 + 8 + 2) * 128);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "scores", RL_C_ACT_WRITE), 2 * 32 * 2 * 8202);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "mix", RL_C_KV_READ), 8 * (3967 * 48 + 128 * 256));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "mix", RL_C_MATRIX), 2 * 32 * 2 * (3967 + 128 + 2) * 128);
  rl_arena_free(&c.arena);
}

/* gpt-oss-20b: 8 KV heads of 64; 12 layers see 128 tokens, 12 all. A token-head takes 64/4 + 2 (2 +
 * 2) = 24 B, dense 128 B. Behind 1,000 tokens 896 keys have left, of which those from 864 on are
 * kept; a query sees from 873 on: 23 of these and the 104 dense ones. Of values 872 have left, none
 * of them is seen; nor is the one that leaves next, so that nothing is packed. */
static void test_short_window(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 1000};
  counted c;
  counted_open(&c, "gpt-oss-20b", "kivi-2", "reference", &step);
  CU_ASSERT_EQUAL(value_of(&c, 128, "attention", RL_C_KV_READ), 8 * (32 * 24 + (104 + 127) * 128));
  CU_ASSERT_EQUAL(value_of(&c, 0, "attention", RL_C_KV_READ),
                  8 * ((896 + 872) * 24 + (104 + 128) * 128));
  CU_ASSERT_EQUAL(value_of(&c, 128, "kv_compress", RL_C_KV_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, 128, "kv_compress", RL_C_KV_WRITE), 8 * 2 * 128);
  CU_ASSERT_EQUAL(value_of(&c, 0, "kv_compress", RL_C_KV_READ), 8 * 128);
  CU_ASSERT_EQUAL(value_of(&c, 0, "kv_compress", RL_C_KV_WRITE), 8 * (24 + 2 * 128));
  const uint64_t near = 128 * 24 + 127 * 128 + 127 * 128;
  const uint64_t far = (896 + 873) * 24 + (127 + 128) * 128;
  CU_ASSERT_EQUAL(counted_kept(&c), 12 * 8 * (near + far));
  rl_arena_free(&c.arena);
}

/* Gemma-3-27B: 16 KV heads of 128, 32 query heads; 52 of 62 layers see 1,024 tokens. Blocks of
 * GEAR's as unit/cost_parted.c has them. Behind 2,300 tokens 35 blocks have left; from 1,277 on
 * tokens are seen, block 19 holds 1,216 to 1,279. 60 tokens are dense. */
static void test_gear(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 2300};
  const uint64_t block = 5888 + 5248;
  const uint64_t key = 128 * 2 + 128 * 64 + 2 * (128 + 64),
                 value = 64 * 3 + 64 * 128 + 2 * (64 + 128);
  counted c;
  counted_open(&c, "gemma-3-27b", "gear-2", "reference", &step);
  CU_ASSERT_EQUAL(value_of(&c, 1024, "attention", RL_C_KV_READ), 16 * (16 * block + 2 * 60 * 256));
  CU_ASSERT_EQUAL(value_of(&c, 0, "attention", RL_C_KV_READ), 16 * (35 * block + 2 * 60 * 256));
  CU_ASSERT_EQUAL(value_of(&c, 1024, "attention", RL_C_MATRIX),
                  2 * 32 * (16 * (key + value) + 2 * 61 * 128));
  CU_ASSERT_EQUAL(value_of(&c, 1024, "kv_compress", RL_C_KV_WRITE), 16 * 2 * 256);
  CU_ASSERT_EQUAL(counted_kept(&c),
                  16 * (52 * (16 * block + 2 * 63 * 256) + 10 * (35 * block + 2 * 63 * 256)));
  rl_arena_free(&c.arena);
}

/* `groups` of 16 B, each expected 2.940757537602573 times (unit/spec_format.c, packed). */
static uint64_t expected_bytes(uint64_t groups) {
  const uint64_t unit = 1u << 20, each = (uint64_t)(2.940757537602573 * (double)unit + 0.5);
  return (16 * groups * each + unit - 1) / unit;
}

/* Mistral-7B with Mustafar. Behind 8,600 tokens 33 times 256 have left, 132 blocks; from 4,505 on
 * tokens are seen, so that 70 blocks were dropped; 152 are dense. */
static void test_mustafar(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 8600};
  counted c;
  counted_open(&c, "mistral-7b", "mustafar-70", "reference", &step);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "attention", RL_C_KV_READ),
                  2 * 8 * (62 * 128 * 12 + 152 * 256) + expected_bytes(2 * 8 * 62 * 128));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "attention", RL_C_MATRIX),
                  2 * 2 * 32 * (62 * 64 * 40 + 153 * 128));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_KV_WRITE), 2 * 8 * 256);
  /* 4,095 less 32, in whole blocks: 64 */
  CU_ASSERT_EQUAL(counted_kept(&c),
                  32 * 2 * 8 * (64 * 128 * 12 + 287 * 256) + expected_bytes(32 * 2 * 8 * 64 * 128));
  rl_arena_free(&c.arena);
}

/* A prompt of 10,000 tokens: 152 blocks leave, 92 of which no later token sees, from 5,905 on; 272
 * stay dense. */
static void test_long_prompt(void) {
  const rl_group prompt = {.count = 3, .q = 10000, .logits = RL_LOGITS_LAST};
  counted c;
  counted_open(&c, "mistral-7b", "mustafar-70", "reference", &prompt);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "attention", RL_C_KV_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_KV_WRITE),
                  3 * 2 * 8 * (60 * 128 * 12 + 272 * 256) + expected_bytes(3 * 2 * 8 * 60 * 128));
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_VECTOR), 3 * 2 * 8 * 60 * 64 * 128);
  CU_ASSERT_EQUAL(value_of(&c, 4096, "kv_compress", RL_C_ACT_READ),
                  3 * 2 * 8 * (60 * 64 + 272) * 256);
  rl_arena_free(&c.arena);
}

RL_SUITE("parted caches under windows", {"moments", test_moments}, {"pages", test_pages},
         {"places", test_places}, {"trees", test_trees}, {"breaks", test_breaks},
         {"far behind", test_far}, {"kivi", test_kivi}, {"kivi, unfused", test_kivi_unfused},
         {"a short window", test_short_window}, {"gear", test_gear}, {"mustafar", test_mustafar},
         {"a long prompt", test_long_prompt})
