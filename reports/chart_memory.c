/* Bars of memory: what a device holds at each batch, against what it can give. */
#include "reports/chart_bars.h"

static const char *const classes[RL_BAR_ROLES] = {"weights", "KV cache", "activations", "states"};

/* Bytes that are needed are rounded up, those that are there down. */
static const char *bytes_text(rl_chart *chart, uint64_t bytes, rl_rounding rounding) {
  char number[RL_NUMBER_TEXT];
  rl_print_si_rounded((double)bytes, "B", 3, rounding, number);
  return rl_chart_keep(chart, rl_strdup(chart->grid.arena, number));
}

/* "usable 80.1 GB of 85.5 GB" */
static void add_head(rl_bars *bars, const rl_result_system *system) {
  rl_chart *chart = bars->chart;
  const char *usable = bytes_text(chart, system->usable, RL_ROUND_DOWN);
  const char *whole = bytes_text(chart, system->capacity, RL_ROUND_DOWN);
  const bool all = system->usable == system->capacity;
  rl_bar *bar = rl_bars_add(bars, "");
  bar->heading = true;
  bar->limit = (double)system->usable;
  bar->head = rl_chart_keep(
      chart, all ? rl_textf(chart->grid.arena, "usable = capacity %s", whole)
                 : rl_textf(chart->grid.arena, "usable %s of capacity %s", usable, whole));
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
  bar->total = bytes_text(chart, m->total, RL_ROUND_UP);
  if (!batch->fits) bar->note = "does not fit"; /* what stands elsewhere */
  if (m->total <= system->usable) return;
  bar->note =
      rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s too much",
                                    bytes_text(chart, m->total - system->usable, RL_ROUND_UP)));
}

/* Where a page has no room for all batches: every so many, the last one, and where memory ends. */
static bool is_shown(const rl_result_system *system, size_t batch, size_t most) {
  const size_t room = most > 8 ? most - 4 : 4, count = system->batch_count;
  const size_t every = count > room ? (count + room - 1) / room : 1;
  const bool fits = system->batches[batch].fits;
  if (batch % every == 0 || batch + 1 == count) return true;
  return fits != system->batches[batch + 1].fits || fits != system->batches[batch - 1].fits;
}

/* The sentence of a caption about batches that are left out; "" where none is. */
static const char *left_out(rl_chart *chart, size_t drawn, size_t there) {
  char left[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  if (drawn == there) return "";
  return rl_chart_keep(
      chart, rl_textf(chart->grid.arena,
                      " Drawn are %s of %s batches: what the page has room for, the largest, and "
                      "where memory ends.",
                      rl_print_grouped(drawn, left), rl_print_grouped(there, all)));
}

void rl_chart_build_memory(rl_chart *chart, const rl_chart_input *input) {
  size_t drawn = 0, there = 0;
  rl_bars bars = {.chart = chart,
                  .roles = classes,
                  .role_head = "part",
                  .value_key = "bytes",
                  .unit = "B",
                  .title = "memory of one device",
                  .limit = "usable"};
  rl_chart_subjects systems;
  rl_chart_list_systems(chart, input, &systems);
  for (size_t s = 0; s < systems.count; s++) {
    const rl_result_system *system = systems.items[s].system;
    if (systems.count > 1) rl_bars_add_heading(&bars, systems.items[s].name);
    add_head(&bars, system);
    const size_t most = rl_bars_most(chart) / systems.count;
    there += system->batch_count;
    for (size_t b = 0; b < system->batch_count; b++) {
      if (!is_shown(system, b, most)) continue;
      add_batch(&bars, system, &system->batches[b]);
      drawn++;
    }
  }
  rl_chart_describe(
      chart, rl_textf(chart->grid.arena,
                      "Memory of one device for %s, in the phase that takes most, against what an "
                      "application can have of it.%s",
                      rl_chart_common(chart, input), left_out(chart, drawn, there)));
  rl_bars_draw(&bars);
}
