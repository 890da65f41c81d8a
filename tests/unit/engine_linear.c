/* Families that keep states: their twins run through the script, except that a tree becomes a
 * chain, against their second implementation; touched bytes against counts; and planted mistakes.
 */
#include "engine_linear.h"

#include <stdio.h>

#include "engine_twin.h"
#include "unit.h"

static const ref_model MODELS[] = {
    {.twin = "qwen3-next-twin",
     .forward = linear_qwen3_next,
     .recurrent = true,
     .layers = 4,
     .width = 45,
     .ff = 70,
     .vocabulary = 59,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 12,
     .experts = 9,
     .chosen = 3,
     .expert_ff = 33},
    {.twin = "minimax-twin",
     .forward = linear_minimax,
     .recurrent = true,
     .layers = 4,
     .width = 44,
     .vocabulary = 61,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 10,
     .experts = 5,
     .chosen = 2,
     .expert_ff = 37},
    {.twin = "retnet-twin",
     .forward = linear_retnet,
     .recurrent = true,
     .layers = 2,
     .width = 36,
     .vocabulary = 53,
     .heads = 3},
    {.twin = "rwkv-twin",
     .forward = linear_rwkv,
     .recurrent = true,
     .layers = 2,
     .width = 30,
     .vocabulary = 47,
     .heads = 3},
    {.twin = "jrt-twin",
     .forward = linear_jrt,
     .recurrent = true,
     .cut_matters = true,
     .layers = 4,
     .width = 36,
     .ff = 50,
     .vocabulary = 56,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 12,
     .tied = true},
    {.twin = "memory-twin",
     .forward = linear_memory,
     .recurrent = true, /* its second implementation follows no trees */
     .layers = 2,
     .width = 34,
     .ff = 45,
     .vocabulary = 53,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 10,
     .tied = true},
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

/* Budgets as in engine_logits.c, but for fp32: what a query reads from a state may cancel before it
 * is normalised head by head, and the reference, disturbed by 1e-7 before each rounding, leaves
 * itself 3e-5 behind. */
static void test_fp32(void) {
  check_logits("fp32", "fp32", "fp32", FP32_BOUND);
}
static void test_stored(void) {
  check_logits("bf16", "fp32", "fp32", FP32_BOUND);
  check_logits("w4a16-g32", "fp32", "fp32", FP32_BOUND);
  check_logits("fp32", "fp32", "int8-token", 5e-3);
  check_logits("bf16", "bf16", "bf16", 3e-2);
}

/* A prompt in chunks of 5 and 4 gives the logits of the prompt in one piece, bit for bit; not where
 * the first pass of a sequence reads its tokens twice. */
static void test_chunks(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    twin_setup setup = {&MODELS[m], "bf16", "bf16", "bf16", PROFILES[0]};
    CU_ASSERT_EQUAL(twin_count_same_chunks(&setup), !MODELS[m].cut_matters);
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

/* What keeps no state can follow a tree, whose nodes all have the memories of their sequence. */
static void test_tree_bytes(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    ref_model model = MODELS[m];
    if (model.forward != linear_memory) continue;
    model.recurrent = false;
    for (int p = 0; p < 2; p++) {
      twin_setup setup = {&model, "w4a16-g32", "bf16", "int8-token", PROFILES[p]};
      twin_check_bytes(&setup);
    }
  }
}

/* Each mistake moves the logits of each family it is possible in far beyond the bound. */
static void test_plants(void) {
  static const struct {
    int model, plant;
  } planted[] = {{0, REF_SCALE_ONE_TOO_EARLY},    {0, REF_MASK_ONE_TOO_FAR},
                 {0, REF_ROPE_ONE_TOO_LATE},      {0, REF_EXPERT_ONE_TOO_FAR},
                 {0, LINEAR_FADES_LATE},          {1, REF_MASK_ONE_TOO_FAR},
                 {1, REF_EXPERT_ONE_TOO_FAR},     {1, LINEAR_DECAY_OF_NEXT_LAYER},
                 {2, LINEAR_DECAY_OF_NEXT_LAYER}, {2, REF_ROPE_ONE_TOO_LATE},
                 {3, LINEAR_FADES_LATE},          {3, LINEAR_NO_BONUS},
                 {3, LINEAR_SHIFTS_TWICE},        {4, LINEAR_PREFIX_ONE_SHORT},
                 {4, LINEAR_PREFIX_CAUSAL},       {4, LINEAR_SQUARE_WHOLE},
                 {4, REF_MASK_ONE_TOO_FAR},       {4, REF_ROPE_ONE_TOO_LATE},
                 {5, LINEAR_NEXT_BLOCK},          {5, REF_MASK_ONE_TOO_FAR},
                 {5, REF_ROPE_ONE_TOO_LATE},      {5, REF_SCALE_ONE_TOO_EARLY}};
  for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
    twin_setup setup = {&MODELS[planted[i].model], "w4a16-g32", "fp32", "fp32", PROFILES[0]};
    double error = worst_error(&setup, planted[i].plant);
    if (error <= FAR * FP32_BOUND)
      fprintf(stderr, "\n%s, plant %d: only %g\n", setup.model->twin, planted[i].plant, error);
    CU_ASSERT_TRUE(error > FAR * FP32_BOUND);
  }
}

RL_SUITE("linear attention", {"fp32", test_fp32}, {"stored", test_stored}, {"chunks", test_chunks},
         {"bytes", test_bytes}, {"tree bytes", test_tree_bytes}, {"plants", test_plants})
