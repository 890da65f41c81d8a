/* What is read of a machine, recorded files of one among them, and that probes measure something.
 * No test knows a time. */
#include <string.h>

#include "kernels-ref/cpu/fast/team.h"
#include "kernels-ref/harness/probe.h"
#include "unit.h"

static void test_recorded(void) {
  rl_machine machine;
  rl_machine_read(RL_SOURCE_DIR "/tests/unit/machine", &machine);
  CU_ASSERT_STRING_EQUAL(machine.name, "AMD EPYC 9654 96-Core Processor");
  CU_ASSERT_EQUAL(machine.memory, (uint64_t)24625156 * 1024);
  CU_ASSERT_EQUAL_FATAL(machine.cache_count, 3); /* instructions are left out */
  CU_ASSERT_EQUAL(machine.caches[0].bytes, 32 << 10);
  CU_ASSERT_EQUAL(machine.caches[1].level, 2);
  CU_ASSERT_EQUAL(machine.caches[2].bytes, 32 << 20);
  CU_ASSERT_EQUAL(machine.caches[2].shared, 5);
}

static void test_unknown(void) {
  rl_machine machine;
  rl_machine_read(RL_SOURCE_DIR "/tests/unit/no-such-machine", &machine);
  CU_ASSERT_STRING_EQUAL(machine.name, "");
  CU_ASSERT_EQUAL(machine.memory, 0);
  CU_ASSERT_EQUAL(machine.cache_count, 0);
  CU_ASSERT_TRUE(machine.threads >= 1);
}

/* Shares are disjoint, in order, whole units, and all there is. */
static void test_shares(void) {
  for (uint32_t count = 1; count <= 5; count++) {
    uint64_t before = 0;
    for (uint32_t n = 0; n < count; n++) {
      rl_team_share share = rl_team_divide((rl_team_member){n, count}, 30, 4);
      CU_ASSERT_EQUAL(share.first, before);
      CU_ASSERT_TRUE(share.end == 30 || share.end % 4 == 0);
      before = share.end;
    }
    CU_ASSERT_EQUAL(before, 30);
  }
}

static void test_reader(void) {
  rl_machine machine;
  rl_reader reader;
  rl_machine_read("", &machine);
  CU_ASSERT_FALSE(rl_reader_open(&reader, &machine, 0, 1, 0));
  CU_ASSERT_TRUE_FATAL(rl_reader_open(&reader, &machine, 1 << 20, 2, 0));
  CU_ASSERT_EQUAL((uintptr_t)reader.memory % (2 << 20), 0);
  CU_ASSERT_TRUE(rl_reader_run(&reader) > 0);
  rl_reader_close(&reader);
}

/* Every loop over memory that the machine executes does what it says. */
static void check_arrays(const rl_loops *loops) {
  enum { FLOATS = 2048 };
  static _Alignas(64) float a[FLOATS], b[FLOATS], c[FLOATS];
  const float expected[RL_ARRAY_KINDS] = {1, 2, 17};
  for (int i = 0; i < FLOATS; i++) {
    b[i] = 2;
    c[i] = 5;
  }
  for (int kind = 0; kind < RL_ARRAY_KINDS; kind++) {
    for (int around = 0; around < 2; around++) {
      memset(a, 0, sizeof a);
      loops->array[kind][around](&(rl_arrays){a, b, c, sizeof a});
      for (int i = 0; i < FLOATS; i++) CU_ASSERT_EQUAL(a[i], expected[kind]);
    }
  }
  for (int l = 0; l < RL_READ_LOOPS; l++) {
    uint32_t word;
    memcpy(&word, &b[0], sizeof word); /* all words are the same, so their union is one */
    uint64_t all = loops->read[l].run((const uint8_t *)b, sizeof b, 4096);
    CU_ASSERT_EQUAL((uint32_t)all, word);
  }
}

static void test_loops(void) {
  rl_isa isa = RL_ISA_SCALAR;
  check_arrays(&RL_LOOPS_PLAIN);
  check_arrays(rl_loops_best());
  size_t peaks = 0;
  for (const rl_peak_loop *peak; (peak = rl_loops_peak(peaks, &isa)) != NULL; peaks++) {
    CU_ASSERT_TRUE(rl_isa_runs(isa));
    CU_ASSERT_TRUE(peak->operations > 0);
    CU_ASSERT_TRUE(peak->run(100) == peak->run(100));
  }
  CU_ASSERT_TRUE(peaks > 0);
}

