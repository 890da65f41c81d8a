/* The k-th allocation of the lowering of each kind of model fails, for every k: latent attention,
 * scans, encoders, images and states end in "out of memory" and answer no program. */
#include <stdlib.h>

#include "graph/lower.h"
#include "spec/scenario.h"
#include "unit.h"

/* Hands out memory until `left` blocks were taken. */
typedef struct limited {
  size_t left, taken;
} limited;

static void *limited_alloc(void *context, size_t bytes) {
  limited *l = context;
  l->taken++;
  if (l->left == 0) return NULL;
  l->left--;
  return malloc(bytes);
}

static void limited_release(void *context, void *block) {
  (void)context;
  free(block);
}

/* Each request is a block of its own; answers the blocks that were asked for. */
static size_t lower_within(const rl_scenario *scenario, size_t blocks, rl_status expected) {
  limited l = {.left = blocks};
  const rl_allocator allocator = {limited_alloc, limited_release, &l, 1};
  const rl_program *program = NULL;
  rl_arena arena;
  rl_diags diags;
  rl_arena_init(&arena, &allocator);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_lower(&arena, scenario, &program, &diags);
  CU_ASSERT_EQUAL(status, expected);
  CU_ASSERT_EQUAL(diags.out_of_memory, expected != RL_OK);
  CU_ASSERT_EQUAL(program != NULL, expected == RL_OK);
  rl_arena_free(&arena);
  return l.taken;
}

static const struct {
  const char *file, *profile;
} models[] = {
    {"deepseek-v3-mtp-twin", "unfused"}, {"deepseek-v2-twin", "reference"},
    {"jamba-twin", "unfused"},           {"bert-twin", "reference"},
    {"whisper-twin", "unfused"},         {"t5-twin", "reference"},
    {"qwen2.5-vl-twin", "unfused"},      {"mamba2-twin", "reference"},
};

static void check_model(const char *file, const char *profile) {
  static const char *const root = RL_SOURCE_DIR;
  rl_arena arena;
  rl_diags diags;
  rl_scenario *scenario;
  rl_db *db;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const char *path = rl_textf(&arena, "%s/tests/twins/%s.yaml", root, file);
  const rl_request request = {.model = {path, {0}}, .profile = {profile, {0}}};
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, &root, 1, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  size_t needed = lower_within(scenario, SIZE_MAX, RL_OK);
  CU_ASSERT(needed > 100);
  for (size_t blocks = 0; blocks < needed; blocks++) {
    lower_within(scenario, blocks, RL_ENVIRONMENT);
  }
  rl_arena_free(&arena);
}

static void test_models(void) {
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    check_model(models[i].file, models[i].profile);
  }
}

RL_SUITE("kinds of models without memory", {"every block", test_models})
