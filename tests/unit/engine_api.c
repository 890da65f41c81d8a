/* What the engine refuses, what it remembers between passes, and that drafting or observing changes
 * no bit of what comes out. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "diag_line.h"
#include "engine_twin.h"
#include "unit.h"

static const twin_setup SETUP = {&TWIN_MODEL[1], "w4a16-g32", "bf16", "int8-token", "reference"};

static rl_status step(twin *t, rl_engine_entry entry, rl_engine_result *result) {
  return rl_engine_step(t->engine, &entry, 1, NULL, result, &t->diags);
}

/* A verified branch leaves the sequence as if its tokens had been decoded one by one. */
static void test_commit_equals_decode(void) {
  static const int32_t parents[] = {-1, 0, 0, 2};
  static const uint32_t prompt[] = {1, 2, 3, 4, 5, 6}, nodes[] = {7, 8, 9, 10}, path[] = {0, 2, 3};
  static const uint32_t chain[] = {7, 9, 10}, next[] = {11};
  static const rl_tree tree = {4, parents};
  float after_tree[REF_WIDTH];
  rl_engine_result result;
  twin t;
  twin_open(&t, &SETUP);
  size_t bytes = (size_t)SETUP.model->vocabulary * sizeof(float);
  for (uint32_t s = 0; s < 2; s++) {
    CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){s, 6, prompt, NULL, RL_LOGITS_NONE}, &result),
                    RL_OK);
  }
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){0, 4, nodes, &tree, RL_LOGITS_ALL}, &result), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 6);
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, path, 3, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 9);
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){0, 1, next, NULL, RL_LOGITS_LAST}, &result), RL_OK);
  memcpy(after_tree, result.logits, bytes);
  for (int i = 0; i < 3; i++) {
    CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){1, 1, &chain[i], NULL, RL_LOGITS_NONE}, &result),
                    RL_OK);
  }
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){1, 1, next, NULL, RL_LOGITS_LAST}, &result), RL_OK);
  CU_ASSERT_EQUAL(memcmp(after_tree, result.logits, bytes), 0);
  twin_close(&t);
}

/* Rewinding and going on differently is the same as never having taken the other way. */
static void test_rewind(void) {
  static const uint32_t prompt[] = {1, 2, 3}, wrong[] = {4, 5}, right[] = {6};
  float want[REF_WIDTH];
  rl_engine_result result;
  twin t;
  twin_open(&t, &SETUP);
  size_t bytes = (size_t)SETUP.model->vocabulary * sizeof(float);
  step(&t, (rl_engine_entry){0, 3, prompt, NULL, RL_LOGITS_NONE}, &result);
  step(&t, (rl_engine_entry){0, 1, right, NULL, RL_LOGITS_LAST}, &result);
  memcpy(want, result.logits, bytes);
  step(&t, (rl_engine_entry){1, 3, prompt, NULL, RL_LOGITS_NONE}, &result);
  step(&t, (rl_engine_entry){1, 2, wrong, NULL, RL_LOGITS_NONE}, &result);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 1, 3, &t.diags), RL_OK);
  step(&t, (rl_engine_entry){1, 1, right, NULL, RL_LOGITS_LAST}, &result);
  CU_ASSERT_EQUAL(memcmp(want, result.logits, bytes), 0);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 1, 5, &t.diags), RL_USAGE);
  twin_close(&t);
}

/* Greedy generation: each token is the largest logit behind the ones before it, however the prompt
 * was cut. */
