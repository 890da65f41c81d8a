/* Tokens dealt to ranks: closed forms against loops over positions, the shares of all ranks against
 * the whole, and rows of Llama-3-8B and DeepSeek-V3 by hand. */
#include <string.h>

#include "base/checked.h"
#include "cost/cost.h"
#include "cost/dealt.h"
#include "graph/lower.h"
#include "unit.h"

static rl_arena arena;
static rl_diags diags;
static rl_scenario *scenario;
static rl_cost *cost;
static uint64_t moments[RL_MOMENTS_MAX];

/* --- closed forms --- */

typedef struct loop_sums {
  uint64_t positions, query_pairs, rows_seen, key_pairs;
} loop_sums;

static uint64_t oldest(uint64_t p, uint64_t window) {
  return window == 0 || p + 1 < window ? 0 : p + 1 - window;
}

static bool is_seen(const rl_stretch *of, uint64_t n, uint64_t c, uint64_t key) {
  for (uint64_t p = of->first; p < of->end; p++) {
    if (p % n == c && key <= p && key >= oldest(p, of->window)) return true;
  }
  return false;
}

static loop_sums loop_over(const rl_stretch *of, uint64_t n, uint64_t c) {
  loop_sums sums = {0};
  for (uint64_t p = of->first; p < of->end; p++) {
    sums.positions += p % n == c;
    for (uint64_t key = oldest(p, of->window); key <= p; key++) {
      sums.query_pairs += p % n == c;
      sums.key_pairs += key % n == c;
    }
  }
  for (uint64_t key = 0; key < of->end; key++) sums.rows_seen += is_seen(of, n, c, key);
  return sums;
}

static loop_sums closed_forms(const rl_stretch *of, rl_deal deal) {
  loop_sums sums = {.positions = rl_dealt_positions(deal, of->first, of->end),
                    .rows_seen = rl_dealt_rows_seen(deal, of)};
  CU_ASSERT(rl_dealt_query_pairs(deal, of, &sums.query_pairs));
  CU_ASSERT(rl_dealt_key_pairs(deal, of, &sums.key_pairs));
  return sums;
}

static void expect_same(loop_sums a, loop_sums b) {
  CU_ASSERT_EQUAL(a.positions, b.positions);
  CU_ASSERT_EQUAL(a.query_pairs, b.query_pairs);
  CU_ASSERT_EQUAL(a.rows_seen, b.rows_seen);
  CU_ASSERT_EQUAL(a.key_pairs, b.key_pairs);
}

/* Every rank, and the most of all of them: exact but for key pairs under a window, which it bounds,
 * exactly so for one query. */
static void check_stretch(const rl_stretch *of, uint64_t n) {
  loop_sums most = {0};
  for (uint64_t c = 0; c < n; c++) {
    const loop_sums one = loop_over(of, n, c);
    expect_same(closed_forms(of, (rl_deal){n, 1 + c}), one);
    most.positions = rl_max_u64(most.positions, one.positions);
    most.query_pairs = rl_max_u64(most.query_pairs, one.query_pairs);
    most.rows_seen = rl_max_u64(most.rows_seen, one.rows_seen);
    most.key_pairs = rl_max_u64(most.key_pairs, one.key_pairs);
  }
  loop_sums fullest = closed_forms(of, (rl_deal){n, 0});
  CU_ASSERT(fullest.key_pairs >= most.key_pairs);
  if (of->window != 0 && of->end - of->first > 1) fullest.key_pairs = most.key_pairs;
  expect_same(fullest, most);
}

static void test_closed_forms(void) {
  static const uint64_t windows[] = {0, 1, 2, 3, 5, 8, 13};
  for (uint64_t n = 2; n <= 7; n++) {
    for (uint64_t first = 0; first <= 9; first += 3) {
      for (uint64_t q = 1; q <= 17; q += 2) {
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
          const rl_stretch of = {first, first + q, windows[w]};
          check_stretch(&of, n);
        }
      }
    }
  }
}

/* 2^33 queries behind 2^33 have more pairs than 64 bits hold, whoever counts them. */
static void test_overflow(void) {
  const uint64_t far = UINT64_C(1) << 34;
  const rl_stretch of = {far / 2, far, 0}, wide = {far / 2, far, far / 2};
  uint64_t pairs;
  CU_ASSERT_FALSE(rl_dealt_query_pairs((rl_deal){2, 0}, &of, &pairs));
  CU_ASSERT_FALSE(rl_dealt_key_pairs((rl_deal){2, 0}, &of, &pairs));
  CU_ASSERT_FALSE(rl_dealt_key_pairs((rl_deal){2, 1}, &of, &pairs));
  CU_ASSERT_FALSE(rl_dealt_key_pairs((rl_deal){2, 0}, &wide, &pairs));
}

/* --- models --- */

