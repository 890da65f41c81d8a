/* Roofs of machines. */
#include "reports/chart_roofs.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "reports/chart_letters.h"
#include "reports/chart_nesting.h"

/* Names of roofs come after those of operators that take more than this share of the time. */
#define NAME_PRIORITY 0.05

/* So much of the height of all rates, in decades, is left over the highest ceiling: operators that
 * take the most time stand right below it, and a name keeps off roofs, so theirs go above. A fixed
 * factor shrinks to less than a row of letters where rates span many decades. */
#define HEADROOM 0.25

static size_t machine_of(rl_roofs *roofs, const char *name) {
  for (size_t i = 0; i < roofs->machines.count; i++) {
    if (strcmp(roofs->machines.items[i], name) == 0) return i;
  }
  const char **slot = RL_PUSH(roofs->chart->grid.arena, &roofs->machines);
  if (slot == NULL) {
    roofs->chart->failed = true;
    return 0;
  }
  *slot = name;
  return roofs->machines.count - 1;
}

/* "hbm bandwidth" -> "hbm", "tensor.bf16 peak" -> "tensor.bf16" */
static const char *short_name(rl_chart *chart, const char *name) {
  const char *blank = strrchr(name, ' ');
  if (blank == NULL) return name;
  return rl_chart_keep(chart, rl_strndup(chart->grid.arena, name, (size_t)(blank - name)));
}

void rl_roofs_add(rl_roofs *roofs, const char *machine, const rl_result_roof *from, bool wide) {
  const bool slope = strcmp(from->what, "memory") == 0 || strcmp(from->what, "cache") == 0;
  const bool ceiling = strcmp(from->what, "compute") == 0 || strcmp(from->what, "vector") == 0;
  if (!(from->rate > 0) || (!slope && !ceiling)) return;
  const char *name = short_name(roofs->chart, from->figure.name);
  const size_t at = machine_of(roofs, machine);
  for (size_t i = 0; i < roofs->list.count; i++) {
    rl_roof *r = &roofs->list.items[i];
    if (r->machine != at || strcmp(r->name, name) != 0) continue;
    r->wide |= wide;
    return;
  }
  rl_roof *slot = RL_PUSH(roofs->chart->grid.arena, &roofs->list);
  if (slot == NULL) {
    roofs->chart->failed = true;
    return;
  }
  *slot = (rl_roof){.name = name,
                    .unit = from->figure.unit,
                    .rate = from->rate,
                    .slope = slope,
                    .outmost = strcmp(from->what, "memory") == 0,
                    .wide = wide,
                    .machine = at};
}

void rl_roofs_widen(rl_roofs *roofs, double intensity, double rate) {
  if (roofs->low == 0 || intensity < roofs->low) roofs->low = intensity;
  if (intensity > roofs->high) roofs->high = intensity;
  if (roofs->slowest == 0 || rate < roofs->slowest) roofs->slowest = rate;
  if (rate > roofs->fastest) roofs->fastest = rate;
}

/* The highest ceiling of a machine, or its fastest memory level; 0 without one. */
static double highest_of(const rl_roofs *roofs, size_t machine, bool slope) {
  double highest = 0;
  for (size_t i = 0; i < roofs->list.count; i++) {
    const rl_roof *r = &roofs->list.items[i];
    if (r->slope == slope && r->machine == machine && r->rate > highest) highest = r->rate;
  }
  return highest;
}

static double ceiling_of(const rl_roofs *roofs, size_t machine) {
  return highest_of(roofs, machine, false);
}

void rl_roofs_set_ranges(rl_roofs *roofs) {
  rl_chart *chart = roofs->chart;
  for (size_t i = 0; i < roofs->list.count; i++) {
    const rl_roof *r = &roofs->list.items[i];
    if (r->slope) {
      const double top = ceiling_of(roofs, r->machine);
      if (top > 0) rl_roofs_widen(roofs, top / r->rate, top);
    } else {
      if (roofs->fastest < r->rate) roofs->fastest = r->rate;
    }
  }
  if (roofs->low == 0) rl_roofs_widen(roofs, 1, 1e12);
  const rl_canvas *canvas = &chart->canvas;
  const double em = canvas->text ? 6 : canvas->font * 5;
  rl_axis_log(chart, &chart->x, roofs->low / 2.5, roofs->high * 4, 0, (size_t)(canvas->width / em));
  const double head = pow(roofs->fastest / roofs->slowest, HEADROOM);
  rl_axis_log(chart, &chart->y, roofs->slowest / 3, roofs->fastest * head, 0,
              (size_t)(canvas->height / (canvas->text ? 3 : canvas->font * 3)));
}

