/* How far something slow is: one line on a terminal, told again where it stands, once a second has
 * passed. */
#ifndef RL_CLI_PROGRESS_H
#define RL_CLI_PROGRESS_H

#include "cli/session.h"

typedef struct rl_progress {
  bool shown, written;
  double begun, told;
} rl_progress;

void rl_progress_begin(rl_progress *progress, const rl_session *session);
/* "probing latencies, 40 %"; the texts are joined. share negative: nobody knows. */
void rl_progress_tell(rl_progress *progress, const char *what, const char *about, double share);
/* Takes the line away; the next one is told as soon as there is something to tell. */
void rl_progress_end(rl_progress *progress);

#endif
