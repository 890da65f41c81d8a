/* Samples between two probes, on a machine whose probes and times are given. */
#include <string.h>

#include "kernels-ref/harness/bench.h"
#include "unit.h"

typedef struct script {
  const double *probes, *seconds;
  size_t probed, run;
} script;

static double probe(void *context) {
  script *s = context;
  return s->probes[s->probed++];
}

static double run(void *context) {
  script *s = context;
  return s->seconds[s->run++];
}

/* Both probes within 8 %: one repetition is enough. */
static void test_steady(void) {
  script s = {(const double[]){100, 107}, (const double[]){2}, 0, 0};
  rl_beside_sample sample;
  CU_ASSERT_TRUE(rl_beside_take(&(rl_beside){probe, run, &s}, &sample));
  CU_ASSERT(sample.steady && sample.seconds == 2 && sample.rate == 103.5);
  CU_ASSERT(s.probed == 2 && s.run == 1);
}

/* The probe behind one repetition is the one before the next; the last of three counts. */
static void test_again(void) {
  script s = {(const double[]){100, 50, 52}, (const double[]){2, 3}, 0, 0};
  rl_beside_sample sample;
  CU_ASSERT_TRUE(rl_beside_take(&(rl_beside){probe, run, &s}, &sample));
  CU_ASSERT(sample.steady && sample.seconds == 3 && sample.rate == 51 && s.run == 2);
  script never = {(const double[]){100, 50, 100, 50}, (const double[]){2, 3, 4}, 0, 0};
  CU_ASSERT_TRUE(rl_beside_take(&(rl_beside){probe, run, &never}, &sample));
  CU_ASSERT(!sample.steady && sample.seconds == 4 && sample.rate == 75 && never.run == 3);
}

/* A probe that others disturbed agrees with none, and still says a rate. */
static void test_disturbed(void) {
  script s = {(const double[]){100, -100, 100, -100}, (const double[]){2, 2, 2}, 0, 0};
  rl_beside_sample sample;
  CU_ASSERT_TRUE(rl_beside_take(&(rl_beside){probe, run, &s}, &sample));
  CU_ASSERT(!sample.steady && sample.rate == 100);
}

/* The same samples twice: a ratio of one; twice as much: two, whatever is drawn. */
static void test_bootstrap(void) {
  const double a[] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, b[] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
  const double wide[] = {0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.3, 1.4, 1.5};
  rl_ratio ratio = rl_bootstrap_ratio(a, 9, b, 9);
  CU_ASSERT(ratio.value == 2 && ratio.low == 2 && ratio.high == 2);
  ratio = rl_bootstrap_ratio(a, 9, wide, 9);
  CU_ASSERT(ratio.value == 1 && ratio.low < 1 && ratio.high > 1);
  CU_ASSERT(ratio.low >= 0.5 && ratio.high <= 1.5);
  const rl_ratio again = rl_bootstrap_ratio(a, 9, wide, 9);
  CU_ASSERT(again.low == ratio.low && again.high == ratio.high);
}

/* Bytes at the probes' rate, or operations at the peak: the larger. */
static void test_limit(void) {
  const rl_bench_result r = {.bytes = 1000, .flops = 8000};
  CU_ASSERT_EQUAL(rl_bench_limit(&r, 100, 400), 20);
  CU_ASSERT_EQUAL(rl_bench_limit(&r, 100, 8000), 10);
  CU_ASSERT_EQUAL(rl_bench_limit(&r, 100, 0), 10);
}

/* The case of that name. */
static void find_case(rl_arena *arena, const char *name, rl_bench_case *c) {
  size_t nth = 0;
  do {
    CU_ASSERT_FATAL(nth < rl_bench_count() && rl_bench_case_at(arena, nth++, c));
  } while (strcmp(c->name, name) != 0);
}

/* How many experts the tokens of a call choose; those of one token differ. */
static uint64_t distinct(const rl_bench_case *c, uint64_t nth) {
  bool chosen[64] = {false};
  uint64_t count = 0;
  CU_ASSERT_FATAL(c->at.experts <= 64);
  for (uint64_t choice = 0; choice < c->tokens * c->at.top_k; choice++) {
    const uint64_t expert = rl_bench_expert(c, choice, nth);
    CU_ASSERT_FATAL(expert < c->at.experts);
    for (uint64_t o = choice / c->at.top_k * c->at.top_k; o < choice; o++) {
      CU_ASSERT_NOT_EQUAL(rl_bench_expert(c, o, nth), expert);
    }
    count += !chosen[expert];
    chosen[expert] = true;
  }
  return count;
}

/* By chance E (1 - (1 - k / E)^n) experts are chosen: of 8 by twos 5.5 and 7.9, of 64 by
 * eights 26.5 and 56.4. Every call touches as many, and a single token others than in the call
 * before. */
static void test_experts(void) {
  static const struct {
    const char *name;
    uint64_t distinct;
  } CASES[] = {{"experts 2 of 8, bf16 x bf16, 1 token", 2},
               {"experts 2 of 8, w8 x int8, 4 tokens", 6},
               {"experts 2 of 8, q4_k x int8, 16 tokens", 8},
               {"experts 8 of 64, w4-g128 x bf16, 1 token", 8},
               {"experts 8 of 64, w4-g128 x int8, 4 tokens", 27},
               {"experts 8 of 64, bf16 x bf16, 16 tokens", 57}};
  rl_kernel_rows const *rows;
  rl_arena arena;
  rl_bench_case c = {.name = ""};
  if (rl_kernel_groups(&rows) == 0) return; /* nothing to measure */
  rl_arena_init(&arena, NULL);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    find_case(&arena, CASES[i].name, &c);
    for (uint64_t nth = 0; nth < 9; nth++) CU_ASSERT_EQUAL(distinct(&c, nth), CASES[i].distinct);
  }
  find_case(&arena, CASES[3].name, &c);
  for (uint64_t choice = 0; choice < 8; choice++) { /* all 64 in eight calls */
    for (uint64_t nth = 0; nth < 8; nth++) {
      CU_ASSERT_EQUAL(rl_bench_expert(&c, choice, nth), nth * 8 + choice);
    }
  }
  rl_arena_free(&arena);
}

static void test_failed(void) {
  script s = {(const double[]){100, 100}, (const double[]){-1}, 0, 0};
  rl_beside_sample sample;
  CU_ASSERT_FALSE(rl_beside_take(&(rl_beside){probe, run, &s}, &sample));
}

/* Steady samples alone count where there are three of them, else all. */
static void test_summary(void) {
  const rl_beside_sample samples[] = {
      {4, 10, true}, {1, 99, false}, {6, 12, true}, {7, 11, true}, {9, 20, true}};
  rl_beside_summary s = rl_beside_summarize(samples, 5);
  CU_ASSERT(s.steady && s.count == 5 && s.steady_count == 4);
  CU_ASSERT(s.best == 4 && s.median == 6.5 && s.rate == 11.5);
  CU_ASSERT(s.spread == 1.5); /* of 2.5, 0.5, 0.5, 2.5 */
  s = rl_beside_summarize(samples, 3);
  CU_ASSERT(!s.steady && s.best == 1 && s.median == 4 && s.rate == 12);
  s = rl_beside_summarize(samples, 0);
  CU_ASSERT(!s.steady && s.count == 0 && s.median == 0);
}

RL_SUITE("beside", {"steady", test_steady}, {"again", test_again}, {"failed", test_failed},
         {"disturbed", test_disturbed}, {"bootstrap", test_bootstrap}, {"limit", test_limit},
         {"summary", test_summary}, {"experts", test_experts})
