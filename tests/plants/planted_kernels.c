/* The comparison sees errors of the kernels: built with a mistake in the mask, the window, the
 * rotary position, a slope of alibi or the index of a scale, the engine leaves the reference in
 * some pass of the script by far more than the bound that holds without it. Weights in groups of
 * 32, the rest fp32, bound 1e-5. */
#include <stdio.h>

#include "engine_twin.h"
#include "plants.h"
#include "unit.h"

static const double BOUND = 1e-5, FAR = 100;

rl_plant rl_planted;
static double worst;

static void compare(twin *t, const twin_pass *pass) {
  double error = twin_logit_error(t, pass, REF_RIGHT);
  if (!(error <= worst)) worst = error;
}

static double worst_error(const ref_model *model, const char *profile, rl_plant plant) {
  const twin_setup setup = {model, "w4a16-g32", "fp32", "fp32", profile};
  twin t;
  rl_planted = plant;
  worst = 0;
  twin_open(&t, &setup);
  twin_run(&t, compare);
  twin_close(&t);
  rl_planted = PLANT_NONE;
  return worst;
}

static void check_plant(rl_plant plant, bool (*applies)(const ref_model *model)) {
  static const char *const profiles[] = {"reference", "unfused"};
  int seen = 0;
  for (int m = 0; m < TWIN_FAMILIES; m++) {
    if (!applies(&TWIN_MODEL[m])) continue;
    for (int p = 0; p < 2; p++) {
      double wrong = worst_error(&TWIN_MODEL[m], profiles[p], plant);
      if (wrong <= FAR * BOUND) fprintf(stderr, "\n%s: only %g\n", TWIN_MODEL[m].twin, wrong);
      CU_ASSERT_TRUE(wrong > FAR * BOUND);
      seen++;
    }
  }
  CU_ASSERT_TRUE(seen > 0);
}

/* A window hides the token behind, too: its distance is less than nothing. */
static bool has_full_layer(const ref_model *model) {
  for (int l = 0; l < model->layers; l++) {
    if (model->mixer[l] == NULL && model->window[l] == 0) return true;
  }
  return false;
}
static bool always(const ref_model *model) {
  return model->layers > 0;
}
static bool has_window(const ref_model *model) {
  return model->window[0] > 0 || model->window[1] > 0;
}
static bool has_rope(const ref_model *model) {
  return model->rope_base[0] > 0;
}

static bool has_alibi(const ref_model *model) {
  return model->alibi > 0;
}

/* The copies are the kernels: with no mistake chosen they are right. */
static void test_none(void) {
  for (int m = 0; m < TWIN_FAMILIES; m++) {
    double budget = TWIN_MODEL[m].budget > 0 ? TWIN_MODEL[m].budget : 1;
    CU_ASSERT_TRUE(worst_error(&TWIN_MODEL[m], "reference", PLANT_NONE) <= BOUND * budget);
  }
}
static void test_mask(void) {
  check_plant(PLANT_MASK, has_full_layer);
}
static void test_window(void) {
  check_plant(PLANT_WINDOW, has_window);
}
static void test_rope(void) {
  check_plant(PLANT_ROPE, has_rope);
}
static void test_scale(void) {
  check_plant(PLANT_SCALE, always);
}

static void test_slope(void) {
  check_plant(PLANT_SLOPE, has_alibi);
}

RL_SUITE("planted kernels", {"none", test_none}, {"mask", test_mask}, {"window", test_window},
         {"rope position", test_rope}, {"scale index", test_scale}, {"alibi slope", test_slope})
