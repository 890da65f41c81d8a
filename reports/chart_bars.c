/* Bars: a row a name, names at the left, values behind the ends. */
#include "reports/chart_bars.h"

#include <string.h>

#include "reports/chart_letters.h"

enum { LAYER, ROW, FROM, TO, VALUE, ROLE, GROUP, NAME, COLUMNS };

/* What bars are made of at a terminal. */
static const char letters[RL_BAR_ROLES + 1] = "#=+o*x%:";

rl_bar *rl_bars_add(rl_bars *bars, const char *name) {
  rl_bar *row = RL_PUSH(bars->chart->grid.arena, &bars->rows);
  if (row == NULL) {
    bars->chart->failed = true;
    return &bars->spare;
  }
  row->name = name;
  return row;
}

void rl_bars_add_heading(rl_bars *bars, const char *name) {
  rl_bars_add(bars, name)->heading = true;
}

static double sum_of(const rl_bar *row) {
  double sum = 0;
  for (size_t r = 0; r < RL_BAR_ROLES; r++) sum += row->parts[r];
  return sum;
}

static double row_height(const rl_chart *chart) {
  return chart->canvas.text ? 1 : rl_letters_height(&chart->canvas) * 1.2;
}

static void set_columns(rl_bars *bars) {
  rl_arena *arena = bars->chart->grid.arena;
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, COLUMNS);
  const char *from = rl_textf(arena, "from_%s", bars->value_key);
  const char *to = rl_textf(arena, "to_%s", bars->value_key);
  if (columns == NULL || from == NULL || to == NULL) {
    bars->chart->failed = true;
    return;
  }
  columns[LAYER].key = "layer";
  columns[ROW].key = "row";
  columns[FROM].key = from;
  columns[TO].key = to;
  columns[VALUE] = (rl_column){.key = bars->value_key, .head = bars->title, .unit = bars->unit};
  columns[ROLE] = (rl_column){.key = "role", .head = bars->role_head};
  columns[GROUP] = (rl_column){.key = "group", .head = "of"};
  columns[NAME] = (rl_column){.key = "name", .head = "name"};
  rl_grid_init(&bars->chart->grid, arena, columns, COLUMNS);
}

static void add_part(rl_bars *bars, size_t row, size_t role, double from, const char *group) {
  const rl_bar *bar = &bars->rows.items[row];
  rl_cell *cells = rl_grid_row(&bars->chart->grid);
  cells[LAYER] = rl_cell_count(role + 1);
  cells[ROW] = rl_cell_count(row + 1);
  cells[FROM] = rl_cell_real(from);
  cells[TO] = rl_cell_real(from + bar->parts[role]);
  cells[VALUE] = rl_cell_real(bar->parts[role]);
  cells[ROLE] = rl_cell_text(bars->roles[role]);
  cells[GROUP] = rl_cell_text(group);
  cells[NAME] = rl_cell_text(bar->name);
}

/* The rows of the table, and which roles occur. */
static void fill_grid(rl_bars *bars, bool used[RL_BAR_ROLES]) {
  const char *group = "";
  for (size_t i = 0; i < bars->rows.count; i++) {
    const rl_bar *bar = &bars->rows.items[i];
    double from = 0;
    if (bar->heading && bar->head == NULL) group = bar->name;
    for (size_t r = 0; !bar->heading && r < RL_BAR_ROLES; r++) {
      if (!(bar->parts[r] > 0)) continue;
      used[r] = true;
      add_part(bars, i, r, from, group);
      from += bar->parts[r];
    }
  }
}

static void add_keys(rl_bars *bars, const bool used[RL_BAR_ROLES]) {
  rl_chart *c = bars->chart;
  for (size_t r = 0; r < RL_BAR_ROLES; r++) {
    if (!used[r]) continue;
    const char *says = bars->roles[r];
    if (c->canvas.text) {
      says = rl_chart_keep(c, rl_textf(c->grid.arena, "%c %s", letters[r], bars->roles[r]));
    } else {
      rl_chart_add_layer(c, RL_LAYER_BOXES, (unsigned)r + 1, RL_STYLE_FILLS + (unsigned)r);
    }
    rl_chart_add_key(c, says, RL_LAYER_BOXES, RL_STYLE_FILLS + (unsigned)r);
  }
  if (bars->limit != NULL) {
    const char *says = bars->limit;
    if (c->canvas.text) says = rl_chart_keep(c, rl_textf(c->grid.arena, "| %s", says));
    rl_chart_add_key(c, says, RL_LAYER_LINE, RL_STYLE_LIMIT);
  }
}

