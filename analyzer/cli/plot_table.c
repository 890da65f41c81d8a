/* Tables of charts from sweeps and from files of rows. */
#include "cli/plot_table.h"

#include <string.h>

#include "base/number.h"
#include "cli/plot_checks.h"
#include "cli/request.h"
#include "cli/sweep_lines.h"
#include "cli/sweep_shard.h"
#include "cli/workers.h"

rl_status rl_table_fill_begin(rl_table_filler *filler, rl_chart_table *table,
                              const rl_sweep_columns *columns, rl_diags *diags) {
  *filler = (rl_table_filler){.table = table, .columns = columns, .first = table->rows.count};
  for (size_t c = 0; c < columns->count; c++) {
    filler->at[c] = rl_chart_table_column(table, &columns->items[c]);
    if (filler->at[c] == SIZE_MAX) return rl_diag_oom(diags);
  }
  return RL_OK;
}

/* An empty row, as long as there is room; else *out is NULL. */
static rl_status add_row(rl_chart_table *table, rl_cell **out, rl_diags *diags) {
  char most[RL_NUMBER_TEXT];
  *out = NULL;
  if (table->rows.count >= RL_CHART_ROWS_MAX) {
    return RL_REPORT(diags, CHART_ROWS, RL_COMMAND_LINE, rl_print_grouped(RL_CHART_ROWS_MAX, most));
  }
  *out = rl_chart_table_add(table);
  return *out == NULL ? rl_diag_oom(diags) : RL_OK;
}

rl_status rl_table_fill(rl_table_filler *filler, const rl_sweep_row *row, rl_diags *diags) {
  rl_cell *cells;
  rl_status status = add_row(filler->table, &cells, diags);
  for (size_t c = 0; cells != NULL && status == RL_OK && c < filler->columns->count; c++) {
    rl_cell *cell = &cells[filler->at[c]];
    *cell = rl_sweep_row_cell(row, &filler->columns->items[c]);
    if (cell->kind != RL_CELL_TEXT) continue;
    cell->text = rl_strdup(filler->table->arena, cell->text);
    if (cell->text == NULL) status = rl_diag_oom(diags);
  }
  return status;
}

/* What a column calls an axis that does not vary; NULL: it has a column already. */
static const char *given_key(const rl_axis *axis) {
  const bool other = strcmp(axis->key, "model") == 0 || strcmp(axis->key, "hardware") == 0 ||
                     strncmp(axis->key, "workload.", 9) == 0;
  if (axis->count > 1 || other) return NULL;
  return strcmp(axis->key, "weights.default") == 0 ? "weights" : axis->key;
}

rl_status rl_table_fill_end(rl_table_filler *filler, const rl_axes *axes, rl_diags *diags) {
  rl_chart_table *table = filler->table;
  for (size_t i = 0; i < axes->list.count; i++) {
    const char *key = given_key(&axes->list.items[i]);
    if (key == NULL) continue;
    const rl_sweep_column column = {.column = {.key = key}, .source = RL_FROM_PLAN, .word = key};
    const size_t at = rl_chart_table_column(table, &column);
    const char *text = rl_axis_text(table->arena, &axes->list.items[i], 0);
    if (text == NULL || at == SIZE_MAX) return rl_diag_oom(diags);
    for (size_t r = filler->first; r < table->rows.count; r++) {
      table->rows.items[r][at] = rl_cell_text(text);
    }
  }
  return RL_OK;
}

static rl_status fill_all(rl_session *session, rl_sweep *sweep, const rl_sweep_wish *wish,
                          rl_table_filler *filler) {
  rl_sweep_view view = {.columns = *rl_sweep_columns_of(sweep)};
  rl_sweep_rows rows;
  rl_status status = rl_sweep_view_conditions(session, wish, &view);
  if (status == RL_OK) status = rl_sweep_next(sweep, &rows, &session->diags);
  while (status == RL_OK && rows.count > 0) {
    for (size_t i = 0; i < rows.count && status == RL_OK; i++) {
      if (!rl_sweep_row_wanted(&view, &rows.items[i])) continue;
      status = rl_table_fill(filler, &rows.items[i], &session->diags);
    }
    if (status == RL_OK) status = rl_sweep_next(sweep, &rows, &session->diags);
  }
  return status;
}

