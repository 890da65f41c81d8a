/* Plans that scenarios share: with them every scenario measures what it measures alone, whatever
 * was compiled before, and what differs in tokens and batches alone is compiled once. */
#include <stdio.h>
#include <string.h>

#include "api/gate_plans.h"
#include "unit.h"

/* Each differs from the first in one thing that a plan may rest on. */
static const struct {
  const char *says;
  bool kept; /* what it says is the database's, not the scenario's own: its plan is found again */
} variants[] = {
    {"hardware: h100-sxm\n", true},
    {"hardware: h200-sxm\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 2}\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 1, data: 2}\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 1, pipeline: 2}\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 1, pipeline: 2, micro_batches: 1}\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 1, context: 2}\n", true},
    {"hardware: 2x h100-sxm\nparallel: {tensor: 2, collectives: ring}\n", true},
    {"hardware: h100-sxm\nweights: w4a16-g128\n", true},
    {"hardware: h100-sxm\nweights: {default: bf16, down_proj: w4a16-g128}\n", true},
    {"hardware: h100-sxm\nweights: {default: bf16, up_proj: w4a16-g128}\n", true},
    {"hardware: h100-sxm\nweights: {default: bf16, up_proj: fp8}\n", true},
    {"hardware: h100-sxm\nkv: int8-token\n", true},
    {"hardware: h100-sxm\nkv: {k: int8-token, v: bf16}\n", true},
    {"hardware: h100-sxm\nkv: {k: bf16, v: int8-token}\n", true},
    {"hardware: h100-sxm\nactivations: fp32\n", true},
    {"hardware: h100-sxm\nhost: epyc-9654\nplacement: {embed: host}\n", true},
    {"hardware: h100-sxm\nhost: epyc-9654\nplacement: {lm_head: host}\n", true},
    {"hardware: h100-sxm\nhost: epyc-9654\nlanes: serial\nplacement: {lm_head: host}\n", true},
    {"hardware: h100-sxm\nhost: epyc-9654\nplacement: {kv: cpu}\n", true},
    {"hardware: h100-sxm\nprice: 2.5\n", false},
    {"hardware: h100-sxm\nprice: 3.5\n", false},
    {"hardware: h100-sxm\nmodel.num_hidden_layers: 16\n", false},
    {"hardware: h100-sxm\npools: {prefill: h200-sxm, link: 50 GB/s}\n", false},
    {"hardware: h100-sxm\npools: {prefill: h200-sxm, link: 25 GB/s}\n", false},
};
enum { VARIANTS = sizeof variants / sizeof *variants, TEXT = 512 };
static const char *const workloads[] = {"{batch: [1, 8], prompt: 128, generate: 32}",
                                        "{batch: 64, prompt: 2048, generate: 100}",
                                        "{batch: 3, prompt: 9, generate: 1}"};
enum { WORKLOADS = 3 };

static void equal(const rl_gate_scenario *a, const rl_gate_scenario *b) {
  CU_ASSERT_EQUAL_FATAL(a->batch_count, b->batch_count);
  CU_ASSERT_EQUAL(a->use_count, b->use_count);
  for (size_t i = 0; i < a->batch_count; i++) {
    CU_ASSERT_EQUAL(a->batches[i].batch, b->batches[i].batch);
    for (int m = 0; m < RL_MEASURES; m++) {
      const rl_measure_value *x = &a->batches[i].values[m], *y = &b->batches[i].values[m];
      CU_ASSERT_EQUAL(x->there, y->there);
      CU_ASSERT_EQUAL(x->count, y->count);
      CU_ASSERT_EQUAL(memcmp(&x->real, &y->real, sizeof x->real), 0);
    }
  }
}

/* The scenario, given to the database as a file of its own. */
static const char *give(rl_arena *arena, rl_db *db, size_t variant, size_t workload) {
  static const char head[] = "kind: scenario\nmodel: llama-3.2-1b\n";
  rl_diags diags;
  rl_diags_init(&diags, arena);
  rl_db_file file = {.path = rl_textf(arena, "%zu-%zu.yaml", workload, variant)};
  file.text =
      rl_textf(arena, "%s%sworkload: %s\n", head, variants[variant].says, workloads[workload]);
  CU_ASSERT_PTR_NOT_NULL_FATAL(file.text);
  file.length = strlen(file.text);
  CU_ASSERT_EQUAL_FATAL(rl_db_give(db, &file, &diags), RL_OK);
  return file.path;
}

static void test_shared(void) {
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
  size_t kept = 0;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  rl_gate_plans *plans = rl_gate_plans_new(&arena);
  CU_ASSERT_PTR_NOT_NULL_FATAL(plans);
  for (size_t w = 0; w < WORKLOADS; w++) {
    for (size_t v = 0; v < VARIANTS; v++) {
      rl_gate_scenario alone, shared;
      const char *file = give(&arena, db, v, w);
      const size_t before = plans->next;
      rl_status status = rl_gate_measure(&arena, db, plans, file, &shared, &diags);
      CU_ASSERT_EQUAL(status, RL_OK);
      if (status != RL_OK) puts(diags.list.items[diags.list.count - 1].message);
      CU_ASSERT_EQUAL_FATAL(rl_gate_measure(&arena, db, NULL, file, &alone, &diags), RL_OK);
      equal(&shared, &alone);
      CU_ASSERT_EQUAL(plans->next,
                      w > 0 && variants[v].kept ? before : (before + 1) % RL_GATE_PLANS);
      kept += plans->next == before;
    }
  }
  CU_ASSERT(kept >= (size_t)(WORKLOADS - 1) * (VARIANTS - 5));
  rl_gate_plans_free(plans);
  rl_arena_free(&arena);
}

/* A scenario that fails leaves no plan, and the next one is measured as if it had not been. */
static void test_failed(void) {
  static const rl_db_file bad = {.path = "bad.yaml",
                                 .text =
                                     "kind: scenario\nmodel: llama-3.2-1b\nhardware: h100-sxm\n"
                                     "placement: {experts: host}\nhost: epyc-9654\n",
                                 .length = 97};
  rl_arena arena;
  rl_diags diags, quiet;
  rl_db *db;
  rl_gate_scenario out;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_diags_init(&quiet, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  rl_gate_plans *plans = rl_gate_plans_new(&arena);
  CU_ASSERT_PTR_NOT_NULL_FATAL(plans);
  const char *good = give(&arena, db, 0, 0), *again = give(&arena, db, 0, 1);
  CU_ASSERT_EQUAL(rl_db_give(db, &bad, &diags), RL_OK);
  CU_ASSERT_EQUAL(rl_gate_measure(&arena, db, plans, good, &out, &diags), RL_OK);
  CU_ASSERT_EQUAL(plans->next, 1);
  CU_ASSERT_EQUAL(rl_gate_measure(&arena, db, plans, bad.path, &out, &quiet), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(plans->next, 1);
  CU_ASSERT_EQUAL(rl_gate_measure(&arena, db, plans, again, &out, &diags), RL_OK);
  CU_ASSERT_EQUAL(plans->next, 1);
  rl_gate_plans_free(plans);
  rl_arena_free(&arena);
}

RL_SUITE("gate plans", {"shared", test_shared}, {"failed", test_failed})
