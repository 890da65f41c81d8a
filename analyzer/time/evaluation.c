/* Evaluation of many points at once, column by column: plain loops over points without branches,
 * allocation or division. Points whose moments are not proved safe are done again by rl_row_demand,
 * so the bits never depend on how points are batched. */
#include "base/checked.h"
#include "time/links.h"

/* One entry a row and point. False when memory ran out. */
static bool add_cells(rl_arena *arena, rl_evaluation *e, size_t cells) {
  bool complete = true;
  for (int k = 0; k < RL_COUNTS; k++) {
    e->counts[k] = RL_NEW_ARRAY(arena, uint64_t, cells);
    complete = complete && e->counts[k] != NULL;
  }
  e->seconds = RL_NEW_ARRAY(arena, double, cells);
  e->bound = RL_NEW_ARRAY(arena, uint8_t, cells);
  return complete && e->seconds != NULL && e->bound != NULL;
}

rl_status rl_evaluation_new(rl_arena *arena, const rl_plan *plan, size_t points,
                            rl_evaluation **out, rl_diags *diags) {
  size_t rows = plan->cost->row_count, cells;
  *out = NULL;
  rl_evaluation *e = RL_NEW(arena, rl_evaluation);
  if (e == NULL || __builtin_mul_overflow(rows, points, &cells)) return rl_diag_oom(diags);
  e->points = points;
  e->rows = rows;
  bool complete = add_cells(arena, e, cells);
  complete = rl_links_prepare(plan, arena, cells, &e->link_bytes) && complete;
  e->pass_seconds = RL_NEW_ARRAY(arena, double, points);
  e->resident = RL_NEW_ARRAY(arena, uint64_t, points);
  e->lanes = RL_NEW_ARRAY(arena, rl_lanes, points);
  e->moments = rl_alloc_array(arena, points, (plan->cost->moment_count + 1) * sizeof(uint64_t));
  if (!complete || e->pass_seconds == NULL || e->resident == NULL || e->moments == NULL ||
      e->lanes == NULL) {
    return rl_diag_oom(diags);
  }
  *out = e;
  return RL_OK;
}

/* column[p] = the form at point p, wrapping. */
static void fill_form(const rl_cost *cost, const rl_form *form, const rl_evaluation *e,
                      size_t count, uint64_t *restrict column) {
  const uint64_t *coefficients = &cost->coefficients[form->first];
  const uint32_t *moments = &cost->form_moments[form->first];
  for (size_t p = 0; form->terms == 0 && p < count; p++) column[p] = 0;
  for (uint32_t t = 0; t < form->terms; t++) {
    const uint64_t *restrict moment = &e->moments[moments[t] * e->points];
    uint64_t coefficient = coefficients[t];
    if (t == 0) {
      for (size_t p = 0; p < count; p++) column[p] = coefficient * moment[p];
    } else {
      for (size_t p = 0; p < count; p++) column[p] += coefficient * moment[p];
    }
  }
  for (size_t p = 0; form->divisor != 1 && p < count; p++) {
    column[p] = rl_ceil_div(column[p], form->divisor);
  }
}

static void fill_counts(const rl_cost *cost, size_t row, const rl_evaluation *e, size_t count) {
  for (int k = 0; k < RL_COUNTS; k++) {
    uint64_t *column = &e->counts[k][row * e->points];
    fill_form(cost, &cost->rows[row].counts[k], e, count, column);
  }
}

/* All bits set when a <= b; both below 2^63. */
static inline uint64_t mask_at_most(uint64_t a, uint64_t b) {
  return ((b - a) >> 63) - 1;
}

/* resident[p] from the bytes that the sequences of each point keep. */
static void fill_resident(const rl_plan *plan, const rl_evaluation *e, size_t count) {
  uint64_t weights = plan->cost->weight_bytes;
  uint64_t *restrict resident = e->resident;
  const uint64_t all = rl_plan_resident_room(plan);
  if (weights > all || plan->placement != NULL) {
    for (size_t p = 0; p < count; p++) resident[p] = 0;
    return;
  }
  uint64_t room = all - weights;
  fill_form(plan->cost, &plan->cost->kept_bytes, e, count, resident);
  for (size_t p = 0; p < count; p++) resident[p] = mask_at_most(resident[p], room);
}

static inline double as_double(uint64_t below_2_63) {
  return (double)(int64_t)below_2_63;
}

/* t = max(F/P, V/P_v, Q/beta, Q_c/beta_c) and which of them it is; the first of equal ones. */
static void fill_times(const rl_plan *plan, size_t row, const rl_evaluation *e, size_t count) {
  const size_t at = row * e->points;
  const uint64_t *restrict matrix = &e->counts[RL_C_MATRIX][at];
  const uint64_t *restrict vector = &e->counts[RL_C_VECTOR][at];
  const uint64_t *restrict weights = &e->counts[RL_C_WEIGHTS][at];
  const uint64_t *restrict kv_read = &e->counts[RL_C_KV_READ][at];
  const uint64_t *restrict kv_write = &e->counts[RL_C_KV_WRITE][at];
  const uint64_t *restrict act_read = &e->counts[RL_C_ACT_READ][at];
  const uint64_t *restrict act_write = &e->counts[RL_C_ACT_WRITE][at];
  const uint64_t *restrict resident = e->resident;
  double *restrict seconds = &e->seconds[at];
  uint8_t *restrict bound = &e->bound[at];
  const double per_matrix = plan->rows[row].per_matrix, per_vector = plan->rows[row].per_vector;
  const rl_row_time *time = &plan->rows[row];
  const double per_byte = time->per_byte, per_cache_byte = time->per_cache_byte;
  const uint64_t cache = time->on_host ? 0 : plan->cache_bytes;
  for (size_t p = 0; p < count; p++) {
    uint64_t activations = act_read[p] + act_write[p];
    uint64_t streamed = weights[p] + kv_read[p] + kv_write[p];
    uint64_t cached = (activations & mask_at_most(activations, cache)) + (streamed & resident[p]);
    double t = as_double(matrix[p]) * per_matrix;
    double by_vector = as_double(vector[p]) * per_vector;
    double by_memory = as_double(activations + streamed - cached) * per_byte;
    double by_cache = as_double(cached) * per_cache_byte;
    unsigned b = t > 0 ? RL_BOUND_COMPUTE : RL_BOUND_NONE;
    b = by_vector > t ? RL_BOUND_VECTOR : b;
    t = by_vector > t ? by_vector : t;
    b = by_memory > t ? RL_BOUND_MEMORY : b;
    t = by_memory > t ? by_memory : t;
    b = by_cache > t ? RL_BOUND_CACHE : b;
    t = by_cache > t ? by_cache : t;
    seconds[p] = t;
    bound[p] = (uint8_t)b;
  }
}

