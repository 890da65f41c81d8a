/* What the system tells of this machine, and what measuring on it needs: a clock, threads that stay
 * on one processor, memory on huge pages. */
#ifndef RL_HARNESS_MACHINE_H
#define RL_HARNESS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { RL_MACHINE_TEXT = 128, RL_MACHINE_CACHES = 4, RL_MACHINE_THREADS = 1024 };

/* A cache for data, as seen from the first processor. */
typedef struct rl_machine_cache {
  uint32_t level;  /* 1, 2, 3 */
  uint64_t bytes;  /* of one */
  uint32_t shared; /* processors that share it */
} rl_machine_cache;

typedef struct rl_machine {
  char name[RL_MACHINE_TEXT]; /* as the processor calls itself; empty: unknown */
  uint32_t threads;           /* processors that this process may run on, and their numbers */
  uint16_t processors[RL_MACHINE_THREADS];
  uint64_t memory; /* bytes; 0: unknown */
  uint64_t page;   /* bytes of a small page */
  rl_machine_cache caches[RL_MACHINE_CACHES];
  size_t cache_count;
} rl_machine;

/* Reads what can be read; what cannot stays zero. root: "" for this machine, else a folder that
 * holds `proc` and `sys` of another. */
void rl_machine_read(const char *root, rl_machine *machine);

/* Nanoseconds that only grow. */
uint64_t rl_machine_now(void);
/* Nanoseconds that the calling thread ran: what others ran meanwhile does not count. */
uint64_t rl_machine_own(void);
/* Keeps the calling thread on the nth of the machine's processors. False where that is not
 * possible: nothing has changed then. */
bool rl_machine_pin(const rl_machine *machine, uint32_t nth);
/* Lets it run on all of them again. */
void rl_machine_unpin(const rl_machine *machine);
/* Where the calling thread may run, to be given back. */
typedef struct rl_machine_place {
  uint64_t words[RL_MACHINE_THREADS / 64];
} rl_machine_place;
void rl_machine_keep(rl_machine_place *place);
void rl_machine_go_back(const rl_machine_place *place);

/* Zeroed memory that begins on a huge page where the system has some to give; NULL when there is
 * none. Freed with the same size. */
void *rl_machine_alloc(size_t bytes);
void rl_machine_free(void *memory, size_t bytes);
/* The same for arenas. */
extern const rl_allocator RL_MACHINE_PAGES;
/* Bytes of this process that lie on huge pages; 0: none, or unknown. root: as of rl_machine_read. */
uint64_t rl_machine_huge(const char *root);

#endif
