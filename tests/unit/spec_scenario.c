/* Scenarios: defaults, who wins over whom, formats by tensor, and the round trip through YAML. */
#include <stdio.h>
#include <string.h>

#include "spec_help.h"
#include "unit.h"

static const rl_loc flag = {.file = "<command line>"};

static const rl_scenario *resolve(spec_case *c, rl_request request) {
  rl_scenario *scenario;
  rl_status status = rl_scenario_resolve(&c->arena, c->db, &request, &scenario, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  return scenario;
}

static rl_text_at at(const char *text) {
  return (rl_text_at){text, flag};
}

static const rl_scenario *resolve_target(spec_case *c, const char *target) {
  return resolve(c, (rl_request){.target = at(target)});
}

static const rl_scenario *resolve_sets(spec_case *c, rl_request request, const char *const *sets,
                                       size_t count) {
  static rl_text_at texts[8];
  for (size_t i = 0; i < count; i++) texts[i] = at(sets[i]);
  request.sets = texts;
  request.set_count = count;
  return resolve(c, request);
}

static void check_formats(const rl_scenario *s, const char *weights, const char *activations,
                          const char *k, const char *v) {
  CU_ASSERT_STRING_EQUAL(s->weights->name, weights);
  CU_ASSERT_STRING_EQUAL(s->activations->name, activations);
  CU_ASSERT_STRING_EQUAL(s->k->name, k);
  CU_ASSERT_STRING_EQUAL(s->v->name, v);
}

static void test_defaults(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s = resolve_target(&c, "toy-1m");
  CU_ASSERT_PTR_NULL(s->hardware);
  CU_ASSERT_EQUAL(s->devices, 1);
  CU_ASSERT_STRING_EQUAL(s->profile->name, "reference");
  CU_ASSERT(s->profile->ideal);
  check_formats(s, "bf16", "bf16", "bf16", "bf16");
  CU_ASSERT(s->workload.batch_count == 1 && s->workload.batches[0] == 1);
  CU_ASSERT(s->workload.prompt == 2048 && s->workload.generate == 256);
  CU_ASSERT(s->parallel.tensor == 1 && s->parallel.data == 1);
  CU_ASSERT_EQUAL(s->method_count, 0);
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  s = resolve_target(&c, "toy-half@1x toy-small");
  CU_ASSERT_STRING_EQUAL(s->hardware->name, "toy-small");
  check_formats(s, "fp16", "fp16", "fp16", "fp16");
  /* Behind quantized weights stands the checkpoint's own type; dense ones bring theirs. */
  s = resolve(&c, (rl_request){.target = at("toy-half"), .weights = at("w8a16")});
  check_formats(s, "w8a16", "fp16", "fp16", "fp16");
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .weights = at("w8a16")});
  check_formats(s, "w8a16", "bf16", "bf16", "bf16");
  s = resolve(&c, (rl_request){.target = at("toy-half"), .weights = at("fp32")});
  check_formats(s, "fp32", "fp32", "fp32", "fp32");
  s = resolve(&c, (rl_request){.target = at("gpt2"), .weights = at("w4a16-g64")});
  check_formats(s, "w4a16-g64", "fp32", "fp32", "fp32");
  CU_ASSERT_STRING_EQUAL(rl_scenario_weight_format(s, "lm_head", "lm_head", RL_NO_LAYER)->name, "fp32");
  CU_ASSERT_STRING_EQUAL(rl_scenario_weight_format(s, "embed", "embed", RL_NO_LAYER)->name, "fp32");
  spec_close(&c);
}

static void test_shipped_fuse(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  uint32_t reference = 1u << RL_FUSE_QKV | 1u << RL_FUSE_GATE_UP | 1u << RL_FUSE_ADD_NORM |
                       1u << RL_FUSE_SILU_MUL | 1u << RL_FUSE_ROPE_APPEND | 1u << RL_FUSE_ATTENTION;
  CU_ASSERT_EQUAL(resolve_target(&c, "toy-1m")->profile->fuse, reference);
  const rl_scenario *s =
      resolve(&c, (rl_request){.target = at("toy-1m"), .profile = at("unfused")});
  CU_ASSERT_EQUAL(s->profile->fuse, 0);
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .profile = at("ideal")});
  CU_ASSERT_STRING_EQUAL(s->profile->name, "reference");
  spec_close(&c);
}

