/* Starting a program, hearing it out, and waiting for its end. */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/spawn.h"

int rl_ask_scratch(void) {
  FILE *file = tmpfile();
  if (file == NULL) return -1;
  int descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  fclose(file);
  return descriptor;
}

static void read_complaint(int descriptor, char out[RL_COMPLAINT_BYTES]) {
  const ssize_t length = pread(descriptor, out, RL_COMPLAINT_BYTES - 1, 0);
  out[length > 0 ? length : 0] = '\0';
  out[strcspn(out, "\n")] = '\0';
}

/* Starts it; 0 or an errno. */
static int start(rl_session *session, const rl_question *q, int output, int messages, pid_t *pid) {
  rl_arena *arena = &session->arena;
  const rl_environment *e = &session->environment;
  char *words[RL_QUESTION_WORDS] = {NULL};
  char *const environment[] = {
      rl_textf(arena, "PATH=%s", e->path == NULL ? "/usr/bin:/bin" : e->path),
      rl_textf(arena, "HOME=%s", e->home == NULL ? "/" : e->home), rl_strdup(arena, "LC_ALL=C"),
      q->variable == NULL ? NULL : rl_strdup(arena, q->variable), NULL};
  const rl_spawn program = {
      q->words[0], words, environment, {q->input, output, messages}, q->timeout_ms > 0};
  for (size_t i = 0; q->words[i] != NULL; i++) {
    words[i] = rl_strdup(arena, q->words[i]);
    if (words[i] == NULL) return ENOMEM;
  }
  const bool whole = environment[0] != NULL && environment[1] != NULL && environment[2] != NULL &&
                     (q->variable == NULL || environment[3] != NULL);
  return whole ? rl_spawn_start(&program, pid) : ENOMEM;
}

/* There is something to read, or the end; false when the time is up. */
static bool wait_for(int pipe_end, int64_t deadline) {
  struct pollfd polled = {pipe_end, POLLIN, 0};
  for (;;) {
    const int64_t left = deadline - rl_spawn_now();
    if (left <= 0) return false;
    const int ready = poll(&polled, 1, (int)left);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/* Reads to the end and keeps what the buffer takes; false when the time was up before. */
static bool read_answer(int pipe_end, rl_question *q, int64_t deadline) {
  char piece[65536];
  for (;;) {
    if (q->timeout_ms > 0 && !wait_for(pipe_end, deadline)) return false;
    const ssize_t count = read(pipe_end, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    rl_buf_addn(&q->answer, piece, (size_t)count);
  }
}

/* Hears it out and waits for its end; the exit status, or -1. */
static int listen_to(int pipe_end, pid_t pid, rl_question *q) {
  const int64_t deadline = rl_spawn_now() + q->timeout_ms;
  bool done = read_answer(pipe_end, q, deadline);
  int status = 0;
  if (q->timeout_ms > 0) { /* it may have closed what it writes to and go on */
    done = done && rl_spawn_ends_before(pid, deadline);
    rl_spawn_end_group(SIGTERM);
    rl_spawn_forget_group();
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) && done ? WEXITSTATUS(status) : -1;
}

int rl_ask(rl_session *session, rl_question *q) {
  int ends[2] = {-1, -1};
  pid_t pid = 0;
  const int messages = rl_ask_scratch();
  rl_buf_init(&q->answer, &session->arena, RL_ANSWER_MAX);
  rl_buf_add(&q->answer, "");
  int error = messages < 0 || pipe(ends) != 0 ? errno : 0;
  if (error == 0) {
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    error = start(session, q, ends[1], messages, &pid);
    close(ends[1]);
  }
  if (error == 0) q->ended = listen_to(ends[0], pid, q);
  if (error == 0) read_complaint(messages, q->complaint);
  if (ends[0] >= 0) close(ends[0]);
  if (messages >= 0) close(messages);
  return error;
}
