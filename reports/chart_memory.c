/* Bars of memory: what a device holds at each batch, against what it can give. */
#include "reports/chart_bars.h"

static const char *const classes[RL_BAR_ROLES] = {"weights", "KV cache", "activations", "states"};

static const char *note_of(rl_chart *chart, const rl_result_batch *batch) {
  char number[RL_NUMBER_TEXT];
  rl_print_si_rounded((double)batch->worst.total, "B", 3, RL_ROUND_UP, number);
  return rl_chart_keep(
      chart, rl_textf(chart->grid.arena, "%s%s", number, batch->fits ? "" : ", too much"));
}

static void add_batch(rl_bars *bars, const rl_result_system *system, const rl_result_batch *batch) {
  char number[RL_NUMBER_TEXT];
  rl_chart *chart = bars->chart;
  rl_bar *bar =
      rl_bars_add(bars, rl_chart_keep(chart, rl_textf(chart->grid.arena, "batch %s",
                                                      rl_print_grouped(batch->batch, number))));
  const rl_result_memory *m = &batch->worst;
  bar->parts[0] = (double)m->weights;
  bar->parts[1] = (double)m->kv;
  bar->parts[2] = (double)m->activations;
  bar->parts[3] = (double)m->state;
  bar->limit = (double)system->usable;
  bar->note = note_of(chart, batch);
}

void rl_chart_build_memory(rl_chart *chart, const rl_chart_input *input) {
  rl_bars bars = {.chart = chart,
                  .roles = classes,
                  .value_key = "bytes",
                  .unit = "B",
                  .title = "memory of one device",
                  .limit = "usable"};
  rl_chart_subjects systems;
  rl_chart_list_systems(chart, input, &systems);
  for (size_t s = 0; s < systems.count; s++) {
    const rl_result_system *system = systems.items[s].system;
    if (systems.count > 1) rl_bars_add_heading(&bars, systems.items[s].name);
    for (size_t b = 0; b < system->batch_count; b++) add_batch(&bars, system, &system->batches[b]);
  }
  chart->caption = rl_chart_keep(
      chart, rl_textf(chart->grid.arena,
                      "Memory of one device for %s, in the phase that takes most, against what an "
                      "application can have of it.",
                      rl_chart_common(chart, input)));
  rl_bars_draw(&bars);
}
