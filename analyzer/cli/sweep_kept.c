/* Rows that are kept until the sweep is over: the best few of a ranking, or all of a small table.
 */
#include <string.h>

#include "base/number.h"
#include "cli/plot_table.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

/* Kept rows with keys of their own. A ranking's slots are used again. */
typedef struct kept {
  rl_sweep_run *run;
  rl_arena *arena;
  rl_sweep_row *rows;
  rl_cell **keys; /* of each row, NULL of a slot that was not used yet */
  size_t count, room;
  RL_LIST(const char *) texts; /* each text of a key once */
  rl_ranking ranking;
  uint64_t looked_at, fitting; /* by the ranking */
} kept;

static const char *keep_text(kept *k, const char *text) {
  for (size_t i = 0; i < k->texts.count; i++) {
    if (strcmp(k->texts.items[i], text) == 0) return k->texts.items[i];
  }
  const char *copy = rl_strdup(k->arena, text);
  const char **slot = copy == NULL ? NULL : RL_PUSH(k->arena, &k->texts);
  if (slot != NULL) *slot = copy;
  return slot == NULL ? NULL : copy;
}

/* Cells of plans, of all columns the only ones that live elsewhere. */
static size_t count_keys(const rl_sweep_columns *columns) {
  size_t count = 0;
  for (size_t c = 0; c < columns->count; c++) count += columns->items[c].source == RL_FROM_PLAN;
  return count;
}

static bool keep_row(kept *k, const rl_sweep_row *row, size_t slot) {
  const size_t keys = count_keys(&k->run->view.columns);
  rl_sweep_row *own = &k->rows[slot];
  if (k->keys[slot] == NULL) k->keys[slot] = RL_NEW_ARRAY(k->arena, rl_cell, keys);
  rl_cell *cells = k->keys[slot];
  if (cells == NULL) return false;
  *own = *row;
  own->keys = cells;
  for (size_t i = 0; i < keys; i++) {
    cells[i] = row->keys[i];
    if (cells[i].kind != RL_CELL_TEXT) continue;
    cells[i].text = keep_text(k, cells[i].text);
    if (cells[i].text == NULL) return false;
  }
  if (own->why != NULL) own->why = keep_text(k, own->why);
  return (own->why == NULL) == (row->why == NULL);
}

/* Only what fits is ranked. */
static bool rank_row(kept *k, const rl_sweep_row *row) {
  const rl_sweep_figure by = k->run->wish.by;
  double value;
  size_t slot;
  k->looked_at++;
  if (row->why != NULL || !row->fits) return true;
  k->fitting++;
  if (!rl_sweep_row_number(row, by, &value)) return true;
  if (!rl_ranking_offer(&k->ranking, rl_objective_value(by, value), row->point, &slot)) return true;
  return keep_row(k, row, slot);
}

static rl_status too_many(const kept *k) {
  static const char *const words[] = {
      [RL_FORMAT_TABLE] = "table", [RL_FORMAT_JSON] = "JSON text", [RL_FORMAT_MARKDOWN] = "table"};
  char all[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT];
  rl_print_grouped(rl_sweep_points(k->run->sweep), all);
  return RL_REPORT(&k->run->session->diags, MANY_ROWS, RL_COMMAND_LINE, all,
                   words[k->run->wish.format], rl_print_grouped(k->room, most));
}

static rl_status take(kept *k, const rl_sweep_row *row) {
  bool done;
  if (!rl_sweep_row_wanted(&k->run->view, row)) return RL_OK;
  if (k->run->wish.top > 0) {
    done = rank_row(k, row);
  } else {
    if (k->count >= k->room) return too_many(k);
    done = keep_row(k, row, k->count++);
  }
  return done ? RL_OK : rl_diag_oom(&k->run->session->diags);
}

static rl_status collect(kept *k) {
  rl_diags *diags = &k->run->session->diags;
  rl_sweep *sweep = k->run->sweep;
  rl_sweep_rows rows;
  const uint64_t before = k->run->wish.objectives.count > 0 ? rl_sweep_points(sweep) : 0;
  rl_status status = rl_sweep_next(sweep, &rows, diags);
  for (; status == RL_OK && rows.count > 0; status = rl_sweep_next(sweep, &rows, diags)) {
    for (size_t i = 0; i < rows.count && status == RL_OK; i++) status = take(k, &rows.items[i]);
    if (status != RL_OK) return status;
    rl_sweep_progress_tell(&k->run->progress, before + rl_sweep_position(sweep) - 1);
  }
  return status;
}

/* The i-th row in the order in which it is told. */
static const rl_sweep_row *row_at(const kept *k, size_t i) {
  return &k->rows[k->run->wish.top > 0 ? k->ranking.items[i].slot : i];
}

static size_t row_count(const kept *k) {
  return k->run->wish.top > 0 ? k->ranking.count : k->count;
}

static void fill_grid(const kept *k, rl_grid *grid, rl_column columns[RL_GRID_COLUMNS]) {
  const rl_sweep_view *view = &k->run->view;
  for (size_t c = 0; c < view->columns.count; c++) columns[c] = view->columns.items[c].column;
  rl_grid_init(grid, k->arena, columns, view->columns.count);
  for (size_t i = 0; i < row_count(k); i++) {
    const rl_sweep_row row = rl_sweep_marked(k->run, row_at(k, i));
    rl_cell *cells = rl_grid_row(grid);
    for (size_t c = 0; c < view->columns.count; c++) {
      cells[c] = rl_sweep_row_cell(&row, &view->columns.items[c]);
    }
  }
}

