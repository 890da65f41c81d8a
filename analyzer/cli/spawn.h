/* Starting another program: by its words and no shell, with an environment and streams of our
 * choosing. */
#ifndef RL_CLI_SPAWN_H
#define RL_CLI_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct rl_spawn {
  const char *program;      /* a path, or a name that is looked up in PATH */
  char *const *words;       /* its arguments, its own name first, NULL behind the last */
  char *const *environment; /* NULL behind the last */
  int streams[3];           /* standard input, output and error; -1: /dev/null */
  bool group;               /* with all that it starts it is a group of its own, one at a time */
} rl_spawn;

/* 0 or the errno of what failed. Signals that this program ignores are what they were born as. */
int rl_spawn_start(const rl_spawn *spawn, pid_t *pid);
/* Whether it has ended; it stays to be waited for. */
bool rl_spawn_ended(pid_t pid);
/* Milliseconds of a clock that nobody sets. */
int64_t rl_spawn_now(void);
/* Waits until it has ended, at most until that time of the clock; false when it runs on. */
bool rl_spawn_ends_before(pid_t pid, int64_t deadline);
/* Ends the group that runs, if there is one, at once and whatever it does; its first process is
 * left to be waited for. For handlers of signals as well: false while one is being started, when
 * the signal is raised again behind that. */
bool rl_spawn_end_group(int number);
/* Whether there is one. */
bool rl_spawn_runs(void);
/* The group was ended, and its number is about to be anybody's: before it is waited for. */
void rl_spawn_forget_group(void);

#endif