static void test_generate(void) {
  static const uint32_t prompt[] = {9, 8, 7, 6, 5};
  uint32_t whole[6], cut[6], held[11];
  rl_engine_result result;
  twin t;
  twin_open(&t, &SETUP);
  rl_engine_prompt first = {0, prompt, 5, 5}, second = {1, prompt, 5, 2};
  CU_ASSERT_EQUAL(rl_engine_generate(t.engine, &first, 6, whole, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(rl_engine_generate(t.engine, &second, 6, cut, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(memcmp(whole, cut, sizeof whole), 0);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 5 + 5);
  memcpy(held, prompt, sizeof prompt);
  memcpy(held + 5, whole, sizeof whole);
  step(&t, (rl_engine_entry){2, 10, held, NULL, RL_LOGITS_ALL}, &result);
  for (int i = 0; i < 6; i++) CU_ASSERT_EQUAL(result.sampled[4 + i], whole[i]);
  first.length = 0;
  CU_ASSERT_EQUAL(rl_engine_generate(t.engine, &first, 6, whole, &t.diags), RL_USAGE);
  twin_close(&t);
}

static void expect_pass_error(twin *t, rl_engine_entry entry, const char *reason) {
  rl_engine_result result;
  size_t before = t->diags.list.count;
  CU_ASSERT_EQUAL(step(t, entry, &result), RL_USAGE);
  CU_ASSERT_EQUAL_FATAL(t->diags.list.count, before + 1);
  CU_ASSERT_EQUAL(t->diags.list.items[before].code, RL_D_ENGINE_PASS);
  CU_ASSERT_PTR_NOT_NULL(strstr(t->diags.list.items[before].message, reason));
}

static void test_refused_passes(void) {
  static const uint32_t ids[TWIN_CAPACITY + 1] = {1, 2, 3}, bad[] = {43};
  static const int32_t parents[] = {-1, 0};
  static const uint32_t not_a_branch[] = {1}, no_node[] = {2};
  static const rl_tree tree = {2, parents};
  rl_engine_result result;
  twin t;
  twin_open(&t, &SETUP);
  expect_pass_error(&t, (rl_engine_entry){9, 1, ids, NULL, RL_LOGITS_LAST}, "does not exist");
  diag_is(&t.diags, 0, "error: the pass cannot run: it names a sequence that does not exist");
  expect_pass_error(&t, (rl_engine_entry){0, TWIN_CAPACITY + 1, ids, NULL, RL_LOGITS_LAST}, "full");
  expect_pass_error(&t, (rl_engine_entry){0, 1, bad, NULL, RL_LOGITS_LAST}, "vocabulary");
  rl_engine_entry twice[] = {{0, 1, ids, NULL, RL_LOGITS_LAST}, {0, 1, ids, NULL, RL_LOGITS_LAST}};
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, twice, 2, NULL, &result, &t.diags), RL_USAGE);
  rl_engine_entry many[] = {{0, 20, ids, NULL, RL_LOGITS_LAST}, {1, 5, ids, NULL, RL_LOGITS_LAST}};
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, many, 2, NULL, &result, &t.diags), RL_USAGE);
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 0); /* nothing has changed */
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, no_node, 0, &t.diags), RL_USAGE);
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){0, 2, ids, &tree, RL_LOGITS_ALL}, &result), RL_OK);
  expect_pass_error(&t, (rl_engine_entry){0, 1, ids, NULL, RL_LOGITS_LAST}, "commit");
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, not_a_branch, 1, &t.diags), RL_USAGE);
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, no_node, 1, &t.diags), RL_USAGE);
  CU_ASSERT_EQUAL(rl_engine_commit(t.engine, 0, no_node, 0, &t.diags), RL_OK); /* all rejected */
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 0);
  twin_close(&t);
}

/* 40 positions in the table: a sequence of 41 tokens has none for its last. */
static void test_position_table_bounds_the_sequence(void) {
  static const uint64_t capacity[] = {50};
  static const uint64_t seed = 1;
  static const uint32_t ids[41] = {0};
  twin_setup setup = SETUP;
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 50, .logit_rows = 1};
  rl_weight_source source = rl_random_weights(&seed);
  rl_engine_result result;
  twin t;
  setup.model = &TWIN_MODEL[7];
  twin_open(&t, &setup);
  CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t.arena, t.program, &limits, &source, &t.engine, &t.diags),
                        RL_OK);
  expect_pass_error(&t, (rl_engine_entry){0, 41, ids, NULL, RL_LOGITS_LAST}, "position table");
  /* behind 38 tokens four children of the context all stand at position 38 */
  static const int32_t parents[] = {-1, -1, -1, -1};
  static const rl_tree tree = {4, parents};
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){0, 38, ids, NULL, RL_LOGITS_LAST}, &result), RL_OK);
  CU_ASSERT_EQUAL(step(&t, (rl_engine_entry){0, 4, ids, &tree, RL_LOGITS_NONE}, &result), RL_OK);
  twin_close(&t);
}

/* Too large is refused before memory is taken, with the bytes that are needed; one byte more
 * suffices. */
