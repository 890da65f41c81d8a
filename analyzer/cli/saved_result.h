/* Results of `analyze` as trees: computed now, or saved as JSON before. */
#ifndef RL_CLI_SAVED_RESULT_H
#define RL_CLI_SAVED_RESULT_H

#include "cli/session.h"
#include "doc/tree.h"

typedef struct rl_saved_result {
  const char *name;      /* as it was asked for */
  const rl_node *root;   /* a result of analyze with one machine */
  const rl_node *system; /* that machine's */
} rl_saved_result;

/* The word is a JSON file that analyze wrote, MODEL@HARDWARE or a scenario file. */
rl_status rl_saved_result_get(rl_session *session, const char *word, rl_saved_result *out);

/* A number below the map: 0 when it is absent or null; reported when it is something else. */
uint64_t rl_saved_count(rl_session *session, const rl_node *map, const char *key);
double rl_saved_real(rl_session *session, const rl_node *map, const char *key);
/* A text below the map, NULL when it is absent or null. */
const char *rl_saved_text(const rl_node *map, const char *key);

#endif
