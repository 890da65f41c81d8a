/* Placement, pools and several devices exclude each other so far. */
#include "spec/combinations.h"

/* Where the user placed something. */
static rl_loc placed_at(const rl_settings *settings) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    const rl_node *node = settings->values[RL_SET_PLACE_EMBED + c];
    if (node != NULL) return node->loc;
  }
  return (rl_loc){0};
}

void rl_combinations_check(const rl_load *load, const rl_settings *settings,
                           const rl_scenario *scenario) {
  const bool placed = rl_placement_any(&scenario->placement);
  const rl_hardware *prefill = scenario->pools.prefill;
  if (placed && scenario->devices > 1) {
    RL_REPORT(load->diags, NOT_SUPPORTED, placed_at(settings),
              "a placement for several devices behind one host");
  }
  if (prefill == NULL) return;
  const rl_loc pool = settings->values[RL_SET_POOL_PREFILL]->loc;
  if (scenario->devices > 1 || prefill->devices > 1) {
    RL_REPORT(load->diags, NOT_SUPPORTED, pool, "a pool of several devices");
  }
  if (placed) {
    RL_REPORT(load->diags, NOT_SUPPORTED, placed_at(settings), "a placement together with pools");
  }
}
