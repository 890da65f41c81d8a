/* What each operator kind counts, one small operator at a time, with integers derived by hand; and
 * the largest shares of fused operators. T = 6 tokens of 2 sequences behind 4, R = 2 unless said.
 */
#include <stdio.h>
#include <string.h>

#include "cost/tally.h"
#include "program_fixture.h"
#include "unit.h"

static fixture built;
static rl_arena arena;
static rl_diags diags;
static const rl_group GROUP = {.count = 2, .q = 3, .cached = 4}; /* T 6, C 14, S 42, P 36 */

static void begin(void) {
  fx_begin(&built);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
}

static uint32_t act(uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, rows, cols);
}
static uint32_t weight(const rl_format *format, uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_WEIGHT, format, RL_EXTENT_FIXED, rows, cols);
}
static uint32_t cache(const rl_format *format, uint64_t rows, uint64_t cols) {
  return fx_tensor(&built, RL_ROLE_KV, format, RL_EXTENT_KV, rows, cols);
}
static uint32_t scores(uint64_t heads) {
  return fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_SCORES, heads, 1);
}

/* Compiles the operators added since begin() and checks the counts of the last one. */
static void expect_at(rl_group group, const rl_facts *facts, const uint64_t expected[RL_COUNTS]) {
  rl_cost *cost = NULL;
  uint64_t moments[RL_MOMENTS_MAX];
  fx_run(&built, 1);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&group, 1}, facts, moments));
  const rl_cost_row *row = &cost->rows[cost->row_count - 1];
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &row->counts[k], moments, &value));
    if (value != expected[k]) {
      fprintf(stderr, "\n%s, count %d: %llu, expected %llu\n", built.ops[row->op].name, k,
              (unsigned long long)value, (unsigned long long)expected[k]);
    }
    CU_ASSERT_EQUAL(value, expected[k]);
  }
  rl_arena_free(&arena);
}
/* matrix, vector, weights, KV read, KV write, activations read, activations written */
#define EXPECT(...) expect_at(GROUP, NULL, (const uint64_t[RL_COUNTS]){__VA_ARGS__})

static void test_no_kind_is_empty(void) {
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    CU_ASSERT_PTR_NOT_NULL(RL_COUNTINGS[kind].work);
    CU_ASSERT_PTR_NOT_NULL(RL_COUNTINGS[kind].share);
  }
  CU_ASSERT_EQUAL(RL_OP_RATE_COUNT, RL_RATES);
  for (size_t r = 0; r < RL_OP_RATE_COUNT; r++) {
    CU_ASSERT_PTR_NOT_NULL(RL_OP_RATES[r].what);
    CU_ASSERT_PTR_NOT_NULL(RL_OP_RATES[r].why);
    CU_ASSERT(RL_OP_RATES[r].per_element > 0);
  }
}

/* An operator with the given inputs and one output. */
static rl_op *unary(rl_op_kind kind, uint32_t in, uint32_t out) {
  rl_op *op = fx_op(&built, kind, RL_OP_INFO[kind].name);
  fx_read(&built, op, in);
  fx_write(&built, op, out);
  return op;
}
static rl_op *binary(rl_op_kind kind, uint32_t a, uint32_t b, uint32_t out) {
  rl_op *op = fx_op(&built, kind, RL_OP_INFO[kind].name);
  fx_read(&built, op, a);
  fx_read(&built, op, b);
  fx_write(&built, op, out);
  return op;
}

static void test_embed(void) {
  begin(); /* 6 ids of 4 bytes, 6 rows of 10 bf16 */
  uint32_t ids = fx_tensor(&built, RL_ROLE_IDS, NULL, RL_EXTENT_TOKENS, 1, 1);
  binary(RL_OP_EMBED, ids, weight(&FX_BF16, 50, 10), act(1, 10));
  EXPECT(0, 0, 120, 0, 0, 24, 120);
  begin(); /* int8 rows with an fp16 scale: 12 bytes, 4 distinct ids were seen */
  ids = fx_tensor(&built, RL_ROLE_IDS, NULL, RL_EXTENT_TOKENS, 1, 1);
  binary(RL_OP_EMBED, ids, weight(&FX_INT8_ROW, 50, 10), act(1, 10));
  rl_facts facts = {.distinct_ids = 4};
  expect_at(GROUP, &facts, (const uint64_t[RL_COUNTS]){0, 0, 48, 0, 0, 24, 120});
  begin(); /* positions: no ids are read; 3 distinct ones were seen */
  unary(RL_OP_EMBED, weight(&FX_BF16, 50, 10), act(1, 10))->at.index = RL_INDEX_POSITIONS;
  facts = (rl_facts){.distinct_ids = 4, .distinct_positions = 3};
  expect_at(GROUP, &facts, (const uint64_t[RL_COUNTS]){0, 0, 60, 0, 0, 0, 120});
}

