/* A cache in pages: the same bits as one in a piece, whatever the family, and pages that come and
 * go with the tokens. */
#include <string.h>

#include "engine_twin.h"
#include "kernels-ref/engine/engine_state.h"
#include "unit.h"

enum { SCALAR_PAGE = 4, PASSES_MAX = 24, LOGITS_MAX = 1 << 18 };

/* What the passes of a script yield: logits and touched bytes of all rows, one behind the other. */
typedef struct yield {
  float logits[LOGITS_MAX];
  uint64_t bytes[LOGITS_MAX];
  size_t logit_count, byte_count;
} yield;

static yield yields[2];
static yield *filled;

static void collect(twin *t, const twin_pass *pass) {
  const rl_engine_result *r = &pass->result;
  const size_t values = r->logit_rows * r->logit_width;
  CU_ASSERT_FATAL(filled->logit_count + values <= LOGITS_MAX);
  if (values > 0) memcpy(filled->logits + filled->logit_count, r->logits, values * sizeof(float));
  filled->logit_count += values;
  for (size_t i = 0; i < r->row_count; i++) {
    const uint32_t count = t->program->ops[r->rows[i].op].operand_count;
    CU_ASSERT_FATAL(filled->byte_count + count <= LOGITS_MAX);
    memcpy(filled->bytes + filled->byte_count, r->rows[i].bytes, count * sizeof(uint64_t));
    filled->byte_count += count;
  }
}

static void run(twin_setup setup, uint64_t page, yield *into) {
  twin t;
  setup.page = page;
  filled = into;
  *filled = (yield){.logit_count = 0};
  twin_open(&t, &setup);
  twin_run(&t, collect);
  twin_close(&t);
}

static void compare(const twin_setup *setup, uint64_t page) {
  run(*setup, 0, &yields[0]);
  run(*setup, page, &yields[1]);
  CU_ASSERT_TRUE(yields[0].byte_count > 0);
  CU_ASSERT_EQUAL_FATAL(yields[0].logit_count, yields[1].logit_count);
  CU_ASSERT_EQUAL_FATAL(yields[0].byte_count, yields[1].byte_count);
  CU_ASSERT_EQUAL(
      memcmp(yields[0].logits, yields[1].logits, yields[0].logit_count * sizeof *yields[0].logits),
      0);
  CU_ASSERT_EQUAL(
      memcmp(yields[0].bytes, yields[1].bytes, yields[0].byte_count * sizeof *yields[0].bytes), 0);
}

/* Trees, commits, chunks and states are in the script; 24 tokens are six pages. */
static void test_families(void) {
  for (int m = 0; m < TWIN_FAMILIES; m++) {
    const twin_setup setup = {.model = &TWIN_MODEL[m],
                              .weights = "fp32",
                              .activations = "fp32",
                              .kv = "fp32",
                              .profile = "reference"};
    compare(&setup, SCALAR_PAGE);
  }
}

static void test_formats(void) {
  static const char *const caches[] = {"int8-token", "fp16"};
  for (size_t c = 0; c < sizeof caches / sizeof *caches; c++) {
    const twin_setup setup = {.model = &TWIN_MODEL[0],
                              .weights = "bf16",
                              .activations = "bf16",
                              .kv = caches[c],
                              .profile = "unfused"};
    compare(&setup, SCALAR_PAGE + 1);
  }
}

/* Blocks of 4, 6, 3, 2 tokens of compressed caches lie within pages of 12; a window drops them. */
static void test_parted(void) {
  static const char *const twins[] = {"llama-twin", "mistral-twin"};
  static const char *const caches[] = {"small-tail", "small-tail-mixed", "small-gear",
                                       "small-packed"};
  enum { PAGE = 12 };
  for (size_t m = 0; m < sizeof twins / sizeof *twins; m++) {
    const ref_model *model = TWIN_MODEL;
    while (strcmp(model->twin, twins[m]) != 0) model++;
    ref_model chain = *model;
    chain.recurrent = true; /* no tree: such caches cannot hold one */
    for (size_t c = 0; c < sizeof caches / sizeof *caches; c++) {
      const twin_setup setup = {.model = &chain,
                                .weights = "fp32",
                                .activations = "fp32",
                                .kv = caches[c],
                                .profile = "reference"};
      compare(&setup, PAGE);
    }
  }
}

/* --- long sequences, fast rows --- */

enum { LONG = 200, STEPS = 3 };

static rl_engine_state *open_long(twin *t, uint64_t page, const uint64_t *capacity) {
  static const uint64_t seed = 7;
  const rl_weight_source source = rl_random_weights(&seed);
  const rl_engine_limits limits = {.sequences = 2,
                                   .capacity = capacity,
                                   .page = page,
                                   .tokens = LONG,
                                   .logit_rows = 2,
                                   .isa = rl_isa_best(),
                                   .threads = 2};
  rl_engine_state *engine = NULL;
  CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t->arena, t->program, &limits, &source, &engine, &t->diags),
                        RL_OK);
  return engine;
}

