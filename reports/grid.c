/* The grid and its three machine- and document-facing forms; the terminal's is in grid_terminal.c.
 */
#include "reports/grid.h"

#include <math.h>

#include "base/number.h"
#include "base/quote.h"

void rl_grid_init(rl_grid *grid, rl_arena *arena, const rl_column *columns, size_t count) {
  *grid = (rl_grid){.arena = arena, .columns = columns, .column_count = count};
  grid->failed = count > RL_GRID_COLUMNS;
}

rl_cell *rl_grid_row(rl_grid *grid) {
  rl_cell *cells = grid->failed ? NULL : RL_NEW_ARRAY(grid->arena, rl_cell, grid->column_count);
  rl_cell **slot = cells == NULL ? NULL : RL_PUSH(grid->arena, &grid->rows);
  if (slot == NULL) {
    grid->failed = true;
    return grid->spare;
  }
  *slot = cells;
  return cells;
}

rl_cell rl_cell_text(const char *text) {
  return (rl_cell){.kind = text == NULL ? RL_CELL_NONE : RL_CELL_TEXT, .text = text};
}

rl_cell rl_cell_count(uint64_t count) {
  return (rl_cell){.kind = RL_CELL_COUNT, .count = count};
}

rl_cell rl_cell_real(double real) {
  return (rl_cell){.kind = isfinite(real) ? RL_CELL_REAL : RL_CELL_NONE, .real = real};
}

rl_cell rl_cell_flag(bool flag) {
  return (rl_cell){.kind = RL_CELL_FLAG, .flag = flag};
}

static const char *display_real(const rl_column *column, double value, char out[RL_NUMBER_TEXT]) {
  double shown = value * (column->scale == 0 ? 1 : column->scale);
  if (!column->whole) return rl_print_short(shown, out);
  return shown < 1e15 ? rl_print_grouped((uint64_t)(shown + 0.5), out) : rl_print_short(shown, out);
}

static const char *display_count(const rl_column *column, uint64_t count,
                                 char out[RL_NUMBER_TEXT]) {
  if (column->scale != 0 && column->scale != 1) return display_real(column, (double)count, out);
  return rl_print_grouped(count, out);
}

const char *rl_cell_display(rl_arena *arena, const rl_column *column, const rl_cell *cell) {
  char number[RL_NUMBER_TEXT];
  const char *mark = column->mark == NULL ? "" : column->mark;
  switch (cell->kind) {
    case RL_CELL_TEXT:
      return cell->text;
    case RL_CELL_COUNT:
      return rl_textf(arena, "%s%s", mark, display_count(column, cell->count, number));
    case RL_CELL_REAL:
      return rl_textf(arena, "%s%s", mark, display_real(column, cell->real, number));
    case RL_CELL_FLAG:
      return cell->flag ? "yes" : "no";
    default:
      return "-";
  }
}

/* The value as programs read it: base units, all digits. */
static void add_raw(rl_buf *out, const rl_cell *cell) {
  char number[RL_NUMBER_TEXT];
  switch (cell->kind) {
    case RL_CELL_TEXT:
      rl_quote(out, RL_QUOTE_CSV, cell->text);
      break;
    case RL_CELL_COUNT:
      rl_buf_addf(out, "%llu", (unsigned long long)cell->count);
      break;
    case RL_CELL_REAL:
      rl_buf_add(out, rl_print_double(cell->real, number));
      break;
    case RL_CELL_FLAG:
      rl_buf_add(out, cell->flag ? "true" : "false");
      break;
    default:
      break;
  }
}

void rl_grid_csv(rl_buf *out, const rl_grid *grid) {
  if (grid->failed) out->failed = true;
  for (size_t c = 0; c < grid->column_count; c++) {
    if (c > 0) rl_buf_add(out, ",");
    rl_quote(out, RL_QUOTE_CSV, grid->columns[c].key);
  }
  rl_buf_add(out, "\n");
  for (size_t r = 0; r < grid->rows.count; r++) {
    for (size_t c = 0; c < grid->column_count; c++) {
      if (c > 0) rl_buf_add(out, ",");
      add_raw(out, &grid->rows.items[r][c]);
    }
    rl_buf_add(out, "\n");
  }
}

static void markdown_head(rl_buf *out, const rl_column *column) {
  rl_buf_add(out, " ");
  if (column->group != NULL) RL_ADD(out, column->group, ": ");
  rl_quote(out, RL_QUOTE_MARKDOWN, column->head);
  if (column->unit != NULL) RL_ADD(out, " [", column->unit, "]");
  rl_buf_add(out, " |");
}

void rl_grid_markdown(rl_buf *out, const rl_grid *grid) {
  if (grid->failed) out->failed = true;
  rl_buf_add(out, "|");
  for (size_t c = 0; c < grid->column_count; c++) markdown_head(out, &grid->columns[c]);
  rl_buf_add(out, "\n|");
  for (size_t c = 0; c < grid->column_count; c++) {
    rl_buf_add(out, grid->columns[c].left ? "---|" : "--:|");
  }
  rl_buf_add(out, "\n");
  for (size_t r = 0; r < grid->rows.count; r++) {
    rl_buf_add(out, "|");
    for (size_t c = 0; c < grid->column_count; c++) {
      const char *text = rl_cell_display(grid->arena, &grid->columns[c], &grid->rows.items[r][c]);
      if (text == NULL) out->failed = true;
      rl_buf_add(out, " ");
      rl_quote(out, RL_QUOTE_MARKDOWN, text == NULL ? "" : text);
      rl_buf_add(out, " |");
    }
    rl_buf_add(out, "\n");
  }
}

static void json_cell(rl_json *json, const char *key, const rl_cell *cell) {
  switch (cell->kind) {
    case RL_CELL_TEXT:
      rl_json_text(json, key, cell->text);
      break;
    case RL_CELL_COUNT:
      rl_json_count(json, key, cell->count);
      break;
    case RL_CELL_REAL:
      rl_json_real(json, key, cell->real);
      break;
    case RL_CELL_FLAG:
      rl_json_flag(json, key, cell->flag);
      break;
    default:
      rl_json_null(json, key);
  }
}

void rl_grid_json(rl_json *json, const char *key, const rl_grid *grid) {
  if (grid->failed) json->out->failed = true;
  rl_json_open(json, key, '[');
  for (size_t r = 0; r < grid->rows.count; r++) {
    rl_json_open(json, NULL, '{');
    for (size_t c = 0; c < grid->column_count; c++) {
      json_cell(json, grid->columns[c].key, &grid->rows.items[r][c]);
    }
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}