static void test_norm(void) {
  begin(); /* layer norm of width 10 with bias: 7 * 60 */
  rl_op *op = binary(RL_OP_NORM, act(1, 10), weight(&FX_BF16, 1, 10), act(1, 10));
  op->at.norm = RL_NORM_LAYER;
  op->at.has_bias = true;
  fx_read(&built, op, weight(&FX_BF16, 1, 10));
  EXPECT(0, 420, 40, 0, 0, 120, 120);
  begin(); /* the same without: 6 * 60 */
  binary(RL_OP_NORM, act(1, 10), weight(&FX_BF16, 1, 10), act(1, 10))->at.norm = RL_NORM_LAYER;
  EXPECT(0, 360, 20, 0, 0, 120, 120);
  begin(); /* 3 heads of 8 with weights of their own: 6 * 6 * 24, 3 weights of 8 */
  binary(RL_OP_NORM, act(3, 8), weight(&FX_BF16, 3, 8), act(3, 8))->at.norm = RL_NORM_LAYER;
  EXPECT(0, 864, 48, 0, 0, 288, 288);
  begin(); /* q norm over 3 heads of 8: 4 * 6 * 24, a weight of 8 */
  binary(RL_OP_NORM, act(3, 8), weight(&FX_BF16, 1, 8), act(3, 8));
  EXPECT(0, 576, 16, 0, 0, 288, 288);
}

static rl_op *make_linear(const rl_format *format, bool bias) {
  rl_op *op = fx_op(&built, RL_OP_LINEAR, "linear");
  fx_read(&built, op, act(1, 10));
  fx_read(&built, op, weight(format, 7, 10));
  if (bias) fx_read(&built, op, weight(&FX_BF16, 1, 7));
  op->at.has_bias = bias;
  return op;
}

static void test_linear(void) {
  begin(); /* 2 * 6 * 7 * 10; bias 6 * 7 operations and 14 bytes */
  fx_write(&built, make_linear(&FX_BF16, true), act(1, 7));
  EXPECT(840, 42, 140 + 14, 0, 0, 120, 84);
  begin(); /* one scale a row: 7 * (10 + 2) */
  fx_write(&built, make_linear(&FX_INT8_ROW, false), act(1, 7));
  EXPECT(840, 0, 84, 0, 0, 120, 84);
  begin(); /* one scale a tensor: 70 + 4 */
  fx_write(&built, make_linear(&FX_FP8_TENSOR, false), act(1, 7));
  EXPECT(840, 0, 74, 0, 0, 120, 84);
}

static void test_head(void) {
  rl_group none = {.count = 2, .q = 3, .cached = 4, .logits = RL_LOGITS_NONE};
  for (int with = 0; with < 2; with++) { /* R = 2: 2 * 2 * 7 * 10, two rows of x; R = 0: nothing */
    begin();
    rl_op *op = make_linear(&FX_FP8_TENSOR, true);
    op->at.last_tokens = true;
    fx_write(&built, op, fx_tensor(&built, RL_ROLE_LOGITS, &FX_BF16, RL_EXTENT_LOGIT_ROWS, 1, 7));
    if (with)
      EXPECT(280, 14, 74 + 14, 0, 0, 40, 28);
    else
      expect_at(none, NULL, (const uint64_t[RL_COUNTS]){0});
  }
}

/* Partial rotation: 4 of 8 dims of 3 + 1 heads are read, turned (3 operations each) and written. */
static void test_rope(void) {
  begin();
  uint32_t q = act(3, 8), k = act(1, 8);
  rl_op *op = binary(RL_OP_ROPE, q, k, q);
  fx_write(&built, op, k);
  for (uint32_t o = 0; o < 4; o++) built.operands[op->first_operand + o].cols = 4;
  EXPECT(0, 3 * 6 * 4 * 4, 0, 0, 0, 6 * 16 * 2, 6 * 16 * 2);
}

