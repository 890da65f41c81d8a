/* DeepSeek-V3 by hand: parameters, KV of a token, and both forms of its attention row by row.
 * Sizes (DeepSeek-AI 2024, V3, 4.2): 61 layers, 3 of them dense; d 7168, H 128, latents 512 and
 * 1536, heads of 128 + 64 rotated, values of 128; 256 experts of 2048, 8 chosen, 1 shared; V
 * 129280. */
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "graph/lower.h"
#include "unit.h"

static rl_arena arena;
static rl_diags diags;
static const rl_program *program;
static rl_cost *cost;
static uint64_t moments[RL_MOMENTS_MAX];

/* set: as --set takes it; weights, kv: formats; NULL: as the model says. */
static void open_with(const char *model, const char *weights, const char *kv, const char *set) {
  static const char *const paths[] = {RL_SOURCE_DIR};
  const rl_text_at sets[] = {{.text = set}};
  rl_request request = {.model = {.text = model},
                        .profile = {.text = "reference"},
                        .weights = {.text = weights},
                        .kv = {.text = kv},
                        .sets = sets,
                        .set_count = set == NULL ? 0 : 1};
  rl_scenario *scenario;
  rl_db *db;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_db_open(&arena, paths, 1, &db, &diags);
  if (status == RL_OK) status = rl_scenario_resolve(&arena, db, &request, &scenario, &diags);
  if (status == RL_OK) status = rl_lower(&arena, scenario, &program, &diags);
  if (status == RL_OK) status = rl_cost_compile(&arena, program, 1, &cost, &diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

static void open_as(const char *model, const char *weights, const char *set) {
  open_with(model, weights, NULL, set);
}

/* In two bytes a value, so that rows are those of the shapes. */
static void open_model(const char *model) {
  open_as(model, "bf16", NULL);
}

/* Embedding and head 2 * 129280 * 7168 = 1,853,358,080.
 * Attention 7168 * 1536 + 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 + 512 * 128 * 256
 * + 128 * 128 * 7168 = 187,107,328, norms 2 * 7168: 187,121,664, 61 times 11,414,421,504.
 * Dense layers 3 * 3 * 7168 * 18432 = 1,189,085,184. An expert 3 * 7168 * 2048 = 44,040,192; router
 * and correction 256 * 7169 = 1,835,264; 58 * (257 * 44,040,192 + 1,835,264) = 656,569,547,264.
 * The last norm 7168. Of a token 9 experts: 58 * (9 * 44,040,192 + 1,835,264) = 23,095,425,536.
 * Without the table of the embedding, 926,679,040, of which a token reads one row: 36.63e9. */
static void test_parameters(void) {
  uint64_t all, active, kv;
  open_model("deepseek-v3");
  CU_ASSERT(rl_program_parameters(program, &all));
  CU_ASSERT(rl_program_active_parameters(program, &active));
  CU_ASSERT(rl_program_kv_token_bytes(program, 0, &kv));
  CU_ASSERT_EQUAL(all, 1853358080 + 11414421504 + 1189085184 + 656569547264 + 7168);
  CU_ASSERT_EQUAL(all, 671026419200);
  CU_ASSERT_EQUAL(active, 37552297472);
  CU_ASSERT_EQUAL(active - 926679040, 36625618432);
  CU_ASSERT_EQUAL(kv, 61 * (512 + 64) * 2);
  CU_ASSERT_EQUAL(kv, 70272);
  CU_ASSERT_EQUAL(cost->weight_bytes, 2 * all); /* kv_b_proj once, whatever the form */
  rl_arena_free(&arena);
}

/* A row that stands for one operator outside of the layers, at the moments. */
static void check_counts(const char *name, const uint64_t expected[RL_COUNTS]) {
  const rl_cost_row *found = NULL;
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (strcmp(program->ops[cost->rows[r].op].name, name) == 0) found = &cost->rows[r];
  }
  CU_ASSERT_PTR_NOT_NULL_FATAL(found);
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &found->counts[k], moments, &value));
    if (value != expected[k]) {
      fprintf(stderr, "\n%s, count %d: %llu, expected %llu\n", name, k, (unsigned long long)value,
              (unsigned long long)expected[k]);
    }
    CU_ASSERT_EQUAL(value, expected[k]);
  }
}

