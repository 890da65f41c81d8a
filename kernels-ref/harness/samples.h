/* Rates of one thing, sample by sample, and what is said of them: the best, the median, what nine
 * of ten reach. Samples that other programs disturbed are kept apart and count only where there are
 * no others. */
#ifndef RL_HARNESS_SAMPLES_H
#define RL_HARNESS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

enum { RL_SAMPLES_KEPT = 64 };

typedef struct rl_samples {
  struct {
    double rates[RL_SAMPLES_KEPT];
    size_t count; /* all that came: the last ones are kept, and the best */
    double best;
  } kinds[2]; /* undisturbed, disturbed */
} rl_samples;

typedef struct rl_rates {
  double best, median, low; /* low: nine of ten samples reach it; 0: nothing was measured */
  bool steady;              /* enough of them were undisturbed */
} rl_rates;

/* undisturbed: no other program took the processors meanwhile. */
void rl_samples_add(rl_samples *samples, double rate, bool undisturbed);
rl_rates rl_samples_rates(const rl_samples *samples);
/* Between a slow and a fast moment lies more than noise: one figure would say nothing. */
bool rl_rates_two(const rl_rates *rates);

#endif
