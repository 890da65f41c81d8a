/* The page of one chart. */
#include "reports/chart_page.h"

#include <string.h>

/* A table for people: some columns of the data, names first. */
typedef struct page_table {
  const rl_chart *chart;
  const rl_layer_rows *kinds; /* of the chart's rows */
  rl_layer_rows shown;        /* the rows of this table */
  bool front;                 /* some rows are chosen */
  rl_grid grid;
  rl_column columns[RL_GRID_COLUMNS];
  size_t from[RL_GRID_COLUMNS]; /* which columns of the data they are */
  size_t count;
} page_table;

/* What the rows of a chart say, by the layers that draw them; NULL without memory. */
static const rl_layer_rows *kinds_of(const rl_chart *chart, rl_arena *arena) {
  const rl_grid *data = &chart->grid;
  rl_layer_rows *kinds = RL_NEW_ARRAY(arena, rl_layer_rows, data->rows.count + 1);
  for (size_t r = 0; kinds != NULL && r < data->rows.count; r++) {
    for (size_t i = 0; i < chart->layers.count; i++) {
      const rl_layer *layer = &chart->layers.items[i];
      if (layer->number == data->rows.items[r][0].count && layer->rows != RL_ROWS_OWN) {
        kinds[r] = layer->rows;
      }
    }
  }
  return kinds;
}

static bool is_empty(const rl_cell *cell) {
  return cell->kind == RL_CELL_NONE || (cell->kind == RL_CELL_TEXT && cell->text[0] == '\0');
}

/* The first cell of a column that says something; NULL: none does. */
static const rl_cell *first_cell(const page_table *t, size_t column) {
  const rl_grid *data = &t->chart->grid;
  for (size_t r = 0; r < data->rows.count; r++) {
    const rl_cell *cell = &data->rows.items[r][column];
    if (t->kinds[r] == t->shown && !is_empty(cell)) return cell;
  }
  return NULL;
}

static void add_column(page_table *t, size_t column) {
  const rl_column *from = &t->chart->grid.columns[column];
  const rl_cell *first = from->head == NULL ? NULL : first_cell(t, column);
  if (first == NULL) return;
  t->from[t->count] = column;
  t->columns[t->count++] = (rl_column){.key = from->key,
                                       .head = from->head,
                                       .unit = from->unit,
                                       .left = first->kind == RL_CELL_TEXT};
}

static bool is_named(const rl_column *column, const char *key) {
  return strcmp(column->key, key) == 0;
}

static void begin(page_table *t, rl_arena *arena, rl_layer_rows shown) {
  const rl_grid *data = &t->chart->grid;
  static const char *const names[] = {"name", "series"};
  t->shown = shown;
  t->count = 0;
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    for (size_t c = 0; c < data->column_count; c++) {
      if (is_named(&data->columns[c], names[n])) add_column(t, c);
    }
  }
  for (size_t c = 0; shown != RL_ROWS_ROOF && c < data->column_count; c++) {
    const rl_column *column = &data->columns[c];
    if (!is_named(column, names[0]) && !is_named(column, names[1])) add_column(t, c);
  }
  const bool front = t->front && shown == RL_ROWS_OWN;
  t->columns[t->count] = (rl_column){.key = "front", .head = "on the front", .left = true};
  rl_grid_init(&t->grid, arena, t->columns, t->count + front);
}

/* People see all digits of what the chart is drawn from. */
static rl_cell exact(rl_grid *table, const rl_cell *from) {
  char number[RL_NUMBER_TEXT];
  rl_cell cell = *from;
  if (is_empty(from)) return (rl_cell){.kind = RL_CELL_NONE};
  if (cell.kind == RL_CELL_COUNT) rl_print_grouped(cell.count, number);
  if (cell.kind == RL_CELL_REAL) rl_print_double(cell.real, number);
  if (cell.kind != RL_CELL_COUNT && cell.kind != RL_CELL_REAL) return cell;
  cell.text = rl_strdup(table->arena, number);
  if (cell.text == NULL) table->failed = true;
  return cell;
}

static rl_cell *add_row(page_table *t, const rl_cell *from) {
  rl_cell *row = rl_grid_row(&t->grid);
  for (size_t c = 0; c < t->count; c++) row[c] = exact(&t->grid, &from[t->from[c]]);
  return row;
}

static bool same(const rl_cell *a, const rl_cell *b) {
  return a->kind == RL_CELL_REAL && b->kind == RL_CELL_REAL && !(a->real < b->real) &&
         !(a->real > b->real);
}

/* Whether one that was chosen stands at the place of a row. */
static bool is_chosen(const page_table *t, const rl_cell *row) {
  enum { X = 1, Y };
  const rl_grid *data = &t->chart->grid;
  for (size_t r = 0; r < data->rows.count; r++) {
    const rl_cell *other = data->rows.items[r];
    if (t->kinds[r] != RL_ROWS_CHOSEN) continue;
    if (same(&row[X], &other[X]) && same(&row[Y], &other[Y])) return true;
  }
  return false;
}

/* Every row of data, once. */
static void add_data(page_table *t, rl_buf *out) {
  const rl_grid *data = &t->chart->grid;
  begin(t, out->arena, RL_ROWS_OWN);
  for (size_t r = 0; r < data->rows.count; r++) {
    if (t->kinds[r] != RL_ROWS_OWN) continue;
    rl_cell *row = add_row(t, data->rows.items[r]);
    if (t->front) row[t->count] = rl_cell_flag(is_chosen(t, data->rows.items[r]));
  }
  rl_html_table(out, "Data", &t->grid);
}

/* The ends of a roof say the same of it. */
static void add_roofs(page_table *t, rl_buf *out) {
  const rl_grid *data = &t->chart->grid;
  const rl_cell *before = NULL;
  begin(t, out->arena, RL_ROWS_ROOF);
  for (size_t r = 0; r < data->rows.count; r++) {
    const rl_cell *row = data->rows.items[r];
    if (t->kinds[r] != RL_ROWS_ROOF) continue;
    if (before == NULL || before->count != row->count) add_row(t, row);
    before = row;
  }
  if (before != NULL) rl_html_table(out, "Roofs", &t->grid);
}

void rl_chart_page(rl_buf *out, const rl_chart *chart, const rl_buf *svg) {
  page_table *table = RL_NEW(out->arena, page_table);
  const rl_layer_rows *kinds = kinds_of(chart, out->arena);
  if (table == NULL || kinds == NULL) {
    out->failed = true;
    return;
  }
  *table = (page_table){.chart = chart, .kinds = kinds};
  for (size_t r = 0; r < chart->grid.rows.count; r++) {
    table->front = table->front || kinds[r] == RL_ROWS_CHOSEN;
  }
  rl_html_begin(out, chart->title != NULL ? chart->title : chart->kind);
  rl_html_add_chart(out, &(rl_html_chart){svg, chart->caption}, 1);
  add_data(table, out);
  add_roofs(table, out);
  rl_html_end(out);
}
