/* What memories count that sequences fetch blocks of: integers derived by hand. */
#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;

static rl_op *begin(rl_op_kind kind) {
  fx_begin(&built);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  return fx_op(&built, kind, "memory");
}

static void expect(rl_group group, uint64_t observed, const uint64_t counts[RL_COUNTS]) {
  uint64_t moments[RL_MOMENTS_MAX];
  const rl_facts facts = {.distinct_experts = observed};
  rl_cost *cost = NULL;
  if (built.program.run_count == 0) fx_run(&built, 1);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, &facts, moments));
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
}

/* 4 blocks of [3, 5] in bf16, 30 bytes each. Two sequences fetch 4 (1 - (3/4)^2) = 1.75 of them in
 * expectation, however many tokens they have: 52.5 bytes, rounded up; one sequence fetches 1;
 * sixteen 4 (1 - (3/4)^16) = 3.959913 (118.8 bytes). Ten tokens: matrix 10 2 15; in 10 (10 + 4),
 * out 10 6. When two distinct ones were seen, 60 bytes. */
static void test_linear(void) {
  rl_op *op = begin(RL_OP_EXPERT_LINEAR);
  op->at.experts = 4;
  op->at.top_k = 1;
  op->at.by_sequence = true;
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, 1, 5));
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_CHOICE, NULL, RL_EXTENT_TOKENS, 1, 1));
  uint32_t bank = fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 12, 5);
  built.tensors[bank].experts = 4;
  built.tensors[bank].top_k = 1;
  fx_read(&built, op, bank);
  fx_write(&built, op, fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, 1, 3));
  expect((rl_group){.count = 2, .q = 5}, 0, (const uint64_t[]){300, 0, 53, 0, 0, 140, 60});
  expect((rl_group){.count = 1, .q = 10}, 0, (const uint64_t[]){300, 0, 30, 0, 0, 140, 60});
  expect((rl_group){.count = 16, .q = 1}, 0, (const uint64_t[]){480, 0, 119, 0, 0, 224, 96});
  expect((rl_group){.count = 2, .q = 5}, 2, (const uint64_t[]){300, 0, 60, 0, 0, 140, 60});
  rl_arena_free(&arena);
}

/* A number a sequence is read, one a token written, 4 bytes each; 2 operations a sequence. */
static void test_fetch(void) {
  rl_op *op = begin(RL_OP_FETCH);
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_IDS, NULL, RL_EXTENT_SEQUENCES, 1, 1));
  fx_write(&built, op, fx_tensor(&built, RL_ROLE_CHOICE, NULL, RL_EXTENT_TOKENS, 1, 1));
  expect((rl_group){.count = 3, .q = 5}, 0, (const uint64_t[]){0, 6, 0, 0, 0, 12, 60});
  rl_arena_free(&arena);
}

RL_SUITE("cost of memories", {"linear", test_linear}, {"fetch", test_fetch})
