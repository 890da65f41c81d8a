/* The read probe: how fast this machine reads memory with the best loop that is known. It stands
 * beside every measurement of a kernel, because what memory gives changes from second to second. */
#ifndef RL_HARNESS_READER_H
#define RL_HARNESS_READER_H

#include "kernels-ref/cpu/fast/loops.h"
#include "kernels-ref/harness/machine.h"

typedef struct rl_reader {
  const rl_machine *machine; /* borrowed */
  uint8_t *memory;
  uint64_t bytes;
  uint32_t threads;
  const rl_read_loop *loop;
  uint64_t ahead;
  uint32_t times; /* that a run reads all of it: small memory is read often */
} rl_reader;

/* How long so many threads worked. One thread's time is its own, whatever ran beside it. */
typedef struct rl_timing {
  uint64_t wall;    /* ns from the first that began until the last was done; at least 1 */
  uint64_t own;     /* ns that the slowest of them ran itself; at least 1 */
  bool undisturbed; /* nobody else ran on their processors meanwhile, but for 5 % */
} rl_timing;
/* Keeps the first `threads` members of the team each on its own processor until it is called with
 * held false: then they may run on all of the machine's again. */
void rl_machine_hold(const rl_machine *machine, uint32_t threads, bool held);
/* Calls work(context, number) on so many threads, RL_MACHINE_THREADS at most, each kept on its own
 * processor meanwhile. */
rl_timing rl_machine_work(const rl_machine *machine, uint32_t threads,
                          void (*work)(void *context, uint32_t number), void *context);
/* What counts of a timing: threads that were disturbed would have needed what they ran
 * themselves, which is the best guess. */
uint64_t rl_timing_counts(const rl_timing *timing);

/* Memory of about so many bytes, written once by the threads that will read it; false when the
 * system has none. The best of the loops is chosen by a scan of `seconds`. */
/* Without a choice: the first loop, which asks for nothing early. */
bool rl_reader_map(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads);
bool rl_reader_open(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads,
                    double seconds);
/* Reads all of it `times` times. */
rl_timing rl_reader_time(const rl_reader *reader);
/* Bytes a second of that. */
double rl_reader_rate(const rl_reader *reader, const rl_timing *timing);
double rl_reader_run(const rl_reader *reader);
/* The same, negative when other programs ran meanwhile on the processors of its threads. */
double rl_reader_probe(const rl_reader *reader);

/* Distances, in bytes, that loops are tried with. */
enum { RL_READ_DISTANCES = 4 };
extern const uint64_t RL_READ_AHEAD[RL_READ_DISTANCES];
void rl_reader_close(rl_reader *reader);

#endif
