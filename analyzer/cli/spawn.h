/* Starting another program: by its words and no shell, with an environment and streams of our
 * choosing. */
#ifndef RL_CLI_SPAWN_H
#define RL_CLI_SPAWN_H

#include <sys/types.h>

typedef struct rl_spawn {
  const char *program;      /* a path, or a name that is looked up in PATH */
  char *const *words;       /* its arguments, its own name first, NULL behind the last */
  char *const *environment; /* NULL behind the last */
  int streams[3];           /* standard input, output and error; -1: /dev/null */
} rl_spawn;

/* 0 or the errno of what failed. Signals that this program ignores are what they were born as. */
int rl_spawn_start(const rl_spawn *spawn, pid_t *pid);

#endif
