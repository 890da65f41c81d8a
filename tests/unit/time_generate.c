/* The closed form of a generation against the sum over every step, and the figures that follow. */
#include <math.h>
#include <stdio.h>

#include "diag_line.h"
#include "program_fixture.h"
#include "time/answers.h"
#include "time/pipeline.h"
#include "unit.h"

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

static uint64_t random_state = 6364136223846793005u; /* xorshift64, Marsaglia 2003 */
static uint64_t random_below(uint64_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % n;
}

/* A plan of a decoder whose tokens are dealt to so many ranks. */
static rl_plan *plan_dealt(const fx_decoder *decoder, uint64_t ranks) {
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  if (ranks > 1) {
    built.program.deal = (rl_deal){.ranks = ranks};
    built.program.decode_tokens = 1;
  }
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 16, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  return plan;
}

static rl_plan *plan_on(const fx_decoder *decoder) {
  return plan_dealt(decoder, 1);
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

/* How many rows change their bound or their time's slope between two steps: evidence that the case
 * crosses something. */
static size_t count_crossings(const rl_plan *plan, rl_job load) {
  size_t crossings = 0;
  rl_evaluation *e = NULL;
  rl_group groups[2] = {{.count = load.batch, .q = 1, .cached = load.prompt},
                        {.count = load.batch, .q = 1, .cached = load.prompt + load.generate - 2}};
  rl_point points[2] = {{&groups[0], 1}, {&groups[1], 1}};
  CU_ASSERT_FATAL(rl_evaluation_new(&arena, plan, 2, &e, &diags) == RL_OK);
  CU_ASSERT_FATAL(rl_plan_evaluate(plan, points, 2, e));
  for (size_t row = 0; row < e->rows; row++)
    crossings += e->bound[2 * row] != e->bound[2 * row + 1];
  return crossings;
}

static void check_case(const rl_plan *plan, rl_job load, const char *what) {
  rl_generation closed, steps;
  CU_ASSERT_FATAL(rl_generate(plan, load, &closed, &diags) == RL_OK);
  CU_ASSERT_FATAL(rl_generate_stepwise(plan, &arena, load, &steps, &diags) == RL_OK);
  bool same = near(closed.decode, steps.decode) && closed.ttft == steps.ttft &&
              near(closed.tpot, steps.tpot) && near(closed.decode_rate, steps.decode_rate) &&
              near(closed.total, steps.total);
  if (!same) fprintf(stderr, "\n%s: %.17g, stepwise %.17g\n", what, closed.decode, steps.decode);
  CU_ASSERT(same);
}

/* Small decoders on machines whose rates and cache lie around what the rows need, so that windows
 * fill, caches overflow and bounds change in the middle of a generation. */
static void random_case(size_t *crossings) {
  fx_decoder decoder = {.d = 16 + random_below(100),
                        .layers = 2 + random_below(5),
                        .kv_heads = 1 + random_below(3),
                        .head_dim = 4 + random_below(30),
                        .d_ff = 16 + random_below(200),
                        .vocabulary = 50 + random_below(500),
                        .window = random_below(3) == 0 ? 1 + random_below(900) : 0,
                        .weights = &FX_BF16,
                        .kv = random_below(2) == 0 ? &FX_BF16 : &FX_INT8_ROW,
                        .stores_scores = random_below(2) == 0};
  decoder.heads = decoder.kv_heads * (1 + random_below(4));
  fx_accelerator(&machine);
  machine.peaks[0].rate.value = 1e9 * (double)(1 + random_below(1000));
  machine.peaks[1].rate.value = 1e8 * (double)(1 + random_below(1000));
  machine.levels[0].bandwidth.value = 1e8 * (double)(1 + random_below(3000));
  machine.levels[1].bandwidth.value = 1e8 * (double)(1 + random_below(1000));
  machine.levels[0].capacity = 1 + random_below(1ull << (10 + random_below(16)));
  rl_plan *plan = plan_on(&decoder);
  rl_job load = {1 + random_below(8), 1 + random_below(700), 2 + random_below(1500)};
  check_case(plan, load, "random");
  *crossings += count_crossings(plan, load);
  rl_arena_free(&arena);
}

static void test_random_cases(void) {
  size_t crossings = 0;
  for (int i = 0; i < 400; i++) random_case(&crossings);
  CU_ASSERT(crossings > 100);
}

/* Attention of a full-size model crosses the cache; the KV of a small one leaves it. */
static void test_chosen_crossings(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  decoder.stores_scores = true;
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&decoder);
  /* scores of batch 64: read and written 2 * 2 * 32 * 64 * (S + 1) bytes, 52428800 at S = 6399 */
  rl_job load = {64, 6000, 1000};
  check_case(plan, load, "scores leave the cache");
  CU_ASSERT(count_crossings(plan, load) > 0);
  plan->cache_bytes = 16060522496 + 131072ull * 16 * 100; /* weights and 1600 rows in pages of 16 */
  load = (rl_job){1, 1000, 1200};
  check_case(plan, load, "weights leave the cache");
  CU_ASSERT(count_crossings(plan, load) > 5);
  rl_arena_free(&arena);
}

