/* Mistakes that public analyzers have made, one test each: the number that the mistake gives and
 * the right one, both by hand. Llama-3-8B unless said: d 4096, 32 heads, 8 KV heads of 128, inner
 * width 14336, vocabulary 128256, 32 layers, bf16; a token of K and V in one layer takes 8·512
 * bytes. */
#include <string.h>

#include "base/checked.h"
#include "doc/quantity.h"
#include "oracle_join.h"
#include "unit.h"

typedef struct question {
  const char *model;
  int format, point;
  bool fused;
  uint64_t window;
} question;

static const question PREFILL = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 0};
static const question PREFILL_UNFUSED = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_PREFILL, false, 0};
static const question DECODE = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_DECODE_1, true, 0};
static const question DECODE_UNFUSED = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_DECODE_1, false, 0};
static const question DECODE_16 = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_DECODE_16, true, 0};
static const question DECODE_W4 = {"llama-3-8b", RL_JOIN_W4, RL_JOIN_DECODE_1, true, 0};
static const question VERIFY = {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_VERIFY_8, true, 0};

/* What the program counts for one operator; UINT64_MAX when it has none. */
static uint64_t counted(const question *asked, const char *op, rl_count count) {
  rl_join join;
  uint64_t value = UINT64_MAX;
  if (rl_join_open(&join, asked->model, asked->format, asked->fused) &&
      rl_join_count(&join, &RL_JOIN_POINT[asked->point].point)) {
    const rl_join_place *place = rl_join_find(&join, op, asked->window);
    if (place != NULL && place->row != NULL) value = place->row->counts[count];
  }
  rl_join_close(&join);
  return value;
}

typedef struct verdict {
  uint64_t wrong, right;
} verdict;

static void expect(const question *asked, const char *op, rl_count count, verdict numbers) {
  uint64_t value = counted(asked, op, count);
  CU_ASSERT_NOT_EQUAL(value, numbers.wrong);
  CU_ASSERT_EQUAL(value, numbers.right);
}

/* ---- attention ---- */

/* 16 sequences read 2049 rows each. Wrong: 32 heads instead of 8. */
static void test_kv_bytes_by_query_heads(void) {
  expect(&DECODE_16, "attention", RL_C_KV_READ, (verdict){16ull * 2049 * 32 * 512, 134283264});
}

/* The output is T·d. Wrong: T·T for each head, as if scores left the operator. */
static void test_attention_output_by_sequence(void) {
  expect(&PREFILL, "attention", RL_C_ACT_WRITE, (verdict){2048ull * 2048 * 32 * 2, 16777216});
}

/* q has 32 heads. Wrong: as narrow as k. */
static void test_query_by_kv_heads(void) {
  expect(&PREFILL_UNFUSED, "scores", RL_C_ACT_READ, (verdict){2048ull * 1024 * 2, 16777216});
}

/* Scores times values: every query head mixes 128 columns. Wrong: the 1024 columns of v. */
static void test_mix_by_kv_width(void) {
  expect(&DECODE_UNFUSED, "mix", RL_C_MATRIX, (verdict){2ull * 2049 * 1024, 16785408});
  expect(&DECODE, "attention", RL_C_MATRIX, (verdict){2ull * 2049 * (4096 + 1024), 33570816});
}

/* One new token meets 2049 keys. Wrong: "sequence length 1" in the decode phase. */
static void test_decode_without_context(void) {
  expect(&DECODE, "attention", RL_C_MATRIX, (verdict){4ull * 1 * 4096, 33570816});
}

/* A causal prompt has 2048·2049/2 pairs. Wrong: the square; or the square over 1.8. */
static void test_masked_pairs_counted(void) {
  expect(&PREFILL, "attention", RL_C_MATRIX, (verdict){4ull * 2048 * 2048 * 4096, 34376515584});
  CU_ASSERT_NOT_EQUAL(counted(&PREFILL, "attention", RL_C_MATRIX),
                      4ull * 2048 * 2048 * 4096 * 10 / 18);
}

