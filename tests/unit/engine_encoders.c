/* Shrunk encoder-decoders through the script of the twins: logits against the second implementation,
 * bytes touched against bytes counted, mistakes that are seen. Bounds as in engine_logits.c. */
#include <stdio.h>

#include "cost/cost.h"
#include "engine_reference_encoder.h"
#include "engine_twin.h"
#include "unit.h"

static const ref_coder T5 = {.decoder_layers = 3, .decoder_ff = 37, .buckets = 8, .distance = 12,
                             .scaled_head = true, .act = REF_CODER_RELU};
static const ref_coder T5_GATED = {.decoder_layers = 2, .decoder_ff = 37, .buckets = 8,
                                   .distance = 12, .act = REF_CODER_GELU_TANH};
static const ref_coder WHISPER = {.decoder_layers = 3, .decoder_ff = 35, .mel = 5,
                                  .act = REF_CODER_GELU};
#define T5_BASE                                                                               \
  .layers = 2, .width = 34, .ff = 37, .vocabulary = 53, .heads = 3, .kv_heads = 3,            \
  .head_dim = 10, .eps = 1e-6, .score_root = 1, .forward = ref_forward_coder,                 \
  .source_positions = 15, .source_pieces = 1

static const ref_model MODELS[] = {
    {T5_BASE, .twin = "t5-twin", .tied = true, .details = &T5},
    {T5_BASE, .twin = "t5-gated-twin", .gated = true, .details = &T5_GATED},
    {.twin = "whisper-twin",
     .layers = 2,
     .width = 33,
     .ff = 41,
     .vocabulary = 47,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 11,
     .eps = 1e-5,
     .layer_norm = true,
     .all_bias = true,
     .tied = true,
     .score_root = 11,
     .forward = ref_forward_coder,
     .details = &WHISPER,
     .source_positions = 6,
     .source_width = 10,
     .source_pieces = 1},
};
enum { MODEL_COUNT = sizeof MODELS / sizeof *MODELS };

static const rl_cost *cost;
static size_t compared;
static double worst;
static ref_plant plant;

static const rl_cost_row *row_of(uint32_t op) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (cost->rows[r].op == op) return &cost->rows[r];
  }
  CU_FAIL_FATAL("an operator without a row");
  return NULL;
}

static void check_row(const twin *t, const rl_engine_row *row, const uint64_t *moments) {
  const rl_op *op = &t->program->ops[row->op];
  const rl_cost_row *counted = row_of(row->op);
  for (uint32_t k = 0; k < op->operand_count; k++) {
    uint64_t bytes = 0;
    uint32_t tensor = t->program->operands[op->first_operand + k].tensor;
    rl_form_value(cost, &cost->operands[counted->first_operand + k], moments, &bytes);
    compared++;
    if (bytes == row->bytes[k]) continue;
    fprintf(stderr, "\n%s %s %s: %s %s: counted %llu, touched %llu\n", t->setup.model->twin,
            t->setup.profile, t->setup.weights, op->name, t->program->tensors[tensor].name,
            (unsigned long long)bytes, (unsigned long long)row->bytes[k]);
    CU_FAIL("counted and touched bytes differ");
  }
}

static void compare(twin *t, const twin_pass *pass) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_group groups[TWIN_SEQUENCES];
  const rl_facts facts = {.distinct_ids = pass->result.distinct_ids,
                          .distinct_positions = pass->result.distinct_positions,
                          .distinct_source_ids = pass->result.distinct_source_ids,
                          .distinct_source_positions = pass->result.distinct_source_positions};
  for (size_t i = 0; i < pass->count; i++) {
    const rl_engine_entry *entry = &pass->entries[i];
    groups[i] = (rl_group){1, entry->q, pass->cached[i], entry->tree, entry->logits,
                           t->source[entry->sequence].size};
  }
  const rl_point point = {groups, pass->count};
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &point, &facts, moments));
  for (size_t r = 0; r < pass->result.row_count; r++) {
    check_row(t, &pass->result.rows[r], moments);
  }
  double error = twin_logit_error(t, pass, plant);
  if (error > worst) worst = error;
}

static double run(const ref_model *model, const char *const formats[3], const char *profile,
                  ref_plant planted) {
  const twin_setup setup = {model, formats[0], formats[1], formats[2], profile};
  rl_cost *compiled;
  twin t;
  worst = 0;
  plant = planted;
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&t.arena, t.program, 1, &compiled, &t.diags), RL_OK);
  cost = compiled;
  twin_run(&t, compare);
  twin_close(&t);
  return worst;
}

static void test_formats(void) {
  static const struct {
    const char *formats[3];
    double bound;
  } cases[] = {
      {{"fp32", "fp32", "fp32"}, 1e-5},        {{"bf16", "fp32", "fp32"}, 1e-5},
      {{"w4a16-g32", "fp32", "fp32"}, 1e-5},   {{"fp32", "fp32", "int8-token"}, 5e-3},
      {{"bf16", "bf16", "bf16"}, 5e-2},        {{"w4a16-g128", "bf16", "int8-token"}, 5e-2},
      {{"w8a8-int8", "fp32", "fp32"}, 5e-2},
  };
  static const char *const profiles[] = {"reference", "unfused"};
  compared = 0;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    for (int m = 0; m < MODEL_COUNT; m++) {
      for (int p = 0; p < 2; p++) {
        double error = run(&MODELS[m], cases[c].formats, profiles[p], REF_RIGHT);
        if (error > cases[c].bound) {
          fprintf(stderr, "\n%s %s %s: error %g\n", MODELS[m].twin, cases[c].formats[0],
                  profiles[p], error);
        }
        CU_ASSERT_TRUE(error <= cases[c].bound);
      }
    }
  }
  CU_ASSERT_TRUE(compared > 40000);
}

static void test_plants(void) {
  static const ref_plant plants[] = {REF_MASK_ONE_TOO_FAR, REF_SCALE_ONE_TOO_EARLY,
                                     REF_SOURCE_ONE_SHORT, REF_DISTANCE_ONE_TOO_FAR};
  static const char *const formats[] = {"w4a16-g32", "fp32", "fp32"};
  for (int m = 0; m < MODEL_COUNT; m++) {
    for (size_t p = 0; p < sizeof plants / sizeof *plants; p++) {
      CU_ASSERT_TRUE(run(&MODELS[m], formats, "reference", plants[p]) > 1e-3);
    }
  }
}

RL_SUITE("encoders", {"formats", test_formats}, {"planted errors", test_plants})
