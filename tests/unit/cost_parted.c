/* Caches that keep tokens apart, counted: moments against tokens that are moved one by one, and the
 * bytes of KIVI on Llama-3-8B by hand. */
#include <string.h>

#include "cost_counted.h"
#include "unit.h"

enum { LENGTH = 60 };

/* A cache whose tokens are told where they are: in the tail, or in the body. */
typedef struct slow_cache {
  bool packed[LENGTH];
  uint64_t length, in_body, moved, moved_from_tail;
} slow_cache;

/* One pass of q tokens. */
static void pass(slow_cache *c, const rl_parting *p, uint64_t q) {
  const uint64_t before = c->length;
  c->moved = c->moved_from_tail = 0;
  c->length += q;
  while (c->length >= p->first + c->in_body + p->newest + p->step) {
    for (uint64_t i = 0; i < p->step; i++) {
      const uint64_t token = p->first + c->in_body++;
      c->packed[token] = true;
      c->moved++;
      c->moved_from_tail += token < before;
    }
  }
}

static uint64_t new_in_tail(const slow_cache *c, uint64_t q) {
  uint64_t count = 0;
  for (uint64_t t = c->length - q; t < c->length; t++) count += !c->packed[t];
  return count;
}

enum { BODY_READ, BODY_WRITE, BODY_KEPT, TAIL_READ, TAIL_LEAVE, TAIL_WRITE, TAIL_KEPT, KINDS };

static void check_pass(const rl_parting *p, uint64_t tokens, uint64_t cached, uint64_t q) {
  const uint64_t page = 3;
  rl_moment moments[KINDS];
  for (int k = 0; k < KINDS; k++) {
    moments[k] = (rl_moment){.kind = (rl_moment_kind)(RL_M_BODY_READ + k), .parting = *p,
                             .tokens = tokens, .page = k == BODY_KEPT ? page : 0};
  }
  const rl_cost cost = {.moments = moments, .moment_count = KINDS};
  const rl_group group = {.count = 2, .q = q, .cached = cached};
  slow_cache slow = {0};
  uint64_t got[KINDS], pages = 0, blocks = 0;
  pass(&slow, p, cached);
  const uint64_t body = slow.in_body, tail = slow.length - slow.in_body;
  pass(&slow, p, q);
  while (pages * page < slow.in_body) pages++;
  while (blocks * tokens < pages * page) blocks++;
  CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){&group, 1}, NULL, got));
  CU_ASSERT_EQUAL(got[BODY_READ], 2 * (body / tokens));
  CU_ASSERT_EQUAL(got[BODY_WRITE], 2 * (slow.moved / tokens));
  CU_ASSERT_EQUAL(got[BODY_KEPT], 2 * blocks);
  CU_ASSERT_EQUAL(got[TAIL_READ], 2 * tail);
  CU_ASSERT_EQUAL(got[TAIL_LEAVE], 2 * slow.moved_from_tail);
  CU_ASSERT_EQUAL(got[TAIL_WRITE], 2 * new_in_tail(&slow, q));
  CU_ASSERT(got[TAIL_KEPT] >= 2 * (slow.length - slow.in_body));
}

static void test_moments(void) {
  static const struct {
    rl_parting parting;
    uint64_t tokens;
  } of[] = {{{0, 0, 4}, 2}, {{0, 3, 1}, 1}, {{2, 3, 1}, 1}, {{1, 3, 2}, 2},
            {{0, 0, 1}, 1}, {{5, 2, 8}, 4}, {{0, 7, 6}, 3}};
  for (size_t c = 0; c < sizeof of / sizeof *of; c++) {
    for (uint64_t cached = 0; cached < 30; cached++) {
      for (uint64_t q = 1; q < 30; q++) check_pass(&of[c].parting, of[c].tokens, cached, q);
    }
  }
}

/* Where a step of one token leaves the straight line: a moment differs from the line through the
 * two steps before only where a break is counted. */
static void check_straight(const rl_moment *moment) {
  const rl_cost cost = {.moments = moment, .moment_count = 1};
  uint64_t at[LENGTH];
  for (uint64_t n = 0; n < LENGTH; n++) {
    const rl_group group = {.count = 1, .q = 1, .cached = n};
    CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){&group, 1}, NULL, &at[n]));
  }
  for (uint64_t n = 2; n < LENGTH; n++) {
    const bool straight = at[n] + at[n - 2] == 2 * at[n - 1];
    const bool one_piece = rl_moment_breaks(moment, n) == rl_moment_breaks(moment, n - 2);
    CU_ASSERT(straight || !one_piece);
    CU_ASSERT(rl_moment_breaks(moment, n) >= rl_moment_breaks(moment, n - 1));
  }
}