static rl_status add_sweep(rl_session *session, const char *word, const rl_sweep_wish *wish,
                           rl_chart_table *table) {
  const rl_sweep_workers workers = rl_workers_of(wish->threads);
  rl_table_filler filler;
  rl_axes axes;
  rl_sweep *sweep = NULL;
  rl_diags *diags = &session->diags;
  rl_status status = rl_session_axes_of(session, word, &axes);
  if (status == RL_OK) {
    status = rl_sweep_begin(&session->arena, session->db, &axes, &workers, &sweep, diags);
  }
  if (status == RL_OK) {
    status = rl_table_fill_begin(&filler, table, rl_sweep_columns_of(sweep), diags);
  }
  if (status == RL_OK) status = fill_all(session, sweep, wish, &filler);
  if (status == RL_OK) status = rl_table_fill_end(&filler, &axes, diags);
  rl_sweep_end(sweep);
  return status;
}

/* The first line with a row in it, and its columns. */
typedef struct saved {
  rl_session *session;
  rl_lines lines;
  rl_output_format format;
  rl_sweep_view view;
  char *line; /* NULL: none is left */
  rl_chart_table *table;
  size_t at[RL_GRID_COLUMNS];
} saved;

static rl_status no_rows(const saved *s, const char *why) {
  return rl_lines_refuse(&s->lines, why, &s->session->diags);
}

static rl_status set_columns(saved *s, const char *const *keys, size_t count) {
  rl_sweep_columns *columns = &s->view.columns;
  rl_quantity found;
  for (size_t c = 0; c < count; c++) {
    columns->items[columns->count++] = rl_lines_column(keys[c]);
    s->at[c] = rl_chart_table_column(s->table, &columns->items[c]);
    if (s->at[c] == SIZE_MAX) return rl_diag_oom(&s->session->diags);
  }
  if (rl_sweep_column_find(columns, "fits") == NULL ||
      !rl_quantity_find(s->table, "batch", &found) || !rl_quantity_find(s->table, "tpot", &found)) {
    return no_rows(s, "it is not their columns that stand in the first line");
  }
  return RL_OK;
}

/* A part of a sweep is not drawn for the whole: what it leaves out would look as if it were not
 * there. */
static rl_status refuse_shard(saved *s) {
  static const char mark[] = "{\"shard\": \"";
  rl_shard_mark shard;
  char number[2][RL_NUMBER_TEXT];
  size_t length;
  const char *text = s->line;
  if (strncmp(text, mark, sizeof mark - 1) == 0) text += sizeof mark - 1;
  if (!rl_shard_mark_read(&s->session->arena, text, &shard, &length)) return RL_OK;
  const rl_loc loc = {.file = s->lines.path, .line = 1, .column = 1};
  return RL_REPORT(&s->session->diags, CHART_OF_SHARD, loc,
                   rl_print_u64(shard.shard.index, number[0]),
                   rl_print_u64(shard.shard.count, number[1]));
}

static rl_status read_columns(saved *s) {
  rl_diags *diags = &s->session->diags;
  rl_line_keys *keys = RL_NEW(&s->session->arena, rl_line_keys);
  if (keys == NULL) return rl_diag_oom(diags);
  rl_status status = refuse_shard(s);
  if (status == RL_OK) {
    status = rl_lines_keys(&s->lines, s->line, s->format, &s->session->arena, keys, diags);
  }
  if (status == RL_OK) status = set_columns(s, keys->items, keys->count);
  if (status != RL_OK || s->format == RL_FORMAT_JSONL) return status;
  return rl_lines_next(&s->lines, &s->line, diags);
}

/* A key that is no whole number is a name. */
static rl_cell key_of(rl_arena *arena, const rl_cell *cell) {
  char number[RL_NUMBER_TEXT];
  if (cell->kind != RL_CELL_REAL) return *cell;
  return rl_cell_text(rl_strdup(arena, rl_print_digits(cell->real, 9, number)));
}

