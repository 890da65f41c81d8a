/* What --save writes: a scenario that resolves to the same scenario, text and counts alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"
#include "unit.h"

/* Each case reads a file and lowers twice: dear. */
enum { CASES = 400, SETS_MAX = 3, TEXT = 64 };

typedef struct drawn_request {
  char batch[TEXT], prompt[TEXT], generate[TEXT], sets[SETS_MAX][TEXT];
  rl_text_at set_texts[SETS_MAX];
  rl_request request;
} drawn_request;

#define PICK(tape, names) (names)[rl_tape_draw((tape), 0, sizeof(names) / sizeof *(names)-1)]

static void draw_names(rl_tape *tape, rl_request *request) {
  static const char *const models[] = {"gpt2",       "llama-3-8b", "gemma-3-27b", "opt-6.7b",
                                       "mistral-7b", "qwen2.5-7b", "gemma-2-9b",  "qwen3-8b"};
  static const char *const machines[] = {NULL, "h100-sxm", "m2-ultra", "epyc-9654", "rtx-4090"};
  static const char *const weights[] = {NULL,        "bf16", "w4a16-g128",
                                        "w8a8-int8", "fp16", "w8a8-fp8"};
  static const char *const caches[] = {NULL, "bf16", "int8", "fp8", "int4-token"};
  static const char *const profiles[] = {NULL, "reference", "unfused"};
  request->model.text = PICK(tape, models);
  request->hardware.text = PICK(tape, machines);
  request->weights.text = PICK(tape, weights);
  request->kv.text = PICK(tape, caches);
  request->profile.text = PICK(tape, profiles);
}

static void draw_request(rl_tape *tape, drawn_request *out) {
  static const char *const exceptions[] = {"weights.down_proj=bf16", "weights.*_proj=w8a16",
                                           "weights.k_proj=w4a16-g64", "kv.v=bf16"};
  memset(out, 0, sizeof *out);
  draw_names(tape, &out->request);
  snprintf(out->batch, TEXT, "%llu,%llu", (unsigned long long)rl_tape_draw_size(tape, 1, 64),
           (unsigned long long)rl_tape_draw_size(tape, 65, 500));
  snprintf(out->prompt, TEXT, "%llu", (unsigned long long)rl_tape_draw_size(tape, 1, 900));
  snprintf(out->generate, TEXT, "%llu", (unsigned long long)rl_tape_draw_size(tape, 1, 100));
  out->request.batch.text = out->batch;
  out->request.prompt.text = out->prompt;
  out->request.generate.text = out->generate;
  out->request.set_count = rl_tape_draw(tape, 0, SETS_MAX);
  for (size_t i = 0; i < out->request.set_count; i++) {
    snprintf(out->sets[i], TEXT, "%s", PICK(tape, exceptions));
    out->set_texts[i].text = out->sets[i];
  }
  out->request.sets = out->set_texts;
}

static const char *written(rl_arena *arena, const rl_scenario *scenario) {
  rl_buf text;
  rl_buf_init(&text, arena, 1 << 16);
  rl_scenario_write(scenario, &text);
  CU_ASSERT_FALSE_FATAL(text.failed);
  return text.text;
}

/* Saves the text and resolves the file; NULL when it does not resolve. */
static rl_scenario *reloaded(rl_arena *arena, rl_diags *diags, const char *text) {
  char path[] = "./prop-XXXXXX.yaml";
  int descriptor = mkstemps(path, 5);
  rl_scenario *scenario = NULL;
  size_t length = strlen(text);
  CU_ASSERT_FATAL(descriptor >= 0);
  CU_ASSERT_EQUAL(write(descriptor, text, length), (ssize_t)length);
  close(descriptor);
  rl_request request = {.file = {.text = path}};
  rl_scenario_resolve(arena, rl_pool_lab()->db, &request, &scenario, diags);
  unlink(path);
  return scenario;
}

static bool same_counts(const rl_scenario *a, const rl_scenario *b) {
  static const rl_group groups[] = {{.count = 2, .q = 3, .cached = 500}, {.count = 1, .q = 40}};
  const rl_scenario *both[2] = {a, b};
  uint64_t totals[2][RL_COUNTS];
  rl_point point = {groups, 2};
  for (int i = 0; i < 2; i++) {
    rl_lab_pass pass;
    CU_ASSERT_TRUE_FATAL(rl_lab_lower(rl_pool_lab(), both[i], &pass));
    CU_ASSERT_TRUE_FATAL(rl_lab_totals(&pass, &point, totals[i]));
  }
  return memcmp(totals[0], totals[1], sizeof totals[0]) == 0;
}

static bool same_workload(const rl_scenario *a, const rl_scenario *b) {
  const rl_workload *x = &a->workload, *y = &b->workload;
  if (x->prompt != y->prompt || x->generate != y->generate) return false;
  if (x->batch_count != y->batch_count) return false;
  return memcmp(x->batches, y->batches, x->batch_count * sizeof *x->batches) == 0;
}

/* Descriptions are loaded once and kept, so the same name is the same address. */
static bool same_descriptions(const rl_scenario *a, const rl_scenario *b) {
  return a->model == b->model && a->hardware == b->hardware && a->devices == b->devices &&
         a->profile == b->profile && a->weights == b->weights && a->k == b->k && a->v == b->v &&
         a->activations == b->activations && a->rule_count == b->rule_count;
}

static bool saved_is_same(rl_tape *tape) {
  rl_arena arena;
  rl_diags diags;
  drawn_request drawn;
  rl_scenario *scenario = NULL;
  bool same = false;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  draw_request(tape, &drawn);
  if (rl_scenario_resolve(&arena, rl_pool_lab()->db, &drawn.request, &scenario, &diags) == RL_OK) {
    const char *text = written(&arena, scenario);
    rl_scenario *again = reloaded(&arena, &diags, text);
    if (tape->loud) fprintf(stderr, "%s", text);
    same = again != NULL && strcmp(written(&arena, again), text) == 0 &&
           same_descriptions(scenario, again) && same_workload(scenario, again) &&
           same_counts(scenario, again);
  }
  for (size_t i = 0; !same && tape->loud && i < diags.list.count; i++) {
    fprintf(stderr, "%s\n", diags.list.items[i].message);
  }
  rl_arena_free(&arena);
  return same;
}

static void test_saved(void) {
  rl_property_check("a saved scenario is the same", saved_is_same, CASES);
}

RL_SUITE("properties of scenarios", {"saved", test_saved})