/* The module for a second token (V3, 2.2): a layer with a mixture, 187,121,664 + 257 * 44,040,192 +
 * 1,835,264 = 11,507,286,272; the matrix that joins two inputs, 7168 * 14336 = 102,760,448; three
 * norms, 21,504. Together 11,610,068,224; embedding and head are the model's. The files hold copies
 * of both, 2 * 926,679,040 more: 684,489,845,504. A token keeps one latent and key more. */
static void test_module(void) {
  const rl_group decode = {.count = 2, .q = 1, .cached = 1000, .logits = RL_LOGITS_LAST};
  const rl_group chunk = {.count = 2, .q = 5, .cached = 3, .logits = RL_LOGITS_NONE};
  const rl_group verify = {.count = 2, .q = 5, .cached = 3, .logits = RL_LOGITS_ALL};
  uint64_t all, active, kv;
  open_as("deepseek-v3", "bf16", "model.mtp=1");
  CU_ASSERT(rl_program_parameters(program, &all));
  CU_ASSERT(rl_program_active_parameters(program, &active));
  CU_ASSERT(rl_program_kv_token_bytes(program, 0, &kv));
  CU_ASSERT_EQUAL(all, 671026419200 + 11610068224);
  CU_ASSERT_EQUAL(all + 2 * 926679040ull, 684489845504);
  CU_ASSERT_EQUAL(active, 37552297472 + 11610068224 - 248 * 44040192ull);
  CU_ASSERT_EQUAL(kv, 62 * (512 + 64) * 2);
  CU_ASSERT_EQUAL(cost->weight_bytes, 2 * all);
  CU_ASSERT(rl_cost_moments(cost, &(rl_point){&decode, 1}, NULL, moments));
  /* no id of the pass follows another; 2 sampled ones; 2 rows of 14336 bytes */
  check_counts("mtp_embed", (const uint64_t[]){0, 0, 28672, 0, 0, 8, 28672});
  check_counts("mtp_hidden_norm", (const uint64_t[]){0, 57344, 14336, 0, 0, 28672, 28672});
  check_counts("mtp_concat", (const uint64_t[]){0, 0, 0, 0, 0, 57344, 57344});
  /* 2 * 2 * 7168 * 14336 */
  check_counts("mtp_proj", (const uint64_t[]){411041792, 0, 205520896, 0, 0, 57344, 28672});
  /* 2 * 2 * 129280 * 7168 */
  check_counts("mtp_head", (const uint64_t[]){3706716160, 0, 1853358080, 0, 0, 28672, 517120});
  /* of 5 tokens 4 stand in front of another, and nothing is sampled */
  CU_ASSERT(rl_cost_moments(cost, &(rl_point){&chunk, 1}, NULL, moments));
  check_counts("mtp_embed", (const uint64_t[]){0, 0, 143360, 0, 0, 4 * 8, 143360});
  check_counts("mtp_head", (const uint64_t[RL_COUNTS]){0});
  /* all are sampled from */
  CU_ASSERT(rl_cost_moments(cost, &(rl_point){&verify, 1}, NULL, moments));
  check_counts("mtp_embed", (const uint64_t[]){0, 0, 143360, 0, 0, 4 * 10, 143360});
  rl_arena_free(&arena);
}

