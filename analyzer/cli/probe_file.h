/* What a probe saw as a hardware description. */
#ifndef RL_CLI_PROBE_FILE_H
#define RL_CLI_PROBE_FILE_H

#include "base/diag.h"
#include "kernels-ref/harness/probe.h"

/* Fails the buffer when memory runs out. Answers how many figures other programs disturbed: they
 * say so in their source. */
size_t rl_probe_write(rl_buf *out, const rl_probe *probe);

#endif
