/* Micro-batches in a pipeline: the closed times against a schedule that is played out, step by
 * step, and the memory of the fullest stage. */
#include <math.h>

#include "base/checked.h"
#include "program_fixture.h"
#include "time/pipeline.h"
#include "unit.h"

enum { STAGES_MAX = 5, BATCH_MAX = 40 };

static fixture built[STAGES_MAX];
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;
static const rl_plan *plans[STAGES_MAX];

static uint64_t random_state = 88172645463325252u; /* xorshift64, Marsaglia 2003 */
static uint64_t random_below(uint64_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % n;
}

/* Stages are decoders of their own: what they are is nothing to the pipeline. */
static rl_pipeline random_pipeline(uint64_t micro_batches) {
  rl_pipeline pipeline = {plans, 1 + random_below(STAGES_MAX), micro_batches};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_accelerator(&machine);
  machine.peaks[0].rate.value = 1e9 * (double)(1 + random_below(1000));
  machine.levels[1].bandwidth.value = 1e8 * (double)(1 + random_below(1000));
  for (size_t s = 0; s < pipeline.count; s++) {
    rl_cost *cost = NULL;
    rl_plan *plan = NULL;
    const fx_decoder decoder = {.d = 16 + random_below(100),
                                .layers = 1 + random_below(5),
                                .heads = 2,
                                .kv_heads = 2,
                                .head_dim = 4 + random_below(30),
                                .d_ff = 16 + random_below(200),
                                .vocabulary = 50 + random_below(500),
                                .window = random_below(3) == 0 ? 1 + random_below(900) : 0,
                                .weights = &FX_BF16,
                                .kv = &FX_BF16};
    fx_decode(&built[s], &decoder);
    CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built[s].program, 16, &cost, &diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
    plans[s] = plan;
  }
  return pipeline;
}

