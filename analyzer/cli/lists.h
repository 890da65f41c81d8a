/* Lists on the command line: "a,b,c". */
#ifndef RL_CLI_LISTS_H
#define RL_CLI_LISTS_H

#include "cli/session.h"

typedef RL_LIST(rl_text_at) rl_text_list;

/* Adds so many bytes as an entry; false, reported, without memory. */
bool rl_list_add(rl_session *session, rl_text_list *list, const char *from, size_t length);
/* The parts of a text; none of NULL. An empty part names nothing and is reported with the spelling
 * of its option. */
rl_text_list rl_list_of(rl_session *session, const char *text, const char *spelled);
/* Those of an option; none when it was not given. */
rl_text_list rl_list_split(rl_session *session, rl_option_id option);
/* Formats: a part with = is an exception of the one before it, as in w4a16-g128,lm_head=bf16. */
rl_text_list rl_list_formats(rl_session *session, rl_option_id option);

#endif
