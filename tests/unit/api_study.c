/* The public library through its one header: answers, ownership, messages, independence of studies.
 */
#include <stdbool.h>
#include <string.h>

#include "roofline/roofline.h"
#include "unit/unit.h"

static rl_database *database;
static rl_study *study;

static void begin(void) {
  database = rl_database_new(NULL, 0);
  study = rl_study_new(database);
  CU_ASSERT_PTR_NOT_NULL_FATAL(study);
}

static void end(void) {
  rl_study_free(study);
  rl_database_free(database);
}

static bool contains(const char *text, const char *part) {
  return text != NULL && strstr(text, part) != NULL;
}

/* Some message holds the part. */
static bool told(const rl_study *s, const char *part) {
  for (size_t i = 0; i < rl_study_message_count(s); i++) {
    if (contains(rl_study_message(s, i), part)) return true;
  }
  return false;
}

static void test_answer(void) {
  begin();
  CU_ASSERT_PTR_NULL(rl_study_json(study));
  CU_ASSERT_EQUAL(rl_study_set(study, "target", "llama-3-8b@h100-sxm"), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_set(study, "batch", "7"), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"schema\": \"rooflinectl/1\""));
  CU_ASSERT(contains(rl_study_json(study), "\"batch\": 7"));
  /* Parameters of the published model: not a figure of this library. */
  CU_ASSERT(contains(rl_study_json(study), "\"parameters\": 8030261248"));
  end();
}

/* A value given again replaces the former one, and an evaluation replaces the one before. */
static void test_again(void) {
  begin();
  rl_study_set(study, "target", "llama-3-8b@h100-sxm");
  rl_study_set(study, "batch", "7");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  rl_study_set(study, "batch", "9");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"batch\": 9"));
  CU_ASSERT(!contains(rl_study_json(study), "\"batch\": 7"));
  rl_study_set(study, "hw", "no-such-machine");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_BAD_INPUT);
  CU_ASSERT_PTR_NULL(rl_study_json(study));
  CU_ASSERT_PTR_NULL(rl_study_scenario(study));
  CU_ASSERT(told(study, "no-such-machine"));
  rl_study_set(study, "hw", "h100-sxm");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(!told(study, "no-such-machine"));
  end();
}

/* "set" adds: both must reach the model. */
static void test_sets(void) {
  begin();
  rl_study_set(study, "target", "llama-3-8b@h100-sxm");
  CU_ASSERT_EQUAL(rl_study_set(study, "set", "workload.prompt=1234"), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_set(study, "set", "workload.generate=77"), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"prompt_tokens\": 1234"));
  CU_ASSERT(contains(rl_study_json(study), "\"generate_tokens\": 77"));
  end();
}

static void test_refusals(void) {
  begin();
  CU_ASSERT_EQUAL(rl_study_set(study, "batchs", "7"), RL_ANSWER_USAGE);
  CU_ASSERT(told(study, "batchs"));
  CU_ASSERT(told(study, "did you mean 'batch'"));
  CU_ASSERT_EQUAL(rl_study_set(study, "phase", "sideways"), RL_ANSWER_USAGE);
  CU_ASSERT(told(study, "sideways"));
  CU_ASSERT_EQUAL(rl_study_set(study, "verify", "-1"), RL_ANSWER_USAGE);
  CU_ASSERT_EQUAL(rl_study_set(study, "context", "18446744073709551616"), RL_ANSWER_USAGE);
  CU_ASSERT_EQUAL(rl_study_set(study, NULL, "7"), RL_ANSWER_USAGE);
  CU_ASSERT_EQUAL(rl_study_set(study, "batch", NULL), RL_ANSWER_USAGE);
  CU_ASSERT_PTR_NULL(rl_study_message(study, rl_study_message_count(study)));
  end();
}

/* Nothing named: a located question, not a crash. A message carries no newline. */
static void test_empty(void) {
  begin();
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_USAGE);
  CU_ASSERT_EQUAL_FATAL(rl_study_message_count(study), 1);
  CU_ASSERT_STRING_EQUAL(rl_study_message(study, 0),
                         "error: no model is given — for example llama-3-8b@h100-sxm, or -m and a "
                         "config.json");
  CU_ASSERT(!contains(rl_study_message(study, 0), "\n"));
  end();
}

static void test_text(void) {
  begin();
  CU_ASSERT_EQUAL(rl_study_set(study, "text",
                               "kind: scenario\nmodel: gpt2\nhardware: rtx-4090\n"
                               "workload: {batch: 3, prompt: 10, generate: 5}\n"),
                  RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"batch\": 3"));
  rl_study_set(study, "text", "kind: scenario\nmodel: gpt2\nhardwear: rtx-4090\n");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_BAD_INPUT);
  CU_ASSERT(told(study, "<text>:3:1: error: "));
  end();
}

/* The scenario as written resolves to the same answer. */
static void test_round_trip(void) {
  begin();
  rl_study *second = rl_study_new(database);
  rl_study_set(study, "target", "qwen3-8b@a100");
  rl_study_set(study, "weights", "w4a16-g128");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_set(second, "text", rl_study_scenario(study)), RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_evaluate(second), RL_ANSWER_OK);
  CU_ASSERT_PTR_NOT_NULL_FATAL(rl_study_json(second));
  CU_ASSERT_STRING_EQUAL(rl_study_json(second), rl_study_json(study));
  rl_study_free(second);
  end();
}

/* Views reach the result: the pass shown, its context and its explanations. */
static void test_views(void) {
  begin();
  rl_study_set(study, "target", "llama-3-8b@h100-sxm");
  rl_study_set(study, "context", "4321");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"cached_tokens\": 4321"));
  CU_ASSERT(contains(rl_study_json(study), "\"phase\": \"decode\""));
  rl_study_set(study, "phase", "verify");
  rl_study_set(study, "verify", "5");
  rl_study_set(study, "explain", "attention");
  CU_ASSERT_EQUAL(rl_study_evaluate(study), RL_ANSWER_OK);
  CU_ASSERT(contains(rl_study_json(study), "\"phase\": \"verify\""));
  CU_ASSERT(contains(rl_study_json(study), "\"new_tokens\": 5"));
  CU_ASSERT(contains(rl_study_json(study), "\"explanation\": {"));
  end();
}

static void test_nothing(void) {
  rl_study_free(NULL);
  rl_database_free(NULL);
  CU_ASSERT_PTR_NULL(rl_study_new(NULL));
  CU_ASSERT_EQUAL(rl_study_evaluate(NULL), RL_ANSWER_USAGE);
  CU_ASSERT_PTR_NULL(rl_study_json(NULL));
  CU_ASSERT_PTR_NULL(rl_study_scenario(NULL));
  CU_ASSERT_EQUAL(rl_study_message_count(NULL), 0);
  CU_ASSERT_PTR_NULL(rl_study_message(NULL, 0));
  const char *missing[] = {RL_SOURCE_DIR "/no-such-folder"};
  CU_ASSERT_PTR_NULL(rl_database_new(missing, 1));
  CU_ASSERT(strlen(rl_library_version()) >= strlen("0.1.0"));
}

RL_SUITE("api_study", {"answer", test_answer}, {"again", test_again}, {"sets", test_sets},
         {"refusals", test_refusals}, {"empty", test_empty}, {"text", test_text},
         {"round trip", test_round_trip}, {"views", test_views}, {"nothing", test_nothing})
