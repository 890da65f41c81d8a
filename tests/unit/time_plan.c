/* Binding counts to a machine: engines, wider types, missing peaks, memory that runs out. */
#include <stdlib.h>
#include <string.h>

#include "program_fixture.h"
#include "time/plan.h"
#include "unit.h"

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

static rl_status compile(rl_plan **plan) {
  rl_cost *cost = NULL;
  *plan = NULL;
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  return rl_plan_compile(&arena, cost, &machine.hardware, plan, &diags);
}

static void begin(void) {
  rl_arena_init(&arena, NULL);
  fx_decode(&built, &FX_LLAMA_3_8B);
  fx_accelerator(&machine);
}

static void test_reciprocals(void) {
  rl_plan *plan;
  begin();
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_EQUAL(plan->per_byte, 1 / 3.35e12);
  CU_ASSERT_EQUAL(plan->per_cache_byte, 1 / 5.5e12);
  CU_ASSERT_EQUAL(plan->cache_bytes, 52428800);
  CU_ASSERT_FALSE(plan->wider);
  /* rows: 0 embed, 1 norm, 2 qkv (fused), 3 rope_append, 4 attention, 5 o_proj */
  CU_ASSERT_PTR_NULL(plan->rows[1].peak);
  CU_ASSERT_EQUAL(plan->rows[1].per_vector, 1 / 66.9e12);
  CU_ASSERT_PTR_EQUAL(plan->rows[2].peak, &machine.peaks[0]);
  CU_ASSERT_EQUAL(plan->rows[2].per_matrix, 1 / 989.5e12);
  CU_ASSERT_EQUAL(plan->rows[4].per_matrix, 1 / 989.5e12);
  CU_ASSERT_EQUAL(plan->rows[5].per_matrix, 1 / 989.5e12);
  rl_arena_free(&arena);
}

/* A machine with one level has no cache; a level without bandwidth bounds nothing. */
static void test_absent_levels(void) {
  rl_plan *plan;
  begin();
  machine.hardware.levels = &machine.levels[1];
  machine.hardware.level_count = 1;
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_EQUAL(plan->cache_bytes, 0);
  CU_ASSERT_EQUAL(plan->per_cache_byte, 0);
  rl_arena_free(&arena);
  begin();
  machine.levels[0].bandwidth = (rl_figure){0};
  machine.levels[0].capacity = UINT64_MAX;
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_EQUAL(plan->per_cache_byte, 0);
  CU_ASSERT_EQUAL(plan->cache_bytes, INT64_MAX);
  rl_arena_free(&arena);
}

/* bf16 asked, f32 there: the wider engine is taken, and the plan says so. */
static void test_wider_engine(void) {
  rl_plan *plan;
  begin();
  machine.peaks[0] = (rl_peak){.engine = RL_VECTOR, .type = RL_F32, .rate = {.value = 1e12}};
  machine.hardware.peak_count = 1;
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_TRUE(plan->wider);
  CU_ASSERT_EQUAL(plan->rows[5].peak->type, RL_F32);
  CU_ASSERT_EQUAL(plan->rows[5].per_matrix, 1e-12);
  rl_arena_free(&arena);
}

/* fp8 layers under a bf16 head on a machine without fp8: the first rows take a wider engine, the
 * last one does not, and the plan still says that some did. */
static void test_wider_stays(void) {
  rl_plan *plan;
  begin();
  for (uint32_t o = 0; o < built.program.op_count; o++) {
    bool head = strcmp(built.ops[o].name, "lm_head") == 0;
    built.ops[o].compute = head ? RL_BF16 : RL_F8_E4M3;
  }
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_PTR_EQUAL(plan->rows[2].peak, &machine.peaks[0]);
  CU_ASSERT_TRUE(plan->wider);
  rl_arena_free(&arena);
}

