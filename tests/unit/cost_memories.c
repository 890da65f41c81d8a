/* What memories beside attention count: integers derived by hand. */
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

static uint32_t act(uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, 1, cols);
}

static void expect(rl_group group, const uint64_t counts[RL_COUNTS]) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_cost *cost = NULL;
  fx_run(&built, 1);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments));
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
  rl_arena_free(&arena);
}
#define EXPECT(group, ...) expect(group, (const uint64_t[RL_COUNTS]){__VA_ARGS__})

/* 4 heads of 8 values, 2 KV heads, window 2. */
static void attention(uint64_t budget) {
  rl_op *op = begin(budget > 0 ? RL_OP_EIDETIC_ATTENTION : RL_OP_FADING_ATTENTION);
  uint32_t state = 0;
  op->at = (rl_op_attributes){
      .heads = 4, .kv_heads = 2, .head_dim = 8, .window = 2, .budget = budget, .score_scale = 0.5};
  fx_read(&built, op, act(32));
  if (budget > 0) fx_read(&built, op, act(1));
  for (int i = 0; i < 4; i++) {
    fx_read(&built, op, fx_tensor(&built, RL_ROLE_KV, &FX_BF16, RL_EXTENT_KV, 2, 8));
  }
  if (budget > 0) {
    state = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 1, 2 * budget + 2);
    fx_read(&built, op, state);
    fx_write(&built, op, state);
  }
  fx_write(&built, op, act(32));
}

/* Two sequences of 3 tokens behind 4, positions 4 5 6. Of the tokens each sees 2, with a kept one
 * 3: rows 3 ... 6 and the kept one. Of the fading keys each sees 2: rows 1 ... 4. Without: 2 (6 +
 * 6) = 24 pairs, matrix 4 24 32, vector 6 24 4, rows 2 (4 + 4) of 2 16 bytes, K and V: 1024. With:
 * 2 (9 + 6) = 30 pairs, 6 30 4 + 6 comparisons, rows 2 (5 + 4): 1152, a state of 4 numbers: 16
 * bytes each. At the beginning, positions 0 1 2: 1 + 2 + 2 pairs, or 1 + 2 + 3, and the last one
 * sees the first fading key; rows 3 and 1. q 6 64, surprise 6 2. */
static void test_fading(void) {
  const rl_group behind = {.count = 2, .q = 3, .cached = 4}, first = {.count = 2, .q = 3};
  attention(0);
  EXPECT(behind, 3072, 576, 0, 1024, 0, 384, 384);
  attention(1);
  EXPECT(behind, 3840, 726, 0, 1152 + 32, 32, 396, 384);
  attention(0);
  EXPECT(first, 4 * 12 * 32, 6 * 12 * 4, 0, 8 * 64, 0, 384, 384);
  attention(1);
  EXPECT(first, 4 * 14 * 32, 6 * 14 * 4 + 6, 0, 8 * 64 + 32, 32, 396, 384);
}

/* Before the window is full no fading key is seen. */
static void test_nothing_fades(void) {
  const rl_group one = {.count = 3, .q = 1, .cached = 1};
  attention(0);
  EXPECT(one, 4 * 6 * 32, 6 * 6 * 4, 0, 6 * 64, 0, 192, 192);
}

/* A tree of three nodes behind 4: 0 and 1 below the context, 2 below 1; depths 0 0 1. Window 2:
 * each sees 2 tokens; window 4 sees 4, less the 2 of the shorter window: 2 fading keys each. */
static void test_tree(void) {
  static const int32_t parents[] = {-1, -1, 1};
  const rl_tree tree = {3, parents};
  const rl_group group = {.count = 1, .q = 3, .cached = 4, .tree = &tree};
  attention(0);
  EXPECT(group, 4 * 12 * 32, 6 * 12 * 4, 0, 8 * 64, 0, 192, 192);
}

RL_SUITE("memories", {"fading", test_fading}, {"nothing fades", test_nothing_fades},
         {"tree", test_tree})
