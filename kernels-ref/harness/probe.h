/* What this machine gives, measured: clock, peaks, memory, caches. Everything is measured in turn,
 * round after round until the time is up, so that a slow second meets all of it; figures are the
 * best that was seen, because what disturbs only slows. */
#ifndef RL_HARNESS_PROBE_H
#define RL_HARNESS_PROBE_H

#include "base/arena.h"
#include "kernels-ref/harness/reader.h"
#include "kernels-ref/harness/samples.h"

/* Operations a second of all threads with the instruction of one level. */
typedef struct rl_probe_peak {
  rl_isa isa;
  rl_type type;
  rl_rates rate;
  bool best; /* of its type */
} rl_probe_peak;

/* Bytes a second that so many threads read from memory with the loop that is best for them. */
typedef struct rl_probe_read {
  uint32_t threads, streams;
  uint64_t ahead; /* bytes that it asks for early */
  rl_rates rate;
} rl_probe_read;

/* A level of caches: all of one level together. */
typedef struct rl_probe_cache {
  uint32_t level;
  uint64_t bytes;   /* of all that the threads have */
  rl_rates rate;    /* bytes a second, all threads */
  rl_rates latency; /* loads a second that each wait for the one before, lines in no order */
} rl_probe_cache;

enum { RL_PROBE_PEAKS = 12, RL_PROBE_READS = 12 };
typedef struct rl_probe {
  rl_machine machine;
  rl_rates clock; /* Hz; best 0: unknown */
  rl_probe_peak peaks[RL_PROBE_PEAKS];
  size_t peak_count;
  rl_probe_read reads[RL_PROBE_READS]; /* one thread first, all threads last */
  size_t read_count;
  /* Bytes moved a second, all threads, through and around the caches, as STREAM counts them. */
  rl_rates arrays[RL_ARRAY_KINDS][2];
  rl_probe_cache caches[RL_MACHINE_CACHES]; /* from the innermost */
  size_t cache_count;
  rl_rates latency; /* of memory, as of a cache */
} rl_probe;

typedef struct rl_probe_options {
  double seconds; /* after which no measurement begins, once all were made once */
  bool every;     /* thread counts between one and all, too: powers of two */
  /* Told what is measured next, and how much of the time is over, 0 to 1. May be NULL. */
  void (*told)(void *context, const char *what, double share);
  void *context;
} rl_probe_options;

/* False when there is not enough memory. */
bool rl_probe_run(rl_arena *arena, const rl_machine *machine, const rl_probe_options *options,
                  rl_probe *probe);

#endif
