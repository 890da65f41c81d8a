/* The text files of a revision, read from git by its own program: no shell, no working tree,
 * nothing left behind. */
#ifndef RL_CLI_GIT_H
#define RL_CLI_GIT_H

#include "cli/session.h"
#include "spec/descriptions.h"

typedef RL_LIST(rl_db_file) rl_file_list;

/* Every .yaml, .yml and .json file below the current folder as the revision has it, by path from
 * there, in the order of git. No git, no repository: RL_ENVIRONMENT; no such revision: RL_USAGE. */
rl_status rl_git_files(rl_session *session, const char *revision, rl_file_list *out);

#endif
