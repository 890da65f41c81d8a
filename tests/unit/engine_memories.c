/* Families with memories beside attention: their twins run through the script, except that a tree
 * becomes a chain, against their second implementation; touched bytes against counts; and planted
 * mistakes. */
#include "engine_memories.h"

#include <stdio.h>

#include "engine_twin.h"
#include "unit.h"

static const memory_bmojo BMOJO = {.window = 3, .budget = 2, .base = 10000};
static const memory_bmojo BMOJO_F = {.window = 4, .budget = 0, .base = 500};

static const memory_titans MAG = {MEMORY_MAG, 2, 2, 9, 4, 0.25, 5, 6, 2};
static const memory_titans MAL = {MEMORY_MAL, 3, 1, 0, 3, 0.5, 4, 0, 0};
static const memory_titans LMM = {MEMORY_LMM, 2, 3, 8, 5, 8, 0, 0, 0};

static const ref_model MODELS[] = {
    {.twin = "bmojo-twin",
     .forward = memory_bmojo_forward,
     .details = &BMOJO,
     .recurrent = true,
     .tied = true,
     .layers = 2,
     .width = 30,
     .ff = 43,
     .vocabulary = 53,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 6},
    {.twin = "bmojo-f-twin",
     .forward = memory_bmojo_forward,
     .details = &BMOJO_F,
     .recurrent = true,
     .layers = 2,
     .width = 24,
     .vocabulary = 47,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 8},
    {.twin = "titans-mag-twin",
     .forward = memory_titans_forward,
     .details = &MAG,
     .recurrent = true,
     .tied = true,
     .layers = 2,
     .width = 24,
     .ff = 37,
     .vocabulary = 53,
     .heads = 4,
     .kv_heads = 2,
     .head_dim = 6},
    {.twin = "titans-mal-twin",
     .forward = memory_titans_forward,
     .details = &MAL,
     .recurrent = true,
     .layers = 2,
     .width = 18,
     .vocabulary = 47,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 6},
    {.twin = "titans-lmm-twin",
     .forward = memory_titans_forward,
     .details = &LMM,
     .recurrent = true,
     .tied = true,
     .layers = 3,
     .width = 14,
     .ff = 23,
     .vocabulary = 43},
};
enum { MODEL_COUNT = sizeof MODELS / sizeof *MODELS };
static const char *const PROFILES[] = {"reference", "unfused"};
static const double FP32_BOUND = 1e-4, FAR = 50;

/* Largest error of a run. */
static double worst;
static int plant;

static void compare(twin *t, const twin_pass *pass) {
  double error = twin_logit_error(t, pass, (ref_plant)plant);
  if (!(error <= worst)) worst = error;
}

static double worst_error(const twin_setup *setup, int planted) {
  twin t;
  plant = planted;
  worst = 0;
  twin_open(&t, setup);
  twin_run(&t, compare);
  twin_close(&t);
  return worst;
}

static void check_logits(const char *weights, const char *activations, const char *kv,
                         double bound) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (int p = 0; p < 2; p++) {
      twin_setup setup = {&MODELS[m], weights, activations, kv, PROFILES[p]};
      double error = worst_error(&setup, REF_RIGHT);
      if (!(error <= bound)) {
        fprintf(stderr, "\n%s %s %s: error %g\n", MODELS[m].twin, PROFILES[p], weights, error);
      }
      CU_ASSERT_TRUE(error <= bound);
    }
  }
}

static void test_fp32(void) {
  check_logits("fp32", "fp32", "fp32", FP32_BOUND);
}
static void test_stored(void) {
  check_logits("bf16", "fp32", "fp32", FP32_BOUND);
  check_logits("w4a16-g32", "fp32", "fp32", FP32_BOUND);
  check_logits("fp32", "fp32", "int8-token", 5e-3);
  check_logits("bf16", "bf16", "bf16", 3e-2);
}

/* A prompt in chunks of 5 and 4 gives the logits of the prompt in one piece, bit for bit. */
static void test_chunks(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    twin_setup setup = {&MODELS[m], "bf16", "bf16", "bf16", PROFILES[0]};
    CU_ASSERT_EQUAL(twin_count_same_chunks(&setup), 1);
  }
}

static void test_bytes(void) {
  static const char *const formats[][3] = {{"fp32", "fp32", "fp32"},
                                           {"bf16", "bf16", "bf16"},
                                           {"w4a16-g32", "bf16", "int8-token"},
                                           {"w8a8-int8", "bf16", "bf16"}};
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
      for (int p = 0; p < 2; p++) {
        twin_setup setup = {&MODELS[m], formats[f][0], formats[f][1], formats[f][2], PROFILES[p]};
        twin_check_bytes(&setup);
      }
    }
  }
}

/* Each mistake moves the logits of each family it is possible in far beyond the bound. */
static void test_plants(void) {
  static const struct {
    int model, plant;
  } planted[] = {{0, REF_SCALE_ONE_TOO_EARLY},   {0, REF_ROPE_ONE_TOO_LATE},
                 {0, MEMORY_KEEPS_THE_EXPECTED}, {0, MEMORY_KEEPS_THE_FIRST},
                 {0, MEMORY_WINDOWS_OVERLAP},    {1, MEMORY_WINDOWS_OVERLAP},
                 {2, REF_SCALE_ONE_TOO_EARLY},   {2, REF_ROPE_ONE_TOO_LATE},
                 {2, REF_STATE_ONE_TOO_EARLY},   {2, MEMORY_NO_MOMENTUM},
                 {2, MEMORY_NEVER_FORGETS},      {2, MEMORY_LEARNS_FROM_NOW},
                 {2, MEMORY_LATE_CHUNK},         {2, MEMORY_FORGETS_A_PERSISTENT_KEY},
                 {3, MEMORY_NO_MOMENTUM},        {3, MEMORY_NEVER_FORGETS},
                 {3, MEMORY_LEARNS_FROM_NOW},    {3, REF_MASK_ONE_TOO_FAR},
                 {4, MEMORY_NO_MOMENTUM},        {4, MEMORY_LATE_CHUNK}};
  for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
    twin_setup setup = {&MODELS[planted[i].model], "w4a16-g32", "fp32", "fp32", PROFILES[0]};
    double error = worst_error(&setup, planted[i].plant);
    if (error <= FAR * FP32_BOUND)
      fprintf(stderr, "\n%s, plant %d: only %g\n", setup.model->twin, planted[i].plant, error);
    CU_ASSERT_TRUE(error > FAR * FP32_BOUND);
  }
}

RL_SUITE("memories", {"fp32", test_fp32}, {"stored", test_stored}, {"chunks", test_chunks},
         {"bytes", test_bytes}, {"plants", test_plants})
