/* Memory and caches: reads by loops of several streams that ask for lines early, arrays as STREAM
 * walks them (McCalpin 1995), and loads that wait for one another. */
#include "base/checked.h"
#include "kernels-ref/harness/probe_parts.h"

enum { MEBI = 1 << 20, LINE = 64, PAGE = 4096, STEPS = 50000 };
/* Of memory so much is read that caches do not matter, and a quarter of it at most. */
enum { LEAST = 128 * MEBI, TIMES_CACHE = 4, PART = 4 };

/* Bytes of a level, all that the threads have together. */
static uint64_t cache_bytes(const rl_machine *machine, const rl_machine_cache *cache) {
  return cache->bytes * rl_ceil_div(machine->threads, cache->shared);
}

static uint64_t region_bytes(const rl_machine *machine) {
  uint64_t bytes = LEAST;
  for (size_t c = 0; c < machine->cache_count; c++) {
    bytes = rl_max_u64(bytes, TIMES_CACHE * cache_bytes(machine, &machine->caches[c]));
  }
  const uint64_t most = machine->memory / PART;
  return most > 0 ? rl_min_u64(bytes, most) : bytes;
}

/* --- opening --- */

/* One thread reads memory of its own; all others share that of all threads. */
static bool open_reads(rl_prober *p) {
  const rl_machine *machine = p->machine;
  const uint64_t bytes = region_bytes(machine);
  rl_loops_tried *all = &p->reads[RL_PROBE_READS - 1];
  all->owned = rl_reader_map(&all->reader, machine, bytes, machine->threads);
  if (!all->owned) return false;
  if (machine->threads > 1) {
    p->reads[0].owned = rl_reader_map(&p->reads[0].reader, machine, bytes, 1);
    if (!p->reads[0].owned) return false;
    p->read_count = 1;
  }
  for (uint32_t t = 2; p->options->every && t < machine->threads; t *= 2) {
    if (p->read_count == RL_PROBE_READS - 1) break;
    rl_loops_tried *some = &p->reads[p->read_count++];
    some->reader = all->reader;
    some->reader.threads = t;
  }
  return true;
}

/* Half of a level, so that it fits beside what else is there. */
static bool open_caches(rl_prober *p) {
  for (size_t c = 0; c < p->machine->cache_count; c++) {
    const uint64_t bytes = cache_bytes(p->machine, &p->machine->caches[c]) / 2;
    rl_loops_tried *tried = &p->caches[c];
    tried->owned = rl_reader_map(&tried->reader, p->machine, bytes, p->machine->threads);
    if (!tried->owned) return false;
  }
  return true;
}

/* A generator of full period (Knuth, vol. 2, 3.2.1.2) makes one cycle through all lines. */
static void link_lines(rl_chain *chain, uint8_t *memory, uint64_t bytes) {
  chain->memory = memory;
  chain->lines = 1;
  while (2 * chain->lines * LINE <= bytes) chain->lines *= 2;
  for (uint64_t i = 0; i < chain->lines; i++) {
    *(uint64_t *)(void *)(memory + i * LINE) = (i * 1664525 + 1013904223) % chain->lines;
  }
}

static bool open_chains(rl_prober *p) {
  const rl_machine *machine = p->machine;
  uint64_t sizes[RL_MACHINE_CACHES + 1], at = 0;
  for (size_t c = 0; c < machine->cache_count; c++) sizes[c] = machine->caches[c].bytes / 2;
  sizes[machine->cache_count] = region_bytes(machine) / 2;
  for (size_t c = 0; c <= machine->cache_count; c++) {
    sizes[c] = rl_ceil_div(sizes[c], PAGE) * PAGE;
    p->chain_bytes += sizes[c];
  }
  p->chain_memory = rl_machine_alloc(p->chain_bytes);
  if (p->chain_memory == NULL) return false;
  for (size_t c = 0; c <= machine->cache_count; c++) {
    link_lines(&p->chains[c], p->chain_memory + at, sizes[c]);
    at += sizes[c];
  }
  return true;
}

bool rl_prober_open_memory(rl_prober *p) {
  return open_reads(p) && open_caches(p) && open_chains(p);
}

static void close_tried(rl_loops_tried *tried) {
  if (tried->owned) rl_reader_close(&tried->reader);
}

void rl_prober_close_memory(rl_prober *p) {
  for (size_t r = 0; r < RL_PROBE_READS; r++) close_tried(&p->reads[r]);
  for (size_t c = 0; c < RL_MACHINE_CACHES; c++) close_tried(&p->caches[c]);
  rl_machine_free(p->chain_memory, p->chain_bytes);
}

/* --- a round --- */

/* Caches need nothing early: one distance. */
static void try_loops(rl_prober *p, rl_loops_tried *tried, int distances, const char *what) {
  for (int l = 0; l < RL_READ_LOOPS; l++) {
    for (int d = 0; d < distances; d++) {
      if (!rl_prober_next(p, what)) return;
      tried->reader.loop = &rl_loops_best()->read[l];
      tried->reader.ahead = RL_READ_AHEAD[d];
      const rl_timing timing = rl_reader_time(&tried->reader);
      rl_samples_add(&tried->samples[l][d], rl_reader_rate(&tried->reader, &timing),
                     timing.undisturbed);
    }
  }
}

