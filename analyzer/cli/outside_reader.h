/* Another program's word on what memory gives here, beside the probe's. */
#ifndef RL_CLI_OUTSIDE_READER_H
#define RL_CLI_OUTSIDE_READER_H

#include "cli/session.h"
#include "kernels-ref/harness/probe.h"

/* Runs likwid-bench, or STREAM where that is absent, once with the probe's threads, and reports
 * how far apart they are: RL_D_PROBE_BESIDE, RL_D_PROBE_BELOW. Neither is needed: where none is
 * installed nothing is said. */
void rl_outside_compare(rl_session *session, const rl_probe *probe);

#endif
