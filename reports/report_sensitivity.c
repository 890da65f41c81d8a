/* Elasticities of the times, for people. */
#include <string.h>

#include "reports/report.h"

/* The elasticity to a figure at another batch; NULL when nothing is ruled by it there. */
static const rl_result_sensitivity *same_figure(const rl_result_batch *b,
                                                const rl_result_sensitivity *s) {
  for (size_t i = 0; i < b->sensitivity_count; i++) {
    const rl_result_figure *figure = &b->sensitivities[i].figure;
    if (strcmp(figure->name, s->figure.name) != 0) continue;
    if (figure->value == s->figure.value) return &b->sensitivities[i];
  }
  return NULL;
}

static rl_cell elasticity(double value) {
  return value != 0 ? rl_cell_real(value) : (rl_cell){0};
}

/* Figures of one batch that no earlier batch told. */
static void batch_rows(rl_grid *grid, const rl_result_system *system, size_t batch) {
  const rl_result_batch *b = &system->batches[batch];
  for (size_t i = 0; i < b->sensitivity_count; i++) {
    const rl_result_sensitivity *s = &b->sensitivities[i];
    bool told = false;
    for (size_t e = 0; e < batch; e++) told = told || same_figure(&system->batches[e], s) != NULL;
    if (told) continue;
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_text(s->figure.name);
    row[1] = rl_cell_figure(grid->arena, s->figure.value, s->figure.unit);
    for (size_t c = batch; c < system->batch_count; c++) {
      const rl_result_sensitivity *at = same_figure(&system->batches[c], s);
      if (at == NULL) continue;
      row[2 + 2 * c] = elasticity(at->ttft);
      row[3 + 2 * c] = elasticity(at->tpot);
    }
  }
}

void rl_grid_sensitivity(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  rl_result_system few = *system;
  const size_t most = 19; /* batches that a wide terminal shows */
  if (few.batch_count > most) few.batch_count = most;
  const size_t count = 2 + 2 * few.batch_count;
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, count);
  rl_grid_init(grid, arena, columns, count);
  if (columns == NULL) {
    grid->failed = true;
    return;
  }
  columns[0] = (rl_column){.key = "figure", .head = "figure", .left = true};
  columns[1] = (rl_column){.key = "value", .head = "value"};
  bool one_pass = few.batch_count > 0 && strcmp(few.batches[0].worst.phase, "pass") == 0;
  for (size_t b = 0; b < few.batch_count; b++) {
    const char *group = rl_textf(arena, "batch %llu", (unsigned long long)few.batches[b].batch);
    if (group == NULL) grid->failed = true;
    columns[2 + 2 * b] =
        (rl_column){.key = "ttft", .head = one_pass ? "time" : "TTFT", .group = group, .digits = 3};
    columns[3 + 2 * b] = (rl_column){.key = "tpot", .head = "TPOT", .group = group, .digits = 3};
  }
  for (size_t b = 0; b < few.batch_count; b++) batch_rows(grid, &few, b);
  if (one_pass) rl_grid_trim(grid, 2);
}
