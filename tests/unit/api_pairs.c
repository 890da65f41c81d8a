/* Every shipped model on every shipped machine, whole machines alone: times finite and positive,
 * what bounds them named, and memory that is told as it is. One question a model. */
#include <math.h>
#include <stdio.h>

#include "api/analysis.h"
#include "spec/hardware.h"
#include "spec/model.h"
#include "unit/unit.h"

typedef struct pair_case {
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
  size_t pairs;
} pair_case;

static void begin(pair_case *c) {
  *c = (pair_case){0};
  rl_arena_init(&c->arena, NULL);
  rl_diags_init(&c->diags, &c->arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&c->arena, NULL, 0, &c->db, &c->diags), RL_OK);
}

static bool limit_named(const rl_result_limit *limit) {
  return limit->what != NULL && limit->share > 0 && limit->share <= 1;
}

/* The fullest phase is the sum of its classes, holds the weights, and fits exactly when the usable
 * memory is not less. */
static bool memory_honest(const rl_result *r, const rl_result_system *s, const rl_result_batch *b) {
  const rl_result_memory *m = &b->worst;
  bool sums = m->total == m->weights + m->kv + m->state + m->activations;
  bool largest = true;
  for (size_t i = 0; i < b->phase_count; i++) largest &= b->phases[i].total <= m->total;
  return sums && largest && m->weights >= r->weight_bytes && m->host == 0 && m->storage == 0 &&
         b->fits == (m->total <= s->usable) && s->usable <= s->capacity && s->usable > 0;
}

static bool times_hold(const rl_result_system *s, const rl_result_batch *b) {
  bool decodes = b->tpot > 0;
  bool finite = isfinite(b->tpot) && isfinite(b->ttft) && isfinite(b->prefill_rate);
  if (!finite || !(b->ttft > 0) || !(b->prefill_rate > 0) || !limit_named(&b->prefill_limit)) {
    return false;
  }
  return !decodes || (limit_named(&b->decode_limit) && b->decode_rate > 0 && s->bandwidth > 0);
}

static void check(const rl_result *r, const rl_result_system *s, pair_case *c) {
  for (size_t i = 0; i < s->batch_count; i++) {
    bool good = times_hold(s, &s->batches[i]) && memory_honest(r, s, &s->batches[i]);
    if (!good) fprintf(stderr, "%s on %s: not as it should be\n", r->model, s->name);
    CU_ASSERT(good);
  }
  CU_ASSERT(s->batch_count > 0);
  c->pairs++;
}

/* Machines that are no servers: what a question without a machine is answered for. */
static size_t machine_count(pair_case *c) {
  size_t count, machines = 0;
  const rl_db_entry *const *entries = rl_db_entries(c->db, RL_DB_HARDWARE, &count);
  for (size_t i = 0; i < count; i++) {
    const rl_hardware *h;
    rl_loc loc = {.file = entries[i]->path};
    CU_ASSERT_EQUAL_FATAL(rl_db_hardware(c->db, entries[i]->name, loc, &h, &c->diags), RL_OK);
    if (h->devices == 1) machines++;
  }
  return machines;
}

static void ask(pair_case *c, const char *model, size_t machines) {
  const rl_pass_view view = {.phase = RL_PASS_DECODE};
  const rl_request request = {.model = {.text = model, .loc = {.file = model}},
                              .hardware = {.text = "all"}};
  rl_scenario *scenario;
  const rl_result *result = NULL;
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  rl_status status = rl_scenario_resolve(&arena, c->db, &request, &scenario, &c->diags);
  if (status == RL_OK) status = rl_scenario_settle(&arena, scenario, &c->diags);
  if (status == RL_OK) status = rl_analyze(&arena, c->db, scenario, &view, &result, &c->diags);
  CU_ASSERT_EQUAL(status, RL_OK);
  if (status == RL_OK) {
    /* none is left out for want of an engine */
    CU_ASSERT_EQUAL(result->system_count, machines);
    for (size_t i = 0; i < result->system_count; i++) check(result, &result->systems[i], c);
  }
  rl_arena_free(&arena);
}

static void test_pairs(void) {
  pair_case c;
  size_t count;
  begin(&c);
  size_t machines = machine_count(&c);
  const rl_db_entry *const *models = rl_db_entries(c.db, RL_DB_MODEL, &count);
  for (size_t i = 0; i < count; i++) ask(&c, models[i]->name, machines);
  CU_ASSERT_EQUAL(c.diags.errors, 0);
  CU_ASSERT(machines >= 90);
  CU_ASSERT_EQUAL(c.pairs, count * machines);
  rl_arena_free(&c.arena);
}

RL_SUITE("api_pairs", {"all pairs", test_pairs})