bool rl_roofs_exceeded(const rl_roofs *roofs, double intensity, double rate) {
  static const double spread = 1.02;
  for (size_t m = 0; m < roofs->machines.count; m++) {
    const double top = ceiling_of(roofs, m), slope = highest_of(roofs, m, true);
    const bool over =
        (top > 0 && rate > top * spread) || (slope > 0 && rate > slope * intensity * spread);
    if (!over) return false;
  }
  return roofs->machines.count > 0;
}

/* The rate of a roof: "3.35 TB/s". */
static const char *rate_text(rl_roofs *roofs, const rl_roof *r) {
  char rate[RL_NUMBER_TEXT];
  rl_print_si_exact(r->rate, r->unit, rate);
  return rl_chart_keep(roofs->chart, rl_strdup(roofs->chart->grid.arena, rate));
}

/* Words with blanks between; those that are "" are left out. */
static const char *words(rl_roofs *roofs, const char *a, const char *b, const char *c) {
  return rl_chart_keep(
      roofs->chart, rl_textf(roofs->chart->grid.arena, "%s%s%s%s%s", a, a[0] == '\0' ? "" : " ", b,
                             c[0] == '\0' ? "" : " ", c));
}

/* Where the roof begins and ends on the axes. */
static rl_chart_stroke line_of(const rl_roofs *roofs, const rl_roof *r) {
  const rl_chart *c = roofs->chart;
  rl_chart_stroke line = {.x0 = c->x.low, .y0 = r->rate, .x1 = c->x.high, .y1 = r->rate};
  if (r->slope) {
    const double top = ceiling_of(roofs, r->machine);
    line.y0 = r->rate * c->x.low;
    line.y1 = top > 0 && top / r->rate < c->x.high ? top : r->rate * c->x.high;
    line.x1 = line.y1 / r->rate;
    if (line.y0 < c->y.low) {
      line.y0 = c->y.low;
      line.x0 = line.y0 / r->rate;
    }
  } else {
    const double slope = highest_of(roofs, r->machine, true);
    if (!r->wide && slope > 0 && r->rate / slope > c->x.low) line.x0 = r->rate / slope;
  }
  return line;
}

/* Whether roofs of two machines are drawn in one place. */
static bool coincide(const rl_roof *a, const rl_roof *b) {
  return a->machine != b->machine && a->slope == b->slope && fabs(log(a->rate / b->rate)) < 0.01;
}

static void add_row(rl_roofs *roofs, unsigned layer, double x, double y, const char *name) {
  rl_cell *row = rl_grid_row(&roofs->chart->grid);
  row[RL_ROOF_LAYER] = rl_cell_count(layer);
  row[RL_ROOF_INTENSITY] = rl_cell_real(x);
  row[RL_ROOF_RATE] = rl_cell_real(y);
  row[RL_ROOF_SERIES] = rl_cell_text(roofs->machines.items[roofs->list.items[layer - 1].machine]);
  row[RL_ROOF_NAME] = rl_cell_text(name);
}

static void draw_roof(rl_roofs *roofs, size_t index, double scale) {
  const rl_roof *r = &roofs->list.items[index];
  const rl_chart_stroke line = line_of(roofs, r);
  const char *text = words(roofs, "", r->name, rate_text(roofs, r));
  const rl_layer layer = {.kind = RL_LAYER_LINE,
                          .rows = RL_ROWS_ROOF,
                          .number = (unsigned)index + 1,
                          .style = rl_chart_roof_style(roofs->chart, r->machine),
                          .scale = scale};
  rl_chart_push_layer(roofs->chart, &layer);
  add_row(roofs, layer.number, line.x0, line.y0, text);
  add_row(roofs, layer.number, line.x1, line.y1, text);
}

/* Of roofs in one place the first is drawn wider than those over it. */
static void nest(rl_roofs *roofs, rl_nesting *out) {
  rl_nesting_init(out, roofs->chart, roofs->list.count);
  for (size_t i = 1; i < out->count; i++) {
    for (size_t j = 0; j < i; j++) {
      if (coincide(&roofs->list.items[i], &roofs->list.items[j])) rl_nesting_meet(out, i, j);
    }
  }
  rl_nesting_rank(out);
}

