/* Uses libroofline from C: one question, its answer as JSON on standard output. */
#include <roofline/roofline.h>
#include <stdio.h>

/* Prints what the study has to say; true when the answer was OK. */
static int show(const rl_study *study, int answer) {
  for (size_t i = 0; i < rl_study_message_count(study); i++) {
    fprintf(stderr, "%s\n", rl_study_message(study, i));
  }
  if (answer == RL_ANSWER_OK) fputs(rl_study_json(study), stdout);
  return answer == RL_ANSWER_OK;
}

int main(int argc, char **argv) {
  int done = 0;
  rl_database *database = rl_database_new(NULL, 0);
  rl_study *study = rl_study_new(database);
  if (study == NULL) goto done;
  int answer = rl_study_set(study, "target", argc > 1 ? argv[1] : "llama-3-8b@h100-sxm");
  if (answer == RL_ANSWER_OK) answer = rl_study_set(study, "batch", "1,8,64");
  if (answer == RL_ANSWER_OK) answer = rl_study_evaluate(study);
  done = show(study, answer);
done:
  rl_study_free(study);
  rl_database_free(database);
  return done ? 0 : 1;
}