static void test_kv_names(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s = resolve(&c, (rl_request){.target = at("toy-1m"), .kv = at("int8")});
  check_formats(s, "bf16", "bf16", "int8-token", "int8-token");
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .kv = at("k=fp8,v=int4")});
  check_formats(s, "bf16", "bf16", "fp8-token", "int4-token");
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .kv = at("v=fp16")});
  check_formats(s, "bf16", "bf16", "bf16", "fp16");
  spec_close(&c);
}

/* model.KEY stands in place of what the config says, the last one of a key counts, and the
 * published total is no longer the model's. */
static void test_model_changes(void) {
  static const char *const sets[] = {"model.num_hidden_layers=9", "model.tie_word_embeddings=true",
                                     "model.num_hidden_layers=3"};
  static const char *const back[] = {"model.num_hidden_layers=9", "model.num_hidden_layers=null"};
  rl_request request = {.target = at("llama-3-8b")};
  uint64_t layers = 0;
  spec_case c;
  spec_open(&c, NULL);
  const rl_scenario *s = resolve_sets(&c, request, sets, 3);
  CU_ASSERT_EQUAL(rl_model_dim(s->model, "L", &layers, &c.diags), RL_OK);
  CU_ASSERT_EQUAL(layers, 3);
  CU_ASSERT_PTR_NULL(s->model->parameters.source);
  CU_ASSERT_STRING_EQUAL(s->model->name,
                         "llama-3-8b (tie_word_embeddings true, num_hidden_layers 3)");
  s = resolve_sets(&c, request, back, 2);
  CU_ASSERT_EQUAL(rl_model_dim(s->model, "L", &layers, &c.diags), RL_OK);
  CU_ASSERT_EQUAL(layers, 32);
  CU_ASSERT_STRING_EQUAL(s->model->name, "llama-3-8b");
  spec_close(&c);
}

/* File < target and flags < --set; a group given anew forgets what stood in it. */
static void test_precedence(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const char *file = rl_textf(&c.arena, "%s/tests/fail/db/full.yaml", RL_SOURCE_DIR);
  rl_request request = {.file = at(file)};
  const rl_scenario *s = resolve(&c, request);
  check_formats(s, "w4a16-g128", "fp16", "int8-token", "fp8-token");
  CU_ASSERT_STRING_EQUAL(s->hardware->name, "toy-big");
  CU_ASSERT_EQUAL(s->rule_count, 2);
  CU_ASSERT(s->workload.batch_count == 3 && s->workload.prompt == 512);
  request.target = at("toy-half");
  request.prompt = at("99");
  static const char *const sets[] = {"workload.prompt=77", "weights.o_proj=fp32"};
  s = resolve_sets(&c, request, sets, 2);
  CU_ASSERT_STRING_EQUAL(s->model->name, "toy-half");
  CU_ASSERT_STRING_EQUAL(s->hardware->name, "toy-big");
  CU_ASSERT(s->workload.batch_count == 3 && s->workload.prompt == 77);
  CU_ASSERT_EQUAL(s->rule_count, 3);
  request.weights = at("w8a16,lm_head=fp16");
  s = resolve(&c, request);
  CU_ASSERT_STRING_EQUAL(s->weights->name, "w8a16");
  CU_ASSERT_EQUAL(s->rule_count, 1);
  static const char *const nulls[] = {"hardware=null", "kv=~", "weights.lm_head=null"};
  s = resolve_sets(&c, (rl_request){.file = at(file)}, nulls, 3);
  CU_ASSERT_PTR_NULL(s->hardware);
  check_formats(s, "w4a16-g128", "fp16", "fp16", "fp16");
  CU_ASSERT_EQUAL(s->rule_count, 1);
  static const char *const chat[] = {"workload=chat"};
  s = resolve_sets(&c, request, chat, 1);
  CU_ASSERT(s->workload.batch_count == 2 && s->workload.prompt == 1024);
  CU_ASSERT_STRING_EQUAL(s->workload.name, "chat");
  spec_close(&c);
}

static const char *format_of(const rl_scenario *s, const char *class_name, const char *name) {
  return rl_scenario_weight_format(s, class_name, name, RL_NO_LAYER)->name;
}

