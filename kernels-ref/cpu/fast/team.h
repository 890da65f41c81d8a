/* Threads of a kernel. One function is called once on each of them; it divides the work by its
 * number, so that what a thread does depends on nothing but the numbers. */
#ifndef RL_CPU_TEAM_H
#define RL_CPU_TEAM_H

#include <stdint.h>

typedef struct rl_team_member {
  uint32_t number, count; /* 0 .. count - 1 */
} rl_team_member;

/* Part of `total` items that a member takes: the first and the one behind the last. Whole multiples
 * of `unit` but for the last. */
typedef struct rl_team_share {
  uint64_t first, end;
} rl_team_share;
rl_team_share rl_team_divide(rl_team_member member, uint64_t total, uint64_t unit);

/* Calls work(context, member) once for each of `count` members and returns when all are done.
 * Without OpenMP, or with count <= 1, one after the other on the calling thread. */
void rl_team_run(uint32_t count, void (*work)(void *context, rl_team_member member), void *context);
/* Threads that the machine gives this process. */
uint32_t rl_team_most(void);

#endif
