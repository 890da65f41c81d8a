/* posix_spawn with the signals of a program that nobody has touched; groups that end together. */
#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

/* What a handler of signals may look at: the group that runs, and whether one is being started, in
 * which case the signal comes again once its number is known. */
static volatile sig_atomic_t group, is_starting, late;

static int start(const rl_spawn *spawn, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t born;
  sigemptyset(&born);
  sigaddset(&born, SIGPIPE);
  sigaddset(&born, SIGXFSZ);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, spawn->group ? POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
                                                     : POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigdefault(&attributes, &born);
  for (int s = 0; s < 3; s++) {
    if (spawn->streams[s] >= 0) {
      posix_spawn_file_actions_adddup2(&actions, spawn->streams[s], s);
    } else {
      posix_spawn_file_actions_addopen(&actions, s, "/dev/null", O_RDWR, 0);
    }
  }
  int error =
      posix_spawnp(pid, spawn->program, &actions, &attributes, spawn->words, spawn->environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int rl_spawn_start(const rl_spawn *spawn, pid_t *pid) {
  is_starting = spawn->group;
  const int error = start(spawn, pid);
  if (spawn->group && error == 0) group = *pid;
  is_starting = 0;
  if (late != 0) raise(late);
  return error;
}

bool rl_spawn_ended(pid_t pid) {
  siginfo_t info = {.si_pid = 0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

int64_t rl_spawn_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool rl_spawn_ends_before(pid_t pid, int64_t deadline) {
  const struct timespec little = {0, 1000000};
  while (!rl_spawn_ended(pid)) {
    if (rl_spawn_now() >= deadline) return false;
    nanosleep(&little, NULL);
  }
  return true;
}

bool rl_spawn_end_group(int number) {
  if (is_starting) {
    late = number;
    return false;
  }
  const pid_t running = group;
  siginfo_t info;
  if (running == 0) return true;
  kill(-running, SIGKILL);
  while (waitid(P_PGID, (id_t)running, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
  return true;
}

void rl_spawn_forget_group(void) {
  group = 0;
}

bool rl_spawn_runs(void) {
  return group != 0 || is_starting;
}