static void test_weight_classes(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s =
      resolve(&c, (rl_request){.target = at("toy-1m"), .weights = at("w4a16-g128")});
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "q_proj"), "w4a16-g128");
  CU_ASSERT_STRING_EQUAL(format_of(s, "lm_head", "lm_head"), "bf16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "embed", "embed"), "bf16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "norm", "input_norm"), "bf16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "bias", "q_proj"), "bf16");
  /* A dense default holds for everything, whatever the activations are. */
  s = resolve(
      &c, (rl_request){.target = at("toy-1m"), .weights = at("fp16"), .activations = at("bf16")});
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "q_proj"), "fp16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "embed", "embed"), "fp16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "norm", "input_norm"), "fp16");
  spec_close(&c);
}

/* The last rule that fits wins; globs reach operators and classes, but no norm or bias is quantized
 * by a wide one. */
static void test_weight_rules(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s = resolve(
      &c, (rl_request){.target = at("toy-1m"),
                       .weights = at("w4a16-g128,*_proj=w8a16,o_proj=fp8,lm_head=w4a16-g64")});
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "q_proj"), "w8a16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "o_proj"), "fp8");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "other"), "w4a16-g128");
  CU_ASSERT_STRING_EQUAL(format_of(s, "lm_head", NULL), "w4a16-g64");
  CU_ASSERT_STRING_EQUAL(format_of(s, "bias", "q_proj"), "bf16");
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .weights = at("o_proj=fp8,*_proj=w8a16")});
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "o_proj"), "w8a16");
  s = resolve(&c, (rl_request){.target = at("toy-1m"), .weights = at("w8a16,?_proj=fp8,*=fp16")});
  CU_ASSERT_STRING_EQUAL(format_of(s, "norm", "input_norm"), "fp16");
  spec_close(&c);
}

/* Layers from the first to the last that are named, both of them; the later of two rules wins. */
static void test_layer_rules(void) {
  static const char *const inside[] = {"w8a16", "fp8", "fp8", "w4a16-g128"};
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s = resolve(
      &c, (rl_request){.target = at("toy-1m"),
                       .weights = at("w4a16-g128,layers.0-2=w8a16,layers.1-2.*_proj=fp8")});
  for (uint32_t layer = 0; layer < 4; layer++) {
    const char *expected = inside[layer];
    CU_ASSERT_STRING_EQUAL(rl_scenario_weight_format(s, "linear", "q_proj", layer)->name, expected);
  }
  CU_ASSERT_STRING_EQUAL(rl_scenario_weight_format(s, "linear", "other", 2)->name, "w8a16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "q_proj"), "w4a16-g128");
  CU_ASSERT_STRING_EQUAL(rl_scenario_weight_format(s, "norm", "input_norm", 0)->name, "bf16");
  spec_close(&c);
}

/* Modules that the checkpoint left dense stay dense, unless a rule names them. */
static void test_unquantized(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const char *folder = rl_textf(&c.arena, "%s/tests/fail/db/folder/toy-fp8/", RL_SOURCE_DIR);
  const rl_scenario *s = resolve_target(&c, folder);
  check_formats(s, "w8a8-fp8", "bf16", "bf16", "bf16");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "q_proj"), "w8a8-fp8");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "down_proj"), "bf16");
  static const char *const sets[] = {"weights.down_proj=w8a16"};
  s = resolve_sets(&c, (rl_request){.target = at(folder)}, sets, 1);
  CU_ASSERT_STRING_EQUAL(s->weights->name, "w8a8-fp8");
  CU_ASSERT_STRING_EQUAL(format_of(s, "linear", "down_proj"), "w8a16");
  spec_close(&c);
}

/* A scenario of the database by its name, and one handed in as text. */
static void test_sources(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s = resolve(&c, (rl_request){.file = at("Usual")});
  CU_ASSERT_STRING_EQUAL(s->model->name, "toy-1m");
  CU_ASSERT_EQUAL(s->workload.prompt, 11);
  s = resolve(&c, (rl_request){.text = at("kind: scenario\nmodel: toy-half\n")});
  CU_ASSERT_STRING_EQUAL(s->model->name, "toy-half");
  rl_scenario *none;
  rl_request request = {.file = at("usuall")};
  CU_ASSERT_EQUAL(rl_scenario_resolve(&c.arena, c.db, &request, &none, &c.diags), RL_BAD_INPUT);
  spec_message(&c, 0, "there is no scenario named 'usuall'");
  spec_close(&c);
}

