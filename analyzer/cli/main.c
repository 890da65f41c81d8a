/* The program's entry: parse, run one command, show messages, deliver the result whole. */
#include "cli/commands.h"
#include "cli/conflicts.h"
#include "cli/destinations.h"
#include "cli/output.h"

/* A result that was built but cannot be trusted to be whole is not delivered. */
static rl_status check_buffer(rl_session *session, const rl_buf *out) {
  return out->failed ? rl_diag_oom(&session->diags) : RL_OK;
}

static rl_status deliver(rl_session *session, const rl_buf *out) {
  const char *path = rl_argument(&session->arguments, RL_O_OUT).text;
  const char *saved = rl_argument(&session->arguments, RL_O_SAVE).text;
  const char *trace = rl_argument(&session->arguments, RL_O_TRACE).text;
  if (out->length == 0) return RL_OK;
  /* Standard output then holds the scenario, and nothing that would spoil it. */
  if (path == NULL && saved != NULL && rl_output_is_stdout(saved)) return RL_OK;
  if (path == NULL && trace != NULL && rl_output_is_stdout(trace)) return RL_OK;
  if (path != NULL) return rl_output_file(path, out, &session->arena, &session->diags);
  return rl_output_stdout(out, &session->diags);
}

/* Runs what was asked for. --help and --version win over everything that is merely missing. */
static rl_status dispatch(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  if (rl_argument_given(arguments, RL_O_HELP)) {
    rl_help_write(out, &session->style, arguments->command);
    return RL_OK;
  }
  if (rl_argument_given(arguments, RL_O_VERSION)) return rl_cmd_version(session, out);
  if (arguments->command == RL_COMMANDS) {
    return RL_REPORT(&session->diags, NO_COMMAND, RL_COMMAND_LINE, "");
  }
  rl_status status = rl_session_check(session);
  if (status == RL_OK) status = rl_session_destinations(session);
  return status == RL_OK ? RL_COMMAND_TABLE[arguments->command].run(session, out) : status;
}

/* How a short name was read belongs to a result; beside an error it only distracts. */
static void drop_readings(rl_session *session, rl_status status) {
  size_t kept = 0;
  if (status <= RL_NO) return;
  for (size_t i = 0; i < session->diags.list.count; i++) {
    const rl_diag diag = session->diags.list.items[i];
    if (diag.code != RL_D_ENTRY_DEFAULT) session->diags.list.items[kept++] = diag;
  }
  session->diags.list.count = kept;
}

/* After a usage error: where to read on. */
static void point_to_help(rl_session *session, rl_status status) {
  rl_command_id command = session->arguments.command;
  if (status != RL_USAGE) return;
  if (command == RL_COMMANDS) {
    RL_REPORT(&session->diags, SEE_COMMANDS, (rl_loc){0}, "");
  } else {
    RL_REPORT(&session->diags, SEE_HELP, (rl_loc){0}, RL_COMMAND_TABLE[command].name);
  }
}

static rl_status worse(rl_status a, rl_status b) {
  return a > b ? a : b;
}

int main(int argc, char **argv) {
  rl_session session;
  rl_buf out;
  rl_output_init();
  rl_session_init(&session);
  rl_buf_init(&out, &session.arena, RL_OUTPUT_MAX);
  rl_status status = rl_arguments_parse(&session.arena, argc, (const char *const *)argv,
                                        &session.arguments, &session.diags);
  rl_session_style(&session);
  if (status == RL_OK) status = dispatch(&session, &out);
  point_to_help(&session, status);
  status = worse(status, check_buffer(&session, &out));
  drop_readings(&session, status);
  rl_output_diags(&session.diags, 0, &session.arena);
  size_t told = session.diags.list.count;
  if (status <= RL_NO || session.whole) status = worse(status, deliver(&session, &out));
  rl_output_diags(&session.diags, told, &session.arena);
  rl_arena_free(&session.arena);
  return (int)status;
}
