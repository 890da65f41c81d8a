/* posix_spawn with the signals of a program that nobody has touched. */
#include "cli/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

int rl_spawn_start(const rl_spawn *spawn, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t born;
  sigemptyset(&born);
  sigaddset(&born, SIGPIPE);
  sigaddset(&born, SIGXFSZ);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
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