static double pass_of(size_t stage, rl_group group) {
  double seconds = 0;
  CU_ASSERT_TRUE(rl_pass_seconds(plans[stage], &group, &seconds));
  return seconds;
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

/* Sizes of the micro-batches: as many sequences as fit into `parts`, the last one with the rest. */
static size_t cut(uint64_t batch, uint64_t parts, uint64_t sizes[BATCH_MAX]) {
  uint64_t full = (batch + parts - 1) / parts;
  size_t count = 0;
  for (; batch > 0; count++) {
    sizes[count] = batch < full ? batch : full;
    batch -= sizes[count];
  }
  return count;
}

/* Every stage takes the micro-batches in turn, each when the stage before has let it go. */
static double play_prefill(const rl_pipeline *pipeline, rl_job job) {
  uint64_t sizes[BATCH_MAX];
  double free_at[STAGES_MAX] = {0}, done = 0;
  size_t count = cut(job.batch, pipeline->micro_batches, sizes);
  for (size_t j = 0; j < count; j++) {
    done = 0;
    for (size_t s = 0; s < pipeline->count; s++) {
      const rl_group group = {.count = sizes[j], .q = job.prompt};
      done = fmax(done, free_at[s]) + pass_of(s, group);
      free_at[s] = done;
    }
  }
  return done;
}

/* The same sequences over and over behind as many tokens: a micro-batch begins again when it has
 * left the last stage. The mean time between two rounds when the start is forgotten. */
static double play_rounds(const rl_pipeline *pipeline, uint64_t batch, uint64_t q,
                          uint64_t cached) {
  enum { ROUNDS = 200 };
  uint64_t sizes[BATCH_MAX];
  double free_at[STAGES_MAX] = {0}, out_at[BATCH_MAX] = {0}, half = 0;
  size_t count = cut(batch, pipeline->micro_batches, sizes);
  for (size_t round = 0; round < ROUNDS; round++) {
    if (round == ROUNDS / 2) half = out_at[0];
    for (size_t j = 0; j < count; j++) {
      for (size_t s = 0; s < pipeline->count; s++) {
        const rl_group group = {
            .count = sizes[j], .q = q, .cached = cached, .logits = RL_LOGITS_ALL};
        out_at[j] = fmax(out_at[j], free_at[s]) + pass_of(s, group);
        free_at[s] = out_at[j];
      }
    }
  }
  return (out_at[0] - half) / (ROUNDS / 2);
}

static void check_times(void) {
  const rl_pipeline pipeline = random_pipeline(1 + random_below(7));
  const rl_job job = {1 + random_below(BATCH_MAX), 1 + random_below(700), 2 + random_below(300)};
  rl_generation closed, steps;
  if (pipeline.count > 1) {
    CU_ASSERT_EQUAL_FATAL(rl_pipeline_generate(&pipeline, job, &closed, &diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_pipeline_generate_stepwise(&pipeline, job, &steps, &diags), RL_OK);
    double drained = 0;
    const rl_group whole = {.count = job.batch, .q = job.prompt};
    CU_ASSERT_TRUE(rl_pipeline_pass(&pipeline, &whole, true, &drained));
    CU_ASSERT(near(closed.ttft, play_prefill(&pipeline, job)));
    CU_ASSERT(near(closed.ttft, drained));
    CU_ASSERT(near(closed.decode, steps.decode) && near(closed.tpot, steps.tpot));
    CU_ASSERT(near(closed.decode_rate * closed.tpot, (double)job.batch));
    double bubble = rl_bubble_share(&closed.decode_spending);
    CU_ASSERT(bubble >= 0 && bubble < 1);
  }
  rl_arena_free(&arena);
}

static void test_times(void) {
  for (int i = 0; i < 200; i++) check_times();
}

/* n drafted tokens beside one, each through all stages and with the logits of all. */
static void check_verify(const rl_pipeline *pipeline, uint64_t batch, uint64_t cached) {
  rl_verify verify = {.batch = batch, .cached = cached, .n = 1 + random_below(9)};
  CU_ASSERT_EQUAL_FATAL(rl_pipeline_verify(pipeline, &verify, &diags), RL_OK);
  const double one = play_rounds(pipeline, batch, 1, cached);
  CU_ASSERT(near(verify.seconds, play_rounds(pipeline, batch, verify.n, cached)));
  CU_ASSERT(near(verify.ratio, verify.seconds / one));
}

/* With micro-batches of one size the step is exactly what a schedule takes; with a smaller last one
 * no schedule is faster. */
static void check_step(bool even) {
  const rl_pipeline pipeline = random_pipeline(1 + random_below(6));
  const uint64_t batch = pipeline.micro_batches * (1 + random_below(4)) + (even ? 0 : 1);
  const uint64_t cached = 1 + random_below(500);
  rl_generation out;
  if (pipeline.count > 1) {
    const rl_job job = {batch, cached, 2};
    CU_ASSERT_EQUAL_FATAL(rl_pipeline_generate(&pipeline, job, &out, &diags), RL_OK);
    double played = play_rounds(&pipeline, batch, 1, cached);
    if (even) CU_ASSERT(near(out.tpot, played));
    CU_ASSERT(out.tpot <= played * (1 + 1e-9));
    if (even) check_verify(&pipeline, batch, cached);
  }
  rl_arena_free(&arena);
}

static void test_steps(void) {
  for (int i = 0; i < 100; i++) check_step(i % 2 == 0);
}

/* p equal stages and m micro-batches: p - 1 of the m + p - 1 turns are bubble (Huang et al. 2019,
 * 2.3); in a step m of p turns are worked in when they are fewer than the stages. */
static void test_bubbles(void) {
  rl_pipeline pipeline = random_pipeline(1);
  for (size_t s = 1; s < STAGES_MAX; s++) plans[s] = plans[0];
  for (uint64_t p = 2; p <= STAGES_MAX; p++) {
    for (uint64_t m = 1; m <= 8; m++) {
      pipeline.count = p;
      pipeline.micro_batches = m;
      rl_generation out;
      const rl_job job = {.batch = m * 3, .prompt = 64, .generate = 9};
      CU_ASSERT_EQUAL_FATAL(rl_pipeline_generate(&pipeline, job, &out, &diags), RL_OK);
      const double turns = (double)(m + p - 1), busy = m < p ? (double)m / (double)p : 1;
      CU_ASSERT(fabs(rl_bubble_share(&out.prefill_spending) - (double)(p - 1) / turns) < 1e-9);
      CU_ASSERT(fabs(rl_bubble_share(&out.decode_spending) - (1 - busy)) < 1e-9);
    }
  }
  rl_arena_free(&arena);
}

/* KV of all sequences, activations of one micro-batch; the fullest stage counts. */
static void test_memory(void) {
  for (int i = 0; i < 50; i++) {
    const rl_pipeline pipeline = random_pipeline(1 + random_below(4));
    const rl_job job = {1 + random_below(BATCH_MAX), 1 + random_below(300), 1};
    const uint64_t full = (job.batch + pipeline.micro_batches - 1) / pipeline.micro_batches;
    rl_memory fullest, all, part;
    uint64_t largest = 0;
    size_t stage = 0;
    CU_ASSERT_EQUAL_FATAL(rl_pipeline_memory_fit(&pipeline, job, &fullest, &diags), RL_OK);
    for (size_t s = 0; s < pipeline.count; s++) {
      const rl_job of_part = {full, job.prompt, 1};
      CU_ASSERT_EQUAL_FATAL(rl_memory_fit(plans[s], job, &all, &diags), RL_OK);
      CU_ASSERT_EQUAL_FATAL(rl_memory_fit(plans[s], of_part, &part, &diags), RL_OK);
      uint64_t total = all.weights + all.kv + all.state + part.activations;
      if (total > largest) stage = s;
      largest = rl_max_u64(largest, total);
    }
    CU_ASSERT_EQUAL(fullest.total, largest);
    CU_ASSERT_EQUAL(fullest.stage, stage);
    rl_arena_free(&arena);
  }
}

RL_SUITE("pipelines", {"times", test_times}, {"steps", test_steps}, {"bubbles", test_bubbles},
         {"memory", test_memory})