/* Weights as published: in the layers e4m3 with an fp32 scale a tile of 128 x 128, but for norms,
 * routers and what is outside; the correction of a router's choice in fp32, for which a rule asks.
 * Values in fp8: of attention 1536 * 7168 + 24576 * 1536 + 576 * 7168 + 32768 * 512 + 7168 * 16384
 * = 187,105,280, 61 times 11,413,422,080; dense 1,189,085,184; experts 58 * 257 * 44,040,192 =
 * 656,463,101,952: in all 669,065,609,216. In fp32 58 * 256 = 14,848, so in bf16 671,026,419,200 -
 * 669,065,609,216 - 14,848 = 1,960,795,136.
 * Tiles: of attention 12 * 56 + 192 * 12 + 5 * 56 + 256 * 4 + 56 * 128 = 11,448; of dense layers
 * 3 * 144 * 56 = 24,192; of an expert 3 * 16 * 56 = 2,688: 61 * 11,448 + 3 * 24,192
 * + 58 * 257 * 2,688 = 40,838,232. Bytes 669,065,609,216 + 2 * 1,960,795,136 + 4 * (40,838,232 +
 * 14,848) = 673,150,611,808.
 * The module adds a layer, 187,105,280 + 257 * 44,040,192 = 11,505,434,624 B, 11,448 + 690,816
 * tiles, 256 corrections; in bf16 102,760,448 + 1,835,008 + 16,384 + 21,504 = 104,633,344:
 * 11,717,511,392 B. With its copies of embedding and head, 2 * 2 * 926,679,040 B, the files hold
 * 688,574,839,360 B: 680,571,043,840 values in e4m3, 3,918,786,560 in bf16, 41,555,600 in fp32, as
 * their heads say. Kimi K2: per layer of attention 1536 * 7168 + 12288 * 1536 + 576 * 7168 + 16384
 * * 512 + 7168 * 8192 = 101,122,048 B and 12 * 56 + 96 * 12 + 5 * 56 + 128 * 4 + 56 * 64 = 6,200
 * tiles; one dense layer; 60 of 385 experts: 61 * 101,122,048 + 396,361,728 + 60 * 385 * 44,040,192
 * = 1,023,893,241,856 B, 61 * 6,200 + 24,192 + 60 * 385 * 2,688 = 62,495,192 tiles; 60 * 384 =
 * 23,040 corrections; bf16 1,026,408,232,448 - 1,023,893,241,856 - 23,040 = 2,514,967,552. */
static void test_published(void) {
  static const char stored[] = "fp8-block128,bias=fp32";
  const uint64_t v3 = 673150611808, module = 11717511392, copies = 4 * 926679040ull;
  open_as("deepseek-v3", NULL, NULL);
  CU_ASSERT_EQUAL(cost->weight_bytes, v3 - 2 * 14848);
  rl_arena_free(&arena);
  open_as("deepseek-v3", stored, NULL);
  CU_ASSERT_EQUAL(cost->weight_bytes, v3);
  rl_arena_free(&arena);
  open_as("deepseek-r1", stored, "model.mtp=1");
  CU_ASSERT_EQUAL(cost->weight_bytes, v3 + module);
  CU_ASSERT_EQUAL(cost->weight_bytes + copies, 688574839360);
  CU_ASSERT_EQUAL(680571043840ull + 2 * 3918786560ull + 4 * 41555600ull, 688574839360);
  rl_arena_free(&arena);
  open_as("kimi-k2", stored, NULL);
  CU_ASSERT_EQUAL(cost->weight_bytes,
                  1023893241856 + 2 * 2514967552ull + 4 * (62495192ull + 23040));
  rl_arena_free(&arena);
}

/* V2: 1,048,576,000 + 60 * 149,237,760 + 188,743,680 + 59 * (160 * 23,592,960 + 47,185,920 +
 * 819,200)
 * + 5120. V2 Lite: 419,430,400 + 27 * 13,767,168 + 67,239,936 + 26 * (64 * 8,650,752 + 17,301,504
 * + 131,072) + 2048, its queries without a latent. Kimi K2: 2,348,810,240 + 61 * 101,138,432
 * + 396,361,728 + 60 * (385 * 44,040,192 + 384 * 7169) + 7168. */
static void test_relatives(void) {
  static const struct {
    const char *model;
    uint64_t parameters, kv;
  } known[] = {{"deepseek-r1", 671026419200, 70272},
               {"deepseek-v2", 235741434880, 69120},
               {"deepseek-v2-lite", 15706484224, 31104},
               {"kimi-k2", 1026408232448, 70272}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint64_t all, kv;
    open_model(known[i].model);
    CU_ASSERT(rl_program_parameters(program, &all));
    CU_ASSERT(rl_program_kv_token_bytes(program, 0, &kv));
    CU_ASSERT_EQUAL(all, known[i].parameters);
    CU_ASSERT_EQUAL(kv, known[i].kv);
    rl_arena_free(&arena);
  }
}

/* The row of that name in the layers with mixtures. */
static const rl_cost_row *row_of(const char *name) {
  const rl_cost_row *found = NULL;
  for (uint32_t r = 0; r < cost->row_count; r++) {
    const rl_cost_row *row = &cost->rows[r];
    if (row->repeat == 58 && strcmp(program->ops[row->op].name, name) == 0) found = row;
  }
  CU_ASSERT_PTR_NOT_NULL_FATAL(found);
  return found;
}

static void at_point(const rl_group *groups, size_t count) {
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){groups, count}, NULL, moments));
}
static void at_group(rl_group group) {
  at_point(&group, 1);
}

