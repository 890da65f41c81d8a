/* Lines that overwrite themselves. */
#include "cli/progress.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/output.h"

static const double SILENT = 1, PAUSE = 0.2;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void write_line(const char *what, const char *about, const char *end) {
  rl_arena arena;
  rl_buf line;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&line, &arena, 1024);
  RL_ADD(&line, "\r\033[K", what, about, end);
  rl_output_progress(&line);
  rl_arena_free(&arena);
}

void rl_progress_begin(rl_progress *progress, const rl_session *session) {
  const char *term = session->environment.term;
  const bool dumb = term == NULL || strcmp(term, "dumb") == 0;
  *progress = (rl_progress){.shown = !dumb && isatty(STDERR_FILENO) != 0, .begun = now()};
}

void rl_progress_tell(rl_progress *progress, const char *what, const char *about, double share) {
  char percent[RL_NUMBER_TEXT], end[RL_NUMBER_TEXT + 8] = "";
  const double at = now();
  if (!progress->shown || at - progress->begun < SILENT) return;
  if (progress->written && at - progress->told < PAUSE) return;
  progress->written = true;
  progress->told = at;
  if (share >= 0) {
    rl_print_u64((uint64_t)(share * 100), percent);
    const size_t length = strlen(percent);
    memcpy(end, ", ", 2);
    memcpy(end + 2, percent, length);
    memcpy(end + 2 + length, " %", 3);
  }
  write_line(what, about, end);
}

void rl_progress_end(rl_progress *progress) {
  if (progress->written) write_line("", "", "");
  progress->written = false;
}