static void open_model(const char *model) {
  static const char *const paths[] = {RL_SOURCE_DIR};
  rl_request request = {.model = {.text = model}, .profile = {.text = "reference"}};
  rl_db *db;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_db_open(&arena, paths, 1, &db, &diags);
  if (status == RL_OK) status = rl_scenario_resolve(&arena, db, &request, &scenario, &diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

static void count_rank(uint64_t ranks, uint64_t place, const rl_group *group) {
  const rl_program *program;
  scenario->parallel.context = ranks;
  rl_status status = rl_lower_rank(&arena, scenario, (rl_rank){.context = place}, &program, &diags);
  if (status == RL_OK) status = rl_cost_compile(&arena, program, 1, &cost, &diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){group, 1}, NULL, moments));
}

static const rl_cost_row *row_named(const char *name) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (strcmp(cost->program->ops[cost->rows[r].op].name, name) == 0) return &cost->rows[r];
  }
  return NULL;
}

static uint64_t value_of(const rl_form *form) {
  uint64_t value = 0;
  CU_ASSERT(rl_form_value(cost, form, moments, &value));
  return value;
}

static void expect_row(const char *name, const uint64_t counts[RL_COUNTS]) {
  const rl_cost_row *row = row_named(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(row);
  for (int k = 0; k < RL_COUNTS; k++) CU_ASSERT_EQUAL(value_of(&row->counts[k]), counts[k]);
}
#define EXPECT_ROW(name, ...) expect_row((name), (const uint64_t[RL_COUNTS]){__VA_ARGS__})

static void expect_way(const char *name, rl_algorithm algorithm, uint64_t messages,
                       uint64_t bytes) {
  const rl_cost_row *row = row_named(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(row);
  for (uint32_t w = 0; w < row->way_count; w++) {
    const rl_way *way = &cost->ways[row->first_way + w];
    if (way->algorithm != algorithm) continue;
    CU_ASSERT_EQUAL(way->messages, messages);
    CU_ASSERT_EQUAL(value_of(&way->bytes), bytes);
    return;
  }
  CU_FAIL("no such way");
}

/* 2050 tokens on 4 ranks. Rank 1 has the positions 1, 5, ..., 2049: T = 513, and of their keys P =
 * sum of 2 + 4 i over i < 513 = 1026 + 4 * 513 * 512 / 2 = 526338. A token keeps 2 * 8 * 128 values
 * of 2 bytes = 4096 in a layer: a rank has 513 rows of 2050 at most, 2101248 bytes, and is handed
 * all, 8396800; it sends its own to 3 others, 6303744. The other rows as in cost_llama.c. */
static void test_prefill(void) {
  const rl_group group = {.count = 1, .q = 2050};
  open_model("llama-3-8b");
  count_rank(4, 0, &group);
  EXPECT_ROW("embed", 0, 0, 8192 * 513, 0, 0, 4 * 513, 8192 * 513);
  EXPECT_ROW("qkv_proj", UINT64_C(50331648) * 513, 0, 50331648, 0, 0, 8192 * 513, 12288 * 513);
  EXPECT_ROW("rope_append", 0, 15360 * 513, 0, 0, 4096 * 513, 12288 * 513, 8192 * 513);
  EXPECT_ROW("gather_kv", 0, 0, 0, 2101248, 0, 0, 8396800);
  EXPECT_ROW("attention", UINT64_C(16384) * 526338, 192 * 526338, 0, 0, 0, 8192 * 513 + 8396800,
             8192 * 513);
  EXPECT_ROW("own_attention", 0, 0, 0, 0, 0, 0, 0);
  EXPECT_ROW("merge", 0, 0, 0, 0, 0, 0, 0);
  EXPECT_ROW("lm_head", 1050673152, 0, 1050673152, 0, 0, 8192, 256512);
  expect_way("gather_kv", RL_RING, 3, 6303744);
  expect_way("gather_kv", RL_ONE_SHOT, 1, 6303744);
  CU_ASSERT_EQUAL(value_of(&cost->kv_bytes), UINT64_C(32) * 2101248);
  rl_arena_free(&arena);
}

/* 3 sequences with 2050 tokens each and a new one, on every rank: T = 3. The keys are 2051, of
 * which a rank keeps 513 at most: P = K = 1539. Parts of the results are 3 * 8192 = 24576 bytes,
 * their sums 3 * 32 * 4 = 384; merging takes 3 * (2 * 4096 + 5 * 32) = 25056 operations. In two
 * shots a rank sends (6 * 24576 + 3 * 384) / 4 = 37152 bytes, up and down a tree 2 * 24576 + 384,
 * at once 3 * 24960. */
static void test_decode(void) {
  const rl_group group = {.count = 3, .q = 1, .cached = 2050};
  open_model("llama-3-8b");
  count_rank(4, 0, &group);
  EXPECT_ROW("qkv_proj", UINT64_C(50331648) * 3, 0, 50331648, 0, 0, 8192 * 3, 12288 * 3);
  EXPECT_ROW("rope_append", 0, 15360 * 3, 0, 0, 4096 * 3, 12288 * 3, 8192 * 3);
  EXPECT_ROW("gather_kv", 0, 0, 0, 0, 0, 0, 0);
  EXPECT_ROW("attention", 0, 0, 0, 0, 0, 0, 0);
  EXPECT_ROW("own_attention", 16384 * 1539, 192 * 1539, 0, 4096 * 1539, 0, 24576, 24960);
  EXPECT_ROW("merge", 0, 25056, 0, 0, 0, 24960, 24576);
  expect_way("merge", RL_TWO_SHOT, 2, 37152);
  expect_way("merge", RL_RING, 6, 37152);
  expect_way("merge", RL_TREE, 4, 49536);
  expect_way("merge", RL_ONE_SHOT, 1, 74880);
  CU_ASSERT_EQUAL(value_of(&cost->kv_bytes), UINT64_C(32) * 4096 * 1539);
  rl_arena_free(&arena);
}

/* DeepSeek-V3, one sequence behind 4096 tokens on 8 ranks: of 4097 keys a rank keeps 513. A token
 * keeps 512 + 64 values in a layer: 1152 bytes. Of 128 heads: 2 * 513 * 128 * (2 * 512 + 64) FLOPs,
 * 6 operations a score, queries of 64 + 512 values, a mix of 512 and a sum of 4 bytes each.
 * Prefilled, every rank is handed the latents of all 4096 tokens and expands them. */
static void test_latents(void) {
  const rl_group decode = {.count = 1, .q = 1, .cached = 4096}, prefill = {.count = 1, .q = 4096};
  const uint64_t mix = 128 * 512 * 2, sums = 128 * 4;
  open_model("deepseek-v3");
  count_rank(8, 0, &decode);
  EXPECT_ROW("latent_attention", UINT64_C(2) * 513 * 128 * 1088, 6 * 128 * 513, 0, 1152 * 513, 0,
             128 * 576 * 2, mix + sums);
  EXPECT_ROW("merge", 0, 2 * 65536 + 5 * 128, 0, 0, 0, mix + sums, mix);
  count_rank(8, 0, &prefill);
  EXPECT_ROW("gather_kv", 0, 0, 0, 1152 * 512, 0, 0, 1152 * 4096);
  expect_way("gather_kv", RL_RING, 7, UINT64_C(7) * 1152 * 512);
  const rl_cost_row *expand = row_named("kv_b_proj");
  CU_ASSERT_EQUAL(value_of(&expand->counts[RL_C_MATRIX]), UINT64_C(2) * 4096 * 32768 * 512);
  rl_arena_free(&arena);
}

/* --- all ranks together --- */

static const char *const NAMES[2][3] = {{"attention", "own_attention", "gather_kv"},
                                        {"latent_attention", "expanded_attention", "gather_kv"}};

/* The sums over rows of those names, all layers. */
static void add_rows(const char *const names[3], rl_count count, uint64_t *sum) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    const rl_cost_row *row = &cost->rows[r];
    for (int n = 0; n < 3; n++) {
      if (strcmp(cost->program->ops[row->op].name, names[n]) != 0) continue;
      *sum += row->repeat * value_of(&row->counts[count]);
    }
  }
}