/* Cached rows are read once and one row is written. Wrong: the whole cache loaded and stored. */
static void test_kv_counted_twice(void) {
  expect(&DECODE, "attention", RL_C_KV_READ, (verdict){2ull * 2049 * 8 * 512, 8392704});
  expect(&DECODE, "rope_append", RL_C_KV_WRITE, (verdict){2049ull * 8 * 512, 4096});
  expect(&DECODE, "attention", RL_C_KV_WRITE, (verdict){2049ull * 8 * 512, 0});
}

/* Mistral sees 4096 keys, 8192 cached or not. Wrong: the window stored, never used. */
static void test_window_ignored(void) {
  question far = {"mistral-7b", RL_JOIN_BF16, RL_JOIN_DECODE_8192, true, 4096};
  expect(&far, "attention", RL_C_KV_READ, (verdict){8193ull * 8 * 512, 16777216});
  expect(&far, "attention", RL_C_MATRIX, (verdict){4ull * 8193 * 4096, 67108864});
}

/* Gemma 2 has a window in every other layer. Wrong: one kind of layer for all. */
static void test_one_window_for_all_layers(void) {
  question local = {"gemma-2-9b", RL_JOIN_BF16, RL_JOIN_DECODE_8192, true, 4096};
  question global = {"gemma-2-9b", RL_JOIN_BF16, RL_JOIN_DECODE_8192, true, 0};
  expect(&local, "attention", RL_C_KV_READ, (verdict){8193ull * 8 * 1024, 33554432});
  expect(&global, "attention", RL_C_KV_READ, (verdict){4096ull * 8 * 1024, 67117056});
}

/* ---- matrices ---- */

/* A multiply-add is two operations. Wrong: one. */
static void test_head_one_operation(void) {
  expect(&DECODE, "lm_head", RL_C_MATRIX, (verdict){128256ull * 4096, 1050673152});
}

/* Sixteen sequences bring sixteen rows. Wrong: one, whatever the batch. */
static void test_head_without_batch(void) {
  expect(&DECODE_16, "lm_head", RL_C_ACT_READ, (verdict){8192, 131072});
  expect(&DECODE_16, "lm_head", RL_C_ACT_WRITE, (verdict){256512, 4104192});
}

/* Only the last token's logits are wanted. Wrong: all 2048 positions. */
static void test_head_on_all_positions(void) {
  expect(&PREFILL, "lm_head", RL_C_MATRIX, (verdict){2ull * 2048 * 128256 * 4096, 1050673152});
}

/* The head's matrix is read. Wrong: no bytes. */
static void test_head_without_bytes(void) {
  expect(&DECODE, "lm_head", RL_C_WEIGHTS, (verdict){0, 1050673152});
}

/* A look-up reads a row a token and multiplies nothing. Wrong: a dense product, the whole table. */
static void test_embedding_as_product(void) {
  expect(&PREFILL, "embed_tokens", RL_C_MATRIX, (verdict){2ull * 2048 * 128256 * 4096, 0});
  expect(&PREFILL, "embed_tokens", RL_C_WEIGHTS, (verdict){1050673152, 16777216});
}

/* Bytes, not elements, are divided by bytes per second: 4096·4096 values take two each. */
static void test_elements_for_bytes(void) {
  expect(&DECODE, "o_proj", RL_C_WEIGHTS, (verdict){16777216, 33554432});
}

/* Every 128 codes bring a scale: 64 + 2 bytes. Wrong: 4 bits flat. */
static void test_scales_ignored(void) {
  expect(&DECODE_W4, "o_proj", RL_C_WEIGHTS, (verdict){8388608, 8650752});
}

/* The head stays in bf16 when the layers are in 4 bits. Wrong: 4 bits everywhere. */
static void test_head_quantized_with_layers(void) {
  expect(&DECODE_W4, "lm_head", RL_C_WEIGHTS, (verdict){128256ull * 2112, 1050673152});
}

