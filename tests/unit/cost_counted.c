/* Resolved, lowered, compiled, and its moments taken. */
#include "cost_counted.h"

#include "graph/lower.h"
#include "spec/scenario.h"
#include "unit.h"

static rl_text_at text_at(const char *text) {
  return (rl_text_at){.text = text};
}

void counted_open(counted *c, const char *model, const char *kv, const char *profile,
                  const rl_group *group) {
  static const char *const roots[] = {RL_SOURCE_DIR};
  const rl_request request = {
      .model = text_at(model), .kv = text_at(kv), .profile = text_at(profile)};
  rl_scenario *scenario;
  rl_db *db;
  rl_arena_init(&c->arena, NULL);
  rl_diags_init(&c->diags, &c->arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&c->arena, roots, 1, &db, &c->diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&c->arena, db, &request, &scenario, &c->diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_lower(&c->arena, scenario, &c->program, &c->diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&c->arena, c->program, 1, &c->cost, &c->diags), RL_OK);
  CU_ASSERT_FATAL(rl_cost_moments(c->cost, &(rl_point){group, 1}, NULL, c->moments));
}

uint64_t counted_kept(const counted *c) {
  uint64_t value = 0;
  CU_ASSERT(rl_form_value(c->cost, &c->cost->kv_bytes, c->moments, &value));
  return value;
}