/* The lanes of a placed plan. */
static void add_lanes(const rl_plan *plan, const rl_evaluation *e, size_t count) {
  for (size_t p = 0; p < count; p++) e->lanes[p] = (rl_lanes){0};
  for (size_t row = 0; row < e->rows; row++) {
    const rl_row_time *time = &plan->rows[row];
    for (size_t p = 0; p < count; p++) {
      const size_t cell = row * e->points + p;
      rl_demand demand = {.bound = (rl_bound)e->bound[cell], .on_host = time->on_host};
      for (int k = 0; k < RL_COUNTS; k++) demand.counts[k] = e->counts[k][cell];
      demand.seconds[demand.bound] = e->seconds[cell];
      demand.transfer = rl_row_transfer(time, demand.counts);
      rl_lanes_add(&e->lanes[p], &demand, plan->cost->rows[row].repeat);
    }
  }
  for (size_t p = 0; p < count; p++) e->pass_seconds[p] = rl_lanes_seconds(plan, &e->lanes[p]);
}

static void add_pass(const rl_plan *plan, const rl_evaluation *e, size_t count) {
  const rl_cost *cost = plan->cost;
  double *restrict pass = e->pass_seconds;
  if (plan->placement != NULL) {
    add_lanes(plan, e, count);
    return;
  }
  for (size_t p = 0; p < count; p++) pass[p] = 0;
  for (size_t row = 0; row < e->rows; row++) {
    const double *restrict seconds = &e->seconds[row * e->points];
    const double repeat = cost->rows[row].repeat;
    for (size_t p = 0; p < count; p++) pass[p] += repeat * seconds[p];
  }
}

/* Everything of one point again, checked, in place of what the columns made of it. */
static bool evaluate_checked(const rl_plan *plan, const uint64_t *moments, const rl_evaluation *e,
                             size_t p) {
  uint64_t kept_bytes;
  if (!rl_form_value(plan->cost, &plan->cost->kept_bytes, moments, &kept_bytes)) return false;
  e->resident[p] = rl_plan_is_resident(plan, kept_bytes) ? UINT64_MAX : 0;
  for (size_t row = 0; row < e->rows; row++) {
    rl_demand demand;
    size_t cell = row * e->points + p;
    if (!rl_row_demand(plan, row, moments, &demand)) return false;
    for (int k = 0; k < RL_COUNTS; k++) e->counts[k][cell] = demand.counts[k];
    if (demand.way != NULL) e->link_bytes[cell] = demand.amount[RL_BOUND_PEERS];
    e->seconds[cell] = demand.seconds[demand.bound];
    e->bound[cell] = (uint8_t)demand.bound;
  }
  return true;
}

/* Moments of every point into their columns; *safe tells whether all points are safe. */
static bool fill_moments(const rl_plan *plan, const rl_point *points, size_t count,
                         const rl_evaluation *e, bool *safe) {
  const uint32_t moment_count = plan->cost->moment_count;
  *safe = true;
  for (size_t p = 0; p < count; p++) {
    uint64_t moments[RL_MOMENTS_MAX];
    if (!rl_cost_moments(plan->cost, &points[p], NULL, moments)) return false;
    for (uint32_t m = 0; m < moment_count; m++) {
      e->moments[m * e->points + p] = moments[m];
      *safe = *safe && moments[m] <= plan->cost->safe[m];
    }
  }
  return true;
}

/* Points beyond the proved bounds, one by one. */
static bool redo_unsafe(const rl_plan *plan, size_t count, const rl_evaluation *e) {
  for (size_t p = 0; p < count; p++) {
    uint64_t moments[RL_MOMENTS_MAX];
    for (uint32_t m = 0; m < plan->cost->moment_count; m++) {
      moments[m] = e->moments[m * e->points + p];
    }
    if (rl_cost_is_safe(plan->cost, moments)) continue;
    if (!evaluate_checked(plan, moments, e, p)) return false;
  }
  return true;
}

bool rl_plan_evaluate(const rl_plan *plan, const rl_point *points, size_t count,
                      rl_evaluation *evaluation) {
  bool safe;
  if (!fill_moments(plan, points, count, evaluation, &safe)) return false;
  fill_resident(plan, evaluation, count);
  for (size_t row = 0; row < evaluation->rows; row++) {
    fill_counts(plan->cost, row, evaluation, count);
    fill_times(plan, row, evaluation, count);
    if (!rl_links_evaluate(plan, row, evaluation, count)) return false;
  }
  if (!safe && !redo_unsafe(plan, count, evaluation)) return false;
  add_pass(plan, evaluation, count);
  return true;
}