/* Matrix, vector, weights, KV read, KV written, activations read, written: of one layer. */
static void expect_row(const char *name, const uint64_t counts[7]) {
  static const rl_count order[] = {RL_C_MATRIX,   RL_C_VECTOR,   RL_C_WEIGHTS,  RL_C_KV_READ,
                                   RL_C_KV_WRITE, RL_C_ACT_READ, RL_C_ACT_WRITE};
  const rl_cost_row *row = row_of(name);
  for (int k = 0; k < 7; k++) {
    uint64_t value = 0;
    CU_ASSERT(rl_form_value(cost, &row->counts[order[k]], moments, &value));
    CU_ASSERT_EQUAL(value, counts[k]);
  }
}
#define EXPECT(name, ...) expect_row((name), (const uint64_t[7]){__VA_ARGS__})

static const rl_group DECODE = {.count = 16, .q = 1, .cached = 4095};
static const rl_group PREFILL = {.count = 1, .q = 1000, .cached = 3000};

/* 16 tokens over 65,536 rows and as many pairs. q_a, kv_a and k_rope make 1536 + 512 + 64 values.
 * q_absorb: W_UK, 128 * 128 rows of 512; 2 * 16 * 128 * 128 * 512. latent_attention: 65,536 * 576 *
 * 2 B, each read once though latents are keys and values; 2 * 65,536 * 128 * (576 + 512); 6 a
 * score. rope turns 64 of 192 values a head, and writes keys to the cache only. */
static void test_absorbed(void) {
  open_model("deepseek-v3");
  at_point(&DECODE, 1);
  EXPECT("q_a+kv_a+k_rope_proj", 2ull * 16 * 2112 * 7168, 0, 2112 * 7168 * 2, 0, 0, 16 * 7168 * 2,
         16 * 2112 * 2);
  EXPECT("q_b_proj", 1207959552, 0, 75497472, 0, 0, 16 * 1536 * 2, 16 * 24576 * 2);
  EXPECT("rope_append", 0, 3 * 16 * (128 + 1) * 64, 0, 0, 16 * 576 * 2, 16 * (128 * 64 + 576) * 2,
         16 * 128 * 64 * 2);
  EXPECT("q_absorb", 268435456, 0, 16777216, 0, 0, 524288, 2097152);
  EXPECT("latent_attention", 18253611008, 50331648, 0, 75497472, 0, 262144 + 2097152, 2097152);
  EXPECT("v_absorb", 268435456, 0, 16777216, 0, 0, 2097152, 524288);
  EXPECT("kv_b_proj", 0, 0, 0, 0, 0, 0, 0);
  EXPECT("expanded_attention", 0, 0, 0, 0, 0, 0, 0);
  EXPECT("o_proj", 3758096384, 0, 234881024, 0, 0, 524288, 16 * 7168 * 2);
  rl_arena_free(&arena);
}

/* 1000 tokens behind 3000: 4000 latents are expanded to 32,768 values, 3,000,000 + 500,500 pairs.
 * kv_b_proj reads no rotated keys; expanded_attention nothing but those from the cache:
 * 2 * 3,500,500 * 128 * (192 + 128). */
static void test_expanded(void) {
  open_model("deepseek-v3");
  at_point(&PREFILL, 1);
  EXPECT("kv_b_proj", 134217728000, 0, 33554432, 4096000, 0, 0, 262144000);
  EXPECT("expanded_attention", 286760960000, 2688384000, 0, 512000, 0, 49152000 + 262144000,
         32768000);
  EXPECT("q_absorb", 0, 0, 0, 0, 0, 0, 0);
  EXPECT("latent_attention", 0, 0, 0, 0, 0, 0, 0);
  EXPECT("v_absorb", 0, 0, 0, 0, 0, 0, 0);
  EXPECT("o_proj", 2ull * 1000 * 7168 * 16384, 0, 234881024, 0, 0, 32768000, 14336000);
  rl_arena_free(&arena);
}

