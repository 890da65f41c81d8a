/* BERT: a shrunk one reads ragged batches in one pass each, against an encoder in double precision
 * (Devlin et al. 2018, 3; Vaswani et al. 2017, 3.1), touched bytes against counts, planted
 * mistakes, and what a model of one pass refuses. Bounds as in engine_logits.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "engine_parts.h"
#include "engine_reference_numbers.h"
#include "engine_twin.h"
#include "unit.h"

enum { CLASSES = 2, PASSES = 4 };
/* Beside those of ref_plant. */
enum { OTHER_SEGMENT = REF_PLANTS, LAST_TOKEN, NORM_BEFORE, POSITION_LATE };

static const ref_model MODEL = {.twin = "bert-twin",
                                .layers = 2,
                                .width = 33,
                                .ff = 41,
                                .vocabulary = 47,
                                .heads = 3,
                                .head_dim = 11};
static const part_norm_form NORM = {PART_LAYER, 1e-12, 1, false};
static part_rows x, h, q, k, v, a, o, u;

/* --- the second implementation --- */

static double gelu(double y) {
  return 0.5 * y * erfc(-y / sqrt(2));
}

/* What a sum is normalised into is all that is stored of it where the two are one operator. */
static void add_to(const part_pass *p, part_rows to, part_rows what, bool kept) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < MODEL.width; i++) to[t][i] += what[t][i];
  }
  if (kept || !p->storage->fused) part_store(p, to, MODEL.width);
}

/* The rows `first`, `first` + `step`, ... of a table. */
static void look_up(const part_pass *p, const char *op, int first, int step, part_rows out) {
  ref_matrix table = part_find(p, op, "weight", -1);
  for (int t = 0; t < p->tokens->count; t++) {
    ref_unpack_row(&table, first + t * step, false, out[t]);
  }
  part_store(p, out, table.cols);
}

static void softmax(const part_pass *p, double *s, int n) {
  double largest = -INFINITY, sum = 0;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
  for (int j = 0; j < n; j++) largest = fmax(largest, s[j]);
  for (int j = 0; j < n; j++) sum += s[j] = exp(s[j] - largest);
  for (int j = 0; j < n; j++) s[j] /= sum;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
}

/* Every token meets every other. */
static void attend(const part_pass *p) {
  int n = p->tokens->count, dim = MODEL.head_dim;
  for (int i = 0; i < n; i++) {
    for (int head = 0; head < MODEL.heads; head++) {
      double s[REF_TOKENS], *out = &a[i][head * dim];
      for (int j = 0; j < n; j++) {
        s[j] = 0;
        for (int c = 0; c < dim; c++) s[j] += q[i][head * dim + c] * k[j][head * dim + c];
        s[j] = p->plant == REF_MASK_ONE_TOO_FAR && j > i ? -INFINITY : s[j] / sqrt(dim);
      }
      softmax(p, s, n);
      memset(out, 0, (size_t)dim * sizeof *out);
      for (int j = 0; j < n; j++) {
        for (int c = 0; c < dim; c++) out[c] += s[j] * v[j][head * dim + c];
      }
    }
  }
  part_store(p, a, MODEL.heads * dim);
}

/* A block's result joins the stream, and the sum is normalised. */
static void join(const part_pass *p, const char *op, int layer, part_rows result) {
  if (p->plant == NORM_BEFORE) {
    part_norm(p, op, layer, NORM, result, result);
    add_to(p, x, result, true);
    return;
  }
  add_to(p, x, result, false);
  part_norm(p, op, layer, NORM, x, x);
}

static void encode(const part_pass *p, int layer) {
  part_linear(p, "q_proj", true, layer, x, q);
  part_linear(p, "k_proj", true, layer, x, k);
  part_linear(p, "v_proj", true, layer, x, v);
  attend(p);
  part_linear(p, "o_proj", true, layer, a, o);
  join(p, "attn_norm", layer, o);
  part_linear(p, "up_proj", true, layer, x, u);
  part_map(p, gelu, u, MODEL.ff);
  part_linear(p, "down_proj", true, layer, u, o);
  join(p, "mlp_norm", layer, o);
}

/* Both logits of every token, as if each were the first. */
static void classify(const part_pass *p, double (*logits)[CLASSES]) {
  part_embed(p, x);
  look_up(p, "embed_segment", p->plant == OTHER_SEGMENT, 0, h);
  add_to(p, x, h, true);
  look_up(p, "embed_positions", p->plant == POSITION_LATE, 1, h);
  add_to(p, x, h, false);
  part_norm(p, "embed_norm", -1, NORM, x, x);
  for (int layer = 0; layer < MODEL.layers; layer++) encode(p, layer);
  part_linear(p, "pooler", true, -1, x, h);
  part_map(p, tanh, h, MODEL.width);
  part_linear(p, "classifier", true, -1, h, o);
  for (int t = 0; t < p->tokens->count; t++) memcpy(logits[t], o[t], sizeof logits[t]);
}

/* --- the script: each pass begins with empty sequences --- */

typedef struct share {
  uint64_t q;
  rl_logits logits;
} share;
static const share SCRIPT[PASSES][TWIN_SEQUENCES] = {
    {{7, RL_LOGITS_LAST}, {3, RL_LOGITS_LAST}, {9, RL_LOGITS_LAST}, {1, RL_LOGITS_LAST}},
    {{5, RL_LOGITS_NONE}, {12, RL_LOGITS_LAST}, {0, RL_LOGITS_NONE}, {0, RL_LOGITS_NONE}},
    {{4, RL_LOGITS_ALL}, {0, RL_LOGITS_NONE}, {6, RL_LOGITS_LAST}, {2, RL_LOGITS_ALL}},
    {{8, RL_LOGITS_NONE}, {3, RL_LOGITS_NONE}, {0, RL_LOGITS_NONE}, {0, RL_LOGITS_NONE}},
};

