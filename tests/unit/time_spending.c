/* Where time and work go over a generation, what energy follows, and the longest context that fits:
 * by hand, and against loops over every step. */
#include <math.h>

#include "base/checked.h"
#include "program_fixture.h"
#include "time/answers.h"
#include "unit.h"

enum { ROWS_MAX = 64 };

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

static rl_plan *plan_of(const fx_decoder *decoder) {
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  CU_ASSERT_FATAL(cost->row_count <= ROWS_MAX);
  return plan;
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

/* One step of one row, added. */
static void add_step(const rl_plan *plan, size_t row, const rl_group *group, rl_spending *sum) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_demand demand;
  double repeat = plan->cost->rows[row].repeat;
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &(rl_point){group, 1}, NULL, moments));
  CU_ASSERT_FATAL(rl_row_demand(plan, row, moments, &demand));
  sum->total += repeat * demand.seconds[demand.bound];
  sum->seconds[demand.bound] += repeat * demand.seconds[demand.bound];
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    sum->amount[b] += repeat * (double)demand.amount[b];
  }
}

static void check_row(const rl_spending *got, const rl_spending *want) {
  double seconds = 0;
  CU_ASSERT(near(got->total, want->total));
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    CU_ASSERT(near(got->seconds[b], want->seconds[b]) ||
              fabs(got->seconds[b] - want->seconds[b]) <= 1e-9 * want->total);
    CU_ASSERT(near(got->amount[b], want->amount[b]));
    seconds += got->seconds[b];
  }
  CU_ASSERT(near(seconds, got->total));
}

static void check_job(const rl_plan *plan, rl_job job) {
  rl_spending prefill[ROWS_MAX], decode[ROWS_MAX], whole[2] = {{.total = 0}, {.total = 0}};
  rl_generation generation;
  CU_ASSERT_EQUAL_FATAL(rl_generate(plan, job, &generation, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_generate_rows(plan, job, prefill, decode, &diags), RL_OK);
  for (size_t row = 0; row < plan->cost->row_count; row++) {
    rl_spending first = {0}, steps = {0};
    add_step(plan, row, &(rl_group){.count = job.batch, .q = job.prompt}, &first);
    for (uint64_t step = 0; step + 1 < job.generate; step++) {
      rl_group group = {.count = job.batch, .q = 1, .cached = job.prompt + step};
      add_step(plan, row, &group, &steps);
    }
    check_row(&prefill[row], &first);
    check_row(&decode[row], &steps);
    for (int b = 0; b < RL_BOUNDS; b++) {
      whole[0].amount[b] += first.amount[b];
      whole[1].amount[b] += steps.amount[b];
    }
  }
  CU_ASSERT_EQUAL(generation.prefill_spending.total, generation.ttft);
  CU_ASSERT_EQUAL(generation.decode_spending.total, generation.decode);
  for (int b = 0; b < RL_BOUNDS; b++) {
    CU_ASSERT(near(generation.prefill_spending.amount[b], whole[0].amount[b]));
    CU_ASSERT(near(generation.decode_spending.amount[b], whole[1].amount[b]));
  }
}

/* Batches whose attention changes from memory to compute nowhere, whose activations leave the
 * cache, and a window that fills up on the way. */
static void test_spending(void) {
  static const rl_job jobs[] = {{1, 700, 300}, {64, 2048, 200}, {300, 30, 150}, {7, 900, 1}};
  fx_decoder windowed = FX_LLAMA_3_8B;
  windowed.window = 777;
  windowed.stores_scores = true;
  fx_accelerator(&machine);
  for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
    check_job(plan_of(&FX_LLAMA_3_8B), jobs[j]);
    rl_arena_free(&arena);
    check_job(plan_of(&windowed), jobs[j]);
    rl_arena_free(&arena);
  }
}

/* The layers of a llama a second time, as another run. By hand: each of their ten rows does what
 * its twin does, and so do the two `norm` before the first layers and behind the last ones; embed,
 * the head and sampling stay alone. */
static void test_rows_alike(void) {
  enum { LAYER_ROWS = 10, FIRST = 1 };
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_job job = {3, 100, 50};
  rl_spending prefill[ROWS_MAX], decode[ROWS_MAX];
  fx_accelerator(&machine);
  plan_of(&FX_LLAMA_3_8B);
  built.runs[3] = built.runs[2];
  built.runs[2] = built.runs[1];
  built.runs[2].repeat = 7;
  built.program.run_count = 4;
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  for (uint32_t row = FIRST; row < FIRST + LAYER_ROWS; row++) {
    CU_ASSERT(plan->rows[row].shared > 0);
    CU_ASSERT_EQUAL(plan->rows[row].again, false);
    CU_ASSERT_EQUAL(plan->rows[row + LAYER_ROWS].shared, plan->rows[row].shared);
    CU_ASSERT_EQUAL(plan->rows[row + LAYER_ROWS].again, true);
    for (uint32_t other = FIRST; other < row; other++) {
      CU_ASSERT_NOT_EQUAL(plan->rows[other].shared, plan->rows[row].shared);
    }
  }
  const uint32_t last_norm = FIRST + 2 * LAYER_ROWS;
  CU_ASSERT_EQUAL(plan->rows[last_norm].shared, plan->rows[FIRST].shared);
  CU_ASSERT_EQUAL(plan->rows[0].shared, 0);
  CU_ASSERT_EQUAL(plan->rows[last_norm + 1].shared, 0);
  CU_ASSERT_EQUAL(plan->rows[last_norm + 2].shared, 0);
  check_job(plan, job);
  CU_ASSERT_EQUAL_FATAL(rl_generate_rows(plan, job, prefill, decode, &diags), RL_OK);
  CU_ASSERT(near(decode[FIRST].total / 32, decode[FIRST + LAYER_ROWS].total / 7));
  rl_arena_free(&arena);
}