static void test_kv_append(void) {
  for (int quantized = 0; quantized < 2; quantized++) {
    begin(); /* K int8 with a scale a head row: 2 * (8 + 2) bytes; V bf16: 2 * 16 bytes a token */
    rl_op *op = binary(RL_OP_KV_APPEND, act(2, 8), act(2, 8),
                       cache(quantized ? &FX_INT8_ROW : &FX_BF16, 2, 8));
    fx_write(&built, op, cache(&FX_BF16, 2, 8));
    if (quantized)
      EXPECT(0, 3 * 6 * 16, 0, 0, 6 * (20 + 32), 6 * 64, 0);
    else
      EXPECT(0, 0, 0, 0, 6 * 64, 6 * 64, 0);
  }
}

static rl_op *attention_like(rl_op_kind kind, uint32_t a, uint32_t b, uint32_t out) {
  rl_op *op = binary(kind, a, b, out);
  op->at.heads = 4;
  op->at.kv_heads = 2;
  op->at.head_dim = 8;
  return op;
}

/* Per sequence q = 3 behind 4: pairs 5 + 6 + 7 = 18, rows 7; window 3: pairs 3 * 3, rows 2 + 3. */
static void test_attention(void) {
  for (int windowed = 0; windowed < 2; windowed++) {
    uint64_t pairs = windowed ? 18 : 36, rows = windowed ? 10 : 14;
    begin();
    rl_op *op = attention_like(RL_OP_ATTENTION, act(4, 8), cache(&FX_INT8_ROW, 2, 8), act(4, 8));
    fx_read(&built, op, cache(&FX_BF16, 2, 8));
    if (windowed) op->at.window = 3, op->at.softcap = 50;
    EXPECT(4 * pairs * 32, (windowed ? 9u : 6u) * 4 * pairs, 0, rows * 2 * (10 + 16), 0, 384, 384);
  }
}

/* Each score takes 2 operations more: 5 + 1 + 2 on pairs, 1 + 2 on the rectangle of 42. */
static void test_alibi(void) {
  begin();
  rl_op *op = attention_like(RL_OP_ATTENTION, act(4, 8), cache(&FX_BF16, 2, 8), act(4, 8));
  fx_read(&built, op, cache(&FX_BF16, 2, 8));
  op->at.alibi = 8;
  EXPECT(4 * 36 * 32, 8 * 4 * 36, 0, 14 * 2 * 32, 0, 384, 384);
  begin();
  op = attention_like(RL_OP_SCORES, act(4, 8), cache(&FX_BF16, 2, 8), scores(4));
  op->at.alibi = 8;
  EXPECT(2 * 42 * 32, 3 * 4 * 42, 0, 14 * 32, 0, 384, 336);
}

/* Stored scores: the rectangle 2 * 3 * 7 = 42 for 4 heads, window or not; all 14 KV rows. */
static void test_stored_scores(void) {
  begin();
  rl_op *op = attention_like(RL_OP_SCORES, act(4, 8), cache(&FX_BF16, 2, 8), scores(4));
  op->at.window = 3;
  EXPECT(2 * 42 * 32, 4 * 42, 0, 14 * 32, 0, 384, 336);
  begin();
  op = attention_like(RL_OP_SCORES, act(4, 8), cache(&FX_BF16, 2, 8), scores(4));
  op->at.softcap = 30;
  EXPECT(2 * 42 * 32, 4 * 4 * 42, 0, 14 * 32, 0, 384, 336);
  begin();
  uint32_t s = scores(4);
  unary(RL_OP_SOFTMAX, s, s);
  EXPECT(0, 5 * 168, 0, 0, 0, 336, 336);
  begin();
  attention_like(RL_OP_MIX, scores(4), cache(&FX_INT8_ROW, 2, 8), act(4, 8));
  EXPECT(2 * 42 * 32, 0, 0, 14 * 20, 0, 336, 384);
}

