/* Vision towers: counts derived by hand, operator by operator, at the pass that begins sequences
 * with images and at a decode step. Counts in the order matrix FLOPs, vector operations, weights,
 * KV read, KV written, activations read, activations written; sizes in bytes. */
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "unit.h"

typedef struct expected_row {
  const char *name;
  uint64_t repeat, counts[RL_COUNTS];
} expected_row;

static rl_lab lab;
static rl_lab_pass pass;

static void begin(const char *model) {
  const rl_lab_question question = {.model = model, .weights = "bf16", .kv = "bf16"};
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  CU_ASSERT_TRUE_FATAL(rl_lab_ask(&lab, &question, &pass));
}

static void check(rl_group group, const expected_row *expected, size_t count) {
  const rl_point point = {&group, 1};
  rl_lab_row *rows;
  uint32_t row_count;
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&lab.arena, &pass, &point, &rows, &row_count));
  for (size_t i = 0; i < count; i++) {
    const rl_lab_row *found = NULL; /* the tower's, where the decoder has one of that name */
    for (uint32_t r = row_count; r-- > 0;) {
      if (strcmp(rows[r].name, expected[i].name) == 0) found = &rows[r];
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(found->repeat, expected[i].repeat);
    for (int k = 0; k < RL_COUNTS; k++) {
      if (found->counts[k] != expected[i].counts[k]) {
        fprintf(stderr, "\n%s, count %d: %llu, expected %llu\n", expected[i].name, k,
                (unsigned long long)found->counts[k], (unsigned long long)expected[i].counts[k]);
      }
      CU_ASSERT_EQUAL(found->counts[k], expected[i].counts[k]);
    }
  }
}

/* Matrix FLOPs of all rows of a pass. */
static uint64_t matrix_flops(rl_group group) {
  const rl_point point = {&group, 1};
  rl_lab_row *rows;
  uint32_t row_count;
  uint64_t sum = 0;
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&lab.arena, &pass, &point, &rows, &row_count));
  for (uint32_t r = 0; r < row_count; r++) sum += rows[r].repeat * rows[r].counts[RL_C_MATRIX];
  return sum;
}

#define CHECK(group, rows) check(group, rows, sizeof(rows) / sizeof *(rows))

/* llava-1.5-7b, one sequence with one image of 576 patches behind a lead: S_e = 577, M = 576, P_s =
 * 577^2 = 332929. Tower 1024 wide, 16 heads, 4096 in its feed-forward networks, patches of 3*14*14
 * = 588 values; decoder 4096 wide. a(1024) = 2048 bytes, S_e of them 1181696. */
static const rl_group LLAVA_BEGIN = {.count = 1, .q = 1024, .source = {576, 1, 24}};
static const rl_group LLAVA_STEP = {.count = 1, .q = 1, .cached = 1024, .source = {576, 1, 24}};

