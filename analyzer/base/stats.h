/* Order statistics of a few samples; the caller's array is sorted in place. */
#ifndef RL_BASE_STATS_H
#define RL_BASE_STATS_H

#include <stddef.h>

/* Linear interpolation between order statistics (type 7 of Hyndman & Fan 1996).
 * count >= 1, 0 <= p <= 1. */
double rl_quantile(double *samples, size_t count, double p);
double rl_median(double *samples, size_t count);

#endif
