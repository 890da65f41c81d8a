/* Corners of the engine's interface that no ordinary pass reaches: equal logits, and a draft tree
 * that is given up by going back. */
#include <string.h>

#include "engine_twin.h"
#include "unit.h"

static const uint64_t CAPACITY[] = {10};
static const uint32_t IDS[] = {1, 2, 3};

static rl_status leave_zero(const void *context, const rl_weight_request *request,
                            rl_diags *diags) {
  (void)context;
  (void)request;
  (void)diags;
  return RL_OK;
}

/* The program without its last operator, the sampler. */
static rl_program without_sampler(twin *t) {
  rl_program program = *t->program;
  rl_run *runs = RL_NEW_ARRAY(&t->arena, rl_run, program.run_count);
  CU_ASSERT_PTR_NOT_NULL_FATAL(runs);
  memcpy(runs, program.runs, program.run_count * sizeof *runs);
  rl_run *last = &runs[program.visits[program.visit_count - 1].run];
  CU_ASSERT_EQUAL_FATAL(program.ops[program.op_count - 1].kind, RL_OP_SAMPLE);
  CU_ASSERT_EQUAL_FATAL(last->first_op + last->op_count, program.op_count);
  last->op_count--;
  program.op_count--;
  program.runs = runs;
  return program;
}

/* Weights of zero make all logits equal: the first id wins, with and without a sampler. */
static void test_equal_logits(void) {
  static const twin_setup setup = {&TWIN_MODEL[0], "fp32", "fp32", "fp32", "reference"};
  const rl_weight_source zeros = {leave_zero, NULL};
  const rl_engine_limits limits = {
      .sequences = 1, .capacity = CAPACITY, .tokens = 4, .logit_rows = 4};
  const rl_engine_entry entry = {0, 3, IDS, NULL, RL_LOGITS_ALL};
  rl_engine_result result;
  twin t;
  twin_open(&t, &setup);
  const rl_program silent = without_sampler(&t);
  const rl_program *const programs[] = {t.program, &silent};
  for (int p = 0; p < 2; p++) {
    rl_engine_state *engine = NULL;
    CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t.arena, programs[p], &limits, &zeros, &engine, &t.diags),
                          RL_OK);
    CU_ASSERT_EQUAL_FATAL(rl_engine_step(engine, &entry, 1, NULL, &result, &t.diags), RL_OK);
    CU_ASSERT_EQUAL_FATAL(result.logit_rows, 3);
    for (int r = 0; r < 3; r++) CU_ASSERT_EQUAL(result.sampled[r], 0);
    CU_ASSERT_EQUAL(result.logits[0], result.logits[result.logit_width - 1]);
  }
  twin_close(&t);
}

/* Going back while a tree waits gives the tree up: the sequence goes on as if it had never been. */
static void test_rewind_drops_the_tree(void) {
  static const twin_setup setup = {&TWIN_MODEL[0], "bf16", "bf16", "bf16", "reference"};
  static const int32_t parents[] = {-1, 0};
  static const rl_tree tree = {2, parents};
  static const uint32_t nodes[] = {0};
  rl_engine_entry prompt = {0, 3, IDS, NULL, RL_LOGITS_NONE};
  rl_engine_entry draft = {0, 2, IDS, &tree, RL_LOGITS_NONE};
  rl_engine_entry next = {0, 1, IDS, NULL, RL_LOGITS_LAST};
  rl_engine_result result;
  twin t;
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, &prompt, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, &draft, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 0, 3, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, nodes, 1, &t.diags), RL_USAGE);
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, &next, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 4);
  twin_close(&t);
}

RL_SUITE("edges", {"equal logits", test_equal_logits},
         {"rewind drops the tree", test_rewind_drops_the_tree})
