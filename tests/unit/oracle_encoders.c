/* Encoders: counts derived by hand, operator by operator. Of encoder-decoders at the pass that begins a
 * sequence and at a decode step, of an encoder alone at its one pass. Counts in the order matrix FLOPs, vector operations, weights, KV read, KV
 * written, activations read, activations written; sizes in bytes. */
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
    const rl_lab_row *found = NULL; /* the encoder's, where the decoder has one of that name */
    for (uint32_t r = row_count; r-- > 0;) {
      if (strcmp(rows[r].name, expected[i].name) == 0) found = &rows[r];
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_EQUAL(found->repeat, expected[i].repeat);
    for (int k = 0; k < RL_COUNTS; k++) {
      if (found->counts[k] != expected[i].counts[k]) {
        fprintf(stderr, "\n%s, count %d: %llu, expected %llu\n", expected[i].name, k,
                (unsigned long long)found->counts[k],
                (unsigned long long)expected[i].counts[k]);
      }
      CU_ASSERT_EQUAL(found->counts[k], expected[i].counts[k]);
    }
  }
}

static uint64_t kv_bytes(rl_group group) {
  const rl_point point = {&group, 1};
  uint64_t moments[RL_MOMENTS_MAX], bytes = 0;
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(pass.cost, &point, NULL, moments));
  CU_ASSERT_TRUE(rl_form_value(pass.cost, &pass.cost->kv_bytes, moments, &bytes));
  return bytes;
}

#define CHECK(group, rows) check(group, rows, sizeof(rows) / sizeof *(rows))

/* whisper-large-v3: d 1280, 20 heads of 64, d_ff 5120, 32 + 32 layers, 128 mel bins, 1500 positions.
 * a(1280) = 2560 bytes. */
static const rl_group WHISPER_BEGIN = {.count = 2, .q = 4, .source = {1500, 1}};
static const rl_group WHISPER_STEP = {.count = 2, .q = 1, .cached = 100, .source = {1500, 1}};

/* Two sequences begin: 3000 source positions, 8 tokens. */
static const expected_row whisper_begin[] = {
    /* F 2·3000·2 frames·1280·(3·128); V 3000·2·1280 biases; w 1280·384·2 + 1280·2;
     * in 3000·2·128·2; out 3000·2·1280·2 */
    {"conv1", 1, {5898240000, 7680000, 985600, 0, 0, 1536000, 15360000}},
    /* F 2·3000·1280·(3·1280); V 3000·1280; w 1280·3840·2 + 2560; in 3000·2·2560; out 3000·2560 */
    {"conv2", 1, {29491200000, 3840000, 9832960, 0, 0, 15360000, 7680000}},
    /* a row a position of the stored sinusoids: 3000·2560 */
    {"encoder_positions", 1, {0, 0, 7680000, 0, 0, 0, 7680000}},
    /* F 3·2·3000·1280²; V 2·3000·1280 (no bias on k); w 3·1280²·2 + 2·2560; in 3000·2560; out thrice */
    {"encoder_qkv_proj", 32, {29491200000, 7680000, 9835520, 0, 0, 7680000, 23040000}},
    /* pairs 2·1500² = 4500000: F 4·4500000·1280; V (5 + 1)·20·4500000; q, k, v 3·3000·2560 */
    {"encoder_attention", 32, {23040000000, 540000000, 0, 0, 0, 23040000, 7680000}},
    /* F 2·3000·1280²; w 1280²·2 */
    {"cross_k_proj", 32, {9830400000, 0, 3276800, 0, 0, 7680000, 7680000}},
    /* 3000 rows of K and of V, 2560 bytes each */
    {"cross_append", 32, {0, 0, 0, 0, 15360000, 15360000, 0}},
    /* pairs 2·4·1500 = 12000: F 4·12000·1280; V 6·20·12000; KV 2·3000·2560; q 8·2560 */
    {"cross_attention", 32, {61440000, 1440000, 0, 15360000, 0, 20480, 20480}},
    /* the pairs of 4 causal tokens, 10 a sequence: F 4·20·1280; V 6·20·20; KV 2·8·2560 */
    {"attention", 32, {102400, 2400, 0, 40960, 0, 20480, 20480}},
};