void rl_roofs_draw(rl_roofs *roofs) {
  rl_chart *chart = roofs->chart;
  rl_nesting nesting;
  for (size_t m = 0; roofs->machines.count > 1 && m < roofs->machines.count; m++) {
    rl_chart_add_key(chart, roofs->machines.items[m], RL_LAYER_LINE, rl_chart_roof_style(chart, m));
  }
  nest(roofs, &nesting);
  for (unsigned rank = 0; rank < nesting.levels; rank++) {
    for (size_t i = 0; i < nesting.count && !chart->failed; i++) {
      if (nesting.ranks[i] == rank) draw_roof(roofs, i, rl_nesting_scale(&nesting, i));
    }
  }
}

/* The line of a roof on the canvas. */
static rl_chart_stroke on_canvas(const rl_roofs *roofs, const rl_roof *r) {
  const rl_chart_stroke line = line_of(roofs, r);
  const rl_chart *c = roofs->chart;
  return (rl_chart_stroke){.x0 = rl_chart_x(c, line.x0),
                           .y0 = rl_chart_y(c, line.y0),
                           .x1 = rl_chart_x(c, line.x1),
                           .y1 = rl_chart_y(c, line.y1)};
}

/* A text along a line, a share of it from its upper end; below: under the line. */
static rl_chart_text text_along(const rl_chart *c, const rl_chart_stroke *on, const char *says,
                                double share, bool below) {
  const double row = rl_letters_height(&c->canvas), side = below ? -1 : 1;
  const double off = side * (c->canvas.text ? 1 : row * 0.62);
  const double turn = c->canvas.text ? 0 : atan2(on->y1 - on->y0, on->x1 - on->x0);
  const double end = c->canvas.text ? 1 : c->canvas.font * 0.5;
  const double x = on->x1 + (on->x0 - on->x1) * share - end * cos(turn);
  const double y = on->y1 + (on->y0 - on->y1) * share - end * sin(turn);
  return (rl_chart_text){.text = says,
                         .x = x - off * sin(turn),
                         .y = y + off * cos(turn),
                         .align = RL_ALIGN_RIGHT,
                         .angle = turn * 180 / 3.14159265358979323846,
                         .dim = true};
}

/* A text of a roof along it, near its upper end, where it lies on nothing; whether there is room.
 */
static bool name_along(rl_roofs *roofs, const rl_roof *r, const char *says) {
  enum { STEPS = 48 };
  rl_chart *c = roofs->chart;
  const rl_chart_stroke on = on_canvas(roofs, r);
  for (int step = 0; step < STEPS; step++) {
    for (int below = 0; below < 2; below++) {
      const rl_chart_text text = text_along(c, &on, says, step / (double)STEPS, below == 1);
      if (!rl_chart_is_free(c, &text, r->guide)) continue;
      rl_chart_add_text(c, &text);
      return true;
    }
  }
  return false;
}

/* Whether another machine's name begins with these whole parts of a name too. */
static bool is_shared(const rl_roofs *roofs, size_t machine, size_t length) {
  const char *name = roofs->machines.items[machine];
  for (size_t i = 0; i < roofs->machines.count; i++) {
    const char *other = roofs->machines.items[i];
    if (i == machine || strncmp(name, other, length) != 0) continue;
    if (other[length] == '-' || other[length] == '\0') return true;
  }
  return false;
}

/* "a100" of "a100-sxm-80gb", where that is enough; the legend has the name in full. */
static const char *brief_machine(rl_roofs *roofs, size_t machine) {
  const char *name = roofs->machines.items[machine];
  size_t length = strcspn(name, "-");
  while (name[length] != '\0' && is_shared(roofs, machine, length)) {
    length += 1 + strcspn(name + length + 1, "-");
  }
  return rl_chart_keep(roofs->chart, rl_strndup(roofs->chart->grid.arena, name, length));
}

/* The machines whose roof it is, where there are several; NULL: it is told with an earlier one. */
static const char *owners_of(rl_roofs *roofs, size_t index) {
  const rl_roof *r = &roofs->list.items[index];
  if (roofs->machines.count < 2) return "";
  const char *text = brief_machine(roofs, r->machine);
  for (size_t i = 0; i < roofs->list.count; i++) {
    const rl_roof *other = &roofs->list.items[i];
    if (!coincide(r, other) || strcmp(r->name, other->name) != 0) continue;
    if (i < index) return NULL;
    text = rl_chart_keep(roofs->chart, rl_textf(roofs->chart->grid.arena, "%s, %s", text,
                                                brief_machine(roofs, other->machine)));
  }
  return text;
}

