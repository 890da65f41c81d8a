/* Families with memories beside attention: what they become, how many parameters they have, and
 * what the operators may not be told. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

static void open_tiny(graph_case *c, const char *family, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, family);
  CU_ASSERT_FATAL(graph_config(c, config));
}

static void expect_parameters(const graph_case *c, uint64_t expected) {
  uint64_t values = 0;
  CU_ASSERT(rl_program_parameters(c->program, &values));
  CU_ASSERT_EQUAL(values, expected);
}

#define TINY_BMOJO                                                                     \
  "model_type: bmojo, hidden_size: 12, num_hidden_layers: 2, num_attention_heads: 6, " \
  "num_key_value_heads: 3, window_size: 8, state_size: 3, time_step_rank: 2, vocab_size: 40"

/* Inner width 24: in 2 24 12, taps 4 24 and bias 24, x_proj (2 + 2 3) 24, dt 2 24 and bias 24, A 24
 * 3, D 24, out 12 24: 1344. q and o 12 12 each, k and v 6 12 each, which both streams read: 432;
 * a norm of 12. The innovation has 4 taps for each of 12. The embedding is the head. */
static void test_bmojo(void) {
  graph_case c;
  open_tiny(&c, "bmojo", "{" TINY_BMOJO ", eidetic_tokens: 5}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm x+z_in_proj conv dt+b+c_x_proj dt_proj scan silu_mul out_proj "
             "fading_k+v_proj fading_rope fading_append innovation surprise qkv_proj rope_append "
             "attention o_proj mixer_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *attention = graph_op(&c, 1, "attention");
  graph_same(graph_operands(&c, attention),
             "attention: q s k_cache v_cache second_k_cache second_v_cache eidetic -> eidetic a");
  CU_ASSERT(attention->kind == RL_OP_EIDETIC_ATTENTION && attention->at.budget == 5);
  CU_ASSERT_EQUAL(graph_tensor(&c, "k_cache")->window, 13);
  CU_ASSERT_EQUAL(graph_tensor(&c, "second_v_cache")->window, 16);
  CU_ASSERT_EQUAL(graph_tensor(&c, "eidetic")->cols, 18);
  expect_parameters(&c, 2 * (1344 + 432 + 12 + 48) + 480 + 12);
  graph_close(&c);
}

/* Without eidetic tokens nothing is measured; an MLP stands where the config has one. */
static void test_bmojo_f(void) {
  graph_case c;
  open_tiny(&c, "bmojo", "{" TINY_BMOJO ", intermediate_size: 7}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm x+z_in_proj conv dt+b+c_x_proj dt_proj scan silu_mul out_proj "
             "fading_k+v_proj fading_rope fading_append qkv_proj rope_append attention o_proj "
             "add_norm gate_up_proj silu_mul_2 down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "attention")->kind, RL_OP_FADING_ATTENTION);
  expect_parameters(&c, 2 * (1344 + 432 + 24 + 3 * 7 * 12) + 480 + 12);
  graph_close(&c);
}

#define TINY_TITANS                                                                     \
  "model_type: titans, hidden_size: 12, num_hidden_layers: 2, num_attention_heads: 6, " \
  "num_key_value_heads: 3, sliding_window: 8, memory_inner_size: 5, vocab_size: 40"

/* Memory: q, k and v 12 12 each, taps 4 12 each, gates 3 12 + 3, initial weights 12 5 + 5 12, a
 * norm 12: 747. Attention: q 12 12, k and v 6 12 each, 3 persistent rows of 6 twice, a norm: 336. A
 * norm, the output gate and o_proj: 300. */
static void test_titans(void) {
  graph_case c;
  open_tiny(&c, "titans", "{" TINY_TITANS ", num_persistent_tokens: 3, rope_theta: 500}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm memory_qkv_proj q_conv k_conv v_conv gates_proj neural_memory "
             "memory_norm qkv_proj rope_append attention attention_norm memory_gated "
             "output_gate_proj silu_mul o_proj mixer_residual\n"
             "[] final_norm lm_head sample\n");
  graph_same(graph_operands(&c, graph_op(&c, 1, "neural_memory")),
             "neural_memory: c_q c_k c_v m_g memory memory_momentum memory_start "
             "neural_memory.weight -> memory memory_momentum memory_start m");
  graph_same(graph_operands(&c, graph_op(&c, 1, "attention")),
             "attention: q k_cache v_cache attention.keys attention.values -> a");
  CU_ASSERT_EQUAL(graph_tensor(&c, "memory_start")->cols, 120);
  CU_ASSERT_EQUAL(graph_tensor(&c, "k_cache")->window, 8);
  expect_parameters(&c, 2 * (747 + 336 + 300) + 480 + 12);
  graph_close(&c);
}

/* The memory in front of plain attention, and the memory alone, of one layer: 12 12. */
static void test_titans_variants(void) {
  graph_case c;
  open_tiny(&c, "titans", "{" TINY_TITANS ", memory_variant: mal}");
  graph_must(&c);
  graph_same(graph_operands(&c, graph_op(&c, 1, "attention")), "attention: q k_cache v_cache -> a");
  graph_same(graph_operands(&c, graph_op(&c, 1, "qkv_proj")),
             "qkv_proj: m q_proj.weight k_proj.weight v_proj.weight -> q k v");
  graph_close(&c);
  open_tiny(&c, "titans",
            "{" TINY_TITANS ", memory_variant: lmm, memory_layers: 1, intermediate_size: 7}");
  graph_must(&c);
  CU_ASSERT_PTR_NULL(graph_op(&c, 1, "attention"));
  expect_parameters(&c, 2 * (747 - 120 + 144 + 300 + 12 + 3 * 7 * 12) + 480 + 12);
  graph_close(&c);
}

static void expect_first(graph_case *c, rl_diag_code code, const char *words) {
  CU_ASSERT_NOT_EQUAL(graph_lower(c), RL_OK);
  CU_ASSERT_FATAL(c->diags.list.count > 0);
  CU_ASSERT_EQUAL(c->diags.list.items[0].code, code);
  if (strstr(c->diags.list.items[0].message, words) == NULL) graph_print(c);
  CU_ASSERT_PTR_NOT_NULL(strstr(c->diags.list.items[0].message, words));
  graph_close(c);
}

static void test_refusals(void) {
  graph_case c;
  open_tiny(&c, "bmojo", "{" TINY_BMOJO ", tie_attn_weights: false}");
  expect_first(&c, RL_D_FAMILY_REFUSES, "projections of their own");
  open_tiny(&c, "titans", "{" TINY_TITANS ", memory_variant: mac}");
  expect_first(&c, RL_D_FAMILY_REFUSES, "the segment before");
  open_tiny(&c, "titans", "{" TINY_TITANS ", memory_variant: mag2}");
  expect_first(&c, RL_D_FAMILY_REFUSES, "none of mag and mal and lmm");
}

/* Heads of 3 keys and 3 values, one layer of 5 in between. */
#define MEMORY(more)                                                                         \
  "      - neural_memory: {out: y, heads: 2, key_dim: 3, value_dim: 3, inner: 5, limit: 1, " \
  "state: m, weights: m0, " more "}\n"

#define FAMILY(statements)                                                                 \
  "kind: family\ndoc: a test\nsources: [none]\nmatch: {model_type: [test]}\ndims: {d: "    \
  "hidden_size}\n"                                                                         \
  "graph:\n  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 1\n    body:\n" \
  "      - linear: {name: q, in: x, out: q, rows: 6, weights: w}\n"                        \
  "      - linear: {name: k, in: x, out: k, rows: 6, weights: v}\n"                        \
  "      - linear: {name: s, in: x, out: s, rows: 1, weights: u}\n" statements
#define APPEND "      - kv_append: {in: [k, k], heads: 2, head_dim: 3}\n"
#define SECOND "      - kv_append: {in: [k, k], heads: 2, head_dim: 3, cache: second}\n"
#define SHAPE "out: a, heads: 2, kv_heads: 2, head_dim: 3"

static void expect_error(const char *family, rl_diag_code code, const char *words) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c, family) && graph_config(&c, "{hidden_size: 6}"));
  expect_first(&c, code, words);
}

