/* The page of one chart. */
#include "reports/chart_page.h"

#include <string.h>

/* What rows are called by: of curves their series. */
static size_t name_column(const rl_grid *data) {
  size_t best = data->column_count - 1;
  for (size_t c = 0; c < data->column_count; c++) {
    if (strcmp(data->columns[c].key, "name") == 0) return c;
    if (strcmp(data->columns[c].key, "series") == 0) best = c;
  }
  return best;
}

/* Which column of the data stands at a place of the table: names first, no numbers of layers. */
static size_t source_of(size_t place, size_t names) {
  if (place == 0) return names;
  return place <= names - 1 ? place : place + 1;
}

static bool is_text(const rl_grid *data, size_t column) {
  for (size_t r = 0; r < data->rows.count; r++) {
    const rl_cell_kind kind = data->rows.items[r][column].kind;
    if (kind != RL_CELL_NONE) return kind == RL_CELL_TEXT;
  }
  return true;
}

/* People see all digits of what the chart is drawn from. */
static rl_cell exact(rl_grid *table, const rl_cell *from) {
  char number[RL_NUMBER_TEXT];
  rl_cell cell = *from;
  if (cell.kind == RL_CELL_COUNT) rl_print_grouped(cell.count, number);
  if (cell.kind == RL_CELL_REAL) rl_print_double(cell.real, number);
  if (cell.kind != RL_CELL_COUNT && cell.kind != RL_CELL_REAL) return cell;
  cell.text = rl_strdup(table->arena, number);
  if (cell.text == NULL) table->failed = true;
  return cell;
}

static void fill(rl_grid *table, const rl_grid *data, rl_arena *arena, rl_column *columns) {
  const size_t names = name_column(data), count = data->column_count - 1;
  for (size_t c = 0; c < count; c++) {
    const size_t from = source_of(c, names);
    columns[c] = (rl_column){.key = data->columns[from].key,
                             .head = data->columns[from].key,
                             .left = is_text(data, from)};
  }
  rl_grid_init(table, arena, columns, count);
  for (size_t r = 0; r < data->rows.count; r++) {
    rl_cell *row = rl_grid_row(table);
    for (size_t c = 0; c < count; c++) {
      row[c] = exact(table, &data->rows.items[r][source_of(c, names)]);
    }
  }
}

void rl_chart_page(rl_buf *out, const rl_chart *chart, const rl_buf *svg) {
  const rl_grid *data = &chart->grid;
  rl_column *columns = RL_NEW_ARRAY(out->arena, rl_column, data->column_count + 1);
  if (columns == NULL) {
    out->failed = true;
    return;
  }
  rl_grid table;
  fill(&table, data, out->arena, columns);
  rl_html_begin(out, chart->title != NULL ? chart->title : chart->kind);
  rl_html_add_chart(out, &(rl_html_chart){svg, chart->caption}, 1);
  rl_html_table(out, "Data", &table);
  rl_html_end(out);
}
