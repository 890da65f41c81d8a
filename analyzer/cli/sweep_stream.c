/* Rows as lines while they come: workers write the text of some rows each, and the texts leave in
 * the order of the grid. */
#include "base/checked.h"
#include "cli/plot_table.h"
#include "cli/sweep_seal.h"

enum { CHUNK = 128, TEXT_MAX = 16 * 1024 * 1024 };

bool rl_sweep_row_wanted(const rl_sweep_view *view, const rl_sweep_row *row) {
  for (size_t i = 0; i < view->condition_count; i++) {
    const rl_sweep_condition *condition = &view->conditions[i];
    const rl_cell cell = rl_sweep_row_cell(row, &view->columns.items[condition->column]);
    const rl_cell devices = rl_sweep_row_cell(row, &view->columns.items[condition->devices]);
    if (!rl_sweep_condition_holds(condition, &cell, &devices)) return false;
  }
  return true;
}

bool rl_sweep_row_values(const rl_sweep_view *view, const rl_sweep_row *row, rl_point_values *out) {
  const rl_objectives *objectives = view->front.objectives;
  if (row->why != NULL || !row->fits) return false;
  for (size_t i = 0; i < objectives->count; i++) {
    double value;
    if (!rl_sweep_row_number(row, objectives->figures[i], &value)) return false;
    out->of[i] = rl_objective_value(objectives->figures[i], value);
  }
  return true;
}

rl_status rl_sweep_find_front(rl_sweep_run *run) {
  rl_diags *diags = &run->session->diags;
  rl_sweep_rows rows;
  rl_status status = rl_sweep_next(run->sweep, &rows, diags);
  for (; status == RL_OK && rows.count > 0; status = rl_sweep_next(run->sweep, &rows, diags)) {
    for (size_t i = 0; i < rows.count; i++) {
      rl_point_values values;
      if (!rl_sweep_row_wanted(&run->view, &rows.items[i])) continue;
      if (!rl_sweep_row_values(&run->view, &rows.items[i], &values)) continue;
      if (!rl_front_add(&run->view.front, &run->session->arena, &values)) return rl_diag_oom(diags);
    }
    rl_sweep_progress_tell(&run->progress, rl_sweep_position(run->sweep) - 1);
  }
  rl_sweep_seek(run->sweep, 1);
  return status;
}

void rl_sweep_head(rl_sweep_run *run, rl_buf *out) {
  if (run->wish.format == RL_FORMAT_CSV) rl_sweep_csv_head(out, &run->view.columns);
  if (run->mark == NULL) return;
  if (run->wish.format == RL_FORMAT_JSONL) RL_ADD(out, "{\"shard\": \"", run->mark, "\"}\n");
  if (out->failed || out->length == 0) return;
  out->text[out->length - 1] = '\0';
  run->seal = rl_seal_begin(out->text);
  out->text[out->length - 1] = '\n';
}

rl_status rl_sweep_write_lines(rl_sweep_run *run, rl_stream *stream, rl_buf *lines,
                               rl_buf *sealed) {
  rl_diags *diags = &run->session->diags;
  if (lines->failed) return rl_diag_oom(diags);
  if (run->mark == NULL) return rl_stream_write(stream, lines, diags);
  sealed->length = 0;
  rl_seal_rows(&run->seal, run->wish.format, lines, sealed);
  return sealed->failed ? rl_diag_oom(diags) : rl_stream_write(stream, sealed, diags);
}

rl_sweep_row rl_sweep_marked(const rl_sweep_run *run, const rl_sweep_row *row) {
  rl_sweep_row marked = *row;
  rl_point_values values;
  if (run->wish.objectives.count > 0) {
    marked.front =
        rl_sweep_row_values(&run->view, row, &values) && rl_front_has(&run->view.front, &values);
  }
  return marked;
}

void rl_sweep_line(const rl_sweep_run *run, const rl_sweep_row *row, rl_buf *out) {
  const rl_sweep_row marked = rl_sweep_marked(run, row);
  if (run->wish.format == RL_FORMAT_CSV)
    rl_sweep_csv_row(out, &run->view.columns, &marked);
  else
    rl_sweep_jsonl_row(out, &run->view.columns, &marked);
}

/* The text of some consecutive rows; its memory is used again. */
typedef struct piece {
  rl_arena arena;
  rl_buf text;
} piece;

