/* What operators take in each format of the palette: bytes, and of a budget of time the picoseconds
 * of a decode step. One operator at a time is stored so beside a plain format of all others; what
 * operators share (signs, rotated or quantized inputs) is counted for each. */
#include <math.h>
#include <string.h>

#include "api/allocate_parts.h"
#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"

/* Every matrix can be in it, and it leaves activations as they are. */
static const char PLAIN[] = "w8a16";
static const double PICOSECONDS = 1e12;

rl_status rl_allocate_vary(rl_allocation *a, const char *weights, rl_scenario **varied,
                           const rl_program **program, rl_diags *diags) {
  const rl_variation variation = {.weights = {.text = weights, .loc = a->request->loc}};
  rl_status status =
      rl_scenario_vary(a->arena, a->db, a->request->scenario, variation, varied, diags);
  return status == RL_OK ? rl_lower(a->arena, *varied, program, diags) : status;
}

rl_status rl_allocate_time(rl_allocation *a, rl_scenario *varied, double *seconds, bool *fits,
                           rl_diags *diags) {
  rl_result_batch batch = {.batch = varied->workload.batches[0]};
  const rl_program *ignored;
  rl_analysis study;
  rl_status status = rl_analysis_measure(a->arena, a->db, varied, &study, &ignored, diags);
  if (status == RL_OK) status = rl_analysis_figures(&study, batch.batch, &batch);
  *seconds = batch.tpot;
  *fits = batch.fits;
  return status;
}

static bool is_counted(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_WEIGHT && tensor->alias_of == RL_NONE;
}

static bool same_format(const rl_tensor *a, const rl_tensor *b) {
  return strcmp(a->format->name, b->format->name) == 0;
}

static rl_allocate_operator *find_operator(rl_allocation *a, const char *tensor) {
  for (size_t i = 0; i < a->count; i++) {
    if (strcmp(a->operators[i].tensor, tensor) == 0) return &a->operators[i];
  }
  return NULL;
}

static rl_status add_operator(rl_allocation *a, const rl_tensor *tensor) {
  const size_t length = strcspn(tensor->name, "."), formats = a->request->palette_count;
  char most[RL_NUMBER_TEXT];
  if (a->count == RL_ALLOCATE_OPERATORS) {
    return RL_REPORT(a->diags, BITS_MANY, a->request->loc,
                     rl_print_u64(RL_ALLOCATE_OPERATORS, most));
  }
  rl_allocate_operator *added = &a->operators[a->count++];
  *added = (rl_allocate_operator){.name = rl_strndup(a->arena, tensor->name, length),
                                  .tensor = tensor->name,
                                  .worth = RL_ALLOCATE_MILLION,
                                  .bytes = RL_NEW_ARRAY(a->arena, uint64_t, formats),
                                  .cost = RL_NEW_ARRAY(a->arena, uint64_t, formats)};
  const bool whole = added->name != NULL && added->bytes != NULL && added->cost != NULL;
  return whole ? RL_OK : rl_diag_oom(a->diags);
}

/* Those whose weights change with the default format: two that every matrix can be in and that
 * leave activations as they are, so that both lists of tensors are alike. */
static rl_status find_operators(rl_allocation *a) {
  const rl_program *wide, *narrow;
  rl_scenario *ignored;
  rl_status status = rl_allocate_vary(a, PLAIN, &ignored, &wide, a->diags);
  if (status == RL_OK) status = rl_allocate_vary(a, "w4a16-row", &ignored, &narrow, a->diags);
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

/* Bytes of a program's weights: of one operator, of signs, and of what is no operator's. */
typedef struct weighing {
  uint64_t own, signs, other;
} weighing;

static rl_status weigh(rl_allocation *a, const rl_program *program, const rl_allocate_operator *of,
                       weighing *out) {
  *out = (weighing){.own = 0};
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (!is_counted(tensor)) continue;
    const rl_allocate_operator *owner = find_operator(a, tensor->name);
    uint64_t one, *sum = owner == NULL ? &out->other : &out->own;
    if (tensor->derived) sum = &out->signs;
    if (owner != NULL && owner != of) continue;
    const bool fits = rl_tensor_bytes(tensor, &one) &&
                      rl_muladd_u64(sum, one, rl_tensor_instances(program, tensor));
    if (!fits) return RL_REPORT(a->diags, SIZE_OVERFLOW, a->request->loc, tensor->name);
  }
  return RL_OK;
}