static void test_elementwise(void) {
  static const struct {
    rl_op_kind kind;
    rl_activation_kind activation;
    uint64_t rate;
  } ROWS[] = {{RL_OP_ACTIVATION, RL_RELU, 1},
              {RL_OP_ACTIVATION, RL_SILU, 4},
              {RL_OP_ACTIVATION, RL_GELU, 8},
              {RL_OP_ACTIVATION, RL_GELU_TANH, 8},
              {RL_OP_ACTIVATION, RL_RELU_SQUARED, 2},
              {RL_OP_ACTIVATION, RL_TANH, 1},
              {RL_OP_SCALE, RL_SILU, 1},
              {RL_OP_SOFTCAP, RL_SILU, 3},
              {RL_OP_CLAMP, RL_SILU, 2}};
  for (size_t r = 0; r < sizeof ROWS / sizeof *ROWS; r++) {
    begin();
    unary(ROWS[r].kind, act(1, 10), act(1, 10))->at.activation = ROWS[r].activation;
    EXPECT(0, ROWS[r].rate * 60, 0, 0, 0, 120, 120);
  }
  begin();
  binary(RL_OP_ADD, act(1, 10), act(1, 10), act(1, 10));
  EXPECT(0, 60, 0, 0, 0, 240, 120);
  begin();
  binary(RL_OP_CONCAT, act(1, 10), act(1, 4), act(1, 14));
  EXPECT(0, 0, 0, 0, 0, 168, 168);
  begin();
  uint32_t x = act(1, 10); /* a square: read once for each operand */
  binary(RL_OP_MUL, x, x, act(1, 10));
  EXPECT(0, 60, 0, 0, 0, 240, 120);
  begin();
  unary(RL_OP_QUANTIZE, act(1, 10),
        fx_tensor(&built, RL_ROLE_ACTIVATION, &FX_INT8_ROW, RL_EXTENT_TOKENS, 1, 10));
  EXPECT(0, 180, 0, 0, 0, 120, 72);
  begin(); /* two logit rows of 9 */
  unary(RL_OP_SAMPLE, fx_tensor(&built, RL_ROLE_LOGITS, &FX_BF16, RL_EXTENT_LOGIT_ROWS, 1, 9),
        fx_tensor(&built, RL_ROLE_IDS, NULL, RL_EXTENT_LOGIT_ROWS, 1, 1));
  EXPECT(0, 18, 0, 0, 0, 36, 8);
}

/* rope turns 4 of 8 dims, kv_append reads all of k: q counts 4 dims both ways, k all 8 once. */
static void test_larger_share(void) {
  begin();
  uint32_t q = act(3, 8), k = act(1, 8), v = act(1, 8);
  uint32_t k_cache = cache(&FX_BF16, 1, 8), v_cache = cache(&FX_BF16, 1, 8);
  rl_op *rope = fx_part(&built, RL_OP_ROPE, "rope");
  fx_read(&built, rope, q), fx_read(&built, rope, k);
  fx_write(&built, rope, q), fx_write(&built, rope, k);
  for (uint32_t o = 0; o < 4; o++) built.operands[rope->first_operand + o].cols = 4;
  rl_op *append = fx_part(&built, RL_OP_KV_APPEND, "kv_append");
  fx_read(&built, append, k), fx_read(&built, append, v);
  fx_write(&built, append, k_cache), fx_write(&built, append, v_cache);
  rl_op *op = fx_op(&built, RL_OP_FUSED, "rope_append");
  op->first_part = 0;
  op->part_count = 2;
  fx_read(&built, op, q), fx_read(&built, op, k), fx_read(&built, op, v);
  fx_write(&built, op, q), fx_write(&built, op, k_cache), fx_write(&built, op, v_cache);
  EXPECT(0, 3 * 6 * 16, 0, 0, 6 * 32, 6 * (24 + 16 + 16), 6 * 24);
}

/* A table read by a head on the last tokens and by a linear of all: all tokens are the larger. */
static void test_share_of_all_tokens(void) {
  for (int order = 0; order < 2; order++) {
    begin();
    uint32_t x = act(1, 10);
    for (int p = 0; p < 2; p++) {
      rl_op *part = fx_part(&built, RL_OP_LINEAR, "part");
      part->at.last_tokens = p == order;
      fx_read(&built, part, x);
      fx_read(&built, part, weight(&FX_BF16, 1, 10));
    }
    rl_op *op = fx_op(&built, RL_OP_FUSED, "pair");
    op->first_part = 0;
    op->part_count = 2;
    fx_read(&built, op, x);
    EXPECT(2 * (2 + 6) * 10, 0, 0, 0, 0, 120, 0);
  }
}

RL_SUITE("kinds", {"no kind is empty", test_no_kind_is_empty}, {"embed", test_embed},
         {"norm", test_norm}, {"linear", test_linear}, {"head", test_head}, {"rope", test_rope},
         {"kv_append", test_kv_append}, {"attention", test_attention}, {"alibi", test_alibi},
         {"stored scores", test_stored_scores}, {"element-wise", test_elementwise},
         {"larger share of a fused operand", test_larger_share},
         {"all tokens are more than the last", test_share_of_all_tokens})
