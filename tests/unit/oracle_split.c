/* One rank of a split model by hand: Llama 3 70B over as many ranks as it has KV heads, Qwen3
 * 30B-A3B over twice as many. 16 sequences decode behind 2048 tokens: T 16, R 16, pairs 16 * 2049 =
 * 32784, as many KV rows. Each row: matrix FLOPs, vector operations, bytes of weights, of KV read,
 * of KV written, of activations read, of activations written; bytes sent and messages in turn. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "unit.h"

typedef struct split_row {
  const char *name;
  uint64_t counts[RL_COUNTS];
  uint64_t sent, messages; /* of the way with the fewest bytes */
} split_row;

/* 64 heads and 8 KV heads of 128, d 8192, d_ff 28672, V 128256 over 8 ranks: 8 heads, 1 KV head,
 * 3584 and 16032 each. An all_reduce sends 2 * 7 / 8 of 16 * 8192 * 2 bytes, the gather 7 times its
 * part. */
static const split_row llama[] = {
    /* w ceil(16/8)*8192*2; in 4*16; out 16*8192*2 */
    {"embed", {0, 0, 32768, 0, 0, 64, 262144}, 0, 0},
    {"embed_all_reduce", {0, 131072, 0, 0, 0, 262144, 262144}, 458752, 2},
    /* V 4*16*8192; w 2*8192 */
    {"input_norm", {0, 524288, 16384, 0, 0, 262144, 262144}, 0, 0},
    /* rows (8+1+1)*128 = 1280; F 2*16*1280*8192; w 1280*8192*2; out 16*1280*2 */
    {"qkv_proj", {335544320, 0, 20971520, 0, 0, 262144, 40960}, 0, 0},
    /* V 3*16*(1024+128); kv out 16*1*(256+256); in 16*1280*2; out 16*1024*2 */
    {"rope_append", {0, 55296, 0, 0, 8192, 40960, 32768}, 0, 0},
    /* F 4*32784*1024; V 6*8*32784; kv in 32784*1*512 */
    {"attention", {134283264, 1573632, 0, 16785408, 0, 32768, 32768}, 0, 0},
    /* F 2*16*8192*1024; w 8192*1024*2 */
    {"o_proj", {268435456, 0, 16777216, 0, 0, 32768, 262144}, 0, 0},
    {"attn_all_reduce", {0, 131072, 0, 0, 0, 262144, 262144}, 458752, 2},
    /* rows 2*3584; F 2*16*7168*8192; w 7168*8192*2; out 16*7168*2 */
    {"gate_up_proj", {1879048192, 0, 117440512, 0, 0, 262144, 229376}, 0, 0},
    /* V 5*16*3584 */
    {"silu_mul", {0, 286720, 0, 0, 0, 229376, 114688}, 0, 0},
    /* F 2*16*8192*3584; w 8192*3584*2 */
    {"down_proj", {939524096, 0, 58720256, 0, 0, 114688, 262144}, 0, 0},
    {"mlp_all_reduce", {0, 131072, 0, 0, 0, 262144, 262144}, 458752, 2},
    /* F 2*16*16032*8192; w 16032*8192*2; out 16*16032*2 */
    {"lm_head", {4202692608, 0, 262668288, 0, 0, 262144, 513024}, 0, 0},
    /* out 16*128256*2 */
    {"logits_all_gather", {0, 0, 0, 0, 0, 513024, 4104192}, 3591168, 1},
    /* V 16*128256; out 4*16 */
    {"sample", {0, 2052096, 0, 0, 0, 4104192, 64}, 0, 0},
};

/* 32 heads and 4 KV heads of 128, d 2048, 8 of 128 experts of width 768, V 151936 over 8 ranks: 4
 * heads, a KV head that a second rank has too, and 96 of each expert's width. D(128, 8) of 16
 * tokens is 2^27 - 15^16 / 2^37 units, to the nearest 86426267 of 2^-20. */
