/* A split model gives what the unsplit one gives: the same weights cut into slices, all ranks in
 * lockstep, the logits of every rank within rounding of those of one engine; and every rank touches
 * the bytes that are counted for it. Stages of a pipeline compute nothing otherwise: alone they
 * give the very same bits. Data groups have sequences of their own and meet at their experts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "graph/lower.h"
#include "kernels-ref/engine/fleet.h"
#include "unit.h"

enum { RANKS_MAX = 6 };
static const double BUDGET = 1e-5; /* fp32 sums in another order */

/* How a model is split. */
typedef struct division {
  size_t tensor, stages;
  bool whole_experts;
  size_t groups; /* data groups whose tokens meet at the experts; 0: one, which keeps its own */
} division;

typedef struct fleet {
  division by;
  size_t count;
  rl_unsplit unsplit;
  rl_engine_state *engines[RANKS_MAX];
  const rl_program *programs[RANKS_MAX];
  rl_cost *costs[RANKS_MAX];
} fleet;
static fleet ranks;
static size_t compared;
static double worst;

static const rl_cost_row *row_of(const rl_cost *cost, uint32_t op) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (cost->rows[r].op == op) return &cost->rows[r];
  }
  return NULL;
}

/* A rank may hold none of the ids or experts: no fact says so, the moment does. */
static bool is_none(rl_moment_kind kind, const rl_engine_result *result, const rl_facts *facts) {
  switch (kind) {
    case RL_M_ID_ROWS:
      return result->distinct_ids == 0;
    case RL_M_SOURCE_ID_ROWS:
      return result->distinct_source_ids == 0;
    case RL_M_EXPERTS:
      return facts->distinct_experts == 0;
    case RL_M_EXPERT_CHOICES:
      return facts->expert_choices == 0;
    default:
      return false;
  }
}

static void moments_of(const twin *t, const twin_pass *pass, const rl_engine_result *result,
                       const rl_cost *cost, const rl_engine_row *chosen, uint64_t *moments) {
  rl_group groups[TWIN_SEQUENCES];
  rl_facts facts = {.distinct_ids = result->distinct_ids,
                    .distinct_positions = result->distinct_positions,
                    .distinct_source_ids = result->distinct_source_ids,
                    .distinct_source_positions = result->distinct_source_positions,
                    .distinct_experts = chosen == NULL ? 0 : chosen->experts,
                    .expert_choices = chosen == NULL ? 0 : chosen->choices};
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    groups[e] = (rl_group){1,           entry->q,      pass->cached[e],
                           entry->tree, entry->logits, t->source[entry->sequence].size};
  }
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &(rl_point){groups, pass->count}, &facts, moments));
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    if (is_none(cost->moments[m].kind, result, &facts)) moments[m] = 0;
  }
}

static void check_bytes(const twin *t, const twin_pass *pass, const rl_engine_result *result,
                        size_t rank) {
  const rl_program *program = ranks.programs[rank];
  const rl_cost *cost = ranks.costs[rank];
  uint64_t moments[RL_MOMENTS_MAX];
  moments_of(t, pass, result, cost, NULL, moments);
  for (size_t r = 0; r < result->row_count; r++) {
    const rl_engine_row *row = &result->rows[r];
    const rl_op *op = &program->ops[row->op];
    const rl_cost_row *counted = row_of(cost, row->op);
    CU_ASSERT_PTR_NOT_NULL_FATAL(counted);
    bool chooses = op->kind == RL_OP_ROUTE || op->kind == RL_OP_HASH ||
                   op->kind == RL_OP_DISPATCH || op->kind == RL_OP_CHOOSE_TOKENS;
    if (chooses || row->experts != 0) moments_of(t, pass, result, cost, row, moments);
    for (uint32_t k = 0; k < op->operand_count; k++) {
      uint64_t bytes = 0;
      rl_form_value(cost, &cost->operands[counted->first_operand + k], moments, &bytes);
      compared++;
      if (bytes == row->bytes[k]) continue;
      fprintf(stderr, "\n%s, rank %zu of %zu, %s operand %u: counted %llu, touched %llu\n",
              t->setup.model->twin, rank, ranks.count, op->name, k, (unsigned long long)bytes,
              (unsigned long long)row->bytes[k]);
      CU_FAIL("counted and touched bytes differ");
    }
  }
}

