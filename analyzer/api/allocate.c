/* A multiple-choice knapsack (Sinha & Zoltners 1979): one format an operator. The operators are
 * split in two halves (Horowitz & Sahni 1974); of the combinations of a half those stay that are
 * worth more than all cheaper ones, and the best pair of both that fits is found in one walk. */
#include "api/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/allocate_parts.h"
#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "graph/lower.h"

enum { COMBINATIONS_MAX = 1 << 20, TRIES = 16 };
static const double PICOSECONDS = 1e12;

/* Operators first .. first + count - 1 in formats whose numbers are the digits of `digits`. */
typedef struct combination {
  uint64_t cost, worth, digits; /* cost: RL_ALLOCATE_NEVER when one cannot be in its format */
} combination;
typedef struct half {
  size_t first, operators, count;
  combination *items;
} half;

static rl_status read_worths(rl_allocation *a) {
  for (size_t s = 0; s < a->request->worth_count; s++) {
    const rl_worth *given = &a->request->worths[s];
    const char *names[RL_ALLOCATE_OPERATORS];
    bool found = false;
    for (size_t i = 0; i < a->count; i++) {
      names[i] = a->operators[i].name;
      if (strcmp(names[i], given->name) != 0) continue;
      a->operators[i].worth = given->millionths;
      found = true;
    }
    if (found) continue;
    return RL_REPORT(a->diags, BITS_NAME, a->request->loc, given->name,
                     rl_did_you_mean(given->name, names, a->count));
  }
  return RL_OK;
}

/* Cheap before dear; of equal ones those that are worth more, then as the palette stands. */
static int compare(const void *left, const void *right) {
  const combination *a = left, *b = right;
  if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
  if (a->worth != b->worth) return a->worth > b->worth ? -1 : 1;
  return a->digits < b->digits ? -1 : a->digits > b->digits;
}

static combination combine(const rl_allocation *a, const half *h, uint64_t digits) {
  const uint64_t formats = a->request->palette_count;
  combination c = {.digits = digits};
  for (size_t i = 0; i < h->operators; i++, digits /= formats) {
    const rl_allocate_operator *of = &a->operators[h->first + i];
    const uint64_t bytes = of->bytes[digits % formats], cost = of->cost[digits % formats];
    const bool never = c.cost == RL_ALLOCATE_NEVER || cost == RL_ALLOCATE_NEVER;
    c.cost = never ? RL_ALLOCATE_NEVER : c.cost + cost;
    c.worth += bytes / RL_ALLOCATE_MILLION * of->worth +
               bytes % RL_ALLOCATE_MILLION * of->worth / RL_ALLOCATE_MILLION;
  }
  return c;
}

static rl_status enumerate(rl_allocation *a, half *h) {
  char most[RL_NUMBER_TEXT];
  uint64_t all = 1;
  for (size_t i = 0; i < h->operators; i++) {
    all *= a->request->palette_count;
    if (all > COMBINATIONS_MAX) {
      return RL_REPORT(a->diags, BITS_MANY, a->request->loc,
                       rl_print_grouped(COMBINATIONS_MAX, most));
    }
  }
  h->items = RL_NEW_ARRAY(a->arena, combination, all);
  if (h->items == NULL) return rl_diag_oom(a->diags);
  for (uint64_t digits = 0; digits < all; digits++) h->items[digits] = combine(a, h, digits);
  qsort(h->items, all, sizeof *h->items, compare);
  for (uint64_t i = 0; i < all && h->items[i].cost != RL_ALLOCATE_NEVER; i++) {
    bool better = h->count == 0 || h->items[i].worth > h->items[h->count - 1].worth;
    if (better) h->items[h->count++] = h->items[i];
  }
  return RL_OK;
}

/* The pair that is worth most within the room; false when none fits. */
static bool best_pair(const half halves[2], uint64_t room, combination best[2]) {
  size_t b = halves[1].count;
  bool found = false;
  for (size_t i = 0; i < halves[0].count; i++) {
    const combination *one = &halves[0].items[i];
    while (b > 0 && one->cost + halves[1].items[b - 1].cost > room) b--;
    if (b == 0) break;
    const combination *other = &halves[1].items[b - 1];
    if (found && one->worth + other->worth <= best[0].worth + best[1].worth) continue;
    best[0] = *one;
    best[1] = *other;
    found = true;
  }
  return found;
}

static rl_status report_budget(const rl_allocation *a, const half halves[2]) {
  const uint64_t needed = a->taken + halves[0].items[0].cost + halves[1].items[0].cost;
  char least[RL_NUMBER_TEXT], allowed[RL_NUMBER_TEXT];
  if (a->request->seconds > 0) {
    return RL_REPORT(a->diags, BITS_TIME, a->request->loc,
                     rl_print_si((double)needed / PICOSECONDS, "s", least),
                     rl_print_si(a->request->seconds, "s", allowed));
  }
  return RL_REPORT(a->diags, BITS_BUDGET, a->request->loc, rl_print_grouped(needed, least),
                   rl_print_grouped(a->request->budget, allowed));
}