static const split_row qwen[] = {
    /* w ceil(16/8)*2048*2; in 4*16; out 16*2048*2 */
    {"embed", {0, 0, 8192, 0, 0, 64, 65536}, 0, 0},
    /* rows (4+1+1)*128 = 768; F 2*16*768*2048; w 768*2048*2; out 16*768*2 */
    {"qkv_proj", {50331648, 0, 3145728, 0, 0, 65536, 24576}, 0, 0},
    /* F 4*32784*512; V 6*4*32784; kv in 32784*1*512; in and out 16*512*2 */
    {"attention", {67141632, 786816, 0, 16785408, 0, 16384, 16384}, 0, 0},
    /* F 2*16*2048*512; w 2048*512*2 */
    {"o_proj", {33554432, 0, 2097152, 0, 0, 16384, 65536}, 0, 0},
    /* 2 * 7 / 8 of 65536 */
    {"attn_all_reduce", {0, 32768, 0, 0, 0, 65536, 65536}, 114688, 2},
    /* whole on every rank: F 2*16*128*2048; w 128*2048*2; out 16*128*2 */
    {"router", {8388608, 0, 524288, 0, 0, 65536, 4096}, 0, 0},
    /* F 2*16*8*192*2048; w ceil(D*2*96*2048*2); in 65536 + 4*16*8; out 16*8*192*2 */
    {"expert_gate_up_proj", {100663296, 0, 64819701, 0, 0, 66048, 49152}, 0, 0},
    /* F 2*16*8*2048*96; w ceil(D*2048*96*2); in 16*8*96*2 + 512; out 16*8*2048*2 */
    {"expert_down_proj", {50331648, 0, 32409851, 0, 0, 25088, 524288}, 0, 0},
    /* V 2*16*8*2048; in 524288 + 16*8*2 */
    {"combine", {0, 524288, 0, 0, 0, 524544, 65536}, 0, 0},
    {"mlp_all_reduce", {0, 32768, 0, 0, 0, 65536, 65536}, 114688, 2},
    /* rows 18992; F 2*16*18992*2048; w 18992*2048*2; out 16*18992*2 */
    {"lm_head", {1244659712, 0, 77791232, 0, 0, 65536, 607744}, 0, 0},
    {"logits_all_gather", {0, 0, 0, 0, 0, 607744, 4861952}, 4254208, 1},
};

/* Mixtral 8x7B over 8 ranks, one token: of the 8 experts on as many ranks it chooses 2, so that the
 * rank with most has one of them, and one choice. 14336 whole, d 4096. */
static const split_row mixtral_whole[] = {
    /* F 2*28672*4096; w 28672*4096*2; in 4096*2 + 4*2; out 2*28672*2 */
    {"gate_up_proj", {234881024, 0, 234881024, 0, 0, 8200, 114688}, 0, 0},
    /* F 2*4096*14336; w 4096*14336*2; in 2*14336*2 + 4*2; out 2*4096*2 */
    {"down_proj", {117440512, 0, 117440512, 0, 0, 57352, 16384}, 0, 0},
    /* V 2*2*4096; in 2*4096*2 + 2*2 */
    {"combine", {0, 16384, 0, 0, 0, 16388, 8192}, 0, 0},
    {"mlp_all_reduce", {0, 4096, 0, 0, 0, 8192, 8192}, 14336, 2},
};

/* Mixtral 8x7B over 8 groups of one rank each, whose experts are one on each of the 8 ranks; one
 * token a group, 8 together. Each rank sends its own token and all of its experts' come to it. On
 * the rank with most there is one expert, w 14336*4096*2 bytes a matrix; how many choices come is
 * no hand's number. Back and forth cross tokens that chose the expert, which are as many as the
 * choices. */
static const split_row mixtral_met[] = {
    /* F 2*(32+8+8)*128*4096; w 6144*4096*2; in 4096*2; out 6144*2 */
    {"qkv_proj", {50331648, 0, 50331648, 0, 0, 8192, 12288}, 0, 0},
};

/* DeepSeek-V3, 128 heads over 8 ranks: 16 heads each, latents of 512 and rotated keys of 64 on
 * every rank; d 7168, queries over 1536, heads of 128 + 64 and 128; a shared expert of 2048. */
static const split_row deepseek[] = {
    /* rows 16*192 = 3072; F 2*16*3072*1536; w 3072*1536*2; in 16*1536*2; out 16*3072*2 */
    {"q_b_proj", {150994944, 0, 9437184, 0, 0, 49152, 98304}, 0, 0},
    /* F 2*16*16*128*512; w 16*128*512*2; in 16*16*128*2; out 16*16*512*2 */
    {"q_absorb", {33554432, 0, 2097152, 0, 0, 65536, 262144}, 0, 0},
    /* F 2*32784*16*(2*512 + 64); V 6*16*32784; kv in 32784*576*2; in 16*16*(64 + 512)*2 */
    {"latent_attention", {1141407744, 3147264, 0, 37767168, 0, 294912, 262144}, 0, 0},
    /* F 2*16*7168*2048; w 7168*2048*2; in 16*2048*2; out 16*7168*2 */
    {"o_proj", {469762048, 0, 29360128, 0, 0, 65536, 229376}, 0, 0},
    {"attn_all_reduce", {0, 114688, 0, 0, 0, 229376, 229376}, 401408, 2},
    /* F 2*16*7168*256; w 7168*256*2; in 16*256*2 */
    {"shared_down_proj", {58720256, 0, 3670016, 0, 0, 8192, 229376}, 0, 0},
};

