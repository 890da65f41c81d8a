/* Llama-3-8B, bf16, fused as the reference engine fuses: every count of every operator as integers
 * derived by hand from d = 4096, L = 32, H = 32, H_kv = 8, d_h = 128, d_ff = 14336, V = 128256. */
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "graph/lower.h"
#include "program_fixture.h"
#include "spec/scenario.h"
#include "unit.h"

typedef struct expected_row {
  const char *name;
  uint64_t counts[RL_COUNTS]; /* matrix, vector, weights, KV read, KV write, act read, act write */
} expected_row;

enum { ROWS = 14 };
typedef struct expected_pass {
  const char *what;
  rl_group group;
  expected_row rows[ROWS];
} expected_pass;

/* With T new tokens, P attended pairs, K KV rows read, R logit rows and 2 bytes a value:
 *   embed      reads 4 T bytes of ids and T rows of 2 d = 8192 bytes, writes 8192 T
 *   norm       4 T d operations; weight 8192; reads and writes 8192 T
 *   qkv        rows 4096 + 2 * 1024 = 6144: 2 T 6144 4096 = 50331648 T FLOPs, as many weight bytes
 *   rope       3 (32 + 8) 128 T = 15360 T operations; reads q, k, v: 12288 T; writes q: 8192 T;
 *   append     writes 8 (256 + 256) T = 4096 T into the cache
 *   attention  4 P 4096 = 16384 P FLOPs, (5 + 1) 32 P = 192 P operations; reads 4096 K of the cache
 *   o_proj     2 T 4096^2 = 33554432 T FLOPs
 *   add_norm   (1 + 4) T 4096 = 20480 T operations; reads x, o and writes x, h: 16384 T each
 *   gate_up    2 T 28672 4096 = 234881024 T FLOPs; writes 57344 T
 *   silu_mul   (4 + 1) T 14336 = 71680 T operations; reads 57344 T, writes 28672 T
 *   down       2 T 4096 14336 = 117440512 T FLOPs
 *   add        4096 T operations; reads 16384 T, writes 8192 T
 *   lm_head    2 R 128256 4096 = 1050673152 R FLOPs, as many weight bytes once; writes 256512 R
 *   sample     128256 R operations; writes 4 R */
