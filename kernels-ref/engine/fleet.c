/* Ranks in lockstep, stages of a pipeline one after the other. */
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

/* Ranks of the stage that begins there: 0 when they are not those of a fleet. */
static size_t find_stage(rl_engine_state *const *ranks, size_t count, size_t first) {
  size_t width = 0;
  const rl_program *program = ranks[first]->program;
  while (first + width < count && ranks[first + width]->program->stage == program->stage) width++;
  for (size_t r = first; r < first + width; r++) {
    if (!same_operators(program, ranks[r]->program)) return 0;
  }
  return width;
}

/* Stages stand in their order, complete, each with as many ranks as the first. */
static bool is_fleet(rl_engine_state *const *ranks, size_t count) {
  const size_t width = find_stage(ranks, count, 0);
  const size_t stages = ranks[0]->program->stages > 1 ? ranks[0]->program->stages : 1;
  if (width == 0 || count != width * stages) return false;
  for (size_t stage = 0; stage < stages; stage++) {
    if (ranks[stage * width]->program->stage != stage) return false;
    if (find_stage(ranks, count, stage * width) != width) return false;
  }
  return true;
}

/* Whether ranks of a stage fall into so many groups that share each layer. */
static bool divides(size_t width, size_t groups) {
  return groups > 0 && groups <= width && width % groups == 0;
}

rl_status rl_fleet_step_groups(rl_engine_state *const *ranks, size_t count,
                               const rl_fleet_share *shares, size_t groups,
                               rl_engine_result *results, rl_diags *diags) {
  rl_engine_passes passes[RL_FLEET_RANKS];
  if (count == 0 || count > RL_FLEET_RANKS) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "a fleet has 1 to 64 ranks");
  }
  const size_t width = is_fleet(ranks, count) ? find_stage(ranks, count, 0) : 0;
  if (width == 0 || !divides(width, groups)) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "its ranks do not have the same operators");
  }
  for (size_t r = 0; r < count; r++) {
    const rl_fleet_share *share = &shares[r % width / (width / groups)];
    rl_status status = rl_engine_begin(ranks[r], share->entries, share->count, &passes[r], diags);
    if (status != RL_OK) return status;
  }
  for (size_t first = 0; first < count; first += width) {
    for (size_t r = first; r < first + width && first > 0; r++) {
      ranks[r]->before = ranks[r - width];
    }
    rl_engine_run(ranks + first, passes + first, width, NULL);
  }
  for (size_t r = 0; r < count; r++) {
    rl_engine_finish(ranks[r], shares[r % width / (width / groups)].entries, &passes[r],
                     &results[r]);
  }
  return RL_OK;
}

rl_status rl_fleet_step(rl_engine_state *const *ranks, size_t count, const rl_engine_entry *entries,
                        size_t entry_count, rl_engine_result *results, rl_diags *diags) {
  const rl_fleet_share all = {entries, entry_count};
  return rl_fleet_step_groups(ranks, count, &all, 1, results, diags);
}