static void same_scenario(const rl_scenario *a, const rl_scenario *b) {
  CU_ASSERT_PTR_EQUAL(a->model, b->model);
  CU_ASSERT_PTR_EQUAL(a->hardware, b->hardware);
  CU_ASSERT_PTR_EQUAL(a->profile, b->profile);
  CU_ASSERT_PTR_EQUAL(a->weights, b->weights);
  CU_ASSERT_PTR_EQUAL(a->activations, b->activations);
  CU_ASSERT(a->k == b->k && a->v == b->v);
  CU_ASSERT_EQUAL_FATAL(a->rule_count, b->rule_count);
  for (size_t i = 0; i < a->rule_count; i++) {
    CU_ASSERT_STRING_EQUAL(a->rules[i].pattern, b->rules[i].pattern);
    CU_ASSERT_PTR_EQUAL(a->rules[i].format, b->rules[i].format);
  }
  CU_ASSERT_EQUAL_FATAL(a->workload.batch_count, b->workload.batch_count);
  for (size_t i = 0; i < a->workload.batch_count; i++) {
    CU_ASSERT_EQUAL(a->workload.batches[i], b->workload.batches[i]);
  }
  CU_ASSERT(a->workload.prompt == b->workload.prompt);
  CU_ASSERT(a->workload.generate == b->workload.generate);
}

/* Written, read back and written again: the same structs, then the same bytes. */
static void test_round_trip(void) {
  static const char path[] = "./spec-scenario.yaml";
  rl_request requests[] = {
      {.target = at("toy-1m")},
      {.target = at("toy-1m@toy-big"),
       .weights = at("w4a16-g128,lm_head=bf16,*_proj=w8a16"),
       .kv = at("k=int8,v=int4"),
       .batch = at("1..64x2"),
       .prompt = at("4294967296"),
       .generate = at("0"),
       .profile = at("unfused"),
       .activations = at("fp16")},
      {.target = at("toy-half"), .method = {0}},
  };
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    spec_case c;
    rl_buf first, second;
    spec_open(&c, "tests/fail/db");
    const rl_scenario *s = resolve(&c, requests[i]);
    rl_buf_init(&first, &c.arena, 1 << 16);
    rl_buf_init(&second, &c.arena, 1 << 16);
    rl_scenario_write(s, &first);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(first.text, file);
    fclose(file);
    const rl_scenario *again = resolve(&c, (rl_request){.file = at(path)});
    same_scenario(s, again);
    rl_scenario_write(again, &second);
    CU_ASSERT_STRING_EQUAL(first.text, second.text);
    CU_ASSERT_EQUAL(remove(path), 0);
    spec_close(&c);
  }
}