/* A text with a line that leads to one of some places between two ends, whichever has room. */
static void wish_between(rl_roofs *roofs, const rl_chart_stroke *line, const char *says) {
  static const double shares[] = {0.5, 0.75, 0.3, 0.9, 0.15};
  rl_chart *c = roofs->chart;
  c->groups++;
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    rl_chart_add_wish(c, &(rl_chart_wish){.name = says,
                                          .x = line->x0 * pow(line->x1 / line->x0, shares[i]),
                                          .y = line->y0 * pow(line->y1 / line->y0, shares[i]),
                                          .priority = NAME_PRIORITY * (1 - (double)i / 100),
                                          .dim = true,
                                          .group = c->groups});
  }
}

/* What a roof is called, without its rate and with it; false: with an earlier one. */
static bool names_of(rl_roofs *roofs, size_t index, const char **brief, const char **says) {
  const char *whose = owners_of(roofs, index);
  if (whose == NULL) return false;
  *brief = words(roofs, whose, roofs->list.items[index].name, "");
  *says = words(roofs, *brief, rate_text(roofs, &roofs->list.items[index]), "");
  return true;
}

/* With its rate, else without, else with a line that leads to it. */
static void name_roof(rl_roofs *roofs, size_t index) {
  const rl_roof *r = &roofs->list.items[index];
  const char *brief, *says;
  if (!names_of(roofs, index, &brief, &says)) return;
  if (name_along(roofs, r, says) || name_along(roofs, r, brief)) return;
  const double room = (roofs->chart->right - roofs->chart->left) * RL_LINE_NAME_ROOM;
  const bool wide = rl_letters_width(&roofs->chart->canvas, says) > room;
  const rl_chart_stroke line = line_of(roofs, r);
  wish_between(roofs, &line, wide ? brief : says);
}

static double ridge_row(const rl_chart *c, int above) {
  return c->bottom + rl_letters_height(&c->canvas) * (0.8 + above);
}

/* Whether a line from the axis up to a row would lie on nothing. */
static bool is_clear(rl_chart *c, double x, int above) {
  for (int row = 0; row <= above; row++) {
    const rl_chart_text nothing = {.text = "", .x = x, .y = ridge_row(c, row)};
    if (!rl_chart_is_free(c, &nothing, c->guides.count)) return false;
  }
  return true;
}

/* A line from the axis. */
static void draw_ridge(rl_chart *c, double x, double high) {
  const rl_chart_stroke ridge = {
      .x0 = x, .y0 = c->bottom, .x1 = x, .y1 = high, .style = RL_STYLE_RIDGE};
  if (c->canvas.text) return;
  rl_chart_add_stroke(c, &ridge);
  rl_chart_add_guide(c, &ridge);
}

/* Beside the foot of a ridge, at the height where there is room; whether there is. foot: the line
 * goes no higher, for names of other roofs have to stand somewhere. */
static bool name_ridge(rl_chart *c, double x, const char *says, bool foot) {
  const double row = rl_letters_height(&c->canvas);
  for (int step = 0; step < 16; step++) {
    const bool left = foot == (step % 2 == 0); /* those to come stand at the right */
    const int above = step / 2;
    const rl_chart_text text = {.text = says,
                                .x = x + (left ? -1 : 1) * row * (c->canvas.text ? 1 : 0.25),
                                .y = ridge_row(c, above),
                                .align = left ? RL_ALIGN_RIGHT : RL_ALIGN_LEFT,
                                .dim = true};
    if (!rl_chart_is_free(c, &text, c->guides.count)) continue;
    if (foot && !is_clear(c, x, above)) continue;
    rl_chart_add_text(c, &text);
    if (foot) draw_ridge(c, x, text.y + row * 0.5);
    return true;
  }
  return false;
}

/* The intensity at which main memory meets the highest ceiling; false where none is shown. */
static bool ridge_of(const rl_roofs *roofs, const rl_roof *r, double *at, double *top) {
  *top = ceiling_of(roofs, r->machine);
  *at = *top / r->rate;
  return r->slope && r->outmost && *top > 0 && *at > roofs->chart->x.low &&
         *at < roofs->chart->x.high;
}

/* The one of least intensity of those that are not told: the feet of the others then pass beside
 * its name. NULL: all are. */
static rl_roof *next_ridge(rl_roofs *roofs) {
  rl_roof *best = NULL;
  double least = 0;
  for (size_t i = 0; i < roofs->list.count; i++) {
    rl_roof *r = &roofs->list.items[i];
    double at, top;
    if (r->told || !ridge_of(roofs, r, &at, &top) || (best != NULL && at >= least)) continue;
    best = r;
    least = at;
  }
  return best;
}

