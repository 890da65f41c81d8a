/* Samples between two probes, on a machine whose probes and times are given. */
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
         {"summary", test_summary})
