/* The grid and its three machine- and document-facing forms; the terminal's is in grid_terminal.c.
 */
#include "reports/grid.h"

#include <math.h>
#include <string.h>

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

static bool is_empty_column(const rl_grid *grid, size_t column) {
  for (size_t i = 0; i < grid->rows.count; i++) {
    if (grid->rows.items[i][column].kind != RL_CELL_NONE) return false;
  }
  return true;
}

void rl_grid_trim(rl_grid *grid, size_t first) {
  size_t kept = first;
  rl_column *columns =
      grid->failed ? NULL : RL_NEW_ARRAY(grid->arena, rl_column, grid->column_count);
  grid->failed = columns == NULL;
  if (grid->failed) return;
  memcpy(columns, grid->columns, first * sizeof *columns);
  for (size_t c = first; c < grid->column_count; c++) {
    if (is_empty_column(grid, c)) continue;
    for (size_t i = 0; i < grid->rows.count; i++) {
      grid->rows.items[i][kept] = grid->rows.items[i][c];
    }
    columns[kept++] = grid->columns[c];
  }
  grid->columns = columns;
  grid->column_count = kept;
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

rl_cell rl_cell_positive(double real) {
  return real > 0 ? rl_cell_real(real) : (rl_cell){0};
}

rl_cell rl_cell_flag(bool flag) {
  return (rl_cell){.kind = RL_CELL_FLAG, .flag = flag};
}

/* Units that are words count whole things: 8,030,261,248 parameters. */
static bool takes_prefix(const char *unit) {
  return unit[0] != '\0' && !(unit[0] >= 'a' && unit[0] <= 'z' && unit[1] != '\0');
}

rl_cell rl_cell_figure(rl_arena *arena, double real, const char *unit) {
  char number[RL_NUMBER_TEXT];
  rl_cell cell = rl_cell_real(real);
  bool whole = real >= 0 && real < 1e15 && floor(real) == real;
  if (takes_prefix(unit) || !whole) {
    cell.text = rl_strdup(arena, rl_print_si_exact(real, unit, number));
  } else {
    rl_print_grouped((uint64_t)real, number);
    cell.text = rl_textf(arena, "%s%s%s", number, unit[0] == '\0' ? "" : " ", unit);
  }
  return cell;
}

static double shown_value(const rl_column *column, const rl_cell *cell) {
  double value = cell->kind == RL_CELL_COUNT ? (double)cell->count : cell->real;
  return value * (column->scale == 0 ? 1 : column->scale);
}

/* Noise of double sums, some 1e-12 of the value, moves no bound. */
static double whole_units(double units, rl_rounding rounding) {
  if (rounding == RL_ROUND_DOWN) return floor(units * (1 + 1e-12));
  if (rounding == RL_ROUND_UP) return ceil(units * (1 - 1e-12));
  return floor(units + 0.5);
}

/* 1234.5 with one decimal -> "1,234.5"; what is too small to be seen -> "<0.1", ">-0.1". */
static const char *display_fixed(rl_arena *arena, double value, int decimals,
                                 rl_rounding rounding) {
  char whole[RL_NUMBER_TEXT];
  double step = 1;
  for (int i = 0; i < decimals; i++) step *= 10;
  double units = whole_units(value * step, rounding);
  if (value > 0 && units < 1) {
    return rl_textf(arena, "<%s", rl_print_fixed(1 / step, decimals, whole));
  }
  if (value < 0 && value * step > -0.5) {
    return rl_textf(arena, ">-%s", rl_print_fixed(1 / step, decimals, whole));
  }
  if (!(value >= 0) || units >= 1e18) {
    return rl_strdup(arena, rl_print_fixed(value, decimals, whole));
  }
  uint64_t count = (uint64_t)units, per = (uint64_t)step;
  rl_print_grouped(count / per, whole);
  if (decimals == 0) return rl_strdup(arena, whole);
  return rl_textf(arena, "%s.%0*llu", whole, decimals, (unsigned long long)(count % per));
}

/* Decimals that give the largest number of the column its digits. */
int rl_grid_decimals(const rl_grid *grid, size_t column) {
  enum { DECIMALS_MAX = 6 };
  const rl_column *c = &grid->columns[column];
  double largest = 0;
  int decimals = (int)c->digits - 1;
  if (c->digits == 0) return -1;
  for (size_t r = 0; r < grid->rows.count; r++) {
    double size = fabs(shown_value(c, &grid->rows.items[r][column]));
    if (size > largest) largest = size;
  }
  largest *= 1 + 1e-9; /* 99.99999999 is a 100 that lost its last bits in a sum */
  for (; largest >= 10 && decimals > 0; decimals--) largest /= 10;
  for (; largest > 0 && largest < 1 && decimals < DECIMALS_MAX; decimals++) largest *= 10;
  return decimals;
}

static const char *display_number(rl_arena *arena, const rl_column *column, const rl_cell *cell,
                                  int decimals) {
  enum { SHORT_DIGITS = 3 };
  char text[RL_NUMBER_TEXT];
  double shown = shown_value(column, cell);
  if (decimals >= 0 && shown != 0) return display_fixed(arena, shown, decimals, column->rounding);
  bool exact = cell->kind == RL_CELL_COUNT && (column->scale == 0 || column->scale == 1);
  return rl_strdup(arena, exact ? rl_print_grouped(cell->count, text)
                                : rl_print_rounded(shown, SHORT_DIGITS, column->rounding, text));
}

const char *rl_grid_display(const rl_grid *grid, size_t row, size_t column, int decimals) {
  const rl_cell *cell = &grid->rows.items[row][column];
  const char *mark = grid->columns[column].mark, *number;
  if (cell->text != NULL) return cell->text;
  switch (cell->kind) {
    case RL_CELL_COUNT:
    case RL_CELL_REAL:
      number = display_number(grid->arena, &grid->columns[column], cell, decimals);
      if (mark == NULL || number == NULL) return number;
      return rl_textf(grid->arena, "%s%s", mark, number);
    case RL_CELL_FLAG:
      return cell->flag ? "yes" : "no";
    default:
      return "-";
  }
}

/* The value as programs read it: base units, all digits. */
static void add_raw(rl_buf *out, const rl_cell *cell, rl_quote_style style, const char *nothing) {
  char number[RL_NUMBER_TEXT];
  switch (cell->kind) {
    case RL_CELL_TEXT:
      rl_quote(out, style, cell->text);
      break;
    case RL_CELL_COUNT:
      rl_buf_add(out, rl_print_u64(cell->count, number));
      break;
    case RL_CELL_REAL:
      rl_buf_add(out, rl_print_double(cell->real, number));
      break;
    case RL_CELL_FLAG:
      rl_buf_add(out, cell->flag ? "true" : "false");
      break;
    default:
      rl_buf_add(out, nothing);
  }
}

void rl_cell_csv(rl_buf *out, const rl_cell *cell) {
  add_raw(out, cell, RL_QUOTE_CSV, "");
}

void rl_cell_json(rl_buf *out, const rl_cell *cell) {
  add_raw(out, cell, RL_QUOTE_JSON, "null");
}

void rl_grid_csv(rl_buf *out, const rl_grid *grid) {
  if (grid->failed) {
    out->failed = true;
    return;
  }
  for (size_t c = 0; c < grid->column_count; c++) {
    if (c > 0) rl_buf_add(out, ",");
    rl_quote(out, RL_QUOTE_CSV, grid->columns[c].key);
  }
  rl_buf_add(out, "\n");
  for (size_t r = 0; r < grid->rows.count; r++) {
    for (size_t c = 0; c < grid->column_count; c++) {
      if (c > 0) rl_buf_add(out, ",");
      rl_cell_csv(out, &grid->rows.items[r][c]);
    }
    rl_buf_add(out, "\n");
  }
}

static void markdown_head(rl_buf *out, const rl_column *column) {
  if (column->head == NULL) return;
  rl_buf_add(out, " ");
  if (column->group != NULL) RL_ADD(out, column->group, ": ");
  rl_quote(out, RL_QUOTE_MARKDOWN, column->head);
  if (column->unit != NULL) RL_ADD(out, " [", column->unit, "]");
  rl_buf_add(out, " |");
}

static void markdown_row(rl_buf *out, const rl_grid *grid, size_t row) {
  rl_buf_add(out, "|");
  for (size_t c = 0; c < grid->column_count; c++) {
    if (grid->columns[c].head == NULL) continue;
    const char *text = rl_grid_display(grid, row, c, rl_grid_decimals(grid, c));
    if (text == NULL) out->failed = true;
    rl_buf_add(out, " ");
    rl_quote(out, RL_QUOTE_MARKDOWN, text == NULL ? "" : text);
    rl_buf_add(out, " |");
  }
  rl_buf_add(out, "\n");
}

void rl_grid_markdown(rl_buf *out, const rl_grid *grid) {
  if (grid->failed) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "|");
  for (size_t c = 0; c < grid->column_count; c++) markdown_head(out, &grid->columns[c]);
  rl_buf_add(out, "\n|");
  for (size_t c = 0; c < grid->column_count; c++) {
    if (grid->columns[c].head == NULL) continue;
    rl_buf_add(out, grid->columns[c].left ? "---|" : "--:|");
  }
  rl_buf_add(out, "\n");
  for (size_t r = 0; r < grid->rows.count; r++) markdown_row(out, grid, r);
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
  if (grid->failed) {
    json->out->failed = true;
    return;
  }
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
