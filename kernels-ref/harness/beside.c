/* Probe, repetition, probe. */
#include "kernels-ref/harness/beside.h"

#include <math.h>

#include "base/stats.h"

enum { TRIES = 3, FEWEST = 3 };
static const double AGREE = 0.08;

/* Disturbed probes are negative, and agree with none. */
static bool agree(double a, double b) {
  return a > 0 && b > 0 && a <= b * (1 + AGREE) && b <= a * (1 + AGREE);
}

bool rl_beside_take(const rl_beside *beside, rl_beside_sample *out) {
  double before = beside->probe(beside->context);
  *out = (rl_beside_sample){0};
  for (int n = 0; n < TRIES && !out->steady; n++) {
    const double seconds = beside->run(beside->context);
    if (seconds < 0) return false;
    const double after = beside->probe(beside->context);
    *out = (rl_beside_sample){seconds, (fabs(before) + fabs(after)) / 2, agree(before, after)};
    before = after;
  }
  return true;
}

rl_beside_summary rl_beside_summarize(const rl_beside_sample *samples, size_t count) {
  double seconds[RL_BESIDE_MOST], rates[RL_BESIDE_MOST];
  rl_beside_summary out = {.count = count < RL_BESIDE_MOST ? count : RL_BESIDE_MOST};
  size_t kept = 0;
  for (size_t i = 0; i < out.count; i++) out.steady_count += samples[i].steady;
  out.steady = out.steady_count >= FEWEST;
  for (size_t i = 0; i < out.count; i++) {
    if (out.steady && !samples[i].steady) continue;
    seconds[kept] = samples[i].seconds;
    rates[kept++] = samples[i].rate;
  }
  if (kept == 0) return out;
  out.median = rl_median(seconds, kept);
  out.best = rl_quantile(seconds, kept, 0);
  out.rate = rl_median(rates, kept);
  for (size_t i = 0; i < kept; i++) seconds[i] = fabs(seconds[i] - out.median);
  out.spread = rl_median(seconds, kept);
  return out;
}
