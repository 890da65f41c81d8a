/* Settings that exclude each other so far, and those that say nothing beside the others. */
#include "spec/combinations.h"

#include "base/checked.h"
#include "base/number.h"

/* Where the user placed something. */
static rl_loc placed_at(const rl_settings *settings) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    const rl_node *node = settings->values[RL_SET_PLACE_EMBED + c];
    if (node != NULL) return node->loc;
  }
  return (rl_loc){0};
}

/* What was given and changes nothing is told: it may be half of what was meant. */
static void tell_idle(const rl_load *load, const rl_settings *settings, const rl_scenario *scenario,
                      bool searched) {
  const rl_parallel *parallel = &scenario->parallel;
  const bool placed = rl_placement_any(&scenario->placement);
  const bool stored = rl_placement_uses(&scenario->placement, RL_PLACE_STORAGE);
  const bool alone = !searched && parallel->tensor * parallel->expert * parallel->context <= 1;
  const bool staged = searched || parallel->pipeline > 1;
  const bool blind = scenario->model != NULL && scenario->workload.images == 0 &&
                     scenario->model->family->source == RL_PIECE_IMAGES;
  static const char everything[] = "everything stands on the device (--place, placement)";
  const struct {
    rl_setting which;
    bool idle;
    const char *why;
  } given[] = {{RL_SET_HOST, !placed, everything},
               {RL_SET_STORAGE, !stored, "nothing stands on storage (--place, placement)"},
               {RL_SET_LANES, !placed, everything},
               {RL_SET_MICRO_BATCHES, !staged, "there is one stage (--pp, parallel)"},
               {RL_SET_COLLECTIVES, alone, "no tensor is split over devices (--tp, parallel)"},
               {RL_SET_SOURCE, blind, "there are no images (--images, workload)"},
               {RL_SET_IMAGE_SIZE, blind, "there are no images (--images, workload)"}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    const rl_node *node = settings->values[given[i].which];
    if (node == NULL || !given[i].idle) continue;
    RL_REPORT(load->diags, SETTING_IDLE, node->loc, RL_SETTING_KEYS[given[i].which], given[i].why);
  }
}

/* Data groups of the smallest batch that have nothing to do. */
static void tell_groups(const rl_load *load, const rl_node *node, uint64_t smallest,
                        uint64_t groups) {
  char batch[RL_NUMBER_TEXT], idle[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  if (node == NULL || smallest >= groups) return;
  rl_print_grouped(smallest, batch);
  rl_print_grouped(groups - smallest, idle);
  RL_REPORT(load->diags, GROUPS_IDLE, node->loc, batch, idle, rl_print_grouped(groups, all));
}

/* The first batch that whole sequences divide otherwise than asked. */
static void tell_parts(const rl_load *load, const rl_node *node, const rl_scenario *scenario) {
  const rl_parallel *parallel = &scenario->parallel;
  char batch[RL_NUMBER_TEXT], made[RL_NUMBER_TEXT], asked[RL_NUMBER_TEXT];
  if (node == NULL || parallel->pipeline <= 1) return;
  for (size_t i = 0; i < scenario->workload.batch_count; i++) {
    const uint64_t share =
        rl_ceil_div(scenario->workload.batches[i], rl_max_u64(parallel->data, 1));
    const uint64_t parts = rl_ceil_div(share, rl_ceil_div(share, parallel->micro_batches));
    if (parts == parallel->micro_batches) continue;
    rl_print_grouped(scenario->workload.batches[i], batch);
    rl_print_grouped(parts, made);
    RL_REPORT(load->diags, MICRO_BATCHES_CUT, node->loc, batch, made,
              rl_print_grouped(parallel->micro_batches, asked));
    return;
  }
}

/* What a batch leaves idle of what was asked for. */
static void tell_batches(const rl_load *load, const rl_settings *settings,
                         const rl_scenario *scenario) {
  const rl_workload *workload = &scenario->workload;
  uint64_t smallest = workload->batches[0];
  for (size_t i = 1; i < workload->batch_count; i++) {
    smallest = rl_min_u64(smallest, workload->batches[i]);
  }
  tell_groups(load, settings->values[RL_SET_DATA], smallest, scenario->parallel.data);
  tell_parts(load, settings->values[RL_SET_MICRO_BATCHES], scenario);
}

void rl_combinations_check(const rl_load *load, const rl_settings *settings,
                           const rl_scenario *scenario, bool searched) {
  const bool placed = rl_placement_any(&scenario->placement);
  const rl_hardware *prefill = scenario->pools.prefill;
  if (rl_load_clean(load)) tell_idle(load, settings, scenario, searched);
  if (rl_load_clean(load)) tell_batches(load, settings, scenario);
  if (scenario->parallel.context > 1 && prefill != NULL) {
    RL_REPORT(load->diags, NOT_SUPPORTED, scenario->parallel.loc, "parallel.context with pools");
  }
  if (placed && prefill != NULL) {
    RL_REPORT(load->diags, NOT_SUPPORTED, placed_at(settings), "a placement together with pools");
  }
}