/* The encoder does nothing; what is kept of the source is read for one token a sequence. */
static const expected_row whisper_step[] = {
    {"conv1", 1, {0, 0, 0, 0, 0, 0, 0}},
    {"encoder_positions", 1, {0, 0, 0, 0, 0, 0, 0}},
    {"encoder_attention", 32, {0, 0, 0, 0, 0, 0, 0}},
    {"encoder_up_proj", 32, {0, 0, 0, 0, 0, 0, 0}},
    {"cross_k_proj", 32, {0, 0, 0, 0, 0, 0, 0}},
    {"cross_v_proj", 32, {0, 0, 0, 0, 0, 0, 0}},
    {"cross_append", 32, {0, 0, 0, 0, 0, 0, 0}},
    /* F 2·2·1280²; V 2·1280; w 1280²·2 + 2560; in, out 2·2560 */
    {"cross_q_proj", 32, {6553600, 2560, 3279360, 0, 0, 5120, 5120}},
    /* pairs 2·1500: F 4·3000·1280; V 6·20·3000; KV 2·3000·2560 */
    {"cross_attention", 32, {15360000, 360000, 0, 15360000, 0, 5120, 5120}},
    /* 101 keys of 2 sequences: F 4·202·1280; V 6·20·202; KV 2·202·2560 */
    {"attention", 32, {1034240, 24240, 0, 1034240, 0, 5120, 5120}},
    /* F 2·2·51866·1280; w 51866·2560; in 2·2560; out 2·51866·2 */
    {"lm_head", 1, {265553920, 0, 132776960, 0, 0, 5120, 207464}},
};

static void test_whisper(void) {
  begin("whisper-large-v3");
  CHECK(WHISPER_BEGIN, whisper_begin);
  CHECK(WHISPER_STEP, whisper_step);
  /* a source keeps 32·1500·2·2560 bytes, a token 32·2·2560 */
  CU_ASSERT_EQUAL(kv_bytes(WHISPER_BEGIN), 2 * (UINT64_C(245760000) + 4 * 163840));
  CU_ASSERT_EQUAL(kv_bytes(WHISPER_STEP), 2 * (UINT64_C(245760000) + 101 * 163840));
  rl_lab_close(&lab);
}

/* t5-base: d 768, 12 heads of 64, d_ff 3072, 12 + 12 layers, 32 buckets. a(768) = 1536 bytes, the
 * table of biases 32·12·2 = 768. One sequence of 512 source tokens, one decoder token. */
static const rl_group T5_BEGIN = {.count = 1, .q = 1, .source = {512, 1}};
static const rl_group T5_STEP = {.count = 1, .q = 1, .cached = 20, .source = {512, 1}};

static const expected_row t5_begin[] = {
    /* ids 4·512; a table row a position: 512·1536 */
    {"embed", 1, {0, 0, 786432, 0, 0, 2048, 786432}},
    /* F 3·2·512·768²; w 3·768²·2; in 512·1536; out thrice */
    {"encoder_qkv_proj", 12, {1811939328, 0, 3538944, 0, 0, 786432, 2359296}},
    /* pairs 512²: F 4·262144·768; V (softmax 5, bias 1, no scale)·12·262144; the table; q, k, v */
    {"encoder_attention", 12, {805306368, 18874368, 768, 0, 0, 2359296, 786432}},
    /* F 2·512·3072·768; w 3072·768·2; in 512·1536; out 512·6144 */
    {"encoder_in_proj", 12, {2415919104, 0, 4718592, 0, 0, 786432, 3145728}},
    {"cross_k_proj", 12, {603979776, 0, 1179648, 0, 0, 786432, 786432}},
    {"cross_append", 12, {0, 0, 0, 0, 1572864, 1572864, 0}},
    /* pairs 512: F 4·512·768; V 5·12·512; KV 2·512·1536 */
    {"cross_attention", 12, {1572864, 30720, 0, 1572864, 0, 1536, 1536}},
    /* one pair: F 4·768; V 6·12; the table; KV 2·1536 */
    {"attention", 12, {3072, 72, 768, 3072, 0, 1536, 1536}},
};