static void test_memory_limit(void) {
  static const uint64_t capacity[] = {10}, endless[] = {UINT64_MAX};
  static const uint64_t seed = 1;
  rl_weight_source source = rl_random_weights(&seed);
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 4, .logit_rows = 4};
  rl_engine_state *engine = NULL;
  char line[256], need[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  uint64_t bytes, weights;
  twin t;
  twin_open(&t, &SETUP);
  CU_ASSERT_TRUE(rl_engine_bytes(t.program, &limits, &bytes));
  CU_ASSERT_TRUE(rl_program_weight_bytes(t.program, &weights));
  CU_ASSERT_TRUE(bytes > weights && bytes < 2 * weights + 100000);
  limits.memory = bytes - 1;
  CU_ASSERT_EQUAL(rl_engine_new(&t.arena, t.program, &limits, &source, &engine, &t.diags),
                  RL_ENVIRONMENT);
  snprintf(
      line, sizeof line,
      "error: running this model here takes %s bytes, more than the limit of %s — take a smaller "
      "model, fewer tokens or shorter sequences",
      rl_print_grouped(bytes, need), rl_print_grouped(bytes - 1, limit));
  diag_is(&t.diags, 0, line);
  limits.memory = bytes;
  CU_ASSERT_EQUAL(rl_engine_new(&t.arena, t.program, &limits, &source, &engine, &t.diags), RL_OK);
  limits.capacity = endless;
  CU_ASSERT_FALSE(rl_engine_bytes(t.program, &limits, &bytes));
  CU_ASSERT_EQUAL(rl_engine_new(&t.arena, t.program, &limits, &source, &engine, &t.diags),
                  RL_ENVIRONMENT);
  twin_close(&t);
}

static uint64_t ticks(void *context) {
  return *(uint64_t *)context += 5;
}

/* The clock is read before and after each operator; without observation no byte is reported. */
static void test_clock_and_blind_runs(void) {
  static const uint64_t capacity[] = {10};
  static const uint64_t seed = 1;
  static const uint32_t ids[] = {1, 2};
  uint64_t time = 0;
  rl_engine_clock clock = {ticks, &time};
  rl_weight_source source = rl_random_weights(&seed);
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 4, .logit_rows = 4};
  rl_engine_entry entry = {0, 2, ids, NULL, RL_LOGITS_LAST};
  rl_engine_result result;
  twin t;
  twin_open(&t, &SETUP);
  CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t.arena, t.program, &limits, &source, &t.engine, &t.diags),
                        RL_OK);
  CU_ASSERT_EQUAL(rl_engine_step(t.engine, &entry, 1, &clock, &result, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(time, 10 * result.row_count);
  for (size_t r = 0; r < result.row_count; r++) {
    CU_ASSERT_EQUAL(result.rows[r].nanoseconds, 5);
    CU_ASSERT_EQUAL(result.rows[r].bytes[0], 0);
  }
  CU_ASSERT_EQUAL(result.distinct_ids, 2);
  CU_ASSERT_EQUAL(result.distinct_positions, 2);
  twin_close(&t);
}

/* A format whose component has no kernel is refused by name. */
static void test_unknown_format(void) {
  static const uint64_t capacity[] = {10};
  static const uint64_t seed = 1;
  static const rl_component lut = {.kind = RL_LUT, .type = RL_I4};
  static const rl_format format = {.name = "lut4", .stack = &lut, .depth = 1};
  rl_weight_source source = rl_random_weights(&seed);
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 4, .logit_rows = 4};
  rl_engine_state *engine = NULL;
  twin t;
  twin_open(&t, &SETUP);
  rl_program program = *t.program;
  rl_tensor *tensors = RL_NEW_ARRAY(&t.arena, rl_tensor, program.tensor_count);
  CU_ASSERT_PTR_NOT_NULL_FATAL(tensors);
  memcpy(tensors, program.tensors, program.tensor_count * sizeof *tensors);
  tensors[1].format = &format;
  program.tensors = tensors;
  CU_ASSERT_EQUAL(rl_engine_new(&t.arena, &program, &limits, &source, &engine, &t.diags),
                  RL_ENVIRONMENT);
  diag_is(&t.diags, 0, "error: the scalar engine has no kernel for format lut4 of embed.weight");
  twin_close(&t);
}

