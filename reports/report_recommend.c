/* A recommendation for people: what meets the targets, what does not and why. */
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "reports/recommendation.h"

/* Rows of each table that people see; the other forms hold all. */
enum { SHOWN = 12 };

#define TIME_COLUMN(key_, head_) \
  { .key = (key_), .head = (head_), .unit = "ms", .scale = 1e3, .rounding = RL_ROUND_DOWN }
#define COST_COLUMN \
  { .key = "cost", .head = "cost", .unit = "$/Mtok", .mark = "\u2265 ", .rounding = RL_ROUND_DOWN }
#define WAY_COLUMNS                                                                             \
  {.key = "hardware", .head = "hardware", .left = true}, {.key = "devices", .head = "devices"}, \
      {.key = "split", .head = "split", .left = true},                                          \
      {.key = "weights", .head = "weights", .left = true},                                      \
      {.key = "kv", .head = "KV", .left = true, .drop = 2}, {                                   \
    .key = "batch", .head = "batch"                                                             \
  }

/* "tp 4 pp 2 mb 4": the degrees above 1, and micro-batches unless there is one for each stage. */
static const char *split_text(rl_arena *arena, const rl_result_option *o) {
  const bool cut = o->pipeline > 1 && o->micro_batches != o->pipeline;
  const struct {
    const char *name;
    uint64_t degree;
  } kinds[] = {{"tp", o->tensor},
               {"pp", o->pipeline},
               {"dp", o->data},
               {"ep", o->expert},
               {"mb", o->micro_batches}};
  const char *text = NULL;
  char number[RL_NUMBER_TEXT];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (i + 1 < sizeof kinds / sizeof *kinds ? kinds[i].degree <= 1 : !cut) continue;
    rl_print_u64(kinds[i].degree, number);
    text = text == NULL ? rl_textf(arena, "%s %s", kinds[i].name, number)
                        : rl_textf(arena, "%s %s %s", text, kinds[i].name, number);
    if (text == NULL) return NULL; /* told as if there were none */
  }
  return text;
}

static void way_cells(rl_grid *grid, rl_cell *row, const rl_result_recommendation *r,
                      const rl_result_option *o) {
  row[0] = rl_cell_text(o->hardware);
  row[1] = rl_cell_count(o->devices);
  row[2] = rl_cell_text(split_text(grid->arena, o));
  row[3] = rl_cell_text(o->weights);
  if (r->keeps_kv) row[4] = rl_cell_text(o->kv);
  if (o->batch > 0) row[5] = rl_cell_count(o->batch);
}

static void grid_meeting(rl_grid *grid, rl_arena *arena, const rl_result_recommendation *r) {
  static const rl_column columns[] = {
      WAY_COLUMNS,
      TIME_COLUMN("tpot_s", "TPOT"),
      TIME_COLUMN("ttft_s", "TTFT"),
      RL_MEMORY_COLUMN,
      {.key = "decode_rate",
       .head = "all sequences",
       .unit = "tokens/s",
       .mark = "\u2264 ",
       .rounding = RL_ROUND_UP},
      COST_COLUMN,
  };
  static const rl_column of_a_pass[] = {
      WAY_COLUMNS,
      TIME_COLUMN("tpot_s", "TPOT"),
      TIME_COLUMN("pass_s", "pass"),
      RL_MEMORY_COLUMN,
      {.key = "sequence_rate",
       .head = "sequences",
       .unit = "a second",
       .mark = "\u2264 ",
       .rounding = RL_ROUND_UP},
      COST_COLUMN,
  };
  rl_grid_init(grid, arena, r->one_pass ? of_a_pass : columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < r->meeting && i < SHOWN; i++) {
    const rl_result_option *o = &r->options[i];
    rl_cell *row = rl_grid_row(grid);
    way_cells(grid, row, r, o);
    row[6] = rl_cell_positive(o->tpot);
    row[7] = rl_cell_positive(o->ttft);
    row[8] = rl_cell_count(o->memory);
    row[9] = rl_cell_positive(r->one_pass ? o->sequence_rate : o->decode_rate);
    row[10] = rl_cell_positive(o->cost);
  }
  rl_grid_trim(grid, r->keeps_kv ? 10 : 4);
}

static void grid_missing(rl_grid *grid, rl_arena *arena, const rl_result_recommendation *r) {
  static const rl_column columns[] = {
      WAY_COLUMNS,
      {.key = "why", .head = "why not", .left = true},
  };
  rl_grid_init(grid, arena, columns, sizeof columns / sizeof *columns);
  for (size_t i = r->meeting; i < r->option_count && i < r->meeting + SHOWN; i++) {
    rl_cell *row = rl_grid_row(grid);
    way_cells(grid, row, r, &r->options[i]);
    row[6] = rl_cell_text(r->options[i].why);
  }
  if (!r->keeps_kv) rl_grid_trim(grid, 4);
}

/* Dollars (unit NULL) take no prefix. */
static void add_target(rl_buf *out, const char *what, double value, const char *unit) {
  char number[RL_NUMBER_TEXT];
  if (!(value > 0)) return;
  if (out->length > 0) rl_buf_add(out, " \u00b7 ");
  RL_ADD(out, what, " \u2264 ");
  rl_buf_add(out, unit == NULL ? rl_print_digits(value, 6, number)
                               : rl_print_si_exact(value, unit, number));
}

