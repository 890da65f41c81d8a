/* How far a sweep is: one line on a terminal, told again where it stands. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/sweep_run.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Rows on the same terminal would be torn apart. */
void rl_sweep_progress_begin(rl_sweep_progress *progress, rl_session *session, bool to_file,
                             uint64_t all) {
  const char *term = session->environment.term;
  const bool dumb = term == NULL || strcmp(term, "dumb") == 0;
  *progress = (rl_sweep_progress){.session = session, .all = all, .begun = now()};
  progress->told = progress->begun;
  progress->shown = !dumb && isatty(STDERR_FILENO) && (to_file || !isatty(STDOUT_FILENO));
}

static void write_line(const rl_sweep_progress *progress, double seconds) {
  char done[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT], rate[RL_NUMBER_TEXT], left[RL_NUMBER_TEXT];
  const double per_second = (double)progress->done / seconds;
  const double rest = (double)(progress->all - progress->done) / per_second;
  rl_arena arena;
  rl_buf line;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&line, &arena, 1024);
  rl_print_grouped(progress->done, done);
  rl_print_grouped(progress->all, all);
  rl_print_grouped((uint64_t)per_second, rate);
  rl_print_grouped((uint64_t)rest, left);
  RL_ADD(&line, "\r\033[K", done, " of ", all, " points, ", rate, " a second, ", left, " s left");
  rl_output_progress(&line);
  rl_arena_free(&arena);
}

void rl_sweep_progress_tell(rl_sweep_progress *progress, uint64_t done) {
  static const double pause = 0.2;
  progress->done = done;
  if (!progress->shown || done == 0) return;
  const double at = now();
  if (at - progress->told < pause) return;
  progress->told = at;
  write_line(progress, at - progress->begun);
}

void rl_sweep_progress_end(rl_sweep_progress *progress) {
  rl_arena arena;
  rl_buf line;
  if (!progress->shown) return;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&line, &arena, 16);
  rl_buf_add(&line, "\r\033[K");
  rl_output_progress(&line);
  rl_arena_free(&arena);
}
