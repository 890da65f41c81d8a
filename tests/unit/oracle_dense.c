/* The dense families beyond the start models: parameters summed from the dims, and the rows of a
 * decode step in which each family differs from Llama, derived by hand. */
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "unit.h"

static rl_lab lab;

static void open_pass(const char *model, rl_lab_pass *pass) {
  rl_lab_question question = {.model = model, .weights = "bf16", .activations = "bf16"};
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(rl_lab_ask(&lab, &question, pass));
}

/* --- parameters --- */

/* Values of one layer, d the width, f the inner width, q = H d_h, kv = H_kv d_h:
 *   Phi-2, GPT-NeoX, BLOOM  4(d d + d) + 2 d f + f + d, and 2 norms of 2 d (Phi-2: 1)
 *   GPT-J                   4 d d + 2 d f + f + d + 2 d
 *   Falcon                  d (q + 2 kv) + d d + 2 d f, and 1 norm of 2 d (40B, 180B: 2)
 *   MPT                     4 d d + 2 d f + 2 d
 *   Command R               2 d q + 2 d kv + 3 d f + d (R+: and (H + H_kv) d_h)
 *   GLM-4                   2 d q + 2 d kv + q + 2 kv + 3 d f + 2 d
 *   StableLM 2              2 d q + 2 d kv + q + 2 kv + 3 d f + 4 d
 *   OLMo 2                  2 d q + 2 d kv + q + kv + 3 d f + 2 d
 *   Phi-3, Granite, Llama   2 d q + 2 d kv + 3 d f + 2 d (Qwen 2.5: and q + 2 kv)
 *   Gemma 2, 3              2 d q + 2 d kv + 3 d f + 4 d (Gemma 3: and 2 d_h)
 * `rest` is the final norm, the head that is not tied and its bias, BLOOM's norm of the embedding.
 */
static const struct {
  const char *model;
  uint64_t embedding, layer, layers, rest, total;
} TOTALS[] = {
    {"phi-2", 51200ull * 2560, 4 * (2560 * 2560 + 2560) + 2 * 2560 * 10240 + 10240 + 3 * 2560, 32,
     51200ull * 2561 + 2 * 2560, 2779683840},
    {"phi-3-mini", 32064ull * 3072, 4 * 3072 * 3072 + 3 * 3072 * 8192 + 2 * 3072, 32,
     32064ull * 3072 + 3072, 3821079552},
    {"phi-4", 100352ull * 5120, 2 * 5120 * 5120 + 2 * 5120 * 1280 + 3 * 5120 * 17920 + 2 * 5120, 40,
     100352ull * 5120 + 5120, 14659507200},
    {"falcon-7b", 65024ull * 4544, 4544 * (4544 + 128) + 4544 * 4544 + 8 * 4544 * 4544 + 2 * 4544,
     32, 2 * 4544, 6921720704},
    {"falcon-40b", 65024ull * 8192, 8192 * (8192 + 1024) + 9 * 8192 * 8192 + 4 * 8192, 60, 2 * 8192,
     41303293952},
    {"falcon-180b", 65024ull * 14848, 14848ull * (14848 + 1024) + 9ull * 14848 * 14848 + 4 * 14848,
     80, 2 * 14848, 178557088768},
    {"bloom", 250880ull * 14336, 12ull * 14336 * 14336 + 13 * 14336, 70, 4 * 14336, 176247271424},
    {"mpt-7b", 50432ull * 4096, 12 * 4096 * 4096 + 2 * 4096, 32, 4096, 6649286656},
    {"gpt-neox-20b", 50432ull * 6144, 12 * 6144 * 6144 + 13 * 6144, 44, 50432ull * 6144 + 2 * 6144,
     20554567680},
    {"pythia-6.9b", 50432ull * 4096, 12 * 4096 * 4096 + 13 * 4096, 32, 50432ull * 4096 + 2 * 4096,
     6857302016},
    {"gpt-j-6b", 50400ull * 4096, 12 * 4096 * 4096 + 7 * 4096, 28, 50400ull * 4097 + 2 * 4096,
     6050882784},
    {"command-r", 256000ull * 8192, 4 * 8192 * 8192 + 3 * 8192 * 22528 + 8192, 40, 8192,
     34980831232},
    {"command-r-plus", 256000ull * 12288,
     2 * 12288 * 12288 + 2 * 12288 * 1024 + 3 * 12288 * 33792 + 12288 + (96 + 8) * 128, 64, 12288,
     103810674688},
    {"command-r7b", 256000ull * 4096, 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 4096,
     32, 4096, 8028033024},
    {"granite-3.1-8b", 49155ull * 4096,
     2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 12800 + 2 * 4096, 40, 4096, 8170848256},
    {"glm-4-9b", 151552ull * 4096,
     2 * 4096 * 4096 + 2 * 4096 * 256 + 4096 + 2 * 256 + 3 * 4096 * 13696 + 2 * 4096, 40,
     151552ull * 4096 + 4096, 9399951360},
    {"stablelm-2-1.6b", 100352ull * 2048, 4 * 2048 * 2048 + 3 * 2048 + 3 * 2048 * 5632 + 4 * 2048,
     24, 100352ull * 2048 + 2 * 2048, 1644515328},
    {"olmo-2-7b", 100352ull * 4096, 4 * 4096 * 4096 + 2 * 4096 + 3 * 4096 * 11008 + 2 * 4096, 32,
     100352ull * 4096 + 4096, 7298617344},
    {"llama-2-70b", 32000ull * 8192,
     2 * 8192 * 8192 + 2 * 8192 * 1024 + 3 * 8192 * 28672 + 2 * 8192, 80, 32000ull * 8192 + 8192,
     68976648192},
    {"llama-3.1-405b", 128256ull * 16384,
     2 * 16384 * 16384 + 2 * 16384 * 1024 + 3ull * 16384 * 53248 + 2 * 16384, 126,
     128256ull * 16384 + 16384, 405853388800},
    {"qwen2.5-72b", 152064ull * 8192,
     2 * 8192 * 8192 + 2 * 8192 * 1024 + 8192 + 2 * 1024 + 3 * 8192 * 29568 + 2 * 8192, 80,
     152064ull * 8192 + 8192, 72706203648},
    {"qwen2.5-32b", 152064ull * 5120,
     2 * 5120 * 5120 + 2 * 5120 * 1024 + 5120 + 2 * 1024 + 3 * 5120 * 27648 + 2 * 5120, 64,
     152064ull * 5120 + 5120, 32763876352},
    {"yi-34b", 64000ull * 7168, 2 * 7168 * 7168 + 2 * 7168 * 1024 + 3 * 7168 * 20480 + 2 * 7168, 60,
     64000ull * 7168 + 7168, 34388917248},
    {"mistral-nemo", 131072ull * 5120,
     2 * 5120 * 4096 + 2 * 5120 * 1024 + 3 * 5120 * 14336 + 2 * 5120, 40, 131072ull * 5120 + 5120,
     12247782400},
    {"gemma-2-27b", 256000ull * 4608,
     2 * 4608 * 4096 + 2 * 4608 * 2048 + 3 * 4608 * 36864 + 4 * 4608, 46, 4608, 27227128320},
    {"gemma-3-4b", 262208ull * 2560,
     2 * 2560 * 2048 + 2 * 2560 * 1024 + 3 * 2560 * 10240 + 4 * 2560 + 512, 34, 2560, 3880263168},
};

