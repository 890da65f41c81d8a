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

/* 4 heads of 8 values, 2 KV heads, 3 persistent keys. Two sequences of 3 tokens behind 4, window 3:
 * 2 9 pairs with tokens, 6 3 with persistent keys: matrix 4 36 32, vector 6 36 4; keys and values 2
 * 3 16 2; rows 2 (2 + 3) of 2 16 bytes, K and V. */
static void test_persistent(void) {
  const rl_group group = {.count = 2, .q = 3, .cached = 4};
  rl_op *op = begin(RL_OP_MEMORY_ATTENTION);
  op->at = (rl_op_attributes){
      .heads = 4, .kv_heads = 2, .head_dim = 8, .window = 3, .persistent = 3, .score_scale = 0.5};
  fx_read(&built, op, act(32));
  for (int i = 0; i < 2; i++) {
    fx_read(&built, op, fx_tensor(&built, RL_ROLE_KV, &FX_BF16, RL_EXTENT_KV, 2, 8));
  }
  for (int i = 0; i < 2; i++) {
    fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 3, 16));
  }
  fx_write(&built, op, act(32));
  EXPECT(group, 4608, 864, 192, 640, 0, 384, 384);
}

/* 2 heads of 3 keys and 3 values, one inner width of 5: P = 15 + 15, the first layer's 15; 5 hidden
 * values, 8 results, 16 results and inputs; chunks of 4; up to 5 tokens decode. */
static void memory(uint64_t depth) {
  rl_op *op = begin(RL_OP_NEURAL_MEMORY);
  const uint64_t weights = depth == 1 ? 9 : 30;
  uint32_t states[3];
  built.program.decode_tokens = 5;
  op->at = (rl_op_attributes){
      .heads = 2, .key_dim = 3, .value_dim = 3, .depth = depth, .inner = 5, .chunk = 4};
  for (int i = 0; i < 4; i++) fx_read(&built, op, act(6));
  for (int i = 0; i < 3; i++) {
    states[i] = fx_tensor(&built, RL_ROLE_STATE, &FX_F32, RL_EXTENT_SEQUENCES, 2, weights);
    fx_read(&built, op, states[i]);
  }
  fx_read(&built, op, fx_tensor(&built, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 2, weights));
  for (int i = 0; i < 3; i++) fx_write(&built, op, states[i]);
  fx_write(&built, op, act(6));
}

/* T = 2. matrix: a key forward 30, its error backward 15, a query forward 30: 2 2 2 75 = 600.
 * vector a token: 5 2 30 of the weights, 13 2 5 hidden, 2 2 3 of v, 3 2 6 of q and k, 14 2 of the
 * gates: 506. A state of 60 numbers is 240 bytes: weights and momentum both ways, the chunk's start
 * read behind 7 tokens, written behind 8. One layer: 9, nothing backward, 9: 2 2 2 18; 90 + 12 + 36
 * + 28 = 166. */
static void test_memory_steps(void) {
  const rl_group inside = {.count = 2, .q = 1, .cached = 7};
  const rl_group begins = {.count = 2, .q = 1, .cached = 8};
  memory(2);
  EXPECT(inside, 600, 1012, 0, 1440, 960, 96, 24);
  memory(2);
  EXPECT(begins, 600, 1012, 0, 960, 1440, 96, 24);
  memory(1);
  EXPECT(inside, 144, 332, 0, 3 * 144, 2 * 144, 96, 24);
}

/* A prompt of 10 begins: pieces of 4, 4 and 2 positions, 10 + 10 + 3 pairs. matrix: 45 to learn,
 * queries through weights and momentum 60, sums for both 60: 2 2 10 165 + 23 2 2 16 = 8072. vector:
 * 23 2 2 + 3 6 2 30 + 10 6 2 8 + 10 (130 + 12 + 36 + 28) = 4192. The weights that all begin with,
 * 120 bytes. Behind 7 tokens the first piece is position 7 alone, then 4, 4 and 1: 22 pairs, 4
 * pieces; the chunk's start is read and written. */
static void test_memory_chunks(void) {
  const rl_group first = {.count = 1, .q = 10}, later = {.count = 1, .q = 10, .cached = 7};
  memory(2);
  EXPECT(first, 8072, 4192, 120, 480, 720, 480, 120);
  memory(2);
  EXPECT(later, 8008, 4548, 0, 720, 720, 480, 120);
}

/* Both classes in one pass: what they count apart, together. A memory of one phase counts its own.
 */
static void test_memory_classes(void) {
  const rl_group groups[] = {{.count = 1, .q = 10}, {.count = 2, .q = 1, .cached = 7}};
  static const uint64_t matrix[] = {8672, 600, 8072};
  for (int phase = 0; phase < 3; phase++) {
    uint64_t moments[RL_MOMENTS_MAX], value = 0;
    rl_cost *cost = NULL;
    memory(2);
    built.ops[0].phase = (rl_phase)phase;
    fx_run(&built, 1);
    CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
    CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){groups, 2}, NULL, moments));
    CU_ASSERT(rl_form_value(cost, &cost->rows[0].counts[RL_C_MATRIX], moments, &value));
    CU_ASSERT_EQUAL(value, matrix[phase]);
    rl_arena_free(&arena);
  }
}

RL_SUITE("memories", {"fading", test_fading}, {"nothing fades", test_nothing_fades},
         {"tree", test_tree}, {"persistent", test_persistent}, {"memory steps", test_memory_steps},
         {"memory chunks", test_memory_chunks}, {"memory classes", test_memory_classes})
