/* Another program's word on what memory gives here, beside the probe's. */
#ifndef RL_CLI_OUTSIDE_READER_H
#define RL_CLI_OUTSIDE_READER_H

#include "cli/session.h"
#include "kernels-ref/harness/probe.h"

/* What memory gives now; what it gave when the probe looked may be twice or half of that. */
typedef struct rl_memory_now {
  double (*read)(void *context); /* bytes a second of all threads; negative: it was disturbed */
  void *context;
} rl_memory_now;

/* Runs likwid-bench with the probe's threads between two reads, and reports how far apart they are:
 * RL_D_PROBE_BESIDE, RL_D_PROBE_BELOW, and RL_D_PROBE_CHANGED where the reads disagree. Where it is
 * absent, STREAM, whose bests are held against the probe's. Neither is needed: where none is
 * installed nothing is said. */
void rl_outside_compare(rl_session *session, const rl_probe *probe, const rl_memory_now *now);

#endif