static const expected_row t5_step[] = {
    {"embed", 1, {0, 0, 0, 0, 0, 0, 0}},
    {"encoder_attention", 12, {0, 0, 0, 0, 0, 0, 0}},
    {"encoder_in_proj", 12, {0, 0, 0, 0, 0, 0, 0}},
    {"cross_k_proj", 12, {0, 0, 0, 0, 0, 0, 0}},
    {"cross_append", 12, {0, 0, 0, 0, 0, 0, 0}},
    /* ids 4; a table row */
    {"decoder_embed", 1, {0, 0, 1536, 0, 0, 4, 1536}},
    {"cross_attention", 12, {1572864, 30720, 0, 1572864, 0, 1536, 1536}},
    /* 21 keys: F 4·21·768; V 6·12·21; the table; KV 2·21·1536 */
    {"attention", 12, {64512, 1512, 768, 64512, 0, 1536, 1536}},
    /* F 2·32128·768; w 32128·1536; out 32128·2 */
    {"lm_head", 1, {49348608, 0, 49348608, 0, 0, 1536, 64256}},
};

static void test_t5(void) {
  begin("t5-base");
  CHECK(T5_BEGIN, t5_begin);
  CHECK(T5_STEP, t5_step);
  /* 12·512·2·1536 bytes of the source, 12·2·1536 a token */
  CU_ASSERT_EQUAL(kv_bytes(T5_STEP), 18874368 + 21 * 36864);
  rl_lab_close(&lab);
}

/* bert-base-uncased: d 768, 12 heads of 64, d_ff 3072, 12 layers. Two sequences of 100 tokens, all of
 * which meet all of their sequence: T = 200, S = 2 * 100^2 = 20000; the pooler reads the first token
 * of each, R = 2. a(768) = 1536 bytes, T of them 307200. */
static void test_bert(void) {
  static const rl_group group = {.count = 2, .q = 100, .logits = RL_LOGITS_LAST};
  static const expected_row rows[] = {
      {"embed", 1, {0, 0, 307200, 0, 0, 800, 307200}},
      /* one row of the table serves all tokens */
      {"embed_segment", 1, {0, 0, 1536, 0, 0, 0, 307200}},
      {"add_segment", 1, {0, 153600, 0, 0, 0, 614400, 307200}},
      {"embed_positions", 1, {0, 0, 307200, 0, 0, 0, 307200}},
      /* 1 + 7 a value; weight and bias; of the sum only the normalised one is stored */
      {"add_norm", 1, {0, 1228800, 3072, 0, 0, 614400, 307200}},
      /* 2 * 200 * 2304 * 768; a bias on 2304 outputs; (2304 * 768 + 2304) * 2 */
      {"qkv_proj", 12, {707788800, 460800, 3543552, 0, 0, 307200, 921600}},
      /* 4 * 20000 * 768; (5 + 1) * 12 * 20000 */
      {"attention", 12, {61440000, 1440000, 0, 0, 0, 921600, 307200}},
      /* 2 * 200 * 768^2; (768^2 + 768) * 2 */
      {"o_proj", 12, {235929600, 153600, 1181184, 0, 0, 307200, 307200}},
      /* 2 * 200 * 3072 * 768; (3072 * 768 + 3072) * 2 */
      {"up_proj", 12, {943718400, 614400, 4724736, 0, 0, 307200, 1228800}},
      {"activation", 12, {0, 4915200, 0, 0, 0, 1228800, 1228800}},
      {"down_proj", 12, {943718400, 153600, 4720128, 0, 0, 1228800, 307200}},
      {"add_norm_2", 12, {0, 1228800, 3072, 0, 0, 614400, 307200}},
      /* 2 * 2 * 768^2 */
      {"pooler", 1, {2359296, 1536, 1181184, 0, 0, 3072, 3072}},
      {"pooler_activation", 1, {0, 1536, 0, 0, 0, 3072, 3072}},
      /* 2 * 2 * 2 * 768; (2 * 768 + 2) * 2 */
      {"classifier", 1, {6144, 4, 3076, 0, 0, 3072, 8}},
  };
  begin("bert-base-uncased");
  CHECK(group, rows);
  CU_ASSERT_EQUAL(kv_bytes(group), 0);
  rl_lab_close(&lab);
}

RL_SUITE("encoders by hand", {"whisper", test_whisper}, {"t5", test_t5},
         {"bert", test_bert})