/* OLMoE, 16 heads of 128 over 8 ranks: q is normalised over all 2048 values, of which a rank has
 * 256: a sum of squares of 4 bytes a token goes around, 2 * 7 / 8 of 64 bytes. */
static const split_row olmoe[] = {
    /* V 4*16*256; w 256*2; in and out 16*256*2 */
    {"q_norm", {0, 16384, 512, 0, 0, 8192, 8192}, 112, 2},
};

/* Mamba-2 2.7B, 80 heads of 64 and one group of 128 states over 8 ranks: 10 heads, 640 channels,
 * and the group whole, which makes 640 + 2 * 128 = 896 of x, B and C; d 2560, a stream in fp32. The
 * group is normalised by all ranks: 16 sums of squares of 4 bytes, 2 * 7 / 8 of them. */
static const split_row mamba2[] = {
    /* w ceil(16/8)*2560*2; in 4*16; out 16*2560*4 */
    {"embed", {0, 0, 10240, 0, 0, 64, 163840}, 0, 0},
    /* 2 * 7 / 8 of 163840 */
    {"embed_all_reduce", {0, 40960, 0, 0, 0, 163840, 163840}, 286720, 2},
    /* rows 640 + 896 + 10 = 1546; F 2*16*1546*2560; w 1546*2560*2; in 16*2560*2; out 16*1546*2 */
    {"z+xbc+dt_in_proj", {126648320, 0, 7915520, 0, 0, 81920, 49472}, 0, 0},
    /* V 5*16*640*128 + 3*16*640 + (5 + 1)*16*10; w 3*10*2; state 16*640*128*4; in 16*(896+10)*2 */
    {"ssd_step", {0, 6585280, 60, 5242880, 5242880, 28992, 20480}, 0, 0},
    /* V 4*16*640; w 640*2; in and out 16*640*2 */
    {"mixer_norm", {0, 40960, 1280, 0, 0, 20480, 20480}, 112, 2},
    /* F 2*16*2560*640; w 2560*640*2; in 16*640*2; out 16*2560*2 */
    {"out_proj", {52428800, 0, 3276800, 0, 0, 20480, 81920}, 0, 0},
    {"mixer_all_reduce", {0, 40960, 0, 0, 0, 81920, 81920}, 143360, 2},
};

/* Zamba2 7B, 112 heads of 64 in two groups over 4 ranks: 28 heads, 1792 channels, half of a group
 * of 3584, whose other half the neighbour has: 2 * 1 / 2 of 16 sums of 4 bytes. */
static const split_row zamba2[] = {
    /* V 4*16*1792; w 1792*2; in and out 16*1792*2 */
    {"mixer_norm", {0, 114688, 3584, 0, 0, 57344, 57344}, 64, 2},
};

/* T5 base in fp32, 12 heads of 64, d 768, V 32128 over 4 ranks: 3 heads and 192 of the width. 16
 * sequences begin with a token each and texts of 512: S 8192, pairs 16 * 512^2 = 4194304. */
static const split_row t5[] = {
    /* w ceil(8192/4)*768*4; in 4*8192; out 8192*768*4 */
    {"embed", {0, 0, 6291456, 0, 0, 32768, 25165824}, 0, 0},
    /* V 8192*768; 2 * 3 / 4 of 25165824 */
    {"embed_all_reduce", {0, 6291456, 0, 0, 0, 25165824, 25165824}, 37748736, 2},
    /* F 4*4194304*192; V (5 + 1)*3*4194304; w 32*3*4; in 3*8192*192*4; out 8192*192*4 */
    {"encoder_attention", {3221225472, 75497472, 384, 0, 0, 18874368, 6291456}, 0, 0},
    /* F 2*8192*768*192; w 768*192*4 */
    {"encoder_o_proj", {2415919104, 0, 589824, 0, 0, 6291456, 25165824}, 0, 0},
    /* in 2*8192*192*4; kv out 8192*3*(256+256) */
    {"cross_append", {0, 0, 0, 0, 12582912, 12582912, 0}, 0, 0},
    /* pairs 16*512: F 4*8192*192; V 5*3*8192; kv in 8192*3*512; in and out 16*192*4 */
    {"cross_attention", {6291456, 122880, 0, 12582912, 0, 12288, 12288}, 0, 0},
};