/* Of the texts of one place of all rows, the widest. */
typedef enum place_of_text { NAMES, TOTALS, NOTES } place_of_text;
static double widest(const rl_bars *bars, place_of_text place) {
  double most = 0;
  for (size_t i = 0; i < bars->rows.count; i++) {
    const rl_bar *bar = &bars->rows.items[i];
    const char *text = place == NAMES ? bar->name : place == TOTALS ? bar->total : bar->note;
    if (text == NULL || bar->heading) continue;
    const double width = rl_letters_width(&bars->chart->canvas, text);
    if (width > most) most = width;
  }
  return most;
}

/* Where notes would take more room than bars, their shorter form. */
static void shorten_notes(rl_bars *bars, double room) {
  if (widest(bars, NOTES) < room * 0.42) return;
  for (size_t i = 0; i < bars->rows.count; i++) {
    rl_bar *bar = &bars->rows.items[i];
    if (bar->brief != NULL) bar->note = bar->brief;
  }
}

/* From 0 to the longest bar or limit; behind it room for the notes. */
static void set_axes(rl_bars *bars, double names) {
  rl_chart *c = bars->chart;
  double high = 0, scale = 1;
  for (size_t i = 0; i < bars->rows.count; i++) {
    const double sum = sum_of(&bars->rows.items[i]), limit = bars->rows.items[i].limit;
    if (sum > high) high = sum;
    if (limit > high) high = limit;
  }
  if (!(high > 0)) high = 1;
  const double em = c->canvas.text ? 1 : c->canvas.font;
  const double room = c->canvas.width - names - 3 * em;
  shorten_notes(bars, room);
  const double notes = widest(bars, NOTES) + 1.5 * em;
  const double share = notes < room * 0.5 ? 1 - notes / room : 0.5;
  const char *prefix = rl_axis_prefix(high, &scale);
  c->x.title =
      rl_chart_keep(c, rl_textf(c->grid.arena, "%s (%s%s)", bars->title, prefix, bars->unit));
  rl_axis_linear(c, &c->x, high / share, scale,
                 (size_t)(3 + room / (c->canvas.text ? 10 : em * 5)));
  c->y.hidden = true;
  c->y.low = (double)bars->rows.count + 0.5;
  c->y.high = 0.5;
}

/* A bar at a terminal: its parts in letters. */
static void spell(rl_bars *bars, const rl_bar *bar, double y) {
  rl_chart *c = bars->chart;
  double from = 0;
  for (size_t r = 0; r < RL_BAR_ROLES; r++) {
    const double to = from + bar->parts[r];
    const size_t begin = (size_t)(rl_chart_x(c, from) + 0.5),
                 end = (size_t)(rl_chart_x(c, to) + 0.5);
    char *text = end > begin ? rl_alloc(c->grid.arena, end - begin + 1) : NULL;
    from = to;
    if (text == NULL) continue;
    memset(text, letters[r], end - begin);
    rl_chart_add_text(c, &(rl_chart_text){.text = text, .x = (double)begin + 1, .y = y});
  }
}

static void add_limit(rl_bars *bars, const rl_bar *bar, size_t row) {
  rl_chart *c = bars->chart;
  const double x = rl_chart_x(c, bar->limit);
  if (!(bar->limit > 0)) return;
  if (c->canvas.text) {
    rl_chart_add_text(c,
                      &(rl_chart_text){.text = "|", .x = x, .y = rl_chart_y(c, (double)row + 1)});
    return;
  }
  rl_chart_add_stroke(c, &(rl_chart_stroke){x, rl_chart_y(c, (double)row + 1.5), x,
                                            rl_chart_y(c, (double)row + 0.5), RL_STYLE_LIMIT});
}

/* The note behind the bar; where the limit is in the way, behind that. */
static double note_place(const rl_bars *bars, const rl_bar *bar) {
  const rl_chart *c = bars->chart;
  const double em = c->canvas.text ? 2 : c->canvas.font * 0.4;
  const double at = rl_chart_x(c, sum_of(bar)) + em, limit = rl_chart_x(c, bar->limit);
  const double end = at + rl_letters_width(&c->canvas, bar->note) + em;
  const bool crosses = bar->limit > 0 && at < limit + em && end > limit;
  return crosses ? limit + em : at;
}

/* Where what stands in front of bars ends. */
static double before_bars(const rl_chart *c) {
  return c->left - (c->canvas.text ? 1 : c->canvas.font * 0.5);
}

