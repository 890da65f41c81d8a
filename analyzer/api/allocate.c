/* A multiple-choice knapsack (Sinha & Zoltners 1979): one format an operator. The operators are
 * split in two halves (Horowitz & Sahni 1974); of the combinations of a half those stay that are
 * worth more than all smaller ones, and the best pair of both that fits is found in one walk. */
#include "api/allocate.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "graph/lower.h"

enum { OPERATORS_MAX = 64, COMBINATIONS_MAX = 1 << 20, MILLION = 1000000 };

typedef struct operator_sizes {
  const char *name, *tensor;  /* "q_proj", "q_proj.weight" */
  uint64_t parameters, worth; /* millionths a bit */
  uint64_t *bytes;            /* of each format */
} operator_sizes;

/* Operators first .. first + count - 1 in formats whose numbers are the digits of `digits`. */
typedef struct combination {
  uint64_t bytes, worth, digits;
} combination;
typedef struct half {
  size_t first, operators, count;
  combination *items;
} half;

typedef struct allocator {
  rl_arena *arena;
  rl_db *db;
  rl_diags *diags;
  const rl_allocation_request *request;
  operator_sizes operators[OPERATORS_MAX];
  size_t count;
  uint64_t other, signs; /* bytes of what is not chosen; of the most signs */
} allocator;

static rl_status lower_in(allocator *a, const char *weights, rl_scenario **varied,
                          const rl_program **program) {
  const rl_variation variation = {.weights = {.text = weights, .loc = a->request->loc}};
  rl_status status =
      rl_scenario_vary(a->arena, a->db, a->request->scenario, variation, varied, a->diags);
  return status == RL_OK ? rl_lower(a->arena, *varied, program, a->diags) : status;
}

static bool is_counted(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_WEIGHT && tensor->alias_of == RL_NONE;
}

static bool same_format(const rl_tensor *a, const rl_tensor *b) {
  return strcmp(a->format->name, b->format->name) == 0;
}

static operator_sizes *find_operator(allocator *a, const char *tensor) {
  for (size_t i = 0; i < a->count; i++) {
    if (strcmp(a->operators[i].tensor, tensor) == 0) return &a->operators[i];
  }
  return NULL;
}

static rl_status add_operator(allocator *a, const rl_tensor *tensor) {
  const size_t length = strcspn(tensor->name, ".");
  char most[RL_NUMBER_TEXT];
  if (a->count == OPERATORS_MAX) {
    return RL_REPORT(a->diags, BITS_MANY, a->request->loc, rl_print_u64(OPERATORS_MAX, most));
  }
  operator_sizes *added = &a->operators[a->count++];
  *added = (operator_sizes){.name = rl_strndup(a->arena, tensor->name, length),
                            .tensor = tensor->name,
                            .worth = MILLION,
                            .bytes = RL_NEW_ARRAY(a->arena, uint64_t, a->request->palette_count)};
  return added->name == NULL || added->bytes == NULL ? rl_diag_oom(a->diags) : RL_OK;
}

/* Those whose weights change with the default format: two that every matrix can be in and that
 * leave activations as they are, so that both lists of tensors are alike. */
static rl_status find_operators(allocator *a) {
  const rl_program *wide, *narrow;
  rl_scenario *ignored;
  rl_status status = lower_in(a, "w8a16", &ignored, &wide);
  if (status == RL_OK) status = lower_in(a, "w4a16-row", &ignored, &narrow);
  for (uint32_t t = 0; status == RL_OK && t < wide->tensor_count; t++) {
    const rl_tensor *tensor = &wide->tensors[t];
    uint64_t parameters;
    if (!is_counted(tensor) || same_format(tensor, &narrow->tensors[t])) continue;
    if (find_operator(a, tensor->name) == NULL) status = add_operator(a, tensor);
    if (status != RL_OK) break;
    (void)rl_mul_u64(tensor->rows, tensor->cols, &parameters);
    (void)rl_muladd_u64(&find_operator(a, tensor->name)->parameters, parameters,
                        rl_tensor_instances(wide, tensor));
  }
  return status;
}

/* Bytes of every operator in one format of the palette. */
static rl_status measure(allocator *a, size_t format) {
  const rl_program *program;
  rl_scenario *ignored;
  uint64_t signs = 0, other = 0;
  rl_status status = lower_in(a, a->request->palette[format].text, &ignored, &program);
  for (uint32_t t = 0; status == RL_OK && t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    operator_sizes *of = find_operator(a, tensor->name);
    uint64_t one, *sum = of != NULL ? &of->bytes[format] : tensor->derived ? &signs : &other;
    if (!is_counted(tensor)) continue;
    bool fits = rl_tensor_bytes(tensor, &one) &&
                rl_muladd_u64(sum, one, rl_tensor_instances(program, tensor));
    if (!fits) return RL_REPORT(a->diags, SIZE_OVERFLOW, a->request->loc, tensor->name);
  }
  a->other =
      rl_max_u64(a->other, other); /* the type of activations may follow the default format */
  a->signs = rl_max_u64(a->signs, signs);
  return status;
}

