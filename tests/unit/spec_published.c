/* The published config.json of a model and our shipped description of it mean the same: every dim,
 * the type of its numbers, the quantization; and a published config gives no diagnostic at all,
 * unknown keys being errors. Those of BLOOM, BERT, GPT-2, GPT-J, gpt-oss, MiniMax, RWKV 6 and T5
 * say nothing of their numbers: most are older than torch_dtype. Of these the files of BLOOM,
 * MiniMax and RWKV 6 hold bfloat16, as the descriptions say; nobody can read that from their
 * configs. */
#include <stdio.h>
#include <string.h>

#include "spec_help.h"
#include "unit.h"

static const char *const models[] = {"bert-base-uncased",
                                     "bloom",
                                     "command-r-plus",
                                     "command-r7b",
                                     "dbrx",
                                     "deepseek-v2",
                                     "deepseek-v2-lite",
                                     "falcon-40b",
                                     "falcon-7b",
                                     "gemma-2-9b",
                                     "gemma-2b",
                                     "gemma-3-27b",
                                     "glm-4-9b",
                                     "gpt-j-6b",
                                     "gpt-neox-20b",
                                     "gpt-oss-20b",
                                     "gpt2",
                                     "granite-3.1-1b-a400m",
                                     "granite-3.1-8b",
                                     "jamba-v0.1",
                                     "llama-3-8b",
                                     "llama-3.2-1b",
                                     "llama-4-scout",
                                     "mamba-2.8b",
                                     "mamba2-2.7b-hf",
                                     "minimax-text-01",
                                     "mistral-7b",
                                     "mixtral-8x22b",
                                     "mixtral-8x7b",
                                     "mpt-7b",
                                     "olmo-2-7b",
                                     "olmoe-1b-7b",
                                     "opt-6.7b",
                                     "phi-2",
                                     "phi-3-mini",
                                     "qwen1.5-moe-a2.7b",
                                     "qwen2.5-7b",
                                     "qwen3-235b-a22b",
                                     "qwen3-30b-a3b",
                                     "qwen3-8b",
                                     "qwen3-next-80b-a3b",
                                     "rwkv-6-world-7b",
                                     "stablelm-2-1.6b",
                                     "t5-base",
                                     "whisper-large-v3",
                                     "zamba2-7b"};

static const char *const halved[] = {"bloom", "minimax-text-01", "rwkv-6-world-7b"};

static bool is_halved(const char *name) {
  bool found = false;
  for (size_t i = 0; i < sizeof halved / sizeof *halved; i++) {
    found = found || strcmp(halved[i], name) == 0;
  }
  return found;
}

static bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == RL_VALUE_NUMBER) {
    return a->negative == b->negative && a->num == b->num && a->den == b->den;
  }
  return a->kind != RL_VALUE_TEXT || strcmp(a->text, b->text) == 0;
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static rl_value dim(spec_case *c, const rl_model *model, const char *name) {
  const rl_scope *scope = rl_definitions_scope(model->dims);
  rl_value value = {.kind = RL_VALUE_NULL};
  rl_status status = RL_OK;
  CU_ASSERT(scope->resolve(scope, name, &value, &status, &c->diags));
  CU_ASSERT_EQUAL(status, RL_OK);
  return value;
}

static void compare(spec_case *c, const char *name) {
  const rl_model *shipped = spec_model(c, name);
  const rl_model *published =
      spec_model(c, rl_textf(&c->arena, "%s/tests/configs/%s.json", RL_SOURCE_DIR, name));
  const rl_node *dims = shipped->family->dims;
  CU_ASSERT_PTR_EQUAL(published->family, shipped->family);
  CU_ASSERT_STRING_EQUAL(published->name, name);
  CU_ASSERT(same_text(published->quantization, shipped->quantization));
  CU_ASSERT_EQUAL(shipped->type, is_halved(name) ? RL_BF16 : published->type);
  CU_ASSERT(!is_halved(name) || published->type == RL_F32);
  for (size_t i = 0; i < dims->count; i++) {
    rl_value a = dim(c, shipped, dims->keys[i]->text), b = dim(c, published, dims->keys[i]->text);
    if (!same_value(&a, &b)) fprintf(stderr, "\n%s: dim %s\n", name, dims->keys[i]->text);
    CU_ASSERT(same_value(&a, &b));
  }
}

static void test_published(void) {
  enum {
    UNTYPED = 8,
    SEEING = 2
  }; /* with a vision tower that is not described: Gemma 3, Llama 4 */
  size_t untyped = 0, seeing = 0;
  spec_case c;
  spec_open(&c, NULL);
  rl_db_set_strict(c.db, true);
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) compare(&c, models[i]);
  for (size_t i = 0; i < c.diags.list.count; i++) {
    const bool leaves_out = c.diags.list.items[i].code == RL_D_CONFIG_PART_LEFT_OUT;
    *(leaves_out ? &seeing : &untyped) += 1;
    if (!leaves_out) spec_expect(&c, i, RL_D_CONFIG_TYPE_ABSENT, 1, 1);
  }
  CU_ASSERT_EQUAL(untyped, UNTYPED);
  CU_ASSERT_EQUAL(seeing, SEEING);
  spec_close(&c);
}

/* An id is of the file whose type its publisher stores: instruct variants often have another. */
static void test_types_by_id(void) {
  static const struct {
    const char *id;
    rl_type type;
  } ids[] = {{"google/gemma-2-2b", RL_F32},        {"google/gemma-2-2b-it", RL_BF16},
             {"google/gemma-2-9b", RL_F32},        {"google/gemma-2-9b-it", RL_BF16},
             {"google/gemma-2-27b", RL_F32},       {"google/gemma-2-27b-it", RL_BF16},
             {"allenai/OLMo-2-1124-7B", RL_F32},   {"allenai/OLMo-2-1124-7B-Instruct", RL_BF16},
             {"EleutherAI/gpt-j-6b", RL_F32},      {"state-spaces/mamba-2.8b-hf", RL_F32},
             {"state-spaces/mamba2-2.7b", RL_F16}, {"AntonV/mamba2-2.7b-hf", RL_BF16}};
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    CU_ASSERT_EQUAL(spec_model(&c, ids[i].id)->type, ids[i].type);
  }
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

/* The further configs that we hold, by the id that they were published under. */
static void test_types_of_others(void) {
  static const struct {
    const char *file, *id;
  } others[] = {{"gemma-2-2b", "google/gemma-2-2b"},
                {"gemma-3-27b-it", "google/gemma-3-27b-it"},
                {"gemma-3-4b-it", "google/gemma-3-4b-it"},
                {"gpt2", "openai-community/gpt2"},
                {"llama-3.1-8b", "meta-llama/Llama-3.1-8B"},
                {"llava-1.5-7b-hf", "llava-hf/llava-1.5-7b-hf"},
                {"opt-125m", "facebook/opt-125m"},
                {"qwen2-vl-7b-instruct", "Qwen/Qwen2-VL-7B-Instruct"},
                {"qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B"},
                {"qwen2.5-vl-7b-instruct", "Qwen/Qwen2.5-VL-7B-Instruct"},
                {"qwen3-0.6b", "Qwen/Qwen3-0.6B"}};
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    const char *path =
        rl_textf(&c.arena, "%s/tests/unit/configs/%s.json", RL_SOURCE_DIR, others[i].file);
    CU_ASSERT_EQUAL(spec_model(&c, others[i].id)->type, spec_model(&c, path)->type);
  }
  spec_close(&c);
}

RL_SUITE("spec published", {"published", test_published}, {"types by id", test_types_by_id},
         {"types of others", test_types_of_others})
