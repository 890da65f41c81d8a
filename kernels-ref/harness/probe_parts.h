/* What the parts of a probe share: samples of all that is measured, and when to stop. */
#ifndef RL_HARNESS_PROBE_PARTS_H
#define RL_HARNESS_PROBE_PARTS_H

#include "kernels-ref/harness/probe.h"

/* Lines of a region that tell which one is next. */
typedef struct rl_chain {
  uint8_t *memory;
  uint64_t lines, at; /* a power of two; where the walk stands */
  rl_samples samples;
} rl_chain;

/* A region that is read with every loop and distance. */
typedef struct rl_loops_tried {
  rl_reader reader;
  bool owned; /* the memory is */
  rl_samples samples[RL_READ_LOOPS][RL_READ_DISTANCES];
} rl_loops_tried;

typedef struct rl_prober {
  const rl_machine *machine;
  const rl_probe_options *options;
  uint64_t begun;
  bool again; /* everything was measured once */

  rl_samples clock, peaks[RL_PROBE_PEAKS];
  rl_loops_tried reads[RL_PROBE_READS];
  size_t read_count;
  rl_samples arrays[RL_ARRAY_KINDS][2];
  rl_loops_tried caches[RL_MACHINE_CACHES];
  rl_chain chains[RL_MACHINE_CACHES + 1]; /* the last one: memory */
  uint8_t *chain_memory;
  uint64_t chain_bytes;
} rl_prober;

/* Whether there is time for one more measurement; tells what it is. */
bool rl_prober_next(rl_prober *p, const char *what);
/* One sample: threads call work, which does `amount` of something altogether. */
void rl_prober_sample(rl_prober *p, rl_samples *samples, uint32_t threads,
                      void (*work)(void *context, uint32_t number), void *context, double amount);

/* One round of each part, and what became of all rounds. */
void rl_prober_clock(rl_prober *p);
void rl_prober_peaks(rl_prober *p);
void rl_prober_settle_peaks(rl_prober *p, rl_probe *probe);
/* Memory for the others; false when there is none. Closed in any case. */
bool rl_prober_open_memory(rl_prober *p);
void rl_prober_close_memory(rl_prober *p);
void rl_prober_memory(rl_prober *p);
void rl_prober_settle_memory(rl_prober *p, rl_probe *probe);

#endif
