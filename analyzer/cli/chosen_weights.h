/* Which weights a model is executed with: those of the files that it was read from, else random
 * ones. */
#ifndef RL_CLI_CHOSEN_WEIGHTS_H
#define RL_CLI_CHOSEN_WEIGHTS_H

#include "cli/progress.h"
#include "kernels-ref/engine/file_weights.h"
#include "spec/scenario.h"

typedef struct rl_chosen_tally {
  rl_progress progress;
  uint64_t done, all; /* bytes */
} rl_chosen_tally;
typedef struct rl_chosen_weights {
  rl_file_weights *files; /* NULL: random */
  rl_weight_source from;
  rl_chosen_tally *tally;
} rl_chosen_weights;

/* Opens the model's files when it has some, and finds each weight in them; `random` is taken where
 * there are none. To be closed in any case. */
rl_status rl_chosen_open(rl_session *session, const rl_scenario *scenario,
                         const rl_program *program, rl_weight_source random,
                         rl_chosen_weights *out);
/* Tells how far they are, too. */
rl_weight_source rl_chosen_source(const rl_chosen_weights *chosen);
void rl_chosen_close(rl_chosen_weights *chosen);
/* "random weights", "weights of model.gguf"; NULL without memory. */
const char *rl_chosen_words(rl_session *session, const rl_scenario *scenario);

/* "weights bf16", "weights as stored, fp32 66 %, q8_0 34 %", `before` in front of each format. */
void rl_chosen_formats(rl_buf *out, rl_arena *arena, const rl_scenario *scenario,
                       const rl_program *program, const char *before);

#endif
