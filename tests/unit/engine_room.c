/* A step takes no memory: everything was planned before. This program's malloc stands before the C
 * library's and counts; not under sanitizers, which bring their own. */
#include <stdlib.h>

#include "engine_twin.h"
#include "unit.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef COUNTS
#endif
#endif
#endif

#ifdef COUNTS
#include <stdatomic.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);

static atomic_bool watched;
static atomic_ulong asked;

#define EXPORTED __attribute__((visibility("default")))

static void note(void) {
  if (watched) asked++;
}

EXPORTED void *malloc(size_t bytes) {
  note();
  return __libc_malloc(bytes);
}

EXPORTED void *calloc(size_t count, size_t bytes) {
  note();
  return __libc_calloc(count, bytes);
}

EXPORTED void *realloc(void *block, size_t bytes) {
  note();
  return __libc_realloc(block, bytes);
}

static rl_engine_state *open_engine(twin *t) {
  static const uint64_t seed = 7, capacity[] = {TWIN_CAPACITY};
  const rl_weight_source source = rl_random_weights(&seed);
  const rl_engine_limits limits = {.sequences = 1,
                                   .capacity = capacity,
                                   .tokens = TWIN_TOKENS,
                                   .logit_rows = TWIN_TOKENS,
                                   .isa = rl_isa_best(),
                                   .threads = 2};
  rl_engine_state *engine = NULL;
  CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t->arena, t->program, &limits, &source, &engine, &t->diags),
                        RL_OK);
  return engine;
}

static void step(twin *t, rl_engine_state *engine, uint64_t q) {
  static const uint32_t ids[TWIN_TOKENS] = {1, 2, 3};
  const rl_engine_entry entry = {.q = q, .ids = ids, .logits = RL_LOGITS_ALL};
  rl_engine_result result;
  CU_ASSERT_EQUAL_FATAL(rl_engine_step(engine, &entry, 1, NULL, &result, &t->diags), RL_OK);
}

/* A prefill starts the threads; from then on nothing. */
static void check(const char *weights, const char *activations, const char *kv) {
  const twin_setup setup = {.model = &TWIN_MODEL[0],
                            .weights = weights,
                            .activations = activations,
                            .kv = kv,
                            .profile = "reference"};
  twin t;
  twin_open(&t, &setup);
  rl_engine_state *engine = open_engine(&t);
  step(&t, engine, 9);
  asked = 0;
  watched = true;
  void *volatile proof = malloc(1); /* the count counts; a compiler may drop a pair it can see */
  free(proof);
  for (int n = 0; n < 3; n++) step(&t, engine, 1);
  step(&t, engine, 4);
  watched = false;
  CU_ASSERT_EQUAL(asked, 1);
  twin_close(&t);
}

static void test_step(void) {
  check("fp32", "fp32", "fp32");
  check("bf16", "bf16", "int8-token");
  check("w8a8-int8", "bf16", "bf16");
}
#else
static void test_step(void) {
}
#endif

RL_SUITE("room", {"no memory in a step", test_step})
