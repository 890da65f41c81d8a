/* Two results beside each other: what went in, what came out, operator by operator. */
#include "reports/difference.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/quote.h"

enum { IN_KEY, IN_A, IN_B, IN_COLUMNS };
static const rl_column input_columns[IN_COLUMNS] = {
    [IN_KEY] = {.key = "key", .head = "input", .left = true},
    [IN_A] = {.key = "a", .head = "a", .left = true},
    [IN_B] = {.key = "b", .head = "b", .left = true},
};

enum { AN_BATCH_A, AN_BATCH_B, AN_FIGURE, AN_A, AN_B, AN_UNIT, AN_CHANGE, AN_COLUMNS };
static const rl_column answer_columns[AN_COLUMNS] = {
    [AN_BATCH_A] = {.key = "batch_a", .head = "batch"},
    [AN_BATCH_B] = {.key = "batch_b"},
    [AN_FIGURE] = {.key = "figure", .head = "at best", .left = true},
    [AN_A] = {.key = "a", .head = "a"},
    [AN_B] = {.key = "b", .head = "b"},
    [AN_UNIT] = {.key = "unit"},
    [AN_CHANGE] = {.key = "change_percent", .head = "change", .left = true},
};

enum {
  OP_PHASE,
  OP_BATCH_A,
  OP_BATCH_B,
  OP_STAGE,
  OP_NAME,
  OP_LAYER,
  OP_STATE,
  OP_REPEAT_A,
  OP_REPEAT_B,
  OP_TIME_A,
  OP_TIME_B,
  OP_CHANGE,
  OP_BYTES_A,
  OP_BYTES_B,
  OP_FLOP_A,
  OP_FLOP_B,
  OP_BOUND_A,
  OP_BOUND_B,
  OP_COLUMNS
};
#define TIME(name, side)                                                                        \
  {                                                                                             \
    .key = (name), .head = (side), .unit = "ms", .group = "at best", .scale = 1e3, .digits = 3, \
    .rounding = RL_ROUND_DOWN                                                                   \
  }
#define AMOUNT(name, side, title, people, by, first)                                               \
  {                                                                                                \
    .key = (name), .head = (side), .unit = (people), .group = (title), .scale = (by), .digits = 3, \
    .drop = (first)                                                                                \
  }
static const rl_column operator_columns[OP_COLUMNS] = {
    [OP_PHASE] = {.key = "phase"},
    [OP_BATCH_A] = {.key = "batch_a"},
    [OP_BATCH_B] = {.key = "batch_b"},
    [OP_STAGE] = {.key = "stage"},
    [OP_NAME] = {.key = "operator", .head = "operator", .left = true},
    [OP_LAYER] = {.key = "first_layer"},
    [OP_STATE] = {.key = "state", .head = "", .left = true},
    [OP_REPEAT_A] = {.key = "repeat_a"},
    [OP_REPEAT_B] = {.key = "repeat_b"},
    [OP_TIME_A] = TIME("time_at_best_a_s", "a"),
    [OP_TIME_B] = TIME("time_at_best_b_s", "b"),
    [OP_CHANGE] = {.key = "change_percent", .head = "change", .group = "at best", .left = true},
    [OP_BYTES_A] = AMOUNT("bytes_a", "a", "bytes", "MB", 1e-6, 1),
    [OP_BYTES_B] = AMOUNT("bytes_b", "b", "bytes", "MB", 1e-6, 1),
    [OP_FLOP_A] = AMOUNT("flop_a", "a", "operations", "GFLOP", 1e-9, 2),
    [OP_FLOP_B] = AMOUNT("flop_b", "b", "operations", "GFLOP", 1e-9, 2),
    [OP_BOUND_A] = {.key = "bound_a", .head = "a", .group = "bound", .left = true},
    [OP_BOUND_B] = {.key = "bound_b", .head = "b", .group = "bound", .left = true},
};