static void test_parameters(void) {
  for (size_t i = 0; i < sizeof TOTALS / sizeof *TOTALS; i++) {
    rl_lab_pass pass;
    uint64_t values = 0, bytes = 0;
    open_pass(TOTALS[i].model, &pass);
    uint64_t total = TOTALS[i].embedding + TOTALS[i].layers * TOTALS[i].layer + TOTALS[i].rest;
    if (total != TOTALS[i].total) fprintf(stderr, "\n%s\n", TOTALS[i].model);
    CU_ASSERT_EQUAL(total, TOTALS[i].total);
    CU_ASSERT_TRUE(rl_program_parameters(pass.program, &values));
    CU_ASSERT_EQUAL(values, TOTALS[i].total);
    CU_ASSERT_TRUE(rl_program_weight_bytes(pass.program, &bytes));
    CU_ASSERT_EQUAL(bytes, 2 * TOTALS[i].total);
    rl_lab_close(&lab);
  }
}

/* --- rows --- */

/* One token behind 2048: 2049 keys. F, V, w, kv in, kv out, in, out; all in bf16. */
static const struct {
  const char *model, *row;
  uint64_t counts[RL_COUNTS];
} ROWS[] = {
    /* V 7·2560; w 2·2560·2 */
    {"phi-2", "input_norm", {0, 17920, 10240, 0, 0, 5120, 5120}},
    /* 32 of 80 values turn: V 3·2·32·32; kv out 32·(160+160); in q 32·32·2, k and v 2560·2 */
    {"phi-2", "rope_append", {0, 6144, 0, 0, 10240, 2048 + 2 * 5120, 2048}},
    /* V 2560 */
    {"phi-2", "parallel_add", {0, 2560, 0, 0, 0, 10240, 5120}},
    /* F 2·51200·2560; V 51200 for the bias; w 51200·2560·2+51200·2 */
    {"phi-2", "lm_head", {262144000, 51200, 262246400, 0, 0, 5120, 102400}},
    /* a window of 2047: F 4·2047·3072; V 6·32·2047; kv in 2047·32·(192+192) */
    {"phi-3-mini", "attention", {25153536, 393024, 0, 25153536, 0, 6144, 6144}},
    /* q 4544 and k, v of one head of 64: F 2·4672·4544 */
    {"falcon-7b", "qkv_proj", {42459136, 0, 42459136, 0, 0, 9088, 9344}},
    /* F 4·2049·71·64; V 6·71·2049; kv in 2049·(128+128) */
    {"falcon-7b", "attention", {37242624, 872874, 0, 524544, 0, 9088, 9088}},
    /* F 4·2049·232·64; V 6·232·2049; kv in 2049·8·(128+128) */
    {"falcon-180b", "attention", {121694208, 2852208, 0, 4196352, 0, 29696, 29696}},
    /* V 7·14848; w 2·14848·2 */
    {"falcon-180b", "mlp_norm", {0, 103936, 59392, 0, 0, 29696, 29696}},
    /* V 7·14336; w 2·14336·2 */
    {"bloom", "embed_norm", {0, 100352, 57344, 0, 0, 28672, 28672}},
    /* F 4·2049·112·128; V (5+1+2)·112·2049; kv in 2049·112·(256+256) */
    {"bloom", "attention", {117497856, 1835904, 0, 117497856, 0, 28672, 28672}},
    /* without bias V 6·4096; w 4096·2 */
    {"mpt-7b", "input_norm", {0, 24576, 8192, 0, 0, 8192, 8192}},
    /* no rotation: in k and v 2·4096·2, kv out 32·(256+256) */
    {"mpt-7b", "kv_append", {0, 0, 0, 0, 16384, 16384, 0}},
    /* F 4·2049·4096; V 8·32·2049; kv in 2049·32·(256+256) */
    {"mpt-7b", "attention", {33570816, 524544, 0, 33570816, 0, 8192, 8192}},
    /* 24 of 96 values turn: V 3·2·64·24; kv out 64·(192+192); in q 64·24·2, k and v 6144·2 */
    {"gpt-neox-20b", "rope_append", {0, 9216, 0, 0, 24576, 3072 + 2 * 12288, 3072}},
    /* 64 of 256 values turn: V 3·2·16·64; kv out 16·(512+512); in q 16·64·2, k and v 4096·2 */
    {"gpt-j-6b", "rope_append", {0, 6144, 0, 0, 16384, 2048 + 2 * 8192, 2048}},
    /* 96 heads with weights of their own: V 6·12288; w 12288·2 */
    {"command-r-plus", "q_norm", {0, 73728, 24576, 0, 0, 24576, 24576}},
    /* 8 heads: V 6·1024; w 1024·2 */
    {"command-r-plus", "k_norm", {0, 6144, 2048, 0, 0, 2048, 2048}},
    /* V 256000 */
    {"command-r-plus", "logits_scale", {0, 256000, 0, 0, 0, 512000, 512000}},
    /* in a layer without positions: in k and v 2·1024·2, kv out 8·(256+256) */
    {"command-r7b", "kv_append", {0, 0, 0, 0, 4096, 4096, 0}},
    /* V 4096 each */
    {"granite-3.1-8b", "embed_scale", {0, 4096, 0, 0, 0, 8192, 8192}},
    {"granite-3.1-8b", "attn_scale", {0, 4096, 0, 0, 0, 8192, 8192}},
    {"granite-3.1-8b", "mlp_scale", {0, 4096, 0, 0, 0, 8192, 8192}},
    /* 64 of 128 values turn: V 3·(32+2)·64; kv out 2·(256+256); in q 32·64·2, k and v 256·2 */
    {"glm-4-9b", "rope_append", {0, 6528, 0, 0, 1024, 4096 + 2 * 512, 4096}},
    /* F 2·6144·2048; V 6144; w 6144·2048·2+6144·2; out 6144·2 */
    {"stablelm-2-1.6b", "qkv_proj", {25165824, 6144, 25178112, 0, 0, 4096, 12288}},
    /* over all heads together: V 4·4096; w 4096·2 */
    {"olmo-2-7b", "q_norm", {0, 16384, 8192, 0, 0, 8192, 8192}},
};