static rl_status weigh(allocator *a) {
  for (size_t s = 0; s < a->request->worth_count; s++) {
    const rl_worth *given = &a->request->worths[s];
    const char *names[OPERATORS_MAX];
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

/* Small before large; of equal ones those that are worth more, then as the palette stands. */
static int compare(const void *left, const void *right) {
  const combination *a = left, *b = right;
  if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
  if (a->worth != b->worth) return a->worth > b->worth ? -1 : 1;
  return a->digits < b->digits ? -1 : a->digits > b->digits;
}

static combination combine(const allocator *a, const half *h, uint64_t digits) {
  const uint64_t formats = a->request->palette_count;
  combination c = {.digits = digits};
  for (size_t i = 0; i < h->operators; i++, digits /= formats) {
    const operator_sizes *of = &a->operators[h->first + i];
    c.bytes += of->bytes[digits % formats];
    c.worth += of->bytes[digits % formats] / MILLION * of->worth +
               of->bytes[digits % formats] % MILLION * of->worth / MILLION;
  }
  return c;
}

static rl_status enumerate(allocator *a, half *h) {
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
  for (uint64_t i = 0; i < all; i++) {
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
    while (b > 0 && one->bytes + halves[1].items[b - 1].bytes > room) b--;
    if (b == 0) break;
    const combination *other = &halves[1].items[b - 1];
    if (found && one->worth + other->worth <= best[0].worth + best[1].worth) continue;
    best[0] = *one;
    best[1] = *other;
    found = true;
  }
  return found;
}

static rl_status choose(allocator *a, size_t *formats) {
  half halves[2] = {{.first = 0, .operators = a->count / 2},
                    {.first = a->count / 2, .operators = a->count - a->count / 2}};
  combination best[2];
  char least[RL_NUMBER_TEXT], allowed[RL_NUMBER_TEXT];
  const uint64_t taken = a->other + a->signs, budget = a->request->budget;
  for (int h = 0; h < 2; h++) {
    rl_status status = enumerate(a, &halves[h]);
    if (status != RL_OK) return status;
  }
  if (budget < taken || !best_pair(halves, budget - taken, best)) {
    uint64_t needed = taken + halves[0].items[0].bytes + halves[1].items[0].bytes;
    return RL_REPORT(a->diags, BITS_BUDGET, a->request->loc, rl_print_grouped(needed, least),
                     rl_print_grouped(budget, allowed));
  }
  for (int h = 0; h < 2; h++) {
    uint64_t digits = best[h].digits;
    for (size_t i = 0; i < halves[h].operators; i++, digits /= a->request->palette_count) {
      formats[halves[h].first + i] = digits % a->request->palette_count;
    }
  }
  return RL_OK;
}

/* The format of most operators, then the others by name. */
static const char *map_of(allocator *a, const size_t *formats) {
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

static rl_status tell(allocator *a, const size_t *formats, rl_result_allocation *result,
                      rl_scenario **varied) {
  rl_result_share *shares = RL_NEW_ARRAY(a->arena, rl_result_share, a->count);
  const rl_program *program;
  uint64_t chosen = 0;
  result->weights = map_of(a, formats);
  if (shares == NULL || result->weights == NULL) return rl_diag_oom(a->diags);
  rl_status status = lower_in(a, result->weights, varied, &program);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < a->count; i++) {
    const operator_sizes *of = &a->operators[i];
    const size_t f = formats[i];
    shares[i] = (rl_result_share){of->name, a->request->palette[f].text, of->parameters,
                                  of->bytes[f], (double)of->worth / MILLION};
    chosen += of->bytes[f];
  }
  (void)rl_program_weight_bytes(program, &result->total); /* less than the budget: it fits */
  result->other = result->total - chosen;
  result->shares = shares;
  result->share_count = a->count;
  return RL_OK;
}

rl_status rl_allocate(rl_arena *arena, rl_db *db, const rl_allocation_request *request,
                      const rl_result_allocation **out, rl_scenario **varied, rl_diags *diags) {
  size_t formats[OPERATORS_MAX] = {0};
  allocator *a = RL_NEW(arena, allocator);
  rl_result_allocation *result = RL_NEW(arena, rl_result_allocation);
  if (a == NULL || result == NULL) return rl_diag_oom(diags);
  *a = (allocator){.arena = arena, .db = db, .diags = diags, .request = request};
  *result = (rl_result_allocation){
      .version = RL_VERSION, .model = request->scenario->model->name, .budget = request->budget};
  rl_status status = find_operators(a);
  for (size_t f = 0; status == RL_OK && f < request->palette_count; f++) status = measure(a, f);
  if (status == RL_OK) status = weigh(a);
  if (status == RL_OK) status = choose(a, formats);
  if (status == RL_OK) status = tell(a, formats, result, varied);
  *out = result;
  return status;
}
