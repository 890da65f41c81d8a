/* Caches that hold what nobody wrote, and weights of some rows again and again: for times. */
#include <math.h>
#include <string.h>

#include "engine_twin.h"
#include "unit.h"

static const twin_setup SETUP = {.model = &TWIN_MODEL[0],
                                 .weights = "bf16",
                                 .activations = "fp32",
                                 .kv = "bf16",
                                 .profile = "reference"};

/* A step behind tokens that never ran gives numbers, and the sequence is one longer. */
static void test_assume(void) {
  twin t;
  const uint32_t id = 3;
  const rl_engine_entry entry = {.q = 1, .ids = &id, .logits = RL_LOGITS_ALL};
  rl_engine_result result;
  twin_open(&t, &SETUP);
  CU_ASSERT_TRUE_FATAL(rl_engine_assumes(t.program));
  CU_ASSERT_EQUAL(rl_engine_assume(t.engine, 0, 7, &t.diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_engine_step(t.engine, &entry, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 8);
  for (uint64_t i = 0; i < result.logit_width; i++) CU_ASSERT_FALSE(isnan(result.logits[i]));
  CU_ASSERT_EQUAL(rl_engine_assume(t.engine, 0, TWIN_CAPACITY, &t.diags), RL_OK);
  CU_ASSERT_NOT_EQUAL(rl_engine_assume(t.engine, 0, TWIN_CAPACITY + 1, &t.diags), RL_OK);
  CU_ASSERT_NOT_EQUAL(rl_engine_assume(t.engine, TWIN_SEQUENCES, 1, &t.diags), RL_OK);
  twin_close(&t);
}

/* What follows from all tokens cannot be assumed: a state, a cache that parts its tokens. */
static void test_refused(void) {
  bool refused = false;
  for (int m = 0; m < TWIN_MODELS && !refused; m++) {
    twin t;
    twin_setup setup = SETUP;
    setup.model = &TWIN_MODEL[m];
    twin_open(&t, &setup);
    if (rl_program_keeps(t.program, RL_ROLE_STATE)) {
      refused = true;
      CU_ASSERT_FALSE(rl_engine_assumes(t.program));
      CU_ASSERT_NOT_EQUAL(rl_engine_assume(t.engine, 0, 1, &t.diags), RL_OK);
    }
    twin_close(&t);
  }
  CU_ASSERT_TRUE(refused);
}

/* Few rows are those of the other source; of many the first ones return. */
static void test_repeated(void) {
  enum { ROWS = 1200, COLS = 4, DRAWN = 509 };
  static const uint64_t seed = 11;
  static const rl_component fp32 = {.kind = RL_DENSE, .type = RL_F32};
  static const rl_format format = {.name = "f", .file = "test", .stack = &fp32, .depth = 1};
  static float values[2][ROWS * COLS], row[COLS];
  rl_tensor tensor = {
      .name = "w", .role = RL_ROLE_WEIGHT, .format = &format, .rows = ROWS, .cols = COLS};
  const rl_program program = {.tensors = &tensor, .tensor_count = 1};
  const rl_op op = {.kind = RL_OP_LINEAR};
  const rl_weight_source sources[] = {rl_random_weights(&seed), rl_repeated_weights(&seed)};
  for (int s = 0; s < 2; s++) {
    rl_store store;
    CU_ASSERT_TRUE_FATAL(rl_store_init(&store, &format, ROWS, COLS));
    store.bytes = (uint8_t *)values[s];
    const rl_weight_request request = {
        .program = &program, .layer = RL_NONE, .op = &op, .slot = 1, .store = &store, .row = row};
    CU_ASSERT_EQUAL(sources[s].fill(sources[s].context, &request, NULL), RL_OK);
  }
  CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof(float) * DRAWN * COLS), 0);
  CU_ASSERT_NOT_EQUAL(memcmp(values[0] + DRAWN * COLS, values[1] + DRAWN * COLS, sizeof row), 0);
  for (int r = DRAWN; r < ROWS; r++) {
    CU_ASSERT_EQUAL(memcmp(values[1] + r * COLS, values[1] + (r - DRAWN) * COLS, sizeof row), 0);
  }
}

RL_SUITE("assume", {"assume", test_assume}, {"refused", test_refused}, {"repeated", test_repeated})