/* Sequences go to the groups in turn. */
static bool is_share(const rl_engine_entry *entry, size_t group) {
  return ranks.by.groups == 0 || entry->sequence % ranks.by.groups == group;
}

/* The rows of a group's entries, one behind the other, against those of the whole pass; of a model
 * whose roundings grow, in its own measure. */
static void check_logits(const twin *t, const twin_pass *pass, const rl_engine_result *result,
                         size_t group) {
  const double growth = t->setup.model->budget > 0 ? t->setup.model->budget : 1;
  const uint64_t width = pass->result.logit_width;
  double largest = 0, error = 0;
  uint64_t row = 0, own = 0;
  if (result->logit_rows > 0) CU_ASSERT_EQUAL_FATAL(result->logit_width, width);
  for (size_t e = 0; e < pass->count; e++) {
    uint64_t rows = twin_logit_rows(&pass->entries[e]);
    const float *of_one = pass->result.logits + row * width;
    row += rows;
    if (!is_share(&pass->entries[e], group)) continue;
    const float *of_rank = result->logits + own * width;
    own += rows;
    CU_ASSERT_FATAL(own <= result->logit_rows);
    for (uint64_t i = 0; i < rows * width; i++) {
      largest = fmax(largest, fabs((double)of_one[i]));
      error = fmax(error, fabs((double)of_one[i] - (double)of_rank[i]));
    }
  }
  CU_ASSERT_EQUAL(own, result->logit_rows);
  if (largest > 0) worst = fmax(worst, error / largest / growth);
}

/* What a group has of the pass. */
static twin_pass share_of(const twin_pass *pass, size_t group) {
  twin_pass share = {.count = 0};
  for (size_t e = 0; e < pass->count; e++) {
    if (!is_share(&pass->entries[e], group)) continue;
    share.cached[share.count] = pass->cached[e];
    share.entries[share.count++] = pass->entries[e];
  }
  return share;
}

