/* What local linear attention counts: integers derived by hand. */
#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;

static uint32_t tensor(rl_role role, rl_extent extent, uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, role, &FX_BF16, extent, rows, cols);
}

/* Two sequences of 2 tokens behind 3: T = 4, P = 2 (4 + 5) = 18 pairs, 10 rows of the cache. 4
 * heads of 8 on 2, n steps. matrix, 2 a value of a head and pair: 5 products outside of the solver
 * (scores twice, keys, slopes, values) and 3 a step (scores, keys along the direction, keys): 18 4
 * 8 (10 + 6 n). Operations: 18 4 (12 + 4 n) + 4 4 8 (6 + 22 n). Bytes of bf16: q and out 4 32 2,
 * keys and values 10 16 2 each, whatever n is. */
static void test_counts(void) {
  const rl_group group = {.count = 2, .q = 2, .cached = 3};
  for (uint64_t steps = 1; steps <= 32; steps += 31) {
    const uint64_t expected[RL_COUNTS] = {576 * (10 + 6 * steps),
                                          72 * (12 + 4 * steps) + 128 * (6 + 22 * steps),
                                          0,
                                          640,
                                          0,
                                          256,
                                          256};
    uint64_t moments[RL_MOMENTS_MAX];
    rl_cost *cost = NULL;
    rl_arena arena;
    rl_diags diags;
    fx_begin(&built);
    rl_arena_init(&arena, NULL);
    rl_diags_init(&diags, &arena);
    rl_op *op = fx_op(&built, RL_OP_LOCAL_LINEAR, "attention");
    op->at.heads = 4;
    op->at.kv_heads = 2;
    op->at.head_dim = 8;
    op->at.iterations = steps;
    fx_read(&built, op, tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 32));
    fx_read(&built, op, tensor(RL_ROLE_KV, RL_EXTENT_KV, 2, 8));
    fx_read(&built, op, tensor(RL_ROLE_KV, RL_EXTENT_KV, 2, 8));
    fx_write(&built, op, tensor(RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, 1, 32));
    fx_run(&built, 1);
    CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
    CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments));
    for (int k = 0; k < RL_COUNTS; k++) {
      uint64_t value = 0;
      CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
      CU_ASSERT_EQUAL(value, expected[k]);
    }
    rl_arena_free(&arena);
  }
}

RL_SUITE("cost of local linear attention", {"counts", test_counts})
