/* Series of rows and their names. */
#include "reports/chart_series.h"

#include <string.h>

bool rl_series_same(const rl_cell *a, const rl_cell *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == RL_CELL_TEXT) return strcmp(a->text, b->text) == 0;
  return a->count == b->count && !(a->real < b->real) && !(a->real > b->real);
}

const char *rl_series_text(rl_chart *chart, const rl_cell *cell) {
  char number[RL_NUMBER_TEXT];
  rl_arena *arena = chart->grid.arena;
  if (cell->kind == RL_CELL_TEXT) return cell->text;
  if (cell->kind == RL_CELL_NONE) return "-";
  if (cell->kind == RL_CELL_FLAG) return cell->flag ? "true" : "false";
  const char *text = cell->kind == RL_CELL_COUNT ? rl_print_grouped(cell->count, number)
                                                 : rl_print_digits(cell->real, 6, number);
  return rl_chart_keep(chart, rl_strdup(arena, text));
}

/* Keys that make series; how many devices there are follows from the others. */
static bool makes_series(const rl_sweep_column *column) {
  return rl_chart_is_key(column) && strcmp(column->column.key, "devices") != 0;
}

/* Distinct values of a column that are not those of an earlier row, at most `most`. */
static size_t count_values(const rl_chart_table *table, size_t column, size_t most, bool *text) {
  size_t count = 0;
  for (size_t r = 0; r < table->rows.count && count < most; r++) {
    const rl_cell *cell = &table->rows.items[r][column];
    bool seen = false;
    for (size_t e = 0; e < r && !seen; e++) {
      seen = rl_series_same(cell, &table->rows.items[e][column]);
    }
    count += !seen;
    *text = *text || cell->kind == RL_CELL_TEXT;
  }
  return count;
}

static void find_varying(const rl_chart_table *table, rl_series_list *out) {
  enum { MOST = 64 };
  size_t best = 0;
  for (size_t c = 0; c < table->columns.count; c++) {
    bool text = false;
    if (!makes_series(&table->columns.items[c])) continue;
    const size_t values = count_values(table, c, MOST, &text);
    out->varies[c] = values > 1;
    /* a text counts less than any number, the first one more than those behind it */
    const size_t rank = values < 2 ? 0 : text ? 1 : values;
    if (rank <= best) continue;
    best = rank;
    out->along = c;
  }
}

static bool of_series(const rl_series_list *list, const rl_chart_table *table, const rl_cell *first,
                      const rl_cell *row) {
  for (size_t c = 0; c < table->columns.count; c++) {
    if (!list->varies[c] || c == list->along) continue;
    if (!rl_series_same(&first[c], &row[c])) return false;
  }
  return true;
}

static rl_series *series_of(rl_series_list *list, const rl_chart_table *table, const rl_cell *row) {
  for (size_t s = 0; s < list->count; s++) {
    if (of_series(list, table, list->items[s].rows[0], row)) return &list->items[s];
  }
  rl_series *fresh = &list->items[list->count++];
  fresh->rows = RL_NEW_ARRAY(table->arena, const rl_cell *, table->rows.count);
  return fresh->rows == NULL ? NULL : fresh;
}

/* In front of the rows whose number is larger. */
static void insert(rl_series *series, const rl_cell *row, size_t along) {
  size_t at = series->count++;
  const bool number = along != SIZE_MAX && row[along].kind == RL_CELL_COUNT;
  for (; number && at > 0; at--) {
    const rl_cell *other = &series->rows[at - 1][along];
    if (other->kind != RL_CELL_COUNT || other->count <= row[along].count) break;
    series->rows[at] = series->rows[at - 1];
  }
  series->rows[at] = row;
}

/* "batch 8", "int8 KV", "h200" */
static const char *trait(rl_chart *chart, const rl_sweep_column *column, const rl_cell *cell) {
  const char *value = rl_series_text(chart, cell), *word = column->word;
  rl_arena *arena = chart->grid.arena;
  if (strncmp(column->column.key, "kv", 2) == 0) {
    return rl_chart_keep(chart, rl_textf(arena, "%s KV", value));
  }
  const char *dot = strrchr(word, '.');
  const bool plain = cell->kind == RL_CELL_TEXT && dot == NULL;
  if (plain) return value;
  return rl_chart_keep(chart, rl_textf(arena, "%s %s", dot == NULL ? word : dot + 1, value));
}

/* What stands alone is named by its machine, or by its model where machines stand along the axis.
 */
