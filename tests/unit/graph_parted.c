/* Caches that keep tokens apart in the lowering: the operators of a layer, and what is refused. */
#include <string.h>

#include "graph/lower.h"
#include "spec/scenario.h"
#include "unit.h"

typedef struct lowered {
  rl_arena arena;
  rl_diags diags;
  const rl_program *program;
  rl_status status;
} lowered;

static rl_text_at text_at(const char *text) {
  return (rl_text_at){.text = text};
}

static void lower(lowered *l, const char *model, const char *kv, const char *profile) {
  static const char *const roots[] = {RL_SOURCE_DIR "/tests/phases", RL_SOURCE_DIR};
  const rl_request request = {
      .model = text_at(model), .kv = text_at(kv), .profile = text_at(profile)};
  rl_scenario *scenario;
  rl_db *db;
  rl_arena_init(&l->arena, NULL);
  rl_diags_init(&l->diags, &l->arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&l->arena, roots, 2, &db, &l->diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&l->arena, db, &request, &scenario, &l->diags), RL_OK);
  l->status = rl_lower(&l->arena, scenario, &l->program, &l->diags);
}

static const rl_op *find_op(const rl_program *program, rl_op_kind kind) {
  for (uint32_t o = 0; o < program->op_count; o++) {
    if (program->ops[o].kind == kind) return &program->ops[o];
  }
  CU_FAIL_FATAL("no such operator");
  return NULL;
}

static void check_names(const rl_program *program, rl_op_kind kind, const char *const *names) {
  const rl_op *op = find_op(program, kind);
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    CU_ASSERT_PTR_NOT_NULL_FATAL(names[o]);
    CU_ASSERT_STRING_EQUAL(program->tensors[operand->tensor].name, names[o]);
  }
  CU_ASSERT_PTR_NULL(names[op->operand_count]);
}

/* Slots as docs/counting.md lists them. */
static void test_slots(void) {
  static const char *const attention[] = {
      "q", "k_cache", "v_cache", "k_cache_tail", "k", "v_cache_tail", "v", "a", NULL};
  static const char *const scores[] = {"q", "k_cache", "k_cache_tail", "k", "scores", NULL};
  static const char *const mix[] = {"scores", "v_cache", "v", "a", NULL};
  static const char *const compress[] = {"k",
                                         "v",
                                         "k_cache_tail",
                                         "v_cache_tail",
                                         "k_cache",
                                         "k_cache_tail",
                                         "v_cache",
                                         "v_cache_tail",
                                         NULL};
  lowered l;
  lower(&l, "llama-3-8b", "kivi-2", "auto");
  CU_ASSERT_EQUAL_FATAL(l.status, RL_OK);
  check_names(l.program, RL_OP_ATTENTION, attention);
  check_names(l.program, RL_OP_KV_COMPRESS, compress);
  rl_arena_free(&l.arena);
  lower(&l, "llama-3-8b", "small-tail-mixed", "unfused");
  CU_ASSERT_EQUAL_FATAL(l.status, RL_OK);
  check_names(l.program, RL_OP_SCORES, scores);
  check_names(l.program, RL_OP_MIX, mix);
  rl_arena_free(&l.arena);
}