static void check_pass(twin *t, const twin_pass *pass) {
  const size_t groups = ranks.by.groups == 0 ? 1 : ranks.by.groups;
  rl_engine_result results[RANKS_MAX];
  twin_pass parts[RANKS_MAX];
  rl_fleet_share shares[RANKS_MAX];
  for (size_t g = 0; g < groups; g++) {
    parts[g] = share_of(pass, g);
    shares[g] = (rl_fleet_share){parts[g].entries, parts[g].count};
  }
  rl_status status =
      rl_fleet_step_groups(ranks.engines, ranks.count, shares, groups, results, &t->diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  for (size_t r = 0; r < ranks.count; r++) {
    const size_t group = groups == 1 ? 0 : r / ranks.by.tensor;
    if (ranks.programs[r]->stage + 1 == ranks.by.stages) check_logits(t, pass, &results[r], group);
    check_bytes(t, &parts[group], &results[r], r);
    for (size_t e = 0; e < parts[group].count; e++) {
      if (parts[group].entries[e].tree != NULL) twin_commit(t, ranks.engines[r]);
    }
  }
}

/* False when the model has no such division. */
static bool lower_ranks(twin *t, division by) {
  rl_scenario *scenario = RL_NEW(&t->arena, rl_scenario);
  CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
  *scenario = *t->scenario;
  scenario->parallel.tensor = by.tensor;
  scenario->parallel.pipeline = by.stages;
  const size_t groups = by.groups == 0 ? 1 : by.groups, width = by.tensor * groups;
  scenario->parallel.data = groups;
  scenario->parallel.expert = by.whole_experts ? width : 1;
  ranks = (fleet){.by = by, .count = width * by.stages, .unsplit = {t->program, t->engine}};
  for (size_t r = 0; r < ranks.count; r++) {
    const rl_rank rank = {
        .tensor = r % by.tensor, .pipeline = r / width, .data = r % width / by.tensor};
    rl_status status = rl_lower_rank(&t->arena, scenario, rank, &ranks.programs[r], &t->diags);
    if (status == RL_OK) continue;
    rl_diag_code code = t->diags.list.items[0].code;
    CU_ASSERT(code == RL_D_SHARD_HEADS || code == RL_D_NO_SHARDS || code == RL_D_EXPERT_RANKS ||
              code == RL_D_STAGES);
    return false;
  }
  return true;
}

/* Sequences that are read in one pass each, as a model of one pass wants them. */
static void run_at_once(twin *t) {
  static const uint64_t lengths[][TWIN_SEQUENCES] = {{7, 3, 9, 1}, {4, 6, 2, 12}};
  for (size_t p = 0; p < 2; p++) {
    twin_pass pass = {.count = TWIN_SEQUENCES};
    for (uint32_t s = 0; s < TWIN_SEQUENCES; s++) {
      for (uint64_t i = 0; i < lengths[p][s]; i++) {
        t->ids[s][i] = (uint32_t)((i * 29 + s * 11 + 3) % (uint64_t)t->setup.model->vocabulary);
      }
      pass.entries[s] = (rl_engine_entry){.sequence = s,
                                          .q = lengths[p][s],
                                          .ids = t->ids[s],
                                          .logits = s == 2 ? RL_LOGITS_ALL : RL_LOGITS_LAST};
    }
    CU_ASSERT_EQUAL_FATAL(
        rl_engine_step(t->engine, pass.entries, pass.count, NULL, &pass.result, &t->diags), RL_OK);
    check_pass(t, &pass);
    for (uint32_t s = 0; s < TWIN_SEQUENCES; s++) {
      CU_ASSERT_EQUAL(rl_engine_rewind(t->engine, s, 0, &t->diags), RL_OK);
      for (size_t r = 0; r < ranks.count; r++) {
        CU_ASSERT_EQUAL(rl_engine_rewind(ranks.engines[r], s, 0, &t->diags), RL_OK);
      }
    }
  }
}

static size_t run_ranks(const twin_setup *setup, division by) {
  twin t;
  twin_open(&t, setup);
  bool split = lower_ranks(&t, by);
  for (size_t r = 0; split && r < ranks.count; r++) {
    rl_weight_source source = rl_sliced_weights(&ranks.unsplit);
    ranks.engines[r] = twin_engine(&t, ranks.programs[r], &source);
    CU_ASSERT_EQUAL_FATAL(
        rl_cost_compile(&t.arena, ranks.programs[r], 1, &ranks.costs[r], &t.diags), RL_OK);
  }
  if (split && t.program->one_pass) run_at_once(&t);
  if (split && !t.program->one_pass) twin_run(&t, check_pass);
  twin_close(&t);
  return split;
}

/* Beside the twins of engine_twin_models.c, those that keep states. */
static const ref_model STATEFUL[] = {
    {.twin = "qwen3-next-twin", .recurrent = true, .vocabulary = 59, .experts = 9},
    {.twin = "minimax-twin", .recurrent = true, .vocabulary = 61, .experts = 5}};
enum { MIXTURES_MAX = TWIN_MODELS + 2 };

static const ref_model *model_at(int m) {
  return m < TWIN_MODELS ? &TWIN_MODEL[m] : &STATEFUL[m - TWIN_MODELS];
}

/* The other families, each with the numbers of ranks that its heads allow. */
typedef struct family_case {
  ref_model model;
  size_t ranks[2];
} family_case;
static const ref_images TWO_IMAGES[TWIN_SEQUENCES] = {
    {2, 3, 3, "iiitiii"}, {0, 0, 0, ""}, {1, 4, 2, "tiiii"}, {1, 4, 2, "tiiii"}};
static const ref_images MERGED_IMAGES[TWIN_SEQUENCES] = {
    {1, 24, 6, "tiiiiii"}, {1, 8, 4, "iit"}, {2, 8, 2, "iitii"}, {2, 8, 2, "iitii"}};
static const family_case FAMILIES[] = {
    {{.twin = "retnet-twin", .recurrent = true, .vocabulary = 53}, {3}},
    {{.twin = "rwkv-twin", .recurrent = true, .vocabulary = 47}, {3}},
    {{.twin = "jrt-twin", .recurrent = true, .vocabulary = 56}, {3}},
    {{.twin = "memory-twin", .recurrent = true, .vocabulary = 53}, {3}},
    {{.twin = "bmojo-twin", .recurrent = true, .vocabulary = 53}, {2, 4}},
    {{.twin = "bmojo-f-twin", .recurrent = true, .vocabulary = 47}, {3}},
    {{.twin = "titans-mag-twin", .recurrent = true, .vocabulary = 53}, {2}},
    {{.twin = "titans-mal-twin", .recurrent = true, .vocabulary = 47}, {3}},
    {{.twin = "titans-lmm-twin", .recurrent = true, .vocabulary = 43}, {2}},
    {{.twin = "t5-twin", .vocabulary = 53, .source_positions = 15, .source_pieces = 1}, {3}},
    {{.twin = "t5-gated-twin", .vocabulary = 53, .source_positions = 15, .source_pieces = 1}, {3}},
    {{.twin = "whisper-twin",
      .vocabulary = 47,
      .source_positions = 6,
      .source_width = 10,
      .source_pieces = 1},
     {3}},
    {{.twin = "llava-twin",
      .vocabulary = 47,
      .images = TWO_IMAGES,
      .image_token = 46,
      .source_width = 12},
     {3}},
    {{.twin = "qwen2-vl-twin",
      .vocabulary = 53,
      .images = MERGED_IMAGES,
      .image_token = 51,
      .source_width = 8},
     {2}},
    {{.twin = "qwen2.5-vl-twin",
      .vocabulary = 53,
      .images = MERGED_IMAGES,
      .image_token = 51,
      .source_width = 8},
     {2}},
    {{.twin = "bert-twin", .vocabulary = 47}, {3}},
};

static void run_families(const char *profile, const char *const formats[3]) {
  for (size_t f = 0; f < sizeof FAMILIES / sizeof *FAMILIES; f++) {
    twin_setup setup = {&FAMILIES[f].model, formats[0], formats[1], formats[2], profile};
    for (size_t i = 0; i < 2 && FAMILIES[f].ranks[i] != 0; i++) {
      worst = 0;
      CU_ASSERT_EQUAL(run_ranks(&setup, (division){FAMILIES[f].ranks[i], 1, false, 0}), 1);
      if (strcmp(formats[1], "fp32") != 0 || (worst > 0 && worst <= BUDGET)) continue;
      fprintf(stderr, "\n%s over %zu ranks, %s: logits differ by %g\n", setup.model->twin,
              FAMILIES[f].ranks[i], profile, worst);
      CU_FAIL("logits differ");
    }
  }
}

/* Encoders in stages: what tokens learn of a source is handed on, too. */
static void test_encoder_stages(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  size_t fleets = 0;
  for (size_t f = 0; f < sizeof FAMILIES / sizeof *FAMILIES; f++) {
    const ref_model *model = &FAMILIES[f].model;
    bool reads = model->source_pieces > 0 || model->images != NULL;
    twin_setup setup = {model, fp32[0], fp32[1], fp32[2], "reference"};
    if (!reads && strcmp(model->twin, "bert-twin") != 0) continue;
    worst = 0;
    for (size_t stages = 2; stages <= 3; stages++) {
      fleets += run_ranks(&setup, (division){1, stages, false, 0});
    }
    CU_ASSERT_EQUAL(worst, 0);
  }
  CU_ASSERT(fleets >= 10);
}

static void test_families(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const stored[] = {"w4a16-g32", "bf16", "int8-token"};
  run_families("reference", fp32);
  run_families("unfused", fp32);
  compared = 0;
  run_families("reference", stored);
  CU_ASSERT(compared > 20000);
}

static size_t run_models(const char *profile, const char *const formats[3]) {
  static const size_t counts[] = {2, 3, 5, 6};
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < MIXTURES_MAX; m++) {
    twin_setup setup = {model_at(m), formats[0], formats[1], formats[2], profile};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
      fleets += run_ranks(&setup, (division){counts[i], 1, false, 0});
      if (setup.model->experts > 0) fleets += run_ranks(&setup, (division){counts[i], 1, true, 0});
    }
  }
  return fleets;
}

