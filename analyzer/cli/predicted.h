/* What the model says of a pass that was measured: at best, by operator. */
#ifndef RL_CLI_PREDICTED_H
#define RL_CLI_PREDICTED_H

#include "cli/session.h"
#include "time/plan.h"

typedef struct rl_predicted {
  double *operators; /* [op] seconds of all its repeats in a pass, at best */
  double whole;
} rl_predicted;

/* The machine as it was while something ran: memory at the rate that probes gave, engines and
 * caches with the share of the threads that worked. NULL without memory. */
const rl_hardware *rl_hardware_beside(rl_arena *arena, const rl_hardware *hardware, double rate,
                                      uint32_t threads);
/* `count` sequences with q new tokens each behind `cached`. */
rl_status rl_predict(rl_session *session, const rl_program *program, const rl_hardware *hardware,
                     const rl_group *group, rl_predicted *out);

#endif
