/* Where another resource begins to rule a row: at which number of sequences, and by how much the
 * one that rules is ahead. */
#include "time/answers.h"

/* What is searched: a row at the group's tokens, by its count. */
typedef struct change_search {
  const rl_plan *plan;
  size_t row;
  rl_group group;
} change_search;

/* Answers whether the counts stay within 64 bits; the demand of those that do not is empty. */
static bool look(const change_search *s, uint64_t count, rl_demand *demand) {
  rl_group group = s->group;
  uint64_t moments[RL_MOMENTS_MAX];
  *demand = (rl_demand){.bound = RL_BOUND_NONE};
  group.count = count;
  return rl_cost_moments(s->plan->cost, &(rl_point){&group, 1}, NULL, moments) &&
         rl_row_demand(s->plan, s->row, moments, demand);
}

static bool same_residency(const rl_demand *a, const rl_demand *b) {
  return a->activations_cached == b->activations_cached && a->weights_cached == b->weights_cached;
}

static bool same_bound(const rl_demand *a, const rl_demand *b) {
  return a->bound == b->bound;
}

/* The first of (low, high] that is not as it is at low; high is not. */
static uint64_t first_other(const change_search *s, uint64_t low, uint64_t high,
                            bool (*same)(const rl_demand *a, const rl_demand *b)) {
  rl_demand at_low, at;
  look(s, low, &at_low);
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    if (look(s, middle, &at) && same(&at_low, &at))
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* While the cache serves the same operands, FLOPs grow in proportion to the sequences and bytes by
 * a concave function of them: what is compute-bound stays so, so each such stretch has one border.
 */
rl_change rl_bound_change(const rl_plan *plan, size_t row, const rl_group *group) {
  const change_search s = {plan, row, *group};
  uint64_t low = group->count, most = RL_RIDGE_MAX;
  rl_demand first, at, at_end;
  while (most > low && !look(&s, most, &at)) most /= 2;
  if (low >= most || !look(&s, low, &first)) return (rl_change){0};
  look(&s, most, &at_end);
  while (low < most) {
    look(&s, low, &at);
    uint64_t end =
        same_residency(&at, &at_end) ? most : first_other(&s, low, most, same_residency) - 1;
    rl_demand last;
    look(&s, end, &last);
    if (at.bound != first.bound) return (rl_change){low, at.bound};
    if (last.bound != first.bound) {
      uint64_t count = first_other(&s, low, end, same_bound);
      look(&s, count, &at);
      return (rl_change){count, at.bound};
    }
    low = end + 1;
  }
  return (rl_change){0};
}
