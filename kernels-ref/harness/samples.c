/* Samples in two rings. */
#include "kernels-ref/harness/samples.h"

#include <string.h>

#include "base/stats.h"

/* Samples that suffice, what noise is, and whom `low` leaves out. */
enum { FEWEST = 3 };
static const double NOISE = 1.25, LOW = 0.1;

void rl_samples_add(rl_samples *samples, double rate, bool undisturbed) {
  const int kind = undisturbed ? 0 : 1;
  samples->kinds[kind].rates[samples->kinds[kind].count++ % RL_SAMPLES_KEPT] = rate;
  if (rate > samples->kinds[kind].best) samples->kinds[kind].best = rate;
}

rl_rates rl_samples_rates(const rl_samples *samples) {
  const bool steady = samples->kinds[0].count >= FEWEST;
  const int kind = samples->kinds[0].count > 0 ? 0 : 1;
  double rates[RL_SAMPLES_KEPT];
  size_t count = samples->kinds[kind].count;
  if (count == 0) return (rl_rates){0};
  if (count > RL_SAMPLES_KEPT) count = RL_SAMPLES_KEPT;
  memcpy(rates, samples->kinds[kind].rates, count * sizeof *rates);
  return (rl_rates){.best = samples->kinds[kind].best,
                    .median = rl_median(rates, count),
                    .low = rl_quantile(rates, count, LOW),
                    .steady = steady};
}

bool rl_rates_two(const rl_rates *rates) {
  return rates->steady && rates->best >= NOISE * rates->low;
}
