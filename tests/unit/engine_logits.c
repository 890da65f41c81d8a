/* Logits against the second implementation, on the same stored weights and the same storage
 * roundings, relative to the largest logit of the pass; and against themselves: cutting a prompt
 * into chunks, and batching it with others, changes no bit, but where sums run over chunks. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine_twin.h"
#include "unit.h"

/* Error budget. Sums in fp32 differ from those in double by about 1e-7, so a value that lies that
 * close to the middle of two stored numbers may be stored as either of them.
 * - fp32 activations and KV: 1e-5, however the weights are stored, for unpacking is exact.
 * - fp32 activations, KV in bf16 or int8: 5e-3; one such value moves one of many averaged rows.
 * - bf16 activations: one value on the other side, and all later roundings of that token decide
 * anew: two right executions part for good. Two independent roundings to bf16 are a root mean
 * square of 2^-7.5 / sqrt(6) = 2.3e-3 apart; after the ten or so that lie on the residual path,
 * 7e-3; the largest of some hundred logits lies about three deviations out, 2.2e-2. Allowed are
 * 3e-2, and 5e-3 in four of five passes, most of which see no such value at all.
 * - Zamba2's shared blocks have no residuals, so that nothing holds a difference down: its twin is
 * given a budget of its own in fp32, as far as its reference leaves itself behind, and in bf16, where
 * two right executions have nothing in common any more, only its bytes are compared.
 * A router is no continuous function: a logit on the other side may exchange an expert, and that
 * token's output is another one. With the seed of these twins no right execution meets that. */
typedef struct tally {
  double bound, tight; /* allowed for every pass; for four of five */
  int passes, beyond_tight;
  float one_shot[REF_WIDTH]; /* logits of sequence 3 behind its prompt of 9 tokens */
  int chunked;               /* prompts of 9 in chunks that were compared with that one */
} tally;
static tally state;

/* The same bits; where sums run over chunks, the same within twice the bound. */
static bool same_logits(const twin *t, const float *a, const float *b) {
  int width = t->setup.model->vocabulary;
  double largest = 0, difference = 0;
  if (!t->setup.model->cut_matters) return memcmp(a, b, (size_t)width * sizeof *a) == 0;
  for (int i = 0; i < width; i++) {
    largest = fmax(largest, fabs((double)a[i]));
    difference = fmax(difference, fabs((double)a[i] - (double)b[i]));
  }
  double budget = t->setup.model->budget > 0 ? t->setup.model->budget : 1;
  return difference <= 2 * state.bound * budget * largest;
}

/* Sequence 3 was given in one pass what sequence 2 is given in chunks of 5 and 4. */
static void compare_chunks(const twin *t, const twin_pass *pass) {
  size_t width = (size_t)t->setup.model->vocabulary, bytes = width * sizeof(float);
  const float *row = pass->result.logits;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    uint64_t held = pass->cached[e] + entry->q;
    if (entry->sequence == 3 && held == 9) memcpy(state.one_shot, row, bytes);
    if (entry->sequence == 2 && held == 9) {
      CU_ASSERT_TRUE(same_logits(t, state.one_shot, row));
      state.chunked++;
    }
    row += width * twin_logit_rows(entry);
  }
}

static void compare(twin *t, const twin_pass *pass) {
  double error = twin_logit_error(t, pass, REF_RIGHT);
  compare_chunks(t, pass);
  state.passes++;
  double budget = t->setup.model->budget > 0 ? t->setup.model->budget : 1;
  state.beyond_tight += error > state.tight * budget;
  if (error <= state.bound * budget) return;
  fprintf(stderr, "\n%s %s %s %s %s: error %g\n", t->setup.model->twin, t->setup.profile,
          t->setup.weights, t->setup.activations, t->setup.kv, error);
  CU_FAIL("logits differ from the reference");
}

static void check_formats(const char *weights, const char *activations, const char *kv,
                          double bound, double tight, int models) {
  static const char *const profiles[] = {"reference", "unfused"};
  state = (tally){.bound = bound, .tight = tight};
  int compared = 0;
  for (int m = 0; m < models; m++) {
    if (TWIN_MODEL[m].budget > 0 && strcmp(activations, "fp32") != 0) continue;
    compared++;
    for (int p = 0; p < 2; p++) {
      twin_setup setup = {&TWIN_MODEL[m], weights, activations, kv, profiles[p]};
      twin t;
      twin_open(&t, &setup);
      twin_run(&t, compare);
      twin_close(&t);
    }
  }
  CU_ASSERT_TRUE(state.beyond_tight * 5 <= state.passes);
  CU_ASSERT_EQUAL(state.chunked, 2 * compared);
}

