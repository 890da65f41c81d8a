/* What each command does: fills `out` with its result, leaves messages in the session's
 * diagnostics, and answers the exit status. */
#ifndef RL_CLI_COMMANDS_H
#define RL_CLI_COMMANDS_H

#include "cli/session.h"

rl_status rl_cmd_analyze(rl_session *session, rl_buf *out);
rl_status rl_cmd_sweep(rl_session *session, rl_buf *out);
rl_status rl_cmd_recommend(rl_session *session, rl_buf *out);
rl_status rl_cmd_plot(rl_session *session, rl_buf *out);
rl_status rl_cmd_check(rl_session *session, rl_buf *out);
rl_status rl_cmd_list(rl_session *session, rl_buf *out);
rl_status rl_cmd_show(rl_session *session, rl_buf *out);
rl_status rl_cmd_lint(rl_session *session, rl_buf *out);
rl_status rl_cmd_import(rl_session *session, rl_buf *out);
rl_status rl_cmd_schema(rl_session *session, rl_buf *out);
rl_status rl_cmd_diff(rl_session *session, rl_buf *out);
rl_status rl_cmd_cite(rl_session *session, rl_buf *out);
rl_status rl_cmd_run(rl_session *session, rl_buf *out);
rl_status rl_cmd_probe(rl_session *session, rl_buf *out);
rl_status rl_cmd_validate(rl_session *session, rl_buf *out);
rl_status rl_cmd_bench(rl_session *session, rl_buf *out);
rl_status rl_cmd_help(rl_session *session, rl_buf *out);
rl_status rl_cmd_version(rl_session *session, rl_buf *out);
rl_status rl_cmd_complete(rl_session *session, rl_buf *out);
rl_status rl_cmd_man(rl_session *session, rl_buf *out);

/* run without --here. */
rl_status rl_run_timed(rl_session *session, rl_buf *out);

/* Help of one command, or of the program when command is RL_COMMANDS. */
void rl_help_write(rl_buf *out, const rl_style *style, rl_command_id command);
/* The whole manual in roff (man macros). */
void rl_man_page_write(rl_buf *out);
/* Completion script for "bash", "zsh" or "fish"; false for another shell. */
bool rl_completion_write(rl_buf *out, const char *shell);

#endif
