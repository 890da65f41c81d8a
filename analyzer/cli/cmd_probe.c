/* probe: this machine as a hardware description, every figure measured. */
#include "base/number.h"
#include "cli/commands.h"
#include "cli/outside_reader.h"
#include "cli/probe_file.h"
#include "cli/progress.h"
#include "kernels-ref/cpu/fast/team.h"

/* Seconds of measuring; what comes before and after takes one or two more. */
static const double QUICK = 6, WHOLE = 40;
/* Of reads beside another program's: bytes, and seconds in which their loop is chosen. */
enum { BESIDE_BYTES = 256 << 20 };
static const double CHOOSE = 0.5;

static void tell(void *context, const char *what, double share) {
  rl_progress_tell(context, "probing ", what, share);
}

static double read_now(void *context) {
  return rl_reader_probe(context);
}

static void compare(rl_session *session, const rl_probe *probe) {
  rl_reader reader;
  const uint32_t threads = probe->reads[probe->read_count - 1].threads;
  if (!rl_reader_open(&reader, &probe->machine, BESIDE_BYTES, threads, CHOOSE)) return;
  rl_outside_compare(session, probe, &(rl_memory_now){read_now, &reader});
  rl_reader_close(&reader);
}

rl_status rl_cmd_probe(rl_session *session, rl_buf *out) {
  const bool quick = rl_argument_given(&session->arguments, RL_O_QUICK);
  rl_progress progress;
  const rl_probe_options options = {
      .seconds = quick ? QUICK : WHOLE, .every = !quick, .told = tell, .context = &progress};
  char number[RL_NUMBER_TEXT];
  rl_machine machine;
  rl_probe *probe = RL_NEW(&session->arena, rl_probe);
  if (probe == NULL) return rl_diag_oom(&session->diags);
  rl_machine_read("", &machine);
  rl_progress_begin(&progress, session);
  const bool whole = rl_probe_run(&session->arena, &machine, &options, probe);
  if (whole && !quick) {
    rl_progress_tell(&progress, "probing ", "beside another reader, where there is one", 1);
    compare(session, probe);
  }
  rl_team_end();
  rl_progress_end(&progress);
  if (!whole) return rl_diag_oom(&session->diags);
  const size_t disturbed = rl_probe_write(out, probe);
  if (disturbed > 0) {
    RL_REPORT(&session->diags, PROBE_DISTURBED, (rl_loc){0}, rl_print_u64(disturbed, number));
  }
  return RL_OK;
}