/* 3e9 bytes, 5e12 FLOPs and 2e12 operations in 0.5 s. Limit: 700 W * 0.5 s = 350 J. Sum: 3e9 * 20
 * pJ
 * + 7e12 * 0.4 pJ + 60 W * 0.5 s = 0.06 + 2.8 + 30 = 32.86 J. */
static void test_energy(void) {
  static const rl_source source = {.kind = RL_DERIVED, .text = "test"};
  const rl_spending spending = {.total = 0.5,
                                .amount = {[RL_BOUND_MEMORY] = 3e9,
                                           [RL_BOUND_COMPUTE] = 5e12,
                                           [RL_BOUND_VECTOR] = 2e12,
                                           [RL_BOUND_CACHE] = 7e9}};
  rl_hardware hardware = {.name = "toy"};
  CU_ASSERT_EQUAL(rl_energy_of(&hardware), RL_ENERGY_UNKNOWN);
  CU_ASSERT_EQUAL(rl_energy_joules(&hardware, &spending), 0);
  hardware.tdp = (rl_figure){700, &source};
  CU_ASSERT_EQUAL(rl_energy_of(&hardware), RL_ENERGY_AT_LIMIT);
  CU_ASSERT(near(rl_energy_joules(&hardware, &spending), 350));
  hardware.energy_per_byte = (rl_figure){20e-12, &source};
  hardware.energy_per_flop = (rl_figure){0.4e-12, &source};
  CU_ASSERT_EQUAL(rl_energy_of(&hardware), RL_ENERGY_AT_LIMIT); /* idle power is missing */
  hardware.idle = (rl_figure){60, &source};
  CU_ASSERT_EQUAL(rl_energy_of(&hardware), RL_ENERGY_SUM);
  CU_ASSERT(near(rl_energy_joules(&hardware, &spending), 32.86));
}

/* Llama-3-8B leaves 80000000000 - 16060522496 = 63939477504 bytes. A decode step takes 86016 T +
 * 256512 R = 342528 bytes of buffers and 131072 a cached token: one
 * sequence holds (63939477504 - 342528) / 131072 = 487816 of them; four hold (63939477504 - 4 *
 * 342528) / (4 * 131072) = 121952 each. A prompt of P tokens prefilled at once takes (131072 +
 * 86016) P + 256512: (63939477504 - 256512) / 217088 = 294531. */
static void test_longest(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), 487816);
  CU_ASSERT_EQUAL(rl_longest_context(plan, 4), 121952);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 0), 294531);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 1), 294531);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 100000), 294531); /* the buffers are larger */
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 487816), 1); /* 1 + 487815 are cached at the end */
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 487817), 0);
  built.program.positions = 2048;
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), 2048);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 49), 2000);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 2049), 0);
  rl_arena_free(&arena);
}

/* To the byte, without a limit, and without room for the weights. A window of 1000 keeps 1000 rows
 * of however long a context: 131072000 bytes. */
static void test_longest_extremes(void) {
  fx_decoder windowed = FX_LLAMA_3_8B;
  windowed.window = 1000;
  fx_accelerator(&machine);
  rl_plan *plan = plan_of(&windowed);
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), RL_CONTEXT_MAX);
  machine.levels[1].usable = 16060522496 + 342528 + 131072000 - 1;
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), 999);
  machine.levels[1].usable = 16060522496 + 342528 + 131072 * 5;
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), 5);
  machine.levels[1].usable = 16060522496;
  CU_ASSERT_EQUAL(rl_longest_context(plan, 1), 0);
  CU_ASSERT_EQUAL(rl_longest_prompt(plan, 1, 1), 0);
  rl_arena_free(&arena);
}

/* Both phases of 2 sequences of 2048 + 256 tokens: as test_phases of the answers, unpaged. */
static void test_both_phases(void) {
  rl_memory phases[RL_MEMORY_PHASES];
  size_t count;
  fx_accelerator(&machine);
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  CU_ASSERT_EQUAL_FATAL(rl_memory_phases(plan, (rl_job){2, 2048, 256}, phases, &count, &diags),
                        RL_OK);
  CU_ASSERT_EQUAL_FATAL(count, 2);
  CU_ASSERT_EQUAL(phases[0].kv, 2 * 2048 * 131072ull);
  CU_ASSERT_EQUAL(phases[0].activations, 4096 * 86016ull + 2 * 256512);
  CU_ASSERT_FALSE(phases[0].decoding);
  CU_ASSERT_EQUAL(phases[1].kv, 2 * 2303 * 131072ull);
  CU_ASSERT_EQUAL(phases[1].activations, 2 * 86016ull + 2 * 256512);
  CU_ASSERT_TRUE(phases[1].decoding);
  for (size_t i = 0; i < count; i++) {
    CU_ASSERT_EQUAL(phases[i].weights, 16060522496);
    CU_ASSERT_EQUAL(phases[i].total, 16060522496 + phases[i].kv + phases[i].activations);
    CU_ASSERT_TRUE(phases[i].fits);
  }
  CU_ASSERT_EQUAL(rl_memory_phases(plan, (rl_job){2, 2048, 1}, phases, &count, &diags), RL_OK);
  CU_ASSERT_EQUAL(count, 1);
  CU_ASSERT_EQUAL(rl_memory_phases(plan, (rl_job){0, 2048, 1}, phases, &count, &diags),
                  RL_BAD_INPUT);
  rl_arena_free(&arena);
}

RL_SUITE("spending", {"by row and resource", test_spending}, {"rows alike", test_rows_alike},
         {"energy", test_energy}, {"longest", test_longest},
         {"longest, extremes", test_longest_extremes}, {"both phases", test_both_phases})
