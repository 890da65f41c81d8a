/* The only place that knows OpenMP. */
#include "kernels-ref/cpu/fast/team.h"

#include "base/checked.h"

#ifdef _OPENMP
#include <omp.h>
#endif

rl_team_share rl_team_divide(rl_team_member member, uint64_t total, uint64_t unit) {
  uint64_t units = rl_ceil_div(total, unit);
  uint64_t first = units * member.number / member.count * unit;
  uint64_t end = units * (member.number + 1) / member.count * unit;
  return (rl_team_share){rl_min_u64(first, total), rl_min_u64(end, total)};
}

#ifdef _OPENMP
uint32_t rl_team_most(void) {
  return (uint32_t)omp_get_max_threads();
}

/* The system may give fewer threads than were asked for: each then takes several numbers. */
void rl_team_run(uint32_t count, void (*work)(void *context, rl_team_member member),
                 void *context) {
  if (count <= 1) {
    work(context, (rl_team_member){0, 1});
    return;
  }
#pragma omp parallel num_threads((int)count)
  {
    const uint32_t given = (uint32_t)omp_get_num_threads();
    for (uint32_t n = (uint32_t)omp_get_thread_num(); n < count; n += given) {
      work(context, (rl_team_member){n, count});
    }
  }
}
#else
uint32_t rl_team_most(void) {
  return 1;
}

void rl_team_run(uint32_t count, void (*work)(void *context, rl_team_member member),
                 void *context) {
  for (uint32_t n = 0; n < count || n == 0; n++) {
    work(context, (rl_team_member){n, count == 0 ? 1 : count});
  }
}
#endif
