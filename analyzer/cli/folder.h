/* The description files below a folder that somebody wants checked. */
#ifndef RL_CLI_FOLDER_H
#define RL_CLI_FOLDER_H

#include "cli/session.h"

typedef RL_LIST(const char *) rl_path_list;

/* Something stands at the path. */
bool rl_path_exists(const char *path);
/* Adds the paths of the .yaml, .yml and config.json files below the folder in the order of their
 * names. Links are not followed, hidden names not looked at; what is left out is reported. */
rl_status rl_folder_files(rl_session *session, const char *folder, rl_path_list *out);

#endif