/* The operator in one format; a format that it cannot be in is none, and `why` says so. */
static rl_status try_format(rl_allocation *a, rl_allocate_operator *of, size_t format,
                            rl_diags *why) {
  const char *name = a->request->palette[format].text;
  const char *weights = rl_textf(a->arena, "%s,%s=%s", PLAIN, of->name, name);
  const rl_program *program;
  rl_scenario *varied;
  weighing w;
  double seconds = 0;
  bool fits;
  of->cost[format] = RL_ALLOCATE_NEVER;
  if (weights == NULL) return rl_diag_oom(a->diags);
  rl_status status = rl_allocate_vary(a, weights, &varied, &program, why);
  if (status == RL_OK && a->request->seconds > 0) {
    status = rl_allocate_time(a, varied, &seconds, &fits, why);
  }
  if (why->out_of_memory) return rl_diag_oom(a->diags);
  if (status != RL_OK) return RL_OK;
  status = weigh(a, program, of, &w);
  of->bytes[format] = w.own;
  of->signs = rl_max_u64(of->signs, w.signs);
  of->cost[format] = a->request->seconds > 0 ? (uint64_t)llround(seconds * PICOSECONDS) : w.own;
  return status;
}

/* Times are those of whole steps: what they exceed the shortest by is the operator's. */
static void take_least(rl_allocation *a, rl_allocate_operator *of, uint64_t plain) {
  uint64_t least = RL_ALLOCATE_NEVER;
  for (size_t f = 0; f < a->request->palette_count; f++) {
    if (of->cost[f] < least) least = of->cost[f];
  }
  for (size_t f = 0; f < a->request->palette_count; f++) {
    if (of->cost[f] != RL_ALLOCATE_NEVER) of->cost[f] -= least;
  }
  if (least >= plain) a->taken += least - plain;
  if (least < plain) a->taken -= rl_min_u64(plain - least, a->taken);
}

static rl_status measure_operator(rl_allocation *a, rl_allocate_operator *of, uint64_t plain) {
  rl_diags why;
  rl_diags_init(&why, a->arena);
  bool any = false;
  for (size_t f = 0; f < a->request->palette_count; f++) {
    rl_status status = try_format(a, of, f, &why);
    if (status != RL_OK) return status;
    any = any || of->cost[f] != RL_ALLOCATE_NEVER;
  }
  if (!any) {
    return RL_REPORT(a->diags, BITS_NONE, a->request->loc, of->name, why.list.items[0].message);
  }
  if (a->request->seconds > 0) take_least(a, of, plain);
  return RL_OK;
}

/* What is no operator's: tables, norms, routers, and the signs that operators share. The type of
 * activations may follow the default format, so the most of all formats is set aside. */
static rl_status measure_others(rl_allocation *a) {
  uint64_t signs = 0, other = 0, alone = 0;
  bool all = true;
  for (size_t f = 0; f < a->request->palette_count; f++) {
    const rl_program *program;
    rl_scenario *ignored;
    rl_diags quiet;
    weighing w;
    rl_diags_init(&quiet, a->arena);
    rl_status status = rl_allocate_vary(a, a->request->palette[f].text, &ignored, &program, &quiet);
    if (quiet.out_of_memory) return rl_diag_oom(a->diags);
    all = all && status == RL_OK;
    if (status != RL_OK) continue;
    status = weigh(a, program, NULL, &w);
    if (status != RL_OK) return status;
    other = rl_max_u64(other, w.other);
    signs = rl_max_u64(signs, w.signs);
  }
  for (size_t i = 0; i < a->count; i++) alone += a->operators[i].signs;
  a->taken = other + (all ? signs : alone);
  return RL_OK;
}

/* A name that no format has is an error, not a format that suits nothing. */
static rl_status check_palette(rl_allocation *a) {
  const rl_format *ignored;
  rl_status status = RL_OK;
  for (size_t f = 0; status == RL_OK && f < a->request->palette_count; f++) {
    const rl_text_at *text = &a->request->palette[f];
    status = rl_db_format(a->db, text->text, text->loc, &ignored, a->diags);
  }
  return status;
}

rl_status rl_allocate_measure(rl_allocation *a) {
  const bool timed = a->request->seconds > 0;
  const rl_program *ignored;
  rl_scenario *varied;
  double seconds = 0;
  bool fits;
  rl_status status = check_palette(a);
  if (status == RL_OK) status = find_operators(a);
  if (status == RL_OK && timed) status = rl_allocate_vary(a, PLAIN, &varied, &ignored, a->diags);
  if (status == RL_OK && timed) status = rl_allocate_time(a, varied, &seconds, &fits, a->diags);
  const uint64_t plain = (uint64_t)llround(seconds * PICOSECONDS);
  a->taken = plain;
  for (size_t i = 0; status == RL_OK && i < a->count; i++) {
    status = measure_operator(a, &a->operators[i], plain);
  }
  return status == RL_OK && !timed ? measure_others(a) : status;
}
