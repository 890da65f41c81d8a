/* Inside time/: the sum of decode steps whose time is a function of the cached tokens that no row
 * knows alone. */
#ifndef RL_TIME_STEPS_H
#define RL_TIME_STEPS_H

#include "time/answers.h"

typedef struct rl_steps {
  /* Time of the step of `batch` sequences behind `cached` tokens; false on overflow. */
  bool (*seconds)(const void *context, uint64_t batch, uint64_t cached, double *seconds);
  const void *context;
  const rl_plan *const *plans; /* whose windows and chunks bend that time */
  size_t plan_count;
} rl_steps;

/* Seconds of the generate - 1 steps of the job; at least one. False on overflow. */
bool rl_steps_sum(const rl_steps *steps, rl_job job, double *seconds);

#endif
