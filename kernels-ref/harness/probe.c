/* The rounds of a probe. */
#include "kernels-ref/harness/probe.h"

#include "kernels-ref/harness/probe_parts.h"

static const double NANO = 1e-9;

/* The first round is whole, so that nothing is missing; from then on the time counts. */
bool rl_prober_next(rl_prober *p, const char *what) {
  const double spent = (double)(rl_machine_now() - p->begun) * NANO;
  if (p->again && spent >= p->options->seconds) return false;
  if (p->options->told != NULL) {
    const double share = spent / p->options->seconds;
    p->options->told(p->options->context, what, share < 1 ? share : 1);
  }
  return true;
}

void rl_prober_sample(rl_prober *p, rl_samples *samples, uint32_t threads,
                      void (*work)(void *context, uint32_t number), void *context, double amount) {
  const rl_timing timing = rl_machine_work(p->machine, threads, work, context);
  rl_samples_add(samples, amount / ((double)rl_timing_counts(&timing) * NANO), timing.undisturbed);
}

static void run_rounds(rl_prober *p) {
  do {
    rl_prober_clock(p);
    rl_prober_peaks(p);
    rl_prober_memory(p);
    p->again = true;
  } while (rl_prober_next(p, "clock"));
}

bool rl_probe_run(rl_arena *arena, const rl_machine *machine, const rl_probe_options *options,
                  rl_probe *probe) {
  rl_prober *p = RL_NEW(arena, rl_prober);
  if (p == NULL) return false;
  p->machine = machine;
  p->options = options;
  p->begun = rl_machine_now();
  *probe = (rl_probe){.machine = *machine};
  const bool whole = rl_prober_open_memory(p);
  if (whole) {
    run_rounds(p);
    rl_prober_settle_peaks(p, probe);
    rl_prober_settle_memory(p, probe);
  }
  rl_prober_close_memory(p);
  return whole;
}
