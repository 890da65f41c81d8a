/* Formats that rotate, in the engine: logits against the second implementation, touched bytes
 * against those counted. */
#include <math.h>
#include <stdio.h>

#include "engine_twin.h"
#include "unit.h"

/* tests/twins/rotated-*.yaml, typed once more. */
static const ref_model MODELS[] = {
    {.twin = "rotated-twin",
     .layers = 2,
     .width = 52,
     .ff = 112,
     .vocabulary = 61,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 10,
     .eps = 1e-5,
     .gated = true,
     .act = REF_SILU,
     .score_root = 10,
     .rope_base = {10000, 10000}},
    {.twin = "rotated-moe-twin",
     .layers = 2,
     .width = 52,
     .ff = 24,
     .vocabulary = 61,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 10,
     .eps = 1e-5,
     .gated = true,
     .act = REF_SILU,
     .score_root = 10,
     .rope_base = {1e6, 1e6},
     .experts = 5,
     .chosen = 2,
     .expert_ff = 24,
     .mixture = {true, true},
     .weigh_chosen = true,
     .expert_ops = {"gate_proj", "up_proj", "down_proj"}},
};
enum { MODEL_COUNT = sizeof MODELS / sizeof *MODELS };

static const char *const FORMATS[] = {"rotated-w4", "rotated-w4-back", "tcq-1.75", "qtip-2",
                                      "nuq-3",      "vq-1.5",          "tcq-2.5"};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };
static const char *const PROFILES[] = {"reference", "unfused"};

static double worst;
static ref_plant plant;

static void compare(twin *t, const twin_pass *pass) {
  worst = fmax(worst, twin_logit_error(t, pass, plant));
}

static double run(const twin_setup *setup, ref_plant wrong) {
  twin t;
  worst = 0;
  plant = wrong;
  twin_open(&t, setup);
  twin_run(&t, compare);
  twin_close(&t);
  if (wrong == REF_RIGHT && worst > 1e-5) {
    fprintf(stderr, "\n%s %s %s: %g\n", setup->model->twin, setup->weights, setup->profile, worst);
  }
  return worst;
}

/* Sums of 112 values in fp32, twice a layer more than without rotations. Experts have a table each,
 * which the other side does not look for. */
static void test_logits(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (int f = 0; f < (MODELS[m].experts > 0 ? 2 : FORMAT_COUNT); f++) {
      for (int p = 0; p < 2; p++) {
        twin_setup setup = {&MODELS[m], FORMATS[f], "fp32", "fp32", PROFILES[p], NULL, NULL};
        CU_ASSERT_TRUE(run(&setup, REF_RIGHT) <= 1e-5);
      }
    }
    twin_setup stored = {&MODELS[m], FORMATS[m], "bf16", "bf16", "reference", NULL, NULL};
    CU_ASSERT_TRUE(run(&stored, REF_RIGHT) <= 3e-2);
  }
}

/* Signs on the wrong side of the matrix, in front and behind. */
static void test_plants(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (int f = 0; f < 2; f++) {
      twin_setup setup = {&MODELS[m], FORMATS[f], "fp32", "fp32", "reference", NULL, NULL};
      CU_ASSERT_TRUE(run(&setup, REF_SIGNS_MISPLACED) > 1e-2);
    }
  }
}

static void test_bytes(void) {
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (int f = 0; f < FORMAT_COUNT; f++) {
      for (int p = 0; p < 2; p++) {
        twin_check_bytes(
            &(twin_setup){&MODELS[m], FORMATS[f], "bf16", "bf16", PROFILES[p], NULL, NULL});
      }
    }
  }
}

RL_SUITE("rotation", {"logits", test_logits}, {"plants", test_plants}, {"bytes", test_bytes})
