/* A description of a machine from rates that no machine gave: what it says, and what it leaves out
 * because it contradicts itself. */
#include <string.h>

#include "cli/predicted.h"
#include "cli/probe_file.h"
#include "diag_line.h"

static const rl_rates NONE = {0};

static rl_rates steady(double rate) {
  return (rl_rates){rate, rate * 0.99, rate * 0.95, true};
}

/* A level 1 as slow as memory, a level 2 that is larger than level 3, memory of two speeds. */
static void fill(rl_probe *p) {
  *p = (rl_probe){
      .machine = {.name = "Machine \"M\"", .threads = 2, .memory = 1u << 30, .page = 4096},
      .clock = steady(3e9)};
  p->peaks[0] = (rl_probe_peak){RL_ISA_AVX2, RL_F32, steady(192e9), true};
  p->peaks[1] = (rl_probe_peak){RL_ISA_AVX512_VNNI, RL_I8, {600e9, 500e9, 0, false}, true};
  p->peaks[2] = (rl_probe_peak){RL_ISA_AVX512_BF16, RL_BF16, steady(100e9), false};
  p->peak_count = 3;
  p->reads[0] = (rl_probe_read){1, 2, 4096, steady(20e9)};
  p->reads[1] = (rl_probe_read){2, 4, 1024, {50e9, 40e9, 30e9, true}};
  p->read_count = 2;
  p->caches[0] = (rl_probe_cache){1, 64 << 10, steady(50e9), steady(1e9)};
  p->caches[1] = (rl_probe_cache){2, 64 << 20, steady(90e9), steady(1e8)};
  p->caches[2] = (rl_probe_cache){3, 32 << 20, steady(80e9), steady(5e7)};
  p->cache_count = 3;
  p->latency = steady(1e7);
}

static void test_file(void) {
  rl_arena arena;
  rl_buf out;
  rl_probe p;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 1 << 16);
  fill(&p);
  CU_ASSERT_EQUAL(rl_probe_write(&out, &p), 1);
  CU_ASSERT_FALSE_FATAL(out.failed);
  static const char *const parts[] = {
      "title: \"Machine \\\"M\\\"\"\n",
      "cores: {value: 2, kind: measured, source: system}\n"
      "clock: {value: 3.000 GHz, kind: measured, source: waits}\n"
      "compute:\n"
      "  vector.f32: {peak: 192.0 GFLOP/s, accumulate: f32, kind: measured, source: peak}  # avx2\n"
      "  vector.i8: {peak: 600.0 GOP/s, accumulate: i32, kind: measured, source: disturbed}  # "
      "avx512_vnni\n"
      "memory:\n"
      "  - name: l1\n"
      "    capacity: {value: 64 KiB, kind: measured, source: system}\n"
      "    # its bandwidth was not above that of the level behind it\n"
      "    latency: {value: 1.000 ns, kind: measured, source: waits}\n"
      "  - name: l3\n"
      "    capacity: {value: 32768 KiB, kind: measured, source: system}\n"
      "    bandwidth: {value: 80.00 GB/s, kind: measured, source: read}\n"
      "    latency: {value: 20.00 ns, kind: measured, source: waits}\n"
      "  - name: memory\n"
      "    capacity: {value: 1048576 KiB, kind: measured, source: system}\n"
      "    bandwidth: {low: 30.00 GB/s, high: 50.00 GB/s, kind: measured, source: read}\n"
      "    latency: {value: 100.0 ns, kind: measured, source: waits}\n",
      "# peak bf16 avx512_bf16: best 100.0 GOP/s, median 99.00 GOP/s\n",
      "# peak i8 avx512_vnni: best 600.0 GOP/s, median 500.0 GOP/s, disturbed\n",
      "# read, threads 2, streams 4 each, bytes asked for early 1024: best 50.00 GB/s"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    CU_ASSERT(strstr(out.text, parts[i]) != NULL);
  }
  CU_ASSERT(strstr(out.text, "  disturbed: \"rooflinectl probe") != NULL);
  CU_ASSERT(strstr(out.text, "vector.bf16") == NULL);
  CU_ASSERT(strstr(out.text, "name: l2") == NULL);
  rl_arena_free(&arena);
}

/* Nothing to say of a clock that was not measured, nor of a machine without a name. */
static void test_unknown(void) {
  rl_arena arena;
  rl_buf out;
  rl_probe p;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 1 << 16);
  fill(&p);
  p.clock = NONE;
  p.machine.name[0] = '\0';
  p.peaks[1].rate.steady = true;
  CU_ASSERT_EQUAL(rl_probe_write(&out, &p), 0);
  CU_ASSERT(strstr(out.text, "title: \"this machine\"") != NULL);
  CU_ASSERT(strstr(out.text, "clock:") == NULL);
  CU_ASSERT(strstr(out.text, "disturbed:") == NULL);
  rl_arena_free(&arena);
}

/* The warning in full. */
static void test_warning(void) {
  rl_arena arena;
  rl_diags diags;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL(RL_REPORT(&diags, PROBE_DISTURBED, (rl_loc){0}, "4"), RL_OK);
  CU_ASSERT_STRING_EQUAL(
      diags.list.items[0].message,
      "other programs ran all the time while 4 figures were measured, which say so");
  diag_is(&diags, 0,
          "warning: other programs ran all the time while 4 figures were measured, which say so — "
          "probe again when the machine rests");
  rl_arena_free(&arena);
}

/* Half of the cores work: half of the engines and caches, and memory as the probe read it. */
static void test_beside(void) {
  rl_arena arena;
  rl_peak peak = {.type = RL_F32, .rate = {.value = 100}};
  rl_memory_level levels[2] = {{.bandwidth = {.value = 50}}, {.bandwidth = {.value = 20}}};
  const rl_hardware machine = {
      .cores = {.value = 4}, .peaks = &peak, .peak_count = 1, .levels = levels, .level_count = 2};
  rl_arena_init(&arena, NULL);
  const rl_hardware *beside = rl_hardware_beside(&arena, &machine, 7, 2);
  CU_ASSERT_PTR_NOT_NULL_FATAL(beside);
  CU_ASSERT_EQUAL(beside->peaks[0].rate.value, 50);
  CU_ASSERT_EQUAL(beside->levels[0].bandwidth.value, 25);
  CU_ASSERT_EQUAL(beside->levels[1].bandwidth.value, 7);
  beside = rl_hardware_beside(&arena, &machine, 7, 8); /* more threads than cores: all of them */
  CU_ASSERT_EQUAL(beside->peaks[0].rate.value, 100);
  CU_ASSERT_EQUAL(peak.rate.value, 100);
  rl_arena_free(&arena);
}

RL_SUITE("probe file", {"file", test_file}, {"unknown", test_unknown}, {"warning", test_warning},
         {"beside", test_beside})