/* Masks stand beside the keys; where scores are stored queries are gathered first. */
static void test_channel_slots(void) {
  static const char *const attention[] = {
      "q", "k_cache", "v_cache", "k_cache_tail", "k", "k_cache_channels", "v", "a", NULL};
  static const char *const choose[] = {"q", "k", "k_cache_tail", "k_cache_channels", NULL};
  static const char *const compress[] = {
      "k", "v", "k_cache_tail", "k_cache_channels", "k_cache", "k_cache_tail", "v_cache", NULL};
  static const char *const gather[] = {"q", "k_cache_channels", "gather_channels", NULL};
  static const char *const scores[] = {"q",      "k_cache", "k_cache_tail", "k", "gather_channels",
                                       "scores", NULL};
  static const char *const mix[] = {"scores", "v_cache", "v", "a", NULL};
  lowered l;
  lower(&l, "llama-3-8b", "think", "auto");
  CU_ASSERT_EQUAL_FATAL(l.status, RL_OK);
  check_names(l.program, RL_OP_ATTENTION, attention);
  check_names(l.program, RL_OP_CHOOSE_CHANNELS, choose);
  check_names(l.program, RL_OP_KV_COMPRESS, compress);
  CU_ASSERT_EQUAL(find_op(l.program, RL_OP_ATTENTION)->at.kept_channels, 77);
  CU_ASSERT_EQUAL(find_op(l.program, RL_OP_CHOOSE_CHANNELS)->at.queries, 32);
  rl_arena_free(&l.arena);
  lower(&l, "llama-3-8b", "think", "unfused");
  CU_ASSERT_EQUAL_FATAL(l.status, RL_OK);
  check_names(l.program, RL_OP_GATHER_CHANNELS, gather);
  check_names(l.program, RL_OP_SCORES, scores);
  check_names(l.program, RL_OP_MIX, mix);
  rl_arena_free(&l.arena);
}

static void check_kv_refused(const char *model, const char *kv, const char *message) {
  lowered l;
  lower(&l, model, kv, "auto");
  CU_ASSERT_EQUAL(l.status, RL_BAD_INPUT);
  CU_ASSERT_FATAL(l.diags.list.count > 0);
  CU_ASSERT_STRING_EQUAL(l.diags.list.items[0].message, message);
  rl_arena_free(&l.arena);
}

static void check_refused(const char *model, const char *message) {
  check_kv_refused(model, "kivi-2", message);
}

/* Windows with masks of channels, chunks, latents, kept sources, second caches, other attentions.
 */
static void test_refused(void) {
  check_kv_refused("mistral-7b", "think",
                   "a window on a KV cache that leaves out channels (think) is not supported yet");
  check_refused("llama-4-scout",
                "'attention' on a KV cache that keeps tokens apart (kivi-2) is "
                "not supported yet");
  check_refused("deepseek-v3",
                "'latent_append' on a KV cache that keeps tokens apart (kivi-2) is "
                "not supported yet");
  check_refused("whisper-large-v3",
                "'cross_append' on a KV cache that keeps tokens apart (kivi-2) "
                "is not supported yet");
  check_refused("lla-1b",
                "'local_linear' on a KV cache that keeps tokens apart (kivi-2) is not "
                "supported yet");
  check_refused("bmojo-1.4b",
                "'kv_append' on a KV cache that keeps tokens apart (kivi-2) is not "
                "supported yet");
}

static const rl_tensor *find_tensor(const rl_program *program, const char *name, uint64_t window) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (strcmp(tensor->name, name) == 0 && tensor->parting.window == window) return tensor;
  }
  return NULL;
}

/* gpt-oss-20b sees 128 tokens in every other layer: of 8 heads the tail of keys has a place for 127
 * tokens there as elsewhere, that of values for 127 there and for 128 elsewhere. */
static void test_windowed_tails(void) {
  static const struct {
    const char *name;
    uint64_t window, rows;
  } of[] = {{"k_cache_tail", 128, 8 * 127},
            {"k_cache_tail", 0, 8 * 127},
            {"v_cache_tail", 128, 8 * 127},
            {"v_cache_tail", 0, 8 * 128}};
  lowered l;
  lower(&l, "gpt-oss-20b", "kivi-2", "auto");
  CU_ASSERT_EQUAL_FATAL(l.status, RL_OK);
  for (int i = 0; i < 4; i++) {
    const rl_tensor *tail = find_tensor(l.program, of[i].name, of[i].window);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tail);
    CU_ASSERT_EQUAL(tail->rows, of[i].rows);
  }
  CU_ASSERT_EQUAL(find_tensor(l.program, "k_cache", 128)->parting.block, 32);
  CU_ASSERT_EQUAL(find_tensor(l.program, "v_cache", 128)->parting.block, 1);
  rl_arena_free(&l.arena);
}

RL_SUITE("parted caches", {"windowed tails", test_windowed_tails}, {"slots", test_slots},
         {"slots of channels", test_channel_slots}, {"refused", test_refused})
