/* Ranks in lockstep. */
#include "kernels-ref/engine/fleet.h"

#include "kernels-ref/engine/engine_state.h"

_Static_assert((int)RL_FLEET_RANKS == (int)RL_FLEET_MAX, "one limit for fleets");

static const rl_loc NOWHERE = {0};

/* Collectives meet only where every rank has the same operator at the same place. */
static bool same_operators(const rl_program *a, const rl_program *b) {
  bool same = a->op_count == b->op_count && a->visit_count == b->visit_count;
  for (uint32_t v = 0; same && v < a->visit_count; v++) {
    same = a->visits[v].run == b->visits[v].run && a->visits[v].instance == b->visits[v].instance;
  }
  for (uint32_t o = 0; same && o < a->op_count; o++) {
    same = a->ops[o].kind == b->ops[o].kind && a->ops[o].fusion == b->ops[o].fusion;
  }
  return same;
}

rl_status rl_fleet_step(rl_engine_state *const *ranks, size_t count, const rl_engine_entry *entries,
                        size_t entry_count, rl_engine_result *results, rl_diags *diags) {
  rl_engine_passes passes[RL_FLEET_RANKS];
  if (count == 0 || count > RL_FLEET_RANKS) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "a fleet has 1 to 64 ranks");
  }
  for (size_t r = 0; r < count; r++) {
    if (!same_operators(ranks[0]->program, ranks[r]->program)) {
      return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "its ranks do not have the same operators");
    }
    rl_status status = rl_engine_begin(ranks[r], entries, entry_count, &passes[r], diags);
    if (status != RL_OK) return status;
  }
  rl_engine_run(ranks, passes, count, NULL);
  for (size_t r = 0; r < count; r++) rl_engine_finish(ranks[r], entries, &passes[r], &results[r]);
  return RL_OK;
}
