/* What the engine touches is what the cost model counts: for every pass of the script, every
 * operator of every layer, every operand, to the byte. This is where counting and running meet;
 * neither includes the other. */
#include <stdio.h>

#include "cost/cost.h"
#include "engine_twin.h"
#include "unit.h"

static const rl_cost *cost;
static size_t compared;

static const rl_cost_row *row_of(uint32_t op) {
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (cost->rows[r].op == op) return &cost->rows[r];
  }
  return NULL;
}

static void moments_of(const twin *t, const twin_pass *pass, uint64_t experts,
                       const uint64_t packed[2], uint64_t *moments) {
  rl_group groups[TWIN_SEQUENCES];
  const rl_engine_result *result = &pass->result;
  rl_facts facts = {.distinct_ids = result->distinct_ids,
                    .distinct_positions = result->distinct_positions,
                    .distinct_experts = experts,
                    .packed = {packed[0], packed[1]},
                    .distinct_source_ids = result->distinct_source_ids,
                    .distinct_source_positions = result->distinct_source_positions,
                    .distinct_next_ids = result->distinct_next_ids};
  for (size_t e = 0; e < pass->count; e++) {
    const rl_engine_entry *entry = &pass->entries[e];
    groups[e] = (rl_group){1, entry->q, pass->cached[e], entry->tree, entry->logits,
                           t->source[entry->sequence].size};
  }
  CU_ASSERT_TRUE_FATAL(rl_cost_moments(cost, &(rl_point){groups, pass->count}, &facts, moments));
}

static void check_row(const twin *t, const rl_engine_row *row, const uint64_t *moments) {
  const rl_op *op = &t->program->ops[row->op];
  const rl_cost_row *counted = row_of(row->op);
  CU_ASSERT_PTR_NOT_NULL_FATAL(counted);
  for (uint32_t k = 0; k < op->operand_count; k++) {
    uint64_t bytes = 0;
    const rl_operand *operand = &t->program->operands[op->first_operand + k];
    rl_form_value(cost, &cost->operands[counted->first_operand + k], moments, &bytes);
    compared++;
    if (bytes == row->bytes[k]) continue;
    fprintf(stderr, "\n%s %s %s %s %s: %s %s %s: counted %llu, touched %llu\n",
            t->setup.model->twin, t->setup.profile, t->setup.weights, t->setup.activations,
            t->setup.kv, op->name, t->program->tensors[operand->tensor].name,
            operand->access == RL_READ ? "read" : "written", (unsigned long long)bytes,
            (unsigned long long)row->bytes[k]);
    CU_FAIL("counted and touched bytes differ");
  }
}

static void check_pass(twin *t, const twin_pass *pass) {
  uint64_t moments[RL_MOMENTS_MAX], experts = 0;
  bool before = false; /* the row before stored as many values as it kept */
  moments_of(t, pass, 0, (const uint64_t[2]){0, 0}, moments);
  CU_ASSERT_EQUAL(cost->row_count, t->program->op_count);
  for (size_t r = 0; r < pass->result.row_count; r++) {
    const rl_engine_row *row = &pass->result.rows[r];
    const bool packed = row->packed[0] + row->packed[1] != 0;
    if (row->experts != 0) experts = row->experts; /* until the next router */
    if (row->experts != 0 || packed || before) {
      moments_of(t, pass, experts, row->packed, moments);
    }
    before = packed;
    check_row(t, row, moments);
  }
}

void twin_check_pass(twin *t, const rl_cost *compiled, const twin_pass *pass) {
  cost = compiled;
  check_pass(t, pass);
}

void twin_check_bytes(const twin_setup *setup) {
  rl_cost *compiled;
  twin t;
  twin_open(&t, setup);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&t.arena, t.program, 1, &compiled, &t.diags), RL_OK);
  cost = compiled;
  twin_run(&t, check_pass);
  twin_close(&t);
}

static void check_formats(const char *profile, const char *const formats[3], int models) {
  for (int m = 0; m < models; m++) {
    twin_setup setup = {&TWIN_MODEL[m], formats[0], formats[1], formats[2], profile};
    twin_check_bytes(&setup);
  }
}

/* Weights, activations, KV: the first rows on every twin, the others on one or two of each family.
 */
enum { EVERYWHERE = 6 };
static const char *const FORMATS[][3] = {
    {"fp32", "fp32", "bf16"},
    {"fp32", "fp32", "int8-token"},
    {"bf16", "bf16", "bf16"},
    {"bf16", "bf16", "int8-token"},
    {"w4a16-g128", "bf16", "bf16"},
    {"w4a16-g128", "bf16", "int8-token"},
    {"fp32", "fp32", "fp32"},
    {"w4a16-g32", "bf16", "int8-token"},
    {"w4a16-g32-asym", "bf16", "int4-token"},
    {"w4a16-g128-asym", "fp16", "fp8"},
    {"w8a16", "bf16", "fp8-token"},
    {"mxfp4", "bf16", "bf16"},
    {"w8a8-int8", "bf16", "bf16"},
    {"w8a8-fp8", "bf16", "int8-token"},
    {"fp8-block128", "bf16", "bf16"},
    {"w8a8-int8-tensor", "bf16", "bf16"},
    {"gptq-g32-asym-act", "bf16", "bf16"},
    {"nf4-double", "bf16", "bf16"},
    {"bnb-fp4", "bf16", "bf16"},
    {"bnb-nf4-double", "bf16", "bf16"},
    {"w4a4-nvfp4", "bf16", "bf16"},
    {"w4a4-int4", "bf16", "int4-token"},
    {"w4a8-g128", "bf16", "fp8-e5m2-cast"},
    {"tf32", "tf32", "fp8-e4m3-cast"},
    {"lut3-row", "bf16", "bf16"},
};

/* Formats that keep part of a matrix know nothing of the family it is of. */
static void test_partial(void) {
  static const char *const formats[][3] = {
      {"sparse-2-4-w4a16-g128", "bf16", "bf16"}, {"sparse-bitmap-70", "bf16", "bf16"},
      {"sparse-csr-70", "bf16", "bf16"},         {"sparse-tiles-16-50", "bf16", "bf16"},
      {"w4a16-g64-r32", "bf16", "bf16"},         {"squeezellm-w3", "bf16", "bf16"},
  };
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    check_formats("reference", formats[f], 2);
  }
}

static void check_profile(const char *profile) {
  compared = 0;
  for (size_t f = 0; f < sizeof FORMATS / sizeof *FORMATS; f++) {
    check_formats(profile, FORMATS[f], f < EVERYWHERE ? TWIN_MODELS : TWIN_FAMILIES);
  }
  CU_ASSERT_TRUE(compared > 70000); /* 166 twins, 7 passes, over 20 rows of 4 operands */
}

static void test_fused(void) {
  check_profile("reference");
}

static void test_unfused(void) {
  check_profile("unfused");
}

RL_SUITE("bytes", {"fused", test_fused}, {"unfused", test_unfused}, {"partial", test_partial})
