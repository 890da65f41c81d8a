/* Files of rows, line by line. */
#ifndef RL_CLI_SWEEP_LINES_H
#define RL_CLI_SWEEP_LINES_H

#include "cli/sweep_run.h"

enum { RL_LINE_MAX = 1 << 16 };

typedef struct rl_line_keys {
  const char *items[RL_GRID_COLUMNS];
  size_t count; /* at least 1 */
} rl_line_keys;

/* A file read from its beginning, in pieces. */
typedef struct rl_lines {
  const char *path;
  int descriptor;
  char *bytes; /* [RL_LINE_MAX]: what was read and not yet given away */
  size_t begin, end;
  bool ended;
  uint64_t number; /* of the line given last, from 1 */
  uint64_t left;   /* bytes that are still to be read of the file */
} rl_lines;
/* All bytes of the file are to be read, until `left` says fewer. */
rl_status rl_lines_open(rl_lines *lines, const char *path, rl_arena *arena, rl_diags *diags);
/* The next whole line with its newline removed, valid until the next one; NULL at the end. A last
 * line without newline, one too long or one with a NUL is reported. */
rl_status rl_lines_next(rl_lines *lines, char **line, rl_diags *diags);
void rl_lines_close(rl_lines *lines);
/* The line that was given last is no row of a sweep. */
rl_status rl_lines_refuse(const rl_lines *lines, const char *why, rl_diags *diags);
/* The keys of a line: the columns that the head of CSV names, or the names in a row of JSON lines.
 * keys: [RL_GRID_COLUMNS], which live in the arena. */
rl_status rl_lines_keys(const rl_lines *lines, const char *line, rl_output_format format,
                        rl_arena *arena, rl_line_keys *keys, rl_diags *diags);

/* A row that was read: its text, its number, and its cells as far as they are asked for. */
typedef struct rl_line_row {
  const char *text;
  uint64_t point;
} rl_line_row;
/* The point of a line; false: it is no row. */
bool rl_line_point(const char *line, rl_output_format format, uint64_t *point);
/* Fields of a line of CSV as texts in the arena, at most `most`: how many there are, 0 without
 * memory or where quotes are open. */
size_t rl_csv_fields(rl_arena *arena, const char *line, const char **fields, size_t most);
/* What a column of that key says. */
rl_sweep_column rl_lines_column(const char *key);
/* Cells in the order of the columns; false: the line has others, or memory ran out. */
bool rl_line_cells(rl_arena *arena, const char *line, rl_output_format format,
                   const rl_sweep_columns *columns, rl_cell *cells);

#endif
