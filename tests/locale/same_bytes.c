/* The public library in a process that took over a locale with a decimal comma, and in several
 * threads at once: every answer must have the bytes of the first, told under the C locale. */
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roofline/roofline.h"

enum { THREADS = 4, TARGETS = 3 };
static const char *const targets[TARGETS] = {"llama-3-8b@h100-sxm", "gpt2@rtx-4090", "qwen3-8b"};

/* The JSON and the scenario of one analysis; NULL when there is none. */
static char *answer(const char *target) {
  rl_database *database = rl_database_new(NULL, 0);
  rl_study *study = rl_study_new(database);
  char *text = NULL;
  bool asked = rl_study_set(study, "target", target) == RL_ANSWER_OK &&
               rl_study_set(study, "batch", "1,64") == RL_ANSWER_OK &&
               rl_study_set(study, "prompt", "300") == RL_ANSWER_OK &&
               rl_study_set(study, "explain", "attention") == RL_ANSWER_OK;
  if (asked && rl_study_evaluate(study) == RL_ANSWER_OK) {
    const char *json = rl_study_json(study), *scenario = rl_study_scenario(study);
    size_t bytes = strlen(json) + strlen(scenario) + 1;
    text = malloc(bytes);
    if (text != NULL) snprintf(text, bytes, "%s%s", json, scenario);
  }
  rl_study_free(study);
  rl_database_free(database);
  return text;
}

static void *answer_all(void *texts) {
  for (int i = 0; i < TARGETS; i++) ((char **)texts)[i] = answer(targets[i]);
  return NULL;
}

/* Takes the texts. */
static bool same(char *texts[TARGETS], char *const want[TARGETS], const char *where) {
  bool right = true;
  for (int i = 0; i < TARGETS; i++) {
    bool equal = texts[i] != NULL && want[i] != NULL && strcmp(texts[i], want[i]) == 0;
    if (!equal) printf("%s differs %s\n", targets[i], where);
    right = right && equal;
    free(texts[i]);
  }
  return right;
}

static bool same_in_threads(char *const want[TARGETS]) {
  pthread_t threads[THREADS];
  char *texts[THREADS][TARGETS] = {{NULL}};
  bool right = true;
  int started = 0;
  while (started < THREADS &&
         pthread_create(&threads[started], NULL, answer_all, texts[started]) == 0) {
    started++;
  }
  for (int t = 0; t < started; t++) {
    pthread_join(threads[t], NULL);
    right = same(texts[t], want, "in a thread") && right;
  }
  return right && started == THREADS;
}

int main(int argc, char **argv) {
  char *want[TARGETS], *got[TARGETS];
  answer_all(want);
  bool right = same_in_threads(want);
  if (argc > 1) {
    if (setlocale(LC_ALL, argv[1]) == NULL || strcmp(localeconv()->decimal_point, ",") != 0) {
      printf("no decimal comma in %s\n", argv[1]);
      return 1;
    }
    answer_all(got);
    right = same(got, want, "with a decimal comma") && right;
    right = same_in_threads(want) && right;
  }
  for (int i = 0; i < TARGETS; i++) free(want[i]);
  return right ? 0 : 1;
}
