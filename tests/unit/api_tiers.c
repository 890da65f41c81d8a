/* Exchanges between servers: which way is taken, and how long it takes, derived by hand from the
 * figures of two DGX H100: 450 GB/s and 0.47 us inside, 50 GB/s and 2.7 us across. */
#include <math.h>
#include <string.h>

#include "api/analysis.h"
#include "unit/unit.h"

static rl_arena arena;
static rl_diags diags;

static const rl_result_system *analyzed(const char *batch, const char *collectives) {
  static const rl_pass_view view = {.phase = RL_PASS_DECODE};
  const rl_request request = {.model = {"llama-3-70b", {0}},
                              .hardware = {"2xdgx-h100", {0}},
                              .collectives = {collectives, {0}},
                              .batch = {batch, {0}},
                              .prompt = {"300", {0}},
                              .generate = {"30", {0}}};
  rl_db *db;
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&arena, db, scenario, &view, &result, &diags), RL_OK);
  return result->systems;
}

static bool told(const rl_result_system *system, const char *part) {
  for (size_t i = 0; i < system->word_count; i++) {
    if (strstr(system->words[i], part) != NULL) return true;
  }
  return false;
}

/* How attn_all_reduce of 16 ranks goes at a batch. */
typedef struct exchange {
  const char *batch, *asked, *way;
  uint64_t sent;
  double seconds;
  bool flat; /* and no bound */
} exchange;

static void check(const exchange *wanted) {
  const rl_result_operator *found = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result_system *system = analyzed(wanted->batch, wanted->asked);
  for (size_t i = 0; i < system->passes[0].operator_count; i++) {
    const rl_result_operator *op = &system->passes[0].operators[i];
    if (strcmp(op->name, "attn_all_reduce") == 0) found = op;
  }
  CU_ASSERT_PTR_NOT_NULL_FATAL(found);
  CU_ASSERT_STRING_EQUAL(found->algorithm, wanted->way);
  CU_ASSERT_EQUAL(found->link, wanted->sent);
  CU_ASSERT(fabs(found->seconds - wanted->seconds) < 1e-9 * wanted->seconds);
  CU_ASSERT_EQUAL(told(system, "counted as flat"), wanted->flat);
  rl_arena_free(&arena);
}

/* n = 16 * 8192 * 2 = 262144. In two tiers 458752 bytes inside take 1.02 us, longer than 32768
 * across; all at once to their owners and back 491520 take 9.83 us across and two messages. Of one
 * sequence n = 16384: 30720 bytes and two messages, 6.01 us, are faster than four messages, 6.34 us
 * and more, and than 15 * 16384 bytes and one message. */
static void test_ways(void) {
  const double messages = 2 * 2.7e-6 + 2 * 0.47e-6;
  const exchange wanted[] = {
      {"16", NULL, "hierarchical", 491520, messages + 458752 / 450e9, false},
      {"16", "two_shot", "two_shot", 491520, 2 * 2.7e-6 + 491520 / 50e9, true},
      {"1", NULL, "two_shot", 30720, 2 * 2.7e-6 + 30720 / 50e9, false},
      {"1", "hierarchical", "hierarchical", 30720, messages + 28672 / 450e9, false},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) check(&wanted[i]);
}

/* Twice as fast everywhere is half the time, whichever tier rules. */
static void test_elasticities(void) {
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result_system *system = analyzed("1,16,400", NULL);
  for (size_t b = 0; b < system->batch_count; b++) {
    const rl_result_batch *batch = &system->batches[b];
    double ttft = 0, tpot = 0;
    for (size_t i = 0; i < batch->sensitivity_count; i++) {
      const rl_result_sensitivity *s = &batch->sensitivities[i];
      double sign = strcmp(s->figure.unit, "s") == 0 ? -1 : 1;
      ttft += sign * s->ttft;
      tpot += sign * s->tpot;
    }
    CU_ASSERT(fabs(ttft + 1) < 1e-9 && fabs(tpot + 1) < 1e-9);
  }
  rl_arena_free(&arena);
}

RL_SUITE("tiers of links", {"ways", test_ways}, {"elasticities", test_elasticities})
