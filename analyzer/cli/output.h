/* The way results and messages leave the program: standard output with every write checked, files
 * whole or not at all, quiet ends when the reader goes away or the user interrupts. */
#ifndef RL_CLI_OUTPUT_H
#define RL_CLI_OUTPUT_H

#include "base/diag.h"

enum { RL_EXIT_INTERRUPT = 130, RL_EXIT_PIPE = 141 };

/* Descriptors 0, 1, 2 exist from here on, signals are handled. Call first. */
void rl_output_init(void);
/* Writes the text to standard output. A reader that went away ends the process with 141. */
rl_status rl_output_stdout(const rl_buf *text, rl_diags *diags);
/* "-", the name of standard output among files. */
bool rl_output_is_stdout(const char *path);
/* True when both paths lead to the same entry of the same folder, or are standard output. */
bool rl_output_same(const char *a, const char *b, rl_arena *arena);
/* Writes the text to a temporary file beside `path` and renames it over; refuses to replace
 * anything but a regular file. An interrupt removes the temporary file. "-" is standard output. */
rl_status rl_output_file(const char *path, const rl_buf *text, rl_arena *arena, rl_diags *diags);
/* Prints diagnostics [from, count) to standard error; failures there are nobody's to hear. */
void rl_output_diags(const rl_diags *diags, size_t from, rl_arena *arena);

#endif