/* int4 runs on the int8 engine, whatever else the machine has that is wider still. */
static void test_next_wider(void) {
  const rl_peak peaks[] = {{.engine = RL_TENSOR, .type = RL_BF16, .rate = {.value = 1e12}},
                           {.engine = RL_TENSOR, .type = RL_I8, .rate = {.value = 2e12}}};
  const rl_hardware hardware = {.peaks = peaks, .peak_count = 2};
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(&hardware, RL_I4), &peaks[1]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(&hardware, RL_I8), &peaks[1]);
  CU_ASSERT_PTR_EQUAL(rl_hardware_matrix_peak(&hardware, RL_BF16), &peaks[0]);
}

static void expect(rl_diag_code code, uint32_t line, const char *message) {
  rl_plan *plan;
  CU_ASSERT_EQUAL(compile(&plan), RL_BAD_INPUT);
  CU_ASSERT_PTR_NULL(plan);
  CU_ASSERT_EQUAL_FATAL(diags.list.count, 1);
  CU_ASSERT_EQUAL(diags.list.items[0].code, code);
  CU_ASSERT_EQUAL(diags.list.items[0].loc.line, line);
  CU_ASSERT_STRING_EQUAL(diags.list.items[0].message, message);
  rl_arena_free(&arena);
}

static void test_missing_engines(void) {
  begin(); /* int8 is wider than nothing this machine has: f32 is no integer type */
  for (uint32_t p = 0; p < built.program.part_count; p++) built.parts[p].compute = RL_F32;
  for (uint32_t o = 0; o < built.program.op_count; o++) built.ops[o].compute = RL_F32;
  machine.hardware.peak_count = 1; /* bf16 only, narrower than f32 */
  machine.peaks[0].type = RL_F16;
  machine.peaks[0].engine = RL_VECTOR;
  expect(RL_D_PLAN_NO_ENGINE, 3,
         "qkv_proj multiplies in f32, and accelerator has no engine for that type or a wider one");
  begin();
  machine.hardware.peak_count = 1; /* a tensor engine alone: the first norm has nothing to run on */
  expect(RL_D_PLAN_NO_VECTOR, 2,
         "accelerator has no vector peak for the element-wise work of norm");
}

static void *limited(void *context, size_t bytes) {
  size_t *left = context;
  if (*left == 0) return NULL;
  --*left;
  return malloc(bytes);
}
static void release(void *context, void *block) {
  (void)context;
  free(block);
}

static void test_memory_runs_out(void) {
  rl_cost *cost = NULL;
  begin();
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  rl_status status = RL_ENVIRONMENT;
  for (size_t blocks = 0; status != RL_OK && blocks < 100; blocks++) {
    size_t left = blocks;
    rl_allocator allocator = {limited, release, &left, 1};
    rl_arena small;
    rl_plan *plan = NULL;
    rl_evaluation *evaluation = NULL;
    rl_arena_init(&small, &allocator);
    rl_diags_init(&diags, &arena);
    status = rl_plan_compile(&small, cost, &machine.hardware, &plan, &diags);
    if (status == RL_OK) status = rl_evaluation_new(&small, plan, 3, &evaluation, &diags);
    CU_ASSERT_EQUAL(status == RL_OK, evaluation != NULL);
    CU_ASSERT(status == RL_OK || (status == RL_ENVIRONMENT && diags.out_of_memory));
    rl_arena_free(&small);
  }
  CU_ASSERT_EQUAL(status, RL_OK);
  rl_arena_free(&arena);
}

/* More cells than an array can have. */
static void test_evaluation_too_large(void) {
  rl_plan *plan;
  rl_evaluation *evaluation;
  begin();
  CU_ASSERT_EQUAL_FATAL(compile(&plan), RL_OK);
  CU_ASSERT_EQUAL(rl_evaluation_new(&arena, plan, SIZE_MAX / 4, &evaluation, &diags),
                  RL_ENVIRONMENT);
  CU_ASSERT_PTR_NULL(evaluation);
  rl_arena_free(&arena);
}

RL_SUITE("plan", {"reciprocals and engines", test_reciprocals},
         {"absent levels and rates", test_absent_levels}, {"wider engine", test_wider_engine},
         {"a wider engine is not forgotten", test_wider_stays},
         {"the next wider type", test_next_wider},
         {"missing engines are located", test_missing_engines},
         {"memory runs out", test_memory_runs_out},
         {"an evaluation too large", test_evaluation_too_large})