/* A row that two resources rule alike, to the last bit or nearly, must not slow the walk down: the
 * answer for 10^12 steps comes at once. */
static void test_ties_and_long_generations(void) {
  fx_accelerator(&machine);
  machine.peaks[0].rate.value = 3.35e12; /* one FLOP a byte of K and V ... */
  machine.peaks[1].rate.value = 3.35e12;
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B);
  check_case(plan, (rl_job){16, 100, 3000}, "ties");
  rl_generation far;
  CU_ASSERT_EQUAL(rl_generate(plan, (rl_job){1, 1, 1000000000000}, &far, &diags), RL_OK);
  /* attention over S = 1 ... 10^12 - 1 rules: 32 layers of 16384 (S + 1) FLOPs */
  CU_ASSERT_DOUBLE_EQUAL(far.decode / (32 * 16384.0 * 0.5e24 / 3.35e12), 1, 1e-6);
  rl_arena_free(&arena);
}

/* o_proj of one token reads 33554432 bytes of weights in each of 32 layers, whatever the context:
 * the sum over 9 steps is 9 times that. One window of 1: attention reads one row in every step. */
static void test_by_hand(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  decoder.window = 1;
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&decoder);
  rl_generation out;
  double step;
  rl_group group = {.count = 4, .q = 1, .cached = 77};
  CU_ASSERT(rl_pass_seconds(plan, &group, &step));
  CU_ASSERT_EQUAL(rl_generate(plan, (rl_job){4, 20, 10}, &out, &diags), RL_OK);
  CU_ASSERT(near(out.decode, 9 * step));
  CU_ASSERT(near(out.tpot, step));
  CU_ASSERT(near(out.decode_rate, 4 / step));
  CU_ASSERT_EQUAL(out.total, out.ttft + out.decode);
  group = (rl_group){.count = 4, .q = 20};
  CU_ASSERT(rl_pass_seconds(plan, &group, &step));
  CU_ASSERT_EQUAL(out.ttft, step);
  rl_arena_free(&arena);
}

/* The prefill yields the first token: one token takes no decode step, two take one. */
static void test_short_generations(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B);
  rl_generation out;
  double step;
  CU_ASSERT_EQUAL(rl_generate(plan, (rl_job){2, 30, 1}, &out, &diags), RL_OK);
  CU_ASSERT(out.ttft > 0);
  CU_ASSERT_EQUAL(out.decode, 0);
  CU_ASSERT_EQUAL(out.tpot, 0);
  CU_ASSERT_EQUAL(out.decode_rate, 0);
  CU_ASSERT_EQUAL(out.total, out.ttft);
  CU_ASSERT_EQUAL(rl_generate(plan, (rl_job){2, 30, 2}, &out, &diags), RL_OK);
  rl_group group = {.count = 2, .q = 1, .cached = 30};
  CU_ASSERT(rl_pass_seconds(plan, &group, &step));
  CU_ASSERT(near(out.decode, step));
  rl_arena_free(&arena);
}

