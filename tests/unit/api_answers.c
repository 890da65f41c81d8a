/* What an analysis answers, through the public library: views that change no answer, sentences that
 * agree with the analyses they speak of, positions that a model does not have. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "roofline/roofline.h"
#include "unit/unit.h"

typedef struct pair {
  const char *option, *value;
} pair;
enum { PAIRS = 6 };

static rl_database *database;

/* A study of these options, evaluated: its answer in *answer. */
static rl_study *evaluated(const pair options[PAIRS], int *answer) {
  rl_study *study = rl_study_new(database);
  CU_ASSERT_PTR_NOT_NULL_FATAL(study);
  for (int i = 0; i < PAIRS && options[i].option != NULL; i++) {
    CU_ASSERT_EQUAL_FATAL(rl_study_set(study, options[i].option, options[i].value), RL_ANSWER_OK);
  }
  *answer = rl_study_evaluate(study);
  return study;
}

static void begin(void) {
  database = rl_database_new(NULL, 0);
  CU_ASSERT_PTR_NOT_NULL_FATAL(database);
}

static void end(void) {
  rl_database_free(database);
}

static bool contains(const char *text, const char *part) {
  return text != NULL && strstr(text, part) != NULL;
}

static bool told(const rl_study *study, const char *part) {
  for (size_t i = 0; i < rl_study_message_count(study); i++) {
    if (contains(rl_study_message(study, i), part)) return true;
  }
  return false;
}

/* The number behind a text; the first one after `from`. */
static double number_behind(const char *json, const char *from) {
  double value = -1;
  const char *at = json == NULL ? NULL : strstr(json, from);
  if (at == NULL) return value;
  at += strlen(from);
  rl_scan_double(at, strspn(at, "0123456789.eE+-"), &value);
  return value;
}

/* From one text to the next, compared. */
static bool same_part(const char *a, const char *b, const char *from, const char *to) {
  const char *first = strstr(a, from), *second = strstr(b, from);
  const char *last = first == NULL ? NULL : strstr(first, to);
  CU_ASSERT_FATAL(first != NULL && second != NULL && last != NULL);
  return strncmp(first, second, (size_t)(last - first)) == 0;
}

/* At 2,176 cached tokens weights bound a step of batch 16, at 100,000 the KV cache would. */
static void test_view_changes_no_answer(void) {
  int plain_answer, viewed_answer;
  begin();
  rl_study *plain =
      evaluated((pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"batch", "16"}}, &plain_answer);
  rl_study *viewed = evaluated(
      (pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"batch", "16"}, {"context", "100000"}},
      &viewed_answer);
  CU_ASSERT_EQUAL_FATAL(plain_answer, RL_ANSWER_OK);
  CU_ASSERT_EQUAL_FATAL(viewed_answer, RL_ANSWER_OK);
  const char *a = rl_study_json(plain), *b = rl_study_json(viewed);
  CU_ASSERT(contains(b, "\"cached_tokens\": 100000"));
  CU_ASSERT(same_part(a, b, "\"largest_batch\"", "\"passes\""));
  const char *limit = strstr(b, "\"decode_limit\"");
  CU_ASSERT(contains(limit, "\"what\": \"weights\""));
  CU_ASSERT(contains(b, "Reading weights takes"));
  CU_ASSERT(contains(b, "Behind 100,000 cached tokens, verifying 8 tokens a sequence"));
  rl_study_free(plain);
  rl_study_free(viewed);
  end();
}

