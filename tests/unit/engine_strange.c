/* What is no finite number, on purpose: a gain that is too large for what it multiplies, seen in a
 * step of few tokens and in one of many, and weights that hold it from the beginning. */
#include <math.h>

#include "diag_line.h"
#include "engine_twin.h"
#include "unit.h"

static const uint64_t SEED = 5;
static const uint64_t CAPACITY[] = {24};

/* Random weights but for one value of the first matrix or gain of layer 1. */
typedef struct damage {
  rl_op_kind kind;
  float value;
  const char *op; /* that reads it */
  uint32_t tensor;
} damage;

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  damage *d = (damage *)(uintptr_t)context;
  const rl_weight_source random = rl_random_weights(&SEED);
  const rl_store *store = request->store;
  CU_ASSERT_EQUAL(random.fill(random.context, request, diags), RL_OK);
  bool first = d->op == NULL || d->tensor == request->tensor;
  if (request->layer != 1 || request->op->kind != d->kind || request->slot != 1 || !first) {
    return RL_OK;
  }
  const rl_span last = {store->rows - 1, 0, store->cols};
  d->op = request->op->name;
  d->tensor = request->tensor;
  rl_store_read(store, last, request->row, NULL);
  request->row[store->cols - 2] = d->value;
  rl_store_write(store, last, request->row, NULL);
  return RL_OK;
}

static rl_status open_engine(twin *t, const twin_setup *setup, damage *d,
                             rl_engine_state **engine) {
  const rl_weight_source source = {fill, d};
  const rl_engine_limits limits = {
      .sequences = 1, .capacity = CAPACITY, .tokens = 20, .logit_rows = 20};
  twin_open(t, setup);
  return rl_engine_new(&t->arena, t->program, &limits, &source, engine, &t->diags);
}

/* The last gain is one that no value of fp16 can be multiplied with. */
static void test_results(void) {
  static const twin_setup SETUP = {.model = &TWIN_MODEL[0],
                                   .weights = "fp32",
                                   .activations = "fp16",
                                   .kv = "fp16",
                                   .profile = "unfused"};
  static const uint32_t IDS[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
  for (uint64_t q = 3; q <= 20; q += 17) { /* 3 and 20 */
    damage d = {.kind = RL_OP_NORM, .value = 3e38f};
    rl_engine_state *engine;
    rl_engine_result result;
    twin t;
    const rl_engine_entry entry = {0, q, IDS, NULL, RL_LOGITS_LAST};
    CU_ASSERT_EQUAL_FATAL(open_engine(&t, &SETUP, &d, &engine), RL_OK);
    CU_ASSERT_EQUAL(rl_engine_step(engine, &entry, 1, NULL, &result, &t.diags), RL_NO);
    CU_ASSERT_EQUAL_FATAL(t.diags.list.count, 1);
    diag_is(
        &t.diags, 0,
        "error: operator input_norm of layer 1 made a value that is no finite number — fp16 ends "
        "at 65,504: with bf16 or fp32 activations it may be one");
    CU_ASSERT_EQUAL(rl_engine_length(engine, 0), 0);
    twin_close(&t);
  }
}

/* Dense matrices, and scales of codes. */
static void test_weights(void) {
  static const char *const FORMATS[] = {"fp32", "bf16", "fp16", "w8a16"};
  for (size_t f = 0; f < sizeof FORMATS / sizeof *FORMATS; f++) {
    const twin_setup setup = {.model = &TWIN_MODEL[0],
                              .weights = FORMATS[f],
                              .activations = "fp32",
                              .kv = "fp32",
                              .profile = "unfused"};
    damage d = {.kind = RL_OP_LINEAR, .value = f == 1 ? INFINITY : NAN};
    rl_engine_state *engine;
    twin t;
    if (f == 3) d.value = 1; /* codes have no such number */
    CU_ASSERT_EQUAL(open_engine(&t, &setup, &d, &engine), f == 3 ? RL_OK : RL_BAD_INPUT);
    CU_ASSERT_EQUAL(t.diags.list.count, f < 3);
    if (f < 3) {
      diag_is(
          &t.diags, 0,
          "error: weight q_proj.weight of layer 1 holds what is no finite number: row 59, value "
          "or scale 52 — the file that it comes from is damaged");
    }
    twin_close(&t);
  }
}

RL_SUITE("strange numbers", {"results", test_results}, {"weights", test_weights})