static void expect(rl_job load, rl_diag_code code, const char *message) {
  rl_generation out;
  rl_plan *plan = plan_on(&FX_LLAMA_3_8B);
  built.program.positions = 2048;
  CU_ASSERT_EQUAL(rl_generate(plan, load, &out, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(rl_generate_stepwise(plan, &arena, load, &out, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL_FATAL(diags.list.count, 2);
  for (int i = 0; i < 2; i++) {
    CU_ASSERT_EQUAL(diags.list.items[i].code, code);
    CU_ASSERT_STRING_EQUAL(diags.list.items[i].message, message);
  }
  rl_arena_free(&arena);
}

static void test_refusals(void) {
  rl_generation out;
  fx_accelerator(&machine);
  CU_ASSERT_EQUAL(rl_generate(plan_on(&FX_LLAMA_3_8B), (rl_job){0, 5, 5}, &out, &diags),
                  RL_BAD_INPUT);
  diag_is(&diags, 0, "error: batch must be at least 1");
  rl_arena_free(&arena);
  expect((rl_job){0, 5, 5}, RL_D_POINT_EMPTY, "batch must be at least 1");
  expect((rl_job){5, 0, 5}, RL_D_POINT_EMPTY, "prompt must be at least 1");
  expect((rl_job){5, 5, 0}, RL_D_POINT_EMPTY, "generate must be at least 1");
  expect((rl_job){1, 2000, 50}, RL_D_POINT_POSITIONS,
         "2,049 positions are needed, and the position table of the model has 2,048");
  expect(
      (rl_job){UINT64_MAX, 2000, 49}, RL_D_POINT_OVERFLOW,
      "the counts of batch 18,446,744,073,709,551,615, 2,000 new tokens behind 0 exceed 64 bits");
  expect((rl_job){1, UINT64_MAX, 2}, RL_D_POINT_OVERFLOW,
         "the counts of batch 1, 2 new tokens behind 18,446,744,073,709,551,615 exceed 64 bits");
}

/* The prefill fits 64 bits, the last decode step does not: 2^50 sequences of 2^13 and more keys
 * would score 2^50 * 32 * 6 * S > 2^64. */
static void test_overflow_while_decoding(void) {
  fx_decoder decoder = {.d = 1,
                        .layers = 1,
                        .heads = 1,
                        .kv_heads = 1,
                        .head_dim = 1,
                        .d_ff = 1,
                        .vocabulary = 1,
                        .weights = &FX_BF16,
                        .kv = &FX_BF16};
  fx_accelerator(&machine);
  rl_plan *plan = plan_on(&decoder);
  rl_generation out;
  rl_job load = {1ull << 50, 1, 1ull << 13};
  CU_ASSERT_EQUAL(rl_generate(plan, load, &out, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(rl_generate_stepwise(plan, &arena, load, &out, &diags), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(diags.list.items[0].code, RL_D_POINT_OVERFLOW);
  CU_ASSERT_STRING_EQUAL(
      diags.list.items[0].message,
      "the counts of batch 1,125,899,906,842,624, 1 new tokens behind 8,191 exceed 64 bits");
  rl_arena_free(&arena);
}

/* A rank's share of the keys grows with every so manyth token: the closed form and the sum over a
 * pipeline's steps go by residues, also where a window fills up and where there are fewer steps
 * than ranks. */
static void test_dealt(void) {
  fx_decoder decoder = FX_LLAMA_3_8B;
  fx_accelerator(&machine);
  for (uint64_t ranks = 2; ranks <= 7; ranks++) {
    decoder.window = ranks % 2 == 0 ? 0 : 300;
    rl_plan *plan = plan_dealt(&decoder, ranks);
    const rl_plan *stages[] = {plan, plan};
    const rl_pipeline pipeline = {stages, 2, 2};
    rl_generation closed, steps;
    const rl_job jobs[] = {{64, 200, 400}, {3, 1000, 4}, {5, 290 + ranks, 41}};
    for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
      check_case(plan, jobs[j], "dealt");
      CU_ASSERT_EQUAL(rl_pipeline_generate(&pipeline, jobs[j], &closed, &diags), RL_OK);
      CU_ASSERT_EQUAL(rl_pipeline_generate_stepwise(&pipeline, jobs[j], &steps, &diags), RL_OK);
      CU_ASSERT(near(closed.decode, steps.decode));
    }
    rl_arena_free(&arena);
  }
}

RL_SUITE("generate", {"400 random cases against the step loop", test_random_cases},
         {"cache crossings", test_chosen_crossings},
         {"ties and long generations", test_ties_and_long_generations}, {"by hand", test_by_hand},
         {"one and two tokens", test_short_generations}, {"refusals", test_refusals},
         {"overflow while decoding", test_overflow_while_decoding}, {"dealt tokens", test_dealt})
