/* The clock and the peaks: what happens in registers. */
#include "kernels-ref/harness/probe_parts.h"

/* --- clock --- */

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
#define ADD "add %1, %0\n\t"
#else
#define ADD "add %0, %0, %1\n\t"
#endif
enum { CHAIN = 8, ROUNDS = 500000 };

/* Additions that wait for one another take a cycle each. */
static void run_clock(void *context, uint32_t number) {
  uint64_t sum = 0, one = 1;
  (void)context;
  (void)number;
  for (int round = 0; round < ROUNDS; round++) {
    __asm__ volatile(ADD ADD ADD ADD ADD ADD ADD ADD : "+r"(sum) : "r"(one));
  }
}

void rl_prober_clock(rl_prober *p) {
  if (!rl_prober_next(p, "clock")) return;
  rl_prober_sample(p, &p->clock, 1, run_clock, NULL, CHAIN * (double)ROUNDS);
}
#else
void rl_prober_clock(rl_prober *p) {
  (void)p;
}
#endif

/* --- peaks --- */

enum { PEAK_ROUNDS = 200000, EACH = 3 /* a round: they are short */ };
static _Thread_local volatile float result; /* a thread has its own */

static void run_peak(void *context, uint32_t number) {
  const rl_peak_loop *loop = context;
  (void)number;
  result = loop->run(PEAK_ROUNDS);
}

void rl_prober_peaks(rl_prober *p) {
  const uint32_t threads = p->machine->threads;
  rl_isa isa = RL_ISA_SCALAR;
  for (size_t n = 0; n < RL_PROBE_PEAKS; n++) {
    const rl_peak_loop *loop = rl_loops_peak(n, &isa);
    if (loop == NULL || !rl_prober_next(p, "peaks")) return;
    rl_peak_loop copy = *loop;
    for (int each = 0; each < EACH; each++) {
      rl_prober_sample(p, &p->peaks[n], threads, run_peak, &copy,
                       (double)loop->operations * PEAK_ROUNDS * threads);
    }
  }
}

/* The best of each type. A type that is slower than a wider one is nothing to compute in. */
static void mark_best(rl_probe *probe) {
  for (size_t i = 0; i < probe->peak_count; i++) {
    rl_probe_peak *peak = &probe->peaks[i];
    const rl_type_info *type = &RL_TYPES[peak->type];
    peak->best = peak->rate.best > 0;
    for (size_t j = 0; j < probe->peak_count; j++) {
      const rl_probe_peak *other = &probe->peaks[j];
      const rl_type_info *wider = &RL_TYPES[other->type];
      const bool same = other->type == peak->type && j != i;
      const bool wide = wider->integer == type->integer && wider->bits > type->bits;
      const bool faster =
          other->rate.best > peak->rate.best || (other->rate.best >= peak->rate.best && j < i);
      if ((same || wide) && faster) peak->best = false;
    }
  }
}

void rl_prober_settle_peaks(rl_prober *p, rl_probe *probe) {
  rl_isa isa = RL_ISA_SCALAR;
  const rl_peak_loop *loop;
  probe->clock = rl_samples_rates(&p->clock);
  while (probe->peak_count < RL_PROBE_PEAKS &&
         (loop = rl_loops_peak(probe->peak_count, &isa)) != NULL) {
    rl_probe_peak *peak = &probe->peaks[probe->peak_count];
    *peak = (rl_probe_peak){
        .isa = isa, .type = loop->type, .rate = rl_samples_rates(&p->peaks[probe->peak_count])};
    probe->peak_count++;
  }
  mark_best(probe);
}