static rl_lab lab;
static rl_group group = {.count = 16, .q = 1, .cached = 2048};
static const rl_point point = {&group, 1};
static const char *weights; /* format to ask for; NULL: as the model says */

static bool split_experts(const char *model, uint64_t ranks, rl_algorithm algorithm,
                          uint64_t experts, rl_lab_pass *pass) {
  if (!rl_lab_ask(&lab, &(rl_lab_question){.model = model, .weights = weights}, pass)) return false;
  rl_scenario *scenario = RL_NEW(&lab.arena, rl_scenario);
  if (scenario == NULL) return false;
  *scenario = *pass->scenario;
  scenario->parallel.tensor = ranks;
  scenario->parallel.algorithm = algorithm;
  scenario->parallel.expert = experts;
  return rl_lab_lower(&lab, scenario, pass);
}

static bool split(const char *model, uint64_t ranks, rl_algorithm algorithm, rl_lab_pass *pass) {
  return split_experts(model, ranks, algorithm, 1, pass);
}

static const rl_cost_row *cost_row(const rl_cost *cost, const char *name) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (strcmp(cost->program->ops[cost->rows[r].op].name, name) == 0) return &cost->rows[r];
  }
  return NULL;
}

static void check_sent(const rl_cost *cost, const split_row *row) {
  const rl_cost_row *counted = cost_row(cost, row->name);
  uint64_t moments[RL_MOMENTS_MAX], sent = 0, messages = 0;
  CU_ASSERT_PTR_NOT_NULL_FATAL(counted);
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &point, NULL, moments));
  if (counted->way_count > 0) {
    const rl_way *way = &cost->ways[counted->first_way];
    CU_ASSERT_TRUE(rl_form_value(cost, &way->bytes, moments, &sent));
    messages = way->messages;
  }
  CU_ASSERT_EQUAL(sent, row->sent);
  CU_ASSERT_EQUAL(messages, row->messages);
}

static void check_rows(const rl_lab_pass *pass, const split_row *rows, size_t count) {
  rl_lab_row *counted;
  uint32_t row_count;
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&lab.arena, pass, &point, &counted, &row_count));
  for (size_t r = 0; r < count; r++) {
    const rl_lab_row *row = NULL;
    for (uint32_t i = 0; i < row_count; i++) {
      if (strcmp(counted[i].name, rows[r].name) == 0) row = &counted[i];
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    for (int c = 0; c < RL_COUNTS; c++) {
      if (row->counts[c] != rows[r].counts[c]) fprintf(stderr, "\n%s count %d\n", row->name, c);
      CU_ASSERT_EQUAL(row->counts[c], rows[r].counts[c]);
    }
    check_sent(pass->cost, &rows[r]);
  }
}

static uint64_t kv_token_bytes(const rl_program *program) {
  uint64_t bytes = 0;
  CU_ASSERT_TRUE(rl_program_kv_token_bytes(program, 0, &bytes));
  return bytes;
}

static uint64_t count_of(const rl_lab_pass *pass, const char *name, rl_count count) {
  uint64_t moments[RL_MOMENTS_MAX], value = 0;
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(pass->cost, &point, NULL, moments));
  CU_ASSERT_TRUE(
      rl_form_value(pass->cost, &cost_row(pass->cost, name)->counts[count], moments, &value));
  return value;
}

/* C choices come: 8 tokens with 2 of 8 experts each give the fullest rank between 2 and 8. Of each
 * (token, expert): 4096*2 + 4 + 2 bytes at the dispatch, from 7 of 8 ranks 4096*2 + 2*2 + 2*4 on
 * the link, and 4096*2 on the way back, of which each value is added up. */
