/* Where a command will write: looked at before it computes, so that minutes of measuring are not
 * lost to a folder that is not there. */
#ifndef RL_CLI_DESTINATIONS_H
#define RL_CLI_DESTINATIONS_H

#include "cli/session.h"

/* Says of every file that options name what writing it would say. The folder 'hwdb' of a probe's
 * result is made when it is missing. */
rl_status rl_session_destinations(rl_session *session);

/* The path is of a file that the command reads: a scenario, model, machine, saved result, rules or
 * measured kernels that it was given. */
bool rl_session_reads(rl_session *session, const char *path);

#endif
