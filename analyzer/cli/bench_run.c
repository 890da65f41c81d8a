/* Options of benches, and the day. */
#include "cli/bench_run.h"

#include <string.h>
#include <time.h>

#include "base/checked.h"

enum { RUNS = 9, WARMUP = 1 };

rl_status rl_session_level(rl_session *session, rl_isa *out) {
  const rl_text_at level = rl_argument(&session->arguments, RL_O_LEVEL);
  *out = rl_isa_best();
  if (level.text == NULL || !rl_isa_find(level.text, out) || rl_isa_runs(*out)) return RL_OK;
  return RL_REPORT(&session->diags, LEVEL_ABSENT, level.loc, level.text,
                   RL_ISA_NAMES[rl_isa_best()]);
}

rl_status rl_bench_read(rl_session *session, const rl_machine *machine, rl_bench_options *out) {
  const rl_arguments *a = &session->arguments;
  uint64_t threads = machine->threads;
  *out = (rl_bench_options){.runs = RUNS, .warmup = WARMUP};
  rl_argument_u64(a, RL_O_THREADS, 1, &threads, &session->diags);
  rl_argument_u64(a, RL_O_RUNS, 1, &out->runs, &session->diags);
  rl_argument_u64(a, RL_O_WARMUP, 0, &out->warmup, &session->diags);
  out->setting.threads = (uint32_t)rl_min_u64(threads, machine->threads);
  out->setting.pinned = !rl_argument_given(a, RL_O_NO_PIN);
  const rl_status status = rl_diags_status(&session->diags);
  return status == RL_OK ? rl_session_level(session, &out->setting.level) : status;
}

bool rl_bench_is_asked(const rl_session *session, const char *name) {
  const rl_arguments *a = &session->arguments;
  for (size_t i = 0; i < a->words.count; i++) {
    if (strstr(name, a->words.items[i]) != NULL) return true;
  }
  return a->words.count == 0;
}

const char *rl_bench_date(rl_arena *arena) {
  const time_t now = time(NULL);
  struct tm day;
  if (gmtime_r(&now, &day) == NULL) return "";
  return rl_textf(arena, "%04d-%02d-%02d", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}
