/* Plans are found by what they were compiled of. Descriptions are the same when they are the same
 * object: a database loads each once. */
#include "api/gate_plans.h"

#include <stdlib.h>
#include <string.h>

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

static bool same_formats(const rl_scenario *a, const rl_scenario *b) {
  if (a->rule_count != b->rule_count || a->stored != b->stored) return false;
  for (size_t i = 0; i < a->rule_count; i++) {
    if (a->rules[i].format != b->rules[i].format) return false;
    if (strcmp(a->rules[i].pattern, b->rules[i].pattern) != 0) return false;
  }
  return a->activations == b->activations && a->weights == b->weights && a->k == b->k &&
         a->v == b->v && a->state == b->state && a->wide == b->wide;
}

static bool same_split(const rl_parallel *a, const rl_parallel *b) {
  return a->tensor == b->tensor && a->pipeline == b->pipeline && a->expert == b->expert &&
         a->data == b->data && a->context == b->context && a->micro_batches == b->micro_batches &&
         a->algorithm == b->algorithm;
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
  return a->hardware == b->hardware && a->devices == b->devices && a->profile == b->profile &&
         a->pools.prefill == b->pools.prefill && a->pools.devices == b->pools.devices &&
         same_figure(a->pools.link, b->pools.link) && same_figure(a->price, b->price) &&
         same_placement(&a->placement, &b->placement);
}

static bool same_methods(const rl_scenario *a, const rl_scenario *b) {
  if (a->method_count != b->method_count) return false;
  for (size_t i = 0; i < a->method_count; i++) {
    if (a->methods[i] != b->methods[i]) return false;
  }
  return true;
}

/* What of a workload is more than tokens and batches. */
static bool same_sources(const rl_workload *a, const rl_workload *b) {
  return a->source == b->source && a->width == b->width && a->height == b->height &&
         a->columns == b->columns && a->images == b->images;
}

/* Skewed experts are compiled anew: what is said of them belongs to the scenario. */
static bool is_alike(const rl_scenario *a, const rl_scenario *b) {
  return a->model == b->model && a->skew == NULL && b->skew == NULL && same_machines(a, b) &&
         same_formats(a, b) && same_split(&a->parallel, &b->parallel) && same_methods(a, b) &&
         same_sources(&a->workload, &b->workload);
}

const rl_gate_plan *rl_gate_plans_find(const rl_gate_plans *plans, const rl_scenario *scenario) {
  for (size_t i = 0; i < RL_GATE_PLANS; i++) {
    const rl_gate_plan *plan = &plans->items[i];
    if (plan->scenario != NULL && is_alike(plan->scenario, scenario)) return plan;
  }
  return NULL;
}