static void test_errors(void) {
  expect_error(FAMILY(APPEND "      - fading_attention: {in: q, " SHAPE ", window: 2}\n"),
               RL_D_NO_CACHE, "attention");
  expect_error(FAMILY(SECOND "      - fading_attention: {in: q, " SHAPE ", window: 2}\n"),
               RL_D_NO_CACHE, "attention");
  expect_error(FAMILY(SECOND SECOND), RL_D_CACHE_UNREAD, "kv_append");
  expect_error(FAMILY(APPEND SECOND "      - fading_attention: {in: q, " SHAPE ", window: 0}\n"),
               RL_D_ATTRIBUTE_RANGE, "window");
  expect_error(FAMILY(APPEND SECOND "      - eidetic_attention: {in: [q, k], " SHAPE
                                    ", window: 2, budget: 3, state: kept}\n"),
               RL_D_TENSOR_WIDTH, "'k' has 6");
  expect_error(FAMILY(APPEND SECOND "      - eidetic_attention: {in: [q, s], " SHAPE
                                    ", window: 2, budget: 9223372036854775808, state: kept}\n"),
               RL_D_SIZE_OVERFLOW, "");
  expect_error(FAMILY("      - rotate: {in: q, heads: 2, head_dim: 4, base: 10000}\n"),
               RL_D_TENSOR_WIDTH, "'q' has 6");
}

static void test_memory_errors(void) {
  expect_error(FAMILY(MEMORY("in: [q, k, q, q], depth: 2, chunk: 1")), RL_D_ATTRIBUTE_RANGE,
               "'chunk' must give a whole number from 2");
  expect_error(FAMILY(MEMORY("in: [q, k, q, q], depth: 9, chunk: 4")), RL_D_ATTRIBUTE_RANGE,
               "'depth' must give 8 or less");
  expect_error(FAMILY(MEMORY("in: [q, k, q, s], depth: 2, chunk: 4")), RL_D_TENSOR_WIDTH,
               "'s' has 1");
  expect_error(
      FAMILY(APPEND "      - memory_attention: {in: q, " SHAPE ", persistent: 2, weights: pk}\n"),
      RL_D_MISSING_ATTRIBUTE, "values");
  expect_error(FAMILY("      - memory_attention: {in: q, " SHAPE
                      ", persistent: 2, weights: pk, values: pv}\n"),
               RL_D_NO_CACHE, "attention");
}

RL_SUITE("memories", {"bmojo", test_bmojo}, {"bmojo-f", test_bmojo_f}, {"titans", test_titans},
         {"titans variants", test_titans_variants}, {"refusals", test_refusals},
         {"errors", test_errors}, {"memory errors", test_memory_errors})