static const expected_row llava_begin[] = {
    /* F 2*576*588*1024; w 588*1024*2 and the lead 2048; in 576*588*2; out 577 rows, the lead's too
     */
    {"patches", 1, {693633024, 0, 1206272, 0, 0, 677376, 1181696}},
    /* a table row a position, that of the lead too */
    {"tower_positions", 1, {0, 0, 1181696, 0, 0, 0, 1181696}},
    /* 7 a value of 577*1024; weight and bias 2*2048 */
    {"tower_input_norm", 23, {0, 4135936, 4096, 0, 0, 1181696, 1181696}},
    /* F 3*2*577*1024^2; V 3*577*1024; w 3*1024^2*2 + 3*2048; out thrice */
    {"tower_qkv_proj", 23, {3630170112, 1772544, 6297600, 0, 0, 1181696, 3545088}},
    /* F 4*332929*1024; V (5 + 1)*16*332929; in q, k, v */
    {"tower_attention", 23, {1363677184, 31961184, 0, 0, 0, 3545088, 1181696}},
    /* F 2*577*1024^2; V 577*1024; w 1024^2*2 + 2048 */
    {"tower_o_proj", 23, {1210056704, 590848, 2099200, 0, 0, 1181696, 1181696}},
    /* F 2*577*4096*1024; V 577*4096; w 4096*1024*2 + 8192; out 577*8192 */
    {"tower_up_proj", 23, {4840226816, 2363392, 8396800, 0, 0, 1181696, 4726784}},
    /* 5 a value */
    {"tower_activation", 23, {0, 11816960, 0, 0, 0, 4726784, 4726784}},
    {"tower_down_proj", 23, {4840226816, 590848, 8390656, 0, 0, 4726784, 1181696}},
    /* without the lead: F 2*576*4096*1024; V 576*4096; in 576*2048; out 576*8192 */
    {"projector_1", 1, {4831838208, 2359296, 8396800, 0, 0, 1179648, 4718592}},
    /* 8 a value */
    {"projector_activation", 1, {0, 18874368, 0, 0, 0, 4718592, 4718592}},
    /* F 2*576*4096^2; w 4096^2*2 + 8192 */
    {"projector_2", 1, {19327352832, 2359296, 33562624, 0, 0, 4718592, 4718592}},
    {"insert", 1, {0, 0, 0, 0, 0, 4718592, 4718592}},
    /* all 1024 tokens have a row of the table before some of them are replaced */
    {"embed", 1, {0, 0, 8388608, 0, 0, 4096, 8388608}},
};

static const expected_row llava_step[] = {
    {"patches", 1, {0}},         {"tower_positions", 1, {0}},
    {"tower_qkv_proj", 23, {0}}, {"tower_attention", 23, {0}},
    {"projector_1", 1, {0}},     {"projector_2", 1, {0}},
    {"insert", 1, {0}},          {"embed", 1, {0, 0, 8192, 0, 0, 4, 8192}},
};

/* What one image costs: the same tokens as words cost that much less. */
static uint64_t flops_of_images(rl_group begin) {
  rl_group words = begin;
  words.source = (rl_encoder_source){0};
  return matrix_flops(begin) - matrix_flops(words);
}

static void test_llava(void) {
  begin("llava-1.5-7b");
  CHECK(LLAVA_BEGIN, llava_begin);
  CHECK(LLAVA_STEP, llava_step);
  /* 693633024 + 23*(3630170112 + 1363677184 + 1210056704 + 2*4840226816) + 4831838208 +
   * 19327352832 */
  CU_ASSERT_EQUAL(flops_of_images(LLAVA_BEGIN), UINT64_C(390193049600));
  CU_ASSERT_EQUAL(flops_of_images(LLAVA_STEP), 0);
  rl_lab_close(&lab);
}

/* qwen2-vl-7b, a sequence with two images of 32 x 32 patches: S_e = 2048, M = 512, P_s = 2*1024^2 =
 * 2097152. Tower 1280 wide, 16 heads, 5120 in its feed-forward networks, patches of 3*2*14*14 =
 * 1176 values; four of them, 5120 values, to a token of 3584. a(1280) = 2560 bytes, S_e of them
 * 5242880. */
static const rl_group QWEN_BEGIN = {.count = 1, .q = 1024, .source = {1024, 2, 32}};
static const rl_group QWEN_STEP = {.count = 1, .q = 1, .cached = 1024, .source = {1024, 2, 32}};