/* Samples that others disturbed count only where too few are left; the last 64 are kept. */
static void test_samples(void) {
  rl_samples samples = {0};
  rl_rates rates = rl_samples_rates(&samples);
  CU_ASSERT(rates.best == 0 && !rates.steady);
  rl_samples_add(&samples, 10, false);
  rl_samples_add(&samples, 4, true);
  rl_samples_add(&samples, 6, true);
  rates = rl_samples_rates(&samples); /* 4 and 6: two are too few to be steady */
  CU_ASSERT(rates.best == 6 && rates.median == 5 && !rates.steady);
  CU_ASSERT_FALSE(rl_rates_two(&rates));
  rl_samples_add(&samples, 5, true);
  rates = rl_samples_rates(&samples);
  CU_ASSERT(rates.best == 6 && rates.median == 5 && rates.steady);
  CU_ASSERT_TRUE(rl_rates_two(&rates)); /* low: a fifth of the way from 4 to 5, 6 / 4.2 > 1.25 */
  rl_samples_add(&samples, 9, true);
  for (int i = 0; i < RL_SAMPLES_KEPT; i++) rl_samples_add(&samples, 8, true);
  rates = rl_samples_rates(&samples);
  CU_ASSERT(rates.best == 9 && rates.median == 8 && rates.low == 8);
  CU_ASSERT_FALSE(rl_rates_two(&rates));
}

static void count_call(void *context, uint32_t number) {
  uint32_t *calls = context;
  calls[number]++;
}

static void test_timing(void) {
  rl_machine machine;
  uint32_t calls[2] = {0};
  rl_machine_read("", &machine);
  rl_timing timing = rl_machine_work(&machine, 1, count_call, calls);
  CU_ASSERT(timing.undisturbed && timing.wall == timing.own && timing.own > 0);
  timing = rl_machine_work(&machine, 2, count_call, calls);
  CU_ASSERT(timing.wall > 0 && timing.own > 0);
  CU_ASSERT(calls[0] == 2 && calls[1] == 1);
  CU_ASSERT_EQUAL(rl_timing_counts(&(rl_timing){100, 98, true}), 100);
  CU_ASSERT_EQUAL(rl_timing_counts(&(rl_timing){200, 98, false}), 98);
}

static void tell(void *context, const char *what, double share) {
  int *told = context;
  CU_ASSERT(what != NULL && share >= 0 && share <= 1);
  (*told)++;
}

/* One round measures everything, whatever time is given. */
static void test_probe(void) {
  rl_arena arena;
  rl_machine machine;
  int told = 0;
  const rl_probe_options options = {.seconds = 1e-9, .every = true, .told = tell, .context = &told};
  rl_arena_init(&arena, NULL);
  rl_machine_read("", &machine);
  rl_probe *probe = RL_NEW(&arena, rl_probe);
  CU_ASSERT_TRUE_FATAL(probe != NULL && rl_probe_run(&arena, &machine, &options, probe));
  CU_ASSERT(told > 20 && probe->peak_count > 0 && probe->read_count > 0);
  CU_ASSERT(probe->read_count > 0 && probe->reads[probe->read_count - 1].rate.best > 0);
  CU_ASSERT_EQUAL(probe->reads[probe->read_count - 1].threads, machine.threads);
  CU_ASSERT(probe->latency.best > 0);
  size_t best = 0;
  for (size_t i = 0; i < probe->peak_count; i++) {
    CU_ASSERT(probe->peaks[i].rate.best > 0);
    best += probe->peaks[i].best && probe->peaks[i].type == RL_F32;
  }
  CU_ASSERT_EQUAL(best, 1);
  for (size_t c = 0; c < probe->cache_count; c++) {
    CU_ASSERT(probe->caches[c].rate.best > 0 && probe->caches[c].latency.best > 0);
    CU_ASSERT(c == 0 || probe->caches[c].level > probe->caches[c - 1].level);
  }
  rl_arena_free(&arena);
}

RL_SUITE("machine", {"recorded", test_recorded}, {"unknown", test_unknown}, {"shares", test_shares},
         {"reader", test_reader}, {"loops", test_loops}, {"samples", test_samples},
         {"timing", test_timing}, {"probe", test_probe})
