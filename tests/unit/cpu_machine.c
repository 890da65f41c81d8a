/* What is read of a machine, recorded files of one among them, and that probes measure something.
 * No test knows a time. */
#include <string.h>

#include "kernels-ref/cpu/fast/team.h"
#include "kernels-ref/harness/reader.h"
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

RL_SUITE("machine", {"recorded", test_recorded}, {"unknown", test_unknown}, {"shares", test_shares},
         {"reader", test_reader}, {"loops", test_loops})