/* "TPOT ≤ 50 ms · TTFT ≤ 1 s, held against times at best: ..." */
static void targets_line(rl_buf *out, const rl_result_recommendation *r) {
  add_target(out, "TPOT", r->tpot, "s");
  add_target(out, r->one_pass ? "pass" : "TTFT", r->ttft, "s");
  add_target(out, "$/Mtok", r->cost, NULL);
  rl_buf_add(out, out->length == 0
                      ? "none but the memory"
                      : ", held against times at best: what fails here fails everywhere, what "
                        "passes may be too slow on a real system");
}

static void workload_line(rl_buf *out, const rl_result_recommendation *r) {
  rl_add_count(out, r->prompt);
  if (r->one_pass) {
    rl_buf_add(out, " tokens a sequence, read in one pass \u00b7 static batch, no queueing");
    return;
  }
  rl_buf_add(out, " prompt + ");
  rl_add_count(out, r->generate);
  rl_buf_add(out, " generated tokens \u00b7 static batch, no queueing");
}

static void model_line(rl_buf *out, const rl_result_recommendation *r) {
  RL_ADD(out, r->model, " \u00b7 profile ", r->profile, ": all times are at best");
}

enum { LINES = 3, LINE_BYTES = 4096 };
static const struct {
  const char *title;
  void (*write)(rl_buf *out, const rl_result_recommendation *r);
} lines[LINES] = {{"model", model_line}, {"workload", workload_line}, {"targets", targets_line}};

/* What stands behind a title; NULL, and the buffer fails, when memory ran out. */
static const char *line_text(rl_buf *out, const rl_result_recommendation *r, size_t line) {
  rl_buf text;
  rl_buf_init(&text, out->arena, LINE_BYTES);
  lines[line].write(&text, r);
  out->failed = out->failed || text.failed;
  return text.failed ? NULL : text.text;
}

static const char *meeting_title(const rl_result_recommendation *r) {
  if (r->meeting == 0) return "NOTHING MEETS THE TARGETS";
  if (r->one_pass) {
    return r->priced
               ? "MEETS THE TARGETS, cheapest first: dollars a million tokens read"
               : "MEETS THE TARGETS, fewest devices first, then most sequences/s a device: no "
                 "price is known";
  }
  if (r->priced) {
    return "MEETS THE TARGETS, cheapest first: dollars a million generated tokens, prompts "
           "included";
  }
  return "MEETS THE TARGETS, fewest devices first, then most tokens/s a device: no price is known";
}

static const char MISSING_TITLE[] = "DOES NOT, nearest first";

/* "and 34 more, which --format csv and json hold" */
static void more(rl_buf *out, size_t count) {
  if (count <= SHOWN) return;
  rl_buf_add(out, "and ");
  rl_add_count(out, count - SHOWN);
  rl_buf_add(out, " more, which --format csv and json hold\n");
}

static void title(rl_buf *out, const rl_style *style, const char *text) {
  rl_buf_add(out, "\n");
  rl_ink_set(out, style, RL_INK_HEAD);
  rl_paragraph(out, style, text, 0, 0);
  rl_ink_set(out, style, RL_INK_PLAIN);
}

void rl_recommendation_terminal(rl_buf *out, const rl_result_recommendation *r,
                                const rl_style *style) {
  enum { HEADER_COLUMN = 10 };
  rl_grid grid;
  for (size_t i = 0; i < LINES; i++) {
    const char *text = line_text(out, r, i);
    if (text == NULL) return;
    rl_ink_set(out, style, RL_INK_HEAD);
    rl_buf_add(out, lines[i].title);
    rl_ink_set(out, style, RL_INK_PLAIN);
    rl_buf_pad(out, ' ', HEADER_COLUMN - strlen(lines[i].title));
    rl_paragraph(out, style, text, HEADER_COLUMN, HEADER_COLUMN);
  }
  title(out, style, meeting_title(r));
  if (r->meeting > 0) {
    grid_meeting(&grid, out->arena, r);
    rl_grid_terminal(out, &grid, style);
    more(out, r->meeting);
  }
  if (r->meeting == r->option_count) return;
  title(out, style, MISSING_TITLE);
  grid_missing(&grid, out->arena, r);
  rl_grid_terminal(out, &grid, style);
  more(out, r->option_count - r->meeting);
}

void rl_recommendation_markdown(rl_buf *out, const rl_result_recommendation *r) {
  rl_grid grid;
  rl_buf_add(out, "## rooflinectl recommend\n\n");
  for (size_t i = 0; i < LINES; i++) {
    const char *text = line_text(out, r, i);
    if (text == NULL) return;
    RL_ADD(out, "- **", lines[i].title, "** ");
    rl_quote(out, RL_QUOTE_MARKDOWN, text);
    rl_buf_add(out, "\n");
  }
  RL_ADD(out, "\n### ", meeting_title(r), "\n\n");
  if (r->meeting > 0) {
    grid_meeting(&grid, out->arena, r);
    rl_grid_markdown(out, &grid);
    more(out, r->meeting);
  }
  if (r->meeting == r->option_count) return;
  RL_ADD(out, "\n### ", MISSING_TITLE, "\n\n");
  grid_missing(&grid, out->arena, r);
  rl_grid_markdown(out, &grid);
  more(out, r->option_count - r->meeting);
}