static const expected_pass PASSES[] = {
    /* T = 2048, P = 2048 * 2049 / 2 = 2098176, K = 2048, R = 1 */
    {"prefill of 2048",
     {.count = 1, .q = 2048, .cached = 0},
     {{"embed", {0, 0, 16777216, 0, 0, 8192, 16777216}},
      {"norm", {0, 33554432, 8192, 0, 0, 16777216, 16777216}},
      {"qkv_proj", {103079215104, 0, 50331648, 0, 0, 16777216, 25165824}},
      {"rope_append", {0, 31457280, 0, 0, 8388608, 25165824, 16777216}},
      {"attention", {34376515584, 402849792, 0, 8388608, 0, 16777216, 16777216}},
      {"o_proj", {68719476736, 0, 33554432, 0, 0, 16777216, 16777216}},
      {"add_norm", {0, 41943040, 8192, 0, 0, 33554432, 33554432}},
      {"gate_up_proj", {481036337152, 0, 234881024, 0, 0, 16777216, 117440512}},
      {"silu_mul", {0, 146800640, 0, 0, 0, 117440512, 58720256}},
      {"down_proj", {240518168576, 0, 117440512, 0, 0, 58720256, 16777216}},
      {"add", {0, 8388608, 0, 0, 0, 33554432, 16777216}},
      {"norm", {0, 33554432, 8192, 0, 0, 16777216, 16777216}},
      {"lm_head", {1050673152, 0, 1050673152, 0, 0, 8192, 256512}},
      {"sample", {0, 128256, 0, 0, 0, 256512, 4}}}},
    /* T = 1, P = K = 2049, R = 1 */
    {"decode at batch 1",
     {.count = 1, .q = 1, .cached = 2048},
     {{"embed", {0, 0, 8192, 0, 0, 4, 8192}},
      {"norm", {0, 16384, 8192, 0, 0, 8192, 8192}},
      {"qkv_proj", {50331648, 0, 50331648, 0, 0, 8192, 12288}},
      {"rope_append", {0, 15360, 0, 0, 4096, 12288, 8192}},
      {"attention", {33570816, 393408, 0, 8392704, 0, 8192, 8192}},
      {"o_proj", {33554432, 0, 33554432, 0, 0, 8192, 8192}},
      {"add_norm", {0, 20480, 8192, 0, 0, 16384, 16384}},
      {"gate_up_proj", {234881024, 0, 234881024, 0, 0, 8192, 57344}},
      {"silu_mul", {0, 71680, 0, 0, 0, 57344, 28672}},
      {"down_proj", {117440512, 0, 117440512, 0, 0, 28672, 8192}},
      {"add", {0, 4096, 0, 0, 0, 16384, 8192}},
      {"norm", {0, 16384, 8192, 0, 0, 8192, 8192}},
      {"lm_head", {1050673152, 0, 1050673152, 0, 0, 8192, 256512}},
      {"sample", {0, 128256, 0, 0, 0, 256512, 4}}}},
    /* T = R = 16, P = K = 16 * 2049 = 32784 */
    {"decode at batch 16",
     {.count = 16, .q = 1, .cached = 2048},
     {{"embed", {0, 0, 131072, 0, 0, 64, 131072}},
      {"norm", {0, 262144, 8192, 0, 0, 131072, 131072}},
      {"qkv_proj", {805306368, 0, 50331648, 0, 0, 131072, 196608}},
      {"rope_append", {0, 245760, 0, 0, 65536, 196608, 131072}},
      {"attention", {537133056, 6294528, 0, 134283264, 0, 131072, 131072}},
      {"o_proj", {536870912, 0, 33554432, 0, 0, 131072, 131072}},
      {"add_norm", {0, 327680, 8192, 0, 0, 262144, 262144}},
      {"gate_up_proj", {3758096384, 0, 234881024, 0, 0, 131072, 917504}},
      {"silu_mul", {0, 1146880, 0, 0, 0, 917504, 458752}},
      {"down_proj", {1879048192, 0, 117440512, 0, 0, 458752, 131072}},
      {"add", {0, 65536, 0, 0, 0, 262144, 131072}},
      {"norm", {0, 262144, 8192, 0, 0, 131072, 131072}},
      {"lm_head", {16810770432, 0, 1050673152, 0, 0, 131072, 4104192}},
      {"sample", {0, 2052096, 0, 0, 0, 4104192, 64}}}},
    /* T = R = 8, P = 8 * 2048 + 8 * 9 / 2 = 16420, K = 2048 + 8 = 2056 */
    {"verification of 8",
     {.count = 1, .q = 8, .cached = 2048, .logits = RL_LOGITS_ALL},
     {{"embed", {0, 0, 65536, 0, 0, 32, 65536}},
      {"norm", {0, 131072, 8192, 0, 0, 65536, 65536}},
      {"qkv_proj", {402653184, 0, 50331648, 0, 0, 65536, 98304}},
      {"rope_append", {0, 122880, 0, 0, 32768, 98304, 65536}},
      {"attention", {269025280, 3152640, 0, 8421376, 0, 65536, 65536}},
      {"o_proj", {268435456, 0, 33554432, 0, 0, 65536, 65536}},
      {"add_norm", {0, 163840, 8192, 0, 0, 131072, 131072}},
      {"gate_up_proj", {1879048192, 0, 234881024, 0, 0, 65536, 458752}},
      {"silu_mul", {0, 573440, 0, 0, 0, 458752, 229376}},
      {"down_proj", {939524096, 0, 117440512, 0, 0, 229376, 65536}},
      {"add", {0, 32768, 0, 0, 0, 131072, 65536}},
      {"norm", {0, 131072, 8192, 0, 0, 65536, 65536}},
      {"lm_head", {8405385216, 0, 1050673152, 0, 0, 65536, 2052096}},
      {"sample", {0, 1026048, 0, 0, 0, 2052096, 32}}}},
};

static fixture built;