typedef struct writer {
  rl_sweep_run *run;
  rl_stream stream;
  piece *pieces;
  size_t piece_count;
  rl_sweep_rows rows;
  rl_buf sealed;
} writer;

static void write_piece(void *context, size_t index, unsigned worker) {
  writer *w = context;
  rl_buf *text = &w->pieces[index].text;
  const size_t first = index * CHUNK, end = first + CHUNK;
  (void)worker;
  text->length = 0;
  for (size_t i = first; i < end && i < w->rows.count; i++) {
    const rl_sweep_row *row = &w->rows.items[i];
    if (rl_sweep_row_wanted(&w->run->view, row)) rl_sweep_line(w->run, row, text);
  }
}

static rl_status make_pieces(writer *w, size_t count) {
  rl_session *session = w->run->session;
  if (count <= w->piece_count) return RL_OK;
  piece *pieces = RL_NEW_ARRAY(&session->arena, piece, count);
  if (pieces == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; i < count; i++) {
    if (i < w->piece_count) pieces[i].arena = w->pieces[i].arena;
    if (i >= w->piece_count) rl_arena_init(&pieces[i].arena, NULL);
    rl_buf_init(&pieces[i].text, &pieces[i].arena, TEXT_MAX);
  }
  w->pieces = pieces;
  w->piece_count = count;
  return RL_OK;
}

/* Rows of a chart, on their way. */
static rl_status show_rows(writer *w) {
  rl_status status = RL_OK;
  for (size_t i = 0; w->run->filler != NULL && status == RL_OK && i < w->rows.count; i++) {
    const rl_sweep_row row = rl_sweep_marked(w->run, &w->rows.items[i]);
    if (!rl_sweep_row_wanted(&w->run->view, &row)) continue;
    status = rl_table_fill(w->run->filler, &row, &w->run->session->diags);
  }
  return status;
}

static rl_status write_rows(writer *w) {
  const size_t count = (size_t)rl_ceil_div(w->rows.count, CHUNK);
  rl_status status = make_pieces(w, count);
  if (status == RL_OK) status = show_rows(w);
  if (status != RL_OK) return status;
  w->run->workers.run(count, w->run->workers.count, write_piece, w);
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    status = rl_sweep_write_lines(w->run, &w->stream, &w->pieces[i].text, &w->sealed);
  }
  return status;
}

static rl_status open_stream(writer *w) {
  rl_session *session = w->run->session;
  const char *path = rl_argument(&session->arguments, RL_O_OUT).text;
  uint64_t next = 1;
  rl_buf head;
  if (w->run->wish.resume != NULL) {
    rl_status status = rl_sweep_resume(w->run, &w->stream, &next);
    if (status == RL_OK) rl_sweep_seek(w->run->sweep, next);
    if (status != RL_OK || next > 1) return status;
  } else {
    rl_status status = rl_stream_open(&w->stream, path, &session->arena, &session->diags);
    if (status != RL_OK) return status;
  }
  rl_buf_init(&head, &session->arena, TEXT_MAX);
  rl_sweep_head(w->run, &head);
  if (head.failed) return rl_diag_oom(&session->diags);
  return rl_stream_write(&w->stream, &head, &session->diags);
}

rl_status rl_sweep_stream(rl_sweep_run *run) {
  rl_diags *diags = &run->session->diags;
  writer w = {.run = run, .stream = {.descriptor = -1}};
  const uint64_t before = run->wish.objectives.count > 0 ? rl_sweep_points(run->sweep) : 0;
  rl_buf_init(&w.sealed, &run->session->arena, TEXT_MAX);
  rl_interrupts_hold();
  rl_status status = open_stream(&w);
  while (status == RL_OK && !rl_interrupted()) {
    status = rl_sweep_next(run->sweep, &w.rows, diags);
    if (status != RL_OK || w.rows.count == 0) break;
    status = write_rows(&w);
    rl_sweep_progress_tell(&run->progress, before + rl_sweep_position(run->sweep) - 1);
  }
  for (size_t i = 0; i < w.piece_count; i++) rl_arena_free(&w.pieces[i].arena);
  if (w.stream.descriptor < 0) return status;
  const bool whole = status == RL_OK && !rl_interrupted();
  rl_status closed = rl_stream_close(&w.stream, whole, diags);
  return status == RL_OK ? closed : status;
}