/* Arrays of a third of the memory each, one share of each array a thread. */
typedef struct walk {
  const rl_reader *reader;
  void (*run)(const rl_arrays *arrays);
  uint64_t third, share;
} walk;

static void run_arrays(void *context, uint32_t number) {
  const walk *w = context;
  uint8_t *a = w->reader->memory + number * w->share;
  w->run(&(rl_arrays){(float *)(void *)a, (const float *)(const void *)(a + w->third),
                      (const float *)(const void *)(a + 2 * w->third), w->share});
}

static void walk_arrays(rl_prober *p) {
  static const int moved[RL_ARRAY_KINDS] = {1, 2, 3};
  const rl_reader *reader = &p->reads[RL_PROBE_READS - 1].reader;
  walk w = {.reader = reader, .third = reader->bytes / 3 / PAGE * PAGE};
  w.share = w.third / reader->threads / PAGE * PAGE;
  for (int kind = 0; kind < RL_ARRAY_KINDS; kind++) {
    for (int around = 0; around < 2; around++) {
      if (!rl_prober_next(p, "writes to memory")) return;
      w.run = rl_loops_best()->array[kind][around];
      rl_prober_sample(p, &p->arrays[kind][around], reader->threads, run_arrays, &w,
                       (double)w.share * reader->threads * moved[kind]);
    }
  }
}

static void walk_chain(rl_chain *chain, uint64_t steps) {
  uint64_t at = chain->at;
  for (uint64_t s = 0; s < steps; s++) at = *(uint64_t *)(void *)(chain->memory + at * LINE);
  chain->at = at;
}

static void run_chain(void *context, uint32_t number) {
  (void)number;
  walk_chain(context, STEPS);
}

/* A cache holds its lines once all were met. */
static void walk_chains(rl_prober *p) {
  for (size_t c = 0; c <= p->machine->cache_count; c++) {
    rl_chain *chain = &p->chains[c];
    if (!rl_prober_next(p, "latencies")) return;
    if (c < p->machine->cache_count) walk_chain(chain, chain->lines);
    rl_prober_sample(p, &chain->samples, 1, run_chain, chain, STEPS);
  }
}

void rl_prober_memory(rl_prober *p) {
  static const char reads[] = "reads of memory";
  for (size_t r = 0; r < p->read_count; r++) {
    try_loops(p, &p->reads[r], RL_READ_DISTANCES, reads);
  }
  try_loops(p, &p->reads[RL_PROBE_READS - 1], RL_READ_DISTANCES, reads);
  walk_arrays(p);
  for (size_t c = 0; c < p->machine->cache_count; c++) try_loops(p, &p->caches[c], 1, "caches");
  walk_chains(p);
}

/* --- what became of it --- */

/* The loop that was fastest, and how it fared. */
static rl_probe_read best_loop(const rl_loops_tried *tried) {
  rl_probe_read best = {.threads = tried->reader.threads};
  for (int l = 0; l < RL_READ_LOOPS; l++) {
    for (int d = 0; d < RL_READ_DISTANCES; d++) {
      const rl_rates rate = rl_samples_rates(&tried->samples[l][d]);
      if (rate.best <= best.rate.best || (best.rate.steady && !rate.steady)) continue;
      best.rate = rate;
      best.streams = rl_loops_best()->read[l].streams;
      best.ahead = RL_READ_AHEAD[d];
    }
  }
  return best;
}

/* From the innermost level outwards, as a hardware file lists them. */
static void sort_caches(rl_probe *probe) {
  for (size_t i = 1; i < probe->cache_count; i++) {
    for (size_t j = i; j > 0 && probe->caches[j].level < probe->caches[j - 1].level; j--) {
      const rl_probe_cache swapped = probe->caches[j];
      probe->caches[j] = probe->caches[j - 1];
      probe->caches[j - 1] = swapped;
    }
  }
}

void rl_prober_settle_memory(rl_prober *p, rl_probe *probe) {
  const rl_machine *machine = p->machine;
  for (size_t r = 0; r < p->read_count; r++) {
    probe->reads[probe->read_count++] = best_loop(&p->reads[r]);
  }
  probe->reads[probe->read_count++] = best_loop(&p->reads[RL_PROBE_READS - 1]);
  for (int kind = 0; kind < RL_ARRAY_KINDS; kind++) {
    for (int around = 0; around < 2; around++) {
      probe->arrays[kind][around] = rl_samples_rates(&p->arrays[kind][around]);
    }
  }
  for (size_t c = 0; c < machine->cache_count; c++) {
    probe->caches[probe->cache_count++] =
        (rl_probe_cache){.level = machine->caches[c].level,
                         .bytes = cache_bytes(machine, &machine->caches[c]),
                         .rate = best_loop(&p->caches[c]).rate,
                         .latency = rl_samples_rates(&p->chains[c].samples)};
  }
  probe->latency = rl_samples_rates(&p->chains[machine->cache_count].samples);
  sort_caches(probe);
}
