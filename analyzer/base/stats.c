/* Order statistics; see stats.h. */
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double rl_quantile(double *samples, size_t count, double p) {
  qsort(samples, count, sizeof *samples, ascending);
  double position = p * (double)(count - 1);
  size_t below = (size_t)floor(position);
  if (below + 1 >= count) return samples[count - 1];
  double share = position - (double)below;
  return samples[below] + share * (samples[below + 1] - samples[below]);
}

double rl_median(double *samples, size_t count) {
  return rl_quantile(samples, count, 0.5);
}