static void check_met(void) {
  rl_lab_pass pass;
  CU_ASSERT_TRUE_FATAL(rl_lab_ask(&lab, &(rl_lab_question){.model = "mixtral-8x7b"}, &pass));
  rl_scenario *scenario = RL_NEW(&lab.arena, rl_scenario);
  CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
  *scenario = *pass.scenario;
  scenario->parallel =
      (rl_parallel){.tensor = 1, .pipeline = 1, .expert = 8, .data = 8, .context = 1};
  CU_ASSERT_TRUE_FATAL(rl_lab_lower(&lab, scenario, &pass));
  check_rows(&pass, mixtral_met, sizeof mixtral_met / sizeof *mixtral_met);
  uint64_t moments[RL_MOMENTS_MAX], sent = 0, back = 0;
  double choices = (double)count_of(&pass, "send_back", RL_C_VECTOR) / 4096;
  CU_ASSERT(choices > 3.5 && choices < 4.5);
  CU_ASSERT_EQUAL(count_of(&pass, "down_proj", RL_C_WEIGHTS), 117440512);
  CU_ASSERT_EQUAL(count_of(&pass, "dispatch", RL_C_ACT_READ), 8192 + 2 * 4 + 2 * 2);
  CU_ASSERT(fabs((double)count_of(&pass, "dispatch", RL_C_ACT_WRITE) - choices * 8198) < 2);
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(pass.cost, &point, NULL, moments));
  const rl_cost_row *there = cost_row(pass.cost, "dispatch");
  const rl_cost_row *home = cost_row(pass.cost, "send_back");
  CU_ASSERT_EQUAL_FATAL(there->way_count, 2);
  CU_ASSERT_EQUAL(pass.cost->ways[there->first_way].messages, 1);
  CU_ASSERT_EQUAL(pass.cost->ways[there->first_way + 1].messages, 7);
  CU_ASSERT_TRUE(
      rl_form_value(pass.cost, &pass.cost->ways[there->first_way].bytes, moments, &sent));
  CU_ASSERT_TRUE(rl_form_value(pass.cost, &pass.cost->ways[home->first_way].bytes, moments, &back));
  CU_ASSERT(fabs((double)sent / 8204 - (double)back / 8192) < 0.001);
  CU_ASSERT(fabs((double)back - choices * 7 / 8 * 8192) < 0.02 * (double)back);
}

static void test_rows(void) {
  rl_lab_pass pass;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(split("llama-3-70b", 8, RL_ALGORITHM_ANY, &pass));
  check_rows(&pass, llama, sizeof llama / sizeof *llama);
  CU_ASSERT_EQUAL(kv_token_bytes(pass.program), 80 * 1 * (256 + 256));
  CU_ASSERT_TRUE_FATAL(split("qwen3-30b-a3b", 8, RL_ALGORITHM_ANY, &pass));
  check_rows(&pass, qwen, sizeof qwen / sizeof *qwen);
  CU_ASSERT_EQUAL(kv_token_bytes(pass.program), 48 * 1 * (256 + 256));
  CU_ASSERT_TRUE_FATAL(split_experts("mixtral-8x7b", 8, RL_ALGORITHM_ANY, 8, &pass));
  group.count = 1;
  check_rows(&pass, mixtral_whole, sizeof mixtral_whole / sizeof *mixtral_whole);
  check_met();
  group.count = 16;
  weights = "bf16"; /* published in fp8 */
  CU_ASSERT_TRUE_FATAL(split("deepseek-v3", 8, RL_ALGORITHM_ANY, &pass));
  weights = NULL;
  check_rows(&pass, deepseek, sizeof deepseek / sizeof *deepseek);
  CU_ASSERT_EQUAL(kv_token_bytes(pass.program), 61 * (1024 + 128));
  CU_ASSERT_TRUE_FATAL(split("olmoe-1b-7b", 8, RL_ALGORITHM_ANY, &pass));
  check_rows(&pass, olmoe, sizeof olmoe / sizeof *olmoe);
  CU_ASSERT_TRUE_FATAL(split("mamba2-2.7b", 8, RL_ALGORITHM_ANY, &pass));
  check_rows(&pass, mamba2, sizeof mamba2 / sizeof *mamba2);
  CU_ASSERT_TRUE_FATAL(split("zamba2-7b", 4, RL_ALGORITHM_ANY, &pass));
  check_rows(&pass, zamba2, sizeof zamba2 / sizeof *zamba2);
  rl_lab_close(&lab);
}

static void test_encoder(void) {
  rl_lab_pass pass;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(split("t5-base", 4, RL_ALGORITHM_ANY, &pass));
  group.cached = 0;
  group.source = (rl_encoder_source){512, 1, 0};
  check_rows(&pass, t5, sizeof t5 / sizeof *t5);
  group.source = (rl_encoder_source){0};
  group.cached = 2048;
  rl_lab_close(&lab);
}