static const rl_lab_row *find_row(const rl_lab_row *rows, uint32_t count, const char *name) {
  for (uint32_t r = 0; r < count; r++) {
    if (strcmp(rows[r].name, name) == 0) return &rows[r];
  }
  return NULL;
}

static void test_rows(void) {
  static const rl_group decode = {.count = 1, .q = 1, .cached = 2048};
  for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
    rl_lab_pass pass;
    rl_lab_row *rows;
    uint32_t count;
    open_pass(ROWS[i].model, &pass);
    CU_ASSERT_TRUE_FATAL(rl_lab_count(&lab.arena, &pass, &(rl_point){&decode, 1}, &rows, &count));
    const rl_lab_row *row = find_row(rows, count, ROWS[i].row);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    for (int c = 0; c < RL_COUNTS; c++) {
      if (row->counts[c] != ROWS[i].counts[c]) {
        fprintf(stderr, "\n%s, %s, count %d: %llu, by hand %llu\n", ROWS[i].model, ROWS[i].row, c,
                (unsigned long long)row->counts[c], (unsigned long long)ROWS[i].counts[c]);
      }
      CU_ASSERT_EQUAL(row->counts[c], ROWS[i].counts[c]);
    }
    rl_lab_close(&lab);
  }
}

RL_SUITE("dense families", {"parameters", test_parameters}, {"rows", test_rows})