static void check_breaks(const rl_parting *p, uint64_t tokens) {
  for (int k = 0; k < KINDS; k++) {
    const rl_moment moment = {
        .kind = (rl_moment_kind)(RL_M_BODY_READ + k), .parting = *p, .tokens = tokens, .page = 1};
    if (k == BODY_KEPT || k == TAIL_KEPT) continue; /* memory is not summed over steps */
    check_straight(&moment);
  }
}

static void test_breaks(void) {
  check_breaks(&(rl_parting){0, 0, 4}, 2);
  check_breaks(&(rl_parting){0, 3, 1}, 1);
  check_breaks(&(rl_parting){2, 5, 8}, 4);
  check_breaks(&(rl_parting){0, 0, 1}, 1);
}

/* The first token that leaves begins the body: its step differs from those before and behind it. */
static void test_channel_moments(void) {
  const rl_parting p = {1, 3, 2};
  static const rl_moment_kind kinds[] = {RL_M_BODY_HELD,    RL_M_BODY_BEGUN,   RL_M_BODY_GROWN,
                                         RL_M_BODY_QUERIES, RL_M_BEGUN_TOKENS, RL_M_BEGUN_CACHED,
                                         RL_M_BODY_PAIRS,   RL_M_REST_PAIRS,   RL_M_REST_SCORES};
  enum { COUNT = sizeof kinds / sizeof *kinds };
  /* two sequences of 5 kept tokens and 4 new ones, f = 1, r = 3, G = 2: nothing is in the body,
   * which holds 4 of 9; and one of 9 and 3: 4 are, 8 of 12 behind it */
  const rl_group groups[] = {{.count = 2, .q = 4, .cached = 5}, {.count = 1, .q = 3, .cached = 9}};
  const uint64_t pairs = 2 * (6 + 7 + 8 + 9) + 10 + 11 + 12;
  const uint64_t want[] = {1, 2, 3, 3, 2 * 3, 2 * 5, 3 * 2, pairs - 12, 2 * 36 + 36 - 12};
  rl_moment moments[COUNT];
  uint64_t got[COUNT];
  for (int k = 0; k < COUNT; k++) {
    moments[k] = (rl_moment){.kind = kinds[k],
                             .parting = p,
                             .tokens = 2,
                             .window = kinds[k] == RL_M_BEGUN_TOKENS ? 3 : 0};
  }
  const rl_cost cost = {.moments = moments, .moment_count = COUNT};
  CU_ASSERT_FATAL(rl_cost_moments(&cost, &(rl_point){groups, 2}, NULL, got));
  for (int k = 0; k < COUNT; k++) CU_ASSERT_EQUAL(got[k], want[k]);
}

/* Where a step of one token leaves the straight line, of the same kinds. */
static void test_channel_breaks(void) {
  static const rl_parting partings[] = {{0, 3, 1}, {2, 5, 8}, {0, 0, 4}, {0, 0, 1}};
  for (int p = 0; p < 4; p++) {
    for (int k = RL_M_BODY_HELD; k <= RL_M_REST_SCORES; k++) {
      const rl_moment moment = {.kind = (rl_moment_kind)k, .parting = partings[p], .tokens = 1};
      check_straight(&moment);
    }
  }
}

static uint64_t value_of(const counted *c, const char *op, rl_count what) {
  uint64_t value = 0;
  for (uint32_t r = 0; r < c->cost->row_count; r++) {
    const rl_cost_row *row = &c->cost->rows[r];
    if (strcmp(c->program->ops[row->op].name, op) != 0) continue;
    CU_ASSERT(rl_form_value(c->cost, &row->counts[what], c->moments, &value));
  }
  return value;
}

/* Llama-3-8B: 8 KV heads of 128, 32 layers. A token-head of either takes 128/4 + 4 (2 + 2) = 48 B with
 * 2 bits, 80 B with 4; dense 256 B. A step behind 2,303 tokens: keys 17 x 128 = 2,176 in the body, 127
 * in the tail, and the new one fills the residual: 128 leave, of which 127 stood there. Values: 2,175 in
 * the body, 128 in the tail, one of which leaves while the new one stays. */
