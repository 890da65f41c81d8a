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
} rl_reader;

/* Calls work(context, number) on so many threads, each kept on its own processor, and answers how
 * many nanoseconds passed until the last was done; at least one. One thread's time is its own,
 * without what the system gave to others meanwhile. */
uint64_t rl_machine_time(const rl_machine *machine, uint32_t threads,
                         void (*work)(void *context, uint32_t number), void *context);

/* Memory of about so many bytes, written once by the threads that will read it; false when the
 * system has none. The best of the loops is chosen by a scan of `seconds`. */
bool rl_reader_open(rl_reader *reader, const rl_machine *machine, uint64_t bytes, uint32_t threads,
                    double seconds);
/* Bytes a second of reading the memory once. */
double rl_reader_run(const rl_reader *reader);
void rl_reader_close(rl_reader *reader);

#endif
