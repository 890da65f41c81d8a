/* Threads for the commands that evaluate much. */
#ifndef RL_CLI_WORKERS_H
#define RL_CLI_WORKERS_H

#include "api/sweep.h"

/* As many workers as were asked for, 0: as the machine has; one where the program was built without
 * OpenMP. */
rl_sweep_workers rl_workers_of(uint64_t threads);

#endif
