/* What users ask of a plan: closed forms against steps, batches that fit against those that do not.
 */
#include <math.h>
#include <stdio.h>

#include "draw.h"
#include "pool.h"
#include "time/answers.h"
#include "unit.h"

/* Cases that walk a generation step by step are dear. */
enum { CASES = 10000, STEP_CASES = 1500 };

typedef struct bench {
  rl_arena arena;
  rl_diags diags;
  rl_drawn_hardware machine;
  const rl_pool_member *member;
  rl_plan *plan;
  rl_job load;
} bench;

static bool bench_open(rl_tape *tape, bench *b) {
  const rl_lab_pass *pass;
  b->member = rl_pool_member_draw(tape);
  rl_draw_hardware(tape, &b->machine);
  b->load.batch = rl_tape_draw_size(tape, 1, 300);
  b->load.prompt = rl_tape_draw_size(tape, 1, 3000);
  b->load.generate = rl_tape_draw_size(tape, 1, 400);
  rl_arena_init(&b->arena, NULL);
  rl_diags_init(&b->diags, &b->arena);
  if (b->member == NULL) return false;
  pass = rl_tape_draw(tape, 0, 1) == 0 ? &b->member->pass : &b->member->unfused;
  if (tape->loud) {
    fprintf(stderr, "batch %llu, prompt %llu, generate %llu\n", (unsigned long long)b->load.batch,
            (unsigned long long)b->load.prompt, (unsigned long long)b->load.generate);
  }
  CU_ASSERT_EQUAL_FATAL(
      rl_plan_compile(&b->arena, pass->cost, &b->machine.hardware, &b->plan, &b->diags), RL_OK);
  return true;
}

static bool close_to(double a, double b) {
  return fabs(a - b) <= 1e-9 * fabs(b);
}

/* The closed form of a generation is the sum of its steps. */
static bool generation_is_steps(rl_tape *tape) {
  bench b;
  rl_generation closed, steps;
  bool same = true;
  if (bench_open(tape, &b)) {
    CU_ASSERT_EQUAL_FATAL(rl_generate(b.plan, b.load, &closed, &b.diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_generate_stepwise(b.plan, &b.arena, b.load, &steps, &b.diags), RL_OK);
    if (tape->loud) fprintf(stderr, "closed %.17g, steps %.17g\n", closed.decode, steps.decode);
    same = close_to(closed.decode, steps.decode) && close_to(closed.ttft, steps.ttft) &&
           close_to(closed.total, closed.ttft + closed.decode);
  }
  rl_arena_free(&b.arena);
  return same;
}

/* A longer generation, a longer prompt, a larger batch never take less. */
static bool generation_grows(rl_tape *tape) {
  bench b;
  rl_generation small, large;
  bool grows = true;
  if (bench_open(tape, &b)) {
    rl_job more = b.load;
    uint64_t by = rl_tape_draw(tape, 1, 50), which = rl_tape_draw(tape, 0, 2);
    if (which == 0) more.generate += by;
    if (which == 1) more.prompt += by;
    if (which == 2) more.batch += by;
    /* Without a cache: more work may push operands out of one. */
    b.plan->cache_bytes = 0;
    CU_ASSERT_EQUAL_FATAL(rl_generate(b.plan, b.load, &small, &b.diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_generate(b.plan, more, &large, &b.diags), RL_OK);
    grows = large.total >= small.total * (1 - 1e-12) && large.ttft >= small.ttft * (1 - 1e-12);
  }
  rl_arena_free(&b.arena);
  return grows;
}

/* The largest batch fits and one more does not; what a batch takes is the sum of its shares. */
static bool largest_batch_is_largest(rl_tape *tape) {
  bench b;
  uint64_t largest = 0;
  rl_memory memory;
  bool right = true;
  if (bench_open(tape, &b)) {
    b.machine.levels[1].usable = rl_tape_draw_size(tape, 1, 1ull << 34);
    CU_ASSERT_EQUAL_FATAL(
        rl_largest_batch(b.plan, b.load.prompt, b.load.generate, &largest, &b.diags), RL_OK);
    b.load.batch = largest + 1;
    CU_ASSERT_EQUAL_FATAL(rl_memory_fit(b.plan, b.load, &memory, &b.diags), RL_OK);
    right = !memory.fits && memory.total > memory.usable;
    b.load.batch = largest;
    if (largest > 0) {
      CU_ASSERT_EQUAL_FATAL(rl_memory_fit(b.plan, b.load, &memory, &b.diags), RL_OK);
      right = right && memory.fits && memory.total <= memory.usable;
      right = right && memory.total == memory.weights + memory.kv + memory.activations;
      right = right && memory.weights == b.plan->cost->weight_bytes;
    }
  }
  rl_arena_free(&b.arena);
  return right;
}

/* Verifying n tokens takes at least a step and at most n of them (without a cache). */
static bool verification_between(rl_tape *tape) {
  bench b;
  bool between = true;
  if (bench_open(tape, &b)) {
    rl_verify verify = {
        .batch = b.load.batch, .cached = b.load.prompt, .n = rl_tape_draw(tape, 1, 64)};
    b.plan->cache_bytes = 0;
    CU_ASSERT_EQUAL_FATAL(rl_verify_cost(b.plan, &verify, &b.diags), RL_OK);
    between = verify.ratio >= 1 - 1e-12;
    if (tape->loud)
      fprintf(stderr, "n %llu, ratio %g\n", (unsigned long long)verify.n, verify.ratio);
    if (verify.n == 1) between = between && close_to(verify.ratio, 1);
  }
  rl_arena_free(&b.arena);
  return between;
}

static void test_steps(void) {
  rl_property_check("a generation is its steps", generation_is_steps, STEP_CASES);
}
static void test_grows(void) {
  rl_property_check("generations grow", generation_grows, CASES);
}
static void test_largest(void) {
  rl_property_check("the largest batch", largest_batch_is_largest, CASES);
}
static void test_verification(void) {
  rl_property_check("verification takes a step or more", verification_between, CASES);
}

RL_SUITE("properties of answers", {"steps", test_steps}, {"growth", test_grows},
         {"largest batch", test_largest}, {"verification", test_verification})
