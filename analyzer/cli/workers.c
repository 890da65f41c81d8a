/* The one place that knows OpenMP. */
#include "cli/workers.h"

#ifdef _OPENMP
#include <omp.h>

static void run(size_t count, unsigned workers, rl_sweep_task *task, void *context) {
  const int threads = (int)workers;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (size_t i = 0; i < count; i++) task(context, i, (unsigned)omp_get_thread_num());
}

/* One thread needs no runtime of threads, which may need files that a limit forbids. */
rl_sweep_workers rl_workers_of(uint64_t threads) {
  if (threads == 1) return RL_SWEEP_ALONE;
  const unsigned all = (unsigned)omp_get_max_threads();
  return (rl_sweep_workers){run, threads == 0 ? all : (unsigned)threads};
}
#else
rl_sweep_workers rl_workers_of(uint64_t threads) {
  (void)threads;
  return RL_SWEEP_ALONE;
}
#endif