/* What the budget leaves for the operators to choose; 0 when that is less than nothing. */
static bool choose(const rl_allocation *a, const half halves[2], uint64_t budget, size_t *formats) {
  combination best[2];
  if (budget < a->taken || !best_pair(halves, budget - a->taken, best)) return false;
  for (int h = 0; h < 2; h++) {
    uint64_t digits = best[h].digits;
    for (size_t i = 0; i < halves[h].operators; i++, digits /= a->request->palette_count) {
      formats[halves[h].first + i] = digits % a->request->palette_count;
    }
  }
  return true;
}

/* The format of most operators, then the others by name. */
static const char *map_of(rl_allocation *a, const size_t *formats) {
  size_t common = 0, most = 0;
  for (size_t f = 0; f < a->request->palette_count; f++) {
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++) count += formats[i] == f;
    if (count > most) common = f;
    if (count > most) most = count;
  }
  const char *map = a->request->palette[common].text;
  for (size_t i = 0; i < a->count && map != NULL; i++) {
    if (formats[i] == common) continue;
    map = rl_textf(a->arena, "%s,%s=%s", map, a->operators[i].name,
                   a->request->palette[formats[i]].text);
  }
  return map;
}

static rl_status tell(rl_allocation *a, const size_t *formats, rl_result_allocation *result,
                      rl_scenario **varied) {
  rl_result_share *shares = RL_NEW_ARRAY(a->arena, rl_result_share, a->count);
  const rl_program *program;
  uint64_t chosen = 0;
  result->weights = map_of(a, formats);
  if (shares == NULL || result->weights == NULL) return rl_diag_oom(a->diags);
  rl_status status = rl_allocate_vary(a, result->weights, varied, &program, a->diags);
  if (status == RL_OK && a->request->seconds > 0) {
    status = rl_allocate_time(a, *varied, &result->tpot, &result->fits, a->diags);
  }
  if (status != RL_OK) return status;
  for (size_t i = 0; i < a->count; i++) {
    const rl_allocate_operator *of = &a->operators[i];
    const size_t f = formats[i];
    shares[i] = (rl_result_share){of->name, a->request->palette[f].text, of->parameters,
                                  of->bytes[f], (double)of->worth / RL_ALLOCATE_MILLION};
    chosen += of->bytes[f];
  }
  if (!rl_program_weight_bytes(program, &result->total)) {
    return RL_REPORT(a->diags, SIZE_OVERFLOW, a->request->loc, result->model);
  }
  result->other = result->total - chosen;
  result->shares = shares;
  result->share_count = a->count;
  return RL_OK;
}

/* What operators share is counted for each, and a fusion may be lost where neighbours differ: the
 * choice is evaluated as a whole, and where it takes more than is allowed so much less is asked
 * for. */
static rl_status settle(rl_allocation *a, rl_result_allocation *result, rl_scenario **varied) {
  size_t formats[RL_ALLOCATE_OPERATORS] = {0};
  half halves[2] = {{.first = 0, .operators = a->count / 2},
                    {.first = a->count / 2, .operators = a->count - a->count / 2}};
  const bool timed = a->request->seconds > 0;
  const uint64_t allowed =
      timed ? (uint64_t)(a->request->seconds * PICOSECONDS) : a->request->budget;
  rl_status status = RL_OK;
  for (int h = 0; status == RL_OK && h < 2; h++) status = enumerate(a, &halves[h]);
  if (status != RL_OK) return status;
  uint64_t budget = allowed;
  for (int i = 0; i < TRIES && choose(a, halves, budget, formats); i++) {
    status = tell(a, formats, result, varied);
    if (status != RL_OK) return status;
    const uint64_t takes = timed ? (uint64_t)llround(result->tpot * PICOSECONDS) : result->total;
    if (takes <= allowed) return RL_OK;
    if (takes - allowed > budget) break;
    budget -= takes - allowed;
  }
  return report_budget(a, halves);
}

rl_status rl_allocate(rl_arena *arena, rl_db *db, const rl_allocation_request *request,
                      const rl_result_allocation **out, rl_scenario **varied, rl_diags *diags) {
  rl_allocation *a = RL_NEW(arena, rl_allocation);
  rl_result_allocation *result = RL_NEW(arena, rl_result_allocation);
  if (a == NULL || result == NULL) return rl_diag_oom(diags);
  const rl_scenario *scenario = request->scenario;
  *a = (rl_allocation){.arena = arena, .db = db, .diags = diags, .request = request};
  *result = (rl_result_allocation){.version = RL_VERSION,
                                   .model = scenario->model->name,
                                   .budget = request->budget,
                                   .seconds = request->seconds,
                                   .fits = true};
  if (request->seconds > 0) {
    if (scenario->hardware == NULL) return RL_REPORT(diags, BITS_MACHINE, request->loc, "");
    result->hardware = scenario->hardware->name;
    result->batch = scenario->workload.batches[0];
  }
  rl_status status = rl_allocate_measure(a);
  if (status == RL_OK) status = read_worths(a);
  if (status == RL_OK) status = settle(a, result, varied);
  *out = result;
  return status;
}