/* By how many percent b is more than a; people see the sign, and "new" or "gone". */
static rl_cell change(rl_arena *arena, double a, double b) {
  char text[RL_NUMBER_TEXT];
  const double hundred = 100, seen = 0.05;
  if (!(a > 0) || !(b > 0)) return (rl_cell){0};
  rl_cell cell = rl_cell_real((b - a) / a * hundred);
  const double percent = fabs(cell.real);
  const char *sign = percent < seen ? "" : cell.real < 0 ? "-" : "+";
  if (a == b) {
    cell.text = "=";
  } else if (percent < seen) {
    cell.text = rl_textf(arena, "%s<0.1 %%", b > a ? "+" : "-");
  } else {
    cell.text = rl_textf(arena, "%s%s %%", sign, rl_print_fixed(percent, 1, text));
  }
  return cell;
}

static void fill_inputs(rl_grid *grid, rl_arena *arena, const rl_difference *d) {
  rl_grid_init(grid, arena, input_columns, IN_COLUMNS);
  for (size_t i = 0; i < d->input_count; i++) {
    rl_cell *row = rl_grid_row(grid);
    row[IN_KEY] = rl_cell_text(d->inputs[i].key);
    row[IN_A] = rl_cell_text(d->inputs[i].a);
    row[IN_B] = rl_cell_text(d->inputs[i].b);
  }
}

/* Of a fraction as many digits as people read: 8.000001907348633 -> 8.000002. */
static const char *read_aloud(rl_arena *arena, const char *text) {
  const int digits = 7;
  const double large = 1e6;
  char number[RL_NUMBER_TEXT];
  double value;
  if (text == NULL || strchr(text, '.') == NULL) return text;
  if (!rl_scan_double(text, strlen(text), &value) || fabs(value) >= large) return text;
  return rl_strdup(arena, rl_print_digits(value, digits, number));
}

/* For people: fractions are rounded, unless that would make both sides the same. */
static void round_inputs(rl_grid *grid, rl_arena *arena) {
  for (size_t i = 0; i < grid->rows.count; i++) {
    rl_cell *row = grid->rows.items[i];
    const char *a = read_aloud(arena, row[IN_A].text), *b = read_aloud(arena, row[IN_B].text);
    if (a != NULL && b != NULL && strcmp(a, b) == 0) continue;
    row[IN_A] = rl_cell_text(a);
    row[IN_B] = rl_cell_text(b);
  }
}

enum { DIGITS = 3 };

/* What bounds from below is rounded down, rates and memory that is needed up. */
static rl_cell figure(rl_arena *arena, double value, const char *unit) {
  char text[RL_NUMBER_TEXT];
  rl_cell cell = rl_cell_positive(value);
  const rl_rounding rounding = strcmp(unit, "s") == 0 ? RL_ROUND_DOWN : RL_ROUND_UP;
  if (cell.kind == RL_CELL_NONE) return cell;
  cell.text = strlen(unit) > 1
                  ? rl_textf(arena, "%s %s", rl_print_rounded(value, DIGITS, rounding, text), unit)
                  : rl_strdup(arena, rl_print_si_rounded(value, unit, DIGITS, rounding, text));
  return cell;
}

/* "1", or "1 and 8". */
static const char *batches(rl_arena *arena, uint64_t a, uint64_t b) {
  char of_a[RL_NUMBER_TEXT], of_b[RL_NUMBER_TEXT];
  rl_print_grouped(a, of_a);
  if (a == b) return rl_strdup(arena, of_a);
  return rl_textf(arena, "%s and %s", of_a, rl_print_grouped(b, of_b));
}

static void fill_answers(rl_grid *grid, rl_arena *arena, const rl_difference *d) {
  rl_grid_init(grid, arena, answer_columns, AN_COLUMNS);
  for (size_t i = 0; i < d->answer_count; i++) {
    const rl_differing_answer *answer = &d->answers[i];
    rl_cell *row = rl_grid_row(grid);
    row[AN_BATCH_A] = rl_cell_count(answer->batch_a);
    row[AN_BATCH_A].text = batches(arena, answer->batch_a, answer->batch_b);
    row[AN_BATCH_B] = rl_cell_count(answer->batch_b);
    row[AN_FIGURE] = rl_cell_text(answer->figure);
    row[AN_A] = figure(arena, answer->a, answer->unit);
    row[AN_B] = figure(arena, answer->b, answer->unit);
    row[AN_UNIT] = rl_cell_text(answer->unit);
    row[AN_CHANGE] = change(arena, answer->a, answer->b);
  }
}