static void name_series(rl_chart *chart, const rl_chart_table *table, const rl_series_list *list,
                        rl_series *series) {
  const bool machines = list->along < table->columns.count &&
                        strcmp(table->columns.items[list->along].column.key, "hardware") == 0;
  const char *name = "", *of_all = machines ? "model" : "hardware";
  for (size_t c = 0; c < table->columns.count; c++) {
    const rl_sweep_column *column = &table->columns.items[c];
    const bool alone = list->count == 1 && strcmp(column->column.key, of_all) == 0;
    const bool tells = list->count > 1 && list->varies[c] && c != list->along;
    if (!alone && !tells) continue;
    name = rl_chart_keep(chart,
                         rl_textf(chart->grid.arena, "%s%s%s", name, name[0] == '\0' ? "" : ", ",
                                  trait(chart, column, &series->rows[0][c])));
  }
  series->name = name;
}

void rl_series_gather(rl_chart *chart, const rl_chart_table *table, size_t along,
                      rl_series_list *out) {
  *out = (rl_series_list){.along = SIZE_MAX};
  out->items = RL_NEW_ARRAY(chart->grid.arena, rl_series, table->rows.count + 1);
  if (out->items == NULL) {
    chart->failed = true;
    return;
  }
  find_varying(table, out);
  if (along != SIZE_MAX) out->along = along;
  for (size_t r = 0; r < table->rows.count; r++) {
    rl_series *series = series_of(out, table, table->rows.items[r]);
    if (series == NULL) {
      chart->failed = true;
      return;
    }
    insert(series, table->rows.items[r], out->along);
  }
  for (size_t s = 0; s < out->count; s++) name_series(chart, table, out, &out->items[s]);
}

double rl_series_roundness(uint64_t number) {
  double round = 0;
  for (; number > 0 && number % 2 == 0; number /= 2) round++;
  return number == 1 ? round + 64 : round;
}

double rl_series_least_round(const rl_series *series, size_t along) {
  enum { MOST = 10 };
  double least = 0;
  size_t count = series->count;
  while (count > MOST && least < 64) {
    count = 0;
    for (size_t r = 0; along != SIZE_MAX && r < series->count; r++) {
      count += rl_series_roundness(series->rows[r][along].count) > least;
    }
    least += 1;
  }
  return least;
}

/* A text behind others: "a, b". */
static const char *joined(rl_chart *chart, const char *text, const char *between,
                          const char *more) {
  return rl_chart_keep(
      chart, rl_textf(chart->grid.arena, "%s%s%s", text, text[0] == '\0' ? "" : between, more));
}

static bool is_token_count(const rl_sweep_column *column) {
  return column->source == RL_FROM_PROMPT || column->source == RL_FROM_GENERATE;
}

/* "2,048 prompt and 256 generated tokens" of those that do not vary. */
static const char *tokens(rl_chart *chart, const rl_chart_table *table,
                          const rl_series_list *series) {
  const char *text = "";
  for (size_t c = 0; c < table->columns.count; c++) {
    const rl_sweep_column *column = &table->columns.items[c];
    if (!is_token_count(column) || series->varies[c]) continue;
    const char *value = rl_series_text(chart, &table->rows.items[0][c]);
    const char *what = column->source == RL_FROM_PROMPT ? "prompt" : "generated";
    const char *one = rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s %s", value, what));
    text = joined(chart, text, " and ", one);
  }
  return text[0] == '\0' ? text : joined(chart, text, " ", "tokens");
}

const char *rl_series_common(rl_chart *chart, const rl_chart_table *table,
                             const rl_series_list *series) {
  const char *text = "";
  if (table->rows.count == 0) return "no points";
  for (size_t c = 0; c < table->columns.count; c++) {
    const rl_sweep_column *column = &table->columns.items[c];
    const rl_cell *cell = &table->rows.items[0][c];
    const char *key = column->column.key;
    if (!makes_series(column) || series->varies[c] || is_token_count(column)) continue;
    if (cell->kind == RL_CELL_NONE) continue;
    const char *value = trait(chart, column, cell);
    if (strcmp(key, "weights") == 0) value = joined(chart, "weights", " ", value);
    text = joined(chart, text, strcmp(key, "hardware") == 0 ? " on " : ", ", value);
  }
  const char *more = tokens(chart, table, series);
  return more[0] == '\0' ? text : joined(chart, text, ", ", more);
}

const char *rl_series_told(rl_chart *chart, const rl_series_list *series) {
  enum { MOST = 12 };
  if (series->count < 2) return "";
  const char **names = RL_NEW_ARRAY(chart->grid.arena, const char *, series->count);
  if (names == NULL) chart->failed = true;
  if (names == NULL) return "";
  for (size_t i = 0; i < series->count; i++) names[i] = series->items[i].name;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, " Series: %s.",
                                       rl_chart_listed(chart, names, series->count, MOST, "; ")));
}
