/* The tables of a model that reads whole sequences in one pass and generates nothing, for people.
 */
#include "reports/report.h"

static const char MARK[] = "\u2264 ";

enum {
  P_BATCH,
  P_TIME,
  P_SEQUENCES,
  P_TOKENS,
  P_LIMIT,
  P_MEMORY,
  P_FITS,
  P_ENERGY,
  P_PRICE,
  P_COLUMNS
};

static const rl_column pass_columns[P_COLUMNS] = {
    [P_BATCH] = {.key = "batch", .head = "batch"},
    [P_TIME] = {.key = "pass_s",
                .head = "time",
                .unit = "ms a pass",
                .scale = 1e3,
                .rounding = RL_ROUND_DOWN},
    [P_SEQUENCES] = {.key = "sequence_rate",
                     .head = "sequences",
                     .unit = "a second",
                     .mark = MARK,
                     .rounding = RL_ROUND_UP},
    [P_TOKENS] = {.key = "prefill_rate",
                  .head = "tokens",
                  .unit = "a second",
                  .mark = MARK,
                  .rounding = RL_ROUND_UP},
    [P_LIMIT] = {.key = "prefill_limit", .head = "bound by", .left = true},
    [P_MEMORY] = RL_MEMORY_COLUMN,
    [P_FITS] = {.key = "fits", .head = "fits"},
    [P_ENERGY] = {.key = "energy_j_per_token", .head = "energy", .unit = "J a token", .drop = 2},
    [P_PRICE] = {.key = "price_usd_per_mtok",
                 .head = "price",
                 .unit = "$/Mtok",
                 .mark = "\u2265 ",
                 .rounding = RL_ROUND_DOWN,
                 .drop = 3},
};

static void pass_cells(rl_grid *grid, rl_cell *row, const rl_result_batch *b) {
  row[P_BATCH] = rl_cell_count(b->batch);
  row[P_TIME] = rl_cell_positive(b->ttft);
  row[P_SEQUENCES] = rl_cell_positive(b->sequence_rate);
  row[P_TOKENS] = rl_cell_positive(b->prefill_rate);
  row[P_LIMIT] = rl_cell_limit(grid, &b->prefill_limit);
  row[P_MEMORY] = rl_cell_count(b->worst.total);
  row[P_FITS] = rl_cell_fits(b);
  row[P_ENERGY] = rl_cell_positive(b->energy.prefill);
  row[P_PRICE] = rl_cell_positive(b->price.input);
}

void rl_grid_pass(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  rl_grid_init(grid, arena, pass_columns, P_COLUMNS);
  for (size_t i = 0; i < system->batch_count; i++) {
    pass_cells(grid, rl_grid_row(grid), &system->batches[i]);
  }
  rl_grid_trim(grid, P_ENERGY);
}

/* The same with the machine in front, and how large a batch it holds behind. */
enum { S_HARDWARE, S_PASS, S_LARGEST = S_PASS + P_COLUMNS, S_COLUMNS };

void rl_grid_pass_systems(rl_grid *grid, rl_arena *arena, const rl_result *result) {
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, S_COLUMNS);
  rl_grid_init(grid, arena, columns, S_COLUMNS);
  if (columns == NULL) {
    grid->failed = true;
    return;
  }
  columns[S_HARDWARE] = (rl_column){.key = "hardware", .head = "hardware", .left = true};
  for (int c = 0; c < P_COLUMNS; c++) columns[S_PASS + c] = pass_columns[c];
  columns[S_LARGEST] =
      (rl_column){.key = "largest_batch", .head = "up to", .unit = "batch", .drop = 1};
  for (size_t s = 0; s < result->system_count; s++) {
    const rl_result_system *system = &result->systems[s];
    for (size_t i = 0; i < system->batch_count; i++) {
      rl_cell *row = rl_grid_row(grid);
      row[S_HARDWARE] = rl_cell_text(system->name);
      pass_cells(grid, row + S_PASS, &system->batches[i]);
      row[S_LARGEST] = rl_cell_count(system->largest_batch);
    }
  }
  rl_grid_trim(grid, S_PASS + P_ENERGY);
}