/* The same model from its shipped description. */
static rl_cost *compile_shipped(rl_arena *arena, rl_diags *diags) {
  const char *const paths[] = {RL_SOURCE_DIR "/hwdb", RL_SOURCE_DIR "/models"};
  rl_request request = {.model = {.text = "llama-3-8b"}, .profile = {.text = "reference"}};
  rl_db *db = NULL;
  rl_scenario *scenario = NULL;
  const rl_program *program = NULL;
  rl_cost *cost = NULL;
  rl_arena_init(arena, NULL);
  rl_diags_init(diags, arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(arena, paths, 2, &db, diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(arena, db, &request, &scenario, diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_lower(arena, scenario, &program, diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(arena, program, 1, &cost, diags), RL_OK);
  return cost;
}

static rl_cost *compile(rl_arena *arena, rl_diags *diags, uint64_t page) {
  rl_cost *cost = NULL;
  rl_arena_init(arena, NULL);
  rl_diags_init(diags, arena);
  fx_decode(&built, &FX_LLAMA_3_8B);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(arena, &built.program, page, &cost, diags), RL_OK);
  return cost;
}

static void check_row(const rl_cost *cost, uint32_t row, const uint64_t *moments,
                      const expected_pass *pass) {
  const expected_row *expected = &pass->rows[row];
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &cost->rows[row].counts[k], moments, &value));
    if (value != expected->counts[k]) {
      fprintf(stderr, "\n%s, %s, count %d: %llu, expected %llu\n", pass->what, expected->name, k,
              (unsigned long long)value, (unsigned long long)expected->counts[k]);
    }
    CU_ASSERT_EQUAL(value, expected->counts[k]);
  }
}

static void check_passes(const rl_cost *cost) {
  CU_ASSERT_EQUAL_FATAL(cost->row_count, ROWS);
  for (uint32_t row = 0; row < ROWS; row++) {
    CU_ASSERT_EQUAL(cost->rows[row].repeat, row == 0 || row > 10 ? 1 : 32);
  }
  for (size_t p = 0; p < sizeof PASSES / sizeof *PASSES; p++) {
    uint64_t moments[RL_MOMENTS_MAX];
    rl_point point = {&PASSES[p].group, 1};
    CU_ASSERT_FATAL(rl_cost_moments(cost, &point, NULL, moments));
    for (uint32_t row = 0; row < ROWS; row++) check_row(cost, row, moments, &PASSES[p]);
  }
}

static void test_passes(void) {
  rl_arena arena;
  rl_diags diags;
  check_passes(compile(&arena, &diags, 1));
  rl_arena_free(&arena);
  check_passes(compile_shipped(&arena, &diags));
  rl_arena_free(&arena);
}

/* The bytes of the operands of a row are what its byte counts are the sums of. */
static void test_operands_sum_to_counts(void) {
  rl_arena arena;
  rl_diags diags;
  rl_cost *cost = compile(&arena, &diags, 1);
  uint64_t moments[RL_MOMENTS_MAX];
  rl_point point = {&PASSES[3].group, 1};
  CU_ASSERT_FATAL(rl_cost_moments(cost, &point, NULL, moments));
  for (uint32_t r = 0; r < cost->row_count; r++) {
    const rl_cost_row *row = &cost->rows[r];
    uint64_t operands = 0, counts = 0, value;
    for (uint32_t o = 0; o < row->operand_count; o++) {
      CU_ASSERT(rl_form_value(cost, &cost->operands[row->first_operand + o], moments, &value));
      operands += value;
    }
    for (int k = RL_C_WEIGHTS; k < RL_COUNTS; k++) {
      CU_ASSERT(rl_form_value(cost, &row->counts[k], moments, &value));
      counts += value;
    }
    CU_ASSERT_EQUAL(operands, counts);
  }
  rl_arena_free(&arena);
}

/* Weights: per layer 6144 * 4096 + 4096^2 + 3 * 14336 * 4096 + 2 * 4096 = 218112000 values, 32 of
 * them, two tables of 128256 * 4096 = 525336576 and a norm: 8030261248 values, 2 bytes each.
 * KV: 32 * 2 * 8 * 256 = 131072 bytes a token. Activations: 6 * 14336 T + 256512 R. */
static void test_memory(void) {
  rl_arena arena;
  rl_diags diags;
  rl_cost *cost = compile(&arena, &diags, 16);
  uint64_t moments[RL_MOMENTS_MAX], value;
  rl_group group = {.count = 3, .q = 1, .cached = 2048}; /* 2049 tokens: 129 pages of 16 */
  rl_point point = {&group, 1};
  CU_ASSERT_EQUAL(cost->weight_bytes, 16060522496);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &point, NULL, moments));
  CU_ASSERT(rl_form_value(cost, &cost->kv_bytes, moments, &value));
  CU_ASSERT_EQUAL(value, 3u * 129 * 16 * 131072);
  CU_ASSERT(rl_form_value(cost, &cost->activation_bytes, moments, &value));
  CU_ASSERT_EQUAL(value, 3u * 86016 + 3 * 256512);
  rl_arena_free(&arena);
}

RL_SUITE("llama-3-8b", {"every count of four passes", test_passes},
         {"operands sum to counts", test_operands_sum_to_counts}, {"memory", test_memory})