static void fill(twin *t, const share shares[TWIN_SEQUENCES], twin_pass *pass) {
  memset(pass, 0, sizeof *pass);
  for (uint32_t s = 0; s < TWIN_SEQUENCES; s++) {
    if (shares[s].q == 0) continue;
    for (uint64_t i = 0; i < shares[s].q; i++) {
      t->ids[s][i] = (uint32_t)((i * 29 + s * 11 + 3) % (uint64_t)MODEL.vocabulary);
    }
    pass->entries[pass->count++] = (rl_engine_entry){
        .sequence = s, .q = shares[s].q, .ids = t->ids[s], .logits = shares[s].logits};
  }
}

/* The weights as the twin finds them, for a model of its own shape. */
static double pass_error(twin *t, const twin_pass *pass, int plant) {
  static double logits[REF_TOKENS][CLASSES];
  const ref_storage storage = twin_storage(&t->setup);
  const ref_weights weights = twin_weights(t);
  double largest = 0, difference = 0;
  const float *got = pass->result.logits;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    const ref_tokens tokens = {.ids = entry->ids, .count = (int)entry->q};
    const part_pass p = {&MODEL, &storage, &weights, &tokens, plant};
    classify(&p, logits);
    uint64_t rows = twin_logit_rows(entry), first = plant == LAST_TOKEN ? entry->q - rows : 0;
    for (uint64_t i = 0; i < rows * CLASSES; i++) {
      double want = logits[first + i / CLASSES][i % CLASSES];
      largest = fmax(largest, fabs(want));
      difference = fmax(difference, fabs(want - (double)*got++));
    }
  }
  return largest > 0 ? difference / largest : 0;
}

static double run(const char *const formats[3], const char *profile, int plant) {
  const twin_setup setup = {&MODEL, formats[0], formats[1], formats[2], profile};
  double worst = 0;
  rl_cost *cost;
  twin t;
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&t.arena, t.program, 1, &cost, &t.diags), RL_OK);
  for (int i = 0; i < PASSES; i++) {
    twin_pass pass;
    fill(&t, SCRIPT[i], &pass);
    CU_ASSERT_EQUAL_FATAL(
        rl_engine_step(t.engine, pass.entries, pass.count, NULL, &pass.result, &t.diags), RL_OK);
    worst = fmax(worst, pass_error(&t, &pass, plant));
    twin_check_pass(&t, cost, &pass);
    for (uint32_t s = 0; s < TWIN_SEQUENCES; s++) {
      CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, s, 0, &t.diags), RL_OK);
    }
  }
  twin_close(&t);
  return worst;
}

/* Logits and, operand by operand, bytes. */
static void test_formats(void) {
  static const struct {
    const char *formats[3];
    double bound;
  } cases[] = {
      {{"fp32", "fp32", "fp32"}, 1e-5},       {{"bf16", "fp32", "fp32"}, 1e-5},
      {{"w4a16-g32", "fp32", "fp32"}, 1e-5},  {{"bf16", "bf16", "bf16"}, 5e-2},
      {{"w4a16-g128", "bf16", "bf16"}, 5e-2}, {{"w8a8-int8", "fp32", "fp32"}, 5e-2},
  };
  static const char *const profiles[] = {"reference", "unfused"};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    for (int p = 0; p < 2; p++) {
      double error = run(cases[c].formats, profiles[p], REF_RIGHT);
      if (error > cases[c].bound) {
        fprintf(stderr, "\n%s %s: error %g\n", cases[c].formats[0], profiles[p], error);
      }
      CU_ASSERT_TRUE(error <= cases[c].bound);
    }
  }
}

static void test_plants(void) {
  static const int plants[] = {REF_MASK_ONE_TOO_FAR, REF_SCALE_ONE_TOO_EARLY,
                               OTHER_SEGMENT,        LAST_TOKEN,
                               NORM_BEFORE,          POSITION_LATE};
  static const char *const formats[] = {"w4a16-g32", "fp32", "fp32"};
  for (size_t p = 0; p < sizeof plants / sizeof *plants; p++) {
    double error = run(formats, "reference", plants[p]);
    if (!(error > 1e-3)) fprintf(stderr, "\nplant %d: only %g\n", plants[p], error);
    CU_ASSERT_TRUE(error > 1e-3);
  }
}

/* What has been read cannot be continued, and a draft tree has nothing to stand on. */
static void test_one_pass(void) {
  static const int32_t parents[] = {-1, 0};
  static const rl_tree tree = {2, parents};
  const twin_setup setup = {&MODEL, "fp32", "fp32", "fp32", "reference"};
  twin t;
  twin_pass pass;
  twin_open(&t, &setup);
  CU_ASSERT_TRUE(t.program->one_pass);
  fill(&t, SCRIPT[1], &pass);
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, pass.entries, 2, NULL, &pass.result, &t.diags), RL_OK);
  pass.entries[0].q = 1;
  CU_ASSERT_NOT_EQUAL(rl_engine_step(t.engine, pass.entries, 1, NULL, &pass.result, &t.diags),
                      RL_OK);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 0, 0, &t.diags), RL_OK);
  pass.entries[0].q = 2;
  pass.entries[0].tree = &tree;
  CU_ASSERT_NOT_EQUAL(rl_engine_step(t.engine, pass.entries, 1, NULL, &pass.result, &t.diags),
                      RL_OK);
  pass.entries[0].tree = NULL;
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, pass.entries, 1, NULL, &pass.result, &t.diags), RL_OK);
  twin_close(&t);
}

RL_SUITE("bert", {"formats", test_formats}, {"planted errors", test_plants},
         {"one pass", test_one_pass})
