/* Inside cli/: what a sweep was asked for, and the ways its rows go. */
#ifndef RL_CLI_SWEEP_RUN_H
#define RL_CLI_SWEEP_RUN_H

#include "api/sweep.h"
#include "api/sweep_select.h"
#include "cli/output.h"
#include "cli/session.h"

/* More rows than people read, and than a ranking is of. */
enum { RL_SWEEP_TABLE_MAX = 2000, RL_SWEEP_TOP_MAX = 10000, RL_SWEEP_SHARDS_MAX = 1 << 20 };

/* What is asked of the rows, whether they are evaluated or read back. */
typedef struct rl_sweep_wish {
  const rl_text_at *where;
  size_t where_count;
  rl_objectives objectives; /* of --pareto; none: no marks */
  uint64_t top;             /* 0: all, in the order of the grid */
  rl_sweep_figure by;
  rl_output_format format;
  rl_sweep_shard shard;
  uint64_t threads;   /* 0: as many as there are */
  const char *resume; /* path or NULL */
} rl_sweep_wish;
rl_status rl_sweep_wish_read(rl_session *session, rl_sweep_wish *out);

/* Columns as they are written, and the conditions read against them. */
typedef struct rl_sweep_view {
  rl_sweep_columns columns;
  rl_sweep_condition *conditions;
  size_t condition_count;
  rl_front front;
} rl_sweep_view;
/* conditions of `wish` against view->columns. */
rl_status rl_sweep_view_conditions(rl_session *session, const rl_sweep_wish *wish,
                                   rl_sweep_view *view);

typedef struct rl_sweep_progress {
  bool shown; /* on a terminal that shows nothing else */
  double begun, told;
  uint64_t done, all;
  rl_session *session;
} rl_sweep_progress;
void rl_sweep_progress_begin(rl_sweep_progress *progress, rl_session *session, bool to_file,
                             uint64_t all);
/* `done` of all so far. */
void rl_sweep_progress_tell(rl_sweep_progress *progress, uint64_t done);
void rl_sweep_progress_end(rl_sweep_progress *progress);

typedef struct rl_sweep_run {
  rl_session *session;
  rl_sweep_wish wish;
  rl_sweep *sweep;
  struct rl_table_filler *filler; /* rows of a chart; NULL: none is drawn */
  const char *mark;               /* of a shard's file; NULL: it is the whole sweep */
  uint64_t seal;                  /* of the last line of a shard's file */
  rl_sweep_view view;
  rl_sweep_workers workers;
  rl_sweep_progress progress;
} rl_sweep_run;

/* All conditions hold. */
bool rl_sweep_row_wanted(const rl_sweep_view *view, const rl_sweep_row *row);
/* The row's objectives; false: it does not compete. */
bool rl_sweep_row_values(const rl_sweep_view *view, const rl_sweep_row *row, rl_point_values *out);
/* First pass over the grid: the front. */
rl_status rl_sweep_find_front(rl_sweep_run *run);
/* Rows as CSV or JSON lines while they come. */
rl_status rl_sweep_stream(rl_sweep_run *run);
/* The best rows or a small table, in any format. */
rl_status rl_sweep_keep(rl_sweep_run *run, rl_buf *out);
/* Why a ranking has nothing in it: of all points that it looked at so many fit. */
void rl_sweep_say_unranked(rl_session *session, rl_sweep_figure by, uint64_t all, uint64_t fitting);
/* Lines that an interrupted run has left in the file: the stream is behind the last whole one, and
 * *next is the point that comes next. */
rl_status rl_sweep_resume(rl_sweep_run *run, rl_stream *stream, uint64_t *next);
/* A row in the format of lines that was asked for, without the seal of a shard's file. */
void rl_sweep_line(const rl_sweep_run *run, const rl_sweep_row *row, rl_buf *out);
/* Lines as they stand in the file. `sealed` is used where that takes other bytes. */
rl_status rl_sweep_write_lines(rl_sweep_run *run, rl_stream *stream, rl_buf *lines, rl_buf *sealed);
/* The row with its mark, where marks are asked for. */
rl_sweep_row rl_sweep_marked(const rl_sweep_run *run, const rl_sweep_row *row);
/* What stands above the first row; of a shard's file seals follow from it. */
void rl_sweep_head(rl_sweep_run *run, rl_buf *out);
/* Files of rows put together. */
rl_status rl_sweep_merge(rl_session *session, const rl_sweep_wish *wish);

#endif
