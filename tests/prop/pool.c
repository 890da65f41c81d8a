/* Models out of a tape, and the way from their dims through a file to a costed pass. */
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

/* ---- dims ---- */

rl_pool_model rl_pool_draw(rl_tape *tape) {
  rl_pool_model model = {0};
  model.family = (rl_pool_family)rl_tape_draw(tape, 0, RL_POOL_FAMILIES - 1);
  model.layers = rl_tape_draw(tape, 1, 6);
  model.kv_heads = rl_tape_draw(tape, 1, 6);
  model.heads = model.kv_heads * rl_tape_draw(tape, 1, 4);
  model.head_dim = 2 * rl_tape_draw(tape, 1, 40);
  model.width = rl_tape_draw(tape, 2, 700);
  model.inner = rl_tape_draw(tape, 2, 900);
  model.vocabulary = rl_tape_draw(tape, 2, 1000);
  model.window = rl_tape_draw(tape, 0, 1) * rl_tape_draw(tape, 1, 300);
  model.tied = rl_tape_draw(tape, 0, 1) == 1;
  if (model.family == RL_POOL_GPT2) {
    model.kv_heads = model.heads;
    model.width = model.heads * model.head_dim;
    model.tied = true;
  }
  if (model.family == RL_POOL_MIXTRAL) {
    model.experts = rl_tape_draw(tape, 1, 40);
    model.chosen = rl_tape_draw(tape, 1, model.experts);
  }
  if (model.family == RL_POOL_GEMMA2) model.tied = true;
  if (model.family == RL_POOL_GEMMA2 && model.window == 0) model.window = 50;
  if (model.family != RL_POOL_LLAMA && model.family != RL_POOL_GEMMA2) model.window = 0;
  return model;
}

/* ---- description ---- */

enum { KEYS_MAX = 32, KEY_TEXT = 96, POSITIONS = 1 << 20 };

typedef struct config {
  char keys[KEYS_MAX][KEY_TEXT];
  size_t count;
} config;

static void put(config *to, const char *key, uint64_t value) {
  snprintf(to->keys[to->count++], KEY_TEXT, "%s: %" PRIu64, key, value);
}

static void put_text(config *to, const char *key, const char *value) {
  snprintf(to->keys[to->count++], KEY_TEXT, "%s: %s", key, value);
}

static void put_gpt2(config *to, const rl_pool_model *model) {
  put_text(to, "model_type", "gpt2");
  put(to, "n_embd", model->width);
  put(to, "n_layer", model->layers);
  put(to, "n_head", model->heads);
  put(to, "n_inner", model->inner);
  put(to, "n_positions", POSITIONS);
  put(to, "vocab_size", model->vocabulary);
  put_text(to, "activation_function", "gelu_new");
  put_text(to, "layer_norm_epsilon", "1e-05");
}

static void put_gemma2(config *to) {
  put(to, "query_pre_attn_scalar", 224);
  put_text(to, "attn_logit_softcapping", "50.0");
  put_text(to, "final_logit_softcapping", "30.0");
  put_text(to, "hidden_activation", "gelu_pytorch_tanh");
}

static void put_rotary(config *to, const rl_pool_model *model) {
  static const char *const types[RL_POOL_FAMILIES] = {"llama",  "qwen2", "qwen3",
                                                      "gemma2", "gpt2",  "mixtral"};
  bool mistral = model->family == RL_POOL_LLAMA && model->window != 0;
  put_text(to, "model_type", mistral ? "mistral" : types[model->family]);
  put(to, "hidden_size", model->width);
  put(to, "intermediate_size", model->inner);
  put(to, "num_hidden_layers", model->layers);
  put(to, "num_attention_heads", model->heads);
  if (!model->no_kv_heads) put(to, "num_key_value_heads", model->kv_heads);
  put(to, "head_dim", model->head_dim);
  put(to, "vocab_size", model->vocabulary);
  put(to, "max_position_embeddings", POSITIONS);
  if (model->window != 0) put(to, "sliding_window", model->window);
  if (model->family == RL_POOL_MIXTRAL) {
    put(to, "num_local_experts", model->experts);
    put(to, "num_experts_per_tok", model->chosen);
  }
  put_text(to, "rms_norm_eps", "1e-05");
  put_text(to, "rope_theta", "10000.0");
  put_text(to, "tie_word_embeddings", model->tied ? "true" : "false");
  if (model->family == RL_POOL_GEMMA2) {
    put_gemma2(to);
  } else {
    put_text(to, "hidden_act", "silu");
  }
}