static bool is_alike(const rl_differing_operator *op) {
  const rl_amounts *a = &op->a, *b = &op->b;
  const bool bounds =
      a->bound == NULL || b->bound == NULL ? a->bound == b->bound : strcmp(a->bound, b->bound) == 0;
  return a->there && b->there && a->repeat == b->repeat && a->seconds == b->seconds &&
         a->bytes == b->bytes && a->flop == b->flop && bounds;
}

static void fill_side(rl_cell *row, const rl_amounts *side, int step) {
  if (!side->there) return;
  if (side->repeat > 0) row[OP_REPEAT_A + step] = rl_cell_count(side->repeat);
  row[OP_TIME_A + step] = rl_cell_real(side->seconds);
  row[OP_BYTES_A + step] = rl_cell_count(side->bytes);
  row[OP_FLOP_A + step] = rl_cell_count(side->flop);
  row[OP_BOUND_A + step] = rl_cell_text(side->bound);
}

static void fill_operator(rl_grid *grid, rl_arena *arena, const rl_differing_operator *op) {
  rl_cell *row = rl_grid_row(grid);
  row[OP_PHASE] = rl_cell_text(op->phase);
  row[OP_BATCH_A] = rl_cell_count(op->batch_a);
  row[OP_BATCH_B] = rl_cell_count(op->batch_b);
  if (op->stage > 0) row[OP_STAGE] = rl_cell_count(op->stage);
  row[OP_NAME] = rl_cell_text(op->name == NULL ? "all operators" : op->name);
  if (op->layered) row[OP_LAYER] = rl_cell_count(op->first_layer);
  row[OP_STATE] = rl_cell_text(op->a.there ? (op->b.there ? NULL : "gone") : "new");
  fill_side(row, &op->a, 0);
  fill_side(row, &op->b, 1);
  row[OP_CHANGE] = change(arena, op->a.seconds, op->b.seconds);
}

static bool same_pass(const rl_differing_operator *a, const rl_differing_operator *b) {
  return strcmp(a->phase, b->phase) == 0 && a->batch_a == b->batch_a && a->batch_b == b->batch_b &&
         a->stage == b->stage;
}

/* The operators from `first` on that are of one pass; returns how many. For people: only those that
 * differ; *alike is how many do not. */
static size_t fill_pass(rl_grid *grid, rl_arena *arena, const rl_difference *d, size_t first,
                        size_t *alike) {
  size_t count = 0;
  rl_grid_init(grid, arena, operator_columns, OP_COLUMNS);
  *alike = 0;
  for (; first + count < d->operator_count; count++) {
    const rl_differing_operator *op = &d->operators[first + count];
    if (!same_pass(op, &d->operators[first])) break;
    if (op->name != NULL && is_alike(op)) {
      ++*alike;
    } else {
      fill_operator(grid, arena, op);
    }
  }
  return count;
}

/* Beside operators that are new or gone nothing is said of those that both have. */
static void blank_states(rl_grid *grid) {
  bool told = false;
  for (size_t i = 0; i < grid->rows.count; i++) {
    told = told || grid->rows.items[i][OP_STATE].kind != RL_CELL_NONE;
  }
  for (size_t i = 0; told && i < grid->rows.count; i++) {
    rl_cell *state = &grid->rows.items[i][OP_STATE];
    if (state->kind == RL_CELL_NONE) *state = rl_cell_text("");
  }
}

/* "OPERATORS of a decode pass, batch 1 and 8, stage 2, all repeats; 3 are alike" */
static const char *pass_title(rl_arena *arena, const rl_differing_operator *op, size_t alike) {
  char count[RL_NUMBER_TEXT];
  const char *both = batches(arena, op->batch_a, op->batch_b), *stage = "", *rest = "";
  if (op->stage > 0) stage = rl_textf(arena, ", stage %llu", (unsigned long long)op->stage);
  if (alike > 0) rest = rl_textf(arena, "; %s alike left out", rl_print_grouped(alike, count));
  if (both == NULL || stage == NULL || rest == NULL) return NULL;
  return rl_textf(arena, "OPERATORS of the %s pass, batch %s%s, all repeats%s", op->phase, both,
                  stage, rest);
}

