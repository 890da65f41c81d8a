/* Plans are found by what they were compiled of. Descriptions are the same when they are the same
 * object: a database loads each once. */
#include "api/gate_plans.h"

#include <string.h>

#include "api/alike.h"

rl_gate_plans *rl_gate_plans_new(rl_arena *arena) {
  rl_gate_plans *plans = RL_NEW(arena, rl_gate_plans);
  for (size_t i = 0; plans != NULL && i < RL_GATE_PLANS; i++) {
    rl_arena_init(&plans->items[i].arena, arena->allocator);
  }
  return plans;
}

void rl_gate_plans_free(rl_gate_plans *plans) {
  for (size_t i = 0; plans != NULL && i < RL_GATE_PLANS; i++) {
    rl_arena_free(&plans->items[i].arena);
    plans->items[i].scenario = NULL;
  }
}

static bool same_figure(rl_figure a, rl_figure b) {
  return a.source == b.source && a.value == b.value;
}

static bool same_placement(const rl_placement *a, const rl_placement *b) {
  return memcmp(a->of, b->of, sizeof a->of) == 0 && a->host == b->host && a->hosts == b->hosts &&
         a->devices == b->devices && a->storage == b->storage && a->link == b->link &&
         a->serial == b->serial;
}

static bool same_machines(const rl_scenario *a, const rl_scenario *b) {
  return a->hardware == b->hardware && a->devices == b->devices &&
         a->pools.prefill == b->pools.prefill && a->pools.devices == b->pools.devices &&
         same_figure(a->pools.link, b->pools.link) && same_figure(a->price, b->price) &&
         same_placement(&a->placement, &b->placement);
}

static bool is_alike(const rl_scenario *a, const rl_scenario *b) {
  return rl_lowered_alike(a, b) && same_machines(a, b);
}

const rl_gate_plan *rl_gate_plans_find(const rl_gate_plans *plans, const rl_scenario *scenario) {
  for (size_t i = 0; i < RL_GATE_PLANS; i++) {
    const rl_gate_plan *plan = &plans->items[i];
    if (plan->scenario != NULL && is_alike(plan->scenario, scenario)) return plan;
  }
  return NULL;
}