/* Both in one pass: each form as alone, what is common over 1016 tokens, its weights once. */
static void test_mixed(void) {
  const rl_group both[] = {DECODE, PREFILL};
  open_model("deepseek-v3");
  at_point(both, 2);
  EXPECT("kv_b_proj", 134217728000, 0, 33554432, 4096000, 0, 0, 262144000);
  EXPECT("expanded_attention", 286760960000, 2688384000, 0, 512000, 0, 311296000, 32768000);
  EXPECT("q_absorb", 268435456, 0, 16777216, 0, 0, 524288, 2097152);
  EXPECT("latent_attention", 18253611008, 50331648, 0, 75497472, 0, 2359296, 2097152);
  EXPECT("v_absorb", 268435456, 0, 16777216, 0, 0, 2097152, 524288);
  EXPECT("o_proj", 2ull * 1016 * 7168 * 16384, 0, 234881024, 0, 0, 33292288, 14565376);
  rl_arena_free(&arena);
}

/* The buffer of the expansion is there in prefill only: 4000 rows of 65,536 bytes. */
static void test_memory(void) {
  uint64_t with, without, tokens = 0;
  open_model("deepseek-v3");
  at_point(&PREFILL, 1);
  CU_ASSERT(rl_form_value(cost, &cost->activation_bytes, moments, &with));
  at_point(&DECODE, 1);
  CU_ASSERT(rl_form_value(cost, &cost->activation_bytes, moments, &without));
  for (uint32_t s = 0; s < program->slot_count; s++) {
    if (program->slots[s].extent == RL_EXTENT_KV) tokens += program->slots[s].bytes;
    if (program->slots[s].extent == RL_EXTENT_KV) {
      CU_ASSERT_EQUAL(program->slots[s].phase, RL_PHASE_PREFILL);
    }
  }
  CU_ASSERT_EQUAL(tokens, 65536);
  CU_ASSERT(with > 4000 * 65536);
  CU_ASSERT(without < 65536ull * 65536 / 100); /* not that of the 65,536 cached rows */
  rl_arena_free(&arena);
}

/* V3.2: V3 and in each layer an index, 1536 * 8192 + 7168 * 128 + 256 + 7168 * 64 = 13,959,424; 61 times
 * 851,524,864. GLM-5: models/dims/glm-5.yaml; of a token 248 experts fewer in 75 layers, 41,784,728,832,
 * and without the table of the embedding, 951,582,720, 40.8e9. A token keeps the key of the index,
 * 128 values, beside 576; as FlashMLA and DeepGEMM store them 528 + 128 + 132 B. */
static void test_index_sizes(void) {
  static const struct {
    const char *model, *kv;
    uint64_t parameters, active, bytes;
  } known[] = {{"deepseek-v3.2", "bf16", 671026419200 + 851524864, 37552297472 + 851524864, 85888},
               {"deepseek-v3.2", "fp8-mla", 671877944064, 38403822336, 61 * 788},
               {"glm-5", "bf16", 743911218432, 743911218432 - 75 * 248 * 37748736ull, 109824}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint64_t all, active, bytes;
    open_with(known[i].model, "bf16", known[i].kv, NULL);
    CU_ASSERT(rl_program_parameters(program, &all));
    CU_ASSERT(rl_program_active_parameters(program, &active));
    CU_ASSERT(rl_program_kv_token_bytes(program, 0, &bytes));
    CU_ASSERT_EQUAL(all, known[i].parameters);
    CU_ASSERT_EQUAL(active, known[i].active);
    CU_ASSERT_EQUAL(bytes, known[i].bytes);
    CU_ASSERT_EQUAL(cost->weight_bytes, 2 * all); /* kv_b_proj once */
    rl_arena_free(&arena);
  }
}

/* One token. Queries of the index: 2 * 8192 * 1536. Behind 1,023 it sees 1,024 tokens and chooses all
 * of them; an index of 64 heads of 128: 1,024 * 2 * 8192, 1,024 * (3 * 64 + 1), keys of 256 B, queries
 * and weights of 2 * 8,256 B, 1,024 numbers of 4 B. Attention: 1,024 * 128 * 2 * 1,088, 6 a score, rows
 * of 1,152 B, 2 * 128 * (64 + 512) B and the numbers. Behind 131,071 it sees 131,072 and chooses 2,048:
 * attention reads 2,359,296 B, not 150,994,944. */