static void describe(const rl_pool_model *model, FILE *file) {
  static const char *const names[RL_POOL_FAMILIES] = {"llama",  "qwen2", "qwen3",
                                                      "gemma2", "gpt2",  "mixtral"};
  config keys = {.count = 0};
  if (model->family == RL_POOL_GPT2) {
    put_gpt2(&keys, model);
  } else {
    put_rotary(&keys, model);
  }
  put_text(&keys, "torch_dtype", "bfloat16");
  if (!model->reversed) fprintf(file, "kind: model\nfamily: %s\n", names[model->family]);
  fprintf(file, "config:\n");
  for (size_t i = 0; i < keys.count; i++) {
    fprintf(file, "  %s\n", keys.keys[model->reversed ? keys.count - 1 - i : i]);
  }
  if (model->reversed) fprintf(file, "family: %s\nkind: model\n", names[model->family]);
}

void rl_pool_print(const rl_pool_model *model) {
  describe(model, stderr);
}

/* ---- through the program ---- */

static void close_lab(void) {
  rl_lab_close(rl_pool_lab());
}

rl_lab *rl_pool_lab(void) {
  static rl_lab lab;
  static bool open;
  if (!open) {
    open = true;
    CU_ASSERT_TRUE(rl_lab_open(&lab, NULL));
    atexit(close_lab);
  }
  return &lab;
}

/* Path of a new file that holds the description; false when it cannot be written. */
static bool write_file(const rl_pool_model *model, char path[64]) {
  FILE *file;
  int descriptor;
  snprintf(path, 64, "./prop-XXXXXX.yaml");
  descriptor = mkstemps(path, 5);
  if (descriptor < 0) return false;
  file = fdopen(descriptor, "w");
  if (file == NULL) {
    close(descriptor);
    return false;
  }
  describe(model, file);
  return fclose(file) == 0;
}

bool rl_pool_lower(const rl_pool_model *model, const rl_lab_question *question, rl_lab_pass *pass) {
  rl_lab_question own = *question;
  char path[64];
  bool ok = write_file(model, path);
  if (ok) {
    own.model = path;
    ok = rl_lab_ask(rl_pool_lab(), &own, pass);
    unlink(path);
  }
  if (!ok) rl_pool_print(model);
  CU_ASSERT_TRUE(ok);
  return ok;
}

/* ---- the pool ---- */

/* A tied head is the embedding and has no format of its own. */
static rl_lab_question draw_question(rl_tape *tape, bool tied) {
  static const char *const weights[] = {"bf16",  "fp32",      "w4a16-g128", "w4a16-g32-asym",
                                        "w8a16", "w8a8-int8", "w8a8-fp8"};
  static const char *const caches[] = {"bf16", "int8-token", "int4-token", "fp32", "fp8-token"};
  static const char *const heads[] = {NULL, "fp8", "w4a16-g128", "w8a8-int8"};
  rl_lab_question question = {.activations = "bf16"};
  question.weights = weights[rl_tape_draw(tape, 0, 6)];
  question.head = tied ? NULL : heads[rl_tape_draw(tape, 0, 3)];
  question.kv = caches[rl_tape_draw(tape, 0, 4)];
  return question;
}

static bool fill(rl_pool_member members[RL_POOL_MEMBERS]) {
  uint64_t seed = rl_property_seed();
  for (int i = 0; i < RL_POOL_MEMBERS; i++) {
    rl_pool_member *member = &members[i];
    rl_tape tape = {.state = seed + (uint64_t)i};
    tape.replay = i == 0; /* an empty tape: everything at its smallest */
    member->model = rl_pool_draw(&tape);
    member->question = draw_question(&tape, member->model.tied);
    if (!rl_pool_lower(&member->model, &member->question, &member->pass)) return false;
    rl_lab_question bare = member->question;
    bare.unfused = true;
    if (!rl_pool_lower(&member->model, &bare, &member->unfused)) return false;
  }
  return true;
}

const rl_pool_member *rl_pool_member_draw(rl_tape *tape) {
  static rl_pool_member members[RL_POOL_MEMBERS];
  static enum { EMPTY, FULL, BROKEN } state = EMPTY;
  const rl_pool_member *member = &members[rl_tape_draw(tape, 0, RL_POOL_MEMBERS - 1)];
  if (state == EMPTY) state = fill(members) ? FULL : BROKEN;
  if (state == BROKEN) return NULL;
  if (tape->loud) {
    rl_pool_print(&member->model);
    fprintf(stderr, "weights %s, kv %s, head %s\n", member->question.weights, member->question.kv,
            member->question.head == NULL ? "-" : member->question.head);
  }
  return member;
}
