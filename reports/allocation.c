/* An allocation of formats: a table of operators under a few lines that say what was asked for. */
#include "reports/allocation.h"

#include "base/number.h"
#include "base/quote.h"

enum { A_NAME, A_FORMAT, A_BITS, A_PARAMETERS, A_BYTES, A_WORTH, A_COLUMNS };

static const rl_column columns[A_COLUMNS] = {
    [A_NAME] = {.key = "operator", .head = "operator", .left = true},
    [A_FORMAT] = {.key = "format", .head = "format", .left = true},
    [A_BITS] = {.key = "bits_per_value", .head = "bits", .unit = "a value", .digits = 4},
    [A_PARAMETERS] = {.key = "parameters", .head = "parameters", .unit = "M", .scale = 1e-6},
    [A_BYTES] = {.key = "stored_bytes",
                 .head = "stored",
                 .unit = "MB",
                 .scale = 1e-6,
                 .rounding = RL_ROUND_UP},
    [A_WORTH] = {.key = "worth", .head = "worth"},
};

static void fill(rl_grid *grid, rl_arena *arena, const rl_result_allocation *r) {
  rl_grid_init(grid, arena, columns, A_COLUMNS);
  for (size_t i = 0; i < r->share_count; i++) {
    const rl_result_share *share = &r->shares[i];
    rl_cell *row = rl_grid_row(grid);
    row[A_NAME] = rl_cell_text(share->name);
    row[A_FORMAT] = rl_cell_text(share->format);
    row[A_BITS] = rl_cell_real(8 * (double)share->bytes / (double)share->parameters);
    row[A_PARAMETERS] = rl_cell_count(share->parameters);
    row[A_BYTES] = rl_cell_count(share->bytes);
    row[A_WORTH] = rl_cell_real(share->worth);
  }
}

static void add_bytes(rl_buf *out, const char *before, uint64_t bytes, const char *after) {
  char number[RL_NUMBER_TEXT];
  RL_ADD(out, before, rl_print_grouped(bytes, number), " B", after);
}

static void add_seconds(rl_buf *out, const char *before, double seconds, const char *after) {
  char number[RL_NUMBER_TEXT];
  RL_ADD(out, before, rl_print_si(seconds, "s", number), after);
}

static void add_time(rl_buf *out, const rl_result_allocation *r) {
  char batch[RL_NUMBER_TEXT];
  add_seconds(out, "\nbudget    ", r->seconds, " a decode step of batch ");
  RL_ADD(out, rl_print_grouped(r->batch, batch), " on ");
  rl_quote(out, RL_QUOTE_TERMINAL, r->hardware);
  add_seconds(out, "\ntakes     ", r->tpot, ", at best");
  if (!r->fits) RL_ADD(out, "; its memory is too small");
}

static void add_head(rl_buf *out, const rl_result_allocation *r) {
  RL_ADD(out, "model     ");
  rl_quote(out, RL_QUOTE_TERMINAL, r->model);
  if (r->seconds > 0) add_time(out, r);
  if (!(r->seconds > 0)) add_bytes(out, "\nbudget    ", r->budget, " for all weights");
  add_bytes(out, "\nstored    ", r->total, "");
  add_bytes(out, ", of which ", r->other, " are of other weights and signs of rotations");
  RL_ADD(out,
         "\nchoice    most stored bits, each operator's times its worth; no accuracy is predicted",
         "\nweights   ");
  rl_quote(out, RL_QUOTE_TERMINAL, r->weights);
  RL_ADD(out, "\n\n");
}

void rl_allocation_terminal(rl_buf *out, const rl_result_allocation *r, const rl_style *style) {
  rl_grid grid;
  fill(&grid, out->arena, r);
  add_head(out, r);
  rl_grid_terminal(out, &grid, style);
}

void rl_allocation_markdown(rl_buf *out, const rl_result_allocation *r) {
  rl_grid grid;
  fill(&grid, out->arena, r);
  RL_ADD(out, "Weights `");
  rl_quote(out, RL_QUOTE_MARKDOWN, r->weights);
  add_bytes(out, "` take ", r->total, "");
  if (r->seconds > 0) {
    add_seconds(out, " and a decode step ", r->tpot, "");
    add_seconds(out, " of ", r->seconds, ".\n\n");
  } else {
    add_bytes(out, " of ", r->budget, ".\n\n");
  }
  rl_grid_markdown(out, &grid);
}

void rl_allocation_csv(rl_buf *out, const rl_result_allocation *r) {
  rl_grid grid;
  fill(&grid, out->arena, r);
  rl_grid_csv(out, &grid);
}

void rl_allocation_json(rl_buf *out, const rl_result_allocation *r) {
  rl_json json;
  rl_grid grid;
  fill(&grid, out->arena, r);
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "allocation");
  rl_json_text(&json, "version", r->version);
  rl_json_text(&json, "model", r->model);
  rl_json_text(&json, "weights", r->weights);
  if (r->seconds > 0) {
    rl_json_text(&json, "hardware", r->hardware);
    rl_json_count(&json, "batch", r->batch);
    rl_json_real(&json, "budget_s", r->seconds);
    rl_json_real(&json, "tpot_s", r->tpot);
    rl_json_flag(&json, "fits", r->fits);
  } else {
    rl_json_count(&json, "budget_bytes", r->budget);
  }
  rl_json_count(&json, "stored_bytes", r->total);
  rl_json_count(&json, "other_bytes", r->other);
  rl_grid_json(&json, "operators", &grid);
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
