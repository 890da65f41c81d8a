/* Names in an SVG that gnuplot drew, for those who hear it: gnuplot's own are numbers. */
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "reports/chart_sheet.h"

static const char *text_in(const rl_grid *grid, const rl_cell *row, const char *key) {
  for (size_t c = 0; c < grid->column_count; c++) {
    if (strcmp(grid->columns[c].key, key) != 0) continue;
    return row[c].kind == RL_CELL_TEXT && row[c].text != NULL ? row[c].text : "";
  }
  return "";
}

static const char *key_of(const rl_chart *chart, unsigned style) {
  for (size_t i = 0; i < chart->keys.count; i++) {
    if (chart->keys.items[i].style == style) return chart->keys.items[i].text;
  }
  return NULL;
}

/* What the rows of a layer are called together: their role, or their series and, where it is one,
 * their name. */
static void add_rows_name(rl_buf *out, const rl_chart *chart, const rl_layer *layer) {
  const rl_grid *grid = &chart->grid;
  const char *series = "", *name = NULL;
  for (size_t i = 0; i < grid->rows.count; i++) {
    const rl_cell *row = grid->rows.items[i];
    if (row[0].kind != RL_CELL_COUNT || row[0].count != layer->number) continue;
    const char *role = text_in(grid, row, "role"), *own = text_in(grid, row, "name");
    series = role[0] != '\0' ? role : text_in(grid, row, "series");
    if (name == NULL) name = own;
    if (role[0] != '\0' || strcmp(name, own) != 0) name = "";
  }
  rl_quote(out, RL_QUOTE_XML, series);
  if (series[0] != '\0' && name != NULL && name[0] != '\0') rl_buf_add(out, ", ");
  rl_quote(out, RL_QUOTE_XML, name == NULL ? "" : name);
}

/* A layer of points that something is told of is called as its key is; every other one as its rows.
 */
static void add_layer_name(rl_buf *out, const rl_chart *chart, const rl_layer *layer) {
  const char *key = key_of(chart, layer->style);
  const bool own = layer->number == 0 || layer->style == RL_STYLE_TURN;
  const size_t before = out->length;
  if (!own) add_rows_name(out, chart, layer);
  if (out->length == before) rl_quote(out, RL_QUOTE_XML, key == NULL ? chart->kind : key);
}

/* What stands between two tags instead of gnuplot's words; false: it stays. */
static bool add_name(rl_buf *out, const rl_chart *chart, const char *text, size_t length) {
  static const char plot[] = "gnuplot_plot_";
  uint64_t number = 0;
  if (length == strlen("Gnuplot") && strncmp(text, "Gnuplot", length) == 0) {
    rl_quote(out, RL_QUOTE_XML, chart->title == NULL ? chart->kind : chart->title);
    return true;
  }
  if (length <= strlen(plot) || strncmp(text, plot, strlen(plot)) != 0) return false;
  if (!rl_scan_u64(text + strlen(plot), length - strlen(plot), &number)) return false;
  if (number == 0 || number > chart->layers.count) return false;
  add_layer_name(out, chart, &chart->layers.items[number - 1]);
  return true;
}

void rl_chart_name_svg(rl_buf *out, const rl_chart *chart, const rl_buf *svg) {
  static const char open[] = "<title>", close[] = "</title>", made[] = "<desc>Produced by ";
  const char *at = svg->text == NULL ? "" : svg->text;
  for (const char *found = strstr(at, open); found != NULL; found = strstr(at, open)) {
    const char *text = found + strlen(open), *end = strstr(text, close);
    if (end == NULL) break;
    rl_buf_addn(out, at, (size_t)(text - at));
    if (!add_name(out, chart, text, (size_t)(end - text))) {
      rl_buf_addn(out, text, (size_t)(end - text));
    }
    at = end;
    const char *desc = strstr(at, made);
    if (desc == NULL || chart->caption == NULL || desc > at + 32) continue;
    rl_buf_addn(out, at, (size_t)(desc - at) + strlen("<desc>"));
    rl_quote(out, RL_QUOTE_XML, chart->caption);
    at = strstr(desc, "</desc>");
    if (at == NULL) at = "";
  }
  rl_buf_addn(out, at, strlen(at));
}
