/* The suite of kernels alone, over weights, caches and activations that no cache of the machine
 * holds, each sample between two read probes. */
#ifndef RL_HARNESS_BENCH_H
#define RL_HARNESS_BENCH_H

#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/harness/bench_case.h"
#include "kernels-ref/harness/beside.h"
#include "kernels-ref/harness/reader.h"

typedef struct rl_bench_setting {
  rl_isa level; /* that kernels are chosen up to */
  uint32_t threads;
  bool pinned; /* each thread stays on its processor */
} rl_bench_setting;

typedef struct rl_bench {
  rl_arena *arena;
  const rl_machine *machine; /* NULL: was never opened */
  rl_isa level;
  uint32_t threads;
  bool pinned;
  rl_reader reader;
  uint8_t *streams;            /* many copies of what is read or written, one after the other */
  double peaks[RL_TYPE_COUNT]; /* operations a second of the threads, up to the level; 0: none */
} rl_bench;

typedef struct rl_bench_result {
  const char *kernel;            /* row that ran */
  uint64_t tokens, flops, bytes; /* of one call */
  rl_beside_summary time;
  double share, best_share;      /* of the limit in the time: median of the samples that count */
  double shares[RL_BESIDE_MOST]; /* of all samples that count */
  size_t count;
} rl_bench_result;

/* False without memory; to be closed in any case. */
bool rl_bench_open(rl_arena *arena, const rl_machine *machine, const rl_bench_setting *setting,
                   rl_bench *bench);
void rl_bench_close(rl_bench *bench);

/* The nth case of bench_case.h. False without memory. */
bool rl_bench_run(rl_bench *bench, size_t nth, uint64_t warmup, uint64_t runs,
                  rl_bench_result *result);

/* What the limit is, s: bytes at the rate of the probes, or operations at the peak. peak 0: bytes
 * alone. */
double rl_bench_limit(const rl_bench_result *result, double rate, double peak);

/* The ratio of two medians, b's to a's, and between what 95 % of it lie when both are drawn again
 * with replacement (Efron 1979, "Bootstrap methods: another look at the jackknife"). Both have a
 * sample at least, RL_BESIDE_MOST at most. */
typedef struct rl_ratio {
  double value, low, high;
} rl_ratio;
rl_ratio rl_bootstrap_ratio(const double *a, size_t a_count, const double *b, size_t b_count);

#endif
