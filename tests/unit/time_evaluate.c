/* Evaluation of points: against the checked one-row path bit for bit, against times derived by
 * hand, and against the laws that any roofline obeys. */
#include <stdio.h>
#include <string.h>

#include "program_fixture.h"
#include "time/plan.h"
#include "unit.h"

enum { POINTS = 300 };

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;
static rl_group groups[POINTS];
static rl_point points[POINTS];

static uint64_t random_state = 1442695040888963407u; /* xorshift64, Marsaglia 2003 */
static uint64_t random_below(uint64_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % n;
}

static rl_plan *plan_of(const fx_decoder *decoder) {
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  fx_accelerator(&machine);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 16, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  return plan;
}

static rl_evaluation *evaluation_of(const rl_plan *plan, size_t count) {
  rl_evaluation *e = NULL;
  CU_ASSERT_EQUAL_FATAL(rl_evaluation_new(&arena, plan, count, &e, &diags), RL_OK);
  return e;
}

/* Prefill, decode and verification points of all sizes, up to what 64 bits can hold and so beyond
 * what is proved safe. */
static void make_points(const rl_plan *plan) {
  for (size_t p = 0; p < POINTS; p++) {
    double seconds;
    do {
      uint64_t reach = 1ull << random_below(20);
      groups[p] = (rl_group){.count = 1 + random_below(1ull << random_below(p % 2 == 0 ? 36 : 8)),
                             .q = p % 2 == 0 ? 1 : 1 + random_below(reach),
                             .cached = random_below(reach),
                             .logits = (rl_logits)random_below(3)};
    } while (!rl_pass_seconds(plan, &groups[p], &seconds));
    points[p] = (rl_point){&groups[p], 1};
  }
}

static size_t differing_rows(const rl_plan *plan, const rl_evaluation *e, size_t p) {
  uint64_t moments[RL_MOMENTS_MAX];
  size_t wrong = 0;
  double pass = 0;
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &points[p], NULL, moments));
  for (size_t row = 0; row < e->rows; row++) {
    rl_demand demand;
    size_t cell = row * e->points + p;
    CU_ASSERT_FATAL(rl_row_demand(plan, row, moments, &demand));
    for (int k = 0; k < RL_COUNTS; k++) wrong += e->counts[k][cell] != demand.counts[k];
    wrong += memcmp(&e->seconds[cell], &demand.seconds[demand.bound], sizeof(double)) != 0;
    wrong += e->bound[cell] != demand.bound;
    pass += plan->cost->rows[row].repeat * demand.seconds[demand.bound];
  }
  double alone;
  CU_ASSERT(rl_pass_seconds(plan, &groups[p], &alone));
  wrong += memcmp(&e->pass_seconds[p], &pass, sizeof pass) != 0;
  return wrong + (memcmp(&alone, &pass, sizeof pass) != 0);
}

/* Both paths give the same bits, whatever the point; some points are beyond the proof, most not. */
static void test_both_paths(void) {
  for (int stored = 0; stored < 2; stored++) {
    fx_decoder decoder = FX_LLAMA_3_8B;
    decoder.stores_scores = stored;
    decoder.window = stored ? 1000 : 0;
    rl_plan *plan = plan_of(&decoder);
    rl_evaluation *e = evaluation_of(plan, POINTS);
    size_t wrong = 0, unsafe = 0;
    make_points(plan);
    CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, POINTS, e));
    for (size_t p = 0; p < POINTS; p++) {
      uint64_t moments[RL_MOMENTS_MAX];
      wrong += differing_rows(plan, e, p);
      CU_ASSERT(rl_cost_moments(plan->cost, &points[p], NULL, moments));
      unsafe += !rl_cost_is_safe(plan->cost, moments);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(unsafe > 10 && unsafe < POINTS / 2);
    rl_arena_free(&arena);
  }
}

/* Batches of every width, and of one point in a wider evaluation, give the same bits. */
static void test_batch_width(void) {
  static const size_t WIDTHS[] = {1, 2, 3, 7, 64, 299};
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  rl_evaluation *all = evaluation_of(plan, POINTS);
  make_points(plan);
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, POINTS, all));
  for (size_t w = 0; w < sizeof WIDTHS / sizeof *WIDTHS; w++) {
    rl_evaluation *some = evaluation_of(plan, WIDTHS[w] + w % 2);
    for (size_t from = 0; from < POINTS; from += WIDTHS[w]) {
      size_t count = POINTS - from < WIDTHS[w] ? POINTS - from : WIDTHS[w], wrong = 0;
      CU_ASSERT_FATAL(rl_plan_evaluate(plan, points + from, count, some));
      for (size_t p = 0; p < count; p++) {
        for (size_t row = 0; row < all->rows; row++) {
          size_t a = row * all->points + from + p, b = row * some->points + p;
          wrong += memcmp(&all->seconds[a], &some->seconds[b], sizeof(double)) != 0;
          wrong += all->bound[a] != some->bound[b];
          for (int k = 0; k < RL_COUNTS; k++) wrong += all->counts[k][a] != some->counts[k][b];
        }
        wrong += memcmp(&all->pass_seconds[from + p], &some->pass_seconds[p], sizeof(double)) != 0;
      }
      CU_ASSERT_EQUAL(wrong, 0);
    }
  }
  rl_arena_free(&arena);
}

