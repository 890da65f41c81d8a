/* Which row of diag_table.def a printed line comes from. */
#ifndef RL_TESTS_FAIL_ROWS_H
#define RL_TESTS_FAIL_ROWS_H

#include "base/diag.h"

/* The row whose severity, message and hint are the whole line after its place, every {n} at least
 * one byte; of several the one with most words of its own. RL_D_COUNT when there is none. The line
 * ends at a newline or NUL. */
rl_diag_code fail_row_of(const char *line);

#endif