static void test_fp32(void) {
  check_formats("fp32", "fp32", "fp32", 1e-5, 1e-5, TWIN_MODELS);
}

static void test_stored_weights(void) {
  check_formats("bf16", "fp32", "fp32", 1e-5, 1e-5, TWIN_FAMILIES);
  check_formats("w4a16-g128", "fp32", "fp32", 1e-5, 1e-5, TWIN_FAMILIES);
  check_formats("w4a16-g32-asym", "fp32", "fp32", 1e-5, 1e-5, TWIN_FAMILIES);
  check_formats("mxfp4", "fp32", "fp32", 1e-5, 1e-5, TWIN_FAMILIES);
}

static void test_stored_kv(void) {
  check_formats("fp32", "fp32", "bf16", 5e-3, 5e-3, TWIN_MODELS);
  check_formats("fp32", "fp32", "int8-token", 5e-3, 5e-3, TWIN_MODELS);
  check_formats("bf16", "fp32", "bf16", 5e-3, 5e-3, TWIN_MODELS);
  check_formats("w4a16-g128", "fp32", "bf16", 5e-3, 5e-3, TWIN_MODELS);
  check_formats("w4a16-g32", "fp32", "int8-token", 5e-3, 5e-3, TWIN_FAMILIES);
}

static void test_bf16(void) {
  check_formats("bf16", "bf16", "bf16", 3e-2, 5e-3, TWIN_MODELS);
  check_formats("bf16", "bf16", "int8-token", 3e-2, 5e-3, TWIN_MODELS);
}

static void test_w4(void) {
  check_formats("w4a16-g128", "bf16", "bf16", 3e-2, 5e-3, TWIN_MODELS);
  check_formats("w4a16-g128", "bf16", "int8-token", 3e-2, 5e-3, TWIN_MODELS);
  check_formats("w4a16-g32", "bf16", "bf16", 3e-2, 5e-3, TWIN_FAMILIES);
  check_formats("w4a16-g32-asym", "bf16", "int8-token", 3e-2, 5e-3, TWIN_FAMILIES);
}

/* Integer products of quantized inputs; a code on the edge moves an output by a 127th. */
static void test_w8a8(void) {
  check_formats("w8a8-int8", "fp32", "fp32", 3e-2, 5e-3, TWIN_FAMILIES);
  check_formats("w8a8-int8", "bf16", "int8-token", 3e-2, 5e-3, TWIN_FAMILIES);
}

static double widest;

static void measure_noise(twin *t, const twin_pass *pass) {
  double error = twin_noise_error(t, pass);
  if (error > widest) widest = error;
}

/* The budget is that of rounding, not of this engine: the reference, disturbed by 1e-7, leaves
 * itself further behind than 5e-3 in bf16, and nearly not at all in fp32. All twins but one stay within
 * the bound of 3e-2; Gemma 2's with the most KV heads, whose four norms a layer are eight more
 * roundings on the residual path than the budget counts, comes to 4.2e-2. */
static void test_budget(void) {
  static const char *const numbers[] = {"bf16", "fp32"};
  double spread[2];
  for (int n = 0; n < 2; n++) {
    widest = 0;
    for (int m = 0; m < TWIN_MODELS; m++) {
      if (TWIN_MODEL[m].budget > 0) continue; /* a wider one is its own */
      if (TWIN_MODEL[m].experts > 0) continue; /* a disturbed router may choose otherwise */
      twin_setup setup = {&TWIN_MODEL[m], "w4a16-g128", numbers[n], numbers[n], "reference"};
      twin t;
      twin_open(&t, &setup);
      twin_run(&t, measure_noise);
      twin_close(&t);
    }
    spread[n] = widest;
  }
  CU_ASSERT_TRUE(spread[0] > 5e-3 && spread[0] < 5e-2);
  CU_ASSERT_TRUE(spread[1] < 1e-5);
}

RL_SUITE("logits", {"fp32", test_fp32}, {"stored weights", test_stored_weights},
         {"stored kv", test_stored_kv}, {"bf16", test_bf16}, {"w4", test_w4}, {"w8a8", test_w8a8},
         {"budget", test_budget})