static void test_chosen_decode(void) {
  open_model("deepseek-v3.2");
  at_group((rl_group){.count = 1, .q = 1, .cached = 1023});
  EXPECT("index_q_proj", 25165824, 0, 25165824, 0, 0, 3072, 16384);
  EXPECT("index_append", 0, 0, 0, 0, 256, 256, 0);
  EXPECT("choose_tokens", 16777216, 197632, 0, 262144, 0, 16512, 4096);
  EXPECT("q_latent", 16777216, 0, 16777216, 0, 0, 32768, 131072);
  EXPECT("chosen_attention", 285212672, 786432, 0, 1179648, 0, 147456 + 4096, 131072);
  EXPECT("v_latent", 16777216, 0, 16777216, 0, 0, 131072, 32768);
  at_group((rl_group){.count = 1, .q = 1, .cached = 131071});
  EXPECT("choose_tokens", 2147483648, 25296896, 0, 33554432, 0, 16512, 8192);
  EXPECT("chosen_attention", 570425344, 1572864, 0, 2359296, 0, 147456 + 8192, 131072);
  rl_arena_free(&arena);
}

/* 4,096 new tokens: 4096 * 4097 / 2 = 8,390,656 pairs; of them chosen 2048 * 2049 / 2 + 2048 * 2048 =
 * 6,292,480, of 4,096 rows at most. */
static void test_chosen_prefill(void) {
  open_model("deepseek-v3.2");
  at_group((rl_group){.count = 1, .q = 4096, .cached = 0});
  EXPECT("choose_tokens", 137472507904, 1619396608, 0, 4096 * 256, 0, 4096 * 16512, 25169920);
  EXPECT("chosen_attention", 1752631869440, 4832624640, 0, 4096 * 1152, 0,
         4096 * 147456 + 25169920, 536870912);
  rl_arena_free(&arena);
}

/* Five nodes of a tree at depths 0, 1, 1, 2, 0 behind 20,000: 5 * 20,000 + 1 + 2 + 2 + 3 + 1 pairs, of
 * them 5 * 2,048 chosen: of 20,005 rows 10,240 at most, or what was observed. Behind 10,000 all
 * 10,005. */
static void test_chosen_tree(void) {
  static const int32_t parents[] = {-1, 0, 0, 1, -1};
  static const rl_tree tree = {5, parents};
  rl_group verify = {.count = 1, .q = 5, .cached = 20000, .tree = &tree};
  const rl_facts facts = {.distinct_experts = 3000};
  open_model("deepseek-v3.2");
  at_group(verify);
  EXPECT("choose_tokens", 1638547456, 19301737, 0, 20005 * 256, 0, 82560, 40960);
  EXPECT("chosen_attention", 2852126720, 7864320, 0, 11796480, 0, 737280 + 40960, 655360);
  CU_ASSERT_FATAL(rl_cost_moments(cost, &(rl_point){&verify, 1}, &facts, moments));
  EXPECT("chosen_attention", 2852126720, 7864320, 0, 3456000, 0, 737280 + 40960, 655360);
  verify.cached = 10000;
  at_group(verify);
  EXPECT("chosen_attention", 2852126720, 7864320, 0, 10005 * 1152, 0, 737280 + 40960, 655360);
  rl_arena_free(&arena);
}

/* Keys of the index in e4m3 with an fp32 scale, 132 B, and so its queries: 8,192 B and 64 scales. A
 * row of the cache has 656 B. */
static void test_chosen_stored(void) {
  open_with("deepseek-v3.2", "bf16", "fp8-mla", NULL);
  at_group((rl_group){.count = 1, .q = 1, .cached = 131071});
  EXPECT("index_append", 0, 3 * 128, 0, 0, 132, 256, 0);
  EXPECT("choose_tokens", 2147483648, 25296896, 0, 17301504, 0, 8448 + 128, 8192);
  EXPECT("chosen_attention", 570425344, 1572864, 0, 2048 * 656, 0, 147456 + 8192, 131072);
  CU_ASSERT_EQUAL(program->ops[row_of("choose_tokens")->op].compute, RL_F8_E4M3);
  rl_arena_free(&arena);
}

RL_SUITE("latents", {"parameters", test_parameters}, {"sizes of an index", test_index_sizes},
         {"chosen tokens, decode", test_chosen_decode},
         {"chosen tokens, prefill", test_chosen_prefill},
         {"chosen tokens of a tree", test_chosen_tree},
         {"chosen tokens, cache as published", test_chosen_stored}, {"module for a second token", test_module},
         {"bytes as published", test_published}, {"relatives", test_relatives},
         {"absorbed decode", test_absorbed}, {"expanded prefill", test_expanded},
         {"mixed pass", test_mixed}, {"memory", test_memory})