static void test_kivi(void) {
  const struct {
    const char *name;
    uint64_t each;
  } of[] = {{"kivi-2", 48}, {"kivi-4", 80}};
  const rl_group step = {.count = 1, .q = 1, .cached = 2303};
  for (int f = 0; f < 2; f++) {
    const uint64_t each = of[f].each;
    counted c;
    counted_open(&c, "llama-3-8b", of[f].name, NULL, &step);
    CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ),
                    8 * ((2176 + 2175) * each + (127 + 128) * 256));
    /* q, out: 32 heads of 128 in bf16; new k and v: 8 heads each */
    CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_ACT_READ), (32 + 8 + 8) * 256);
    CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_ACT_READ), (8 + 8) * 256);
    CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 8 * (127 + 1) * 256);
    CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE), 8 * (128 + 1) * each + 8 * 256);
    /* smallest, largest, difference, times, rounding */
    CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_VECTOR), 5 * 8 * (128 + 1) * 128);
    /* behind it: keys 2,304 in the body, of the tail all 127 places were used; values 2,176 and 128 */
    CU_ASSERT_EQUAL(counted_kept(&c), 32 * 8 * ((2304 + 2176) * each + (127 + 128) * 256));
    rl_arena_free(&c.arena);
  }
}

/* A prompt of 200 tokens: nothing was there. Keys 128 to the body, 72 to the tail; values 72 and 128. */
static void test_kivi_prompt(void) {
  const rl_group prompt = {.count = 3, .q = 200, .logits = RL_LOGITS_LAST};
  counted c;
  counted_open(&c, "llama-3-8b", "kivi-2", NULL, &prompt);
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE),
                  3 * 8 * ((128 + 72) * 48 + (72 + 128) * 256));
  CU_ASSERT_EQUAL(counted_kept(&c), 3 * 32 * 8 * ((128 + 72) * 48 + (127 + 128) * 256));
  rl_arena_free(&c.arena);
}

/* Llama-3-8B with ThinK: 77 of 128 channels of a key, the newest 32 whole. A step behind 2,303
 * tokens: keys 2,271 in the body, 32 in the tail, one of which leaves for the new one; values all
 * in the body. A mask takes 16 B. */
static void test_think(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 2303};
  counted c;
  counted_open(&c, "llama-3-8b", "think", NULL, &step);
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ),
                  8 * (2271 * 154 + 32 * 256 + 16 + 2303 * 256));
  /* 32 heads: 33 keys are whole, of all 2,304 tokens the values */
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_MATRIX),
                  2 * 32 * (2271 * 77 + 33 * 128 + 2304 * 128));
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_VECTOR), 0);
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_ACT_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 8 * (256 + 16));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE), 8 * (154 + 256 + 256));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_VECTOR), 0); /* nothing is rounded */
  CU_ASSERT_EQUAL(counted_kept(&c), 32 * 8 * (2272 * 154 + 32 * 256 + 16 + 2304 * 256));
  rl_arena_free(&c.arena);
}

/* Prompts of 200 tokens choose: squares and sums of the newest 32 queries of 32 heads and of 200
 * keys of 8, a product and a comparison a channel. */
static void test_think_prompt(void) {
  const rl_group prompt = {.count = 3, .q = 200, .logits = RL_LOGITS_LAST};
  counted c;
  counted_open(&c, "llama-3-8b", "think", NULL, &prompt);
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_ACT_READ), 3 * (32 * 32 + 200 * 8) * 256);
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_KV_READ), 0);
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_KV_WRITE), 3 * 8 * 16);
  CU_ASSERT_EQUAL(value_of(&c, "choose_channels", RL_C_VECTOR),
                  3 * 128 * (2 * 32 * 32 + 2 * 200 * 8 + 2 * 8));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 3 * 8 * 16);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE),
                  3 * 8 * (168 * 154 + 32 * 256 + 200 * 256));
  rl_arena_free(&c.arena);
}

/* Over KIVI: blocks of 32 tokens are 77 rows of 32 codes in 2 bits, a scale and a smallest value,
 * 12 B. 2,176 of 2,303 keys are in 68 of them. */
static void test_think_kivi(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 2303};
  counted c;
  counted_open(&c, "llama-3-8b", "think-kivi-2", NULL, &step);
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ),
                  8 * (68 * 77 * 12 + 127 * 256 + 16 + 2175 * 48 + 128 * 256));
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_MATRIX),
                  2 * 32 * (2176 * 77 + 128 * 128 + 2304 * 128));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_VECTOR), 5 * 8 * (128 * 77 + 128));
  rl_arena_free(&c.arena);
}

