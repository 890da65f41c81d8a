/* A measurement with a read probe before and after it: what memory gave meanwhile is known, and
 * where both probes disagree the machine changed and the sample says little. */
#ifndef RL_HARNESS_BESIDE_H
#define RL_HARNESS_BESIDE_H

#include <stdbool.h>
#include <stddef.h>

/* What is done, as functions, so that tests have a machine of their own. */
typedef struct rl_beside {
  double (*probe)(
      void *context);           /* bytes a second; negative: other programs took part of its time */
  double (*run)(void *context); /* seconds of one repetition; negative: it failed */
  void *context;
} rl_beside;

typedef struct rl_beside_sample {
  double seconds, rate; /* rate: mean of both probes */
  bool steady;          /* they agree within 8 %, and nobody disturbed them */
} rl_beside_sample;

/* Measures once; when the probes disagree again, three times at most: the last one counts. False
 * when a repetition failed. */
bool rl_beside_take(const rl_beside *beside, rl_beside_sample *out);

enum { RL_BESIDE_MOST = 256 };
typedef struct rl_beside_summary {
  size_t count, steady_count;
  double median, best, spread; /* seconds; spread: median distance from the median */
  double rate;                 /* median of the probes */
  bool steady;                 /* enough samples are: the others were left out */
} rl_beside_summary;

/* Of RL_BESIDE_MOST samples at most. */
rl_beside_summary rl_beside_summarize(const rl_beside_sample *samples, size_t count);

#endif
