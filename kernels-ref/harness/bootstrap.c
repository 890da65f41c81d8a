/* Intervals of a ratio of medians, the same ones whenever they are asked for. */
#include <string.h>

#include "base/stats.h"
#include "kernels-ref/harness/bench.h"

enum { DRAWS = 1000 };
static const double TAIL = 0.025;

/* The generator of Vigna's SplitMix64 (public domain, 2015). */
static uint64_t next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static double drawn_median(const double *from, size_t count, uint64_t *state) {
  double drawn[RL_BESIDE_MOST];
  for (size_t i = 0; i < count; i++) drawn[i] = from[next(state) % count];
  return rl_median(drawn, count);
}

static double median_of(const double *from, size_t count) {
  double copy[RL_BESIDE_MOST];
  memcpy(copy, from, count * sizeof *from);
  return rl_median(copy, count);
}

rl_ratio rl_bootstrap_ratio(const double *a, size_t a_count, const double *b, size_t b_count) {
  double ratios[DRAWS];
  uint64_t state = 1;
  for (int n = 0; n < DRAWS; n++) {
    const double base = drawn_median(a, a_count, &state);
    ratios[n] = drawn_median(b, b_count, &state) / base;
  }
  return (rl_ratio){.value = median_of(b, b_count) / median_of(a, a_count),
                    .low = rl_quantile(ratios, DRAWS, TAIL),
                    .high = rl_quantile(ratios, DRAWS, 1 - TAIL)};
}