/* TPOT of the options; -1 without. */
static double tpot_of(const pair options[PAIRS]) {
  int answer;
  rl_study *study = evaluated(options, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  double tpot = number_behind(rl_study_json(study), "\"tpot_at_best_s\": ");
  rl_study_free(study);
  return tpot;
}

/* "X in FORMAT would make a decode step 2.20 times as fast" is the ratio of the two analyses. */
static void check_sentence(const char *target, const char *own_weights, const char *option,
                           const char *format, const char *sentence) {
  int answer;
  pair own[PAIRS] = {{"target", target}, {"prompt", "700"}, {"generate", "100"}};
  pair other[PAIRS] = {{"target", target}, {"prompt", "700"}, {"generate", "100"}};
  if (own_weights != NULL) own[3] = other[3] = (pair){"weights", own_weights};
  pair *varied = own_weights != NULL && strcmp(option, "weights") == 0 ? &other[3] : &other[4];
  if (own_weights == NULL) varied = &other[3];
  *varied = (pair){option, format};
  rl_study *study = evaluated(own, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  double said = number_behind(rl_study_json(study), sentence);
  double ratio = tpot_of(own) / tpot_of(other);
  CU_ASSERT(said > 1);
  CU_ASSERT(fabs(said - ratio) <= 0.00501);
  rl_study_free(study);
}

static void test_what_if(void) {
  static const char weights[] = "weights in w4a16-g128 would make a decode step ";
  static const char kv[] = "a KV cache in int8-token would make a decode step ";
  begin();
  check_sentence("gpt2@h100-sxm", NULL, "weights", "w4a16-g128", weights);
  check_sentence("opt-6.7b@a100-sxm-80gb", NULL, "weights", "w4a16-g128", weights);
  check_sentence("llama-3-8b@h100-sxm", NULL, "weights", "w4a16-g128", weights);
  check_sentence("llama-3-8b@h100-sxm", "fp32,lm_head=bf16", "weights", "w4a16-g128", weights);
  check_sentence("gpt2@h100-sxm", "bf16", "weights", "w4a16-g128", weights);
  check_sentence("gpt2@h100-sxm", NULL, "kv", "int8-token", kv);
  check_sentence("gpt2@h100-sxm", "w4a16-g128,embed=fp32,lm_head=fp32", "kv", "int8-token", kv);
  end();
}

static void check_positions(const pair options[PAIRS], int expected, const char *message) {
  int answer;
  rl_study *study = evaluated(options, &answer);
  CU_ASSERT_EQUAL(answer, expected);
  CU_ASSERT(told(study, message));
  rl_study_free(study);
}

#define GPT2 \
  { "target", "gpt2@h100-sxm" }

/* GPT-2 has 1,024 positions; the last generated token takes none, so 769 + 256 - 1 = 1,024. */
static void test_defaults_are_shortened(void) {
  int answer;
  begin();
  rl_study *study = evaluated((pair[PAIRS]){GPT2}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  CU_ASSERT(told(study, "has 1,024 positions: 769 prompt and 256 generated tokens are taken"));
  CU_ASSERT(contains(rl_study_json(study), "\"prompt_tokens\": 769"));
  CU_ASSERT(contains(rl_study_scenario(study), "prompt: 769"));
  rl_study_free(study);
  check_positions((pair[PAIRS]){GPT2, {"prompt", "1000"}}, RL_ANSWER_OK,
                  "1,000 prompt and 25 generated tokens");
  check_positions((pair[PAIRS]){GPT2, {"generate", "500"}}, RL_ANSWER_OK,
                  "525 prompt and 500 generated tokens");
  study = evaluated((pair[PAIRS]){GPT2, {"prompt", "769"}, {"generate", "256"}}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  CU_ASSERT_EQUAL(rl_study_message_count(study), 0);
  rl_study_free(study);
  end();
}

static void test_given_is_refused(void) {
  begin();
  check_positions(
      (pair[PAIRS]){GPT2, {"prompt", "770"}, {"generate", "256"}}, RL_ANSWER_BAD_INPUT,
      "<option>: error: 770 prompt and 256 generated tokens need 1,025 positions, and the "
      "position table of gpt2 has 1,024 \u2014 behind this prompt, generate at most 255");
  check_positions((pair[PAIRS]){GPT2, {"prompt", "1025"}}, RL_ANSWER_BAD_INPUT,
                  "a prompt of at most 1,024 (-p)");
  check_positions((pair[PAIRS]){GPT2, {"generate", "1025"}}, RL_ANSWER_BAD_INPUT,
                  "generate at most 1,024 (-n)");
  check_positions((pair[PAIRS]){{"text",
                                 "kind: scenario\nmodel: gpt2\nhardware: h100-sxm\n"
                                 "workload:\n  prompt: 3000\n"}},
                  RL_ANSWER_BAD_INPUT, "<text>:5:11: error: 3,000 prompt");
  end();
}

/* A step behind 1,023 tokens is the last one there is. */
static void test_views_beyond_the_table(void) {
  int answer;
  begin();
  pair short_prompt = {"prompt", "512"};
  check_positions((pair[PAIRS]){GPT2, short_prompt, {"context", "1024"}}, RL_ANSWER_BAD_INPUT,
                  "1,024 cached tokens and 1 more need more than the 1,024 positions");
  check_positions((pair[PAIRS]){GPT2, short_prompt, {"context", "1000"}, {"verify", "25"}},
                  RL_ANSWER_BAD_INPUT, "1,000 cached tokens and 25 more");
  check_positions((pair[PAIRS]){GPT2, short_prompt, {"context", "1020"}, {"phase", "verify"}},
                  RL_ANSWER_BAD_INPUT, "1,020 cached tokens and 8 more");
  rl_study *study = evaluated((pair[PAIRS]){GPT2, short_prompt, {"context", "1022"}}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK); /* n = 1 and 2 have positions, the other lengths none */
  const char *verify = strstr(rl_study_json(study), "\"verify\": [");
  CU_ASSERT(contains(verify, "\"tokens\": 2"));
  CU_ASSERT(!contains(verify, "\"tokens\": 4"));
  rl_study_free(study);
  study = evaluated((pair[PAIRS]){GPT2, {"prompt", "1024"}, {"generate", "1"}}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  rl_study_free(study);
  end();
}

static void test_untrained_positions(void) {
  int answer;
  begin();
  check_positions((pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"prompt", "8192"}},
                  RL_ANSWER_OK,
                  "8,447 positions are more than the 8,192 that llama-3-8b was made for");
  rl_study *study = evaluated(
      (pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"prompt", "8192"}, {"generate", "1"}},
      &answer);
  CU_ASSERT_EQUAL(rl_study_message_count(study), 0);
  rl_study_free(study);
  check_positions((pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"context", "9000"}},
                  RL_ANSWER_OK, "9,001 positions are more than the 8,192");
  end();
}

/* One token comes out of the prefill: nothing is told of decode steps. */
static void test_no_decode_step(void) {
  int answer;
  begin();
  rl_study *study =
      evaluated((pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"generate", "1"}}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  const char *json = rl_study_json(study), *words = strstr(json, "\"words\"");
  CU_ASSERT(contains(json, "\"decode_limit\": null"));
  CU_ASSERT(contains(json, "\"tpot_at_best_s\": null"));
  CU_ASSERT(contains(json, "\"verify\": []"));
  CU_ASSERT(!contains(words, "decode") && !contains(words, "step"));
  rl_study_free(study);
  end();
}

/* 2^20 sequences behind 30,000,128 tokens of Llama-3-70B in fp32 take 80 * 2 * 8 * 128 * 4 bytes
 * each: beyond 2^64. What is only searched there must not fail the one sequence that was asked for.
 * The prefill: 30e6 * 30e6 / 2 pairs of 4 * 64 * 128 FLOPs are 1.5e19 < 2^64 = 1.8e19. */
static void test_search_beyond_64_bits(void) {
  int answer;
  begin();
  rl_study *study = evaluated(
      (pair[PAIRS]){{"target", "llama-3-70b@h100-sxm"}, {"prompt", "30000000"}, {"kv", "fp32"}},
      &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  CU_ASSERT(number_behind(rl_study_json(study), "\"ridge_tokens\": ") > 1);
  rl_study_free(study);
  end();
}

/* A part that fusion took in is found, and the answer says where it went. */
static void test_explained_part(void) {
  int answer;
  begin();
  rl_study *study =
      evaluated((pair[PAIRS]){{"target", "llama-3-8b@h100-sxm"}, {"explain", "q_proj"}}, &answer);
  CU_ASSERT_EQUAL(answer, RL_ANSWER_OK);
  const char *part = strstr(rl_study_json(study), "\"part\": \"q_proj\"");
  CU_ASSERT_PTR_NOT_NULL(part);
  CU_ASSERT(part != NULL && !contains(part + 1, "\"part\": \"q_proj\"")); /* in one operator only */
  CU_ASSERT(contains(part, "\"rate_per_s\": null")); /* the cache of this machine has no figure */
  rl_study_free(study);
  end();
}

RL_SUITE("answers of a study", {"views change no answer", test_view_changes_no_answer},
         {"what-if sentences", test_what_if},
         {"defaults are shortened", test_defaults_are_shortened},
         {"given positions are refused", test_given_is_refused},
         {"views beyond the table", test_views_beyond_the_table},
         {"positions of no training", test_untrained_positions},
         {"no decode step", test_no_decode_step},
         {"search beyond 64 bits", test_search_beyond_64_bits},
         {"a part explained", test_explained_part})