static rl_status add_line(saved *s) {
  rl_arena *arena = s->table->arena;
  rl_cell cells[RL_GRID_COLUMNS], *row;
  const rl_sweep_columns *columns = &s->view.columns;
  const char *line = rl_strdup(arena, s->line);
  if (line == NULL || !rl_line_cells(arena, line, s->format, columns, cells)) {
    return no_rows(s, "the line has other columns");
  }
  for (size_t i = 0; i < s->view.condition_count; i++) {
    const rl_sweep_condition *condition = &s->view.conditions[i];
    if (!rl_sweep_condition_holds(condition, &cells[condition->column],
                                  &cells[condition->devices])) {
      return RL_OK;
    }
  }
  rl_status status = add_row(s->table, &row, &s->session->diags);
  for (size_t c = 0; row != NULL && c < columns->count; c++) {
    row[s->at[c]] = rl_chart_is_key(&columns->items[c]) ? key_of(arena, &cells[c]) : cells[c];
  }
  return status;
}

static rl_status read_saved(saved *s, const rl_sweep_wish *wish, const char *path) {
  rl_diags *diags = &s->session->diags;
  rl_status status = rl_lines_open(&s->lines, path, &s->session->arena, diags);
  if (status == RL_OK) status = rl_lines_next(&s->lines, &s->line, diags);
  if (status == RL_OK && s->line == NULL) status = no_rows(s, "the file is empty");
  if (status == RL_OK && s->line != NULL) status = read_columns(s);
  if (status == RL_OK) status = rl_sweep_view_conditions(s->session, wish, &s->view);
  while (status == RL_OK && s->line != NULL) {
    status = add_line(s);
    if (status == RL_OK) status = rl_lines_next(&s->lines, &s->line, diags);
  }
  rl_lines_close(&s->lines);
  return status;
}

/* The form of a file of rows, by its name; false: the word is no such file. */
static bool is_saved(const char *word, rl_output_format *format) {
  const char *dot = strrchr(word, '.');
  if (dot == NULL) return false;
  *format = strcmp(dot, ".csv") == 0 ? RL_FORMAT_CSV : RL_FORMAT_JSONL;
  return strcmp(dot, ".csv") == 0 || strcmp(dot, ".jsonl") == 0;
}

rl_status rl_plot_table(rl_session *session, const rl_chart_table **out) {
  rl_chart_table *table = RL_NEW(&session->arena, rl_chart_table);
  saved *s = RL_NEW(&session->arena, saved);
  rl_sweep_wish wish;
  if (table == NULL || s == NULL) return rl_diag_oom(&session->diags);
  table->arena = &session->arena;
  *out = table;
  rl_status status = rl_sweep_wish_read(session, &wish);
  const size_t count = session->arguments.words.count;
  if (status == RL_OK && count == 1) status = add_sweep(session, NULL, &wish, table);
  for (size_t i = 1; status == RL_OK && i < count; i++) {
    const char *word = session->arguments.words.items[i];
    *s = (saved){.session = session, .lines = {.descriptor = -1}, .table = table};
    status = is_saved(word, &s->format) ? read_saved(s, &wish, word)
                                        : add_sweep(session, word, &wish, table);
  }
  return status == RL_OK ? rl_plot_table_check(session, table) : status;
}

/* A point that was evaluated, or that could have been at another place of its curve: it has tokens,
 * which a combination that means nothing has not. */
static bool is_point(const rl_chart_table *table, const rl_cell *row, size_t why) {
  const rl_sweep_column *prompt = rl_sweep_column_find(&table->columns, "prompt");
  if (why == SIZE_MAX || row[why].kind != RL_CELL_TEXT || prompt == NULL) return true;
  return row[prompt - table->columns.items].count > 0;
}