/* The largest safe token count of a linear, one less and one more: same bits on both paths. */
static void test_around_safe(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  rl_evaluation *e = evaluation_of(plan, 3);
  uint32_t tokens = 0;
  while (plan->cost->moments[tokens].kind != RL_M_TOKENS) tokens++;
  uint64_t safe = plan->cost->safe[tokens];
  for (size_t p = 0; p < 3; p++) {
    groups[p] = (rl_group){.count = safe - 1 + p, .q = 1, .logits = RL_LOGITS_NONE};
    points[p] = (rl_point){&groups[p], 1};
    uint64_t moments[RL_MOMENTS_MAX];
    CU_ASSERT(rl_cost_moments(plan->cost, &points[p], NULL, moments));
    CU_ASSERT_EQUAL(rl_cost_is_safe(plan->cost, moments), p < 2);
  }
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, 3, e));
  for (size_t p = 0; p < 3; p++) CU_ASSERT_EQUAL(differing_rows(plan, e, p), 0);
  rl_arena_free(&arena);
}

/* gate_up takes 2 * 28672 * 4096 = 234881024 FLOPs a token: 2^64 / that = 78536544841 tokens. */
static void test_overflow_is_told(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  rl_evaluation *e = evaluation_of(plan, 2);
  double seconds;
  groups[0] = (rl_group){.count = 1, .q = 1};
  groups[1] = (rl_group){.count = 78536544841, .q = 1, .logits = RL_LOGITS_NONE};
  for (size_t p = 0; p < 2; p++) points[p] = (rl_point){&groups[p], 1};
  CU_ASSERT(rl_plan_evaluate(plan, points, 2, e));
  CU_ASSERT_EQUAL(differing_rows(plan, e, 1), 0);
  groups[1].count++; /* 78536544842 * 234881024 > 2^64 */
  CU_ASSERT_FALSE(rl_plan_evaluate(plan, points, 2, e));
  CU_ASSERT_FALSE(rl_pass_seconds(plan, &groups[1], &seconds));
  groups[1].count = UINT64_MAX; /* already the moments */
  groups[1].q = 2;
  CU_ASSERT_FALSE(rl_plan_evaluate(plan, points, 2, e));
  CU_ASSERT_FALSE(rl_pass_seconds(plan, &groups[1], &seconds));
  rl_arena_free(&arena);
}

static double seconds_of(const rl_plan *plan, rl_group group, size_t row, uint8_t *bound) {
  rl_evaluation *e = evaluation_of(plan, 1);
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, &(rl_point){&group, 1}, 1, e));
  *bound = e->bound[row];
  return e->seconds[row];
}

/* Rows: 0 embed, 1 norm, 2 qkv, 4 attention, 5 o_proj, 7 gate_up, 8 silu_mul. Counts as derived for
 * the counting of the same model. */
