/* The comparison sees errors: with one planted in the second implementation, an off-by-one in the
 * mask, the window, the rotary position, the index of a scale, of an expert or of a slope, or pairs
 * of the other style, some pass of the script lies far beyond the bound that holds without it.
 * Weights in groups of 32 with fp32 activations, bound 1e-5. */
#include <stdio.h>

#include "engine_reference_state.h"
#include "engine_twin.h"
#include "unit.h"

static const double BOUND = 1e-5, FAR = 100;

static ref_plant plant;
static double worst;

static void compare(twin *t, const twin_pass *pass) {
  double error = twin_logit_error(t, pass, plant);
  if (error > worst) worst = error;
}

static double worst_error(int model, ref_plant planted) {
  static const char *const profile = "reference";
  twin_setup setup = {&TWIN_MODEL[model], "w4a16-g32", "fp32", "fp32", profile};
  twin t;
  plant = planted;
  worst = 0;
  twin_open(&t, &setup);
  twin_run(&t, compare);
  twin_close(&t);
  return worst;
}

static void check_plant(ref_plant planted, bool (*applies)(const ref_model *model)) {
  int seen = 0;
  for (int m = 0; m < TWIN_FAMILIES; m++) {
    if (!applies(&TWIN_MODEL[m])) continue;
    double right = worst_error(m, REF_RIGHT), wrong = worst_error(m, planted);
    double budget = TWIN_MODEL[m].budget > 0 ? TWIN_MODEL[m].budget : 1;
    CU_ASSERT_TRUE(right <= BOUND * budget);
    if (wrong <= FAR * BOUND) fprintf(stderr, "\n%s: only %g\n", TWIN_MODEL[m].twin, wrong);
    CU_ASSERT_TRUE(wrong > FAR * BOUND);
    seen++;
  }
  CU_ASSERT_TRUE(seen > 0);
}

static bool always(const ref_model *model) {
  return model->layers > 0;
}
static bool has_mask(const ref_model *model) {
  bool attends = false;
  for (int l = 0; l < model->layers; l++) attends = attends || model->mixer[l] == NULL;
  return attends;
}
static bool has_state(const ref_model *model) {
  return model->recurrent;
}
static bool has_window(const ref_model *model) {
  return model->window[0] > 0 || model->window[1] > 0;
}
static bool has_rope(const ref_model *model) {
  return model->rope_base[0] > 0;
}

static bool has_mixture(const ref_model *model) {
  return model->experts > 0;
}

static bool has_alibi(const ref_model *model) {
  return model->alibi > 0;
}

static bool fits_locally(const ref_model *model) {
  return model->ridge > 0;
}

static void test_mask(void) {
  check_plant(REF_MASK_ONE_TOO_FAR, has_mask);
}
static void test_window(void) {
  check_plant(REF_WINDOW_ONE_TOO_WIDE, has_window);
}
static void test_rope(void) {
  check_plant(REF_ROPE_ONE_TOO_LATE, has_rope);
}
static void test_scale(void) {
  check_plant(REF_SCALE_ONE_TOO_EARLY, always);
}

static void test_expert(void) {
  check_plant(REF_EXPERT_ONE_TOO_FAR, has_mixture);
}

static void test_tap(void) {
  check_plant(REF_TAP_ONE_TOO_LATE, has_state);
}
static bool has_blocks(const ref_model *model) {
  return model->forward == ref_forward_zamba;
}
static void test_block(void) {
  check_plant(REF_OTHER_BLOCK, has_blocks);
}
static void test_state(void) {
  check_plant(REF_STATE_ONE_TOO_EARLY, has_state);
}

static void test_slope(void) {
  check_plant(REF_SLOPE_ONE_TOO_FAR, has_alibi);
}

static void test_pairs(void) {
  check_plant(REF_OTHER_PAIRS, has_rope);
}

static void test_local(void) {
  check_plant(REF_KEYS_NOT_CENTRED, fits_locally);
  check_plant(REF_RIDGE_UNWEIGHED, fits_locally);
}

RL_SUITE("planted errors", {"mask", test_mask}, {"window", test_window},
         {"rope position", test_rope}, {"scale index", test_scale}, {"expert", test_expert},
         {"tap", test_tap}, {"state", test_state}, {"shared block", test_block},
         {"alibi slope", test_slope}, {"rotary pairs", test_pairs},
         {"local fit", test_local})
