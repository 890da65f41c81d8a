/* Phases in the engine: a family whose operators come once for each class of sequences, against the
 * same family without phases. Passes mix both classes in any order of entries; logits are the same
 * bit for bit, and what each operator touches is what the cost model counts for its class. Random
 * weights follow the numbers of tensors: unfused, where each attention stores scores of its own,
 * the two families have different ones, and only bytes are compared. */
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "graph/lower.h"
#include "kernels-ref/engine/engine.h"
#include "unit.h"

enum { SEQUENCES = 4, CAPACITY = 24, TOKENS = 24, VOCABULARY = 37 };

typedef struct half {
  const rl_program *program;
  rl_cost *cost;
  rl_engine_state *engine;
} half;

static rl_arena arena;
static rl_diags diags;
static half whole, split;
static bool saw_mixture, same_weights;

static void must(rl_status status) {
  for (size_t i = 0; status != RL_OK && i < diags.list.count; i++) {
    fprintf(stderr, "\n%s\n", diags.list.items[i].message);
  }
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

static void open_half(half *h, const char *model, const char *profile) {
  static const uint64_t seed = 7, capacity[SEQUENCES] = {CAPACITY, CAPACITY, CAPACITY, CAPACITY};
  static const char *const paths[] = {RL_SOURCE_DIR "/tests/phases", RL_SOURCE_DIR};
  rl_request request = {.model = {.text = model},
                        .profile = {.text = profile},
                        .activations = {.text = "fp32"},
                        .kv = {.text = "int8-token"}};
  rl_engine_limits limits = {.sequences = SEQUENCES,
                             .capacity = capacity,
                             .tokens = TOKENS,
                             .logit_rows = TOKENS,
                             .observe = true};
  rl_weight_source source = rl_random_weights(&seed);
  rl_scenario *scenario;
  rl_db *db;
  must(rl_db_open(&arena, paths, 2, &db, &diags));
  must(rl_scenario_resolve(&arena, db, &request, &scenario, &diags));
  must(rl_lower(&arena, scenario, &h->program, &diags));
  must(rl_cost_compile(&arena, h->program, 1, &h->cost, &diags));
  must(rl_engine_new(&arena, h->program, &limits, &source, &h->engine, &diags));
}

static void compare_bytes(const half *h, const rl_engine_result *result, const uint64_t *moments) {
  for (size_t r = 0; r < result->row_count; r++) {
    const rl_engine_row *row = &result->rows[r];
    const rl_op *op = &h->program->ops[row->op];
    uint64_t bytes;
    for (uint32_t k = 0; k < op->operand_count; k++) {
      const rl_form *form = &h->cost->operands[h->cost->rows[row->op].first_operand + k];
      CU_ASSERT(rl_form_value(h->cost, form, moments, &bytes));
      if (bytes == row->bytes[k]) continue;
      fprintf(stderr, "\n%s, operand %u: counted %llu, touched %llu\n", op->name, k,
              (unsigned long long)bytes, (unsigned long long)row->bytes[k]);
      CU_FAIL("counted and touched bytes differ");
    }
  }
}

/* One pass on one engine, its bytes compared. */
static void run_half(const half *h, const rl_engine_entry *entries, size_t count,
                     rl_engine_result *result) {
  rl_group groups[SEQUENCES];
  uint64_t moments[RL_MOMENTS_MAX];
  for (size_t e = 0; e < count; e++) {
    groups[e] = (rl_group){1, entries[e].q, rl_engine_length(h->engine, entries[e].sequence),
                           entries[e].tree, entries[e].logits};
  }
  must(rl_engine_step(h->engine, entries, count, NULL, result, &diags));
  rl_facts facts = {result->distinct_ids, result->distinct_positions, 0};
  CU_ASSERT_FATAL(rl_cost_moments(h->cost, &(rl_point){groups, count}, &facts, moments));
  CU_ASSERT_EQUAL(h->cost->row_count, h->program->op_count);
  compare_bytes(h, result, moments);
}

static void step(const rl_engine_entry *entries, size_t count) {
  rl_engine_result a, b;
  uint64_t decoded = 0;
  run_half(&whole, entries, count, &a);
  run_half(&split, entries, count, &b);
  CU_ASSERT_EQUAL_FATAL(a.logit_rows, b.logit_rows);
  if (same_weights) {
    CU_ASSERT_EQUAL(memcmp(a.logits, b.logits, a.logit_rows * VOCABULARY * sizeof *a.logits), 0);
    CU_ASSERT_EQUAL(memcmp(a.sampled, b.sampled, a.logit_rows * sizeof *a.sampled), 0);
  }
  for (size_t e = 0; e < count; e++) decoded += entries[e].q <= split.program->decode_tokens;
  saw_mixture = saw_mixture || (decoded > 0 && decoded < count);
}

static void check_profile(const char *profile, bool mixes) {
  static const uint32_t ids[CAPACITY] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9};
  static const int32_t parents[] = {-1, 0, 0, 2};
  static const rl_tree tree = {4, parents};
  static const uint32_t branch[] = {0, 2};
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  saw_mixture = false;
  same_weights = strcmp(profile, "unfused") != 0;
  open_half(&whole, "phases-whole-model", profile);
  open_half(&split, "phases-split-model", profile);
  step((rl_engine_entry[]){{2, 9, ids, NULL, RL_LOGITS_ALL},
                           {0, 1, ids + 1, NULL, RL_LOGITS_LAST},
                           {3, 4, ids + 2, NULL, RL_LOGITS_NONE},
                           {1, 3, ids + 3, NULL, RL_LOGITS_ALL}},
       4);
  step((rl_engine_entry[]){{1, 1, ids, NULL, RL_LOGITS_LAST},
                           {0, 7, ids + 4, NULL, RL_LOGITS_LAST},
                           {2, 4, ids + 5, &tree, RL_LOGITS_ALL}},
       3);
  must(rl_engine_commit(whole.engine, 2, branch, 2, &diags));
  must(rl_engine_commit(split.engine, 2, branch, 2, &diags));
  step((rl_engine_entry[]){{3, 5, ids, NULL, RL_LOGITS_LAST}}, 1);
  step((rl_engine_entry[]){{2, 1, ids, NULL, RL_LOGITS_LAST}, {0, 2, ids, NULL, RL_LOGITS_LAST}},
       2);
  CU_ASSERT_EQUAL(saw_mixture, mixes);
  rl_arena_free(&arena);
}

static void test_mixed(void) {
  check_profile("mixed", true);
  check_profile("singles", true); /* one token is decoded, more are not */
  check_profile("unfused", true);
}

static void test_all_decode(void) {
  check_profile("reference", false);
}

RL_SUITE("phases", {"mixed", test_mixed}, {"all decode", test_all_decode})
