/* The engine on fast rows: the best that this machine executes, and each level below. Bytes are
 * those counted, logits those of the second implementation, and how a prompt is cut changes no bit.
 */
#include <math.h>

#include "engine_twin.h"
#include "unit.h"

/* Weights, activations, KV: one of each way to multiply. */
static const char *const FORMATS[][3] = {
    {"fp32", "fp32", "fp32"},       {"bf16", "bf16", "bf16"},
    {"fp16", "fp16", "fp16"},       {"w8a16", "bf16", "bf16"},
    {"w4a16-g128", "bf16", "bf16"}, {"w4a16-g32-asym", "bf16", "bf16"},
    {"w8a8-int8", "bf16", "bf16"},
};
enum { FORMATS_COUNT = sizeof FORMATS / sizeof *FORMATS };
static const char *const PROFILES[] = {"reference", "unfused"};

static double worst;

static void compare(twin *t, const twin_pass *pass) {
  worst = fmax(worst, twin_logit_error(t, pass, REF_RIGHT));
}

static twin_setup setup_of(int format, const char *profile, rl_isa isa) {
  return (twin_setup){.model = &TWIN_MODEL[0],
                      .weights = FORMATS[format][0],
                      .activations = FORMATS[format][1],
                      .kv = FORMATS[format][2],
                      .profile = profile,
                      .isa = isa};
}

static void test_bytes(void) {
  for (int f = 0; f < FORMATS_COUNT; f++) {
    for (int p = 0; p < 2; p++) {
      twin_setup setup = setup_of(f, PROFILES[p], rl_isa_best());
      twin_check_bytes(&setup);
    }
  }
}

/* In fp32 the budget is that of the scalar engine: sums in another order, nothing else. */
static void test_logits(void) {
  for (int isa = RL_ISA_SCALAR + 1; isa < RL_ISAS; isa++) {
    if (!rl_isa_runs((rl_isa)isa)) continue;
    for (int p = 0; p < 2; p++) {
      twin_setup setup = setup_of(0, PROFILES[p], (rl_isa)isa);
      twin t;
      worst = 0;
      twin_open(&t, &setup);
      twin_run(&t, compare);
      twin_close(&t);
      CU_ASSERT_TRUE(worst < 1e-5);
    }
  }
}

static void test_chunks(void) {
  for (int f = 0; f < FORMATS_COUNT; f++) {
    twin_setup setup = setup_of(f, PROFILES[0], rl_isa_best());
    CU_ASSERT_TRUE(twin_count_same_chunks(&setup) > 0);
  }
}

RL_SUITE("fast rows", {"bytes", test_bytes}, {"logits", test_logits}, {"chunks", test_chunks})
