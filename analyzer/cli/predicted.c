/* Counts and times of one point, summed by operator. */
#include "cli/predicted.h"

/* Pages of a cache are rows: it is contiguous. */
/* Of times: memory is what the engine takes. */
enum { PAGE_ROWS = 1 };

const rl_hardware *rl_hardware_beside(rl_arena *arena, const rl_hardware *hardware, double rate,
                                      uint32_t threads) {
  rl_hardware *copy = RL_NEW(arena, rl_hardware);
  rl_peak *peaks = RL_NEW_ARRAY(arena, rl_peak, hardware->peak_count);
  rl_memory_level *levels = RL_NEW_ARRAY(arena, rl_memory_level, hardware->level_count);
  if (copy == NULL || peaks == NULL || levels == NULL) return NULL;
  const double cores = hardware->cores.value;
  const double share = cores > threads ? threads / cores : 1;
  *copy = *hardware;
  for (size_t i = 0; i < hardware->peak_count; i++) {
    peaks[i] = hardware->peaks[i];
    peaks[i].rate.value *= share;
  }
  for (size_t i = 0; i < hardware->level_count; i++) {
    levels[i] = hardware->levels[i];
    levels[i].bandwidth.value *= share;
  }
  levels[hardware->level_count - 1].bandwidth.value = rate;
  copy->peaks = peaks;
  copy->levels = levels;
  return copy;
}

rl_status rl_predict(rl_session *session, const rl_program *program, const rl_hardware *hardware,
                     const rl_group *group, rl_predicted *out) {
  rl_arena *arena = &session->arena;
  rl_cost *cost;
  rl_plan *plan;
  out->whole = 0;
  out->operators = RL_NEW_ARRAY(arena, double, program->op_count);
  if (out->operators == NULL) return rl_diag_oom(&session->diags);
  rl_status status = rl_cost_compile(arena, program, PAGE_ROWS, &cost, &session->diags);
  if (status == RL_OK) status = rl_plan_compile(arena, cost, hardware, &plan, &session->diags);
  if (status != RL_OK) return status;
  uint64_t moments[RL_MOMENTS_MAX];
  const rl_point point = {.groups = group, .count = 1};
  bool known = rl_cost_moments(cost, &point, NULL, moments);
  for (uint32_t row = 0; known && row < cost->row_count; row++) {
    rl_demand demand;
    known = rl_row_demand(plan, row, moments, &demand);
    if (!known || demand.bound == RL_BOUND_NONE) continue;
    const double seconds = rl_demand_seconds(plan, &demand) * cost->rows[row].repeat;
    out->operators[cost->rows[row].op] += seconds;
    out->whole += seconds;
  }
  return known ? RL_OK : RL_REPORT(&session->diags, POINT_TOO_LARGE, (rl_loc){0}, "");
}