static void step(twin *t, rl_engine_state *engine, uint32_t sequence, uint64_t q, yield *into) {
  static uint32_t ids[LONG];
  for (uint32_t i = 0; i < q; i++) ids[i] = (i * 7 + sequence) % (uint32_t)t->program->vocabulary;
  const rl_engine_entry entry = {
      .sequence = sequence, .q = q, .ids = ids, .logits = RL_LOGITS_LAST};
  rl_engine_result r;
  CU_ASSERT_EQUAL_FATAL(rl_engine_step(engine, &entry, 1, NULL, &r, &t->diags), RL_OK);
  memcpy(into->logits + into->logit_count, r.logits, r.logit_width * sizeof(float));
  into->logit_count += r.logit_width;
}

/* Both sequences grow in turns, one is taken back behind a page and grows again. */
static void drive(twin *t, rl_engine_state *engine, yield *into) {
  *into = (yield){.logit_count = 0};
  step(t, engine, 0, 50, into);
  step(t, engine, 1, 130, into);
  step(t, engine, 0, 90, into);
  CU_ASSERT_EQUAL(rl_engine_rewind(engine, 1, 60, &t->diags), RL_OK);
  for (int n = 0; n < STEPS; n++) step(t, engine, 0, 1, into);
  step(t, engine, 1, 65, into);
  step(t, engine, 1, 4, into);
}

static void check_fast(const char *kv) {
  static const uint64_t capacity[] = {150, LONG};
  const twin_setup setup = {.model = &TWIN_MODEL[0],
                            .weights = "bf16",
                            .activations = "bf16",
                            .kv = kv,
                            .profile = "reference"};
  twin t;
  twin_open(&t, &setup);
  drive(&t, open_long(&t, 0, capacity), &yields[0]);
  drive(&t, open_long(&t, RL_ENGINE_PAGE, capacity), &yields[1]);
  CU_ASSERT_EQUAL(
      memcmp(yields[0].logits, yields[1].logits, yields[0].logit_count * sizeof *yields[0].logits),
      0);
  twin_close(&t);
}

static void test_fast(void) {
  check_fast("bf16");
  check_fast("int8-token");
  check_fast("int4-token");
}

/* --- the pages themselves --- */

/* Of sequences of 150 and 200 tokens: three pages of 64 and four. */
static void test_come_and_go(void) {
  static const uint64_t capacity[] = {150, LONG};
  const twin_setup setup = {.model = &TWIN_MODEL[0],
                            .weights = "bf16",
                            .activations = "bf16",
                            .kv = "bf16",
                            .profile = "reference"};
  bool seen[7] = {false};
  twin t;
  twin_open(&t, &setup);
  rl_engine_state *engine = open_long(&t, RL_ENGINE_PAGE, capacity);
  rl_engine_sequence *of = engine->sequences;
  CU_ASSERT_EQUAL(engine->limits.kv_rows, 448); /* 7 of 64 */
  CU_ASSERT_EQUAL(engine->free_count, 7);
  yields[0].logit_count = 0;
  step(&t, engine, 0, 64, &yields[0]);
  CU_ASSERT_EQUAL(of[0].page_count, 1);
  step(&t, engine, 0, 1, &yields[0]);
  CU_ASSERT_EQUAL(of[0].page_count, 2);
  CU_ASSERT_NOT_EQUAL(of[0].pages[0] + 1, of[0].pages[1]);
  step(&t, engine, 1, LONG, &yields[0]);
  CU_ASSERT_EQUAL(engine->free_count, 1);
  for (int s = 0; s < 2; s++) {
    for (uint64_t p = 0; p < of[s].page_count; p++) {
      CU_ASSERT_FATAL(of[s].pages[p] < 7);
      CU_ASSERT_FALSE(seen[of[s].pages[p]]);
      seen[of[s].pages[p]] = true;
    }
  }
  CU_ASSERT_EQUAL(rl_engine_rewind(engine, 1, 128, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(of[1].page_count, 2);
  CU_ASSERT_EQUAL(rl_engine_rewind(engine, 1, 0, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(engine->free_count, 5);
  CU_ASSERT_EQUAL(rl_engine_assume(engine, 1, 129, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(of[1].page_count, 3);
  twin_close(&t);
}

static void refuse(const char *kv, rl_isa isa, uint64_t page, const char *message) {
  static const uint64_t seed = 7, capacity[] = {TWIN_CAPACITY};
  const twin_setup setup = {.model = &TWIN_MODEL[0],
                            .weights = "fp32",
                            .activations = "fp32",
                            .kv = kv,
                            .profile = "reference"};
  const rl_weight_source source = rl_random_weights(&seed);
  const rl_engine_limits limits = {
      .sequences = 1, .capacity = capacity, .page = page, .tokens = 1, .logit_rows = 1, .isa = isa};
  rl_engine_state *engine;
  twin t;
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL(rl_engine_new(&t.arena, t.program, &limits, &source, &engine, &t.diags),
                  RL_ENVIRONMENT);
  CU_ASSERT_STRING_EQUAL(t.diags.list.items[0].message, message);
  twin_close(&t);
}

static void test_refused(void) {
  refuse("small-tail", RL_ISA_SCALAR, 6, "the cache cannot be kept in pages of 6 tokens here");
  refuse("fp32", RL_ISA_SCALAR + 1, 96, "the cache cannot be kept in pages of 96 tokens here");
}

RL_SUITE("pages", {"every family", test_families}, {"formats", test_formats},
         {"parted", test_parted}, {"fast rows", test_fast}, {"come and go", test_come_and_go},
         {"refused", test_refused})