/* Errors of the command line are usage errors. */
static void test_usage(void) {
  static const struct {
    rl_request request;
    rl_diag_code code;
    rl_status status;
  } cases[] = {
      {{.target = {0}}, RL_D_NO_MODEL, RL_USAGE},
      {{.target = {"@h100", {0}}}, RL_D_BAD_TARGET, RL_USAGE},
      {{.target = {"toy-1m@", {0}}}, RL_D_BAD_TARGET, RL_USAGE},
      {{.target = {"toy-1m", {0}}, .kv = {"k=", {0}}}, RL_D_EMPTY_VALUE, RL_USAGE},
      {{.target = {"toy-1m", {0}}, .weights = {"", {0}}}, RL_D_EMPTY_VALUE, RL_USAGE},
      {{.target = {"toy-1m@0xtoy", {0}}}, RL_D_BAD_DEVICES, RL_BAD_INPUT},
      {{.target = {"toy-1m@99999999999999999999x toy", {0}}}, RL_D_BAD_DEVICES, RL_BAD_INPUT},
      {{.target = {"toy-1m@4xtoy-big", {0}}, .tensor = {"3", {0}}},
       RL_D_PARALLEL_DEVICES,
       RL_BAD_INPUT},
      {{.target = {"toy-1m", {0}}, .draft = {"x", {0}}}, RL_D_NOT_SUPPORTED, RL_BAD_INPUT},
      {{.target = {"toy-1m", {0}}, .method = {"toy-draft", {0}}}, RL_D_NOT_SUPPORTED, RL_BAD_INPUT},
      {{.target = {"toy-1m", {0}}, .prompt = {"0", {0}}}, RL_D_VALUE_RANGE, RL_BAD_INPUT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec_case c;
    rl_scenario *scenario;
    spec_open(&c, "tests/fail/db");
    rl_status status = rl_scenario_resolve(&c.arena, c.db, &cases[i].request, &scenario, &c.diags);
    CU_ASSERT_EQUAL(status, cases[i].status);
    CU_ASSERT_PTR_NULL(scenario);
    spec_expect(&c, 0, cases[i].code, 0, 0);
    spec_close(&c);
  }
  static const char *const bad[] = {"x", "=1", "x=", "weights", "promt=5"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    spec_case c;
    rl_scenario *scenario;
    rl_text_at set = at(bad[i]);
    rl_request request = {.target = at("toy-1m"), .sets = &set, .set_count = 1};
    spec_open(&c, "tests/fail/db");
    CU_ASSERT(rl_scenario_resolve(&c.arena, c.db, &request, &scenario, &c.diags) != RL_OK);
    spec_expect(&c, 0, i == 4 ? RL_D_KEY_UNKNOWN : RL_D_BAD_SET, 0, 0);
    spec_close(&c);
  }
}

/* A profile fitted on another architecture is used, and that is said. */
static void test_profile_arch(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const rl_scenario *s =
      resolve(&c, (rl_request){.target = at("toy-1m@toy-big"), .profile = at("fitted-elsewhere")});
  CU_ASSERT_EQUAL(c.diags.list.count, 1);
  spec_message(&c, 0, "profile fitted-elsewhere is fitted on otherarch, not on toyarch");
  CU_ASSERT(!s->profile->ideal);
  CU_ASSERT_EQUAL(s->profile->kernel_count, 2);
  const rl_efficiency *kernel = &s->profile->kernels[0];
  CU_ASSERT_STRING_EQUAL(kernel->op, "linear");
  CU_ASSERT(kernel->engine == RL_TENSOR && kernel->type == RL_BF16 && kernel->p == 2);
  CU_ASSERT_DOUBLE_EQUAL(kernel->t0, 3e-6, 0);
  CU_ASSERT_DOUBLE_EQUAL(kernel->e_c, 0.79, 0);
  CU_ASSERT_DOUBLE_EQUAL(kernel->e_m, 0.83, 0);
  CU_ASSERT_EQUAL(s->profile->kernels[1].p, 0);
  CU_ASSERT_EQUAL(s->profile->kernels[1].engine, RL_VECTOR);
  CU_ASSERT_DOUBLE_EQUAL(s->profile->host_step, 1e-4, 0);
  spec_close(&c);
}

static void check_batches(const char *text, const uint64_t *expected, size_t count) {
  rl_arena arena;
  rl_diags diags;
  const uint64_t *got;
  size_t got_count;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_batches_parse(&arena, at(text), &got, &got_count, &diags);
  CU_ASSERT_EQUAL(status, count == 0 ? RL_USAGE : RL_OK); /* they stand on the command line */
  if (status == RL_OK && count > 0) {
    CU_ASSERT_EQUAL_FATAL(got_count, count);
    CU_ASSERT_EQUAL(memcmp(got, expected, count * sizeof *got), 0);
  }
  rl_arena_free(&arena);
}

static void test_batches(void) {
  check_batches("8", (const uint64_t[]){8}, 1);
  check_batches("64,1,8,1", (const uint64_t[]){1, 8, 64}, 3);
  check_batches("1..4", (const uint64_t[]){1, 2, 3, 4}, 4);
  check_batches("3..20x2", (const uint64_t[]){3, 6, 12}, 3);
  check_batches("1..4,2..16x4", (const uint64_t[]){1, 2, 3, 4, 8}, 5);
  check_batches("4294967296", (const uint64_t[]){4294967296}, 1);
  static const char *const bad[] = {
      "",   "0",   "1,",  ",1",         "1..", "..4",   "4..1",    "1..4x1",  "1..4x", "1..4x0",
      "-1", "1 2", "1.5", "4294967297", "x2",  "1...4", "1..2..3", "1..9999", "1e3"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_batches(bad[i], NULL, 0);
}

RL_SUITE("spec scenario", {"model changes", test_model_changes}, {"defaults", test_defaults},
         {"shipped fuse", test_shipped_fuse}, {"kv names", test_kv_names},
         {"precedence", test_precedence}, {"weight classes", test_weight_classes},
         {"weight rules", test_weight_rules}, {"layer rules", test_layer_rules}, {"unquantized", test_unquantized},
         {"sources", test_sources}, {"round trip", test_round_trip}, {"usage", test_usage},
         {"profile arch", test_profile_arch}, {"batches", test_batches})