/* No two layers have the same weights, and a seed means the same weights whenever it is used. */
static void test_random_weights(void) {
  static const uint64_t capacity[] = {10};
  static const uint64_t seeds[] = {20240601, 20240601, 5};
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 4, .logit_rows = 4};
  const rl_store *weights[3];
  uint32_t tensor = 0;
  twin t;
  twin_open(&t, &SETUP);
  while (strcmp(t.program->tensors[tensor].name, "down_proj.weight") != 0) tensor++;
  for (int e = 0; e < 3; e++) {
    rl_weight_source source = rl_random_weights(&seeds[e]);
    rl_engine_state *engine = NULL;
    CU_ASSERT_EQUAL_FATAL(rl_engine_new(&t.arena, t.program, &limits, &source, &engine, &t.diags),
                          RL_OK);
    weights[e] = rl_engine_store(engine, tensor, 0);
  }
  const rl_store *second_layer = rl_engine_store(t.engine, tensor, 1);
  size_t bytes = rl_store_bytes(weights[0]);
  CU_ASSERT_EQUAL(memcmp(weights[0]->bytes, weights[1]->bytes, bytes), 0);
  CU_ASSERT_NOT_EQUAL(memcmp(weights[0]->bytes, weights[2]->bytes, bytes), 0);
  CU_ASSERT_NOT_EQUAL(memcmp(weights[0]->bytes, second_layer->bytes, bytes), 0);
  twin_close(&t);
}

static void *no_memory(void *context, size_t bytes) {
  int *left = context;
  return (*left)-- > 0 ? malloc(bytes) : NULL;
}
static void release(void *context, void *block) {
  (void)context;
  free(block);
}

/* Whichever allocation fails, the answer is that memory ran out. */
static void test_without_memory(void) {
  static const uint64_t capacity[] = {10};
  static const uint64_t seed = 1;
  rl_weight_source source = rl_random_weights(&seed);
  rl_engine_limits limits = {.sequences = 1, .capacity = capacity, .tokens = 4, .logit_rows = 4};
  rl_engine_state *engine = NULL;
  rl_status status = RL_ENVIRONMENT;
  twin t;
  twin_open(&t, &SETUP);
  for (int allowed = 0; status != RL_OK && allowed < 10; allowed++) {
    int left = allowed;
    rl_allocator allocator = {.alloc = no_memory, .release = release, .context = &left};
    rl_arena arena;
    rl_arena_init(&arena, &allocator);
    status = rl_engine_new(&arena, t.program, &limits, &source, &engine, &t.diags);
    if (status != RL_OK) CU_ASSERT_TRUE(status == RL_ENVIRONMENT && t.diags.out_of_memory);
    rl_arena_free(&arena);
  }
  CU_ASSERT_EQUAL(status, RL_OK);
  twin_close(&t);
}

/* Every fusion that the reference profile names is made in some twin and so was executed by the
 * other tests: as a fused operator, attention as an operator of its own. */
static void test_reference_fusions_are_executed(void) {
  uint32_t asked = 0, made = 0;
  for (int m = 0; m < TWIN_FAMILIES; m++) {
    twin_setup setup = SETUP;
    twin t;
    setup.model = &TWIN_MODEL[m];
    twin_open(&t, &setup);
    asked = t.program->fuse;
    for (uint32_t o = 0; o < t.program->op_count; o++) {
      const rl_op *op = &t.program->ops[o];
      if (op->kind == RL_OP_FUSED) made |= 1u << op->fusion;
      if (op->kind == RL_OP_ATTENTION) made |= 1u << RL_FUSE_ATTENTION;
    }
    twin_close(&t);
  }
  CU_ASSERT_TRUE(asked != 0);
  CU_ASSERT_EQUAL(made, asked);
}

RL_SUITE("engine", {"commit equals decode", test_commit_equals_decode}, {"rewind", test_rewind},
         {"generate", test_generate}, {"refused passes", test_refused_passes},
         {"position table", test_position_table_bounds_the_sequence},
         {"memory limit", test_memory_limit}, {"clock and blind runs", test_clock_and_blind_runs},
         {"unknown format", test_unknown_format}, {"random weights", test_random_weights},
         {"without memory", test_without_memory},
         {"reference fusions", test_reference_fusions_are_executed})
