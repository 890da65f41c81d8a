/* An index that chooses tokens, in the engine: passes that mix both classes against the second
 * implementation, bytes included, in the formats that its keys may have; and errors in the choice
 * that the comparison must see. */
#include <math.h>
#include <string.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "unit.h"

static const rl_cost *cost;
static double worst;
static ref_plant plant;
static uint64_t fewest; /* distinct rows chosen in a pass, over those of the cache, in percent */

static const char *const TWINS[] = {"deepseek-v32-twin", "glm5-twin"};
enum { TWIN_COUNT = sizeof TWINS / sizeof *TWINS };

static const ref_model *model_of(const char *name) {
  const ref_model *model = TWIN_MODEL;
  while (strcmp(model->twin, name) != 0) model++;
  return model;
}

static void check_pass(twin *t, const twin_pass *pass) {
  uint64_t rows = 0;
  for (size_t e = 0; e < pass->count; e++) rows += pass->cached[e] + pass->entries[e].q;
  for (size_t r = 0; r < pass->result.row_count; r++) {
    const rl_engine_row *row = &pass->result.rows[r];
    if (t->program->ops[row->op].kind != RL_OP_CHOOSE_TOKENS) continue;
    CU_ASSERT(row->experts > 0 && row->experts <= rows);
    fewest = row->experts * 100 / rows < fewest ? row->experts * 100 / rows : fewest;
  }
  if (plant == REF_RIGHT) twin_check_pass(t, cost, pass);
  worst = fmax(worst, twin_logit_error(t, pass, plant));
}

static void run(const twin_setup *setup, ref_plant planted) {
  rl_cost *compiled;
  twin t;
  worst = 0;
  fewest = 100;
  plant = planted;
  twin_open(&t, setup);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&t.arena, t.program, 1, &compiled, &t.diags), RL_OK);
  cost = compiled;
  twin_run(&t, check_pass);
  twin_close(&t);
}

/* 7, 3 and 9 new tokens, 5 and 1, 4, 1 and 1, a tree of 4 beside chains of 3 and 1: some passes
 * leave rows out. */
static void test_mixed(void) {
  static const struct {
    const char *formats[3];
    double bound;
  } cases[] = {{{"fp32", "fp32", "fp32"}, 1e-5},
               {{"w4a16-g32", "fp32", "fp32"}, 1e-5},
               {{"bf16", "fp32", "int8-token"}, 5e-3}};
  for (int m = 0; m < TWIN_COUNT; m++) {
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
      const twin_setup setup = {model_of(TWINS[m]), cases[c].formats[0], cases[c].formats[1],
                                cases[c].formats[2], "mixed"};
      run(&setup, REF_RIGHT);
      CU_ASSERT(worst <= cases[c].bound);
      CU_ASSERT(fewest < 90);
    }
  }
}

static void test_errors(void) {
  static const ref_plant plants[] = {REF_CHOICE_ONE_MORE, REF_CHOICE_UNCLIPPED, REF_OTHER_PAIRS,
                                     REF_MASK_ONE_TOO_FAR, REF_ROPE_ONE_TOO_LATE};
  for (int m = 0; m < TWIN_COUNT; m++) {
    for (size_t p = 0; p < sizeof plants / sizeof *plants; p++) {
      const twin_setup setup = {model_of(TWINS[m]), "fp32", "fp32", "fp32", "reference"};
      run(&setup, plants[p]);
      CU_ASSERT(worst > 1e-3);
    }
  }
}

/* Latents in e4m3 with a scale for 128 of them, rotated keys in bf16, keys and queries of the index
 * in e4m3: operands of four formats. */
static void test_published_cache(void) {
  static const char *const profiles[] = {"reference", "unfused"};
  for (int m = 0; m < TWIN_COUNT; m++) {
    for (int p = 0; p < 2; p++) {
      const twin_setup setup = {model_of(TWINS[m]), "bf16", "bf16", "fp8-mla", profiles[p]};
      twin_check_bytes(&setup);
    }
  }
}

RL_SUITE("index", {"mixed passes", test_mixed}, {"errors are seen", test_errors},
         {"cache as published", test_published_cache})