/* Every mixture over data groups whose experts are spread over all of their ranks. */
static size_t run_groups(const char *profile, const char *const formats[3]) {
  static const size_t by[][2] = {{1, 2}, {1, 3}, {1, 5}, {2, 2}, {2, 3}, {3, 2}};
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < MIXTURES_MAX; m++) {
    twin_setup setup = {model_at(m), formats[0], formats[1], formats[2], profile};
    for (size_t i = 0; setup.model->experts > 0 && i < sizeof by / sizeof *by; i++) {
      fleets += run_ranks(&setup, (division){by[i][0], 1, true, by[i][1]});
    }
  }
  return fleets;
}

static void test_groups(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const stored[] = {"w4a16-g32", "bf16", "int8-token"};
  CU_ASSERT(run_groups("reference", fp32) >= 60);
  if (!(worst <= BUDGET)) fprintf(stderr, "\nlogits differ by %g\n", worst);
  CU_ASSERT(worst > 0 && worst <= BUDGET);
  CU_ASSERT(run_groups("unfused", fp32) >= 60);
  CU_ASSERT(worst > 0 && worst <= BUDGET);
  compared = 0;
  CU_ASSERT(run_groups("reference", stored) >= 60);
  CU_ASSERT(compared > 50000);
}

/* Every twin in stages, those that ranks can divide also with two or three ranks a stage. */
static size_t run_stages(const char *profile, const char *const formats[3], size_t tensor) {
  size_t fleets = 0;
  worst = 0;
  for (int m = 0; m < TWIN_MODELS; m++) {
    twin_setup setup = {&TWIN_MODEL[m], formats[0], formats[1], formats[2], profile};
    for (size_t stages = 2; stages <= 4 && stages * tensor <= RANKS_MAX; stages++) {
      fleets += run_ranks(&setup, (division){tensor, stages, false, 0});
    }
  }
  return fleets;
}