static const char *ridge_text(rl_roofs *roofs, const rl_roof *r, double at) {
  char number[RL_NUMBER_TEXT];
  const char *whose = roofs->machines.count > 1 ? brief_machine(roofs, r->machine) : "";
  return words(roofs, whose, "ridge", rl_print_digits(at, 3, number));
}

static void tell_ridge(rl_roofs *roofs, rl_roof *r) {
  rl_chart *c = roofs->chart;
  double at, top;
  r->told = true;
  if (!ridge_of(roofs, r, &at, &top)) return;
  const bool several = roofs->machines.count > 1;
  const double x = rl_chart_x(c, at), row = rl_letters_height(&c->canvas);
  const char *says = ridge_text(roofs, r, at);
  if (name_ridge(c, x, says, several)) return;
  if (several && is_clear(c, x, 0)) draw_ridge(c, x, c->bottom + row);
  const double foot = c->y.low * pow(c->y.high / c->y.low, 0.04);
  wish_between(roofs, &(rl_chart_stroke){.x0 = at, .y0 = c->y.low, .x1 = at, .y1 = foot}, says);
}

/* Of one machine the ridge is a line from the axis up to the roof. */
static void outline_ridge(rl_roofs *roofs, const rl_roof *r) {
  rl_chart *c = roofs->chart;
  double at, top;
  if (roofs->machines.count == 1 && ridge_of(roofs, r, &at, &top)) {
    draw_ridge(c, rl_chart_x(c, at), rl_chart_y(c, top));
  }
}

void rl_roofs_outline(rl_roofs *roofs) {
  rl_chart *chart = roofs->chart;
  for (size_t i = 0; i < roofs->list.count; i++) {
    rl_roof *r = &roofs->list.items[i];
    const rl_chart_stroke on = on_canvas(roofs, r);
    if (owners_of(roofs, i) == NULL) continue;
    r->guide = chart->guides.count;
    rl_chart_add_guide(chart, &on);
  }
  for (size_t i = 0; i < roofs->list.count; i++) outline_ridge(roofs, &roofs->list.items[i]);
}

void rl_roofs_name(rl_roofs *roofs) {
  for (size_t i = 0; i < roofs->list.count; i++) roofs->list.items[i].told = false;
  for (rl_roof *r = next_ridge(roofs); r != NULL; r = next_ridge(roofs)) tell_ridge(roofs, r);
  for (int slopes = 0; slopes < 2; slopes++) {
    for (size_t i = 0; i < roofs->list.count; i++) {
      if (roofs->list.items[i].slope == (slopes == 1)) name_roof(roofs, i);
    }
  }
}

static bool is_written(const rl_chart *chart, const char *text) {
  for (size_t i = 0; i < chart->texts.count; i++) {
    if (strcmp(chart->texts.items[i].text, text) == 0) return true;
  }
  return false;
}

static void tell_below(rl_roofs *roofs, rl_chart_entries *entries, const char *says) {
  const char **slot = RL_PUSH(roofs->chart->grid.arena, entries);
  if (slot == NULL) roofs->chart->failed = true;
  if (slot != NULL) *slot = says;
}

/* A roof whose figure is not written; numbers: of those without a name so far. */
static void tell_roof_below(rl_roofs *roofs, size_t index, rl_chart_entries *entries,
                            unsigned *numbers) {
  const char *brief, *says;
  if (!names_of(roofs, index, &brief, &says) || is_written(roofs->chart, says)) return;
  if (!is_written(roofs->chart, brief)) {
    const char *number =
        rl_chart_keep(roofs->chart, rl_textf(roofs->chart->grid.arena, "(%u)", *numbers + 1));
    if (name_along(roofs, &roofs->list.items[index], number)) {
      says = words(roofs, number, says, "");
      ++*numbers;
    }
  }
  tell_below(roofs, entries, says);
}

void rl_roofs_tell_rest(rl_roofs *roofs) {
  rl_chart_entries entries = {0};
  unsigned numbers = 0;
  for (size_t i = 0; i < roofs->list.count; i++) tell_roof_below(roofs, i, &entries, &numbers);
  for (size_t i = 0; i < roofs->list.count; i++) {
    const rl_roof *r = &roofs->list.items[i];
    double at, top;
    if (!ridge_of(roofs, r, &at, &top)) continue;
    const char *says = ridge_text(roofs, r, at);
    if (!is_written(roofs->chart, says)) tell_below(roofs, &entries, says);
  }
  rl_chart_add_foot(roofs->chart, &entries);
}
