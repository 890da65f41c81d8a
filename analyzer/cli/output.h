/* The way results and messages leave the program: standard output with every write checked, files
 * whole or not at all, quiet ends when the reader goes away or the user interrupts. */
#ifndef RL_CLI_OUTPUT_H
#define RL_CLI_OUTPUT_H

#include <stdint.h>

#include "base/diag.h"

enum { RL_EXIT_INTERRUPT = 130, RL_EXIT_PIPE = 141, RL_SCRATCH_FILES = 2 };

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
/* What rl_output_file would say of the place now, before there is anything to write: commands that
 * compute long ask first. Leaves nothing behind. */
rl_status rl_output_check(const char *path, rl_arena *arena, rl_diags *diags);
/* Output that is written piece by piece. */
typedef struct rl_stream {
  int descriptor;
  const char *path; /* NULL: standard output */
  const char *what; /* for messages */
  bool temporary;   /* becomes the file at the end, or nothing */
  bool replaces;    /* a file that is there, with that mode */
  unsigned mode;
} rl_stream;
/* path NULL or "-": standard output. A file is written whole or not at all: what is there stays
 * until rl_stream_close. */
rl_status rl_stream_open(rl_stream *stream, const char *path, rl_arena *arena, rl_diags *diags);
/* A file that is completed where it stands, or begun: pieces are in it as soon as they are written.
 */
rl_status rl_stream_continue(rl_stream *stream, const char *path, rl_arena *arena, rl_diags *diags);
/* Of standard output a reader that went away ends the process with 141. */
rl_status rl_stream_write(rl_stream *stream, const rl_buf *text, rl_diags *diags);
/* Cuts a continued file to so many bytes and goes on behind them. */
rl_status rl_stream_cut(rl_stream *stream, uint64_t length, rl_diags *diags);
/* keep: a temporary file becomes the one that was asked for; else it is removed. */
rl_status rl_stream_close(rl_stream *stream, bool keep, rl_diags *diags);
/* An interrupt removes these files of the folder, as many as RL_SCRATCH_FILES, and then it; NULL:
 * it is gone. False when memory ran out or a path is too long. */
bool rl_output_scratch(const char *folder, const char *const *names, rl_arena *arena);
/* From now on the first interrupt is only noted, so that pieces leave whole; the second one, and
 * one while another program draws, ends the process. */
void rl_interrupts_hold(void);
bool rl_interrupted(void);
/* Ends the process as an interrupt does. */
_Noreturn void rl_interrupt_end(void);
/* Writes to standard error what is seen there and nowhere else. */
void rl_output_progress(const rl_buf *text);

/* Adds the text behind what the file holds, which is made when it is not there; refuses anything
 * but a regular file. */
rl_status rl_output_append(const char *path, const rl_buf *text, rl_arena *arena, rl_diags *diags);
/* Prints diagnostics [from, count) to standard error; failures there are nobody's to hear. */
void rl_output_diags(const rl_diags *diags, size_t from, rl_arena *arena);

#endif
