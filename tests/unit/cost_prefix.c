/* What prefix linear attention counts: integers derived by hand. Prefixes of up to three tokens;
 * two sequences begin with five tokens each, one decodes one: T = 11, T_p = 6, N = 3. A state is
 * kept in fp32, everything else in bf16. */
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
  built.program.prefix = 3;
  return fx_op(&built, kind, "prefix");
}

static uint32_t act(rl_extent extent, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, extent, 1, cols);
}

static void expect(const rl_group *groups, size_t count, const uint64_t counts[RL_COUNTS]) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_cost *cost = NULL;
  if (built.program.run_count == 0) fx_run(&built, 1);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){groups, count}, NULL, moments));
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[k], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
}

static const rl_group GROUPS[] = {{.count = 2, .q = 5}, {.count = 1, .q = 1, .cached = 7}};

/* 2 heads of 2 keys, so 1 + 2 + 4 = 7 features, and 3 values, so rows of 4: a state of 56 values,
 * 224 bytes, 672 of three sequences. in: q and k 11 4 2 each, v 11 6 2, those of prefixes 6 4 2 and
 * 6 6 2: 428; out 132. Features of prefixes 2 6 14 = 168, of q and k 2 2 11 14 = 616, results 11 6,
 * denominators 2 11 2: 894 operations. The sum over prefixes: matrix 6 2 56 = 672.
 * Token by token: 11 4 56 = 2464 more operations.
 * In chunks of 4, classes parting at 2 tokens: 10 + 1 pairs a sequence, X = 22: matrix 22 2 2 (2 +
 * 4) + 10 2 2 56 = 2768 more; operations 22 2 5 + 10 8, and 4 56 of the sequence that decodes: 524.
 */
static void test_attention(void) {
  static const uint64_t steps[RL_COUNTS] = {672, 894 + 2464, 0, 672, 672, 428, 132};
  static const uint64_t chunks[RL_COUNTS] = {672 + 2768, 894 + 524, 0, 672, 672, 428, 132};
  for (int chunked = 0; chunked < 2; chunked++) {
    rl_op *op = begin(RL_OP_PREFIX_ATTENTION);
    op->at.heads = op->at.key_dim = 2;
    op->at.value_dim = 3;
    op->at.chunk = chunked ? 4 : 0;
    built.program.decode_tokens = 2;
    fx_read(&built, op, act(RL_EXTENT_TOKENS, 4));
    fx_read(&built, op, act(RL_EXTENT_TOKENS, 4));
    fx_read(&built, op, act(RL_EXTENT_TOKENS, 6));
    fx_read(&built, op, act(RL_EXTENT_PREFIX, 4));
    fx_read(&built, op, act(RL_EXTENT_PREFIX, 6));
    uint32_t state = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 14, 4);
    fx_read(&built, op, state);
    fx_write(&built, op, state);
    fx_write(&built, op, act(RL_EXTENT_TOKENS, 6));
    expect(GROUPS, 2, chunked ? chunks : steps);
    rl_arena_free(&arena);
  }
}

/* A linear [6, 5] of prefixes alone: 6 2 30 = 360; weights 60, in 6 5 2, out 6 6 2; 6 biases, 12
 * bytes and 36 operations. In a pass that begins nothing it does nothing. */
static void test_linear(void) {
  static const uint64_t begun[RL_COUNTS] = {360, 36, 60 + 12, 0, 0, 60, 72};
  static const uint64_t none[RL_COUNTS] = {0};
  rl_op *op = begin(RL_OP_LINEAR);
  op->at.prefix_tokens = op->at.has_bias = true;
  fx_read(&built, op, act(RL_EXTENT_TOKENS, 5));
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 6, 5));
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, 6));
  fx_write(&built, op, act(RL_EXTENT_PREFIX, 6));
  expect(GROUPS, 2, begun);
  expect(GROUPS + 1, 1, none);
  rl_arena_free(&arena);
}

/* A pass of one format whose scale is that of a tensor reads it where it has rows. */
static void test_tensor_scale(void) {
  rl_op *op = begin(RL_OP_LINEAR);
  op->at.prefix_tokens = true;
  fx_read(&built, op, act(RL_EXTENT_TOKENS, 5));
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_FP8_TENSOR, RL_EXTENT_FIXED, 6, 5));
  fx_write(&built, op, act(RL_EXTENT_PREFIX, 6));
  expect(GROUPS, 2, (const uint64_t[RL_COUNTS]){360, 0, 30 + 4, 0, 0, 60, 72});
  expect(GROUPS + 1, 1, (const uint64_t[RL_COUNTS]){0});
  rl_arena_free(&arena);
}

RL_SUITE("cost of prefixes", {"attention", test_attention}, {"linear", test_linear},
         {"tensor scale", test_tensor_scale})
