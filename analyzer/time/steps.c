/* Between breakpoints a maximum of sums of maxima of affine functions is convex in S, so three
 * steps on one line have all others on it; elsewhere the halves are asked. Where tokens are dealt
 * to ranks this holds for every so manyth step (time/generate.c): S = begin + k * stride. */
#include "time/steps.h"

#include <math.h>

#include "base/checked.h"

/* Times within this share of each other are taken as equal. */
static const double TIE = 1e-12;

typedef struct step_walk {
  const rl_steps *steps;
  uint64_t batch;
  uint64_t begin, stride;
  bool failed;
} step_walk;

static double step_at(step_walk *w, uint64_t k) {
  const uint64_t cached = w->begin + k * w->stride;
  double seconds = 0;
  if (!w->steps->seconds(w->steps->context, w->batch, cached, &seconds)) w->failed = true;
  return seconds;
}

/* Sum over the steps first ... last without the last. */
static double sum_between(step_walk *w, uint64_t first, uint64_t last, const double ends[2]) {
  uint64_t middle = first + (last - first) / 2;
  double steps_between = (double)(last - first);
  if (last - first <= 1 || w->failed) return last == first ? 0 : ends[0];
  double at_middle = step_at(w, middle);
  double straight = ends[0] + (ends[1] - ends[0]) * (double)(middle - first) / steps_between;
  if (fabs(at_middle - straight) <= TIE * at_middle) {
    double slope = (ends[1] - ends[0]) / steps_between;
    return steps_between * (ends[0] + slope * (steps_between - 1) / 2);
  }
  return sum_between(w, first, middle, (const double[]){ends[0], at_middle}) +
         sum_between(w, middle, last, (const double[]){at_middle, ends[1]});
}

/* The first step behind `first` that fills a block, or follows one that did. */
static uint64_t next_block(const rl_parting *parting, uint64_t first) {
  const uint64_t apart = parting->first + parting->newest, step = parting->step;
  if (step == 0) return UINT64_MAX;
  if (step == 1) return first < apart ? apart : UINT64_MAX;
  uint64_t filled =
      rl_parting_body(parting, first) + apart + step; /* the next to have been filled */
  return first + 1 < filled ? filled - 1 : filled;
}

/* The next step behind `first` at which a window fills, leaves the first tokens behind or drops a
 * block of a cache that keeps tokens apart; each, where it is shorter than what stands apart. */
static uint64_t next_drop(const rl_parting *parting, uint64_t first) {
  if (parting->window == 0) return UINT64_MAX;
  if (parting->window <= parting->newest + parting->step) return first + 1;
  const uint64_t full = parting->window - 1, moved = full + parting->first;
  if (first < full) return full;
  if (first < moved) return moved;
  if (parting->block == 1) return UINT64_MAX;
  return moved + rl_parting_dropped(parting, first) + parting->block;
}

/* Where windows fill up a step's time bends downwards, where chunks begin it falls: no piece
 * reaches across. */
static uint64_t next_break(const rl_cost *cost, uint64_t first, uint64_t last) {
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const uint64_t windows[] = {cost->moments[m].window, cost->moments[m].skip};
    const uint64_t within = cost->moments[m].within;
    for (int i = 0; i < 2; i++) {
      if (windows[i] > first + 1 && windows[i] - 1 < last) last = windows[i] - 1;
    }
    const uint64_t begins[] = {within == 0 ? UINT64_MAX : (first / within + 1) * within,
                               next_block(&cost->moments[m].parting, first),
                               next_drop(&cost->moments[m].parting, first)};
    for (int i = 0; i < 3; i++) {
      uint64_t end = first + 1 < begins[i] ? begins[i] - 1 : begins[i];
      if (end < last) last = end;
    }
  }
  return last;
}

/* The last step up to which no break comes, at least the one behind the first. */
static uint64_t piece_end(const step_walk *w, uint64_t first, uint64_t last) {
  const uint64_t from = w->begin + first * w->stride;
  uint64_t to = w->begin + last * w->stride;
  for (size_t p = 0; p < w->steps->plan_count; p++) {
    to = next_break(w->steps->plans[p]->cost, from, to);
  }
  return rl_max_u64((to - w->begin) / w->stride, first + 1);
}

/* Sum over all steps 0 ... last. */
static double sum_walk(step_walk *w, uint64_t last) {
  double ends[2] = {step_at(w, 0), 0}, seconds = 0;
  uint64_t first = 0;
  while (first < last && !w->failed) {
    const uint64_t end = piece_end(w, first, last);
    ends[1] = step_at(w, end);
    seconds += sum_between(w, first, end, ends);
    ends[0] = ends[1];
    first = end;
  }
  return seconds + ends[0];
}

bool rl_steps_sum(const rl_steps *steps, rl_job job, double *seconds) {
  const uint64_t first = job.prompt, last = job.prompt + job.generate - 2;
  step_walk w = {.steps = steps, .batch = job.batch};
  w.stride = rl_max_u64(steps->plans[0]->cost->program->deal.ranks, 1);
  *seconds = 0;
  for (w.begin = first; w.begin <= last && w.begin - first < w.stride && !w.failed; w.begin++) {
    *seconds += sum_walk(&w, (last - w.begin) / w.stride);
  }
  return !w.failed;
}