static void test_by_hand(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  rl_group prefill = {.count = 1, .q = 2048}, decode = {.count = 1, .q = 1, .cached = 2048};
  uint8_t bound;
  CU_ASSERT_EQUAL(seconds_of(plan, prefill, 5, &bound), 68719476736.0 * (1 / 989.5e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_COMPUTE);
  /* 33554432 weight bytes; activations, 16384 bytes, come from the cache and are not the bound */
  CU_ASSERT_EQUAL(seconds_of(plan, decode, 5, &bound), 33554432.0 * (1 / 3.35e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_MEMORY);
  /* norm of 2048 tokens: 2 * 16777216 bytes of activations fit in 52428800 of cache */
  CU_ASSERT_EQUAL(seconds_of(plan, prefill, 1, &bound), 33554432.0 * (1 / 5.5e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_CACHE);
  /* silu_mul: 117440512 + 58720256 do not fit and come from memory */
  CU_ASSERT_EQUAL(seconds_of(plan, prefill, 8, &bound), 176160768.0 * (1 / 3.35e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_MEMORY);
  /* sample does nothing when no logits are wanted */
  decode.logits = RL_LOGITS_NONE;
  CU_ASSERT_EQUAL(seconds_of(plan, decode, 13, &bound), 0);
  CU_ASSERT_EQUAL(bound, RL_BOUND_NONE);
  machine.peaks[1].rate.value = 1e9; /* a slow vector unit: 33554432 operations of the norm */
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, plan->cost, &machine.hardware, &plan, &diags),
                        RL_OK);
  CU_ASSERT_EQUAL(seconds_of(plan, prefill, 1, &bound), 33554432.0 * (1 / 1e9));
  CU_ASSERT_EQUAL(bound, RL_BOUND_VECTOR);
  rl_arena_free(&arena);
}

/* The cache serves exactly what fits in it: 2 * 8192 bytes of activations a norm token. */
static void test_cache_border(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  uint8_t bound;
  plan->cache_bytes = 16384 * 7;
  rl_group group = {.count = 7, .q = 1, .cached = 5};
  CU_ASSERT_EQUAL(seconds_of(plan, group, 1, &bound), 114688.0 * (1 / 5.5e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_CACHE);
  group.count = 8;
  CU_ASSERT_EQUAL(seconds_of(plan, group, 1, &bound), (131072.0 + 8192) * (1 / 3.35e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_MEMORY);
  /* all weights and the KV of 16 rows (one page, 131072 bytes a row): all of it from the cache */
  plan->cache_bytes = 16060522496 + 16 * 131072;
  group = (rl_group){.count = 1, .q = 1, .cached = 15};
  CU_ASSERT_EQUAL(seconds_of(plan, group, 5, &bound), (33554432.0 + 16384) * (1 / 5.5e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_CACHE);
  group.cached = 16; /* a second page */
  CU_ASSERT_EQUAL(seconds_of(plan, group, 5, &bound), 33554432.0 * (1 / 3.35e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_MEMORY);
  /* the same cache at an unknown rate keeps no weights from pass to pass */
  plan->per_cache_byte = 0;
  group.cached = 15;
  CU_ASSERT_EQUAL(seconds_of(plan, group, 5, &bound), 33554432.0 * (1 / 3.35e12));
  CU_ASSERT_EQUAL(bound, RL_BOUND_MEMORY);
  rl_arena_free(&arena);
}

/* Every row takes at least the time of each of its resources. */
static void test_roofline(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  rl_evaluation *e = evaluation_of(plan, POINTS);
  make_points(plan);
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, POINTS, e));
  for (size_t row = 0; row < e->rows; row++) {
    for (size_t p = 0; p < POINTS; p++) {
      size_t cell = row * e->points + p;
      double weights = (double)(e->counts[RL_C_WEIGHTS][cell] + e->counts[RL_C_KV_READ][cell] +
                                e->counts[RL_C_KV_WRITE][cell]);
      CU_ASSERT(e->seconds[cell] >=
                (double)e->counts[RL_C_MATRIX][cell] * plan->rows[row].per_matrix);
      CU_ASSERT(e->seconds[cell] >=
                (double)e->counts[RL_C_VECTOR][cell] * plan->rows[row].per_vector);
      CU_ASSERT(e->seconds[cell] >= weights * plan->per_byte);
    }
  }
  rl_arena_free(&arena);
}

/* All rates doubled halve every time exactly; any one rate raised makes nothing slower. */
static void test_faster_machines(void) {
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  double *rates[] = {&machine.peaks[0].rate.value, &machine.peaks[1].rate.value,
                     &machine.levels[0].bandwidth.value, &machine.levels[1].bandwidth.value};
  rl_evaluation *slow = evaluation_of(plan, POINTS), *fast = evaluation_of(plan, POINTS);
  make_points(plan);
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, POINTS, slow));
  for (size_t r = 0; r < 5; r++) { /* one rate each, then all */
    rl_plan *other = NULL;
    for (size_t i = 0; i < 4; i++) *rates[i] *= r == i || r == 4 ? 2 : 1;
    CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, plan->cost, &machine.hardware, &other, &diags),
                          RL_OK);
    CU_ASSERT_FATAL(rl_plan_evaluate(other, points, POINTS, fast));
    for (size_t i = 0; i < 4; i++) *rates[i] /= r == i || r == 4 ? 2 : 1;
    for (size_t cell = 0; cell < slow->rows * POINTS; cell++) {
      bool half = fast->seconds[cell] * 2 == slow->seconds[cell];
      CU_ASSERT(r < 4 ? fast->seconds[cell] <= slow->seconds[cell] : half);
    }
  }
  rl_arena_free(&arena);
}

/* A longer context is never cheaper, within a window or beyond. */
static void test_longer_context(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  decoder.window = 100;
  rl_plan *plan = plan_of(&decoder);
  rl_evaluation *e = evaluation_of(plan, POINTS);
  for (size_t p = 0; p < POINTS; p++) {
    groups[p] = (rl_group){.count = 3, .q = 1, .cached = p};
    points[p] = (rl_point){&groups[p], 1};
  }
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, POINTS, e));
  for (size_t p = 1; p < POINTS; p++) {
    CU_ASSERT(e->pass_seconds[p] >= e->pass_seconds[p - 1]);
    CU_ASSERT(p < 100 || e->pass_seconds[p] == e->pass_seconds[99]);
  }
  CU_ASSERT(e->pass_seconds[99] > e->pass_seconds[0]);
  rl_arena_free(&arena);
}

RL_SUITE("evaluate", {"both paths, same bits", test_both_paths},
         {"batch width does not matter", test_batch_width},
         {"around the safe bound", test_around_safe}, {"overflow is told", test_overflow_is_told},
         {"times by hand", test_by_hand}, {"what the cache serves", test_cache_border},
         {"roofline", test_roofline}, {"faster machines", test_faster_machines},
         {"longer context", test_longer_context})