/* Llama-3-8B with GEAR. A block of 64 keys and a head is 128 rows of 64: 2 outliers of 2 + 8 B, 16
 * B of codes, a scale and a smallest value, two factors: 44 B; and two directions of 128 B: 5,888
 * B. Of values it is 64 rows of 128: 3 outliers, 32 B, two of each, two factors: 74 B; and
 * directions of 256 B: 5,248 B. Behind 2,303 tokens 35 blocks stand in the body and 63 tokens in
 * the tail; the new one fills the 36th. */
static void test_gear(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 2303};
  const uint64_t block = 128 * 44 + 256 + 64 * 74 + 512;
  /* outliers, codes, and what both directions take: rows and columns */
  const uint64_t key = 128 * 2 + 128 * 64 + 2 * (128 + 64),
                 value = 64 * 3 + 64 * 128 + 2 * (64 + 128);
  counted c;
  counted_open(&c, "llama-3-8b", "gear-2", NULL, &step);
  CU_ASSERT_EQUAL(block, 5888 + 5248);
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ), 8 * (35 * block + 2 * 63 * 256));
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_MATRIX),
                  2 * 32 * (35 * (key + value) + 2 * 64 * 128));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 8 * 2 * 63 * 256);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE), 8 * block);
  /* a value is compared, and in codes; two components behind the first take what those left. A
   * direction: four steps of square, sum and product a column, the second is freed of the first in
   * four each */
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_VECTOR),
                  8 * (2 * 64 * 128 * (1 + 5 + 2) + 4 * (2 * 3 + 4) * (64 + 128)));
  /* A^T A v four times, then A v, of two directions, K and V */
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_MATRIX), 8 * 2 * 2 * (4 * 2 + 1) * 2 * 64 * 128);
  CU_ASSERT_EQUAL(counted_kept(&c), 32 * 8 * (36 * block + 2 * 63 * 256));
  rl_arena_free(&c.arena);
}

/* `groups` of 16 B, each expected 2.940757537602573 times (unit/spec_format.c, packed). */
static uint64_t expected_bytes(uint64_t groups) {
  const uint64_t unit = 1u << 20, each = (uint64_t)(2.940757537602573 * (double)unit + 0.5);
  return (16 * groups * each + unit - 1) / unit;
}

/* Llama-3-8B with Mustafar, 40 of 128 kept. Behind 2,335 tokens 8 times 256 have left, 32 blocks of
 * 64, and 287 are dense; the new one makes it 288, of which 256 leave. A block and head is 128 rows
 * of a tile, or 64 of two: 128 tiles of 12 B, and groups of 16 B. */
static void test_mustafar(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 2335};
  counted c;
  counted_open(&c, "llama-3-8b", "mustafar-70", NULL, &step);
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_KV_READ),
                  2 * 8 * (32 * 128 * 12 + 287 * 256) + expected_bytes(2 * 8 * 32 * 128));
  CU_ASSERT_EQUAL(value_of(&c, "attention", RL_C_MATRIX),
                  2 * 2 * 32 * (2048 * 40 + (2336 - 2048) * 128));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_READ), 2 * 8 * 256 * 256);
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_KV_WRITE),
                  2 * 8 * (4 * 128 * 12 + 256) + expected_bytes(2 * 8 * 4 * 128));
  CU_ASSERT_EQUAL(value_of(&c, "kv_compress", RL_C_VECTOR), 2 * 8 * 256 * 128); /* comparisons */
  /* 36 blocks behind it; 287 places of each tail */
  CU_ASSERT_EQUAL(counted_kept(&c),
                  32 * 2 * 8 * (36 * 128 * 12 + 287 * 256) + expected_bytes(32 * 2 * 8 * 36 * 128));
  rl_arena_free(&c.arena);
}

/* DeepSeek V3: of a token and layer 512 latent values and 4 scales of 4 B, 64 rotated values of 2 B. */
static void test_latents(void) {
  const rl_group step = {.count = 1, .q = 1, .cached = 99};
  counted c;
  counted_open(&c, "deepseek-v3", "fp8-mla", NULL, &step);
  CU_ASSERT_EQUAL(512 + 4 * 4 + 64 * 2, 656);
  CU_ASSERT_EQUAL(counted_kept(&c), 61 * 100 * 656);
  rl_arena_free(&c.arena);
}

RL_SUITE("parted caches", {"latents", test_latents}, {"moments", test_moments},
         {"breaks", test_breaks}, {"kivi", test_kivi}, {"kivi, a prompt", test_kivi_prompt},
         {"moments of channels", test_channel_moments}, {"breaks of channels", test_channel_breaks},
         {"think", test_think}, {"think, a prompt", test_think_prompt},
         {"think over kivi", test_think_kivi}, {"gear", test_gear}, {"mustafar", test_mustafar})
