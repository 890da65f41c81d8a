/* Where another resource begins to rule a row, against every batch one by one; and what tensors
 * take in memory, by hand. */
#include "program_fixture.h"
#include "time/answers.h"
#include "unit.h"

static fixture built;
static fx_machine machine;
static rl_arena arena;
static rl_diags diags;

static rl_plan *plan_of(const fx_decoder *decoder) {
  rl_cost *cost = NULL;
  rl_plan *plan = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  fx_decode(&built, decoder);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&arena, &built.program, 1, &cost, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_plan_compile(&arena, cost, &machine.hardware, &plan, &diags), RL_OK);
  return plan;
}

static rl_bound bound_at(const rl_plan *plan, size_t row, rl_group group, uint64_t count) {
  uint64_t moments[RL_MOMENTS_MAX];
  rl_demand demand;
  group.count = count;
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments));
  CU_ASSERT_FATAL(rl_row_demand(plan, row, moments, &demand));
  return demand.bound;
}

/* Every row from batch 1, and from a batch behind some borders; looked at up to `most`. */
static size_t check_rows(const rl_plan *plan, rl_group group, uint64_t most) {
  size_t changes = 0;
  for (size_t row = 0; row < plan->cost->row_count; row++) {
    const rl_bound first = bound_at(plan, row, group, group.count);
    uint64_t slow = group.count + 1;
    while (slow <= most && bound_at(plan, row, group, slow) == first) slow++;
    const rl_change change = rl_bound_change(plan, row, &group);
    if (slow > most) {
      CU_ASSERT(change.count == 0 || change.count > most);
      continue;
    }
    changes++;
    CU_ASSERT_EQUAL(change.count, slow);
    CU_ASSERT_EQUAL(change.bound, bound_at(plan, row, group, slow));
  }
  return changes;
}

static void test_change(void) {
  fx_accelerator(&machine);
  rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  size_t changes = check_rows(plan, (rl_group){.count = 1, .q = 1, .cached = 500}, 4000);
  CU_ASSERT(changes >= 5);
  changes = check_rows(plan, (rl_group){.count = 300, .q = 1, .cached = 500}, 4000);
  changes += check_rows(plan, (rl_group){.count = 1, .q = 7, .cached = 100}, 2000);
  CU_ASSERT(changes >= 5);
  rl_arena_free(&arena);
}

/* qkv_proj reads 6144 x 4096 bf16 weights, 50331648 B; a K cache of 3 sequences with 501 tokens
 * holds 3 * 501 * 8 * 128 values of 2 B, 3078144; the queries of 3 tokens 3 * 4096 * 2 = 24576 B.
 */
static void test_stored(void) {
  uint64_t moments[RL_MOMENTS_MAX], bytes, seen = 0;
  const rl_group group = {.count = 3, .q = 1, .cached = 500};
  fx_accelerator(&machine);
  const rl_plan *plan = plan_of(&FX_LLAMA_3_8B);
  CU_ASSERT_FATAL(rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments));
  for (uint32_t t = 0; t < built.program.tensor_count; t++) {
    const rl_tensor *tensor = &built.program.tensors[t];
    if (!rl_cost_stored(plan->cost, tensor, moments, &bytes)) continue;
    if (tensor->role == RL_ROLE_KV) {
      CU_ASSERT_EQUAL(bytes, 3078144);
      seen |= 1;
    } else if (tensor->role == RL_ROLE_WEIGHT && tensor->rows == 6144) {
      CU_ASSERT_EQUAL(bytes, 50331648);
      seen |= 2;
    } else if (tensor->extent == RL_EXTENT_TOKENS && tensor->rows * tensor->cols == 4096) {
      CU_ASSERT(bytes == 24576 || tensor->format == NULL);
      seen |= 4;
    }
  }
  CU_ASSERT((seen & 5) == 5);
  rl_arena_free(&arena);
}

RL_SUITE("change of bound", {"change", test_change}, {"stored", test_stored})
