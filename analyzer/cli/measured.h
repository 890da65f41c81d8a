/* Kernels that somebody measured, out of a CSV file. */
#ifndef RL_CLI_MEASURED_H
#define RL_CLI_MEASURED_H

#include "base/diag.h"
#include "reports/chart_kinds.h"

/* Reads a table with the columns name, flops, bytes and seconds (also flop and time_s, as charts
 * write them), or what ncu exports with --csv: a row a kernel (--page raw) or a row a metric. Rows
 * without a number above 0 of each are left out and told. */
rl_status rl_measured_read(rl_arena *arena, const char *path, const rl_measured **out,
                           size_t *count, rl_diags *diags);

#endif
