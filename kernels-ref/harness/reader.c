/* Threads on processors of their own, and reads of memory by them. */
#include "kernels-ref/harness/reader.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/team.h"

enum { UNIT = 4096, NANOSECONDS = 1000000000 };

typedef struct timed {
  const rl_machine *machine;
  uint32_t threads;
  void (*work)(void *context, uint32_t number);
  void *context;
} timed;

static void pin(void *context, rl_team_member member) {
  const timed *t = context;
  rl_machine_pin(t->machine, member.number);
}

static void run(void *context, rl_team_member member) {
  const timed *t = context;
  t->work(t->context, member.number);
}

uint64_t rl_machine_time(const rl_machine *machine, uint32_t threads,
                         void (*work)(void *context, uint32_t number), void *context) {
  timed t = {machine, threads, work, context};
  rl_team_run(threads, pin, &t);
  uint64_t (*now)(void) = threads <= 1 ? rl_machine_own : rl_machine_now;
  uint64_t start = now();
  rl_team_run(threads, run, &t);
  uint64_t time = now() - start;
  rl_machine_unpin(machine);
  return time > 0 ? time : 1;
}

static volatile uint64_t sink; /* what was read is used */

static void share_of(const rl_reader *r, uint32_t number, uint64_t *first, uint64_t *bytes) {
  rl_team_share share = rl_team_divide((rl_team_member){number, r->threads}, r->bytes, UNIT);
  *first = share.first;
  *bytes = share.end - share.first;
}

static void read_share(void *context, uint32_t number) {
  const rl_reader *r = context;
  uint64_t first, bytes;
  share_of(r, number, &first, &bytes);
  sink = r->loop->run(r->memory + first, bytes, r->ahead);
}

static void touch_share(void *context, uint32_t number) {
  const rl_reader *r = context;
  uint64_t first, bytes;
  share_of(r, number, &first, &bytes);
  memset(r->memory + first, 1, bytes);
}

double rl_reader_run(const rl_reader *reader) {
  rl_reader copy = *reader;
  uint64_t time = rl_machine_time(reader->machine, reader->threads, read_share, &copy);
  return (double)reader->bytes * NANOSECONDS / (double)time;
}

/* Every loop and distance in turn, again and again, so that a slow second meets all of them. */
static void choose(rl_reader *reader, double seconds) {
  static const uint64_t distances[] = {0, 1024, 4096, 8192};
  enum { DISTANCES = sizeof distances / sizeof *distances };
  const rl_loops *loops = rl_loops_best();
  const uint64_t end = rl_machine_now() + (uint64_t)(seconds * NANOSECONDS);
  rl_reader best = *reader;
  double most = 0;
  do {
    for (int l = 0; l < RL_READ_LOOPS; l++) {
      for (int d = 0; d < DISTANCES; d++) {
        reader->loop = &loops->read[l];
        reader->ahead = distances[d];
        double rate = rl_reader_run(reader);
        if (rate <= most) continue;
        most = rate;
        best = *reader;
      }
    }
  } while (rl_machine_now() < end);
  *reader = best;
}

bool rl_reader_open(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads,
                    double seconds) {
  *reader = (rl_reader){.machine = machine,
                        .bytes = rl_ceil_div(bytes, UNIT) * UNIT,
                        .threads = threads == 0 ? 1 : threads};
  reader->memory = rl_machine_alloc(reader->bytes);
  if (reader->memory == NULL) return false;
  rl_machine_time(machine, reader->threads, touch_share, reader);
  choose(reader, seconds);
  return true;
}

void rl_reader_close(rl_reader *reader) {
  rl_machine_free(reader->memory, reader->bytes);
  reader->memory = NULL;
}