/* What the limit of a machine is, over its line, as far as the sheet goes; totals have a head where
 * that leaves them one. */
static void write_head(rl_bars *bars, const rl_bar *bar, double y) {
  rl_chart *c = bars->chart;
  const double gap = c->canvas.text ? 1 : c->canvas.font * 0.5,
               width = rl_letters_width(&c->canvas, bar->head);
  const double end = c->canvas.width - gap;
  double from = rl_chart_x(c, bar->limit) - width / 2;
  if (from < c->left + gap) from = c->left + gap;
  if (from + width > end) from = end - width;
  rl_chart_add_text(c, &(rl_chart_text){.text = bar->head, .x = from, .y = y});
  if (from < c->left) return;
  rl_chart_add_text(
      c, &(rl_chart_text){
             .text = "total", .x = before_bars(c), .y = y, .align = RL_ALIGN_RIGHT, .dim = true});
}

/* The name of a group, across the sheet: over no line of the grid. */
static void write_heading(rl_bars *bars, const rl_bar *bar, size_t row) {
  rl_chart *c = bars->chart;
  const double gap = c->canvas.text ? 1 : c->canvas.font * 0.5;
  const double end = c->canvas.width - gap;
  if (!c->canvas.text) {
    rl_chart_add_swatch(c,
                        &(rl_chart_swatch){c->left - gap / 2, rl_chart_y(c, (double)row + 1.5), end,
                                           rl_chart_y(c, (double)row + 0.5), RL_STYLE_BLANK});
  }
  const char *name =
      rl_chart_keep(c, rl_letters_fit(c->grid.arena, &c->canvas, bar->name, end - gap));
  rl_chart_add_text(
      c, &(rl_chart_text){
             .text = name, .x = gap, .y = rl_chart_y(c, (double)row + 1), .strong = true});
}

/* names, totals: their room. */
static void write_row(rl_bars *bars, size_t row, double names, double totals) {
  rl_chart *c = bars->chart;
  const rl_bar *bar = &bars->rows.items[row];
  const double y = rl_chart_y(c, (double)row + 1), end = before_bars(c);
  if (bar->heading) {
    if (bar->head == NULL) write_heading(bars, bar, row);
    if (bar->head != NULL) write_head(bars, bar, y);
    return;
  }
  const char *name = rl_chart_keep(c, rl_letters_fit(c->grid.arena, &c->canvas, bar->name, names));
  rl_chart_add_text(
      c, &(rl_chart_text){.text = name, .x = end - totals, .y = y, .align = RL_ALIGN_RIGHT});
  if (bar->total != NULL) {
    rl_chart_add_text(
        c, &(rl_chart_text){
               .text = bar->total, .x = end, .y = y, .align = RL_ALIGN_RIGHT, .dim = true});
  }
  if (c->canvas.text) spell(bars, bar, y);
  add_limit(bars, bar, row);
  if (bar->note == NULL) return;
  rl_chart_add_text(
      c, &(rl_chart_text){.text = bar->note, .x = note_place(bars, bar), .y = y, .dim = true});
}

size_t rl_bars_most(const rl_chart *chart) {
  const double page = chart->canvas.text ? 60 : chart->canvas.width > 500 ? 400 : 520;
  return (size_t)(page / row_height(chart));
}

void rl_bars_draw(rl_bars *bars) {
  rl_chart *c = bars->chart;
  bool used[RL_BAR_ROLES] = {false};
  set_columns(bars);
  if (c->failed) return;
  fill_grid(bars, used);
  add_keys(bars, used);
  const double most = c->canvas.width * 0.42, wanted = widest(bars, NAMES);
  const double names = wanted < most ? wanted : most;
  const double gap = c->canvas.text ? 1 : c->canvas.font * 0.5, total = widest(bars, TOTALS);
  const double totals = total > 0 ? total + 2 * gap : 0, before = names + totals + gap;
  set_axes(bars, before);
  c->canvas.height = 1000;
  rl_chart probe = *c; /* what title, keys and axis take is known once they are laid out */
  rl_chart_lay_out(&probe, before);
  const double around =
      probe.canvas.height - (probe.top - probe.bottom) - (probe.canvas.height - c->canvas.height);
  c->canvas.height = around + (double)bars->rows.count * row_height(c) + (c->canvas.text ? 0 : gap);
  rl_chart_lay_out(c, before);
  for (size_t i = 0; i < bars->rows.count; i++) write_row(bars, i, names, totals);
}