/* attn_all_reduce of Llama 3 70B over 8 ranks, n = 262144, by each algorithm. */
static void test_algorithms(void) {
  static const struct {
    rl_algorithm algorithm;
    uint64_t sent, messages;
  } ways[] = {
      {RL_RING, 458752, 14},     /* 2 * 7 / 8 n in 2 * 7 steps */
      {RL_ONE_SHOT, 1835008, 1}, /* 7 n at once */
      {RL_TWO_SHOT, 458752, 2},  /* 2 * 7 / 8 n in two steps */
      {RL_TREE, 524288, 6},      /* 2 n, up and down a tree of depth 3 */
  };
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    rl_lab_pass pass;
    CU_ASSERT_TRUE_FATAL(split("llama-3-70b", 8, ways[i].algorithm, &pass));
    check_sent(pass.cost,
               &(split_row){
                   .name = "attn_all_reduce", .sent = ways[i].sent, .messages = ways[i].messages});
  }
  rl_lab_close(&lab);
}

/* Llama 3 8B, 32 heads and 8 KV heads over 16 ranks: two of them keep the same KV head, and an
 * all_reduce sends 2 * 15 / 16 of 16 * 4096 * 2 bytes. 12 ranks divide neither. */
static void test_more_ranks_than_heads(void) {
  rl_lab_pass pass;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(split("llama-3-8b", 16, RL_ALGORITHM_ANY, &pass));
  check_sent(pass.cost, &(split_row){.name = "attn_all_reduce", .sent = 245760, .messages = 2});
  CU_ASSERT_EQUAL(kv_token_bytes(pass.program), 32 * 1 * (256 + 256));
  CU_ASSERT_FALSE(split("llama-3-8b", 12, RL_ALGORITHM_ANY, &pass));
  rl_lab_close(&lab);
}

/* 80 layers over 4 stages of 8 ranks: 20 each, and what comes and goes is the residual of 16
 * tokens, 16*8192*2 bytes in one message. Devices 8 to 15 hold the second stage. */
static const split_row ends[] = {
    {"receive", {0, 0, 0, 0, 0, 0, 262144}, 0, 0},
    {"qkv_proj", {335544320, 0, 20971520, 0, 0, 262144, 40960}, 0, 0},
    {"send", {0, 0, 0, 0, 0, 262144, 0}, 262144, 1},
};

static bool stage(const char *model, rl_rank rank, uint64_t stages, uint64_t tensor,
                  rl_lab_pass *pass) {
  rl_cost *cost = NULL;
  rl_scenario *scenario = RL_NEW(&lab.arena, rl_scenario);
  if (!rl_lab_ask(&lab, &(rl_lab_question){.model = model}, pass) || scenario == NULL) return false;
  *scenario = *pass->scenario;
  scenario->parallel.tensor = tensor;
  scenario->parallel.pipeline = stages;
  bool lowered = rl_lower_rank(&lab.arena, scenario, rank, &pass->program, &lab.diags) == RL_OK &&
                 rl_cost_compile(&lab.arena, pass->program, 1, &cost, &lab.diags) == RL_OK;
  pass->cost = cost;
  return lowered;
}

static void test_stages(void) {
  rl_lab_pass pass;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(stage("llama-3-70b", (rl_rank){.pipeline = 1}, 4, 8, &pass));
  check_rows(&pass, ends, sizeof ends / sizeof *ends);
  CU_ASSERT_EQUAL(kv_token_bytes(pass.program), 20 * 1 * (256 + 256));
  for (uint32_t o = 0; o < pass.program->op_count; o++) {
    const rl_op *op = &pass.program->ops[o];
    const bool receives = op->kind == RL_OP_RECEIVE, sends = op->kind == RL_OP_SEND;
    if (receives) CU_ASSERT(op->at.first_device == 0 && op->at.span == 16);
    if (sends) CU_ASSERT(op->at.first_device == 8 && op->at.span == 16);
    if (op->kind == RL_OP_ALL_REDUCE) CU_ASSERT(op->at.first_device == 8 && op->at.span == 8);
  }
  rl_lab_close(&lab);
}

RL_SUITE("split models by hand", {"rows", test_rows}, {"encoder", test_encoder},
         {"stages", test_stages}, {"algorithms", test_algorithms},
         {"more ranks than KV heads", test_more_ranks_than_heads})
