/* Threads on processors of their own, and reads of memory by them. */
#include "kernels-ref/harness/reader.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/team.h"

/* A run reads at least so much, that starting the threads does not count. */
enum { UNIT = 4096, NANOSECONDS = 1000000000, ENOUGH = 128 << 20 };

typedef struct timed {
  const rl_machine *machine;
  void (*work)(void *context, uint32_t number);
  void *context;
  bool held; /* of rl_machine_hold */
  struct {
    uint64_t begun, ended, own;
  } members[RL_MACHINE_THREADS];
} timed;

static void run(void *context, rl_team_member member) {
  timed *t = context;
  rl_machine_place before;
  rl_machine_keep(&before);
  rl_machine_pin(t->machine, member.number);
  uint64_t own = rl_machine_own(), begun = rl_machine_now();
  t->work(t->context, member.number);
  t->members[member.number].ended = rl_machine_now();
  t->members[member.number].own = rl_machine_own() - own;
  t->members[member.number].begun = begun;
  rl_machine_go_back(&before);
}

static rl_timing timing_of(const timed *t, uint32_t threads) {
  static const double others = 0.05;
  uint64_t begun = UINT64_MAX, ended = 0;
  rl_timing timing = {.own = 1};
  for (uint32_t n = 0; n < threads; n++) {
    begun = rl_min_u64(begun, t->members[n].begun);
    ended = rl_max_u64(ended, t->members[n].ended);
    timing.own = rl_max_u64(timing.own, t->members[n].own);
  }
  timing.wall = rl_max_u64(ended - begun, 1);
  timing.undisturbed = (double)timing.own >= (1 - others) * (double)timing.wall;
  if (threads == 1) timing = (rl_timing){timing.own, timing.own, true};
  return timing;
}

rl_timing rl_machine_work(const rl_machine *machine, uint32_t threads,
                          void (*work)(void *context, uint32_t number), void *context) {
  timed t = {.machine = machine, .work = work, .context = context};
  threads = (uint32_t)rl_min_u64(rl_max_u64(threads, 1), RL_MACHINE_THREADS);
  rl_team_run(threads, run, &t);
  return timing_of(&t, threads);
}

static void hold(void *context, rl_team_member member) {
  const timed *t = context;
  if (t->held) {
    rl_machine_pin(t->machine, member.number);
  } else {
    rl_machine_unpin(t->machine);
  }
}

void rl_machine_hold(const rl_machine *machine, uint32_t threads, bool held) {
  timed t = {.machine = machine, .held = held};
  rl_team_run((uint32_t)rl_min_u64(rl_max_u64(threads, 1), RL_MACHINE_THREADS), hold, &t);
}

uint64_t rl_timing_counts(const rl_timing *timing) {
  return timing->undisturbed ? timing->wall : timing->own;
}

static _Thread_local volatile uint64_t sink; /* what was read is used; a thread has its own */

static void share_of(const rl_reader *r, uint32_t number, uint64_t *first, uint64_t *bytes) {
  rl_team_share share = rl_team_divide((rl_team_member){number, r->threads}, r->bytes, UNIT);
  *first = share.first;
  *bytes = share.end - share.first;
}

static void read_share(void *context, uint32_t number) {
  const rl_reader *r = context;
  uint64_t first, bytes;
  share_of(r, number, &first, &bytes);
  for (uint32_t n = 0; n < r->times; n++) {
    sink = r->loop->run(r->memory + first, bytes, r->ahead);
  }
}

static void touch_share(void *context, uint32_t number) {
  const rl_reader *r = context;
  uint64_t first, bytes;
  share_of(r, number, &first, &bytes);
  memset(r->memory + first, 1, bytes);
}

rl_timing rl_reader_time(const rl_reader *reader) {
  rl_reader copy = *reader;
  return rl_machine_work(reader->machine, reader->threads, read_share, &copy);
}

double rl_reader_rate(const rl_reader *reader, const rl_timing *timing) {
  const uint64_t time = rl_timing_counts(timing);
  return (double)reader->bytes * reader->times * NANOSECONDS / (double)time;
}

double rl_reader_run(const rl_reader *reader) {
  const rl_timing timing = rl_reader_time(reader);
  return rl_reader_rate(reader, &timing);
}

double rl_reader_probe(const rl_reader *reader) {
  const rl_timing timing = rl_reader_time(reader);
  const double rate = rl_reader_rate(reader, &timing);
  return timing.undisturbed ? rate : -rate;
}

const uint64_t RL_READ_AHEAD[RL_READ_DISTANCES] = {0, 1024, 4096, 8192};

/* Every loop and distance in turn, again and again, so that a slow second meets all of them. */
static void choose(rl_reader *reader, double seconds) {
  const rl_loops *loops = rl_loops_best();
  const uint64_t end = rl_machine_now() + (uint64_t)(seconds * NANOSECONDS);
  rl_reader best = *reader;
  double most = 0;
  do {
    for (int l = 0; l < RL_READ_LOOPS; l++) {
      for (int d = 0; d < RL_READ_DISTANCES; d++) {
        reader->loop = &loops->read[l];
        reader->ahead = RL_READ_AHEAD[d];
        double rate = rl_reader_run(reader);
        if (rate <= most) continue;
        most = rate;
        best = *reader;
      }
    }
  } while (rl_machine_now() < end);
  *reader = best;
}

bool rl_reader_map(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads) {
  *reader = (rl_reader){.machine = machine,
                        .bytes = rl_ceil_div(bytes, UNIT) * UNIT,
                        .threads = threads == 0 ? 1 : threads,
                        .loop = &rl_loops_best()->read[0]};
  reader->times = bytes < ENOUGH ? (uint32_t)(ENOUGH / rl_max_u64(bytes, UNIT)) : 1;
  reader->memory = rl_machine_alloc(reader->bytes);
  if (reader->memory == NULL) return false;
  rl_machine_work(machine, reader->threads, touch_share, reader);
  return true;
}

bool rl_reader_open(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads,
                    double seconds) {
  if (!rl_reader_map(reader, machine, bytes, threads)) return false;
  choose(reader, seconds);
  return true;
}

void rl_reader_close(rl_reader *reader) {
  rl_machine_free(reader->memory, reader->bytes);
  reader->memory = NULL;
}
