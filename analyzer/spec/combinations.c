/* Settings that exclude each other so far, and those that say nothing beside the others. */
#include "spec/combinations.h"

/* Where the user placed something. */
static rl_loc placed_at(const rl_settings *settings) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    const rl_node *node = settings->values[RL_SET_PLACE_EMBED + c];
    if (node != NULL) return node->loc;
  }
  return (rl_loc){0};
}

/* What was given and changes nothing is told: it may be half of what was meant. */
static void tell_idle(const rl_load *load, const rl_settings *settings,
                      const rl_scenario *scenario) {
  const rl_parallel *parallel = &scenario->parallel;
  const bool placed = rl_placement_any(&scenario->placement);
  const bool stored = rl_placement_uses(&scenario->placement, RL_PLACE_STORAGE);
  const bool alone = parallel->tensor * parallel->expert * parallel->context <= 1;
  static const char everything[] = "everything stands on the device (--place, placement)";
  const struct {
    rl_setting which;
    bool idle;
    const char *why;
  } given[] = {{RL_SET_HOST, !placed, everything},
               {RL_SET_STORAGE, !stored, "nothing stands on storage (--place, placement)"},
               {RL_SET_LANES, !placed, everything},
               {RL_SET_MICRO_BATCHES, parallel->pipeline <= 1, "there is one stage (--pp, parallel)"},
               {RL_SET_COLLECTIVES, alone, "no tensor is split over devices (--tp, parallel)"}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    const rl_node *node = settings->values[given[i].which];
    if (node == NULL || !given[i].idle) continue;
    RL_REPORT(load->diags, SETTING_IDLE, node->loc, RL_SETTING_KEYS[given[i].which], given[i].why);
  }
}

void rl_combinations_check(const rl_load *load, const rl_settings *settings,
                           const rl_scenario *scenario) {
  const bool placed = rl_placement_any(&scenario->placement);
  const rl_hardware *prefill = scenario->pools.prefill;
  if (rl_load_clean(load)) tell_idle(load, settings, scenario);
  if (placed && prefill != NULL) {
    RL_REPORT(load->diags, NOT_SUPPORTED, placed_at(settings), "a placement together with pools");
  }
}
