/* Memory by class over the phases of a generation, for people. */
#include <string.h>

#include "reports/report.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

rl_cell rl_cell_tokens(uint64_t tokens) {
  return tokens == RL_RESULT_UNLIMITED ? (rl_cell){0} : rl_cell_count(tokens);
}

#define GB_COLUMN(key_, head_, group_, drop_)                                       \
  {                                                                                 \
    .key = (key_), .head = (head_), .unit = "GB", .scale = 1e-9, .group = (group_), \
    .rounding = RL_ROUND_UP, .drop = (drop_)                                        \
  }
static const char PREFILL[] = "end of the prefill", PASS[] = "in the pass",
                  DECODE[] = "last decode step", ELSEWHERE[] = "elsewhere",
                  LONGEST[] = "longest that fits";

static void phase_cells(rl_cell *row, const rl_result_memory *memory) {
  row[0] = rl_cell_count(memory->kv);
  if (memory->state > 0) row[1] = rl_cell_count(memory->state);
  row[2] = rl_cell_count(memory->activations);
  row[3] = rl_cell_count(memory->total);
}

/* Of a model of one pass: no prefill ends, and nothing is a context. */
static void name_pass(rl_column *columns, size_t count) {
  for (size_t c = 0; c < count; c++) {
    if (columns[c].group == PREFILL) columns[c].group = PASS;
  }
  columns[count - 1].head = "sequence";
}

void rl_grid_memory(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  static const rl_column all[] = {
      {.key = "batch", .head = "batch"},
      GB_COLUMN("weight_bytes", "weights", NULL, 3),
      GB_COLUMN("prefill_kv_bytes", "KV", PREFILL, 1),
      GB_COLUMN("prefill_state_bytes", "state", PREFILL, 1),
      GB_COLUMN("prefill_activation_bytes", "activ.", PREFILL, 2),
      GB_COLUMN("prefill_bytes", "total", PREFILL, 0),
      GB_COLUMN("decode_kv_bytes", "KV", DECODE, 1),
      GB_COLUMN("decode_state_bytes", "state", DECODE, 1),
      GB_COLUMN("decode_activation_bytes", "activ.", DECODE, 2),
      GB_COLUMN("decode_bytes", "total", DECODE, 0),
      GB_COLUMN("host_bytes", "host", ELSEWHERE, 0),
      GB_COLUMN("storage_bytes", "storage", ELSEWHERE, 0),
      {.key = "longest_context", .head = "context", .unit = "tokens", .group = LONGEST},
      {.key = "longest_prompt", .head = "prompt", .unit = "tokens", .group = LONGEST, .drop = 1},
  };
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, COUNT(all));
  rl_grid_init(grid, arena, columns, COUNT(all));
  if (columns == NULL) {
    grid->failed = true;
    return;
  }
  memcpy(columns, all, sizeof all);
  bool one_pass = system->batch_count > 0 && strcmp(system->batches[0].worst.phase, "pass") == 0;
  if (one_pass) name_pass(columns, COUNT(all));
  for (size_t i = 0; i < system->batch_count; i++) {
    const rl_result_batch *b = &system->batches[i];
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_count(b->batch);
    row[1] = rl_cell_count(b->worst.weights);
    phase_cells(row + 2, &b->phases[0]);
    if (b->phase_count > 1) phase_cells(row + 6, &b->phases[1]);
    if (!system->keeps_kv) row[2] = row[6] = (rl_cell){0};
    if (b->worst.host > 0) row[10] = rl_cell_count(b->worst.host);
    if (b->worst.storage > 0) row[11] = rl_cell_count(b->worst.storage);
    row[12] = rl_cell_tokens(b->longest_context);
    row[13] = rl_cell_tokens(b->longest_prompt);
  }
  rl_grid_trim(grid, 1); /* no KV, no state, no decode steps, nothing elsewhere, no limit */
}
