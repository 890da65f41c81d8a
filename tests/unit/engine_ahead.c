/* DeepSeek V3 with the module that predicts a second token: one pass runs both over the script of
 * the twins (chunks, decode, a tree, a draft chain), against the second implementation: logits of
 * both heads, bytes, planted mistakes. Bounds as in engine_logits.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine_reference_latent.h"
#include "engine_twin.h"
#include "unit.h"

static const ref_model MODEL = {.twin = "deepseek-v3-mtp-twin",
                                .layers = 3,
                                .width = 46,
                                .ff = 71,
                                .vocabulary = 61,
                                .heads = 3,
                                .eps = 1e-6,
                                .rope_base = {100},
                                .experts = 12,
                                .chosen = 3,
                                .expert_ff = 33,
                                .forward = ref_forward_latent,
                                .details = &REF_LATENT_V3};
static const char *const PROFILES[] = {"reference", "unfused"};

static double worst;
static ref_plant plant;
static int heads;

static void compare(twin *t, const twin_pass *pass) {
  worst = fmax(worst, twin_logit_error(t, pass, plant));
  heads += pass->result.ahead_logits != NULL;
}

static double run(const twin_setup *setup, ref_plant planted) {
  twin t;
  worst = 0;
  plant = planted;
  twin_open(&t, setup);
  twin_run(&t, compare);
  twin_close(&t);
  return worst;
}

static void test_logits(void) {
  static const struct {
    const char *weights, *activations, *kv;
    double bound;
  } cases[] = {{"fp32", "fp32", "fp32", 1e-5},
               {"bf16", "fp32", "fp32", 1e-5},
               {"w4a16-g32", "fp32", "fp32", 1e-5},
               {"fp32", "fp32", "int8-token", 5e-3}};
  heads = 0;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    for (int p = 0; p < 2; p++) {
      const twin_setup setup = {&MODEL, cases[c].weights, cases[c].activations, cases[c].kv,
                                PROFILES[p]};
      double error = run(&setup, REF_RIGHT);
      if (!(error <= cases[c].bound)) {
        fprintf(stderr, "\n%s %s: error %g\n", PROFILES[p], cases[c].weights, error);
      }
      CU_ASSERT_TRUE(error <= cases[c].bound);
    }
  }
  CU_ASSERT_EQUAL(heads, 8 * 7); /* every pass of the script */
}

static void test_bytes(void) {
  static const char *const formats[][3] = {{"fp32", "fp32", "fp32"},
                                           {"bf16", "bf16", "int8-token"},
                                           {"w4a16-g128", "bf16", "bf16"},
                                           {"w8a8-int8", "bf16", "bf16"}};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    for (int p = 0; p < 2; p++) {
      const twin_setup setup = {&MODEL, formats[f][0], formats[f][1], formats[f][2], PROFILES[p]};
      twin_check_bytes(&setup);
    }
  }
}

static void test_plants(void) {
  static const ref_plant plants[] = {REF_AHEAD_OF_SAME, REF_AHEAD_SWAPPED, REF_MASK_ONE_TOO_FAR,
                                     REF_ROPE_ONE_TOO_LATE, REF_EXPERT_ONE_TOO_FAR};
  const twin_setup setup = {&MODEL, "w4a16-g32", "fp32", "fp32", PROFILES[0]};
  for (size_t p = 0; p < sizeof plants / sizeof *plants; p++) {
    double error = run(&setup, plants[p]);
    if (!(error > 1e-3)) fprintf(stderr, "\nplant %d: only %g\n", plants[p], error);
    CU_ASSERT_TRUE(error > 1e-3);
  }
}

static float one_piece[REF_WIDTH];
static int same_chunks;

/* Sequence 3 was given in one pass what sequence 2 is given in chunks of 5 and 4. */
static void compare_chunks(twin *t, const twin_pass *pass) {
  const size_t bytes = (size_t)MODEL.vocabulary * sizeof(float);
  const float *row = pass->result.ahead_logits;
  (void)t;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    uint64_t held = pass->cached[e] + entry->q;
    if (entry->sequence == 3 && held == 9) memcpy(one_piece, row, bytes);
    if (entry->sequence == 2 && held == 9) same_chunks += memcmp(one_piece, row, bytes) == 0;
    row += (size_t)MODEL.vocabulary * twin_logit_rows(entry);
  }
}

/* What follows a chunk is known: the module's cache does not depend on how a prompt is cut. */
static void test_chunks(void) {
  const twin_setup setup = {&MODEL, "bf16", "bf16", "bf16", PROFILES[0]};
  twin t;
  same_chunks = 0;
  twin_open(&t, &setup);
  twin_run(&t, compare_chunks);
  twin_close(&t);
  CU_ASSERT_EQUAL(same_chunks, 1);
}

RL_SUITE("tokens ahead", {"logits", test_logits}, {"bytes", test_bytes}, {"plants", test_plants},
         {"chunks", test_chunks})
