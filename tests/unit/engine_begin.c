/* What sequences may begin with: sources that do not fit the model or the memory that was planned
 * are refused by name and change nothing, and limits beyond 64 bits have no number of bytes. */
#include <string.h>

#include "diag_line.h"
#include "engine_twin.h"
#include "unit.h"

enum { POSITIONS = 8, PIECES = 2, VALUES = 1024 };
#define POWER(n) (UINT64_C(1) << (n))

static float values[VALUES];
static const uint32_t ids[POSITIONS * PIECES];
/* As in the files of the models: the last id of llava is an image's, 51 that of qwen2-vl. */
static const uint32_t llava_ids[] = {46, 46, 46, 46, 1, 2}, qwen_ids[] = {51, 51, 1, 2, 3, 4};
static const uint32_t strange_ids[POSITIONS] = {1, 2, 1000000};

/* An engine for one sequence that begins with PIECES of POSITIONS at most. */
static void open_model(twin *t, const ref_model *model) {
  static const uint64_t capacity[] = {20}, seed = 3;
  static const rl_encoder_source most[] = {{POSITIONS, PIECES, 0}};
  const twin_setup setup = {model, "fp32", "fp32", "fp32", "reference"};
  const rl_weight_source source = rl_random_weights(&seed);
  const rl_engine_limits limits = {
      .sequences = 1, .capacity = capacity, .source = most, .tokens = 8, .logit_rows = 8};
  twin_open(t, &setup);
  CU_ASSERT_EQUAL_FATAL(
      rl_engine_new(&t->arena, t->program, &limits, &source, &t->engine, &t->diags), RL_OK);
}

static void refused(twin *t, const rl_engine_entry *entry, const char *why) {
  char line[256];
  rl_engine_result result;
  size_t said = t->diags.list.count;
  uint64_t held = rl_engine_length(t->engine, 0);
  CU_ASSERT_EQUAL(rl_engine_step(t->engine, entry, 1, NULL, &result, &t->diags), RL_USAGE);
  CU_ASSERT_EQUAL(t->diags.list.count, said + 1);
  snprintf(line, sizeof line, "error: the pass cannot run: %s", why);
  diag_is(&t->diags, said, line);
  CU_ASSERT_EQUAL(rl_engine_length(t->engine, 0), held);
}

static rl_engine_entry entry_of(const uint32_t *tokens, const rl_engine_source *source) {
  return (rl_engine_entry){.q = 6, .ids = tokens, .logits = RL_LOGITS_LAST, .source = source};
}

static const ref_model LLAMA = {.twin = "llama-twin", .vocabulary = 47};
static const ref_model LLAVA = {.twin = "llava-twin", .vocabulary = 47};
static const ref_model QWEN = {.twin = "qwen2-vl-twin", .vocabulary = 53};
static const ref_model QWEN25 = {.twin = "qwen2.5-vl-twin", .vocabulary = 53};
static const ref_model T5 = {.twin = "t5-twin", .vocabulary = 40};
static const ref_model WHISPER = {.twin = "whisper-twin", .vocabulary = 40};

static const struct {
  const ref_model *model;
  const uint32_t *tokens;
  rl_engine_source source;
  const char *why;
} wrong[] = {
    {&LLAMA, ids, {{4, 1, 0}, ids, values}, "the model reads no source"},
    {&LLAVA, llava_ids, {{0, 1, 0}, NULL, values}, "its source has no positions"},
    {&LLAVA,
     llava_ids,
     {{4, PIECES + 1, 0}, NULL, values},
     "its source is larger than memory was planned for"},
    {&LLAVA,
     llava_ids,
     {{POSITIONS + 1, 1, 0}, NULL, values},
     "its source is larger than memory was planned for"},
    {&LLAVA, llava_ids, {{4, 1, 0}, NULL, NULL}, "its source has no values"},
    {&LLAVA,
     llava_ids,
     {{3, 1, 0}, NULL, values},
     "its source needs as many places in the first tokens as it has merged positions"},
    {&QWEN,
     qwen_ids,
     {{6, 1, 0}, NULL, values},
     "its source is not a whole number of merged positions"},
    {&QWEN,
     qwen_ids,
     {{8, 1, 8}, NULL, values},
     "its source is not a whole number of rows of squares"},
    {&T5, ids, {{4, 1, 0}, NULL, NULL}, "its source has no token ids"},
    {&T5, ids, {{4, 1, 0}, strange_ids, NULL}, "a token id of its source is not in the vocabulary"},
    {&WHISPER, ids, {{4, 1, 0}, NULL, NULL}, "its source has no values"},
    {&WHISPER,
     ids,
     {{7, 1, 0}, NULL, values},
     "its source has more positions than the model's table"},
};

static void test_wrong(void) {
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const rl_engine_entry entry = entry_of(wrong[i].tokens, &wrong[i].source);
    twin t;
    open_model(&t, wrong[i].model);
    refused(&t, &entry, wrong[i].why);
    twin_close(&t);
  }
}

/* An image is no draft, and comes with the first tokens alone. */
static void test_when(void) {
  static const int32_t parents[] = {-1, 0, 1, 2, 3, 4};
  static const rl_tree tree = {6, parents};
  static const rl_engine_source image = {{4, 1, 0}, NULL, values};
  rl_engine_entry entry = entry_of(llava_ids, &image);
  rl_engine_result result;
  twin t;
  open_model(&t, &LLAVA);
  entry.tree = &tree;
  refused(&t, &entry, "the tokens of an image are no draft tree");
  entry.tree = NULL;
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, &entry, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 6);
  refused(&t, &entry, "a source comes with the first tokens of its sequence");
  twin_close(&t);
}

/* llava puts a token in front of the patches of each image. */
static const struct {
  const ref_model *model;
  rl_encoder_source source[2]; /* of two sequences */
  uint64_t tokens;
} endless[] = {
    {&LLAVA, {{UINT64_MAX, 1, 0}, {0, 0, 0}}, 8},                /* n + 1 */
    {&LLAVA, {{POWER(63), 2, 0}, {0, 0, 0}}, 8},                 /* pieces (n + 1) */
    {&LLAVA, {{POWER(33), 1, 0}, {0, 0, 0}}, 8},                 /* (n + 1)^2 */
    {&LLAVA, {{1, POWER(62) - 1, 0}, {1, POWER(62) - 1, 0}}, 8}, /* 4 (2^62 - 1) twice */
    {&T5, {{1, POWER(63), 0}, {1, POWER(63), 0}}, 8},            /* 2^63 twice */
    {&T5, {{POWER(20), 1, 0}, {4, 1, 0}}, POWER(44)},            /* 2^44 2^20 */
    {&QWEN25, {{POWER(32), 1, 0}, {4, 1, 0}}, 8},                /* n^2 */
};

static void test_endless(void) {
  static const uint64_t capacity[] = {20, 20};
  static const rl_encoder_source few[] = {{8, 2, 0}, {4, 1, 0}};
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    rl_engine_limits limits = {.sequences = 2,
                               .capacity = capacity,
                               .source = endless[i].source,
                               .tokens = endless[i].tokens,
                               .logit_rows = 8};
    uint64_t bytes;
    twin t;
    open_model(&t, endless[i].model);
    CU_ASSERT_FALSE(rl_engine_bytes(t.program, &limits, &bytes));
    limits.source = few;
    limits.tokens = 8;
    CU_ASSERT_TRUE(rl_engine_bytes(t.program, &limits, &bytes));
    twin_close(&t);
  }
}

RL_SUITE("begin", {"wrong sources", test_wrong}, {"when", test_when}, {"endless", test_endless})