/* ---- element-wise ---- */

/* The activation works on the inner width. Wrong: the hidden width. */
static void test_activation_by_hidden(void) {
  expect(&DECODE, "act_mul", RL_C_VECTOR, (verdict){5 * 4096, 71680});
  expect(&DECODE, "act_mul", RL_C_ACT_READ, (verdict){2 * 4096 * 2, 57344});
}

/* A sum has two operands. Wrong: one is read. */
static void test_residual_reads_one(void) {
  expect(&DECODE, "mlp_add", RL_C_ACT_READ, (verdict){8192, 16384});
}

/* ---- verification ---- */

/* Eight draft tokens are eight rows of work and eight rows of logits, but one pass over the KV
 * cache and the weights. Wrong: a plain step; or eight plain steps. */
static void test_verification_as_plain_step(void) {
  expect(&VERIFY, "qkv_proj", RL_C_MATRIX, (verdict){50331648, 402653184});
  expect(&VERIFY, "lm_head", RL_C_MATRIX, (verdict){1050673152, 8405385216});
  expect(&VERIFY, "attention", RL_C_KV_READ, (verdict){8ull * 2049 * 4096, 8421376});
  expect(&VERIFY, "qkv_proj", RL_C_WEIGHTS, (verdict){8ull * 50331648, 50331648});
}

/* ---- totals ---- */

typedef struct totals {
  uint64_t parameters, weight_bytes, kv_token_bytes;
} totals;

static totals totals_of(const char *model) {
  rl_join join;
  totals sum = {0};
  if (rl_join_open(&join, model, RL_JOIN_BF16, true)) {
    const rl_program *program = join.pass.program;
    CU_ASSERT_TRUE(rl_program_parameters(program, &sum.parameters));
    CU_ASSERT_TRUE(rl_program_weight_bytes(program, &sum.weight_bytes));
    CU_ASSERT_TRUE(rl_program_kv_token_bytes(program, 0, &sum.kv_token_bytes));
  }
  rl_join_close(&join);
  return sum;
}

/* 8030261248 values of two bytes. Wrong: 2·2·128256·4096 bytes less, the footprint taken before the
 * head and without the embedding. */
static void test_footprint_without_embedding(void) {
  uint64_t bytes = totals_of("llama-3-8b").weight_bytes;
  CU_ASSERT_NOT_EQUAL(bytes, 13959176192);
  CU_ASSERT_EQUAL(bytes, 16060522496);
}

/* Llama-3-8B has a head of its own. Wrong: every head is the embedding, 128256·4096 values less. */
static void test_tied_assumed(void) {
  uint64_t values = totals_of("llama-3-8b").parameters;
  CU_ASSERT_NOT_EQUAL(values, 7504924672);
  CU_ASSERT_EQUAL(values, 8030261248);
}

/* Llama-3.2-1B has not. Wrong: 128256·2048 values stored twice. */
static void test_tied_counted_twice(void) {
  totals sum = totals_of("llama-3.2-1b");
  CU_ASSERT_NOT_EQUAL(sum.parameters, 1498482688);
  CU_ASSERT_EQUAL(sum.parameters, 1235814400);
  CU_ASSERT_EQUAL(sum.weight_bytes, 2471628800);
}

/* A token of the 70B keeps 80 layers · 8 heads · 512 bytes. Wrong: 64 heads, or a fixed factor. */
static void test_kv_footprint_ignores_gqa(void) {
  uint64_t bytes = totals_of("llama-3-70b").kv_token_bytes;
  CU_ASSERT_NOT_EQUAL(bytes, 2621440);
  CU_ASSERT_EQUAL(bytes, 327680);
}

/* ---- units ---- */

static double quantity(const char *text, rl_dimension dimension) {
  rl_arena arena;
  rl_diags diags;
  double value = 0;
  rl_loc loc = {0};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL(rl_text_quantity(text, loc, "figure", dimension, &value, &diags), RL_OK);
  rl_arena_free(&arena);
  return value;
}