static void test_stages(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const stored[] = {"w4a16-g32", "bf16", "int8-token"};
  CU_ASSERT(run_stages("reference", fp32, 1) >= TWIN_MODELS);
  CU_ASSERT_EQUAL(worst, 0);
  CU_ASSERT(run_stages("unfused", stored, 1) >= TWIN_MODELS);
  CU_ASSERT_EQUAL(worst, 0);
  for (size_t tensor = 2; tensor <= 3; tensor++) {
    CU_ASSERT(run_stages("reference", fp32, tensor) >= 15);
    CU_ASSERT(worst > 0 && worst <= BUDGET);
  }
}

static void test_logits(void) {
  static const char *const fp32[] = {"fp32", "fp32", "fp32"};
  static const char *const profiles[] = {"reference", "unfused"};
  for (size_t p = 0; p < 2; p++) {
    size_t fleets = run_models(profiles[p], fp32);
    CU_ASSERT(fleets >= 120);
    if (!(worst <= BUDGET)) fprintf(stderr, "\nlogits differ by %g\n", worst);
    CU_ASSERT(worst > 0 && worst <= BUDGET);
  }
}

/* Stored formats: what they give is another's matter, what is touched is not. */
static void test_bytes(void) {
  static const char *const formats[][3] = {{"bf16", "bf16", "bf16"},
                                           {"w4a16-g32", "bf16", "int8-token"},
                                           {"fp8-block128", "bf16", "bf16"},
                                           {"w8a16", "bf16", "fp8-token"}};
  compared = 0;
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    run_models("reference", formats[f]);
  }
  CU_ASSERT(compared > 100000);
}

RL_SUITE("fleets", {"groups", test_groups}, {"logits", test_logits}, {"bytes", test_bytes},
         {"stages", test_stages}, {"families", test_families},
         {"encoder stages", test_encoder_stages})
