/* probe: this machine as a hardware description, every figure measured. */
#include <unistd.h>

#include "base/number.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/probe_file.h"
#include "kernels-ref/cpu/fast/team.h"

/* Seconds of measuring; what comes before and after takes one or two more. */
static const double QUICK = 6, WHOLE = 40;

/* One line on a terminal, told again where it stands. */
static void tell(void *context, const char *what, double share) {
  const rl_session *session = context;
  char percent[RL_NUMBER_TEXT];
  rl_arena arena;
  rl_buf line;
  rl_arena_init(&arena, session->arena.allocator);
  rl_buf_init(&line, &arena, 256);
  rl_print_u64((uint64_t)(share * 100), percent);
  RL_ADD(&line, "\r\033[Kprobing ", what, ", ", percent, " %");
  rl_output_progress(&line);
  rl_arena_free(&arena);
}

static void tell_end(rl_session *session) {
  rl_buf line;
  rl_buf_init(&line, &session->arena, 16);
  rl_buf_add(&line, "\r\033[K");
  rl_output_progress(&line);
}

rl_status rl_cmd_probe(rl_session *session, rl_buf *out) {
  const bool quick = rl_argument_given(&session->arguments, RL_O_QUICK);
  const bool shown = isatty(STDERR_FILENO) != 0;
  const rl_probe_options options = {.seconds = quick ? QUICK : WHOLE,
                                    .every = !quick,
                                    .told = shown ? tell : NULL,
                                    .context = session};
  char number[RL_NUMBER_TEXT];
  rl_machine machine;
  rl_probe *probe = RL_NEW(&session->arena, rl_probe);
  if (probe == NULL) return rl_diag_oom(&session->diags);
  rl_machine_read("", &machine);
  const bool whole = rl_probe_run(&session->arena, &machine, &options, probe);
  rl_team_end();
  if (shown) tell_end(session);
  if (!whole) return rl_diag_oom(&session->diags);
  const size_t disturbed = rl_probe_write(out, probe);
  if (disturbed > 0) {
    RL_REPORT(&session->diags, PROBE_DISTURBED, (rl_loc){0}, rl_print_u64(disturbed, number));
  }
  return RL_OK;
}
