/* Binds rows of counts to a machine: which engine multiplies each row, and reciprocals of all
 * rates. */
#include "time/plan.h"

/* An absent rate bounds nothing. */
static double reciprocal(rl_figure rate) {
  return rate.value > 0 ? 1 / rate.value : 0;
}

static rl_status bind_matrix(rl_plan *plan, const rl_cost_row *row, rl_row_time *time,
                             rl_diags *diags) {
  const rl_op *op = &plan->cost->program->ops[row->op];
  if (row->counts[RL_C_MATRIX].terms == 0) return RL_OK;
  time->peak = rl_hardware_matrix_peak(plan->hardware, op->compute);
  if (time->peak == NULL) {
    return RL_REPORT(diags, PLAN_NO_ENGINE, op->loc, op->name, RL_TYPES[op->compute].name,
                     plan->hardware->name);
  }
  time->per_matrix = reciprocal(time->peak->rate);
  plan->wider = plan->wider || time->peak->type != op->compute;
  return RL_OK;
}

static rl_status bind_vector(const rl_plan *plan, const rl_cost_row *row, rl_row_time *time,
                             rl_diags *diags) {
  const rl_op *op = &plan->cost->program->ops[row->op];
  if (row->counts[RL_C_VECTOR].terms == 0) return RL_OK;
  const rl_peak *peak = rl_hardware_vector_peak(plan->hardware);
  if (peak == NULL) {
    return RL_REPORT(diags, PLAN_NO_VECTOR, op->loc, plan->hardware->name, op->name);
  }
  time->per_vector = reciprocal(peak->rate);
  return RL_OK;
}

static void bind_memory(rl_plan *plan) {
  const rl_memory_level *cache = rl_hardware_cache(plan->hardware);
  plan->per_byte = reciprocal(rl_hardware_main(plan->hardware)->bandwidth);
  if (cache == NULL) return;
  plan->per_cache_byte = reciprocal(cache->bandwidth);
  plan->cache_bytes = cache->capacity < INT64_MAX ? cache->capacity : INT64_MAX;
}

rl_status rl_plan_compile(rl_arena *arena, const rl_cost *cost, const rl_hardware *hardware,
                          rl_plan **out, rl_diags *diags) {
  *out = NULL;
  rl_plan *plan = RL_NEW(arena, rl_plan);
  rl_row_time *rows = RL_NEW_ARRAY(arena, rl_row_time, (size_t)cost->row_count + 1);
  if (plan == NULL || rows == NULL) return rl_diag_oom(diags);
  plan->cost = cost;
  plan->hardware = hardware;
  plan->rows = rows;
  bind_memory(plan);
  for (uint32_t r = 0; r < cost->row_count; r++) {
    rl_status status = bind_matrix(plan, &cost->rows[r], &rows[r], diags);
    if (status == RL_OK) status = bind_vector(plan, &cost->rows[r], &rows[r], diags);
    if (status != RL_OK) return status;
  }
  *out = plan;
  return RL_OK;
}