static const expected_row qwen_begin[] = {
    /* F 2*2048*1176*1280; w 1176*1280*2; in 2048*1176*2 */
    {"patches", 1, {6165626880, 0, 3010560, 0, 0, 4816896, 5242880}},
    /* F 3*2*2048*1280^2; V 3*2048*1280; w 3*1280^2*2 + 3*2560; out thrice */
    {"tower_qkv_proj", 32, {20132659200, 7864320, 9838080, 0, 0, 5242880, 15728640}},
    /* 3 a value of q and k */
    {"tower_rope", 32, {0, 15728640, 0, 0, 0, 10485760, 10485760}},
    /* F 4*2097152*1280; V (5 + 1)*16*2097152 */
    {"tower_attention", 32, {10737418240, 201326592, 0, 0, 0, 15728640, 5242880}},
    /* F 2*2048*1280^2; V 2048*1280; w 1280^2*2 + 2560 */
    {"tower_o_proj", 32, {6710886400, 2621440, 3279360, 0, 0, 5242880, 5242880}},
    /* F 2*2048*5120*1280; V 2048*5120; w 5120*1280*2 + 10240; out 2048*10240 */
    {"tower_up_proj", 32, {26843545600, 10485760, 13117440, 0, 0, 5242880, 20971520}},
    /* V 2048*1280; w 5120*1280*2 + 2560 */
    {"tower_down_proj", 32, {26843545600, 2621440, 13109760, 0, 0, 20971520, 5242880}},
    /* F 2*512*5120^2; V 512*5120; w 5120^2*2 + 10240; in the rows of the tower, out 512*10240 */
    {"merger_1", 1, {26843545600, 2621440, 52439040, 0, 0, 5242880, 5242880}},
    /* F 2*512*3584*5120; V 512*3584; w 3584*5120*2 + 7168; out 512*7168 */
    {"merger_2", 1, {18790481920, 1835008, 36707328, 0, 0, 5242880, 3670016}},
    {"insert", 1, {0, 0, 0, 0, 0, 3670016, 3670016}},
};

static void test_qwen2_vl(void) {
  begin("qwen2-vl-7b");
  CHECK(QWEN_BEGIN, qwen_begin);
  /* 6165626880 + 32*(20132659200 + 10737418240 + 6710886400 + 2*26843545600) + 26843545600 +
   * 18790481920 */
  CU_ASSERT_EQUAL(flops_of_images(QWEN_BEGIN), UINT64_C(2972377415680));
  CU_ASSERT_EQUAL(flops_of_images(QWEN_STEP), 0);
  rl_lab_close(&lab);
}

/* qwen2.5-vl-7b, an image of 20 rows of 36 patches: S_e = 720, M = 180. Windows of 8 x 8 patches:
 * along a row 4*8^2 + 4^2 = 272 pairs, down a column 2*8^2 + 4^2 = 144, together 39168, of 720^2 =
 * 518400 in the four layers without windows. a(1280) = 2560 bytes, S_e of them 1843200. */
static const rl_group WINDOWS_BEGIN = {.count = 1, .q = 256, .source = {720, 1, 36}};

static const expected_row windows_begin[] = {
    /* 4 a value of 720*1280; a weight and no bias */
    {"tower_input_norm", 28, {0, 3686400, 2560, 0, 0, 1843200, 1843200}},
    /* F 4*39168*1280; V (5 + 1)*16*39168; in q, k, v */
    {"tower_attention", 28, {200540160, 3760128, 0, 0, 0, 5529600, 1843200}},
    /* F 2*2*720*3420*1280; V 2*720*3420; w 2*3420*1280*2 + 2*6840; out 2*720*6840 */
    {"tower_gate_up_proj", 28, {12607488000, 4924800, 17524080, 0, 0, 1843200, 9849600}},
    /* F 2*720*3420*1280; V 720*1280; w 3420*1280*2 + 2560; in 720*6840 */
    {"tower_down_proj", 28, {6303744000, 921600, 8757760, 0, 0, 4924800, 1843200}},
};

static void test_windows(void) {
  begin("qwen2.5-vl-7b");
  CHECK(WINDOWS_BEGIN, windows_begin);
  /* 32 layers of 2*720*1280*(4*1280 + 3*3420), attention 28*200540160 + 4*(4*518400*1280), patches
   * 2*720*1176*1280, merger 2*180*5120*(5120 + 3584) */
  CU_ASSERT_EQUAL(flops_of_images(WINDOWS_BEGIN), UINT64_C(941592084480));
  rl_lab_close(&lab);
}

RL_SUITE("images by hand", {"llava", test_llava}, {"qwen2-vl", test_qwen2_vl},
         {"windows", test_windows})
