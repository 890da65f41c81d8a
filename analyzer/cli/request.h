/* From the command line to a resolved scenario, for the commands that take one. */
#ifndef RL_CLI_REQUEST_H
#define RL_CLI_REQUEST_H

#include "cli/session.h"
#include "spec/scenario.h"

/* More tokens than this in a sequence are a slip of the finger. */
#define RL_TOKENS_LIMIT ((uint64_t)1 << 32)

/* Opens the database, resolves what the arguments ask for, and writes --save when asked. example:
 * a command line that would work, for the message when nothing was named. The lists of `recommend`
 * (--hw, --weights, --kv, --price) are left to it. */
rl_status rl_session_scenario(rl_session *session, const char *example, rl_scenario **out);

/* Writes the scenario to --save when that was given. rl_session_scenario does so for every command
 * but recommend, which saves what it found. */
rl_status rl_session_save(rl_session *session, const rl_scenario *scenario);

/* What a command that compares scenarios varies; text NULL: as the options say. */
typedef struct rl_choice {
  rl_text_at word; /* MODEL[@HARDWARE], or a scenario file */
  rl_text_at hardware, weights, kv;
  rl_text_at batch;
} rl_choice;
/* The scenario of one choice, all other options as given. The database is open. */
rl_status rl_session_choose(rl_session *session, const rl_choice *choice, rl_scenario **out);
struct rl_axes;
/* The same for lists and ranges in place of single values; there is nothing to save. */
rl_status rl_session_axes(rl_session *session, const char *example, struct rl_axes *out);
/* Of that word in place of the first one; NULL: of --model alone. */
rl_status rl_session_axes_of(rl_session *session, const char *word, struct rl_axes *out);

#endif