/* For people: without empty columns and the number of the point. */
static void hide_columns(const kept *k, const rl_grid *grid, rl_column columns[RL_GRID_COLUMNS]) {
  for (size_t c = 0; c < grid->column_count; c++) {
    bool empty = true;
    for (size_t r = 0; r < grid->rows.count && empty; r++) {
      empty = grid->rows.items[r][c].kind == RL_CELL_NONE;
    }
    const rl_sweep_source source = k->run->view.columns.items[c].source;
    if (empty || source == RL_FROM_POINT) columns[c].head = NULL;
  }
}

static void write_json(const kept *k, const rl_grid *grid, rl_buf *out) {
  rl_json json;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "sweep");
  rl_json_text(&json, "version", RL_VERSION);
  rl_json_count(&json, "points", rl_sweep_points(k->run->sweep));
  rl_grid_json(&json, "rows", grid);
  rl_json_close(&json, '}');
  rl_json_end(&json);
}

/* Lines go their own way: a file of them may be empty. */
static rl_status write_lines(const kept *k) {
  rl_session *session = k->run->session;
  rl_stream stream;
  rl_buf head, text, sealed;
  rl_status status = rl_stream_open(&stream, rl_argument(&session->arguments, RL_O_OUT).text,
                                    k->arena, &session->diags);
  if (status != RL_OK) return status;
  rl_buf_init(&head, k->arena, TEXT_MAX);
  rl_buf_init(&text, k->arena, TEXT_MAX);
  rl_buf_init(&sealed, k->arena, TEXT_MAX);
  rl_sweep_head(k->run, &head);
  for (size_t i = 0; i < row_count(k); i++) rl_sweep_line(k->run, row_at(k, i), &text);
  status =
      head.failed ? rl_diag_oom(&session->diags) : rl_stream_write(&stream, &head, &session->diags);
  if (status == RL_OK) status = rl_sweep_write_lines(k->run, &stream, &text, &sealed);
  rl_status closed = rl_stream_close(&stream, status == RL_OK, &session->diags);
  return status == RL_OK ? closed : status;
}

static void write_grid(const kept *k, rl_buf *out) {
  rl_column columns[RL_GRID_COLUMNS];
  rl_grid grid;
  const rl_output_format format = k->run->wish.format;
  fill_grid(k, &grid, columns);
  if (format == RL_FORMAT_JSON) {
    write_json(k, &grid, out);
    return;
  }
  hide_columns(k, &grid, columns);
  if (format == RL_FORMAT_MARKDOWN)
    rl_grid_markdown(out, &grid);
  else
    rl_grid_terminal(out, &grid, &k->run->session->style);
}

/* Rows of a chart. */
static rl_status show_rows(const kept *k) {
  rl_status status = RL_OK;
  for (size_t i = 0; k->run->filler != NULL && status == RL_OK && i < row_count(k); i++) {
    const rl_sweep_row row = rl_sweep_marked(k->run, row_at(k, i));
    status = rl_table_fill(k->run->filler, &row, &k->run->session->diags);
  }
  return status;
}

void rl_sweep_say_unranked(rl_session *session, rl_sweep_figure by, uint64_t all,
                           uint64_t fitting) {
  char number[2][RL_NUMBER_TEXT];
  const bool price =
      by == RL_SWEEP_PRICE_PER_HOUR || by == RL_SWEEP_INPUT_PRICE || by == RL_SWEEP_OUTPUT_PRICE;
  rl_print_grouped(all, number[0]);
  rl_print_grouped(fitting, number[1]);
  const char *says =
      fitting == 0 ? rl_textf(&session->arena, "none of %s points fits the memory", number[0])
                   : rl_textf(&session->arena, "of %s points %s fit, and none of these has one",
                              number[0], number[1]);
  const char *hint = price && fitting > 0 ? "--price says what a device costs an hour" : "";
  RL_REPORT(&session->diags, RANK_EMPTY, RL_COMMAND_LINE, RL_SWEEP_FIGURE_TABLE[by].word, says,
            hint);
}

rl_status rl_sweep_keep(rl_sweep_run *run, rl_buf *out) {
  kept k = {.run = run, .arena = &run->session->arena};
  k.room = run->wish.top > 0 ? (size_t)run->wish.top : RL_SWEEP_TABLE_MAX;
  k.rows = RL_NEW_ARRAY(k.arena, rl_sweep_row, k.room);
  k.keys = RL_NEW_ARRAY(k.arena, rl_cell *, k.room);
  k.ranking = (rl_ranking){RL_NEW_ARRAY(k.arena, rl_ranked, k.room), k.room, 0};
  if (k.rows == NULL || k.keys == NULL || k.ranking.items == NULL) {
    return rl_diag_oom(&run->session->diags);
  }
  rl_status status = collect(&k);
  if (status == RL_OK && run->wish.top > 0 && k.ranking.count == 0) {
    rl_sweep_say_unranked(run->session, run->wish.by, k.looked_at, k.fitting);
  }
  if (status == RL_OK) status = show_rows(&k);
  const bool lines = run->wish.format == RL_FORMAT_CSV || run->wish.format == RL_FORMAT_JSONL;
  if (status != RL_OK) return status;
  if (lines) return write_lines(&k);
  write_grid(&k, out);
  return RL_OK;
}