/* GB is 10^9 bytes and GiB is 2^30. Wrong: one for the other, 7.4 %. */
static void test_giga_and_gibi(void) {
  CU_ASSERT_EQUAL(quantity("3350 GB/s", RL_DIM_BYTES_PER_S), 3.35e12);
  CU_ASSERT_NOT_EQUAL(quantity("3350 GB/s", RL_DIM_BYTES_PER_S), 3350 * 1073741824.0);
  CU_ASSERT_EQUAL(quantity("80 GiB", RL_DIM_BYTES), 85899345920.0);
  CU_ASSERT_EQUAL(quantity("80 GB", RL_DIM_BYTES), 80e9);
}

/* TFLOP is 10^12. Wrong: 1024 GFLOP, 2.4 %. */
static void test_tera_by_1024(void) {
  CU_ASSERT_EQUAL(quantity("989 TFLOP/s", RL_DIM_FLOP_PER_S), 989e12);
  CU_ASSERT_NOT_EQUAL(quantity("989 TFLOP/s", RL_DIM_FLOP_PER_S), 989e9 * 1024);
}

static const rl_hardware *machine(rl_lab *lab, const char *name) {
  const rl_hardware *hardware = NULL;
  rl_loc loc = {0};
  CU_ASSERT_EQUAL(rl_db_hardware(lab->db, name, loc, &hardware, &lab->diags), RL_OK);
  return hardware;
}

/* Wrong: 3072 GB/s; the peak with 2:4 sparsity, 1979, as the dense one; an int4 peak on a part
 * whose matrix units have none. */
static void test_hopper_figures(void) {
  rl_lab lab;
  const rl_hardware *h100;
  if (rl_lab_open(&lab, NULL) && (h100 = machine(&lab, "h100-sxm")) != NULL) {
    const rl_peak *bf16 = rl_hardware_peak(h100, RL_TENSOR, RL_BF16);
    CU_ASSERT_EQUAL(rl_hardware_main(h100)->bandwidth.value, 3.35e12);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bf16);
    CU_ASSERT_TRUE(bf16->rate.value > 980e12 && bf16->rate.value < 1000e12);
    CU_ASSERT_PTR_NULL(rl_hardware_peak(h100, RL_TENSOR, RL_I4));
  }
  rl_lab_close(&lab);
}

RL_SUITE("mistakes of others", {"kv bytes by query heads", test_kv_bytes_by_query_heads},
         {"attention output by sequence", test_attention_output_by_sequence},
         {"query by kv heads", test_query_by_kv_heads}, {"mix by kv width", test_mix_by_kv_width},
         {"decode without context", test_decode_without_context},
         {"masked pairs", test_masked_pairs_counted}, {"kv twice", test_kv_counted_twice},
         {"window ignored", test_window_ignored},
         {"one window for all layers", test_one_window_for_all_layers},
         {"head at one operation", test_head_one_operation},
         {"head without batch", test_head_without_batch},
         {"head on all positions", test_head_on_all_positions},
         {"head without bytes", test_head_without_bytes},
         {"embedding as product", test_embedding_as_product},
         {"elements for bytes", test_elements_for_bytes}, {"scales ignored", test_scales_ignored},
         {"head quantized with layers", test_head_quantized_with_layers},
         {"activation by hidden", test_activation_by_hidden},
         {"residual reads one", test_residual_reads_one},
         {"verification as plain step", test_verification_as_plain_step},
         {"footprint without embedding", test_footprint_without_embedding},
         {"tied assumed", test_tied_assumed}, {"tied counted twice", test_tied_counted_twice},
         {"kv footprint ignores gqa", test_kv_footprint_ignores_gqa},
         {"giga and gibi", test_giga_and_gibi}, {"tera by 1024", test_tera_by_1024},
         {"hopper figures", test_hopper_figures})
