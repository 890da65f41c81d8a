/* Options that parse well and yet cannot be meant together. */
#ifndef RL_CLI_CONFLICTS_H
#define RL_CLI_CONFLICTS_H

#include "cli/session.h"

/* Refuses what would be ignored or overwritten: an option without effect beside another one, two
 * results for one file, parallelism that nothing computes yet. */
rl_status rl_session_check(rl_session *session);

#endif