static uint64_t sum_read(void) {
  uint64_t sum = 0;
  for (uint32_t r = 0; r < cost->row_count; r++) {
    sum += cost->rows[r].repeat * value_of(&cost->rows[r].counts[RL_C_KV_READ]);
  }
  return sum;
}

/* Attention's FLOPs, the rows of the cache that are read, and what is kept in memory. */
static void check_sums(const char *model, int latent, const rl_group *group) {
  uint64_t matrix[2] = {0}, read[2] = {0}, kept[2] = {0};
  const uint64_t ranks = 5;
  open_model(model);
  count_rank(1, 0, group);
  add_rows(NAMES[latent], RL_C_MATRIX, &matrix[0]);
  read[0] = sum_read();
  kept[0] = value_of(&cost->kv_bytes);
  for (uint64_t place = 1; place <= ranks; place++) {
    count_rank(ranks, place, group);
    add_rows(NAMES[latent], RL_C_MATRIX, &matrix[1]);
    read[1] += sum_read();
    kept[1] += value_of(&cost->kv_bytes);
  }
  CU_ASSERT(matrix[0] > 0);
  CU_ASSERT_EQUAL(matrix[0], matrix[1]);
  CU_ASSERT_EQUAL(kept[0], kept[1]);
  if (!latent || group->q == 1) CU_ASSERT_EQUAL(read[0], read[1]);
  rl_arena_free(&arena);
}

static void test_sums(void) {
  static const rl_group groups[] = {{.count = 3, .q = 1, .cached = 777},
                                    {.count = 2, .q = 301, .cached = 0},
                                    {.count = 1, .q = 97, .cached = 212}};
  for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
    check_sums("llama-3-8b", 0, &groups[g]);
    check_sums("gpt-oss-20b", 0, &groups[g]);
    check_sums("deepseek-v2-lite", 1, &groups[g]);
  }
}

RL_SUITE("dealt tokens", {"closed forms", test_closed_forms}, {"overflow", test_overflow},
         {"prefill", test_prefill}, {"decode", test_decode}, {"latents", test_latents},
         {"shares of all ranks", test_sums})
