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

/* Calls work(context, member) once for each of `count` members and returns when all are done. The
 * caller is the first of them; the others are threads that are started once, stay, and are member n
 * again and again as long as no more are asked for than RL_TEAM_MOST. Where there are fewer threads
 * than members, or another thread has the team already, one thread is several members in turn.
 *
 * Who waits looks for some microseconds, then sleeps: what follows soon costs little, and other
 * programs lose no more than that. Nothing is allocated once the threads are there. */
enum { RL_TEAM_MOST = 256 };
void rl_team_run(uint32_t count, void (*work)(void *context, rl_team_member member), void *context);
/* Ends the threads; the next rl_team_run starts them anew. No other call may run meanwhile. */
void rl_team_end(void);

#endif