static rl_status leave_out(rl_session *session, rl_chart_table *table) {
  const rl_sweep_column *column = rl_sweep_column_find(&table->columns, "why");
  const size_t why = column == NULL ? SIZE_MAX : (size_t)(column - table->columns.items);
  char number[RL_NUMBER_TEXT];
  const char *first = NULL;
  size_t kept = 0, out = 0;
  for (size_t r = 0; r < table->rows.count; r++) {
    rl_cell *row = table->rows.items[r];
    const bool without = why != SIZE_MAX && row[why].kind == RL_CELL_TEXT;
    out += without;
    if (without && first == NULL) first = row[why].text;
    if (is_point(table, row, why)) table->rows.items[kept++] = row;
  }
  table->rows.count = kept;
  if (out == 0) return RL_OK;
  return RL_REPORT(&session->diags, CHART_LEFT_OUT, RL_COMMAND_LINE, rl_print_grouped(out, number),
                   first);
}

/* Whether "num_hidden_layers 16" has a column of its own. */
static bool is_told(rl_arena *arena, const rl_chart_table *table, const char *part) {
  const char *word = rl_strndup(arena, part, strcspn(part, " "));
  const char *key = word == NULL ? NULL : rl_textf(arena, "model.%s", word);
  return key != NULL && rl_sweep_column_find(&table->columns, key) != NULL;
}

/* Of "a 1, b 2)" what no column tells; NULL without memory. */
static const char *untold(rl_arena *arena, const rl_chart_table *table, const char *parts) {
  const char *rest = "";
  for (const char *at = parts; at != NULL && rest != NULL;) {
    const char *next = strstr(at, ", ");
    const size_t length = next == NULL ? strcspn(at, ")") : (size_t)(next - at);
    const char *part = rl_strndup(arena, at, length);
    if (part == NULL) return NULL;
    if (!is_told(arena, table, part)) {
      rest = rl_textf(arena, "%s%s%s", rest, rest[0] == '\0' ? "" : ", ", part);
    }
    at = next == NULL ? NULL : next + strlen(", ");
  }
  return rest;
}

/* "llama-3-8b (num_hidden_layers 16)" is llama-3-8b where the layers are a key of their own: over
 * them it is one line. */
static rl_status name_plainly(rl_session *session, rl_chart_table *table) {
  rl_arena *arena = table->arena;
  const rl_sweep_column *column = rl_sweep_column_find(&table->columns, "model");
  for (size_t r = 0; column != NULL && r < table->rows.count; r++) {
    rl_cell *cell = &table->rows.items[r][column - table->columns.items];
    const char *from = cell->kind == RL_CELL_TEXT ? strstr(cell->text, " (") : NULL;
    if (from == NULL) continue;
    const char *name = rl_strndup(arena, cell->text, (size_t)(from - cell->text));
    const char *rest = untold(arena, table, from + strlen(" ("));
    if (name == NULL || rest == NULL) return rl_diag_oom(&session->diags);
    cell->text = rest[0] == '\0' ? name : rl_textf(arena, "%s (%s)", name, rest);
    if (cell->text == NULL) return rl_diag_oom(&session->diags);
  }
  return RL_OK;
}

rl_status rl_plot_table_check(rl_session *session, rl_chart_table *table) {
  static const rl_option_id options[] = {RL_O_X, RL_O_Y};
  rl_quantity found;
  rl_status status = leave_out(session, table);
  if (status == RL_OK) status = name_plainly(session, table);
  if (status == RL_OK && table->rows.count == 0) {
    status = RL_REPORT(&session->diags, CHART_NO_ROWS, RL_COMMAND_LINE, "");
  }
  if (status != RL_OK) return status;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    const rl_text_at word = rl_argument(&session->arguments, options[i]);
    if (word.text == NULL) continue;
    if (rl_quantity_find(table, word.text, &found)) {
      rl_plot_check_figure(session, table, &found, word.text);
      continue;
    }
    const char *words = rl_quantity_words(&session->arena, table);
    if (words == NULL) return rl_diag_oom(&session->diags);
    return RL_REPORT(&session->diags, BAD_CHOICE, RL_COMMAND_LINE, word.text,
                     rl_argument_spelled(&session->arguments, options[i]), words);
  }
  return rl_diags_status(&session->diags);
}