/* Draws a title and a table in some form. */
typedef struct painter {
  rl_buf *out;
  const rl_style *style; /* NULL: Markdown */
} painter;

static void paint(const painter *p, const char *title, const rl_grid *grid) {
  if (title == NULL) p->out->failed = true;
  if (title == NULL) return;
  rl_buf_add(p->out, p->style != NULL ? "\n" : "\n### ");
  if (p->style != NULL) rl_ink_set(p->out, p->style, RL_INK_HEAD);
  rl_quote(p->out, p->style != NULL ? RL_QUOTE_TERMINAL : RL_QUOTE_MARKDOWN, title);
  if (p->style != NULL) rl_ink_set(p->out, p->style, RL_INK_PLAIN);
  rl_buf_add(p->out, p->style != NULL ? "\n" : "\n\n");
  if (p->style != NULL) {
    rl_grid_terminal(p->out, grid, p->style);
  } else {
    rl_grid_markdown(p->out, grid);
  }
}

static void name_side(const painter *p, const char *side, const char *name) {
  rl_buf_add(p->out, p->style != NULL ? "" : "- **");
  rl_buf_add(p->out, side);
  rl_buf_add(p->out, p->style != NULL ? "  " : "** ");
  rl_quote(p->out, p->style != NULL ? RL_QUOTE_TERMINAL : RL_QUOTE_MARKDOWN, name);
  rl_buf_add(p->out, "\n");
}

static void paint_all(const painter *p, const rl_difference *d) {
  rl_arena *arena = p->out->arena;
  rl_grid grid;
  name_side(p, "a", d->a);
  name_side(p, "b", d->b);
  fill_inputs(&grid, arena, d);
  round_inputs(&grid, arena);
  if (d->input_count > 0) paint(p, "INPUTS that differ", &grid);
  if (d->input_count == 0) rl_buf_add(p->out, "\nNo input differs.\n");
  fill_answers(&grid, arena, d);
  paint(p, "ANSWERS, at best", &grid);
  for (size_t first = 0; first < d->operator_count;) {
    size_t alike;
    const rl_differing_operator *op = &d->operators[first];
    first += fill_pass(&grid, arena, d, first, &alike);
    blank_states(&grid);
    rl_grid_trim(&grid, OP_NAME + 1);
    paint(p, pass_title(arena, op, alike), &grid);
  }
}

void rl_report_difference_terminal(rl_buf *out, const rl_difference *difference,
                                   const rl_style *style) {
  const painter p = {out, style};
  paint_all(&p, difference);
}

void rl_report_difference_markdown(rl_buf *out, const rl_difference *difference) {
  const painter p = {out, NULL};
  paint_all(&p, difference);
}

static void fill_operators(rl_grid *grid, rl_arena *arena, const rl_difference *d) {
  rl_grid_init(grid, arena, operator_columns, OP_COLUMNS);
  for (size_t i = 0; i < d->operator_count; i++) fill_operator(grid, arena, &d->operators[i]);
}

void rl_report_difference_csv(rl_buf *out, const rl_difference *difference) {
  rl_grid grid;
  fill_operators(&grid, out->arena, difference);
  rl_grid_csv(out, &grid);
}

void rl_report_difference_json(rl_buf *out, const rl_difference *difference) {
  rl_json json;
  rl_grid grid;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "diff");
  rl_json_text(&json, "a", difference->a);
  rl_json_text(&json, "b", difference->b);
  fill_inputs(&grid, out->arena, difference);
  rl_grid_json(&json, "inputs", &grid);
  fill_answers(&grid, out->arena, difference);
  rl_grid_json(&json, "answers", &grid);
  fill_operators(&grid, out->arena, difference);
  rl_grid_json(&json, "operators", &grid);
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
